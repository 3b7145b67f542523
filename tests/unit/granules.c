/* SPDX-License-Identifier: MIT
 *
 * space/granules, space/window: huge pages for a large heap that grows, whatever the kernel's setting, and for large
 * blocks if that gives them to everybody.
 */
#include "unit.h"

#include "tests/smaps.h"

#include "os/os.h"
#include "space/granules.h"
#include "space/units.h"

enum { GRANULE = 1 << LM_GRANULE_LOG2 };

#define GRANULE_UNITS ((size_t)GRANULE >> lm_unit_log2)

struct around {
    /* bytes of huge pages */
    size_t huge;
    /* a huge page is wanted somewhere, and not wanted everywhere */
    bool is_wish;
    bool is_refusal;
};

/* What is in the mappings that reach into [start, end). */
static struct around look_around(uintptr_t start, uintptr_t end)
{
    struct around around = {.is_refusal = true};
    struct smaps maps;
    unsigned long kib;
    smaps_open(&maps);
    while (smaps_next(&maps)) {
        if (maps.from >= end || maps.to <= start)
            continue;
        if (sscanf(maps.line, "AnonHugePages: %lu", &kib) == 1)
            around.huge += kib * 1024;
        if (strncmp(maps.line, "VmFlags:", 8) != 0)
            continue;
        around.is_wish |= strstr(maps.line, " hg") != NULL;
        around.is_refusal &= strstr(maps.line, " nh") != NULL;
    }
    smaps_close(&maps);
    return around;
}

static size_t huge_in_window(void)
{
    return look_around(lm_window.base, lm_window.zone).huge;
}

/* Does this kernel have any? *to_all: for those, too, who do not ask. */
static bool are_given(bool *to_all)
{
    size_t size = 3 * (size_t)GRANULE;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        tap_bail("mmap: %s", strerror(errno));
    char *first = memory + (GRANULE - (uintptr_t)memory % GRANULE) % GRANULE;
    char *second = first + GRANULE;
    uintptr_t from = (uintptr_t)memory;
    *first = 1;
    *to_all = look_around(from, from + size).huge != 0;
    madvise(second, GRANULE, MADV_HUGEPAGE);
    *second = 1;
    bool is_there = look_around(from, from + size).huge != 0;
    munmap(memory, size);
    return is_there;
}

static void begin(size_t huge_pages_from)
{
    lm_options.huge_pages_from = huge_pages_from;
    if (unit_is_thread_sanitized)
        lm_options.window = 8 * LM_GIB;
    lm_os_init();
    if (!lm_units_init())
        tap_bail("no memory to begin with");
}

/* Takes `granules` of memory in runs of `count` units, the lowest ones, and writes to each run once. False
 * unless all is clean and reads as zero. */
static bool take_granules(size_t granules, size_t count)
{
    for (size_t run = 0; run < granules * GRANULE_UNITS / count; run++) {
        size_t dirty;
        size_t first = lm_units_take(count, 1, &dirty);
        UNIT_CHECK(first == run * count);
        UNIT_CHECK(dirty == 0);
        UNIT_CHECK(unit_is_zero(lm_unit_address(first), lm_unit_size));
        memset(lm_unit_address(first), 1, lm_unit_size);
    }
    return true;
}

static bool a_large_heap_that_grows_gets_huge_pages(void)
{
    begin(12 * (size_t)GRANULE);
    UNIT_CHECK(take_granules(12, 1));
    UNIT_CHECK(huge_in_window() == 0);
    size_t dirty;
    UNIT_CHECK(lm_units_take(1, 1, &dirty) == 12 * GRANULE_UNITS);
    UNIT_CHECK(huge_in_window() == GRANULE);
    return true;
}

static bool none_are_asked_for_if_that_is_said(void)
{
    begin(0);
    UNIT_CHECK(take_granules(16, 1));
    UNIT_CHECK(huge_in_window() == 0);
    return true;
}

static bool large_blocks_get_none(void)
{
    begin(GRANULE);
    UNIT_CHECK(take_granules(16, 2 * GRANULE_UNITS));
    UNIT_CHECK(huge_in_window() == 0);
    UNIT_CHECK(unit_resident_pages((void *)lm_window.base, 16 * (size_t)GRANULE) == // NOLINT
               8 * lm_unit_size / UNIT_PAGE);
    return true;
}

/* Or khugepaged would make whole pages of what was purged in part. */
static bool no_wish_stays_behind(void)
{
    begin(GRANULE);
    UNIT_CHECK(take_granules(16, 1));
    UNIT_CHECK(huge_in_window() != 0);
    UNIT_CHECK(!look_around(lm_window.base, lm_window.zone).is_wish);
    return true;
}

static bool what_was_purged_comes_back_in_small_pages(void)
{
    begin(GRANULE);
    UNIT_CHECK(take_granules(16, 1));
    UNIT_CHECK(huge_in_window() != 0);
    for (size_t unit = 0; unit < 16 * GRANULE_UNITS; unit++)
        lm_units_give(unit, 1);
    lm_units_purge();
    /* The first purge looks whether what it purged reads as zero. */
    UNIT_CHECK(unit_resident_pages((void *)lm_window.base, 16 * (size_t)GRANULE) <= 1); // NOLINT
    UNIT_CHECK(take_granules(16, 1));
    UNIT_CHECK(huge_in_window() == 0);
    return true;
}

static bool large_blocks_get_what_all_get(void)
{
    size_t dirty;
    begin(0);
    UNIT_CHECK(take_granules(1, 1));
    UNIT_CHECK(huge_in_window() == 0);
    size_t first = lm_units_take(4 * GRANULE_UNITS, 1, &dirty);
    UNIT_CHECK(first != LM_NO_UNIT);
    *lm_unit_address(first) = 1;
    return huge_in_window() == GRANULE;
}

/* Whether that is one mapping or more: a range of several cannot be moved. */
static bool a_large_block_is_of_one_kind(void)
{
    size_t dirty;
    size_t count = 3 * GRANULE_UNITS + 1;
    begin(0);
    for (size_t unit = 0; unit < 5; unit++)
        UNIT_CHECK(lm_units_take(1, 1, &dirty) == unit);
    size_t first = lm_units_take(count, 1, &dirty);
    UNIT_CHECK(first == GRANULE_UNITS);
    size_t next = lm_units_take(GRANULE_UNITS, 1, &dirty);
    UNIT_CHECK(next == first + count);
    UNIT_CHECK(lm_window_is_alike(0, first));
    UNIT_CHECK(lm_window_is_alike(first, count));
    UNIT_CHECK(lm_window_is_alike(first + 1, 1));
    UNIT_CHECK(lm_window_is_alike(next, GRANULE_UNITS));
    UNIT_CHECK(!lm_window_is_alike(first - 1, 2));
    UNIT_CHECK(!lm_window_is_alike(next - 1, 2));
    UNIT_CHECK(!lm_window_is_alike(0, next + 1));
    uintptr_t start = (uintptr_t)lm_unit_address(first);
    uintptr_t end = (uintptr_t)lm_unit_address(next);
    UNIT_CHECK(look_around(lm_window.base, start).is_refusal);
    UNIT_CHECK(!look_around(start, end).is_refusal);
    UNIT_CHECK(look_around(end, end + GRANULE).is_refusal);
    return true;
}

/* There are not many such pieces, and what comes later lies among the others. */
static bool every_large_block_is_of_one_kind(void)
{
    size_t dirty;
    size_t apart;
    size_t count = 2 * GRANULE_UNITS + 1;
    begin(0);
    for (size_t i = 0; i < 2 * (size_t)LM_APART_MOST; i++)
        UNIT_CHECK(lm_window_is_alike(lm_units_take(count, 1, &dirty), count));
    for (size_t i = 0; lm_window_grow_apart(count, &apart) != 0; i++)
        UNIT_CHECK(i < LM_APART_MOST);
    size_t last = lm_units_take(count, 1, &dirty);
    UNIT_CHECK(last != LM_NO_UNIT);
    return lm_window_is_alike(last, count);
}

/* Eight granules of one block, which begin with a granule. */
static char *take_block(void)
{
    size_t dirty;
    size_t first = lm_units_take(8 * GRANULE_UNITS, GRANULE, &dirty);
    return first == LM_NO_UNIT ? NULL : lm_unit_address(first);
}

static struct around look_at(const char *start, size_t granules)
{
    return look_around((uintptr_t)start, (uintptr_t)start + granules * GRANULE);
}

/* Whether the kernel was quick is not for a test to say; but what follows from it is. */
static bool a_growing_block_gets_huge_pages_as_long_as_they_are_quick(void)
{
    begin(12 * (size_t)GRANULE);
    char *block = take_block();
    UNIT_CHECK(block != NULL);
    lm_granules_want(block, block + 4 * (size_t)GRANULE);
    UNIT_CHECK(look_at(block, 1).huge == GRANULE);
    UNIT_CHECK(unit_resident_pages(block, 8 * (size_t)GRANULE) == GRANULE / UNIT_PAGE);
    bool was_quick = look_at(block + GRANULE, 1).is_wish;
    lm_granules_want(block + 4 * (size_t)GRANULE, block + 8 * (size_t)GRANULE);
    size_t asked = unit_resident_pages(block + 4 * (size_t)GRANULE, 4 * (size_t)GRANULE);
    UNIT_CHECK(asked == (was_quick ? GRANULE / UNIT_PAGE : 0));
    return true;
}

enum needs { NOTHING, ANY, ASKED_FOR, UNASKED };

int main(void)
{
    struct {
        bool (*holds)(void);
        const char *truth;
        enum needs needs;
    } truths[] = {
        {a_large_heap_that_grows_gets_huge_pages, "a_large_heap_that_grows_gets_huge_pages", ANY},
        {none_are_asked_for_if_that_is_said, "none_are_asked_for_if_that_is_said", ANY},
        {large_blocks_get_none, "large_blocks_get_none", ASKED_FOR},
        {large_blocks_get_what_all_get, "large_blocks_get_what_all_get", UNASKED},
        {a_large_block_is_of_one_kind, "a_large_block_is_of_one_kind", ANY},
        {every_large_block_is_of_one_kind, "every_large_block_is_of_one_kind", NOTHING},
        {no_wish_stays_behind, "no_wish_stays_behind", ANY},
        {what_was_purged_comes_back_in_small_pages, "what_was_purged_comes_back_in_small_pages",
         ANY},
        {a_growing_block_gets_huge_pages_as_long_as_they_are_quick,
         "a_growing_block_gets_huge_pages_as_long_as_they_are_quick", ANY},
    };
    bool to_all = false;
    bool is_possible = are_given(&to_all);
    for (size_t i = 0; i < UNIT_COUNT_OF(truths); i++) {
        bool is_right = truths[i].needs == ANY || to_all == (truths[i].needs == UNASKED);
        if (truths[i].needs == NOTHING || (is_possible && is_right))
            tap_ok(unit_in_child(truths[i].holds), "%s", truths[i].truth);
        else
            tap_skip(truths[i].truth, "this kernel gives no huge pages, or not to those concerned");
    }
    return tap_done();
}
