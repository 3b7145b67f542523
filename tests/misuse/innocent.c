// expects: nothing
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(64);

    free(crime_hide(realloc(block, 500)));
    free(crime_block(64 << 20));
    free(NULL);
    crime_settle(64);
    crime_settle(5000);
    return 0;
}
