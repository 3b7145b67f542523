/* SPDX-License-Identifier: MIT
 *
 * heap/huge.c - see heap/huge.h.
 */
#include "heap/huge.h"

#include "base/bits.h"
#include "base/options.h"
#include "os/lock.h"
#include "os/os.h"
#include "space/metadata.h"
#include "space/runs.h"
#include "space/units.h"

#include <string.h>

/* Touched by the block's holder alone, and by whoever frees it. */
struct huge {
    /* [c] */
    char *start;
    /* [c] the slot, in granules */
    size_t granule;
    size_t granules;
    /* [o] bytes, Z1 */
    size_t usable;
    size_t committed;
    /* [o] bytes from the start on that may hold something, Z3 */
    size_t touched;
    /* [c] has headroom; asks for huge pages */
    bool is_growing;
    /* [o] its pages may lie in several mappings of the kernel: it cannot be moved */
    bool is_pieced;
};

static struct {
    /* rank HUGE */
    struct lm_lock lock;
    /* [l] granules without a slot */
    struct lm_runs free;
    /* [c] after the first use: Z2 */
    _Atomic(uint32_t) *map;
    struct lm_area map_area;
    /* [a] granules known to `free` and the map so far; relaxed: grows under the lock, and whoever
     * holds a block's pointer got it after its granule was known */
    _Atomic(size_t) known;
    /* [a] relaxed: the limit that it is compared with need not be exact */
    _Atomic(size_t) slots;
    /* [a] relaxed: a statistic */
    _Atomic(size_t) total;
    /* [l] slots that growing blocks left, with their pages; the newest last */
    struct huge *warm[LM_WARM_SLOTS];
    /* [l] bytes touched in them */
    size_t warm_size;
    /* [l] milliseconds: when the last one came or went */
    uint64_t warm_since;
    /* [a] relaxed: written under the lock; who looks without it asks again with it */
    _Atomic(uint32_t) warm_count;
    /* [l] */
    bool is_ready;
} zone = {.lock = LM_LOCK_OF(LM_RANK_HUGE)};

static const size_t granule_size = (size_t)1 << LM_GRANULE_LOG2;

static size_t zone_granules(void)
{
    return lm_window.zone_size >> LM_GRANULE_LOG2;
}

static char *granule_address(size_t granule)
{
    return (char *)(lm_window.zone + (granule << LM_GRANULE_LOG2)); // NOLINT
}

static size_t whole_pages(size_t size)
{
    return lm_round_up(size, lm_os.page_size);
}

static void prepare_locked(void)
{
    if (zone.is_ready)
        return;
    const struct lm_area *area = lm_units_huge_area();
    size_t map_size = whole_pages(zone_granules() * sizeof(uint32_t));
    zone.map_area = (struct lm_area){.base = area->base, .reserved = map_size};
    zone.free.area =
        (struct lm_area){.base = area->base + map_size, .reserved = area->reserved - map_size};
    zone.map = (_Atomic(uint32_t) *)(void *)area->base;
    lm_runs_init(&zone.free, zone_granules());
    zone.is_ready = true;
}

/* Address space is made known by and by, so that a small program's index stays small. */
static bool extend_locked(size_t count)
{
    size_t old = load_relaxed(&zone.known);
    size_t known = lm_min(old + lm_max(count, lm_max(old, 64)), zone_granules());
    if (known == old || !lm_runs_extend(&zone.free, known) ||
        !lm_area_extend(&zone.map_area, known * sizeof(uint32_t)))
        return false;
    /* In this order a fork in between loses granules instead of giving them twice. */
    store_relaxed(&zone.known, known);
    lm_runs_put(&zone.free, old, known - old);
    return true;
}

/* First granule of `count` free ones, aligned; LM_NO_RUN if the zone is full. */
static size_t take_granules(size_t count, size_t alignment)
{
    size_t spare = alignment <= granule_size ? 0 : (alignment >> LM_GRANULE_LOG2) - 1;
    size_t granule;
    lm_lock_take(&zone.lock);
    prepare_locked();
    granule = lm_runs_find(&zone.free, count + spare);
    if (granule == LM_NO_RUN && extend_locked(count + spare))
        granule = lm_runs_find(&zone.free, count + spare);
    if (granule != LM_NO_RUN) {
        uintptr_t address = lm_round_up((uintptr_t)granule_address(granule), alignment);
        granule = (address - lm_window.zone) >> LM_GRANULE_LOG2;
        lm_runs_drop(&zone.free, granule, count);
        add_relaxed(&zone.slots, 1u);
    }
    lm_lock_give(&zone.lock);
    return granule;
}

static void give_granules(size_t granule, size_t count)
{
    lm_lock_take(&zone.lock);
    lm_runs_put(&zone.free, granule, count);
    sub_relaxed(&zone.slots, 1u);
    lm_lock_give(&zone.lock);
}

/* Commits [from, to) of a slot. */
static enum lm_os_map commit(char *start, size_t from, size_t to)
{
    if (from == to)
        return LM_OS_MAPPED;
    if (lm_window.is_virtual)
        return lm_os_map_at(start + from, to - from);
    return lm_os_commit(start + from, to - from) ? LM_OS_MAPPED : LM_OS_REFUSED;
}

static void decommit(char *start, size_t size)
{
    bool is_zero;
    if (lm_window.is_virtual)
        lm_os_unmap(start, size);
    else if (!lm_os_decommit(start, size) && (!lm_os_purge(start, size, &is_zero) || !is_zero))
        memset(start, 0, size);
}

/* A slot whose first `size` bytes are committed; its granules, or LM_NO_RUN. Space that somebody
 * else occupies in a virtual zone is left out for good. */
static size_t take_slot(size_t count, size_t alignment, size_t size)
{
    for (int tries = 0; tries < 64; tries++) {
        size_t granule = take_granules(count, alignment);
        if (granule == LM_NO_RUN)
            return LM_NO_RUN;
        enum lm_os_map result = commit(granule_address(granule), 0, size);
        if (result == LM_OS_MAPPED)
            return granule;
        if (result == LM_OS_REFUSED) {
            give_granules(granule, count);
            return LM_NO_RUN;
        }
        sub_relaxed(&zone.slots, 1u);
    }
    return LM_NO_RUN;
}

/* What is added wraps around where it is less. */
static void count(size_t added)
{
    lm_units_count_huge(add_relaxed(&zone.total, added) + added);
}

static void give_slot(struct huge *huge)
{
    decommit(huge->start, huge->committed);
    give_granules(huge->granule, huge->granules);
    lm_metadata_give(huge, sizeof *huge);
}

/* A block that realloc made grow is often followed by another one. False: the slot is still the
 * caller's. */
static bool keep_warm(struct huge *huge)
{
    size_t held = lm_units_totals().in_use << lm_unit_log2;
    size_t most = lm_min(LM_WARM_LEAST + held / LM_WARM_SHARE, LM_HUGE_PAGES_FROM);
    if (!huge->is_growing || huge->touched > most || lm_window.is_virtual ||
        lm_units_have_limit() || !lm_options.magazines)
        return false;
    uint64_t now_ms = lm_os_clock_ms();
    lm_lock_take(&zone.lock);
    uint32_t slots = load_relaxed(&zone.warm_count);
    bool is_kept = slots < LM_WARM_SLOTS && zone.warm_size + huge->touched <= most;
    if (is_kept) {
        zone.warm[slots] = huge;
        store_relaxed(&zone.warm_count, slots + 1);
        zone.warm_size += huge->touched;
        zone.warm_since = now_ms;
    }
    lm_lock_give(&zone.lock);
    return is_kept;
}

/* The slot that was left last, if so much of it is warm; else NULL. */
static struct huge *take_warm(size_t size)
{
    struct huge *huge = NULL;
    uint64_t now_ms = lm_os_clock_ms();
    lm_lock_take(&zone.lock);
    uint32_t slots = load_relaxed(&zone.warm_count);
    if (slots != 0 && zone.warm[slots - 1]->touched >= size) {
        huge = zone.warm[slots - 1];
        store_relaxed(&zone.warm_count, slots - 1);
        zone.warm_size -= huge->touched;
        zone.warm_since = now_ms;
    }
    lm_lock_give(&zone.lock);
    return huge;
}

size_t lm_huge_cool(void)
{
    size_t cooled = 0;
    struct huge *huge;
    while ((huge = take_warm(0)) != NULL) {
        cooled += huge->touched;
        give_slot(huge);
    }
    return cooled;
}

size_t lm_huge_warm_size(void)
{
    lm_lock_take(&zone.lock);
    size_t size = zone.warm_size;
    lm_lock_give(&zone.lock);
    return size;
}

void lm_huge_tick(uint64_t now_ms)
{
    if (lm_likely(load_relaxed(&zone.warm_count) == 0))
        return;
    lm_lock_take(&zone.lock);
    bool is_due = now_ms - zone.warm_since >= LM_DEMAND_WINDOW_MS;
    lm_lock_give(&zone.lock);
    if (is_due)
        lm_huge_cool();
}

void *lm_huge_take(size_t size, size_t alignment, enum lm_huge_fit fit)
{
    size_t usable = whole_pages(size);
    size_t headroom = fit == LM_HUGE_GROWING ? LM_HUGE_HEADROOM : 1;
    struct huge *huge = lm_metadata_take(sizeof *huge);
    if (huge == NULL || size > lm_window.zone_size)
        goto no_slot;
    size_t granule = LM_NO_RUN;
    for (; headroom > 0 && granule == LM_NO_RUN; headroom /= 2) {
        size_t slot = usable * headroom;
        if (headroom == LM_HUGE_HEADROOM)
            slot = lm_max(slot, LM_HUGE_SLOT_LEAST);
        huge->granules = lm_round_up(slot, granule_size) >> LM_GRANULE_LOG2;
        granule = take_slot(huge->granules, alignment, usable);
    }
    if (granule == LM_NO_RUN)
        goto no_slot;
    huge->granule = granule;
    huge->start = granule_address(granule);
    huge->usable = usable;
    huge->committed = usable;
    huge->touched = usable;
    huge->is_growing = fit == LM_HUGE_GROWING;
    count(usable);
    /* partner: the acquire in find */
    store_release(&zone.map[granule], lm_metadata_index(huge));
    return huge->start;
no_slot:
    if (huge != NULL)
        lm_metadata_give(huge, sizeof *huge);
    return NULL;
}

/* The map's word for p's granule, NULL if p cannot be the start of a block. */
static _Atomic(uint32_t) *word_for(const void *p)
{
    size_t granule = ((uintptr_t)p - lm_window.zone) >> LM_GRANULE_LOG2;
    if ((uintptr_t)p % granule_size != 0 || zone.map == NULL ||
        granule >= load_relaxed(&zone.known))
        return NULL;
    return &zone.map[granule];
}

static struct huge *find(const void *p)
{
    _Atomic(uint32_t) *word = word_for(p);
    /* partner: the release in lm_huge_take */
    uint32_t index = word == NULL ? 0 : load_acquire(word);
    return index == 0 ? NULL : lm_metadata_at(index);
}

bool lm_huge_give(void *p)
{
    _Atomic(uint32_t) *word = word_for(p);
    /* Of two frees that race, one finds the index. */
    uint32_t index = word == NULL ? 0 : exchange_acq_rel(word, 0u);
    if (index == 0)
        return false;
    struct huge *huge = lm_metadata_at(index);
    count(0 - huge->usable);
    if (!keep_warm(huge))
        give_slot(huge);
    return true;
}

bool lm_huge_is_free(const void *p)
{
    size_t granule = ((uintptr_t)p - lm_window.zone) >> LM_GRANULE_LOG2;
    lm_lock_take(&zone.lock);
    bool is_free =
        granule < load_relaxed(&zone.known) && lm_runs_length(&zone.free, granule, 1) != 0;
    for (uint32_t i = 0; i < load_relaxed(&zone.warm_count); i++)
        is_free |= zone.warm[i]->granule == granule;
    lm_lock_give(&zone.lock);
    return is_free;
}

size_t lm_huge_usable(const void *p)
{
    const struct huge *huge = find(p);
    return huge == NULL ? 0 : huge->usable;
}

size_t lm_huge_total(void)
{
    return load_relaxed(&zone.total);
}

static void set_usable(struct huge *huge, size_t usable)
{
    count(usable - huge->usable);
    huge->usable = usable;
    huge->touched = lm_max(huge->touched, usable);
}

/* Of what was just committed, [from, to) of a growing block. */
static void want_huge_pages(struct huge *huge, size_t from, size_t to)
{
    from = lm_max(from, LM_HUGE_PAGES_FROM);
    if (!huge->is_growing || from >= to || lm_options.huge_pages_from == 0)
        return;
    lm_os_want_huge_pages(huge->start + from, to - from, true);
    huge->is_pieced = true;
}

/* Twice what is committed, so that growing by small steps calls the kernel a few times only. */
static bool grow_in_slot(struct huge *huge, size_t usable)
{
    size_t slot = huge->granules << LM_GRANULE_LOG2;
    size_t wanted = lm_min(lm_max(usable, 2 * huge->committed), slot);
    if (usable > slot)
        return false;
    if (usable > huge->committed) {
        if (commit(huge->start, huge->committed, wanted) != LM_OS_MAPPED) {
            wanted = usable;
            if (commit(huge->start, huge->committed, wanted) != LM_OS_MAPPED)
                return false;
        }
        want_huge_pages(huge, huge->committed, wanted);
        huge->committed = wanted;
    }
    set_usable(huge, usable);
    return true;
}

/* Z3: the tail goes back to the kernel, or is cleared if the kernel keeps it. */
static void shrink_in_slot(struct huge *huge, size_t usable)
{
    bool is_zero;
    size_t tail = huge->touched - usable;
    if (tail != 0 && (!lm_os_purge(huge->start + usable, tail, &is_zero) || !is_zero))
        memset(huge->start + usable, 0, tail);
    huge->touched = usable;
    set_usable(huge, usable);
}

/* The first slot of a growing block lasts long, so this is rare. */
static void *copy_to_larger(struct huge *huge, size_t size)
{
    void *to = lm_huge_take(size, lm_os.page_size, LM_HUGE_GROWING);
    if (to == NULL)
        return NULL;
    memcpy(to, huge->start, huge->usable);
    lm_huge_give(huge->start);
    return to;
}

static void *move_in(void *from, size_t from_size, size_t size, bool *is_source_lost)
{
    *is_source_lost = false;
    if (load_relaxed(&zone.slots) >= LM_HUGE_SLOTS)
        return NULL;
    void *to = lm_huge_take(size, lm_os.page_size, LM_HUGE_GROWING);
    if (to == NULL)
        return NULL;
    struct huge *huge = find(to);
    switch (lm_os_move(from, to, from_size)) {
    case LM_OS_SOURCE_LOST:
        *is_source_lost = true;
        break;
    case LM_OS_MOVED:
        break;
    case LM_OS_STAYED:
        memcpy(to, from, from_size);
        break;
    case LM_OS_TARGET_LOST:
        /* The slot's address space may be somebody else's: it is never used again. */
        store_relaxed(word_for(to), 0u);
        return NULL;
    }
    huge->is_pieced = true;
    want_huge_pages(huge, from_size, huge->committed);
    return to;
}

/* A block of `size` bytes in a slot that another growing block left with `warm` bytes at least. NULL: there
 * is none, or it has no room. */
static struct huge *take_over(size_t size, size_t warm)
{
    struct huge *huge = take_warm(warm);
    if (huge == NULL)
        return NULL;
    huge->usable = 0;
    if (!grow_in_slot(huge, whole_pages(size))) {
        give_slot(huge);
        return NULL;
    }
    /* partner: the acquire in find */
    store_release(&zone.map[huge->granule], lm_metadata_index(huge));
    return huge;
}

void *lm_huge_resize(void *p, size_t size)
{
    struct huge *huge = find(p);
    size_t usable = whole_pages(size);
    if (usable <= huge->usable) {
        shrink_in_slot(huge, usable);
        return p;
    }
    if (grow_in_slot(huge, usable))
        return p;
    if (huge->is_pieced)
        return copy_to_larger(huge, size);
    bool is_source_lost;
    void *moved = move_in(p, huge->usable, size, &is_source_lost);
    if (moved != NULL && !is_source_lost)
        lm_huge_give(p);
    return moved;
}

void *lm_huge_move_in(void *from, size_t from_size, size_t size, bool *is_source_lost)
{
    *is_source_lost = false;
    /* Its pages are there: to copy costs less than to fault in anew those that a move takes away. */
    struct huge *huge = take_over(size, from_size);
    if (huge == NULL)
        return move_in(from, from_size, size, is_source_lost);
    memcpy(huge->start, from, from_size);
    return huge->start;
}

void lm_huge_after_fork(void)
{
    if (lm_lock_is_held(&zone.lock) && zone.is_ready) {
        lm_runs_rebuild(&zone.free);
        /* One of them may be somebody's already. */
        store_relaxed(&zone.warm_count, 0u);
        zone.warm_size = 0;
    }
    lm_lock_reset(&zone.lock);
}
