/* SPDX-License-Identifier: MIT
 *
 * heap/registry.c - see heap/registry.h.
 */
#include "heap/registry.h"

#include "heap/bin.h"
#include "heap/owner.h"
#include "heap/stock.h"
#include "os/helper.h"
#include "os/os.h"

#include <pthread.h>
#include <string.h>

_Static_assert(LM_COMMONS < LM_CONTROLS_FIRST, "the commons' controls need no area");

struct lm_heap_front {
    struct lm_magazine magazines[LM_CLASSES];
    uint64_t filter;
    struct lm_heap_control *control;
    uint8_t hosts[LM_CLASSES];
};

_Static_assert(offsetof(struct lm_heap_front, magazines) == offsetof(struct lm_heap, magazines) &&
                   offsetof(struct lm_heap_front, filter) == offsetof(struct lm_heap, filter) &&
                   offsetof(struct lm_heap_front, control) == offsetof(struct lm_heap, control) &&
                   offsetof(struct lm_heap_front, hosts) == offsetof(struct lm_heap, hosts),
               "what is read of lm_heap_none lies where a heap has it");

struct lm_heap_front lm_heap_none LM_NEAR = {.filter = UINT64_MAX << 32};

struct lm_heap_control *lm_heap_controls;

_Thread_local struct lm_thread lm_thread __attribute__((tls_model("initial-exec"))) = {
    .heap = (struct lm_heap *)(uintptr_t)&lm_heap_none, // NOLINT
};

static struct {
    struct lm_lock lock;
    /* [a] G1; release when a control is added, acquire by whoever walks */
    _Atomic(uint32_t) count;
    /* [l] the controls' memory */
    struct lm_area area;
    /* [l] G2 */
    uint32_t parked;
    /* [a] parked heaps; a hint that saves the walk for slabs to adopt */
    _Atomic(uint32_t) parked_count;
    /* [a] forks that this process is a child of, since the start */
    _Atomic(uint32_t) forks;
    /* [a] where the last walk for slabs to adopt ended */
    _Atomic(uint32_t) cursor;
    /* [c] runs lm_heap_leave at a thread's exit */
    pthread_key_t key;
    bool has_key;
} registry = {.lock = LM_LOCK_OF(LM_RANK_REGISTRY)};

static void note_forks(void)
{
    lm_thread.forks = load_relaxed(&registry.forks);
}

/* A handler of this thread forked since note_forks, and this is the child. */
static bool is_child_by_now(void)
{
    return load_relaxed(&registry.forks) != lm_thread.forks;
}

/* G2, from the states. */
LM_COLD static void stack_parked_locked(void)
{
    struct lm_heap_control *control = NULL;
    uint32_t parked = 0;
    registry.parked = 0;
    while ((control = lm_heap_next(control)) != NULL) {
        if (load_relaxed(&control->state) != LM_HEAP_PARKED)
            continue;
        control->next_parked = registry.parked;
        registry.parked = lm_heap_id(control);
        parked++;
    }
    store_relaxed(&registry.parked_count, parked);
}

/* The child took this heap for an orphan or for lost, while its thread was about to give it this state. */
LM_COLD static void mend_after_fork(struct lm_heap_control *control, uint32_t heap_state)
{
    while (is_child_by_now()) {
        note_forks();
        lm_lock_take(&registry.lock);
        store_ordered(&control->state, heap_state);
        stack_parked_locked();
        lm_lock_give(&registry.lock);
    }
}

LM_COLD void lm_heap_leave(void *heap)
{
    note_forks();
    lm_thread.is_leaving = true;
    lm_thread.heap = lm_heap_nobodys();
    /* A fork in a handler may have cost the thread the heap that the key still names. */
    if (load_relaxed(&((struct lm_heap *)heap)->control->state) == LM_HEAP_LIVE)
        lm_heap_park(heap);
    /* The last one may be what the helper waits for, to leave as well. */
    if (load_relaxed(&registry.parked_count) + LM_COMMONS >= load_relaxed(&registry.count))
        lm_helper_rouse();
}

bool lm_registry_init(void)
{
    if (registry.area.base == NULL)
        registry.area = lm_units_areas.controls;
    lm_heap_controls = (struct lm_heap_control *)(void *)registry.area.base;
    for (uint32_t id = 1; id <= LM_COMMONS; id++) {
        lm_heap_control_at(id)->id = id;
        lm_heap_control_at(id)->lock.rank = LM_RANK_COMMONS;
        lm_heap_control_at(id)->is_dormant = true;
    }
    store_relaxed(&registry.count, LM_COMMONS);
    /* Not again if only a later step of the start failed. */
    if (!registry.has_key)
        registry.has_key = pthread_key_create(&registry.key, lm_heap_leave) == 0;
    return registry.has_key;
}

struct lm_heap_control *lm_heap_next(struct lm_heap_control *control)
{
    /* partner: the release in make_heap */
    uint32_t id = control == NULL ? load_acquire(&registry.count) : lm_heap_id(control) - 1;
    return id == 0 ? NULL : lm_heap_control_at(id);
}

static struct lm_heap_control *make_heap(void)
{
    struct lm_heap *body = lm_metadata_take(sizeof *body);
    if (body == NULL)
        return NULL;
    struct lm_heap_control *control = NULL;
    lm_lock_take(&registry.lock);
    uint32_t id = load_relaxed(&registry.count) + 1;
    if (id < LM_CONTROLS_FIRST ||
        lm_area_extend(&registry.area, (id + 1 - LM_CONTROLS_FIRST) * sizeof *control)) {
        control = lm_heap_control_at(id);
        control->id = id;
        control->lock.rank = LM_RANK_HEAP;
        control->body = body;
        control->is_dormant = true;
        store_relaxed(&control->state, LM_HEAP_LIVE);
        /* partner: the acquire in lm_heap_next */
        store_release(&registry.count, id);
    }
    lm_lock_give(&registry.lock);
    if (control == NULL)
        lm_metadata_give(body, sizeof *body);
    return control;
}

static struct lm_heap_control *take_parked(void)
{
    lm_lock_take(&registry.lock);
    struct lm_heap_control *control = NULL;
    if (registry.parked != 0) {
        control = lm_heap_control_at(registry.parked);
        registry.parked = control->next_parked;
        sub_relaxed(&registry.parked_count, 1u);
    }
    lm_lock_give(&registry.lock);
    return control;
}

/* The body's pages read as zero. */
void lm_heap_wake_body(struct lm_heap_control *control)
{
    struct lm_heap *heap = control->body;
    heap->control = control;
    lm_heap_open(heap);
    lm_heap_init_magazines(heap);
    control->is_dormant = false;
}

struct lm_heap *lm_heap_borrow(void)
{
    struct lm_heap_control *control = NULL;
    note_forks();
    if (load_relaxed(&registry.parked_count) != 0)
        control = take_parked();
    if (control == NULL)
        control = make_heap();
    if (control == NULL)
        return NULL;
    lm_lock_take(&control->lock);
    if (control->is_dormant)
        lm_heap_wake_body(control);
    store_relaxed(&control->is_sunken, false);
    store_ordered(&control->state, LM_HEAP_LIVE);
    control->body->last_epoch = lm_os_clock_ms();
    control->body->ebb_bound = LM_EBB_LEAST;
    control->body->has_ebbed = false;
    lm_lock_give(&control->lock);
    return control->body;
}

struct lm_heap *lm_heap_birth(void)
{
    if (lm_thread.is_leaving)
        return NULL;
    struct lm_heap *heap = lm_heap_borrow();
    if (heap == NULL)
        return NULL;
    /* First the heap, then the key: setting it may allocate. If it fails for want of memory, the
     * heap stays with the thread to the end and is lost with it. */
    lm_thread.heap = heap;
    if (lm_unlikely(is_child_by_now()))
        mend_after_fork(heap->control, LM_HEAP_LIVE);
    pthread_setspecific(registry.key, heap);
    return heap;
}

/* A parked heap without slabs: its body is nothing but zeroes to be. Its lock is held. */
LM_COLD static void make_dormant(struct lm_heap_control *control)
{
    struct lm_heap *heap = control->body;
    bool is_zero;
    if (control->is_dormant || control->slab_count != 0)
        return;
    /* A fork may have orphaned a heap that still has units, or grown magazines without blocks. */
    lm_heap_give_near(heap);
    lm_stock_empty(heap);
    lm_heap_empty_magazines(heap);
    lm_outbox_flush(heap);
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        lm_bin_reset(&heap->bins[class]);
    size_t size = lm_round_up(sizeof *heap, lm_os.page_size);
    if (!lm_os_purge(heap, size, &is_zero) || !is_zero)
        memset(heap, 0, sizeof *heap);
    control->is_dormant = true;
}

void lm_heap_rest(struct lm_heap_control *control)
{
    if (load_relaxed(&control->is_sunken) && load_relaxed(&control->state) == LM_HEAP_PARKED)
        make_dormant(control);
}

/* The newest few keep their pages for threads to come; the one that sinks below them does not, or not for longer than
 * it has slabs. */
static struct lm_heap_control *sunken_locked(void)
{
    uint32_t index = registry.parked;
    for (int depth = 0; depth < LM_DORMANT_WARM && index != 0; depth++)
        index = lm_heap_control_at(index)->next_parked;
    return index == 0 ? NULL : lm_heap_control_at(index);
}

static void push_parked(struct lm_heap_control *control)
{
    lm_lock_take(&registry.lock);
    control->next_parked = registry.parked;
    registry.parked = lm_heap_id(control);
    add_relaxed(&registry.parked_count, 1u);
    struct lm_heap_control *sunken = sunken_locked();
    /* Below the registry's lock nobody can take the sunken heap off the stack and wake it. */
    if (sunken != NULL) {
        store_relaxed(&sunken->is_sunken, true);
        if (lm_lock_try(&sunken->lock)) {
            lm_heap_rest(sunken);
            lm_lock_give(&sunken->lock);
        }
    }
    lm_lock_give(&registry.lock);
    if (sunken != NULL)
        lm_heap_settle(sunken);
}

LM_COLD void lm_heap_park(struct lm_heap *heap)
{
    struct lm_heap_control *control = heap->control;
    lm_lock_take(&control->lock);
    lm_heap_empty_magazines(heap);
    lm_outbox_flush(heap);
    lm_heap_give_near(heap);
    lm_stock_empty(heap);
    /* Ordered: see lm_heap_settle. */
    store_ordered(&control->state, LM_HEAP_PARKED);
    lm_heap_drain(control);
    lm_heap_verify(control);
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
    push_parked(control);
    if (lm_unlikely(is_child_by_now()))
        mend_after_fork(control, LM_HEAP_PARKED);
    lm_units_tick(lm_os_clock_ms());
}

bool lm_heap_adopt_slab(struct lm_heap *heap, unsigned class)
{
    if (lm_likely(load_relaxed(&registry.parked_count) == 0))
        return false;
    uint32_t cursor = load_relaxed(&registry.cursor);
    struct lm_heap_control *control = cursor == 0 ? NULL : lm_heap_control_at(cursor);
    bool is_adopted = false;
    for (int steps = 0, tries = 0; steps < 16 * LM_ADOPT_TRIES && tries < LM_ADOPT_TRIES; steps++) {
        control = lm_heap_next(control);
        if (control == NULL)
            break;
        if (load_relaxed(&control->state) != LM_HEAP_PARKED || !lm_lock_try(&control->lock))
            continue;
        if (load_relaxed(&control->state) == LM_HEAP_PARKED && control->slab_count != 0) {
            tries++;
            is_adopted = lm_heap_take_over(heap, class, control);
            lm_heap_rest(control);
        }
        lm_lock_give(&control->lock);
        lm_heap_settle(control);
        if (is_adopted)
            return true;
    }
    store_relaxed(&registry.cursor, control == NULL ? 0 : lm_heap_id(control));
    return false;
}

LM_COLD static size_t trim_heap(struct lm_heap_control *control, bool is_own)
{
    size_t purged = 0;
    lm_lock_take(&control->lock);
    uint32_t heap_state = load_relaxed(&control->state);
    if (heap_state != LM_HEAP_LOST && !control->is_dormant) {
        if (is_own || heap_state == LM_HEAP_PARKED) {
            lm_heap_empty_magazines(control->body);
            lm_outbox_flush(control->body);
            lm_heap_give_near(control->body);
        }
        lm_heap_drain(control);
        lm_stock_empty(control->body);
        if (control->slab_count != 0)
            purged = lm_heap_sweep_all(control->body);
        if (heap_state == LM_HEAP_PARKED)
            make_dormant(control);
    }
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
    return purged;
}

LM_COLD size_t lm_heap_trim(void)
{
    size_t purged = 0;
    struct lm_heap_control *own = lm_thread.heap->control;
    struct lm_heap_control *control = NULL;
    /* First the caller's outbox, so that what it returns is seen below. */
    if (own != NULL)
        purged += trim_heap(own, true);
    while ((control = lm_heap_next(control)) != NULL)
        if (control != own && load_relaxed(&control->state) != LM_HEAP_LOST)
            purged += trim_heap(control, false);
    return purged;
}

/* The owner was between two instructions: the newest entry of a magazine may be half written, and
 * so may the outbox. What is dropped here is lost, not corrupt. */
static void orphan(struct lm_heap_control *control)
{
    struct lm_heap *heap = control->body;
    if (control->is_dormant)
        return;
    lm_outbox_drop(heap);
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        struct lm_magazine *magazine = &heap->magazines[class];
        if (magazine->capacity == 0)
            continue;
        void **top = load_relaxed(&magazine->top);
        top -= top != lm_magazine_slots(magazine);
        store_relaxed(&magazine->top, top);
        magazine->newest = *top;
        lm_magazine_lift_veil(magazine);
    }
}

LM_COLD void lm_heap_after_fork(void)
{
    struct lm_heap_control *own = lm_thread.heap->control;
    struct lm_heap_control *control = NULL;
    lm_lock_reset(&registry.lock);
    store_relaxed(&registry.forks, load_relaxed(&registry.forks) + 1);
    while ((control = lm_heap_next(control)) != NULL) {
        if (control->is_swept) {
            control->is_swept = false;
            lm_lock_reset(&control->lock);
        }
        if (control == own && !lm_lock_is_held(&own->lock))
            continue;
        if (lm_lock_is_held(&control->lock) || load_relaxed(&control->state) == LM_HEAP_LOST) {
            store_relaxed(&control->state, LM_HEAP_LOST);
            continue;
        }
        if (load_relaxed(&control->state) == LM_HEAP_COMMON ||
            load_relaxed(&control->state) == LM_HEAP_UNBORN)
            continue;
        if (load_relaxed(&control->state) == LM_HEAP_LIVE)
            orphan(control);
        store_relaxed(&control->state, LM_HEAP_PARKED);
    }
    stack_parked_locked();
    /* A signal handler forked in the middle of this thread's own slow path. */
    if (own != NULL && lm_lock_is_held(&own->lock))
        lm_thread.heap = lm_heap_nobodys();
}
