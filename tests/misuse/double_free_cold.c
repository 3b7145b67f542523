// expects: double free
// SPDX-License-Identifier: MIT
#include "crime.h"

static void *commit(void *neighbour)
{
    void *other = crime_block(640);
    void *block = crime_block(640);

    crime_commit(block);
    free(block);
    free(crime_hide(block));
    free(other);
    return neighbour;
}

int main(void)
{
    return crime_of_a_cold_thread(commit);
}
