// expects: double free|invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(1200);

    free(block);
    crime_commit(block);
    free(block);
    crime_settle(1200);
    return 0;
}
