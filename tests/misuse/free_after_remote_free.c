// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *give(void *block)
{
    free(block);
    return NULL;
}

int main(void)
{
    void *neighbour = crime_block(64);
    void *block = crime_block(64);

    crime_thread(give, block);
    crime_commit(block);
    free(block);
    crime_settle(64);
    free(neighbour);
    return 0;
}
