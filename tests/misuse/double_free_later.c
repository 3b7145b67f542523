// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *blocks[100];

    for (size_t i = 0; i < 100; i++)
        blocks[i] = crime_block(96);
    for (size_t i = 0; i < 100; i += 2)
        free(blocks[i]);
    crime_commit(blocks[50]);
    free(blocks[50]);
    crime_settle(96);
    return 0;
}
