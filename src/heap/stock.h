/* SPDX-License-Identifier: MIT
 *
 * heap/stock.h - short runs of units that a heap keeps for its next slab or large block, so that
 * the shared pool and its lock are left alone.
 *
 *   K1  every run of runs[n] is n + 1 units long, in nobody else's hands, tagged LM_TAG_KEPT
 *   K2  units = the sum of all runs; idle[n] <= counts[n]
 *
 * The heap's lock is held throughout, but for the last two functions, which take it.
 */
#ifndef LM_HEAP_STOCK_H
#define LM_HEAP_STOCK_H

#include "heap/heap.h"

/* A run of exactly `count` units, whatever it holds; LM_NO_UNIT if there is none. */
size_t lm_stock_take(struct lm_stock *stock, size_t count);
/* False: the stock is full, or keeps no runs of that length. */
bool lm_stock_put(struct lm_heap *heap, size_t first, size_t count);
/* Gives everything back to the pool. */
void lm_stock_empty(struct lm_stock *stock);
/* The end of an epoch: gives back what was not wanted in it. */
void lm_stock_age(struct lm_stock *stock);

/* The same for large blocks. `heap` is the caller's own, or nobody's. The run that was put last waits apart from the
 * others, without a lock; its first unit is tagged LM_TAG_KEPT. */
size_t lm_heap_take_run(struct lm_heap *heap, size_t count);
/* False: the caller gives [*first, *first + *count) to the pool, which may be the run that was last before. */
bool lm_heap_put_run(struct lm_heap *heap, size_t *first, size_t *count);
/* Gives that one back to the pool. The owner's call, or of a heap that has no thread. */
void lm_heap_give_last_run(struct lm_heap *heap);
/* Its length in units, 0 if there is none. */
LM_INLINE size_t lm_heap_last_run(const struct lm_heap *heap)
{
    return load_relaxed(&heap->last_run) & UINT8_MAX;
}

#endif
