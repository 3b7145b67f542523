// expects: size mismatch
// in: free_aligned_sized
// modes: magazines:false
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_hide(memalign(64, 64));

    crime_commit(block);
    free_aligned_sized(block, 64, 2048);
    crime_settle(64);
    return 0;
}
