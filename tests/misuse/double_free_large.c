// expects: double free|invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(200000);

    free(block);
    crime_commit(block);
    free(block);
    return 0;
}
