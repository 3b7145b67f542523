// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    /* Within the address space that the allocator set aside, but never in use. */
    char *block = crime_block(64);

    crime_commit(block + (1 << 30));
    free(block + (1 << 30));
    return 0;
}
