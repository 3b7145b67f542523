// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

/* Among blocks that are freed in no order. */
int main(void)
{
    char *blocks[100];

    for (size_t i = 0; i < 100; i++)
        blocks[i] = crime_block(96);
    for (size_t i = 0; i < 40; i += 2)
        free(blocks[i]);
    crime_commit(blocks[51] + 16);
    free(blocks[51] + 16);
    for (size_t i = 60; i < 100; i += 2)
        free(blocks[i]);
    crime_settle(96);
    return 0;
}
