/* SPDX-License-Identifier: MIT
 *
 * space/window.c - see space/window.h.
 */
#include "space/window.h"

#include "base/bits.h"
#include "base/options.h"
#include "os/limits.h"
#include "os/os.h"
#include "space/metadata.h"
#include "space/runs.h"

struct lm_window lm_window;
_Atomic(size_t) lm_window_units;

/* Of lm_window_grow_apart: [l] space lock to write; [a] those below the count are there for good */
static struct lm_run apart_pieces[LM_APART_MOST];
static _Atomic(size_t) apart_count;

static struct lm_area map_area;
static struct lm_area detail_area;

static char name_of_metadata[] LM_NEAR = "libmalloc:metadata";
static char name_of_heap[] LM_NEAR = "libmalloc:heap";

enum { FIRST_CONTROLS_SIZE = LM_CONTROLS_FIRST * LM_CACHE_LINE };

#define ADDRESSES_LEAST ((uintptr_t)1 << 39)

/* What one reservation holds, in bytes; every part is a multiple of the page size. */
struct layout {
    size_t detail;
    size_t map;
    size_t runs;
    size_t marks;
    size_t huge;
    size_t metadata;
    size_t index;
    size_t controls;
    size_t guard;
    size_t units;
    size_t zone;
    size_t alignment;
};

static size_t whole_pages(size_t size)
{
    return lm_round_up(size, lm_os.page_size);
}

/* Half of the window is for units, half for the huge zone. */
static struct layout lay_out(size_t window)
{
    struct layout layout;
    layout.units = window / 2;
    layout.zone = window - layout.units;
    size_t units = layout.units >> lm_unit_log2;
    size_t granules = layout.zone >> LM_GRANULE_LOG2;
    layout.detail = whole_pages(units * sizeof(uint32_t));
    layout.map = layout.detail + lm_os.page_size;
    layout.runs = whole_pages(lm_runs_footprint(units));
    layout.marks = whole_pages(lm_round_up(units, LM_RUN_BLOCK) / 8);
    layout.huge = whole_pages(granules * sizeof(uint32_t) + lm_runs_footprint(granules) +
                              2 * lm_os.page_size);
    layout.metadata = whole_pages(
        lm_min(layout.units / LM_METADATA_SHARE + 16 * LM_METADATA_STEP, LM_METADATA_MOST));
    layout.controls = whole_pages(lm_min(units, LM_HEAPS_MOST) * LM_CACHE_LINE);
    layout.index = whole_pages(lm_metadata_index_footprint(layout.metadata));
    layout.guard = whole_pages(LM_METADATA_STEP);
    layout.alignment = window >= 64 * LM_GIB ? LM_GIB : LM_GRANULE_SIZE;
    return layout;
}

static size_t bookkeeping_size(const struct layout *layout)
{
    return layout->detail + layout->map + layout->runs + layout->marks + layout->huge +
           layout->index + layout->controls + layout->metadata + 2 * layout->guard;
}

static char *carve(struct lm_area *area, char *at, size_t size)
{
    area->base = at;
    area->reserved = size;
    area->committed = 0;
    return at + size;
}

/* Detail and map begin in the same page, the controls between them. */
static void meet(char *page)
{
    char *map = page + lm_os.page_size / 2;
    char *controls = map - FIRST_CONTROLS_SIZE;
    lm_window.map = (_Atomic(uint32_t) *)(void *)map;
    lm_window.first_controls = controls;
    lm_window.detail = (_Atomic(uint32_t) *)(void *)controls - 1;
}

static void carve_all(struct lm_window_areas *areas, const struct layout *layout, char *at)
{
    at += layout->detail;
    detail_area = (struct lm_area){.base = at, .reserved = layout->detail, .grows_down = true};
    at = carve(&map_area, at, layout->map);
    at = carve(&areas->free, at, layout->runs);
    at = carve(&areas->dirty, at, layout->marks);
    at = carve(&areas->huge, at, layout->huge);
    at = carve(&areas->index, at, layout->index);
    at = carve(&areas->controls, at, layout->controls);
    at = carve(&areas->metadata, at + layout->guard, layout->metadata);
    meet(map_area.base);
    lm_window.capacity = layout->units >> lm_unit_log2;
    lm_window.zone = lm_window.base + layout->units;
    lm_window.zone_size = layout->zone;
}

static bool reserve_all(struct lm_window_areas *areas, size_t window)
{
    struct layout layout = lay_out(window);
    size_t bookkeeping = bookkeeping_size(&layout);
    size_t total = bookkeeping + window + layout.alignment;
    char *memory = lm_os_reserve(total);
    if (memory == NULL)
        return false;
    lm_window.base = lm_round_up((uintptr_t)memory + bookkeeping, layout.alignment);
    lm_window.reserved = total;
    carve_all(areas, &layout, (char *)lm_window.base - bookkeeping);
    if (lm_os_name(memory, lm_window.base - (uintptr_t)memory, name_of_metadata))
        lm_os_name((void *)lm_window.base, layout.units, name_of_heap); // NOLINT
    return true;
}

/* Only the bookkeeping is reserved; `size` is as much as the process may ever use. The window's
 * numbers lie far from the place where the kernel puts mappings, below it if there is room: a
 * limited process cannot fill the space between. */
static bool reserve_bookkeeping(struct lm_window_areas *areas, size_t size)
{
    struct layout layout = lay_out(2 * lm_round_up(size, LM_GRANULE_SIZE));
    size_t bookkeeping = bookkeeping_size(&layout);
    uintptr_t hint = lm_os_mapping_hint();
    size_t distance = 6 * layout.units;
    uintptr_t base =
        lm_round_up(hint > 8 * layout.units ? hint - distance : hint + distance, layout.alignment);
    /* The smallest address space there is (aarch64) has 39 bits. */
    bool is_beyond = hint < ADDRESSES_LEAST && base + 2 * layout.units > ADDRESSES_LEAST;
    char *memory = is_beyond ? NULL : lm_os_reserve(bookkeeping);
    if (memory == NULL)
        return false;
    lm_window.base = base;
    lm_window.is_virtual = true;
    lm_window.reserved = bookkeeping;
    carve_all(areas, &layout, memory);
    lm_os_name(memory, bookkeeping, name_of_metadata);
    return true;
}

bool lm_window_init(struct lm_window_areas *areas)
{
    lm_window.unit_log2 = (unsigned)lm_max(LM_UNIT_LOG2, lm_os.page_log2);
    size_t granules = (size_t)2 << LM_GRANULE_LOG2;
    size_t limit = lm_os_address_limit();
    lm_window.address_limit = limit;
    size_t wanted = lm_options.window != 0 ? lm_options.window : LM_WINDOW_DEFAULT;
    /* A reserved window cannot grow, so a small one is taken only if it was asked for. */
    if (wanted <= limit / LM_WINDOW_LIMIT_SHARE) {
        size_t least = lm_min(wanted, LM_WINDOW_LEAST);
        for (size_t window = wanted; window >= least; window /= 2)
            if (reserve_all(areas, lm_round_up(window, granules)))
                return true;
    }
    for (size_t size = lm_min(limit, LM_WINDOW_VIRTUAL); size >= granules; size /= 2)
        if (reserve_bookkeeping(areas, size))
            return true;
    return false;
}

static bool extend_maps(size_t units)
{
    size_t size = units * sizeof(uint32_t);
    size_t in_page = lm_os.page_size / 2 - FIRST_CONTROLS_SIZE;
    return lm_area_extend(&map_area, lm_os.page_size / 2 + size) &&
           lm_area_extend(&detail_area, size > in_page ? size - in_page : 0);
}

bool lm_window_begin(void)
{
    return extend_maps(1);
}

/* Maps [from, from + count) in a virtual window; units that belong to somebody else are tagged and
 * skipped, *from moves behind them. */
static bool map_piece(size_t *from, size_t count)
{
    while (*from + count <= lm_window.capacity) {
        if (!extend_maps(*from + count))
            return false;
        enum lm_os_map result = lm_os_map_at(lm_unit_address(*from), count << lm_unit_log2);
        if (result == LM_OS_REFUSED)
            return false;
        /* What was taken in an earlier try may be free by now. */
        uint32_t tag = result == LM_OS_MAPPED ? LM_TAG_FREE : LM_TAG_TAKEN;
        for (size_t unit = *from; unit < *from + count; unit++)
            store_relaxed(&lm_window.map[unit], tag);
        if (result == LM_OS_MAPPED)
            return true;
        *from += count;
    }
    return false;
}

static bool commit_piece(size_t *from, size_t count)
{
    if (*from + count > lm_window.capacity || !extend_maps(*from + count))
        return false;
    if (lm_window.is_virtual)
        return map_piece(from, count);
    return lm_os_commit(lm_unit_address(*from), count << lm_unit_log2);
}

static size_t grow(size_t count, size_t *first)
{
    size_t committed = load_relaxed(&lm_window_units);
    size_t step = lm_min(lm_max(committed / LM_COMMIT_SHARE, LM_COMMIT_FIRST >> lm_unit_log2),
                         LM_COMMIT_MOST >> lm_unit_log2);
    size_t wanted = lm_max(count, step);
    size_t granule = lm_granule_units();
    if (committed >= granule * LM_COMMIT_SHARE)
        wanted = lm_round_up(committed + wanted, granule) - committed;
    size_t from = committed;
    bool is_done = commit_piece(&from, wanted);
    if (!is_done && wanted > count) {
        wanted = count;
        is_done = commit_piece(&from, wanted);
    }
    if (!is_done)
        return 0;
    *first = from;
    store_relaxed(&lm_window_units, from + wanted);
    return wanted;
}

static void keep_pages_small(size_t first, size_t end)
{
    if (first != end)
        lm_os_want_huge_pages(lm_unit_address(first), (end - first) << lm_unit_log2, false);
}

size_t lm_window_grow(size_t count, size_t *first)
{
    size_t added = grow(count, first);
    if (added != 0)
        keep_pages_small(*first, *first + added);
    return added;
}

size_t lm_window_grow_apart(size_t count, size_t *apart)
{
    size_t first = load_relaxed(&lm_window_units);
    size_t from = lm_round_up(first, lm_granule_units());
    size_t pieces = load_relaxed(&apart_count);
    if (lm_window.is_virtual || pieces == LM_APART_MOST)
        return 0;
    size_t added = grow(from - first + count, &first);
    if (added == 0)
        return 0;
    keep_pages_small(first, from);
    keep_pages_small(from + count, first + added);
    apart_pieces[pieces] = (struct lm_run){from, count};
    /* partner: the acquire below */
    store_release(&apart_count, pieces + 1);
    *apart = from;
    return added;
}

bool lm_window_is_alike(size_t first, size_t count)
{
    /* partner: the release above */
    size_t pieces = load_acquire(&apart_count);
    for (size_t i = 0; i < pieces; i++) {
        size_t from = apart_pieces[i].first;
        size_t end = from + apart_pieces[i].count;
        if (first < end && first + count > from)
            return first >= from && first + count <= end;
    }
    return true;
}

size_t lm_window_memory_limit(void)
{
    size_t limit = lm_min(lm_window.address_limit, lm_os_data_limit());
    if (lm_options.memory_limit != 0)
        limit = lm_min(limit, lm_options.memory_limit);
    if (lm_options.cgroup_limit)
        limit = lm_min(limit, lm_os_cgroup_limit("/proc/self/cgroup", "/sys/fs/cgroup"));
    return limit;
}
