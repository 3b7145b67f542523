/* SPDX-License-Identifier: MIT
 *
 * heap/sweep: pages without a used slot go back by and by, and the heap's books are right.
 */
#include "unit.h"

#include "heap/bin.h"
#include "heap/owner.h"

enum { BLOCKS = 20000, SIZE = 400, STEPS = 60000 };

static uint64_t seed;
static void *blocks[BLOCKS];

/* The books against the slabs themselves. */
static bool books_are_right(const struct lm_heap *heap)
{
    struct lm_sweep sum = {0};
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        uint32_t place = 0;
        const struct lm_slab *slab;
        for (; (slab = lm_bin_next(&heap->bins[class], &place)) != NULL; place++) {
            sum.slab_size += (size_t)slab->slots * lm_class_table[slab->class].size;
            sum.used_size += (size_t)slab->used * lm_class_table[class].size;
            sum.spent_size += lm_slab_spent_size(slab);
        }
    }
    UNIT_CHECK_THAT(heap->sweep.slab_size == sum.slab_size, "slabs: %zu, not %zu",
                    heap->sweep.slab_size, sum.slab_size);
    UNIT_CHECK_THAT(heap->sweep.used_size == sum.used_size, "used: %zu, not %zu",
                    heap->sweep.used_size, sum.used_size);
    UNIT_CHECK_THAT(heap->sweep.spent_size == sum.spent_size, "spent: %zu, not %zu",
                    heap->sweep.spent_size, sum.spent_size);
    return true;
}

static size_t resident_pages(void)
{
    size_t resident = 0;
    for (size_t unit = 0; unit < lm_window_units; unit++)
        if (lm_unit_tag(unit) > UINT8_MAX)
            resident += unit_resident_pages(lm_unit_address(unit), lm_unit_size);
    return resident;
}

/* Slow paths of another class, with time between them. */
static void live_on(size_t rounds)
{
    void *others[64];
    for (size_t round = 0; round < rounds; round++) {
        lm_thread.heap->sweep.began_us = 0;
        for (size_t i = 0; i < UNIT_COUNT_OF(others); i++)
            others[i] = lm_malloc(2000);
        for (size_t i = 0; i < UNIT_COUNT_OF(others); i++)
            lm_free(others[i]);
    }
}

static void take_all(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i] == NULL)
            blocks[i] = lm_malloc(SIZE);
        unit_fill(blocks[i], SIZE, (uint64_t)i);
    }
}

static void thin_out(void)
{
    for (int i = 0; i < BLOCKS; i++)
        if (i % 32 != 0) {
            lm_free(blocks[i]);
            blocks[i] = NULL;
        }
}

static bool cold_holes_go_back_by_and_by(void)
{
    take_all();
    size_t full = resident_pages();
    thin_out();
    live_on(2000);
    size_t left = resident_pages();
    UNIT_CHECK_THAT(left < full * 2 / 3, "%zu of %zu pages are resident", left, full);
    UNIT_CHECK(books_are_right(lm_thread.heap));
    for (int i = 0; i < BLOCKS; i += 32) {
        UNIT_CHECK(unit_is_filled(blocks[i], SIZE, (uint64_t)i));
        lm_free(blocks[i]);
    }
    return books_are_right(lm_thread.heap);
}

/* With waste enough to go on. */
static bool notes_when_it_begins(struct lm_sweep *sweep)
{
    size_t spent = sweep->spent_size;
    sweep->class = 0;
    sweep->place = 0;
    sweep->began_us = 0;
    sweep->spent_size = 0;
    lm_heap_sweep_some(lm_thread.heap);
    sweep->spent_size += spent;
    return sweep->began_us != 0 && sweep->began_us <= lm_os_clock_us();
}

/* The hand came by a moment ago, whatever the clock says. */
static bool a_heap_that_drains_for_a_moment_is_not_swept(void)
{
    struct lm_sweep *sweep = &lm_thread.heap->sweep;
    lm_trim();
    memset(blocks, 0, sizeof blocks);
    sweep->began_us = UINT64_MAX / 2;
    sweep->class = 0;
    sweep->place = 0;
    size_t full = 0;
    for (int round = 0; round < 3; round++) {
        take_all();
        full = resident_pages();
        thin_out();
    }
    size_t left = resident_pages();
    UNIT_CHECK_THAT(left > full * 2 / 3, "%zu of %zu pages are resident", left, full);
    live_on(2000);
    left = resident_pages();
    UNIT_CHECK_THAT(left < full * 2 / 3, "%zu of %zu pages are resident later", left, full);
    UNIT_CHECK(notes_when_it_begins(sweep));
    for (int i = 0; i < BLOCKS; i += 32)
        lm_free(blocks[i]);
    return true;
}

/* It fills and drains all the time, and has faulted in anew more than time can pay for. */
static bool a_heap_in_debt_is_not_swept(void)
{
    struct lm_sweep *sweep = &lm_thread.heap->sweep;
    lm_trim();
    memset(blocks, 0, sizeof blocks);
    take_all();
    size_t full = resident_pages();
    sweep->debt = SIZE_MAX / 2;
    thin_out();
    live_on(2000);
    size_t left = resident_pages();
    UNIT_CHECK_THAT(left > full * 2 / 3, "%zu of %zu pages are resident", left, full);
    /* Time pays. */
    sweep->debt = LM_SWEEP_DEBT + LM_SWEEP_PAY;
    sweep->paid_ms = lm_os_clock_ms() - LM_SWEEP_DEBT / LM_SWEEP_PAY;
    take_all();
    thin_out();
    live_on(2000);
    left = resident_pages();
    UNIT_CHECK_THAT(left < full * 2 / 3 && sweep->debt < LM_SWEEP_DEBT,
                    "%zu of %zu pages, owed %zu, bound %zu", left, full, sweep->debt, sweep->bound);
    /* What was swept and is taken again is owed. */
    uint64_t start_ms = lm_os_clock_ms();
    sweep->debt = 0;
    take_all();
    UNIT_CHECK(sweep->debt != 0 || lm_os_clock_ms() - start_ms > 100);
    for (int i = 0; i < BLOCKS; i++)
        lm_free(blocks[i]);
    return books_are_right(lm_thread.heap);
}

static bool little_waste_is_left_alone(void)
{
    lm_trim();
    for (int i = 0; i < 500; i++)
        blocks[i] = lm_malloc(20);
    for (int i = 0; i < 500; i++)
        if (i % 100 != 0)
            lm_free(blocks[i]);
    live_on(100);
    size_t swept = lm_thread.heap->sweep.spent_size;
    for (int i = 0; i < 500; i += 100)
        lm_free(blocks[i]);
    UNIT_CHECK_THAT(swept == 0 || lm_torture, "%zu bytes were swept", swept);
    return true;
}

static bool the_books_stay_right(void)
{
    uint64_t random = seed;
    memset(blocks, 0, sizeof blocks);
    for (int step = 0; step < STEPS; step++) {
        size_t most = step / 10000 % 2 == 0 ? 1000 : 6000;
        void **block = &blocks[unit_below(&random, BLOCKS / 4)];
        if (*block != NULL)
            lm_free(*block);
        *block = unit_below(&random, 3) == 0 ? NULL : lm_malloc(unit_random_size(&random, most));
        if (step % 500 == 0)
            UNIT_CHECK(books_are_right(lm_thread.heap));
        if (unit_below(&random, 10000) == 0)
            lm_trim();
    }
    for (int i = 0; i < BLOCKS / 4; i++)
        lm_free(blocks[i]);
    lm_trim();
    UNIT_CHECK(lm_thread.heap->sweep.slab_size == 0 && lm_thread.heap->sweep.used_size == 0);
    return books_are_right(lm_thread.heap);
}

static void *leave_some(void *unused)
{
    for (int i = 0; i < 4000; i++)
        blocks[i] = lm_malloc(SIZE);
    for (int i = 0; i < 4000; i++)
        if (i % 16 != 0)
            lm_free(blocks[i]);
    return unused;
}

static bool the_books_follow_a_slab_to_its_new_heap(void)
{
    void *mine[2000];
    unit_in_threads(1, leave_some, NULL);
    lm_trim();
    for (int i = 0; i < 2000; i++)
        mine[i] = lm_malloc(SIZE);
    UNIT_CHECK(books_are_right(lm_thread.heap));
    uint32_t id = 1;
    for (; id == lm_heap_id(lm_thread.heap->control); id++)
        continue;
    UNIT_CHECK(books_are_right(lm_heap_control_at(id)->body));
    for (int i = 0; i < 2000; i++)
        lm_free(mine[i]);
    for (int i = 0; i < 4000; i += 16)
        lm_free(blocks[i]);
    lm_trim();
    UNIT_CHECK(lm_thread.heap->sweep.slab_size == 0);
    return books_are_right(lm_thread.heap);
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(cold_holes_go_back_by_and_by);
    UNIT_TRUTH(a_heap_that_drains_for_a_moment_is_not_swept);
    UNIT_TRUTH(a_heap_in_debt_is_not_swept);
    UNIT_TRUTH(little_waste_is_left_alone);
    UNIT_TRUTH(the_books_stay_right);
    UNIT_TRUTH(the_books_follow_a_slab_to_its_new_heap);
    return tap_done();
}
