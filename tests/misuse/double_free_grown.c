// expects: double free|invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(100);

    for (size_t size = 200; size < 50000000; size *= 2)
        block = crime_hide(realloc(block, size));
    free(block);
    crime_commit(block);
    free(block);
    return 0;
}
