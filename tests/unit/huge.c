/* SPDX-License-Identifier: MIT
 *
 * heap/huge: blocks with slots of their own, growing where they stand.
 */
#include "unit.h"

#include "heap/huge.h"
#include "observe/snapshot.h"
#include "space/large.h"

enum { BLOCKS = 16, STEPS = 240 };

static uint64_t seed;

/* Marks the ends of every page, which is enough to see what moved where. */
static void mark_pages(char *block, size_t from, size_t size, uint64_t mark)
{
    for (size_t at = lm_round_up(from, UNIT_PAGE); at + UNIT_PAGE <= size; at += UNIT_PAGE) {
        unit_fill(block + at, 16, mark + at);
        unit_fill(block + at + UNIT_PAGE - 16, 16, mark + at);
    }
}

static bool pages_are_marked(const char *block, size_t size, uint64_t mark)
{
    for (size_t at = 0; at + UNIT_PAGE <= size; at += UNIT_PAGE) {
        UNIT_CHECK_THAT(unit_is_filled(block + at, 16, mark + at), "page at %zu of %zu", at, size);
        UNIT_CHECK(unit_is_filled(block + at + UNIT_PAGE - 16, 16, mark + at));
    }
    return true;
}

static bool huge_blocks_are_zero_aligned_and_whole_pages(void)
{
    static const size_t sizes[] = {1, 4096, 4097, 100000, 3 << 20, (3 << 20) + 1};
    for (size_t alignment = 16; alignment <= 64 * LM_MIB; alignment *= 16) {
        for (size_t i = 0; i < UNIT_COUNT_OF(sizes); i++) {
            char *block = lm_huge_take(sizes[i], alignment, LM_HUGE_EXACT);
            UNIT_CHECK(block != NULL && (uintptr_t)block % alignment == 0);
            UNIT_CHECK(lm_is_in_huge_zone(block));
            UNIT_CHECK(lm_huge_usable(block) == lm_round_up(sizes[i], UNIT_PAGE));
            UNIT_CHECK(unit_is_zero(block, lm_huge_usable(block)));
            memset(block, 1, lm_huge_usable(block));
            UNIT_CHECK(lm_huge_give(block) && !lm_huge_give(block));
            UNIT_CHECK(lm_huge_usable(block) == 0);
            UNIT_CHECK(unit_is_sanitized || unit_faults(block));
        }
    }
    return lm_huge_total() == 0;
}

static bool only_the_start_of_a_block_is_one(void)
{
    char *block = lm_huge_take(10 * LM_MIB, 1, LM_HUGE_EXACT);
    UNIT_CHECK(lm_huge_usable(block + 16) == 0 && !lm_huge_give(block + 16));
    UNIT_CHECK(lm_huge_usable(block + 2 * LM_MIB) == 0 && !lm_huge_give(block + 2 * LM_MIB));
    UNIT_CHECK(lm_huge_usable(block + LM_GIB) == 0);
    return lm_huge_give(block);
}

static bool a_growing_block_stays_where_it_is(void)
{
    size_t size = LM_MIB;
    char *block = lm_huge_take(size, 1, LM_HUGE_GROWING);
    mark_pages(block, 0, size, 1);
    for (size_t next = size + 100000; next <= LM_HUGE_HEADROOM * LM_MIB; next += 100000) {
        UNIT_CHECK(lm_huge_resize(block, next) == block);
        UNIT_CHECK(lm_huge_usable(block) == lm_round_up(next, UNIT_PAGE));
        mark_pages(block, size, lm_huge_usable(block), 1);
        size = lm_huge_usable(block);
    }
    UNIT_CHECK(pages_are_marked(block, size, 1));
    return lm_huge_give(block);
}

static bool a_block_that_outgrows_its_slot_takes_its_pages_along(void)
{
    size_t size = LM_MIB;
    unsigned moves = 0;
    char *block = lm_huge_take(size, 1, LM_HUGE_EXACT);
    mark_pages(block, 0, size, 2);
    while (moves < 2 && size < 600 * LM_MIB) {
        char *moved = lm_huge_resize(block, size * 3);
        UNIT_CHECK(moved != NULL);
        moves += moved != block;
        block = moved;
        UNIT_CHECK(pages_are_marked(block, size, 2));
        UNIT_CHECK(unit_is_zero(block + size, size * 2));
        mark_pages(block, size, size * 3, 2);
        size *= 3;
    }
    /* Once into a slot with headroom, once out of that. */
    UNIT_CHECK_THAT(moves == 2, "%u moves", moves);
    UNIT_CHECK(pages_are_marked(block, size, 2));
    return lm_huge_give(block) && lm_huge_total() == 0;
}

static bool a_shrunk_block_returns_its_tail(void)
{
    char *block = lm_huge_take(16 * LM_MIB, 1, LM_HUGE_GROWING);
    mark_pages(block, 0, 16 * LM_MIB, 3);
    UNIT_CHECK(lm_huge_resize(block, 4 * LM_MIB) == block);
    UNIT_CHECK(lm_huge_usable(block) == 4 * LM_MIB && lm_huge_total() == 4 * LM_MIB);
    UNIT_CHECK(unit_resident_pages(block + 4 * LM_MIB, 12 * LM_MIB) <= 1);
    UNIT_CHECK(pages_are_marked(block, 4 * LM_MIB, 3));
    UNIT_CHECK(lm_huge_resize(block, 8 * LM_MIB) == block);
    UNIT_CHECK(unit_is_zero(block + 4 * LM_MIB, 4 * LM_MIB));
    return lm_huge_give(block);
}

static bool pages_move_in_and_leave_zeroes(void)
{
    char *large = lm_memalign(lm_unit_size, LM_LARGE_MOST / 2);
    size_t size = LM_LARGE_MOST / 2;
    mark_pages(large, 0, size, 4);
    enum lm_huge_source source;
    char *moved = lm_huge_move_in(large, size, 2 * size, &source);
    UNIT_CHECK(source != LM_SOURCE_LOST);
    UNIT_CHECK(moved != NULL && pages_are_marked(moved, size, 4));
    UNIT_CHECK(unit_is_zero(large, size) && unit_is_zero(moved + size, size));
    lm_free(large);
    return lm_huge_give(moved);
}

struct block {
    char *start;
    size_t size;
    uint64_t mark;
};

static bool change(struct block *block, uint64_t *random)
{
    size_t size = UNIT_PAGE + unit_random_size(random, 8 * LM_MIB);
    if (block->start == NULL) {
        enum lm_huge_fit fit = unit_below(random, 2) == 0 ? LM_HUGE_EXACT : LM_HUGE_GROWING;
        block->start = lm_huge_take(size, 1, fit);
        UNIT_CHECK(block->start != NULL &&
                   unit_is_zero(block->start, lm_huge_usable(block->start)));
        block->size = 0;
        block->mark = tap_random(random);
    } else if (unit_below(random, 3) == 0) {
        UNIT_CHECK(pages_are_marked(block->start, block->size, block->mark));
        UNIT_CHECK(lm_huge_give(block->start));
        block->start = NULL;
        return true;
    } else {
        char *resized = lm_huge_resize(block->start, size);
        if (resized == NULL)
            return pages_are_marked(block->start, block->size, block->mark);
        block->start = resized;
        block->size = lm_min(block->size, lm_huge_usable(resized));
    }
    size_t usable = lm_huge_usable(block->start);
    UNIT_CHECK(usable == lm_round_up(size, UNIT_PAGE));
    UNIT_CHECK(pages_are_marked(block->start, block->size, block->mark));
    UNIT_CHECK(unit_is_zero(block->start + block->size, usable - block->size));
    mark_pages(block->start, block->size, usable, block->mark);
    block->size = usable;
    return true;
}

static bool huge_blocks_keep_apart_and_whole(void)
{
    static struct block blocks[BLOCKS];
    uint64_t random = seed;
    for (int step = 0; step < STEPS; step++) {
        UNIT_CHECK(change(&blocks[unit_below(&random, BLOCKS)], &random));
        size_t total = 0;
        for (int i = 0; i < BLOCKS; i++)
            total += blocks[i].start == NULL ? 0 : blocks[i].size;
        UNIT_CHECK(lm_huge_total() == total);
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i].start == NULL)
            continue;
        UNIT_CHECK(pages_are_marked(blocks[i].start, blocks[i].size, blocks[i].mark));
        UNIT_CHECK(lm_huge_give(blocks[i].start));
    }
    return lm_huge_total() == 0;
}

/* A zone of 64 MiB: less headroom, then none, then NULL, then again. */
static bool a_full_zone_gives_less_headroom_then_nothing(void)
{
    lm_options.window = 128 * LM_MIB;
    UNIT_CHECK(lm_core_init() && lm_window.zone_size == 64 * LM_MIB);
    for (int round = 0; round < 3; round++) {
        char *first = lm_huge_take(20 * LM_MIB, 1, LM_HUGE_GROWING);
        char *second = lm_huge_take(20 * LM_MIB, 1, LM_HUGE_GROWING);
        UNIT_CHECK(first != NULL && second != NULL);
        UNIT_CHECK(lm_huge_take(40 * LM_MIB, 1, LM_HUGE_EXACT) == NULL);
        UNIT_CHECK(lm_huge_take(100 * LM_MIB, 1, LM_HUGE_EXACT) == NULL);
        mark_pages(first, 0, 20 * LM_MIB, 5);
        UNIT_CHECK(lm_huge_resize(first, 60 * LM_MIB) == NULL);
        UNIT_CHECK(pages_are_marked(first, 20 * LM_MIB, 5));
        UNIT_CHECK(lm_huge_give(first) && lm_huge_give(second));
        first = lm_huge_take(64 * LM_MIB, 1, LM_HUGE_GROWING);
        UNIT_CHECK(first != NULL && lm_huge_give(first));
    }
    return true;
}

static bool growth_has_a_limited_number_of_slots(void)
{
    static char *blocks[LM_HUGE_SLOTS + 2];
    size_t count = 0;
    lm_huge_cool();
    char *from = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    while (count < LM_HUGE_SLOTS + 1 &&
           (blocks[count] = lm_huge_take(UNIT_PAGE, 1, LM_HUGE_EXACT)) != NULL)
        count++;
    UNIT_CHECK(count == LM_HUGE_SLOTS + 1);
    enum lm_huge_source source;
    UNIT_CHECK(lm_huge_move_in(from, LM_MOVE_LEAST, 2 * LM_MOVE_LEAST, &source) == NULL);
    while (count > 0)
        UNIT_CHECK(lm_huge_give(blocks[--count]));
    char *moved = lm_huge_move_in(from, LM_MOVE_LEAST, 2 * LM_MOVE_LEAST, &source);
    UNIT_CHECK(moved != NULL && lm_huge_give(moved));
    lm_free(from);
    return true;
}

/* A range of two mappings; one byte of it was lost once. */
static bool what_cannot_be_moved_is_copied(void)
{
    enum lm_huge_source source;
    size_t size = 2 * LM_HUGE_PAGES_FROM;
    size_t count = size >> lm_unit_log2;
    size_t apart;
    size_t behind;
    UNIT_CHECK(lm_window_grow_apart(count, &apart) != 0);
    UNIT_CHECK(lm_window_grow(1, &behind) != 0);
    char *from = lm_large_make(apart + 1, count);
    mark_pages(from, 0, size, 5);
    UNIT_CHECK(!lm_window_is_alike(apart + 1, count));
    char *moved = lm_huge_move_in(from, size, 2 * size, &source);
    UNIT_CHECK(moved != NULL && source == LM_SOURCE_KEPT);
    UNIT_CHECK(pages_are_marked(from, size, 5) && pages_are_marked(moved, size, 5));
    lm_large_abandon(apart + 1);
    return lm_huge_give(moved);
}

/* What realloc does with a large block that cannot stay. */
static char *grow_from(char *large, size_t size, uint64_t mark)
{
    enum lm_huge_source source;
    mark_pages(large, 0, LM_MOVE_LEAST, mark);
    char *moved = lm_huge_move_in(large, LM_MOVE_LEAST, 2 * LM_MOVE_LEAST, &source);
    if (moved == NULL || !pages_are_marked(moved, LM_MOVE_LEAST, mark) ||
        lm_huge_resize(moved, size) != moved)
        return NULL;
    mark_pages(moved, LM_MOVE_LEAST, size, mark);
    return pages_are_marked(moved, size, mark) ? moved : NULL;
}

/* As in a process that nothing has taught yet how much dirty memory it wants. */
static void forget(void)
{
    static uint64_t later_ms;
    later_ms += 1000 * LM_DEMAND_WINDOW_MS;
    lm_huge_cool();
    lm_units_tick(lm_os_clock_ms() + later_ms);
    lm_units_purge();
}

static bool a_growing_block_finds_the_pages_of_the_last_one(void)
{
    enum { SIZE = LM_DIRTY_LEAST };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    forget();
    char *first = grow_from(large, SIZE, 6);
    UNIT_CHECK(first != NULL && lm_huge_give(first));
    UNIT_CHECK(lm_huge_usable(first) == 0 && !lm_huge_give(first) && lm_huge_is_free(first));
    UNIT_CHECK(lm_huge_total() == 0 && lm_huge_warm_size() == SIZE);
    UNIT_CHECK(unit_resident_pages(first, SIZE) == SIZE / UNIT_PAGE);
    /* The source keeps its pages, too, as they were copied. */
    char *second = grow_from(large, SIZE, 7);
    UNIT_CHECK(second == first && lm_huge_warm_size() == 0);
    UNIT_CHECK(unit_resident_pages(large, LM_MOVE_LEAST) == LM_MOVE_LEAST / UNIT_PAGE);
    UNIT_CHECK(!lm_huge_is_free(second) && lm_huge_give(second));
    UNIT_CHECK(lm_huge_cool() == SIZE);
    UNIT_CHECK(unit_is_sanitized || unit_faults(second));
    lm_free(large);
    return lm_huge_total() == 0;
}

static bool what_is_warm_has_a_bound_and_cools(void)
{
    enum { SIZE = LM_DIRTY_LEAST };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    forget();
    char *first = grow_from(large, SIZE, 1);
    char *second = grow_from(large, SIZE, 2);
    UNIT_CHECK(first != NULL && second != NULL && lm_huge_give(first) && lm_huge_give(second));
    size_t held = lm_units_totals().in_use << lm_unit_log2;
    UNIT_CHECK(lm_huge_warm_size() == SIZE);
    UNIT_CHECK(lm_huge_warm_size() <= LM_DIRTY_LEAST + held / LM_DIRTY_SHARE);
    UNIT_CHECK(unit_is_sanitized || unit_faults(second));
    uint64_t now_ms = lm_os_clock_ms();
    lm_huge_tick(now_ms);
    UNIT_CHECK(lm_huge_warm_size() == SIZE);
    lm_huge_tick(now_ms + LM_DEMAND_WINDOW_MS + 100);
    UNIT_CHECK(lm_huge_warm_size() == 0);
    lm_free(large);
    return true;
}

static bool warm_slots_and_dirty_units_share_one_bound(void)
{
    enum { SIZE = LM_DIRTY_LEAST };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    forget();
    char *block = grow_from(large, SIZE, 1);
    UNIT_CHECK(block != NULL && lm_huge_give(block) && lm_huge_warm_size() == SIZE);
    /* What the slot keeps the units cannot. */
    lm_free(lm_malloc(SIZE));
    size_t in_use = lm_units_totals().in_use;
    UNIT_CHECK(lm_units_totals().dirty <= in_use / LM_DIRTY_SHARE);
    lm_huge_cool();
    lm_free(lm_malloc(SIZE));
    UNIT_CHECK(lm_units_totals().dirty >= (size_t)SIZE >> lm_unit_log2);
    lm_free(large);
    return true;
}

static bool what_was_regretted_is_kept(void)
{
    enum { SIZE = 3 * LM_MIB, ROUNDS = 12 };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    char *block = NULL;
    forget();
    for (int round = 0; round < ROUNDS; round++) {
        block = grow_from(large, SIZE, (uint64_t)round);
        UNIT_CHECK(block != NULL && lm_huge_give(block));
        UNIT_CHECK(round > 0 || lm_huge_warm_size() == 0);
    }
    UNIT_CHECK(lm_huge_warm_size() == SIZE);
    UNIT_CHECK(unit_resident_pages(block, SIZE) == SIZE / UNIT_PAGE);
    lm_free(large);
    return lm_huge_cool() == SIZE;
}

/* A slot with `size` warm bytes, by way of regrets. */
static bool warm_up(char *large, size_t size)
{
    for (int round = 0; round < 12 && lm_huge_warm_size() < size; round++) {
        char *block = grow_from(large, size, 5);
        UNIT_CHECK(block != NULL && lm_huge_give(block));
    }
    return lm_huge_has_warm(size / 2) && !lm_huge_has_warm(size);
}

static bool a_tail_that_a_block_does_not_reach_goes_back(void)
{
    enum { SIZE = 2 * LM_MIB, USED = 2 * LM_MOVE_LEAST };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    forget();
    UNIT_CHECK(warm_up(large, SIZE));
    char *block = grow_from(large, USED, 3);
    UNIT_CHECK(unit_resident_pages(block, SIZE) == SIZE / UNIT_PAGE);
    lm_huge_tick(lm_os_clock_ms());
    UNIT_CHECK(unit_resident_pages(block, SIZE) == SIZE / UNIT_PAGE);
    lm_huge_tick(lm_os_clock_ms() + LM_DEMAND_WINDOW_MS + 100);
    UNIT_CHECK(unit_resident_pages(block, SIZE) == USED / UNIT_PAGE);
    UNIT_CHECK(pages_are_marked(block, USED, 3));
    UNIT_CHECK(lm_huge_resize(block, SIZE) == block && unit_is_zero(block + USED, SIZE - USED));
    /* The next one frees its block while the tail is still there. */
    UNIT_CHECK(lm_huge_give(block) && warm_up(large, SIZE));
    block = grow_from(large, USED, 4);
    UNIT_CHECK(lm_huge_give(block) && lm_huge_warm_size() == SIZE);
    lm_free(large);
    return lm_huge_cool() == SIZE && lm_huge_total() == 0;
}

static _Atomic(bool) is_over;
static unsigned failures_of_growth;

static void *tick_on(void *unused)
{
    while (!load_relaxed(&is_over))
        lm_huge_tick(lm_os_clock_ms() + LM_DEMAND_WINDOW_MS + 100);
    return unused;
}

static bool tails_go_while_blocks_grow_into_them(void)
{
    enum { SIZE = 2 * LM_MIB, ROUNDS = 20 };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t ticker;
        forget();
        UNIT_CHECK(warm_up(large, SIZE));
        store_relaxed(&is_over, false);
        char *block = grow_from(large, 2 * LM_MOVE_LEAST, 9);
        UNIT_CHECK(block != NULL && pthread_create(&ticker, NULL, tick_on, NULL) == 0);
        for (size_t size = 2 * LM_MOVE_LEAST; size < SIZE; size += 4 * UNIT_PAGE) {
            size_t next = lm_min(size + 4 * UNIT_PAGE, SIZE);
            bool is_there = lm_huge_resize(block, next) == block;
            mark_pages(block, size, next, 9);
            if (size == SIZE / 2)
                is_there &=
                    lm_huge_resize(block, size) == block && lm_huge_resize(block, next) == block;
            mark_pages(block, size, next, 9);
            failures_of_growth += !is_there;
        }
        store_relaxed(&is_over, true);
        pthread_join(ticker, NULL);
        UNIT_CHECK(failures_of_growth == 0 && pages_are_marked(block, SIZE, 9));
        UNIT_CHECK(lm_huge_give(block));
    }
    lm_huge_cool();
    lm_free(large);
    return lm_huge_total() == 0;
}

static bool the_oldest_warm_slot_makes_room(void)
{
    enum { SIZE = 2 * LM_MOVE_LEAST };
    char *large = lm_memalign(lm_unit_size, LM_MOVE_LEAST);
    char *blocks[LM_WARM_SLOTS + 1];
    forget();
    UNIT_CHECK(warm_up(large, 4 * LM_MIB));
    lm_huge_cool();
    for (int i = 0; i <= LM_WARM_SLOTS; i++)
        UNIT_CHECK((blocks[i] = grow_from(large, SIZE, (uint64_t)i)) != NULL);
    for (int i = 0; i <= LM_WARM_SLOTS; i++)
        UNIT_CHECK(lm_huge_give(blocks[i]));
    UNIT_CHECK(lm_huge_warm_size() == LM_WARM_SLOTS * SIZE);
    UNIT_CHECK(unit_is_sanitized || unit_faults(blocks[0]));
    lm_free(large);
    return lm_huge_cool() == LM_WARM_SLOTS * SIZE;
}

static _Atomic(unsigned) wins;

static void *free_it(void *block)
{
    wins += lm_huge_give(block) ? 1 : 0;
    return NULL;
}

static bool one_of_several_frees_wins(void)
{
    for (int round = 0; round < 100; round++) {
        void *block = lm_huge_take(LM_MIB, 1, LM_HUGE_EXACT);
        void *arguments[] = {block, block, block};
        wins = 0;
        unit_in_threads(3, free_it, arguments);
        UNIT_CHECK(wins == 1 && lm_huge_total() == 0);
    }
    return true;
}

static _Atomic(unsigned) failures;

static void *take_and_grow(void *argument)
{
    uint64_t random = seed + (uintptr_t)argument;
    struct block blocks[4] = {{NULL, 0, 0}};
    for (int step = 0; step < STEPS / 8; step++)
        failures += !change(&blocks[unit_below(&random, 4)], &random);
    for (int i = 0; i < 4; i++)
        failures += blocks[i].start != NULL && !lm_huge_give(blocks[i].start);
    return NULL;
}

static bool threads_do_not_meet_in_the_zone(void)
{
    void *arguments[] = {(void *)1, (void *)2, (void *)3, (void *)4};
    unit_in_threads(4, take_and_grow, arguments);
    return failures == 0 && lm_huge_total() == 0;
}

int main(void)
{
    seed = tap_seed();
    UNIT_TRUTH_IN_CHILD(a_full_zone_gives_less_headroom_then_nothing);
    unit_start();
    UNIT_TRUTH(huge_blocks_are_zero_aligned_and_whole_pages);
    UNIT_TRUTH(only_the_start_of_a_block_is_one);
    UNIT_TRUTH(a_growing_block_stays_where_it_is);
    UNIT_TRUTH(a_block_that_outgrows_its_slot_takes_its_pages_along);
    UNIT_TRUTH(a_shrunk_block_returns_its_tail);
    UNIT_TRUTH(pages_move_in_and_leave_zeroes);
    UNIT_TRUTH(huge_blocks_keep_apart_and_whole);
    UNIT_TRUTH_IN_CHILD(what_cannot_be_moved_is_copied);
    UNIT_TRUTH(growth_has_a_limited_number_of_slots);
    UNIT_TRUTH(a_growing_block_finds_the_pages_of_the_last_one);
    UNIT_TRUTH(what_is_warm_has_a_bound_and_cools);
    UNIT_TRUTH(warm_slots_and_dirty_units_share_one_bound);
    UNIT_TRUTH(what_was_regretted_is_kept);
    UNIT_TRUTH(a_tail_that_a_block_does_not_reach_goes_back);
    UNIT_TRUTH(tails_go_while_blocks_grow_into_them);
    UNIT_TRUTH(the_oldest_warm_slot_makes_room);
    UNIT_TRUTH(one_of_several_frees_wins);
    UNIT_TRUTH(threads_do_not_meet_in_the_zone);
    return tap_done();
}
