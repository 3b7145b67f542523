/* SPDX-License-Identifier: MIT
 *
 * heap/ebb.c - a thread that goes on freeing keeps less and less.
 *
 * Nobody can take from an idle thread what its magazines hold, so it has to give it back while it is
 * still freeing. Several flushes of a magazine in a row say that the thread will not soon want back
 * what it frees. If it does after all, that is remembered for a while: threads that fill and empty
 * their heap again and again keep what makes that fast. The first thread is exempt; there is one of
 * it. The heap's lock is held throughout.
 */
#include "heap/commons.h"
#include "heap/owner.h"
#include "heap/stock.h"

static bool is_ebbing(const struct lm_heap *heap, unsigned class)
{
    return heap->magazines[class].flushes >= LM_EBB_FLUSHES && !lm_heap_is_first(heap);
}

bool lm_heap_keeps_too_much(struct lm_heap *heap, unsigned class)
{
    if (lm_likely(!is_ebbing(heap, class)))
        return false;
    size_t kept = (size_t)heap->magazines[class].capacity * lm_class_table[class].size;
    if (kept <= heap->ebb_bound || kept <= heap->sweep.used_size / LM_EBB_SHARE)
        return false;
    heap->has_ebbed = true;
    return true;
}

void lm_heap_ebb(struct lm_heap *heap, unsigned class)
{
    const struct lm_sweep *sweep = &heap->sweep;
    if (lm_likely(!is_ebbing(heap, class)) || heap->ebb_bound > LM_EBB_LEAST ||
        heap->control->slab_count > LM_EBB_SLABS)
        return;
    heap->has_ebbed = true;
    lm_heap_give_near(heap);
    lm_stock_empty(heap);
    if (sweep->slab_size > 2 * sweep->used_size + sweep->spent_size + LM_EBB_LEAST)
        lm_heap_sweep_all(heap);
}

void lm_heap_regret_ebb(struct lm_heap *heap)
{
    if (lm_likely(!heap->has_ebbed))
        return;
    heap->has_ebbed = false;
    heap->ebb_bound = (uint32_t)lm_min(2 * heap->ebb_bound, LM_MAGAZINE_BUDGET);
}

void lm_heap_judge_ebb(struct lm_heap *heap)
{
    heap->ebb_bound = (uint32_t)lm_max(heap->ebb_bound / 2, LM_EBB_LEAST);
}
