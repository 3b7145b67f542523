// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *give(void *block)
{
    free(block);
    return NULL;
}

int main(void)
{
    char *block = crime_block(64);

    crime_commit(block + 16);
    crime_thread(give, block + 16);
    crime_settle(64);
    return 0;
}
