// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

#include <stdint.h>

/* Where a slot would begin if the slab went on, among blocks that are freed in no order. */
int main(void)
{
    enum { UNIT = 16384, SIZE = 48, SLOTS = UNIT / SIZE };
    char *blocks[100];
    char *tail;

    for (size_t i = 0; i < 100; i++)
        blocks[i] = crime_block(SIZE);
    tail = blocks[0] - (uintptr_t)blocks[0] % UNIT + SLOTS * SIZE;
    for (size_t i = 0; i < 40; i += 2)
        free(blocks[i]);
    crime_commit(tail);
    free(crime_hide(tail));
    for (size_t i = 60; i < 100; i += 2)
        free(blocks[i]);
    crime_settle(SIZE);
    return 0;
}
