// expects: size mismatch
// in: free_sized
// modes: magazines:false
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(64);

    crime_commit(block);
    free_sized(block, 500);
    crime_settle(64);
    return 0;
}
