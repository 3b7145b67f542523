/* SPDX-License-Identifier: MIT
 *
 * heap/stock: short runs stay with the heap that freed them, within bounds and not for long.
 */
#include "unit.h"

#include "heap/owner.h"
#include "heap/registry.h"
#include "heap/stock.h"

#include <unistd.h>

enum { STEPS = 20000, BLOCKS = 64 };

static uint64_t seed;

/* K1 and K2. */
static bool is_sound(const struct lm_heap *heap)
{
    const struct lm_stock *stock = &heap->stock;
    size_t units = 0;
    for (size_t count = 1; count <= LM_STOCK_LONGEST; count++) {
        UNIT_CHECK(stock->counts[count - 1] <= LM_STOCK_DEPTH);
        UNIT_CHECK(stock->idle[count - 1] <= stock->counts[count - 1]);
        units += stock->counts[count - 1] * count;
        for (size_t i = 0; i < stock->counts[count - 1]; i++) {
            size_t first = stock->runs[count - 1][i];
            UNIT_CHECK(!lm_units_is_free(first));
            for (size_t unit = first; unit < first + count; unit++)
                UNIT_CHECK(lm_unit_tag(unit) == LM_TAG_KEPT);
        }
    }
    UNIT_CHECK_THAT(heap->stock_units == units, "%u units, not %zu", heap->stock_units, units);
    return true;
}

/* As many blocks as have no room in front of the stock. */
static size_t too_many(size_t count)
{
    return lm_min(LM_NEAR_RUNS, LM_NEAR_LEAST / count) + 1;
}

/* And takes it out. */
static bool is_among(const void *block, void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i] == block) {
            blocks[i] = NULL;
            return true;
        }
    return false;
}

static bool freed_runs_serve_the_next_blocks_of_their_length(void)
{
    struct lm_heap *heap = unit_heap();
    void *blocks[LM_NEAR_RUNS + 1];
    for (size_t count = 3; count <= LM_STOCK_LONGEST; count++) {
        size_t many = too_many(count);
        lm_trim();
        for (size_t i = 0; i < many; i++)
            blocks[i] = lm_malloc(count * lm_unit_size);
        for (size_t i = 0; i < many - 1; i++) {
            lm_free(blocks[i]);
            UNIT_CHECK(heap->stock_units == 0 && lm_heap_near_units(heap) == (i + 1) * count);
        }
        lm_free(blocks[many - 1]);
        UNIT_CHECK(heap->stock.counts[count - 1] == 1 && is_sound(heap));
        UNIT_CHECK(lm_heap_near_units(heap) == (many - 1) * count);
        void *again[LM_NEAR_RUNS + 1];
        for (size_t i = 0; i < many; i++)
            UNIT_CHECK(is_among(again[i] = lm_malloc(count * lm_unit_size), blocks, many));
        UNIT_CHECK(heap->stock_units == 0 && lm_heap_near_units(heap) == 0);
        for (size_t i = 0; i < many; i++)
            lm_free(again[i]);
    }
    return is_sound(heap);
}

/* Blocks of other lengths go by it. */
static bool a_run_serves_its_length_alone(void)
{
    struct lm_heap *heap = unit_heap();
    lm_trim();
    char *block = lm_malloc(3 * lm_unit_size);
    lm_free(block);
    UNIT_CHECK(LM_STOCK_LONGEST < 4 || lm_malloc(4 * lm_unit_size) != block);
    char *small = lm_malloc(3 * lm_unit_size - lm_unit_size / 2);
    char *longer = lm_malloc((LM_STOCK_LONGEST + 1) * lm_unit_size);
    UNIT_CHECK(small == block && lm_usable_size(small) == 3 * lm_unit_size);
    UNIT_CHECK(longer >= block + 3 * lm_unit_size || longer < block);
    memset(small, 1, 3 * lm_unit_size);
    memset(longer, 2, (LM_STOCK_LONGEST + 1) * lm_unit_size);
    UNIT_CHECK(small[0] == 1 && small[3 * lm_unit_size - 1] == 1);
    lm_free(longer);
    UNIT_CHECK(lm_heap_near_units(heap) == 0);
    lm_free(small);
    return true;
}

static bool what_is_kept_reads_as_dirty(void)
{
    struct lm_heap *heap = unit_heap();
    size_t size = 3 * lm_unit_size;
    lm_trim();
    lm_free(memset(lm_malloc(size), 1, size));
    UNIT_CHECK(lm_heap_near_units(heap) == 3);
    char *block = lm_calloc(1, size);
    for (size_t i = 0; i < size; i++)
        UNIT_CHECK(block[i] == 0);
    lm_free(block);
    return true;
}

static bool the_stock_keeps_its_bounds(void)
{
    struct lm_heap *heap = unit_heap();
    uint64_t random = seed;
    void *blocks[BLOCKS] = {NULL};
    for (int step = 0; step < STEPS; step++) {
        size_t at = unit_below(&random, BLOCKS);
        lm_free(blocks[at]);
        blocks[at] = lm_malloc(1 + unit_below(&random, 10 * lm_unit_size));
        size_t slabs = heap->sweep.slab_size >> lm_unit_log2;
        /* Slabs may have gone since a run was kept. */
        UNIT_CHECK(heap->stock_units <= LM_STOCK_LEAST + BLOCKS * 2 || slabs > BLOCKS * 2);
        UNIT_CHECK(lm_heap_near_units(heap) <= LM_NEAR_LEAST + BLOCKS * 2 || slabs > BLOCKS * 2);
        if (step % 512 == 0)
            UNIT_CHECK(is_sound(heap));
    }
    for (int i = 0; i < BLOCKS; i++)
        lm_free(blocks[i]);
    UNIT_CHECK(is_sound(heap));
    lm_trim();
    UNIT_CHECK(heap->stock_units == 0 && lm_heap_near_units(heap) == 0 && is_sound(heap));
    return lm_units_totals().dirty == 0;
}

/* One goes to the stock. */
static void take_and_free_many(void)
{
    void *blocks[LM_NEAR_RUNS + 1];
    size_t many = too_many(3);
    for (size_t i = 0; i < many; i++)
        blocks[i] = lm_malloc(3 * lm_unit_size);
    for (size_t i = 0; i < many; i++)
        lm_free(blocks[i]);
}

static bool a_run_that_nobody_wants_goes_back_after_two_epochs(void)
{
    struct lm_heap *heap = unit_heap();
    lm_trim();
    take_and_free_many();
    lm_stock_age(heap);
    UNIT_CHECK(heap->stock.counts[2] == 1);
    /* In this epoch it is wanted. */
    take_and_free_many();
    lm_stock_age(heap);
    UNIT_CHECK(heap->stock.counts[2] == 1);
    lm_stock_age(heap);
    UNIT_CHECK(heap->stock.counts[2] == 0 && heap->stock_units == 0);
    return is_sound(heap);
}

static void *leave_runs(void *unused)
{
    take_and_free_many();
    return unused;
}

static bool a_thread_that_ends_leaves_no_stock(void)
{
    unit_in_threads(1, leave_runs, NULL);
    struct lm_heap_control *control = NULL;
    while ((control = lm_heap_next(control)) != NULL)
        if (control->state == LM_HEAP_PARKED)
            UNIT_CHECK(control->is_dormant ||
                       control->body->stock_units + lm_heap_near_units(control->body) == 0);
    return true;
}

static void take_and_free(size_t count, size_t size)
{
    static void *blocks[800];
    for (size_t i = 0; i < count; i++)
        blocks[i] = memset(lm_malloc(size), 1, size);
    for (size_t i = 0; i < count; i++)
        lm_free(blocks[i]);
}

/* What went up in bursts comes down while nothing but such buffers comes and goes. */
static bool buffers_come_by_the_clock(void)
{
    size_t size = 6 * lm_unit_size;
    for (int burst = 0; burst < 6; burst++)
        take_and_free(800, size);
    size_t least = lm_units_totals().dirty / 4;
    int waited = 0;
    for (; lm_units_totals().dirty > least && waited < 10000; waited++) {
        take_and_free(20, size);
        usleep(1000);
    }
    UNIT_CHECK_THAT(waited < 10000, "%zu units are dirty still", lm_units_totals().dirty);
    lm_trim();
    return true;
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(freed_runs_serve_the_next_blocks_of_their_length);
    UNIT_TRUTH(a_run_serves_its_length_alone);
    UNIT_TRUTH(what_is_kept_reads_as_dirty);
    UNIT_TRUTH(the_stock_keeps_its_bounds);
    UNIT_TRUTH(a_run_that_nobody_wants_goes_back_after_two_epochs);
    UNIT_TRUTH(a_thread_that_ends_leaves_no_stock);
    /* In a torture build no burst is large enough. */
    if (!lm_torture)
        UNIT_TRUTH(buffers_come_by_the_clock);
    return tap_done();
}
