/* SPDX-License-Identifier: MIT
 *
 * api/glibc.h - what <malloc.h> declares in glibc from 2.33 on, where this libc's does not: an older glibc, musl. The
 * library exports the same symbols everywhere.
 */
#ifndef LM_API_GLIBC_H
#define LM_API_GLIBC_H

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GLIBC__
#define LM_LIBC_HAS_MALLINFO2 __GLIBC_PREREQ(2, 33)
#else
#define LM_LIBC_HAS_MALLINFO2 0

struct mallinfo {
    int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

enum {
    M_MXFAST = 1,
    M_TRIM_THRESHOLD = -1,
    M_TOP_PAD = -2,
    M_MMAP_THRESHOLD = -3,
    M_MMAP_MAX = -4,
    M_CHECK_ACTION = -5,
    M_PERTURB = -6,
    M_ARENA_TEST = -7,
    M_ARENA_MAX = -8,
};

void *pvalloc(size_t size);
int malloc_trim(size_t pad);
void malloc_stats(void);
int malloc_info(int options, FILE *stream);
struct mallinfo mallinfo(void);
int mallopt(int parameter, int value);

#endif

#if !LM_LIBC_HAS_MALLINFO2

struct mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

struct mallinfo2 mallinfo2(void);

#endif

#ifdef __cplusplus
}
#endif

#endif
