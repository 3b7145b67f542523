// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *give_twice(void *block)
{
    free(block);
    free(crime_hide(block));
    return NULL;
}

int main(void)
{
    void *neighbour = crime_block(64);
    void *block = crime_block(64);

    crime_commit(block);
    crime_thread(give_twice, block);
    crime_settle(64);
    free(neighbour);
    return 0;
}
