// expects: double free|invalid pointer
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    void *block = crime_hide(memalign(8192, 100));

    free(block);
    crime_commit(block);
    free(block);
    crime_settle(8192);
    return 0;
}
