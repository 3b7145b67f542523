// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

/* The second free of the block that was freed last is seen at once, magazines or not. */
int main(void)
{
    void *block = crime_block(64);

    crime_commit(block);
    free(block);
    free(block);
    return 0;
}
