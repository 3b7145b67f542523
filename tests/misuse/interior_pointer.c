// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(64);

    crime_commit(block + 16);
    free(block + 16);
    crime_settle(64);
    return 0;
}
