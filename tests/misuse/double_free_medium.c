// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    /* A living neighbour keeps the slab from going back as a whole. */
    void *neighbour = crime_block(5000);
    void *block = crime_block(5000);

    free(block);
    crime_commit(block);
    free(block);
    crime_settle(5000);
    free(neighbour);
    return 0;
}
