// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    /* A living neighbour keeps the slab from going back as a whole. */
    void *neighbour = crime_block(1);
    void *block = crime_block(1);

    free(block);
    crime_commit(block);
    free(block);
    crime_settle(1);
    free(neighbour);
    return 0;
}
