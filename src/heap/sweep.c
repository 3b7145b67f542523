/* SPDX-License-Identifier: MIT
 *
 * heap/sweep.c - the pages of partly used slabs that hold no used slot go back to the kernel.
 *
 * A hand goes round the heap's partly used slabs, a few at a time on slow paths. A slab that has
 * given no slot away between two visits is swept: allocations crowd in the lowest slabs of a class,
 * so what is cold once tends to stay so. Rounds begin some milliseconds apart. The heap's lock is held throughout.
 */
#include "heap/owner.h"

#include "heap/bin.h"

LM_COLD static size_t sweep_slab(struct lm_heap *heap, struct lm_slab *slab)
{
    size_t spent = lm_slab_spent_size(slab);
    size_t purged = lm_slab_sweep(slab);
    heap->sweep.spent_size += lm_slab_spent_size(slab) - spent;
    if (!lm_slab_has_resident(slab))
        lm_bin_mark_last(&heap->bins[slab->class], slab);
    return purged;
}

LM_COLD size_t lm_heap_sweep_all(struct lm_heap *heap)
{
    size_t purged = 0;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        uint32_t place = 0;
        struct lm_slab *slab;
        for (; (slab = lm_bin_next_partial(&heap->bins[class], &place)) != NULL; place++)
            purged += sweep_slab(heap, slab);
    }
    return purged;
}

LM_COLD size_t lm_heap_sweep_part(struct lm_heap *heap, unsigned class, uint32_t *place)
{
    size_t purged = 0;
    for (int steps = 0; steps < LM_SWEEP_STEPS; steps++) {
        struct lm_slab *slab = lm_bin_next_partial(&heap->bins[class], place);
        if (slab == NULL) {
            *place = LM_NO_PLACE;
            break;
        }
        purged += sweep_slab(heap, slab);
        (*place)++;
    }
    return purged;
}

/* The next partly used slab, round and round; NULL if the hand came to the end of a class. */
static struct lm_slab *advance_hand(struct lm_heap *heap)
{
    struct lm_sweep *sweep = &heap->sweep;
    struct lm_slab *slab = lm_bin_next_partial(&heap->bins[sweep->class], &sweep->place);
    if (slab != NULL) {
        sweep->place++;
        return slab;
    }
    sweep->place = 0;
    sweep->class = (sweep->class + 1) % LM_CLASSES;
    return NULL;
}

/* How many slabs to look at now: more, the more there is to gain. */
static size_t count_steps(const struct lm_sweep *sweep)
{
    size_t kept = sweep->used_size + sweep->spent_size;
    size_t waste = sweep->slab_size - lm_min(kept, sweep->slab_size);
    if (lm_unlikely(load_relaxed(&lm_memory_is_tight)))
        return waste > LM_SWEEP_LEAST ? LM_SWEEP_HASTE * LM_SWEEP_STEPS : 0;
    if (lm_unlikely(sweep->debt > LM_SWEEP_DEBT))
        return 0;
    size_t bound = lm_min(sweep->bound, lm_max(sweep->used_size, LM_SWEEP_SMALL));
    size_t allowed = bound + sweep->used_size / LM_SWEEP_SHARE;
    return lm_likely(waste <= allowed) ? 0
                                       : lm_min(waste / allowed, LM_SWEEP_HASTE) * LM_SWEEP_STEPS;
}

void lm_heap_regret_sweep(struct lm_heap *heap, size_t size)
{
    struct lm_sweep *sweep = &heap->sweep;
    sweep->debt += size;
    sweep->regretted += size;
    if (lm_unlikely(sweep->regretted > LM_SWEEP_REGRET)) {
        sweep->regretted -= LM_SWEEP_REGRET_STEP;
        sweep->bound = lm_min(2 * sweep->bound, LM_SWEEP_MOST);
    }
}

LM_COLD void lm_heap_judge_sweep(struct lm_heap *heap, uint64_t now_ms)
{
    struct lm_sweep *sweep = &heap->sweep;
    size_t paid = lm_min(now_ms - sweep->paid_ms, LM_SWEEP_DEBT / LM_SWEEP_PAY) * LM_SWEEP_PAY;
    sweep->debt -= lm_min(paid, sweep->debt);
    sweep->paid_ms = now_ms;
    if (now_ms - sweep->judged_ms < LM_DEMAND_WINDOW_MS)
        return;
    sweep->judged_ms = now_ms;
    sweep->regretted = 0;
    sweep->bound = lm_max(sweep->bound - sweep->bound / 8, LM_SWEEP_LEAST);
}

/* False if the hand is at the beginning and was there a moment ago; by the exact clock: the coarse one would make between
 * nothing and a tick of it. From the beginning on: a round may take its time, and what comes last in it would wait twice. */
static bool may_go_on(struct lm_sweep *sweep)
{
    if (sweep->class != 0 || sweep->place != 0)
        return true;
    uint64_t now_us = lm_os_clock_us();
    if (now_us < sweep->began_us + LM_SWEEP_PACE_US && !load_relaxed(&lm_memory_is_tight))
        return false;
    sweep->began_us = now_us;
    return true;
}

void lm_heap_sweep_some(struct lm_heap *heap)
{
    struct lm_sweep *sweep = &heap->sweep;
    for (size_t steps = count_steps(sweep); steps > 0 && may_go_on(sweep); steps--) {
        struct lm_slab *slab = advance_hand(heap);
        if (slab == NULL || slab->heat == LM_SLAB_SWEPT)
            continue;
        if (slab->heat == LM_SLAB_HOT) {
            slab->heat = LM_SLAB_COLD;
            continue;
        }
        sweep_slab(heap, slab);
    }
}
