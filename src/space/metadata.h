/* SPDX-License-Identifier: MIT
 *
 * space/metadata.h - memory for the allocator's own structures: never returned to the kernel as
 * address space, handed out in multiples of a cache line, addressed by a 32-bit index.
 */
#ifndef LM_SPACE_METADATA_H
#define LM_SPACE_METADATA_H

#include "space/area.h"

/* log2 of bytes: what an index counts in. */
#define LM_METADATA_LOG2 6
/* Largest block. */
#define LM_METADATA_MOST ((size_t)1 << 30)

struct lm_metadata {
    /* [c] address of index 0 */
    char *base;
};

extern struct lm_metadata lm_metadata;

/* The area has a base and a reservation. */
bool lm_metadata_init(const struct lm_area *area);

/* Zeroed memory, aligned to a cache line (to a page from a page on); NULL if memory is out. The
 * index of a block is never 0. Thread-safe, below every other lock. */
void *lm_metadata_take(size_t size);
/* `size` as it was taken. */
void lm_metadata_give(void *block, size_t size);

/* Bytes committed. */
size_t lm_metadata_size(void);
/* In a fork's child: clears the lock. */
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
