// expects: invalid pointer
// in: realloc
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char *block = crime_block(400);

    crime_commit(block + 32);
    block = realloc(block + 32, 5000);
    crime_settle(400);
    return 0;
}
