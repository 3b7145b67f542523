/* SPDX-License-Identifier: MIT
 *
 * space/metadata.h - memory for the allocator's own structures, handed out in multiples of a cache
 * line and addressed by a 32-bit index. Its address space is never given up; its pages are, when a
 * whole chunk falls free.
 *
 *   chunk        16 KiB, or a page where that is more
 *   chunk 0      zeroes; index 0 means "none"
 *   small chunk  | header | slot | slot | ...     one size of slot, 64 bytes to 2 KiB
 *   mixed chunk  | header | slot | slot ...       one, the first: slots of up to 512 bytes, any size
 *   big block    | one chunk or several |
 *
 *   D1  a chunk is in `free`, is part of a big block, is a small chunk, or the mixed one
 *   D2  a small chunk is on its size's list exactly while it has a free slot and its epoch is the
 *       present one; a fork that tears the lists begins a new epoch
 */
#ifndef LM_SPACE_METADATA_H
#define LM_SPACE_METADATA_H

#include "space/area.h"

/* log2 of bytes: what an index counts in. */
#define LM_METADATA_LOG2 6

struct lm_metadata {
    /* [c] address of index 0 */
    char *base;
};

extern LM_HIDDEN struct lm_metadata lm_metadata;

/* Bytes of address space that the index of a metadata area of this size needs. */
size_t lm_metadata_index_footprint(size_t size);
/* Both areas have a base and a reservation. */
bool lm_metadata_init(const struct lm_area *area, const struct lm_area *index);

/* Zeroed memory, aligned to a cache line (to a page above 2 KiB); NULL if memory is out. The index
 * of a block is never 0. Thread-safe, below every other lock. */
void *lm_metadata_take(size_t size);
/* The same, but it may hold anything. */
void *lm_metadata_take_unset(size_t size);
/* `size` as it was taken. */
void lm_metadata_give(void *block, size_t size);

/* Returns to the kernel what is free. */
void lm_metadata_trim(void);

/* Bytes in use, rounded up to chunks. */
size_t lm_metadata_size(void);
void lm_metadata_after_fork(void);

LM_INLINE uint32_t lm_metadata_index(const void *block)
{
    return (uint32_t)((size_t)((const char *)block - lm_metadata.base) >> LM_METADATA_LOG2);
}

LM_INLINE void *lm_metadata_at(uint32_t index)
{
    return lm_metadata.base + ((size_t)index << LM_METADATA_LOG2);
}

#endif
