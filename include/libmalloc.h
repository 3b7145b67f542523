/* SPDX-License-Identifier: MIT
 *
 * libmalloc.h - what libmalloc offers beyond the standard doors.
 *
 * malloc, free and their kin are declared where they always were (<stdlib.h>, <malloc.h>); linking
 * with -lmalloc or preloading libmalloc.so is enough to use them. This header is for programs that
 * want to ask the allocator about itself. All functions are thread-safe and none allocates.
 */
#ifndef LIBMALLOC_H
#define LIBMALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version, "MAJOR.MINOR.PATCH", e.g. "0.1.0". Static storage. */
const char *lm_version(void);

/* True if `pointer` is the start of a live block of this allocator, or lies in memory that this
 * allocator manages; false for the stack, static objects, other allocators' blocks and NULL. */
bool lm_owns(const void *pointer);

/* Totals in bytes, taken at one moment; other threads may run on meanwhile. */
struct lm_stats {
    size_t live;      /* blocks in the program's hands, rounded up to their size class */
    size_t cached;    /* free blocks that wait in threads' magazines */
    size_t slabs;     /* memory cut into size classes, live or not */
    size_t large;     /* blocks above the largest size class */
    size_t huge;      /* blocks in the huge zone */
    size_t dirty;     /* free memory that is still backed by pages and will be purged */
    size_t committed; /* address space that may be touched, blocks and metadata */
    size_t reserved;  /* address space set aside; costs nothing */
    size_t metadata;  /* the allocator's own bookkeeping */
    size_t heaps;     /* heaps that exist; one per thread at the peak */
};

/* Fills *stats. Cost: one walk over all slabs. */
void lm_stats_get(struct lm_stats *stats);

/* Returns to the kernel all memory that can be returned now, as malloc_trim(0) does.
 * Result: bytes returned. */
size_t lm_purge(void);

#ifdef __cplusplus
}
#endif

#endif
