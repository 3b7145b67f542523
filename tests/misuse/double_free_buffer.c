// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

/* A thread that has a heap keeps such a run for its next block of that length. */
int main(void)
{
    void *small = crime_block(100);
    void *block = crime_block(60000);

    free(small);
    free(block);
    crime_commit(block);
    free(block);
    return 0;
}
