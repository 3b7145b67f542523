/* SPDX-License-Identifier: MIT
 *
 * space/units.c - see space/units.h.
 */
#include "space/units.h"

#include "base/bits.h"
#include "base/options.h"
#include "os/helper.h"
#include "os/limits.h"
#include "os/lock.h"
#include "os/os.h"
#include "space/bound.h"
#include "space/demand.h"
#include "space/granules.h"
#include "space/marks.h"
#include "space/metadata.h"

static struct {
    struct lm_lock lock;
    /* held while runs are away at the kernel; taken before `lock` */
    struct lm_lock purge_lock;
    /* [l] */
    struct lm_runs free;
    struct lm_marks dirty;
    /* [l] units in callers' hands, and how many that were lately */
    size_t in_use;
    struct lm_demand demand;
    /* [a] milliseconds; when dirty units are looked at next. Relaxed: a thread that reads an old
     * value only asks for the lock once too often. */
    _Atomic(uint64_t) next_purge;
    /* [l] of dirty memory, and of what the huge zone keeps */
    struct lm_bound bound;
    /* [l] units of huge blocks, counted only if there is a limit; and what their zone keeps resident */
    size_t huge;
    size_t kept_huge;
    /* [c] units in use or dirty above which memory is tight; SIZE_MAX without a limit */
    size_t tight_from;
} state = {.lock = LM_LOCK_OF(LM_RANK_SPACE), .purge_lock = LM_LOCK_OF(LM_RANK_PURGE)};

struct lm_window_areas lm_units_areas;

_Atomic(bool) lm_memory_is_tight;
_Atomic(bool) lm_dirty_is_much;

/* Units purged in one system call at most, so that no caller waits long. */
enum { PURGE_RUN = 4096 };

/* May fail half way for want of memory and be tried again: the window is laid out once. */
bool lm_units_init(void)
{
    static bool is_laid_out;
    if (!is_laid_out && !lm_window_init(&lm_units_areas))
        return false;
    if (!is_laid_out) {
        is_laid_out = true;
        state.free.area = lm_units_areas.free;
        state.dirty.area = lm_units_areas.dirty;
        lm_bound_init(&state.bound);
        size_t limit = lm_window_memory_limit();
        state.tight_from = limit == SIZE_MAX ? limit : limit / 8 * LM_TIGHT_EIGHTHS >> lm_unit_log2;
    }
    lm_runs_init(&state.free, lm_window.capacity);
    return lm_window_begin() && lm_metadata_init(&lm_units_areas.metadata, &lm_units_areas.index);
}

/* The whole window: every time in a torture build, whose window is small; now and then in a checked
 * one. */
static void verify_locked(void)
{
    static unsigned calls;
    if (!lm_checked || (!lm_torture && calls++ % 256 != 0))
        return;
    lm_runs_verify(&state.free);
    LM_INVARIANT(lm_marks_are_within(&state.dirty, &state.free));
    lm_bound_verify(&state.bound);
}

void lm_units_verify(void)
{
    lm_lock_take(&state.lock);
    verify_locked();
    lm_lock_give(&state.lock);
}

/* When memory becomes tight the next look at dirty units is at once. */
static void weigh_locked(void)
{
    bool is_much = state.dirty.count + state.kept_huge > LM_DIRTY_MUCH >> lm_unit_log2;
    if (is_much != load_relaxed(&lm_dirty_is_much))
        store_relaxed(&lm_dirty_is_much, is_much);
    if (lm_likely(state.tight_from == SIZE_MAX))
        return;
    bool is_tight = state.in_use + state.dirty.count + state.huge > state.tight_from;
    if (is_tight && !load_relaxed(&lm_memory_is_tight))
        store_relaxed(&state.next_purge, 0);
    store_relaxed(&lm_memory_is_tight, is_tight);
}

static void count_taken(size_t count, size_t dirty)
{
    state.in_use += count;
    lm_demand_note(&state.demand, state.in_use, count == 1 ? 0 : count - dirty, state.dirty.count);
    if (lm_unlikely(state.bound.overflowed != 0) && dirty != count)
        lm_bound_regret(&state.bound, count - dirty);
    weigh_locked();
}

/* Takes free units out of both sets; result: how many were dirty. */
static size_t drop_locked(size_t first, size_t count)
{
    lm_runs_drop(&state.free, first, count);
    keep_order_for_fork();
    return state.dirty.count == 0 ? 0 : lm_marks_drop(&state.dirty, first, count);
}

/* Free units become the caller's; result: how many were dirty. */
static size_t take_locked(size_t first, size_t count)
{
    size_t dirty = drop_locked(first, count);
    count_taken(count, dirty);
    return dirty;
}

/* Both sets know units [0, count); a block of the free set at a time, so that they end together. */
static bool extend_locked(size_t count)
{
    size_t whole = lm_round_up(count, LM_RUN_BLOCK);
    return lm_marks_extend(&state.dirty, whole) && lm_runs_extend(&state.free, count);
}

/* Units that were just committed are free. */
static bool enter_locked(size_t first, size_t added)
{
    if (added == 0 || !extend_locked(first + added))
        return false;
    lm_runs_put(&state.free, first, added);
    return true;
}

/* The free units at the top of the window join what is added. */
static bool grow_locked(size_t count)
{
    size_t committed = load_relaxed(&lm_window_units);
    size_t at_top = lm_runs_length_below(&state.free, committed, count - 1);
    size_t first;
    if (!extend_locked(committed + count - at_top))
        return false;
    size_t added = lm_window_grow(count - at_top, &first);
    if (added != 0 && first != committed && added < count) {
        /* A virtual window skipped somebody's piece: what was added stands alone. */
        enter_locked(first, added);
        added = lm_window_grow(count, &first);
    }
    return enter_locked(first, added);
}

/* Result: the first unit of a piece of its own, unless there is dirty memory at the top of the window. */
static size_t grow_apart_locked(size_t count)
{
    size_t apart;
    size_t committed = load_relaxed(&lm_window_units);
    size_t top = committed - lm_runs_length_below(&state.free, committed, count);
    struct lm_run dirty = lm_marks_find_last(&state.dirty, 1);
    if (dirty.first + dirty.count > top || !extend_locked(committed + lm_granule_units() + count))
        return LM_NO_RUN;
    size_t added = lm_window_grow_apart(count, &apart);
    return enter_locked(committed, added) ? apart : LM_NO_RUN;
}

static size_t find_locked(size_t count)
{
    size_t first = LM_NO_RUN;
    if (state.free.member_count >= count)
        first = lm_runs_find(&state.free, count);
    if (first == LM_NO_RUN && count >= LM_APART_GRANULES * lm_granule_units())
        first = grow_apart_locked(count);
    if (first == LM_NO_RUN && grow_locked(count))
        first = lm_runs_find(&state.free, count);
    return first;
}

size_t lm_units_take(size_t count, size_t alignment, size_t *dirty)
{
    size_t spare = alignment <= lm_unit_size ? 0 : (alignment >> lm_unit_log2) - 1;
    size_t granule = LM_NO_GRANULE;
    LM_INVARIANT(count != 0);
    if (count > lm_window.capacity || spare > lm_window.capacity)
        return LM_NO_UNIT;
    lm_lock_take(&state.lock);
    verify_locked();
    size_t first = find_locked(count + spare);
    if (first != LM_NO_RUN) {
        if (spare != 0)
            first = lm_unit_aligned(first, alignment);
        *dirty = take_locked(first, count);
        granule = lm_granules_enter(first, count);
    }
    verify_locked();
    lm_lock_give(&state.lock);
    if (lm_unlikely(granule != LM_NO_GRANULE))
        lm_granules_ask(granule, first);
    return first == LM_NO_RUN ? LM_NO_UNIT : first;
}

LM_COLD size_t lm_units_take_roomy(size_t count, size_t room, size_t *dirty)
{
    lm_lock_take(&state.lock);
    size_t first = lm_runs_find_roomy(&state.free, count, room, load_relaxed(&lm_window_units));
    if (first != LM_NO_RUN)
        *dirty = take_locked(first, count);
    verify_locked();
    lm_lock_give(&state.lock);
    return first == LM_NO_RUN ? LM_NO_UNIT : first;
}

LM_COLD bool lm_units_take_at(size_t first, size_t count, size_t *dirty)
{
    if (first + count > lm_window.capacity)
        return false;
    lm_lock_take(&state.lock);
    size_t there = lm_runs_length(&state.free, first, count);
    size_t committed = load_relaxed(&lm_window_units);
    if (there < count && first + there == committed && grow_locked(count))
        there = lm_runs_length(&state.free, first, count);
    bool is_free = there >= count;
    if (is_free)
        *dirty = take_locked(first, count);
    verify_locked();
    lm_lock_give(&state.lock);
    return is_free;
}

static void put_locked(size_t first, size_t count)
{
    lm_marks_put(&state.dirty, first, count);
    keep_order_for_fork();
    lm_runs_put(&state.free, first, count);
}

LM_COLD bool lm_units_is_free(size_t unit)
{
    lm_lock_take(&state.lock);
    bool is_free = lm_runs_length(&state.free, unit, 1) != 0;
    lm_lock_give(&state.lock);
    return is_free;
}

/* With the purge lock. Returns about `count` dirty units to the kernel, highest addresses first:
 * taking lowest first leaves them idle the longest. A run leaves the sets while the kernel works on
 * it, so nobody waits for the call. */
LM_COLD static size_t purge_units(size_t count)
{
    size_t purged = 0;
    while (purged < count) {
        lm_lock_take(&state.lock);
        struct lm_run run = lm_marks_find_last(&state.dirty, lm_min(count - purged, PURGE_RUN));
        if (run.count != 0)
            drop_locked(run.first, run.count);
        lm_lock_give(&state.lock);
        if (run.count == 0)
            break;
        bool is_zero;
        bool is_gone = lm_os_purge(lm_unit_address(run.first), run.count << lm_unit_log2, &is_zero);
        lm_lock_take(&state.lock);
        if (is_zero)
            lm_runs_put(&state.free, run.first, run.count);
        else
            put_locked(run.first, run.count);
        weigh_locked();
        lm_lock_give(&state.lock);
        if (!is_gone || !is_zero)
            break;
        purged += run.count;
    }
    return purged;
}

/* So many units may be dirty however recent the demand was. */
static size_t dirty_most_locked(void)
{
    size_t most = state.bound.most + state.in_use / LM_DIRTY_SHARE;
    return lm_unlikely(load_relaxed(&lm_memory_is_tight)) ? LM_DIRTY_LEAST >> lm_unit_log2 : most;
}

/* What is beyond that; an eighth more goes with it, so that not every call meets the bound. */
static size_t overflow_locked(void)
{
    size_t most = dirty_most_locked();
    size_t kept = state.dirty.count + state.kept_huge;
    if (kept <= most)
        return 0;
    size_t overflow = lm_min(kept - most + most / 8, state.dirty.count);
    if (!load_relaxed(&lm_memory_is_tight))
        lm_bound_overflow(&state.bound, overflow);
    return overflow;
}

/* Unless somebody is at it. */
static void purge_some(size_t count)
{
    if (count == 0 || !lm_lock_try(&state.purge_lock))
        return;
    purge_units(count);
    lm_lock_give(&state.purge_lock);
}

void lm_units_give(size_t first, size_t count)
{
    lm_lock_take(&state.lock);
    LM_INVARIANT(lm_runs_members(&state.free, first, count) == 0);
    put_locked(first, count);
    state.in_use -= count;
    weigh_locked();
    size_t overflow = overflow_locked();
    verify_locked();
    lm_lock_give(&state.lock);
    if (lm_unlikely(lm_options.purge_delay_ms == 0))
        lm_units_purge();
    else
        purge_some(overflow);
}

LM_COLD void lm_units_give_clean(size_t first, size_t count)
{
    lm_lock_take(&state.lock);
    lm_runs_put(&state.free, first, count);
    state.in_use -= count;
    weigh_locked();
    lm_lock_give(&state.lock);
}

/* Waits for a purge under way: its units are free again then. */
LM_COLD size_t lm_units_purge(void)
{
    lm_lock_take(&state.purge_lock);
    size_t purged = purge_units(SIZE_MAX);
    lm_lock_give(&state.purge_lock);
    return purged << lm_unit_log2;
}

void lm_units_tick(uint64_t now_ms)
{
    lm_helper_wake();
    /* relaxed: see the field */
    if (now_ms < load_relaxed(&state.next_purge))
        return;
    lm_lock_take(&state.lock);
    size_t excess = 0;
    /* Not only if something is dirty: the bound comes down all the time. */
    if (now_ms >= load_relaxed(&state.next_purge)) {
        size_t delay_ms = lm_options.purge_delay_ms;
        store_relaxed(&state.next_purge, now_ms + (delay_ms == 0 ? LM_PURGE_PERIOD_MS : delay_ms));
        lm_bound_tick(&state.bound, now_ms);
        excess = lm_demand_excess(&state.demand, state.in_use, state.dirty.count, now_ms);
        if (lm_unlikely(load_relaxed(&lm_memory_is_tight)))
            excess = lm_max(excess, overflow_locked());
    }
    lm_lock_give(&state.lock);
    purge_some(excess);
}

bool lm_units_have_limit(void)
{
    return state.tight_from != SIZE_MAX;
}

LM_COLD void lm_units_count_huge(size_t size)
{
    if (lm_likely(!lm_units_have_limit()))
        return;
    lm_lock_take(&state.lock);
    state.huge = size >> lm_unit_log2;
    weigh_locked();
    size_t overflow = load_relaxed(&lm_memory_is_tight) ? overflow_locked() : 0;
    lm_lock_give(&state.lock);
    purge_some(overflow);
}

LM_COLD bool lm_units_keep_huge(size_t size)
{
    size_t count = size >> lm_unit_log2;
    lm_lock_take(&state.lock);
    bool is_kept = state.dirty.count + state.kept_huge + count <= dirty_most_locked();
    if (is_kept)
        state.kept_huge += count;
    else
        lm_bound_overflow(&state.bound, count);
    lm_lock_give(&state.lock);
    return is_kept;
}

LM_COLD void lm_units_drop_huge(size_t size)
{
    lm_lock_take(&state.lock);
    state.kept_huge -= lm_min(size >> lm_unit_log2, state.kept_huge);
    lm_lock_give(&state.lock);
}

LM_COLD void lm_units_count_fresh(size_t from, size_t to)
{
    size_t clean = (to >> lm_unit_log2) - (from >> lm_unit_log2);
    if (clean == 0)
        return;
    lm_lock_take(&state.lock);
    lm_bound_regret(&state.bound, clean);
    lm_lock_give(&state.lock);
}

LM_COLD struct lm_units_totals lm_units_totals(void)
{
    lm_lock_take(&state.lock);
    struct lm_units_totals totals = {
        .committed = load_relaxed(&lm_window_units),
        .in_use = state.in_use,
        .dirty = state.dirty.count,
    };
    lm_lock_give(&state.lock);
    return totals;
}

/* The bits are right one by one, and no dirty unit is free without its mark (keep_order_for_fork);
 * what another thread was doing to the nodes is redone. */
LM_COLD void lm_units_after_fork(void)
{
    if (lm_lock_is_held(&state.lock)) {
        lm_runs_rebuild(&state.free);
        lm_marks_rebuild(&state.dirty, &state.free);
        lm_bound_mend(&state.bound);
    }
    lm_lock_reset(&state.lock);
    lm_lock_reset(&state.purge_lock);
}
