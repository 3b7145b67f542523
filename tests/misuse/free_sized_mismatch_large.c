// expects: size mismatch
// in: free_sized
// modes: magazines:false
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_block(300000);

    crime_commit(block);
    free_sized(block, 900000);
    return 0;
}
