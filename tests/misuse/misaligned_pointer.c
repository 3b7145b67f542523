// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(100);

    crime_commit(block + 1);
    free(block + 1);
    crime_settle(100);
    return 0;
}
