/* SPDX-License-Identifier: MIT
 *
 * heap/magazine: veils, by which a program that has become quiet comes by the clock.
 */
#include "unit.h"

#include "heap/heap.h"
#include "os/os.h"
#include "space/units.h"

#include <time.h>

enum { BLOCKS = 64, SIZE = 48, HELD = 64, LARGE = 1 << 20 };

static void *held[HELD];

/* Leaves more dirty memory than magazines are veiled for, and as much in use that it may stay. */
static bool make_dirty(void)
{
    for (int i = 0; i < HELD; i++)
        held[i] = lm_malloc(LARGE);
    void *dirty[2] = {lm_malloc(LARGE), lm_malloc(LARGE)};
    UNIT_CHECK(dirty[0] != NULL && dirty[1] != NULL);
    memset(dirty[0], 1, LARGE);
    memset(dirty[1], 1, LARGE);
    lm_free(dirty[0]);
    lm_free(dirty[1]);
    UNIT_CHECK(load_relaxed(&lm_dirty_is_much));
    return true;
}

static struct lm_magazine *magazine_of(size_t size)
{
    return &lm_thread.heap->magazines[lm_class_for(size)];
}

/* The next slow path closes the heap, the free behind it veils what is there. */
static void veil_all(void)
{
    static size_t other = 4000;
    lm_thread.heap->closed_ms = 0;
    other = other < 30000 ? other + 1024 : 4000;
    lm_free(lm_malloc(other));
}

static bool is_among(void *const *blocks, size_t count, const void *p)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i] == p)
            return true;
    return false;
}

/* All of them are free, in no other place than a magazine. */
static bool come_back_once_each(void *const *freed, size_t count)
{
    void *taken[BLOCKS];
    for (size_t i = 0; i < count; i++) {
        taken[i] = lm_malloc(SIZE);
        UNIT_CHECK(is_among(freed, count, taken[i]) && !is_among(taken, i, taken[i]));
    }
    return true;
}

static bool what_lies_behind_a_veil_comes_next(void)
{
    void *blocks[BLOCKS];
    UNIT_CHECK(make_dirty());
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = lm_malloc(SIZE);
    struct lm_magazine *magazine = magazine_of(SIZE);
    while (lm_magazine_count(magazine) > 0)
        lm_malloc(SIZE);
    for (int i = 0; i < 4; i++)
        lm_free(blocks[i]);
    veil_all();
    UNIT_CHECK(load_relaxed(&magazine->is_veiled));
    lm_free(blocks[4]);
    lm_free(blocks[5]);
    UNIT_CHECK(load_relaxed(&magazine->is_veiled) && lm_malloc(SIZE) == blocks[5] &&
               lm_malloc(SIZE) == blocks[4]);
    return come_back_once_each(blocks, 4);
}

/* Slots of the class, with nothing in magazines. */
static size_t used_slots(void)
{
    struct lm_snapshot now;
    lm_trim();
    lm_snapshot_take(&now);
    return now.classes[lm_class_for(SIZE)].used;
}

/* Takes BLOCKS blocks, and frees them with a veil among them now and then. */
static void take_and_free(void)
{
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = lm_malloc(SIZE);
    for (int i = 0; i < BLOCKS; i++) {
        lm_free(blocks[i]);
        if (i % 3 == 0)
            veil_all();
    }
}

static bool a_flush_leaves_no_veil_among_the_blocks(void)
{
    size_t before = used_slots();
    UNIT_CHECK(make_dirty());
    take_and_free();
    size_t after = used_slots();
    UNIT_CHECK_THAT(after == before, "%zu, %zu", before, after);
    return true;
}

static bool an_idle_magazine_shrinks_behind_its_veil(void)
{
    size_t before = used_slots();
    UNIT_CHECK(make_dirty());
    for (int i = 0; i < 20; i++)
        take_and_free();
    uint32_t capacity = magazine_of(SIZE)->capacity;
    for (int epoch = 0; epoch < 20; epoch++) {
        lm_thread.heap->last_epoch = 0;
        veil_all();
    }
    UNIT_CHECK_THAT(magazine_of(SIZE)->capacity < capacity, "%u", capacity);
    size_t after = used_slots();
    UNIT_CHECK_THAT(after == before, "%zu, %zu", before, after);
    return true;
}

/* What it takes, its magazines hold. */
static bool a_program_that_has_become_quiet_returns_what_is_dirty(void)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};
    UNIT_CHECK(make_dirty());
    size_t at_first = lm_units_totals().dirty;
    for (int i = 0; i < 1000 && load_relaxed(&lm_dirty_is_much); i++) {
        void *blocks[4];
        for (int j = 0; j < 4; j++)
            blocks[j] = lm_malloc((size_t)(j + 1) * 100);
        for (int j = 0; j < 4; j++)
            lm_free(blocks[j]);
        nanosleep(&pause, NULL);
    }
    UNIT_CHECK_THAT(!load_relaxed(&lm_dirty_is_much), "%zu of %zu units", lm_units_totals().dirty,
                    at_first);
    return true;
}

int main(void)
{
    unit_start();
    UNIT_TRUTH_IN_CHILD(what_lies_behind_a_veil_comes_next);
    UNIT_TRUTH_IN_CHILD(a_flush_leaves_no_veil_among_the_blocks);
    UNIT_TRUTH_IN_CHILD(an_idle_magazine_shrinks_behind_its_veil);
    UNIT_TRUTH_IN_CHILD(a_program_that_has_become_quiet_returns_what_is_dirty);
    return tap_done();
}
