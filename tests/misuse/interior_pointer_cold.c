// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *commit(void *neighbour)
{
    char *block = crime_block(64);

    crime_commit(block + 16);
    free(crime_hide(block + 16));
    return neighbour;
}

int main(void)
{
    return crime_of_a_cold_thread(commit);
}
