/* SPDX-License-Identifier: MIT
 *
 * heap/idle.c - see heap/idle.h.
 *
 * A heap is at rest if it is parked, or if its thread took no slow path for a demand window. What a
 * resting thread has in its magazines is out of reach (H5); its slabs are not. Locks are only tried
 * and held for a few slabs: the thread may come back at any time.
 */
#include "heap/idle.h"

#include "heap/owner.h"
#include "heap/registry.h"
#include "heap/stock.h"

/* True if the heap's thread took no slow path since the last visit, or is gone. */
static bool is_unmoved(const struct lm_heap *heap)
{
    return heap->idle.last_epoch == heap->last_epoch && heap->idle.slow_paths == heap->slow_paths;
}

static bool is_at_rest_locked(const struct lm_heap_control *control, uint64_t now_ms)
{
    struct lm_heap *heap = control->body;
    if (!is_unmoved(heap)) {
        heap->idle.last_epoch = heap->last_epoch;
        heap->idle.slow_paths = heap->slow_paths;
        heap->idle.since_ms = now_ms;
    }
    return load_relaxed(&control->state) == LM_HEAP_PARKED ||
           now_ms - heap->idle.since_ms >= LM_DEMAND_WINDOW_MS;
}

/* True if there may be something to sweep. */
static bool tidy_locked(struct lm_heap_control *control, struct lm_visit *visit, uint64_t now_ms)
{
    struct lm_heap *heap = control->body;
    if (control->is_dormant || load_relaxed(&control->state) == LM_HEAP_LOST)
        return false;
    if (!is_at_rest_locked(control, now_ms)) {
        visit->is_restless = true;
        return false;
    }
    lm_heap_drain(control);
    lm_stock_age(&heap->stock);
    visit->is_restless |= heap->stock.units != 0;
    if (heap->idle.used_size == heap->sweep.used_size)
        return false;
    heap->idle.used_size = heap->sweep.used_size;
    visit->is_restless = true;
    return true;
}

/* A few slabs from *place on. False: the class is done, or the heap is not at rest any more. */
static bool sweep_some(struct lm_heap_control *control, unsigned class, uint32_t *place,
                       struct lm_visit *visit)
{
    if (!lm_lock_try(&control->lock))
        return false;
    /* A fork that finds the lock held now finds a heap that is whole. */
    control->is_swept = true;
    keep_order_for_fork();
    bool goes_on = !control->is_dormant && is_unmoved(control->body);
    if (goes_on)
        visit->purged += lm_heap_sweep_part(control->body, class, place);
    keep_order_for_fork();
    control->is_swept = false;
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
    return goes_on && *place != LM_NO_PLACE;
}

static void visit_heap(struct lm_heap_control *control, struct lm_visit *visit, uint64_t now_ms)
{
    enum lm_heap_state state = load_relaxed(&control->state);
    if (state == LM_HEAP_LOST)
        return;
    visit->has_live |= state == LM_HEAP_LIVE;
    if (!lm_lock_try(&control->lock)) {
        visit->is_restless = true;
        return;
    }
    bool is_to_sweep = tidy_locked(control, visit, now_ms);
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
    for (unsigned class = 0; is_to_sweep && class < LM_CLASSES; class ++) {
        uint32_t place = 0;
        while (sweep_some(control, class, &place, visit))
            continue;
    }
}

struct lm_visit lm_heap_visit_all(uint64_t now_ms)
{
    struct lm_visit visit = {0, false, false};
    struct lm_heap_control *control = NULL;
    while ((control = lm_heap_next(control)) != NULL)
        visit_heap(control, &visit, now_ms);
    return visit;
}
