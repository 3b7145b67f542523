// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(300000);

    crime_commit(block + 8);
    free(block + 8);
    return 0;
}
