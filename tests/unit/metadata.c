/* SPDX-License-Identifier: MIT
 *
 * space/metadata: blocks are zeroed, aligned, apart from each other, and found by their index.
 */
#include "unit.h"

#include "os/os.h"
#include "space/metadata.h"

enum { BLOCKS = 600, STEPS = 20000, THREADS = 4 };

struct block {
    void *start;
    size_t size;
    uint64_t mark;
};

static bool is_proper(const void *block, size_t size)
{
    size_t alignment = size > 2048 ? UNIT_PAGE : LM_CACHE_LINE;
    UNIT_CHECK(block != NULL && (uintptr_t)block % alignment == 0);
    UNIT_CHECK_THAT(unit_is_zero(block, size), "%zu bytes are not zeroed", size);
    UNIT_CHECK(lm_metadata_index(block) != 0);
    UNIT_CHECK(lm_metadata_at(lm_metadata_index(block)) == block);
    return true;
}

static bool give_and_take(struct block *blocks, uint64_t *random)
{
    for (int step = 0; step < STEPS; step++) {
        struct block *block = &blocks[unit_below(random, BLOCKS)];
        if (block->start != NULL) {
            UNIT_CHECK(unit_is_filled(block->start, block->size, block->mark));
            lm_metadata_give(block->start, block->size);
            block->start = NULL;
            continue;
        }
        block->size = 1 + unit_random_size(random, unit_below(random, 30) == 0 ? 60000 : 3000);
        block->mark = tap_random(random);
        block->start = lm_metadata_take(block->size);
        UNIT_CHECK(is_proper(block->start, block->size));
        unit_fill(block->start, block->size, block->mark);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i].start != NULL)
            lm_metadata_give(blocks[i].start, blocks[i].size);
    return true;
}

static uint64_t seed;
static _Atomic(unsigned) failures;

static void *work(void *argument)
{
    struct block *blocks = calloc(BLOCKS, sizeof *blocks);
    uint64_t random = seed + (uintptr_t)argument;
    if (!give_and_take(blocks, &random))
        failures++;
    free(blocks);
    return NULL;
}

static bool metadata_blocks_keep_apart(void)
{
    work(NULL);
    return failures == 0;
}

static bool metadata_blocks_keep_apart_among_threads(void)
{
    void *arguments[THREADS] = {(void *)1, (void *)2, (void *)3, (void *)4};
    unit_in_threads(THREADS, work, arguments);
    return failures == 0;
}

static bool what_was_given_is_taken_again(void)
{
    static const size_t sizes[] = {1, 64, 65, 1000, 2048, 2049, 4096, 10000, 1 << 20};
    for (size_t i = 0; i < UNIT_COUNT_OF(sizes); i++) {
        lm_metadata_trim();
        size_t before = lm_metadata_size();
        for (int round = 0; round < 2000; round++) {
            void *block = lm_metadata_take(sizes[i]);
            UNIT_CHECK(is_proper(block, sizes[i]));
            memset(block, 0xff, lm_min(sizes[i], 5000));
            lm_metadata_give(block, sizes[i]);
        }
        UNIT_CHECK(lm_metadata_size() <= before + 16 * LM_KIB);
    }
    return true;
}

static bool what_falls_empty_gives_its_pages_back(void)
{
    static void *many[2000];
    static const size_t sizes[] = {500, 2000, 20000};
    for (size_t i = 0; i < UNIT_COUNT_OF(sizes); i++) {
        lm_metadata_trim();
        size_t before = lm_metadata_size();
        for (size_t j = 0; j < UNIT_COUNT_OF(many); j++) {
            many[j] = lm_metadata_take(sizes[i]);
            memset(many[j], 0xff, sizes[i]);
        }
        UNIT_CHECK(lm_metadata_size() >= before + UNIT_COUNT_OF(many) * sizes[i] - 32 * LM_KIB);
        char *low = many[0];
        char *high = many[0];
        for (size_t j = 0; j < UNIT_COUNT_OF(many); j++) {
            char *block = many[j * 997 % UNIT_COUNT_OF(many)];
            low = block < low ? block : low;
            high = block > high ? block : high;
            lm_metadata_give(block, sizes[i]);
        }
        size_t kept = lm_metadata_size();
        UNIT_CHECK(kept <= before + (LM_METADATA_KEPT + 1) * 16 * LM_KIB);
        char *again = lm_metadata_take(10000);
        for (size_t j = 0; j < 10000; j++)
            UNIT_CHECK_THAT(again[j] == 0, "byte %zu of a kept chunk is %d", j, again[j]);
        UNIT_CHECK(lm_metadata_size() == kept || sizes[i] > 16 * LM_KIB);
        lm_metadata_give(again, 10000);
        lm_metadata_trim();
        UNIT_CHECK(lm_metadata_size() <= before + 16 * LM_KIB);
        /* What stays is one chunk of each size so far, and the page that the first purge looked at.
         */
        low -= (uintptr_t)low % UNIT_PAGE;
        UNIT_CHECK(unit_resident_pages(low, (size_t)(high - low)) <= 40 * 4);
    }
    return true;
}

static bool too_large_a_block_is_refused(void)
{
    UNIT_CHECK(lm_metadata_take(4 * LM_TIB) == NULL);
    void *block = lm_metadata_take(100);
    UNIT_CHECK(is_proper(block, 100));
    lm_metadata_give(block, 100);
    return true;
}

/* A reservation that ends: NULL, and what was given serves again. */
static bool a_full_area_says_so_and_recovers(void)
{
    enum { SIZE = 64 * UNIT_PAGE };
    size_t index_size = lm_round_up(lm_metadata_index_footprint(SIZE), UNIT_PAGE);
    struct lm_area area = {lm_os_reserve(SIZE), SIZE, 0, false};
    struct lm_area index = {lm_os_reserve(index_size), index_size, 0, false};
    void *last = NULL;
    size_t count = 0;
    UNIT_CHECK(area.base != NULL && lm_metadata_init(&area, &index));
    for (void *next; (next = lm_metadata_take(700)) != NULL; count++)
        last = next;
    UNIT_CHECK(count * 700 > SIZE / 5 * 4 && lm_metadata_take(SIZE) == NULL);
    lm_metadata_give(last, 700);
    return lm_metadata_take(700) == last && lm_metadata_take(700) == NULL;
}

int main(void)
{
    lm_os_init();
    UNIT_TRUTH_IN_CHILD(a_full_area_says_so_and_recovers);
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(metadata_blocks_keep_apart);
    UNIT_TRUTH(metadata_blocks_keep_apart_among_threads);
    UNIT_TRUTH(what_was_given_is_taken_again);
    UNIT_TRUTH(what_falls_empty_gives_its_pages_back);
    UNIT_TRUTH(too_large_a_block_is_refused);
    return tap_done();
}
