// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *give(void *block)
{
    free(block);
    crime_settle(64);
    return NULL;
}

int main(void)
{
    void *neighbour = crime_block(64);
    void *block = crime_block(64);
    /* Between two others, the freed block is no room for what starting a thread takes. */
    void *other = crime_block(64);

    free(block);
    crime_commit(block);
    crime_thread(give, block);
    crime_settle(64);
    free(neighbour);
    free(other);
    return 0;
}
