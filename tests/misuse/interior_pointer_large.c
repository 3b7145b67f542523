// expects: invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(500000);

    crime_commit(block + 131072);
    free(block + 131072);
    return 0;
}
