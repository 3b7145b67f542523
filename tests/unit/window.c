/* SPDX-License-Identifier: MIT
 *
 * space/window: one reservation, committed from its low end.
 */
#include "unit.h"

#include "heap/huge.h"
#include "os/os.h"
#include "space/units.h"

static struct lm_window_areas areas;

static bool the_window_is_reserved_and_aligned(void)
{
    size_t alignment = (size_t)1 << LM_GRANULE_LOG2;
    UNIT_CHECK(!lm_window.is_virtual && lm_window.base % alignment == 0);
    UNIT_CHECK(lm_window.zone % alignment == 0 && lm_window.zone_size % alignment == 0);
    UNIT_CHECK(lm_window.zone == lm_window.base + (lm_window.capacity << lm_unit_log2));
    UNIT_CHECK(lm_window.zone + lm_window.zone_size <= lm_window.base + lm_window.reserved);
    return lm_window_units == 0;
}

static bool areas_do_not_overlap(void)
{
    const struct lm_area *list[] = {&areas.free, &areas.dirty, &areas.huge, &areas.metadata};
    for (size_t i = 0; i < UNIT_COUNT_OF(list); i++) {
        UNIT_CHECK((uintptr_t)list[i]->base % UNIT_PAGE == 0 && list[i]->reserved % UNIT_PAGE == 0);
        UNIT_CHECK((uintptr_t)list[i]->base + list[i]->reserved <= lm_window.base);
        UNIT_CHECK(i == 0 || list[i]->base >= list[i - 1]->base + list[i - 1]->reserved);
    }
    return true;
}

/* W1, and steps that grow with what is committed. */
static bool growth_joins_what_is_there(void)
{
    size_t calls = 0;
    for (size_t units = 0; units < 16384; calls++) {
        size_t first = 0;
        size_t added = lm_window_grow(1, &first);
        UNIT_CHECK(added >= 1 && first == units);
        units += added;
        UNIT_CHECK(lm_window_units == units);
        char *start = lm_unit_address(first);
        UNIT_CHECK(unit_is_zero(start, lm_unit_size) && lm_unit_tag(units - 1) == LM_TAG_FREE);
        start[(added << lm_unit_log2) - 1] = 1;
    }
    UNIT_CHECK_THAT(lm_torture || calls < 60, "%zu calls to 256 MiB", calls);
    return true;
}

static bool a_large_growth_comes_in_one_piece(void)
{
    size_t first;
    size_t before = lm_window_units;
    size_t added = lm_window_grow(20000, &first);
    return added >= 20000 && first == before && lm_window_units == before + added;
}

static bool beyond_the_committed_units_is_a_fault(void)
{
    return unit_is_sanitized || unit_faults(lm_unit_address(lm_window_units));
}

static bool more_than_the_capacity_is_refused(void)
{
    size_t first;
    size_t before = lm_window_units;
    UNIT_CHECK(lm_window_grow(lm_window.capacity, &first) == 0);
    UNIT_CHECK(lm_window_grow(lm_window.capacity - before + 1, &first) == 0);
    return lm_window_units == before;
}

static bool addresses_and_units_convert(void)
{
    for (size_t unit = 0; unit < 5000; unit += 7) {
        UNIT_CHECK(lm_unit_of(lm_unit_address(unit)) == unit);
        UNIT_CHECK(lm_unit_of(lm_unit_address(unit) + lm_unit_size - 1) == unit);
    }
    UNIT_CHECK(lm_unit_of(NULL) >= lm_window.capacity);
    UNIT_CHECK(lm_unit_of((char *)lm_window.base - 1) >= lm_window.capacity); // NOLINT
    UNIT_CHECK(lm_units_for(1) == 1 && lm_units_for(lm_unit_size) == 1);
    return lm_units_for(lm_unit_size + 1) == 2;
}

static bool the_window_can_be_filled_to_its_last_unit(void)
{
    size_t first;
    size_t left = lm_window.capacity - lm_window_units;
    if (unit_is_sanitized)
        return true;
    UNIT_CHECK(lm_window_grow(left, &first) == left && lm_window_units == lm_window.capacity);
    lm_unit_address(lm_window.capacity - 1)[lm_unit_size - 1] = 1;
    return lm_window_grow(1, &first) == 0;
}

/* Through the front door: a small window gives the half that is for units, then NULL, then again.
 */
static bool a_small_window_can_be_used_up(void)
{
    lm_options.window = 64 * LM_MIB;
    UNIT_CHECK(lm_core_init());
    for (int round = 0; round < 3; round++) {
        size_t count = 0;
        void *blocks[2048];
        while (count < 2048 && (blocks[count] = lm_malloc(50000)) != NULL)
            count++;
        size_t size = count * lm_round_up(50000, lm_unit_size);
        UNIT_CHECK_THAT(size >= 32 * LM_MIB, "%zu bytes are all", size);
        UNIT_CHECK(count < 2048);
        while (count > 0)
            lm_free(blocks[--count]);
    }
    return true;
}

static bool open_window(void)
{
    lm_options.window = 4 * LM_GIB;
    return lm_window_init(&areas);
}

int main(void)
{
    UNIT_TRUTH_IN_CHILD(a_small_window_can_be_used_up);
    lm_os_init();
    if (!open_window())
        tap_bail("no address space");
    UNIT_TRUTH(the_window_is_reserved_and_aligned);
    UNIT_TRUTH(areas_do_not_overlap);
    UNIT_TRUTH(growth_joins_what_is_there);
    UNIT_TRUTH(a_large_growth_comes_in_one_piece);
    UNIT_TRUTH(beyond_the_committed_units_is_a_fault);
    UNIT_TRUTH(more_than_the_capacity_is_refused);
    UNIT_TRUTH(addresses_and_units_convert);
    UNIT_TRUTH(the_window_can_be_filled_to_its_last_unit);
    return tap_done();
}
