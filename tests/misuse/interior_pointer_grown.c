// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(100);

    for (size_t size = 200; size < 50000000; size *= 2)
        block = crime_hide(realloc(block, size));
    crime_commit(block + (2 << 20));
    free(block + (2 << 20));
    return 0;
}
