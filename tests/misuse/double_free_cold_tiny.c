// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

/* A thread that has taken little: its blocks lie in slabs that it shares. */
static void *commit(void *neighbour)
{
    void *block = crime_block(64);

    crime_commit(block);
    free(block);
    free(crime_hide(block));
    return neighbour;
}

int main(void)
{
    void *neighbour = crime_block(64);

    crime_thread(commit, neighbour);
    free(neighbour);
    return 0;
}
