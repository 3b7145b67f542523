// expects: double free|invalid pointer
// in: realloc
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(300000);

    free(block);
    crime_commit(block);
    block = realloc(block, 900000);
    return 0;
}
