// expects: invalid pointer
// by: libc
// SPDX-License-Identifier: MIT
#include "crime.h"

int main(void)
{
    char block[64];

    crime_commit(block + 16);
    free(crime_hide(block + 16));
    return 0;
}
