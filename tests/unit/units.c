/* SPDX-License-Identifier: MIT
 *
 * space/units against a shadow of the window: who has each unit, and which may hold old bytes.
 */
#include "unit.h"

#include "os/os.h"
#include "space/bound.h"
#include "space/demand.h"
#include "space/units.h"

enum { SHADOW = 65536, HOLDINGS = 300, STEPS = 6000 };

#define DIRTY_LEAST (LM_DIRTY_LEAST >> lm_unit_log2)
#define DIRTY_MOST  (LM_DIRTY_MOST >> lm_unit_log2)

enum state { BEYOND, CLEAN, DIRTY, HELD };

struct holding {
    size_t first;
    size_t count;
};

static uint64_t seed;
static unsigned char shadow[SHADOW];
/* units that exist */
static size_t known;
static struct holding holdings[HOLDINGS];

/* The window has grown: what is new is clean. */
static void see_growth(void)
{
    size_t committed = lm_units_totals().committed;
    for (; known < committed; known++)
        shadow[known] = CLEAN;
}

static size_t lowest_run(size_t count)
{
    size_t run = 0;
    for (size_t unit = 0; unit < known; unit++) {
        bool is_in = shadow[unit] == DIRTY || shadow[unit] == CLEAN;
        run = is_in ? run + 1 : 0;
        if (run == count)
            return unit + 1 - count;
    }
    return LM_NO_UNIT;
}

static size_t count_state(size_t first, size_t count, enum state state)
{
    size_t sum = 0;
    for (size_t unit = first; unit < first + count; unit++)
        sum += shadow[unit] == state;
    return sum;
}

static size_t aligned_up(size_t unit, size_t alignment)
{
    uintptr_t address = lm_round_up((uintptr_t)lm_unit_address(unit), alignment);
    return (address - lm_window.base) >> lm_unit_log2;
}

static bool hold(struct holding *holding, size_t first, size_t count, size_t dirty)
{
    see_growth();
    UNIT_CHECK(first + count <= known);
    UNIT_CHECK_THAT(count_state(first, count, HELD) == 0, "units [%zu, +%zu) overlap", first,
                    count);
    UNIT_CHECK(dirty == count_state(first, count, DIRTY));
    UNIT_CHECK(dirty != 0 || unit_is_zero(lm_unit_address(first), count << lm_unit_log2));
    memset(shadow + first, HELD, count);
    /* Touch it, so that dirty units really hold something. */
    for (size_t unit = first; unit < first + count; unit++)
        lm_unit_address(unit)[unit % lm_unit_size] = 1;
    *holding = (struct holding){first, count};
    return true;
}

static bool take(struct holding *holding, uint64_t *random)
{
    size_t count = 1 + unit_random_size(random, unit_below(random, 50) == 0 ? 600 : 40);
    size_t alignment = 1;
    if (unit_below(random, 4) == 0)
        alignment = (size_t)1 << unit_below(random, 23);
    size_t spare = alignment <= lm_unit_size ? 0 : (alignment >> lm_unit_log2) - 1;
    size_t expected = lowest_run(count + spare);
    size_t dirty = SIZE_MAX;
    size_t first = lm_units_take(count, alignment, &dirty);
    UNIT_CHECK(first != LM_NO_UNIT && (uintptr_t)lm_unit_address(first) % alignment == 0);
    UNIT_CHECK(expected == LM_NO_UNIT || first == aligned_up(expected, alignment));
    return hold(holding, first, count, dirty);
}

/* Where there is room to grow: the lowest run that long, or one of `count` at the top of the window. */
static size_t lowest_room(size_t count, size_t room)
{
    size_t at_top = 0;
    size_t first = lowest_run(room);
    if (first != LM_NO_UNIT)
        return first;
    while (at_top < lm_min(room, known) && shadow[known - at_top - 1] != HELD)
        at_top++;
    return at_top >= count ? known - at_top : LM_NO_UNIT;
}

static bool take_with_room(struct holding *holding, uint64_t *random)
{
    size_t count = 1 + unit_random_size(random, 40);
    size_t room = count * (1 + unit_below(random, 8));
    size_t dirty = SIZE_MAX;
    size_t first = lm_units_take_roomy(count, room, &dirty);
    UNIT_CHECK(first == lowest_room(count, room));
    return first == LM_NO_UNIT || hold(holding, first, count, dirty);
}

/* The units behind a holding: to be had exactly if they are free. */
static bool take_behind(const struct holding *left, struct holding *holding, uint64_t *random)
{
    size_t first = left->first + left->count;
    size_t count = 1 + unit_below(random, 4);
    size_t dirty = SIZE_MAX;
    bool is_free = true;
    for (size_t unit = first; unit < first + count; unit++)
        is_free &= shadow[unit] != HELD;
    bool is_taken = lm_units_take_at(first, count, &dirty);
    UNIT_CHECK(is_taken == is_free);
    return !is_taken || hold(holding, first, count, dirty);
}

/* What was too much has gone back: the highest. How much is too much is the allocator's business. */
static void see_overflow(void)
{
    size_t dirty = count_state(0, known, DIRTY);
    size_t gone = dirty - lm_min(dirty, lm_units_totals().dirty);
    for (size_t unit = known; unit-- > 0 && gone > 0;) {
        gone -= shadow[unit] == DIRTY;
        shadow[unit] = shadow[unit] == DIRTY ? CLEAN : shadow[unit];
    }
}

static bool give(struct holding *holding)
{
    lm_units_give(holding->first, holding->count);
    memset(shadow + holding->first, DIRTY, holding->count);
    see_overflow();
    UNIT_CHECK(lm_units_is_free(holding->first));
    holding->count = 0;
    return true;
}

static bool purge(void)
{
    size_t dirty = count_state(0, known, DIRTY);
    UNIT_CHECK(lm_units_purge() == dirty << lm_unit_log2);
    for (size_t unit = 0; unit < known; unit++) {
        if (shadow[unit] == DIRTY)
            shadow[unit] = CLEAN;
        if (shadow[unit] == CLEAN)
            UNIT_CHECK(unit_resident_pages(lm_unit_address(unit), lm_unit_size) <= 1);
    }
    return true;
}

static bool totals_agree(void)
{
    struct lm_units_totals totals = lm_units_totals();
    UNIT_CHECK(totals.committed == known);
    UNIT_CHECK(totals.in_use == count_state(0, known, HELD));
    UNIT_CHECK(totals.dirty == count_state(0, known, DIRTY));
    lm_units_verify();
    return true;
}

static bool step_once(uint64_t *random)
{
    struct holding *holding = &holdings[unit_below(random, HOLDINGS)];
    const struct holding *left = &holdings[unit_below(random, HOLDINGS)];
    if (holding->count != 0)
        return give(holding);
    if (unit_below(random, 3) == 0 && left->count != 0)
        return take_behind(left, holding, random);
    if (unit_below(random, 4) == 0)
        return take_with_room(holding, random);
    return take(holding, random);
}

static bool units_are_taken_lowest_first_and_never_twice(void)
{
    uint64_t random = seed;
    see_growth();
    for (int step = 0; step < STEPS; step++) {
        UNIT_CHECK(step_once(&random));
        UNIT_CHECK(known <= SHADOW - 2000);
        if (step % 32 == 0)
            UNIT_CHECK(totals_agree());
        if (step % 1000 == 999)
            UNIT_CHECK(purge() && totals_agree());
    }
    for (size_t i = 0; i < HOLDINGS; i++)
        if (holdings[i].count != 0)
            UNIT_CHECK(give(&holdings[i]));
    UNIT_CHECK(purge() && totals_agree());
    return lm_units_totals().in_use == 0;
}

static void use_for_a_moment(size_t count)
{
    size_t dirty;
    size_t first = lm_units_take(count, 1, &dirty);
    for (size_t unit = first; unit < first + count; unit++)
        lm_unit_address(unit)[0] = 1;
    lm_units_give(first, count);
}

/* The clock is an argument, so this needs no waiting. */
static bool idle_units_go_back_after_two_peak_windows(void)
{
    uint64_t now = lm_os_clock_ms() + 1000000;
    lm_units_tick(now);
    lm_units_tick(now += LM_PEAK_WINDOW_MS);
    size_t count = lm_min(400, DIRTY_LEAST);
    use_for_a_moment(count);
    lm_units_tick(now += LM_PURGE_PERIOD_MS);
    UNIT_CHECK(lm_units_totals().dirty == count);
    uint64_t end = now + 2 * LM_PEAK_WINDOW_MS;
    while (now < end)
        lm_units_tick(now += LM_PURGE_PERIOD_MS);
    UNIT_CHECK_THAT(lm_units_totals().dirty == 0, "%zu units are still dirty",
                    lm_units_totals().dirty);
    return true;
}

static bool units_in_steady_use_are_not_purged(void)
{
    uint64_t now = lm_os_clock_ms() + 2000000;
    size_t purges = 0;
    size_t count = lm_min(400, DIRTY_LEAST);
    for (int tick = 0; tick < 100; tick++) {
        use_for_a_moment(count);
        lm_units_tick(now += LM_PURGE_PERIOD_MS);
        purges += tick > 20 && lm_units_totals().dirty < count;
    }
    UNIT_CHECK_THAT(purges == 0, "%zu purges", purges);
    lm_units_purge();
    return true;
}

/* Six units are free one by one; a run of six finds no room there, and comes and goes. */
static bool a_run_that_finds_no_room_is_kept_beside_what_is_free(void)
{
    uint64_t now = lm_os_clock_ms() + 3000000;
    size_t dirty;
    size_t singles[12];
    /* With pages of 64 KiB so many may not be dirty. */
    if (UNIT_COUNT_OF(singles) > DIRTY_LEAST)
        return true;
    lm_units_purge();
    for (int tick = 0; tick < 20; tick++)
        lm_units_tick(now += LM_PURGE_PERIOD_MS);
    for (size_t i = 0; i < UNIT_COUNT_OF(singles); i++)
        singles[i] = lm_units_take(1, 1, &dirty);
    for (size_t i = 0; i < UNIT_COUNT_OF(singles); i += 2)
        lm_units_give(singles[i], 1);
    size_t purges = 0;
    for (int tick = 0; tick < 4; tick++) {
        use_for_a_moment(6);
        lm_units_tick(now += LM_PURGE_PERIOD_MS);
        purges += lm_units_totals().dirty < 12;
    }
    UNIT_CHECK_THAT(purges == 1, "%zu purges", purges);
    for (size_t i = 1; i < UNIT_COUNT_OF(singles); i += 2)
        lm_units_give(singles[i], 1);
    lm_units_purge();
    return true;
}

static bool what_a_heap_grows_by_is_no_reason_to_keep_what_is_free(void)
{
    struct lm_demand demand = {0};
    uint64_t now = 10 * LM_PEAK_WINDOW_MS;
    lm_demand_note(&demand, 1000, 1000, 0);
    UNIT_CHECK(lm_demand_excess(&demand, 1000, 40, now) == 40);
    lm_demand_note(&demand, 1100, 100, 40);
    UNIT_CHECK(lm_demand_excess(&demand, 1100, 40, now + 1) == 40);
    /* Not either when something did not fit before. */
    lm_demand_note(&demand, 1090, 10, 40);
    UNIT_CHECK(lm_demand_excess(&demand, 1090, 40, now + 2) == 0);
    UNIT_CHECK(lm_demand_excess(&demand, 1100, 50, now + 3) == 20);
    lm_demand_note(&demand, 1120, 20, 50);
    UNIT_CHECK(lm_demand_excess(&demand, 1120, 50, now + 4) == 40);
    /* A look that comes late begins no window. */
    UNIT_CHECK(lm_demand_excess(&demand, 500, 0, now - 1) == 0 && demand.used == 1120);
    return true;
}

static bool a_look_before_its_time_purges_nothing(void)
{
    uint64_t now = lm_os_clock_ms() + 4000000;
    size_t count = lm_min(10, DIRTY_LEAST);
    use_for_a_moment(count);
    lm_units_tick(now);
    lm_units_tick(now + LM_PEAK_WINDOW_MS - 1);
    /* The next window has begun, and they are excess now. */
    lm_units_tick(now + LM_PEAK_WINDOW_MS);
    UNIT_CHECK(lm_units_totals().dirty == count);
    lm_units_tick(now + LM_PEAK_WINDOW_MS - 1 + LM_PURGE_PERIOD_MS);
    return lm_units_totals().dirty == 0;
}

/* Each unit that is given may be the one too many. */
static bool dirty_memory_has_a_bound(void)
{
    size_t dirty;
    size_t count = 2 * DIRTY_MOST;
    size_t first = lm_units_take(count, 1, &dirty);
    for (size_t unit = first; unit < first + count; unit++)
        lm_unit_address(unit)[0] = 1;
    for (size_t given = 1; given <= count; given++) {
        size_t in_use = count - given;
        lm_units_give(first + given - 1, 1);
        UNIT_CHECK(lm_units_totals().dirty <= DIRTY_MOST + in_use / LM_DIRTY_SHARE);
    }
    UNIT_CHECK(lm_units_totals().dirty >= DIRTY_LEAST / 2);
    lm_units_purge();
    return true;
}

/* What goes back and is wanted again at once should not have gone. */
static bool the_bound_of_dirty_memory_learns(void)
{
    UNIT_CHECK(lm_units_init());
    size_t count = 2 * DIRTY_LEAST;
    use_for_a_moment(count);
    size_t kept = lm_units_totals().dirty;
    UNIT_CHECK_THAT(kept <= DIRTY_LEAST, "%zu of %zu units stay dirty at first", kept, count);
    for (int round = 0; round < 20; round++)
        use_for_a_moment(count);
    kept = lm_units_totals().dirty;
    UNIT_CHECK_THAT(kept == count, "%zu of %zu units stay dirty in the end", kept, count);
    return true;
}

/* One large run that comes and goes teaches as much as its units one by one: the second time it is kept. */
static bool a_large_run_teaches_at_once(void)
{
    UNIT_CHECK(lm_units_init());
    size_t count = DIRTY_MOST / 8;
    use_for_a_moment(count);
    UNIT_CHECK(lm_units_totals().dirty <= DIRTY_LEAST);
    use_for_a_moment(count);
    size_t kept = lm_units_totals().dirty;
    UNIT_CHECK_THAT(kept == count, "%zu of %zu units stay dirty", kept, count);
    return true;
}

/* A little that was wanted again says nothing of much more that is taken with it. */
static bool the_bound_learns_no_more_than_went_back(void)
{
    UNIT_CHECK(lm_units_init());
    use_for_a_moment(2 * DIRTY_LEAST);
    use_for_a_moment(DIRTY_MOST / 2);
    size_t kept = lm_units_totals().dirty;
    UNIT_CHECK_THAT(kept <= 3 * DIRTY_LEAST, "%zu units stay dirty", kept);
    return true;
}

/* Two threads look, and the one that read the clock first comes second. */
static bool a_late_look_judges_nothing(void)
{
    struct lm_bound bound = {0};
    lm_bound_init(&bound);
    lm_bound_tick(&bound, 10 * LM_DEMAND_WINDOW_MS);
    lm_bound_overflow(&bound, 4 * DIRTY_LEAST);
    lm_bound_regret(&bound, 4 * DIRTY_LEAST);
    size_t most = bound.most;
    lm_bound_tick(&bound, 10 * LM_DEMAND_WINDOW_MS - 1);
    return most > DIRTY_LEAST && bound.most == most;
}

/* Between any two of its stores. */
static bool a_torn_bound_is_mended(void)
{
    struct lm_bound bound = {0};
    lm_bound_init(&bound);
    bound.regretted = bound.patience + 1;
    bound.enough = bound.most - 1;
    lm_bound_mend(&bound);
    return bound.regretted <= bound.patience && bound.most <= bound.enough;
}

/* Not only while something is dirty: one look after a long rest is enough. */
static bool the_bound_of_dirty_memory_comes_down_by_itself(void)
{
    UNIT_CHECK(lm_units_init());
    size_t count = 2 * DIRTY_LEAST;
    uint64_t now = lm_os_clock_ms();
    lm_units_tick(now);
    for (int round = 0; round < 20; round++)
        use_for_a_moment(count);
    UNIT_CHECK(lm_units_totals().dirty == count);
    lm_units_purge();
    lm_units_tick(now + UINT64_C(60) * LM_DEMAND_WINDOW_MS);
    use_for_a_moment(count);
    size_t kept = lm_units_totals().dirty;
    UNIT_CHECK_THAT(kept <= DIRTY_LEAST, "%zu of %zu units stay dirty after a rest", kept, count);
    return true;
}

static bool without_delay_units_go_back_at_once(void)
{
    lm_options.purge_delay_ms = 0;
    use_for_a_moment(300);
    return lm_units_totals().dirty == 0;
}

static bool more_than_the_window_is_refused(void)
{
    size_t dirty;
    UNIT_CHECK(lm_units_take(lm_window.capacity + 1, 1, &dirty) == LM_NO_UNIT);
    UNIT_CHECK(lm_units_take(SIZE_MAX / 2, 1, &dirty) == LM_NO_UNIT);
    UNIT_CHECK(lm_units_take(1, (size_t)1 << 62, &dirty) == LM_NO_UNIT);
    UNIT_CHECK(!lm_units_take_at(lm_window.capacity, 1, &dirty));
    lm_units_verify();
    return true;
}

/* What a child finds whose parent held the lock while it forked. */
static bool units_are_whole_after_a_fork_in_the_middle(void)
{
    size_t dirty;
    size_t first = lm_units_take(10, 1, &dirty);
    use_for_a_moment(5);
    struct lm_units_totals before = lm_units_totals();
    lm_units_after_fork();
    struct lm_units_totals after = lm_units_totals();
    UNIT_CHECK(before.dirty == after.dirty && before.in_use == after.in_use);
    lm_units_give(first, 10);
    lm_units_verify();
    return true;
}

int main(void)
{
    unit_prepare();
    lm_os_init();
    UNIT_TRUTH_IN_CHILD(the_bound_of_dirty_memory_learns);
    UNIT_TRUTH_IN_CHILD(a_large_run_teaches_at_once);
    UNIT_TRUTH_IN_CHILD(the_bound_learns_no_more_than_went_back);
    UNIT_TRUTH_IN_CHILD(the_bound_of_dirty_memory_comes_down_by_itself);
    if (!lm_units_init())
        tap_bail("no memory to begin with");
    seed = tap_seed();
    UNIT_TRUTH(a_late_look_judges_nothing);
    UNIT_TRUTH(a_torn_bound_is_mended);
    UNIT_TRUTH(units_are_taken_lowest_first_and_never_twice);
    UNIT_TRUTH(idle_units_go_back_after_two_peak_windows);
    UNIT_TRUTH(units_in_steady_use_are_not_purged);
    UNIT_TRUTH(a_run_that_finds_no_room_is_kept_beside_what_is_free);
    UNIT_TRUTH(what_a_heap_grows_by_is_no_reason_to_keep_what_is_free);
    UNIT_TRUTH(a_look_before_its_time_purges_nothing);
    UNIT_TRUTH(dirty_memory_has_a_bound);
    UNIT_TRUTH(more_than_the_window_is_refused);
    UNIT_TRUTH(units_are_whole_after_a_fork_in_the_middle);
    UNIT_TRUTH_IN_CHILD(without_delay_units_go_back_at_once);
    return tap_done();
}
