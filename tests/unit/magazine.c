/* SPDX-License-Identifier: MIT
 *
 * heap/magazine: what a thread keeps at hand, and when that grows and shrinks.
 */
#include "unit.h"

#include "heap/commons.h"
#include "heap/registry.h"
#include "observe/snapshot.h"
#include "os/os.h"

enum { BLOCKS = 20000 };

static void *blocks[BLOCKS];

/* H3 */
static bool is_of(const struct lm_heap *heap, unsigned class, const void *block)
{
    size_t unit = lm_unit_of(block);
    uint32_t tag = lm_unit_tag(unit);
    return tag > UINT8_MAX && (tag & LM_TAG_CLASS_MASK) == class &&
           (lm_is_common(tag) || lm_heap_owns(heap, unit));
}

/* H1 to H3 and the limits, for all magazines. */
static bool magazines_are_sound(const struct lm_heap *heap)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        const struct lm_magazine *magazine = &heap->magazines[class];
        void **top = magazine->top;
        void **slots = lm_magazine_slots(magazine);
        UNIT_CHECK(top >= slots && top <= magazine->end);
        UNIT_CHECK(top == slots ? magazine->newest == NULL : slots[0] == NULL);
        unsigned veils = 0;
        UNIT_CHECK(magazine->capacity <= LM_MAGAZINE_MOST);
        UNIT_CHECK(magazine->capacity * lm_class_table[class].size <= LM_MAGAZINE_PAYLOAD_PROVEN);
        UNIT_CHECK(magazine->capacity == 0 || lm_is_power_of_two(magazine->capacity + 1));
        for (void **slot = slots + 1; slot <= top; slot++) {
            const void *block = slot == top ? magazine->newest : *slot;
            veils += block == NULL;
            UNIT_CHECK(block == NULL || is_of(heap, class, block));
        }
        UNIT_CHECK(veils == (unsigned)load_relaxed(&magazine->is_veiled));
    }
    return true;
}

/* Takes and frees `count` blocks, `rounds` times. */
static bool churn(size_t size, size_t count, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            blocks[i] = lm_malloc(size);
            UNIT_CHECK(blocks[i] != NULL);
        }
        for (size_t i = 0; i < count; i++)
            lm_free(blocks[i]);
    }
    return true;
}

/* Blocks of 20 classes, each the first of its class. */
static bool first_blocks_begin_on_many_cache_sets(void)
{
    unsigned at_page_start = 0;
    for (unsigned class = 0; class < 20; class ++) {
        void *p = lm_malloc(lm_class_table[lm_class_upper(class)].size);
        at_page_start += (uintptr_t)p % UNIT_PAGE < LM_CACHE_LINE;
    }
    UNIT_CHECK_THAT(at_page_start <= 8, "%u", at_page_start);
    return true;
}

static bool a_fresh_heap_serves_in_address_order_but_for_the_first_batch(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        size_t size = lm_class_table[class].size;
        char *last = lm_malloc(size);
        unsigned breaks = 0;
        for (int i = 1; i < 200; i++) {
            char *next = lm_malloc(size);
            /* Guests lie where there is room. */
            if (!is_of(lm_thread.heap, class, next))
                continue;
            breaks += lm_unit_of(next) == lm_unit_of(last) && next < last;
            last = next;
        }
        /* One of the first batch comes before the others, and the lowest in its place. */
        UNIT_CHECK_THAT(breaks <= 2, "class %u goes down %u times", class, breaks);
    }
    return true;
}

static bool a_magazine_grows_under_pressure(void)
{
    struct lm_heap *heap = unit_heap();
    unsigned class = lm_class_for(32);
    UNIT_CHECK(heap->magazines[class].capacity == 0);
    UNIT_CHECK(churn(32, BLOCKS, 2));
    UNIT_CHECK(heap->magazines[class].capacity == LM_MAGAZINE_MOST);
    return magazines_are_sound(heap);
}

static bool only_blocks_that_come_and_go_get_more_than_the_plain_payload(void)
{
    enum { SIZE = 16384, PLAIN = LM_MAGAZINE_PAYLOAD / SIZE };
    struct lm_heap *heap = unit_heap();
    unsigned class = lm_class_for(SIZE);
    void *live[800];
    for (int i = 0; i < 800; i++)
        live[i] = lm_malloc(SIZE);
    UNIT_CHECK(heap->magazines[class].capacity < PLAIN);
    UNIT_CHECK(churn(SIZE, 40, 20));
    UNIT_CHECK(lm_torture || heap->magazines[class].capacity > PLAIN);
    for (int i = 0; i < 800; i++)
        lm_free(live[i]);
    UNIT_CHECK_THAT(heap->magazine_size <= LM_MAGAZINE_BUDGET, "%zu bytes", heap->magazine_size);
    return magazines_are_sound(heap);
}

static bool all_magazines_together_keep_their_budget(void)
{
    struct lm_heap *heap = unit_heap();
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(churn(lm_class_table[class].size, 300, 4));
        size_t budget = LM_MAGAZINE_BUDGET + ((size_t)heap->control->slab_count << lm_unit_log2) /
                                                 LM_MAGAZINE_SHARE_PROVEN;
        /* Slabs may have gone since a magazine grew. */
        UNIT_CHECK_THAT(heap->magazine_size <= budget + 300 * 32768 / LM_MAGAZINE_SHARE_PROVEN,
                        "%zu bytes of %zu", heap->magazine_size, budget);
    }
    return magazines_are_sound(heap);
}

enum { MANY = 32 * 2000 };

/* Blocks of 32 classes come and go until their magazines are large, then stay; what is freed after that is
 * all but every twentieth of each class, so that all magazines are flushed by turns. */
static bool the_magazines_of_a_heap_that_drains_hold_little_of_what_is_left(void)
{
    static void *many[MANY];
    struct lm_heap *heap = unit_heap();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            many[i] = lm_malloc(i % 32 * 32 + 16);
        for (size_t i = 0; i < MANY; i++)
            lm_free(many[i]);
    }
    for (size_t i = 0; i < MANY; i++)
        many[i] = lm_malloc(i % 32 * 32 + 16);
    size_t before = heap->magazine_size;
    for (size_t i = 0; i < MANY; i++) {
        /* Time goes by, so that the slabs are swept meanwhile. */
        heap->sweep.began_us = 0;
        if (i / 32 % 20 != 0)
            lm_free(many[i]);
    }
    size_t after = heap->magazine_size;
    size_t allowed = LM_DRAIN_BUDGET + heap->sweep.used_size / LM_DRAIN_SHARE;
    for (size_t i = 0; i < MANY; i++)
        if (i / 32 % 20 == 0)
            lm_free(many[i]);
    /* What was flushed last, when more was used, may exceed it. */
    UNIT_CHECK_THAT((lm_torture || before > 4 * allowed) && after <= 2 * allowed,
                    "%zu bytes, then %zu of %zu", before, after, allowed);
    return magazines_are_sound(heap);
}

static bool an_idle_magazine_shrinks_by_halves(void)
{
    struct lm_heap *heap = unit_heap();
    unsigned class = lm_class_for(32);
    lm_trim();
    UNIT_CHECK(churn(32, BLOCKS, 2) && heap->magazines[class].capacity == LM_MAGAZINE_MOST);
    uint32_t capacity = LM_MAGAZINE_MOST;
    void *others[64];
    size_t held = 0;
    /* Pretend that the last look was long ago; then a slow path of another class. */
    for (int epoch = 0; epoch < 12; epoch++) {
        uint64_t begin = lm_os_clock_ms();
        heap->last_epoch = 0;
        void *block = lm_malloc(20000);
        while (heap->last_epoch == 0 && held < UNIT_COUNT_OF(others))
            others[held++] = lm_malloc(20000);
        lm_free(block);
        uint32_t now = heap->magazines[class].capacity;
        uint32_t count = (uint32_t)unit_cached(heap, class);
        /* Epochs that came by themselves if this took that long. */
        uint64_t more = (lm_os_clock_ms() - begin) / LM_DEMAND_WINDOW_MS;
        if (epoch > 0) {
            uint32_t least = more < 8 ? capacity >> (1 + more) : 0;
            UNIT_CHECK(now <= lm_max(capacity / 2, LM_MAGAZINE_FIRST));
            UNIT_CHECK(now >= lm_max(least, LM_MAGAZINE_FIRST));
            UNIT_CHECK(count <= now / 2 || now == LM_MAGAZINE_FIRST);
        }
        capacity = now;
    }
    while (held > 0)
        lm_free(others[--held]);
    UNIT_CHECK(capacity == LM_MAGAZINE_FIRST);
    return magazines_are_sound(heap);
}

/* Takes new slow paths in a class of its own, or as many as end the epoch; result: what it holds, for `give_all`. */
static size_t take_slowly(struct lm_heap *heap, void **held, size_t most, uint32_t slow_paths)
{
    uint32_t start = heap->slow_paths;
    size_t count = 0;
    heap->last_epoch = lm_os_clock_ms();
    while (count < most && heap->slow_paths - start < slow_paths)
        held[count++] = lm_malloc(20000);
    return count;
}

static void give_all(void **held, size_t count)
{
    while (count > 0)
        lm_free(held[--count]);
}

/* Puts blocks of this size into the magazine, and has them seen there. */
static size_t fill_and_show(size_t size, void **held, size_t most)
{
    struct lm_heap *heap = unit_heap();
    lm_trim();
    churn(size, 6, 1);
    heap->slow_paths = 0;
    return take_slowly(heap, held, most, LM_LOOK_SLOW_PATHS);
}

static bool blocks_that_nobody_takes_go_back_at_the_second_look(void)
{
    void *held[600];
    struct lm_heap *heap = unit_heap();
    unsigned class = lm_class_for(3000);
    size_t count = fill_and_show(3000, held, UNIT_COUNT_OF(held));
    size_t seen = unit_cached(heap, class);
    count += take_slowly(heap, held + count, UNIT_COUNT_OF(held) - count, LM_LOOK_SLOW_PATHS);
    size_t left = unit_cached(heap, class);
    give_all(held, count);
    UNIT_CHECK_THAT(seen != 0 && left == 0, "%zu blocks, then %zu", seen, left);
    return magazines_are_sound(heap);
}

static bool blocks_of_which_some_are_taken_stay(void)
{
    void *held[600], *two[2];
    struct lm_heap *heap = unit_heap();
    unsigned class = lm_class_for(3000);
    size_t count = fill_and_show(3000, held, UNIT_COUNT_OF(held));
    size_t seen = unit_cached(heap, class);
    /* In other order than before. */
    two[0] = lm_malloc(3000);
    two[1] = lm_malloc(3000);
    lm_free(two[0]);
    lm_free(two[1]);
    count += take_slowly(heap, held + count, UNIT_COUNT_OF(held) - count, LM_LOOK_SLOW_PATHS);
    size_t left = unit_cached(heap, class);
    give_all(held, count);
    UNIT_CHECK_THAT(seen >= 2 && left == seen, "%zu blocks, then %zu", seen, left);
    return magazines_are_sound(heap);
}

/* The next slow path, in a class of its own, ends an epoch that has taken no time. */
static void end_early_epoch(struct lm_heap *heap)
{
    static void *held[600];
    heap->slow_paths = LM_EPOCH_SLOW_PATHS - 1;
    give_all(held, take_slowly(heap, held, UNIT_COUNT_OF(held), 1));
}

/* Idle early epochs until the magazine shrinks; 0: it does not. */
static unsigned idle_epochs_outlived(struct lm_heap *heap, unsigned class)
{
    uint32_t capacity = heap->magazines[class].capacity;
    for (unsigned epochs = 1; epochs <= 4 << LM_MAGAZINE_PATIENCE_MOST; epochs++) {
        end_early_epoch(heap);
        if (heap->magazines[class].capacity < capacity)
            return epochs;
    }
    return 0;
}

static bool a_magazine_that_shrinks_in_vain_waits_longer(void)
{
    /* No guest in any build. */
    enum { SIZE = LM_QUANTUM };
    struct lm_heap *heap = unit_heap();
    unsigned class = lm_class_for(SIZE);
    struct lm_magazine *magazine = &heap->magazines[class];
    lm_trim();
    heap->looks[class] = (struct lm_magazine_look){0};
    for (unsigned times = 0; times <= LM_MAGAZINE_PATIENCE_MOST + 1; times++) {
        uint32_t capacity = (uint32_t)lm_max(magazine->capacity, LM_MAGAZINE_FIRST);
        for (int i = 0; i < 100 && magazine->capacity <= capacity; i++) {
            heap->slow_paths = 0;
            churn(SIZE, 2 * capacity, 1);
        }
        UNIT_CHECK(magazine->capacity > capacity);
        magazine->pressure = 1;
        end_early_epoch(heap);
        unsigned epochs = idle_epochs_outlived(heap, class);
        UNIT_CHECK_THAT(epochs == 1u << lm_min(times, LM_MAGAZINE_PATIENCE_MOST),
                        "%u epochs after %u times", epochs, times);
    }
    for (unsigned i = 0; i < 4 << LM_MAGAZINE_PATIENCE_MOST; i++)
        end_early_epoch(heap);
    UNIT_CHECK(heap->looks[class].patience == 0);
    return magazines_are_sound(heap);
}

static bool trim_empties_the_callers_magazines(void)
{
    struct lm_heap *heap = unit_heap();
    struct lm_snapshot now;
    UNIT_CHECK(churn(100, 5000, 3) && churn(3000, 500, 3));
    lm_snapshot_take(&now);
    UNIT_CHECK(now.cached > 0);
    lm_trim();
    lm_snapshot_take(&now);
    UNIT_CHECK_THAT(now.cached == 0 && now.slabs == 0, "%zu bytes cached, %zu in slabs", now.cached,
                    now.slabs);
    UNIT_CHECK(heap->magazine_size == 0);
    return magazines_are_sound(heap);
}

static bool without_magazines_nothing_is_kept(void)
{
    struct lm_snapshot now;
    lm_options.magazines = false;
    UNIT_CHECK(lm_core_init());
    struct lm_heap *heap = unit_heap();
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(heap->magazines[class].capacity == 0);
        UNIT_CHECK(churn(lm_class_table[class].size, 50, 2));
    }
    lm_snapshot_take(&now);
    UNIT_CHECK(now.cached == 0 && now.live == 0 && now.slabs == 0);
    return magazines_are_sound(heap);
}

static _Atomic(unsigned) failures;

/* A thread's first block of a class costs a refill of half a magazine at most. */
static void *be_small(void *unused)
{
    void *mine[10];
    for (int i = 0; i < 10; i++)
        mine[i] = lm_malloc(64);
    struct lm_heap *heap = lm_thread.heap;
    size_t held = unit_cached(heap, 3);
    failures += held > LM_MAGAZINE_FIRST || !magazines_are_sound(heap);
    for (int i = 0; i < 10; i++)
        lm_free(mine[i]);
    return unused;
}

static bool a_thread_that_needs_little_keeps_little(void)
{
    unit_in_threads(4, be_small, NULL);
    return failures == 0;
}

int main(void)
{
    unit_prepare();
    UNIT_TRUTH_IN_CHILD(a_fresh_heap_serves_in_address_order_but_for_the_first_batch);
    UNIT_TRUTH_IN_CHILD(first_blocks_begin_on_many_cache_sets);
    UNIT_TRUTH_IN_CHILD(without_magazines_nothing_is_kept);
    unit_start();
    UNIT_TRUTH(a_magazine_grows_under_pressure);
    UNIT_TRUTH(an_idle_magazine_shrinks_by_halves);
    UNIT_TRUTH(blocks_that_nobody_takes_go_back_at_the_second_look);
    UNIT_TRUTH(blocks_of_which_some_are_taken_stay);
    UNIT_TRUTH(a_magazine_that_shrinks_in_vain_waits_longer);
    UNIT_TRUTH(trim_empties_the_callers_magazines);
    UNIT_TRUTH(only_blocks_that_come_and_go_get_more_than_the_plain_payload);
    UNIT_TRUTH(all_magazines_together_keep_their_budget);
    UNIT_TRUTH_IN_CHILD(the_magazines_of_a_heap_that_drains_hold_little_of_what_is_left);
    UNIT_TRUTH(a_thread_that_needs_little_keeps_little);
    return tap_done();
}
