// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *take(void *blocks)
{
    ((void **)blocks)[0] = crime_block(64);
    ((void **)blocks)[1] = crime_block(64);
    return NULL;
}

int main(void)
{
    void *blocks[2];

    crime_thread(take, blocks);
    free(blocks[0]);
    crime_commit(blocks[0]);
    free(blocks[0]);
    crime_settle(64);
    free(blocks[1]);
    return 0;
}
