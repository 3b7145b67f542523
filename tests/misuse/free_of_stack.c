// expects: invalid pointer|invalid size
// by: libc
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    /* In front of a block libc keeps its size. */
    _Alignas(16) char block[64] = {0};

    crime_commit(block + 16);
    free(crime_hide(block + 16));
    return 0;
}
