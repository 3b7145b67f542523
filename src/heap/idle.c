/* SPDX-License-Identifier: MIT
 *
 * heap/idle.c - see heap/idle.h.
 *
 * A heap is at rest if it is parked, or if no slow path was taken in it for a demand window. What a
 * resting thread has in its magazines is out of reach (H5); its slabs are not. Locks are only tried
 * and held for a few slabs: the thread may come back at any time.
 */
#include "heap/idle.h"

#include "heap/owner.h"
#include "heap/registry.h"
#include "heap/stock.h"

/* Differs whenever the heap was in a slow path: these two move on there. */
static uint32_t steps_of(const struct lm_heap *heap)
{
    return (uint32_t)heap->last_epoch * UINT32_C(0x9E3779B1) + heap->slow_paths;
}

/* True if no slow path was taken since the last visit. */
static bool is_unmoved(const struct lm_heap_control *control)
{
    return control->seen_steps == steps_of(control->body);
}

static bool is_at_rest_locked(struct lm_heap_control *control, uint64_t now_ms)
{
    if (!is_unmoved(control)) {
        control->seen_steps = steps_of(control->body);
        control->still_since_ms = (uint32_t)now_ms;
    }
    return load_relaxed(&control->state) == LM_HEAP_PARKED ||
           (uint32_t)now_ms - control->still_since_ms >= LM_DEMAND_WINDOW_MS;
}

static bool has_body(const struct lm_heap_control *control)
{
    enum lm_heap_state state = load_relaxed(&control->state);
    return state != LM_HEAP_UNBORN && state != LM_HEAP_LOST && !control->is_dormant;
}

/* True if there may be something to sweep. What was seen is kept in the control: the body of a thread
 * of few classes has pages that nobody wrote to. */
static bool tidy_locked(struct lm_heap_control *control, struct lm_visit *visit, uint64_t now_ms)
{
    if (!has_body(control))
        return false;
    struct lm_heap *heap = control->body;
    if (!is_at_rest_locked(control, now_ms)) {
        visit->is_restless = true;
        return false;
    }
    lm_heap_drain(control);
    /* A fork's orphan may have some. */
    if (load_relaxed(&control->state) == LM_HEAP_PARKED)
        lm_heap_give_near(heap);
    if (heap->stock_units != 0) {
        visit->is_restless = true;
        lm_stock_age(heap);
    }
    uint32_t used = (uint32_t)(heap->sweep.used_size / LM_QUANTUM);
    if (control->seen_used == used)
        return false;
    control->seen_used = used;
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
    bool goes_on = has_body(control) && is_unmoved(control);
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
    if (state == LM_HEAP_LOST || state == LM_HEAP_UNBORN)
        return;
    visit->has_live |= state == LM_HEAP_LIVE;
    if (!lm_lock_try(&control->lock)) {
        visit->is_restless = true;
        return;
    }
    bool is_to_sweep = tidy_locked(control, visit, now_ms);
    lm_heap_rest(control);
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
