// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(10000);

    crime_commit(block + 4096);
    free(block + 4096);
    crime_settle(10000);
    return 0;
}
