/* SPDX-License-Identifier: MIT
 *
 * heap/commons.h - slabs that no thread owns, for threads that need little.
 *
 * A thread's magazine is cold until it has taken a few blocks: they come from a commons, a heap
 * without a thread whose slabs serve all cold magazines. So a thread that holds a few blocks in
 * each of twenty classes holds those and not twenty slabs. A magazine that goes on asking is
 * promoted: from then on its blocks come from slabs of its own heap.
 *
 * There are a few commons, the heaps with ids 1 to LM_COMMONS. Each is born when those before it
 * were busy. Their blocks may lie in the magazines of any heap, besides its own.
 */
#ifndef LM_HEAP_COMMONS_H
#define LM_HEAP_COMMONS_H

#include "heap/heap.h"

/* The heap of the process's first thread shares nothing: a program of one thread has nobody to share
 * with. */
LM_INLINE bool lm_heap_is_first(const struct lm_heap *heap)
{
    return heap->control->id == LM_COMMONS + 1;
}

/* tag: that of a slab's unit. */
LM_INLINE bool lm_is_common(uint32_t tag)
{
    return lm_tag_owner(tag) <= LM_COMMONS;
}

/* Blocks that a magazine of this class takes and gives before it is promoted. */
uint8_t lm_commons_share(const struct lm_heap *heap, unsigned class);

/* How many blocks the cold magazine should ask for. */
size_t lm_commons_batch(struct lm_heap *heap, unsigned class);

/* So many blocks at out[0], out[-1], ...; the heap's lock is held. Result: how many, 0 if memory is
 * out or all commons are busy. */
size_t lm_commons_supply(struct lm_heap *heap, unsigned class, void **out, size_t count);

/* Frees a commons' block; heap may be nobody's. */
void lm_commons_free(struct lm_heap *heap, void *p, size_t unit);

/* Frees blocks of one commons and class, past the magazine. */
void lm_commons_give(void **blocks, size_t count);

#endif
