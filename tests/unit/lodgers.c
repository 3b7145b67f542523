/* SPDX-License-Identifier: MIT
 *
 * heap/hosts: blocks in slots of a larger class from which blocks are only freed.
 */
#include "unit.h"

#include "heap/owner.h"

enum { HOSTS = 40000, LODGERS = 20000, BIG = 400, SMALL = 150, KEEP = 4 };

static void *hosts[HOSTS];
static void *lodgers[LODGERS];

static void take_hosts(void)
{
    for (int i = 0; i < HOSTS; i++)
        unit_fill(hosts[i] = lm_malloc(BIG), BIG, (uint64_t)i);
    for (int i = 0; i < HOSTS; i++)
        if (i % KEEP != 0)
            lm_free(hosts[i]);
}

static void take_lodgers(void)
{
    for (int i = 0; i < LODGERS; i++)
        unit_fill(lodgers[i] = lm_malloc(SMALL), SMALL, (uint64_t)i);
}

/* How many of them lie in slabs of larger classes. */
static int count_lodgers(void)
{
    int count = 0;
    for (int i = 0; i < LODGERS; i++)
        count +=
            (lm_unit_tag(lm_unit_of(lodgers[i])) & UINT8_MAX) > lm_class_upper(lm_class_for(SMALL));
    return count;
}

static bool all_are_whole(void)
{
    for (int i = 0; i < LODGERS; i++)
        UNIT_CHECK(unit_is_filled(lodgers[i], SMALL, (uint64_t)i) &&
                   lm_usable_size(lodgers[i]) >= SMALL &&
                   lm_usable_size(lodgers[i]) <= LM_LODGER_WASTE * (size_t)(SMALL + SMALL / 4));
    for (int i = 0; i < HOSTS; i += KEEP)
        UNIT_CHECK(unit_is_filled(hosts[i], BIG, (uint64_t)i));
    return true;
}

static void *free_lodgers(void *unused)
{
    for (int i = 0; i < LODGERS; i++)
        lm_free(lodgers[i]);
    return unused;
}

static void *free_hosts(void *unused)
{
    for (int i = 0; i < HOSTS; i += KEEP)
        lm_free(hosts[i]);
    return unused;
}

static bool nothing_is_left(void)
{
    lm_trim();
    UNIT_CHECK_THAT(lm_units_totals().in_use == 0, "%zu units in use", lm_units_totals().in_use);
    return lm_thread.heap->sweep.slab_size == 0 && lm_thread.heap->sweep.used_size == 0 &&
           lm_thread.heap->sweep.spent_size == 0;
}

static bool smaller_blocks_lodge_where_larger_ones_were_freed(void)
{
    take_hosts();
    size_t before = lm_units_totals().in_use;
    take_lodgers();
    size_t more = lm_units_totals().in_use - before;
    UNIT_CHECK_THAT(count_lodgers() > LODGERS / 2, "%d of %d", count_lodgers(), LODGERS);
    UNIT_CHECK_THAT(more < lm_units_for(LODGERS * (size_t)SMALL) / 2, "%zu units more", more);
    UNIT_CHECK(all_are_whole());
    free_lodgers(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

static bool nobody_lodges_in_a_class_that_is_in_demand(void)
{
    take_hosts();
    for (int i = 0; i < LODGERS; i++) {
        unit_fill(lodgers[i] = lm_malloc(SMALL), SMALL, (uint64_t)i);
        /* Where one is freed two are taken. */
        for (int j = 2 * i; j < 2 * i + 2; j++)
            if (j % KEEP != 0)
                hosts[j] = lm_malloc(BIG);
    }
    UNIT_CHECK_THAT(count_lodgers() < LODGERS / 20, "%d of %d", count_lodgers(), LODGERS);
    for (int i = 0; i < HOSTS; i++)
        if (i % KEEP != 0)
            lm_free(hosts[i]);
    free_lodgers(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

static bool strangers_free_lodgers(void)
{
    take_hosts();
    take_lodgers();
    UNIT_CHECK(count_lodgers() > LODGERS / 2 && all_are_whole());
    unit_in_threads(1, free_lodgers, NULL);
    unit_in_threads(1, free_hosts, NULL);
    return nothing_is_left();
}

static bool a_lodger_that_grows_keeps_its_content(void)
{
    take_hosts();
    take_lodgers();
    for (int i = 0; i < LODGERS; i++) {
        lodgers[i] = lm_realloc(lodgers[i], SMALL + (size_t)i % 600);
        UNIT_CHECK(unit_is_filled(lodgers[i], SMALL, (uint64_t)i));
    }
    free_lodgers(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

static bool aligned_requests_do_not_lodge(void)
{
    take_hosts();
    for (int i = 0; i < LODGERS; i++) {
        lodgers[i] = lm_memalign(128, SMALL);
        UNIT_CHECK((uintptr_t)lodgers[i] % 128 == 0);
    }
    free_lodgers(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

int main(void)
{
    unit_start();
    UNIT_TRUTH(smaller_blocks_lodge_where_larger_ones_were_freed);
    UNIT_TRUTH(nobody_lodges_in_a_class_that_is_in_demand);
    UNIT_TRUTH(strangers_free_lodgers);
    UNIT_TRUTH(a_lodger_that_grows_keeps_its_content);
    UNIT_TRUTH(aligned_requests_do_not_lodge);
    return tap_done();
}
