/* SPDX-License-Identifier: MIT
 *
 * space/large: runs of units with their tags, resized where they stand.
 */
#include "unit.h"

#include "space/large.h"

enum { BLOCKS = 120, STEPS = 3000, MOST = 64 };

struct block {
    char *start;
    size_t units;
    uint64_t mark;
};

static uint64_t seed;
static struct block blocks[BLOCKS];

/* Only the first unit says what it is; the others are no blocks. */
static bool is_tagged(const struct block *block)
{
    size_t unit = lm_unit_of(block->start);
    UNIT_CHECK(lm_unit_tag(unit) == LM_TAG_LARGE && lm_large_size(unit) == block->units
                                                                               << lm_unit_log2);
    for (size_t i = 1; i < block->units; i++)
        UNIT_CHECK(lm_unit_tag(unit + i) == LM_TAG_FREE);
    return true;
}

/* The ends of each unit are enough to see an overlap. */
static void mark_units(const struct block *block)
{
    for (size_t i = 0; i < block->units; i++) {
        unit_fill(block->start + (i << lm_unit_log2), 64, block->mark + i);
        unit_fill(block->start + ((i + 1) << lm_unit_log2) - 64, 64, block->mark + i);
    }
}

static bool units_are_marked(const struct block *block, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        UNIT_CHECK(unit_is_filled(block->start + (i << lm_unit_log2), 64, block->mark + i));
        UNIT_CHECK(
            unit_is_filled(block->start + ((i + 1) << lm_unit_log2) - 64, 64, block->mark + i));
    }
    return true;
}

static bool take(struct block *block, uint64_t *random)
{
    bool is_zero = false;
    size_t size = LM_SMALL_MAX + 1 + unit_random_size(random, MOST * lm_unit_size);
    size_t alignment = (size_t)1 << unit_below(random, 22);
    block->start = lm_large_take(size, alignment, &is_zero);
    UNIT_CHECK(block->start != NULL && (uintptr_t)block->start % alignment == 0);
    UNIT_CHECK(!is_zero || unit_is_zero(block->start, size));
    block->units = lm_units_for(size);
    block->mark = tap_random(random);
    mark_units(block);
    return is_tagged(block);
}

static bool resize(struct block *block, uint64_t *random)
{
    size_t size = LM_SMALL_MAX + 1 + unit_random_size(random, MOST * lm_unit_size);
    size_t kept = lm_min(block->units, lm_units_for(size));
    bool is_done = lm_large_resize(lm_unit_of(block->start), size);
    UNIT_CHECK(is_done || lm_units_for(size) > block->units);
    UNIT_CHECK(units_are_marked(block, is_done ? kept : block->units));
    if (is_done)
        block->units = lm_units_for(size);
    mark_units(block);
    return is_tagged(block);
}

static bool give(struct block *block)
{
    size_t unit = lm_unit_of(block->start);
    UNIT_CHECK(units_are_marked(block, block->units) && is_tagged(block));
    UNIT_CHECK(lm_large_give(unit));
    UNIT_CHECK(lm_unit_tag(unit) == LM_TAG_FREE);
    UNIT_CHECK(!lm_large_give(unit));
    block->start = NULL;
    return true;
}

static size_t units_held(void)
{
    size_t sum = 0;
    for (int i = 0; i < BLOCKS; i++)
        sum += blocks[i].start == NULL ? 0 : blocks[i].units;
    return sum;
}

static bool large_blocks_keep_their_tags_and_bytes(void)
{
    uint64_t random = seed;
    for (int step = 0; step < STEPS; step++) {
        struct block *block = &blocks[unit_below(&random, BLOCKS)];
        if (block->start == NULL)
            UNIT_CHECK(take(block, &random));
        else if (unit_below(&random, 2) == 0)
            UNIT_CHECK(resize(block, &random));
        else
            UNIT_CHECK(give(block));
        UNIT_CHECK(lm_large_units() == units_held());
        UNIT_CHECK(lm_units_totals().in_use == units_held());
        if (unit_below(&random, 100) == 0)
            lm_units_purge();
    }
    for (int i = 0; i < BLOCKS; i++)
        UNIT_CHECK(blocks[i].start == NULL || give(&blocks[i]));
    return lm_large_units() == 0 && lm_units_totals().in_use == 0;
}

static bool fresh_and_purged_blocks_are_known_to_be_zero(void)
{
    bool is_zero = false;
    char *fresh = lm_large_take(100 * lm_unit_size, 1, &is_zero);
    memset(fresh, 1, 100 * lm_unit_size);
    UNIT_CHECK(lm_large_give(lm_unit_of(fresh)));
    char *again = lm_large_take(100 * lm_unit_size, 1, &is_zero);
    UNIT_CHECK(again == fresh && !is_zero);
    UNIT_CHECK(lm_large_give(lm_unit_of(again)));
    lm_units_purge();
    again = lm_large_take(100 * lm_unit_size, 1, &is_zero);
    UNIT_CHECK(again == fresh && is_zero && unit_is_zero(again, 100 * lm_unit_size));
    return lm_large_give(lm_unit_of(again));
}

static bool a_block_grows_into_the_free_units_behind_it(void)
{
    bool is_zero;
    char *first = lm_large_take(4 * lm_unit_size, 1, &is_zero);
    char *second = lm_large_take(4 * lm_unit_size, 1, &is_zero);
    UNIT_CHECK(second == first + 4 * lm_unit_size);
    UNIT_CHECK(!lm_large_resize(lm_unit_of(first), 5 * lm_unit_size));
    UNIT_CHECK(lm_large_size(lm_unit_of(first)) == 4 * lm_unit_size);
    UNIT_CHECK(lm_large_give(lm_unit_of(second)));
    UNIT_CHECK(lm_large_resize(lm_unit_of(first), 8 * lm_unit_size));
    /* Beyond the window's committed end, too. */
    UNIT_CHECK(lm_large_resize(lm_unit_of(first), 1000 * lm_unit_size));
    memset(first, 1, 1000 * lm_unit_size);
    return lm_large_give(lm_unit_of(first)) && lm_large_units() == 0;
}

static _Atomic(unsigned) wins;

static void *free_it(void *block)
{
    wins += lm_large_give(lm_unit_of(block)) ? 1 : 0;
    return NULL;
}

static bool one_of_several_frees_wins(void)
{
    bool is_zero;
    for (int round = 0; round < 100; round++) {
        void *block = lm_large_take(3 * lm_unit_size, 1, &is_zero);
        void *arguments[] = {block, block, block};
        wins = 0;
        unit_in_threads(3, free_it, arguments);
        UNIT_CHECK(wins == 1 && lm_large_units() == 0);
    }
    return true;
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(large_blocks_keep_their_tags_and_bytes);
    lm_units_purge();
    UNIT_TRUTH(fresh_and_purged_blocks_are_known_to_be_zero);
    UNIT_TRUTH(a_block_grows_into_the_free_units_behind_it);
    UNIT_TRUTH(one_of_several_frees_wins);
    return tap_done();
}
