/* SPDX-License-Identifier: MIT
 *
 * core/alloc.c - the place where small, large, huge and aligned requests part ways, and where a
 * freed pointer is told apart.
 */
#include "core/core.h"

#include "core/background.h"
#include "heap/commons.h"
#include "heap/huge.h"
#include "heap/registry.h"
#include "heap/stock.h"
#include "os/fatal.h"
#include "os/os.h"
#include "space/large.h"

#include <string.h>

static struct {
    struct lm_lock lock;
    /* [a] release when ready, acquire by whoever looks */
    _Atomic(bool) is_ready;
} core = {.lock = LM_LOCK_OF(LM_RANK_CORE)};

static void foreign_free(void *p)
{
    lm_fatal("free", LM_INVALID_POINTER, p);
}

static void *foreign_realloc(void *p, size_t size)
{
    (void)size;
    lm_fatal("realloc", LM_INVALID_POINTER, p);
}

static size_t foreign_usable_size(const void *p)
{
    lm_fatal("malloc_usable_size", LM_INVALID_POINTER, p);
}

struct lm_foreign lm_foreign = {foreign_free, foreign_realloc, foreign_usable_size};

bool lm_core_init(void)
{
    /* partner: the release below */
    if (lm_likely(load_acquire(&core.is_ready)))
        return true;
    lm_lock_take(&core.lock);
    bool is_ready = load_relaxed(&core.is_ready);
    if (!is_ready) {
        lm_os_init();
        lm_classes_init();
        is_ready = lm_units_init() && lm_registry_init();
        /* partner: the acquire above */
        store_release(&core.is_ready, is_ready);
    }
    lm_lock_give(&core.lock);
    return is_ready;
}

static void *refill(struct lm_heap *heap, unsigned class, size_t alignment)
{
    return alignment > LM_QUANTUM ? lm_heap_refill(heap, class)
                                  : lm_heap_refill_anywhere(heap, class);
}

static void *take_small(unsigned class, size_t alignment)
{
    struct lm_heap *heap = lm_thread.heap;
    if (lm_unlikely(heap == lm_heap_nobodys()))
        heap = lm_heap_birth();
    if (lm_likely(heap != NULL)) {
        void *p = lm_heap_take(heap, class);
        return p != NULL ? p : refill(heap, class, alignment);
    }
    /* The last breath of a thread, or no memory for a heap: borrow one for this call. */
    heap = lm_heap_borrow();
    if (heap == NULL)
        return NULL;
    void *p = lm_heap_take(heap, class);
    if (p == NULL)
        p = refill(heap, class, alignment);
    lm_heap_park(heap);
    return p;
}

static void *take_large(size_t size, size_t alignment, bool *is_zero)
{
    size_t unit = LM_NO_UNIT;
    if (alignment <= lm_unit_size)
        unit = lm_heap_take_run(lm_thread.heap, lm_units_for(size));
    if (unit == LM_NO_UNIT)
        return lm_large_take(size, alignment, is_zero);
    *is_zero = false;
    return lm_large_make(unit, lm_units_for(size));
}

/* Either kind of space may be the one that is left when memory is short. */
static void *take_big(size_t size, size_t alignment, bool *is_zero)
{
    bool is_large = size <= LM_LARGE_MOST && alignment <= LM_GRANULE_SIZE;
    void *p = is_large ? take_large(size, alignment, is_zero) : NULL;
    if (p == NULL) {
        *is_zero = true;
        p = lm_huge_take(size, alignment, LM_HUGE_EXACT);
    }
    if (p == NULL && !is_large)
        p = lm_large_take(size, alignment, is_zero);
    return p;
}

static void *take_once(size_t alignment, size_t size, bool *is_zero)
{
    *is_zero = false;
    if (!lm_is_small(alignment, size))
        return take_big(lm_max(size, 1), alignment, is_zero);
    unsigned class = lm_aligned_class(alignment, size);
    if (alignment <= LM_QUANTUM)
        lm_class_note(class, size);
    return take_small(class, alignment);
}

/* When memory is out everything that is cached goes back, once, before NULL is the answer. */
static void *take(size_t alignment, size_t size, bool *is_zero)
{
    if (size > PTRDIFF_MAX || !lm_core_init())
        return NULL;
    void *p = take_once(alignment, size, is_zero);
    if (lm_unlikely(p == NULL)) {
        lm_trim();
        p = take_once(alignment, size, is_zero);
    }
    lm_background_offer();
    return p;
}

LM_NOINLINE void *lm_malloc_slow(size_t alignment, size_t size)
{
    bool is_zero;
    return take(alignment, size, &is_zero);
}

void *lm_malloc(size_t size)
{
    void *p = lm_malloc_fast(size);
    return lm_likely(p != NULL) ? p : lm_malloc_slow(1, size);
}

void *lm_calloc(size_t count, size_t size)
{
    size_t total;
    if (lm_unlikely(__builtin_mul_overflow(count, size, &total)))
        return NULL;
    bool is_zero = false;
    void *p = lm_malloc_fast(total);
    if (lm_unlikely(p == NULL))
        p = take(1, total, &is_zero);
    if (p != NULL && !is_zero)
        memset(p, 0, total);
    return p;
}

void *lm_memalign(size_t alignment, size_t size)
{
    void *p = lm_memalign_fast(alignment, size);
    return lm_likely(p != NULL) ? p : lm_malloc_slow(alignment, size);
}

void lm_free(void *p)
{
    if (lm_unlikely(!lm_free_fast(p)))
        lm_free_slow(p);
}

static void free_in_zone(void *p)
{
    if (lm_huge_give(p))
        return;
    if (lm_window.is_virtual)
        lm_foreign.free(p);
    else
        lm_fatal("free", lm_huge_is_free(p) ? LM_DOUBLE_FREE : LM_INVALID_POINTER, p);
}

/* Above the committed units. */
static void free_outside(void *p)
{
    if (lm_is_in_huge_zone(p))
        free_in_zone(p);
    else if (lm_unit_of(p) < lm_window.capacity && !lm_window.is_virtual)
        lm_fatal("free", LM_INVALID_POINTER, p);
    else
        lm_foreign.free(p);
}

/* A thread that has no heap yet gets one: it may be about to free a million blocks. */
LM_NOINLINE static struct lm_heap *heap_to_free_with(void)
{
    struct lm_heap *heap = lm_heap_birth();
    return heap == NULL ? lm_heap_nobodys() : heap;
}

LM_COLD static void free_bad_unit(void *p, size_t unit, uint32_t tag)
{
    if (tag == LM_TAG_TAKEN)
        lm_foreign.free(p);
    else if (tag == LM_TAG_KEPT || lm_units_is_free(unit))
        lm_fatal("free", LM_DOUBLE_FREE, p);
    else
        lm_fatal("free", LM_INVALID_POINTER, p);
}

static void free_large(void *p, size_t unit)
{
    size_t count;
    if (p != lm_unit_address(unit))
        lm_fatal("free", LM_INVALID_POINTER, p);
    if (!lm_large_claim(unit, &count))
        lm_fatal("free", LM_DOUBLE_FREE, p);
    if (lm_heap_put_run(lm_thread.heap, unit, count))
        return;
    lm_units_give(unit, count);
    lm_units_tick(lm_os_clock_ms());
}

/* Not a slab's block, or not in the window. */
LM_NOINLINE static void free_other(void *p, size_t unit)
{
    if (p == NULL)
        return;
    if (lm_unlikely(unit >= load_relaxed(&lm_window_units))) {
        free_outside(p);
        return;
    }
    uint32_t tag = lm_unit_tag(unit);
    if (tag == LM_TAG_LARGE)
        free_large(p, unit);
    else
        free_bad_unit(p, unit, tag);
}

/* The magazine is full, or not open, or does not take such blocks; or it has just got p. */
static void free_strange(struct lm_heap *heap, unsigned class, void *p, size_t unit)
{
    if (lm_unlikely(heap->magazines[class].newest == p))
        lm_fatal("free", LM_DOUBLE_FREE, p);
    lm_heap_free_remote(heap, p, unit);
}

LM_NOINLINE void lm_free_slow(void *p)
{
    struct lm_heap *heap = lm_thread.heap;
    if (lm_unlikely(heap->filter == LM_FILTER_CLOSED)) {
        lm_heap_open(heap);
        bool is_given = lm_free_fast(p);
        lm_heap_veil(heap);
        if (is_given)
            return;
    }
    if (heap != lm_heap_nobodys() && lm_outbox_add(heap, p))
        return;
    size_t unit = lm_unit_of(p);
    uint32_t tag = unit < load_relaxed(&lm_window_units) ? lm_unit_tag(unit) : LM_TAG_FREE;
    if (tag <= UINT8_MAX) {
        free_other(p, unit);
        return;
    }
    if (lm_unlikely(heap == lm_heap_nobodys()))
        heap = heap_to_free_with();
    uint32_t class = tag & LM_TAG_CLASS_MASK;
    if (lm_is_common(tag))
        lm_commons_free(heap, p, unit);
    else if (heap == lm_heap_nobodys() || !lm_heap_owns(heap, unit))
        free_strange(heap, class, p, unit);
    else if (!lm_magazine_give(&heap->magazines[class], p))
        lm_heap_flush(heap, class, p);
}

size_t lm_trim(void)
{
    if (!lm_core_init())
        return 0;
    size_t purged = lm_heap_trim();
    lm_metadata_trim();
    return purged + lm_huge_cool() + lm_units_purge();
}

LM_COLD bool lm_is_ours(const void *p)
{
    size_t unit = lm_unit_of(p);
    if (!load_acquire(&core.is_ready) || p == NULL)
        return false;
    if (unit < load_relaxed(&lm_window_units))
        return lm_unit_tag(unit) != LM_TAG_TAKEN;
    return lm_is_in_huge_zone(p) && (!lm_window.is_virtual || lm_huge_usable(p) != 0);
}

void lm_core_after_fork(void)
{
    lm_lock_forget_all();
    lm_lock_reset(&core.lock);
    lm_metadata_after_fork();
    lm_units_after_fork();
    lm_huge_after_fork();
    lm_heap_after_fork();
    lm_background_after_fork();
}
