/* SPDX-License-Identifier: MIT
 *
 * heap/stock.h - short runs of units that a heap keeps for its next slab or large block, so that
 * the shared pool and its lock are left alone.
 *
 *   K1  every run of runs[n] is n + 1 units long, in nobody else's hands, tagged LM_TAG_KEPT
 *   K2  stock_units = the sum of all runs; idle[n] <= counts[n]
 *
 * The heap's lock is held throughout, but for the last two functions, which take it.
 */
#ifndef LM_HEAP_STOCK_H
#define LM_HEAP_STOCK_H

#include "heap/heap.h"

/* A run of exactly `count` units, whatever it holds; LM_NO_UNIT if there is none. */
size_t lm_stock_take(struct lm_heap *heap, size_t count);
/* False: the stock is full, or keeps no runs of that length. */
bool lm_stock_put(struct lm_heap *heap, size_t first, size_t count);
/* Gives everything back to the pool. */
void lm_stock_empty(struct lm_heap *heap);
/* The end of an epoch: gives back what was not wanted in it. */
void lm_stock_age(struct lm_heap *heap);

/* The same for large blocks. `heap` is the caller's own, or nobody's. Those that were put last wait apart from the
 * others, without a lock; their first units are tagged LM_TAG_KEPT. */
size_t lm_heap_take_run(struct lm_heap *heap, size_t count);
/* False: the caller gives it to the pool. */
bool lm_heap_put_run(struct lm_heap *heap, size_t first, size_t count);
/* Gives those back to the pool. The owner's call, or of a heap that has no thread. */
void lm_heap_give_near(struct lm_heap *heap);
/* Their length in units. */
LM_INLINE size_t lm_heap_near_units(const struct lm_heap *heap)
{
    size_t units = 0;
    for (size_t at = 0; at < LM_NEAR_RUNS; at++)
        units += load_relaxed(&heap->near[at]) & UINT8_MAX;
    return units;
}

#endif
