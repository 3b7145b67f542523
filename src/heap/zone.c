/* SPDX-License-Identifier: MIT
 *
 * heap/zone.c - see heap/zone.h.
 */
#include "heap/zone.h"

#include "base/bits.h"
#include "os/lock.h"
#include "space/runs.h"
#include "space/units.h"

#include <string.h>

static struct {
    /* rank HUGE */
    struct lm_lock lock;
    /* [l] granules without a slot */
    struct lm_runs free;
    /* [c] after the first use: a word per granule */
    _Atomic(uint32_t) *map;
    struct lm_area map_area;
    /* [a] granules known to `free` and the map so far; relaxed: grows under the lock, and whoever
     * holds a block's pointer got it after its granule was known */
    _Atomic(size_t) known;
    /* [a] relaxed: the limit that it is compared with need not be exact */
    _Atomic(size_t) slots;
    /* [l] */
    bool is_ready;
} zone = {.lock = LM_LOCK_OF(LM_RANK_HUGE)};

static size_t zone_granules(void)
{
    return lm_window.zone_size >> LM_GRANULE_LOG2;
}

char *lm_zone_address(size_t granule)
{
    return (char *)(lm_window.zone + (granule << LM_GRANULE_LOG2)); // NOLINT
}

static void prepare_locked(void)
{
    if (zone.is_ready)
        return;
    const struct lm_area *area = &lm_units_areas.huge;
    size_t map_size = lm_round_up(zone_granules() * sizeof(uint32_t), lm_os.page_size);
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
    size_t spare = alignment <= LM_GRANULE_SIZE ? 0 : (alignment >> LM_GRANULE_LOG2) - 1;
    size_t granule;
    lm_lock_take(&zone.lock);
    prepare_locked();
    granule = lm_runs_find(&zone.free, count + spare);
    if (granule == LM_NO_RUN && extend_locked(count + spare))
        granule = lm_runs_find(&zone.free, count + spare);
    if (granule != LM_NO_RUN) {
        uintptr_t address = lm_round_up((uintptr_t)lm_zone_address(granule), alignment);
        granule = (address - lm_window.zone) >> LM_GRANULE_LOG2;
        lm_runs_drop(&zone.free, granule, count);
        add_relaxed(&zone.slots, 1u);
    }
    lm_lock_give(&zone.lock);
    return granule;
}

void lm_zone_give(size_t granule, size_t granules)
{
    lm_lock_take(&zone.lock);
    lm_runs_put(&zone.free, granule, granules);
    sub_relaxed(&zone.slots, 1u);
    lm_lock_give(&zone.lock);
}

size_t lm_zone_slots(void)
{
    return load_relaxed(&zone.slots);
}

enum lm_os_map lm_zone_commit(char *start, size_t from, size_t to)
{
    if (from == to)
        return LM_OS_MAPPED;
    if (lm_window.is_virtual)
        return lm_os_map_at(start + from, to - from);
    return lm_os_commit(start + from, to - from) ? LM_OS_MAPPED : LM_OS_REFUSED;
}

void lm_zone_decommit(char *start, size_t size)
{
    bool is_zero;
    if (lm_window.is_virtual)
        lm_os_unmap(start, size);
    else if (!lm_os_decommit(start, size) && (!lm_os_purge(start, size, &is_zero) || !is_zero))
        memset(start, 0, size);
}

/* Space that somebody else occupies in a virtual zone is left out for good. */
size_t lm_zone_take(size_t granules, size_t alignment, size_t size)
{
    for (int tries = 0; tries < 64; tries++) {
        size_t granule = take_granules(granules, alignment);
        if (granule == LM_NO_RUN)
            return LM_NO_SLOT;
        enum lm_os_map result = lm_zone_commit(lm_zone_address(granule), 0, size);
        if (result == LM_OS_MAPPED)
            return granule;
        if (result == LM_OS_REFUSED) {
            lm_zone_give(granule, granules);
            return LM_NO_SLOT;
        }
        sub_relaxed(&zone.slots, 1u);
    }
    return LM_NO_SLOT;
}

_Atomic(uint32_t) *lm_zone_word(const void *p)
{
    size_t granule = ((uintptr_t)p - lm_window.zone) >> LM_GRANULE_LOG2;
    if ((uintptr_t)p % LM_GRANULE_SIZE != 0 || zone.map == NULL ||
        granule >= load_relaxed(&zone.known))
        return NULL;
    return &zone.map[granule];
}

bool lm_zone_is_free(const void *p)
{
    size_t granule = ((uintptr_t)p - lm_window.zone) >> LM_GRANULE_LOG2;
    lm_lock_take(&zone.lock);
    bool is_free =
        granule < load_relaxed(&zone.known) && lm_runs_length(&zone.free, granule, 1) != 0;
    lm_lock_give(&zone.lock);
    return is_free;
}

void lm_zone_after_fork(void)
{
    if (lm_lock_is_held(&zone.lock) && zone.is_ready)
        lm_runs_rebuild(&zone.free);
    lm_lock_reset(&zone.lock);
}
