// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(64 << 20);

    crime_commit(block + (32 << 20));
    free(block + (32 << 20));
    return 0;
}
