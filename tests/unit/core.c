/* SPDX-License-Identifier: MIT
 *
 * core/: what malloc and its kin promise, one thread, against a model.
 */
#include "model.h"

#include "heap/huge.h"
#include "observe/snapshot.h"

static uint64_t seed;

static bool nothing_is_left(void)
{
    struct lm_snapshot now;
    lm_trim();
    lm_snapshot_take(&now);
    UNIT_CHECK_THAT(now.live == 0 && now.slabs == 0 && now.huge == 0, "%zu live, %zu huge",
                    now.live, now.huge);
    return lm_units_totals().in_use == 0;
}

static bool run_model(size_t usual, size_t most, int steps)
{
    static struct model model;
    memset(&model, 0, sizeof model);
    model.random = seed + usual;
    model.usual = usual;
    model.most = most;
    for (int step = 0; step < steps; step++) {
        UNIT_CHECK(model_step(&model));
        if (unit_below(&model.random, 5000) == 0)
            lm_trim();
    }
    return model_end(&model) && nothing_is_left();
}

static bool small_blocks_are_what_was_asked_for(void)
{
    return run_model(600, 40000, lm_torture ? 40000 : 150000);
}

static bool large_blocks_are_what_was_asked_for(void)
{
    return run_model(100000, 3 * LM_MIB, lm_torture ? 8000 : 20000);
}

static bool huge_blocks_are_what_was_asked_for(void)
{
    return run_model(1 * LM_MIB, 48 * LM_MIB, 1200);
}

static bool without_magazines_blocks_are_what_was_asked_for(void)
{
    lm_options.magazines = false;
    unit_start();
    return run_model(600, 300000, 15000);
}

static bool without_purge_delay_blocks_are_what_was_asked_for(void)
{
    lm_options.purge_delay_ms = 0;
    unit_start();
    return run_model(20000, 600000, 6000);
}

static bool every_size_and_alignment_is_served(void)
{
    for (size_t alignment = 1; alignment <= 16 * LM_MIB; alignment *= 2) {
        for (size_t size = 0; size < 100000; size = size * 2 + (size % 3) + 1) {
            char *block = lm_memalign(alignment, size);
            char *next = lm_memalign(alignment, size);
            UNIT_CHECK(block != NULL && next != NULL && block != next);
            UNIT_CHECK((uintptr_t)block % alignment == 0 && (uintptr_t)next % alignment == 0);
            UNIT_CHECK(lm_usable_size(block) >= lm_max(size, 1));
            memset(block, 1, lm_usable_size(block));
            memset(next, 2, lm_usable_size(next));
            UNIT_CHECK(size == 0 || (block[0] == 1 && block[size - 1] == 1));
            lm_free(block);
            lm_free(next);
        }
    }
    return nothing_is_left();
}

static bool what_cannot_be_is_null(void)
{
    UNIT_CHECK(lm_malloc(SIZE_MAX) == NULL && lm_malloc((size_t)PTRDIFF_MAX + 1) == NULL);
    UNIT_CHECK(lm_malloc(PTRDIFF_MAX) == NULL && lm_malloc((size_t)1 << 50) == NULL);
    UNIT_CHECK(lm_calloc(SIZE_MAX / 2, 3) == NULL && lm_calloc((size_t)1 << 40, 1 << 30) == NULL);
    UNIT_CHECK(lm_memalign((size_t)1 << 62, 1) == NULL);
    char *block = lm_malloc(100);
    unit_fill(block, 100, 1);
    UNIT_CHECK(lm_realloc(block, SIZE_MAX) == NULL && lm_realloc(block, PTRDIFF_MAX) == NULL);
    UNIT_CHECK(unit_is_filled(block, 100, 1));
    lm_free(block);
    lm_free(NULL);
    return lm_usable_size(NULL) == 0 && nothing_is_left();
}

static bool zero_sizes_give_blocks_of_their_own(void)
{
    void *blocks[100];
    for (int i = 0; i < 100; i++) {
        blocks[i] = i % 3 == 0 ? lm_malloc(0) : i % 3 == 1 ? lm_calloc(0, 9) : lm_realloc(NULL, 0);
        UNIT_CHECK(blocks[i] != NULL);
        for (int j = 0; j < i; j++)
            UNIT_CHECK(blocks[i] != blocks[j]);
    }
    for (int i = 0; i < 100; i++)
        lm_free(blocks[i]);
    void *block = lm_realloc(lm_malloc(5000), 0);
    UNIT_CHECK(block != NULL && lm_usable_size(block) < 100);
    lm_free(block);
    return nothing_is_left();
}

/* From 1 byte to 100 MiB by steps of every size: bytes stay, and so do most addresses. */
static bool a_block_grows_through_all_kinds(void)
{
    for (size_t step = 3; step <= 300; step *= 10) {
        char *block = lm_malloc(1);
        size_t size = 1;
        block[0] = 42;
        while (size < 100 * LM_MIB) {
            size_t next = size + size * step / 600 + step;
            block = lm_realloc(block, next);
            UNIT_CHECK(block != NULL && block[0] == 42 && block[size - 1] == 42);
            block[next - 1] = 42;
            size = next;
        }
        while (size > 10) {
            size = size * 2 / 3;
            block[size - 1] = 24;
            block = lm_realloc(block, size);
            UNIT_CHECK(block != NULL && block[0] == 42 && block[size - 1] == 24);
        }
        lm_free(block);
    }
    return nothing_is_left();
}

/* In a heap with holes of every length, the long ones last. */
static bool a_growing_block_goes_where_there_is_room(void)
{
    enum { HOLES = 30 };
    char *holes[HOLES];
    char *pins[HOLES];
    unsigned moves = 0;
    for (size_t i = 0; i < HOLES; i++) {
        holes[i] = lm_malloc((3 + i) * lm_unit_size);
        pins[i] = lm_malloc(LM_SMALL_MAX + 1);
    }
    char *behind = lm_malloc(8 * LM_MIB);
    for (size_t i = 0; i < HOLES; i++)
        lm_free(holes[i]);
    lm_free(behind);
    char *block = lm_malloc(3 * lm_unit_size);
    for (size_t size = 3 * lm_unit_size; size <= LM_GROW_COPY_MOST; size += LM_KIB) {
        char *grown = lm_realloc(block, size);
        UNIT_CHECK(grown != NULL && !lm_is_in_huge_zone(grown));
        moves += grown != block;
        block = grown;
    }
    UNIT_CHECK_THAT(moves <= 4, "%u moves", moves);
    for (size_t i = 0; i < HOLES; i++)
        lm_free(pins[i]);
    lm_free(block);
    return nothing_is_left();
}

/* Its pages went along, so there is nothing to return to the kernel. */
static bool what_a_moved_block_leaves_is_not_dirty(void)
{
    char *block = lm_malloc(LM_HUGE_PAGES_FROM / 2);
    memset(block, 1, LM_HUGE_PAGES_FROM / 2);
    lm_trim();
    char *moved = lm_realloc(block, LM_HUGE_PAGES_FROM + LM_MIB);
    UNIT_CHECK(moved != NULL && lm_is_in_huge_zone(moved) && lm_units_totals().dirty == 0);
    char *again = lm_calloc(1, LM_HUGE_PAGES_FROM / 2);
    UNIT_CHECK(again != NULL && unit_is_zero(again, LM_HUGE_PAGES_FROM / 2));
    lm_free(again);
    lm_free(moved);
    return nothing_is_left();
}

static bool recycled_memory_is_cleared_by_calloc(void)
{
    for (size_t size = 16; size < 8 * LM_MIB; size = size * 3 / 2) {
        for (int round = 0; round < 3; round++) {
            char *block = lm_malloc(size);
            memset(block, 0xff, size);
            lm_free(block);
            if (round == 2)
                lm_trim();
            block = lm_calloc(1, size);
            UNIT_CHECK_THAT(unit_is_zero(block, size), "%zu bytes", size);
            memset(block, 0xff, size);
            lm_free(block);
        }
    }
    return nothing_is_left();
}

static bool trim_returns_what_is_free(void)
{
    static char *blocks[4000];
    for (int i = 0; i < 4000; i++) {
        blocks[i] = lm_malloc(4000);
        memset(blocks[i], 1, 4000);
    }
    /* One block in eight stays, so hardly a slab falls empty. */
    for (int i = 0; i < 4000; i++)
        if (i % 8 != 0)
            lm_free(blocks[i]);
    lm_trim();
    size_t resident = 0;
    for (size_t unit = 0; unit < lm_window_units; unit++)
        resident += unit_resident_pages(lm_unit_address(unit), lm_unit_size);
    UNIT_CHECK_THAT(resident < 4000 / 8 * 2 + 100, "%zu pages for 500 blocks", resident);
    for (int i = 0; i < 4000; i += 8)
        lm_free(blocks[i]);
    return nothing_is_left();
}

static bool pointers_are_told_from_strangers(void)
{
    int here = 0;
    void *block = lm_malloc(10);
    void *huge = lm_malloc(64 * LM_MIB);
    UNIT_CHECK(lm_is_ours(block) && lm_is_ours(huge));
    UNIT_CHECK(!lm_is_ours(NULL) && !lm_is_ours(&here) && !lm_is_ours(&lm_window));
    lm_free(block);
    lm_free(huge);
    return true;
}

static const void *seen;

static void see_free(void *p)
{
    seen = p;
}

static void *see_realloc(void *p, size_t size)
{
    seen = p;
    return (char *)p + size;
}

static size_t see_usable_size(const void *p)
{
    seen = p;
    return 77;
}

static bool strangers_go_to_their_own_allocator(void)
{
    struct lm_foreign before = lm_foreign;
    static char stranger[100];
    char *p = stranger;
    lm_foreign = (struct lm_foreign){see_free, see_realloc, see_usable_size};
    lm_free(p);
    UNIT_CHECK(seen == p);
    UNIT_CHECK(lm_realloc(p + 16, 5) == p + 21 && seen == p + 16);
    UNIT_CHECK(lm_usable_size(p + 32) == 77 && seen == p + 32);
    lm_foreign = before;
    return true;
}

int main(void)
{
    seed = tap_seed();
    UNIT_TRUTH_IN_CHILD(without_magazines_blocks_are_what_was_asked_for);
    UNIT_TRUTH_IN_CHILD(without_purge_delay_blocks_are_what_was_asked_for);
    unit_start();
    UNIT_TRUTH(small_blocks_are_what_was_asked_for);
    UNIT_TRUTH(large_blocks_are_what_was_asked_for);
    UNIT_TRUTH(huge_blocks_are_what_was_asked_for);
    UNIT_TRUTH(every_size_and_alignment_is_served);
    UNIT_TRUTH(what_cannot_be_is_null);
    UNIT_TRUTH(zero_sizes_give_blocks_of_their_own);
    UNIT_TRUTH(a_block_grows_through_all_kinds);
    UNIT_TRUTH(a_growing_block_goes_where_there_is_room);
    UNIT_TRUTH(what_a_moved_block_leaves_is_not_dirty);
    UNIT_TRUTH(recycled_memory_is_cleared_by_calloc);
    UNIT_TRUTH(trim_returns_what_is_free);
    UNIT_TRUTH(pointers_are_told_from_strangers);
    UNIT_TRUTH(strangers_go_to_their_own_allocator);
    return tap_done();
}
