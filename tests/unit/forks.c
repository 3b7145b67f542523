/* SPDX-License-Identifier: MIT
 *
 * lm_core_after_fork: a child goes on whatever the other threads were doing. No lock is held across
 * fork; what was caught in the middle may leak, but nothing may break or wait.
 */
#include "unit.h"

#include "heap/huge.h"
#include "heap/registry.h"
#include "observe/snapshot.h"

enum { THREADS = 3, FORKS = 250, BLOCKS = 2000, SHELF = 512 };

static uint64_t seed;
static _Atomic(bool) is_over;
static void *blocks[BLOCKS];
static size_t sizes[BLOCKS];
static _Atomic(void *) shelf[SHELF];

static void take_blocks(uint64_t random)
{
    for (int i = 0; i < BLOCKS; i++) {
        sizes[i] = unit_random_size(&random, i % 100 == 0 ? 200000 : 2000);
        blocks[i] = lm_malloc(sizes[i]);
        unit_fill(blocks[i], sizes[i], (uint64_t)i);
    }
}

static bool free_blocks(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        UNIT_CHECK(unit_is_filled(blocks[i], sizes[i], (uint64_t)i));
        lm_free(blocks[i]);
    }
    return true;
}

/* Everything a program does, within moments. */
static bool live_on(void)
{
    uint64_t random = seed;
    void *mine[300];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++) {
            size_t size = unit_random_size(&random, i % 50 == 0 ? 3 * LM_MIB : 3000);
            mine[i] = lm_malloc(size);
            UNIT_CHECK(mine[i] != NULL);
            memset(mine[i], 3, lm_min(size, 3000));
        }
        for (int i = 0; i < 300; i += 3)
            mine[i] = lm_realloc(mine[i], unit_random_size(&random, 100000));
        for (int i = 0; i < 300; i++)
            lm_free(mine[i]);
    }
    UNIT_CHECK(lm_huge_give(lm_huge_take(1, 1, LM_HUGE_EXACT)));
    lm_heap_park(lm_heap_borrow());
    lm_trim();
    lm_units_verify();
    return true;
}

static bool child_frees_and_lives_on(void)
{
    return free_blocks() && live_on();
}

static bool a_child_owns_what_its_parent_had(void)
{
    take_blocks(seed);
    for (int round = 0; round < 5; round++)
        UNIT_CHECK(unit_in_child(child_frees_and_lives_on));
    return free_blocks();
}

static void *take_in_thread(void *unused)
{
    take_blocks(seed + 1);
    return unused;
}

static bool is_whole_after_freeing_all(void)
{
    UNIT_CHECK(free_blocks());
    lm_trim();
    struct lm_snapshot now;
    lm_snapshot_take(&now);
    UNIT_CHECK_THAT(now.live == 0, "%zu bytes live", now.live);
    return live_on();
}

static bool a_child_frees_blocks_of_threads_that_were_gone(void)
{
    unit_in_threads(1, take_in_thread, NULL);
    UNIT_CHECK(unit_in_child(is_whole_after_freeing_all));
    return free_blocks();
}

static bool child_of_a_child(void)
{
    return live_on() && unit_in_child(child_frees_and_lives_on) && child_frees_and_lives_on();
}

static bool a_childs_child_lives_on(void)
{
    take_blocks(seed + 2);
    UNIT_CHECK(unit_in_child(child_of_a_child));
    return free_blocks();
}

/* Slabs come and go, and with them their descriptors. */
static void burst(uint64_t *random)
{
    void *mine[300];
    size_t size = 1000 + unit_random_size(random, 30000);
    for (int i = 0; i < 300; i++)
        mine[i] = lm_malloc(size);
    for (int i = 0; i < 300; i++)
        lm_free(mine[i]);
    for (int i = 0; i < 30; i++)
        lm_huge_give(lm_huge_take(1, 1, LM_HUGE_EXACT));
}

static void *live_shortly(void *unused)
{
    lm_free(lm_malloc(500));
    return unused;
}

/* Heaps are born and parked. */
static void *be_fertile(void *unused)
{
    while (!is_over)
        unit_in_threads(2, live_shortly, NULL);
    return unused;
}

/* Allocates all the time, so that forks hit it in the middle of things. */
static void *be_busy(void *argument)
{
    uint64_t random = seed + (uintptr_t)argument;
    while (!is_over) {
        if (unit_below(&random, 50) == 0)
            burst(&random);
        bool is_big = unit_below(&random, 200) == 0;
        size_t size = 16 + unit_random_size(&random, is_big ? 4 * LM_MIB : 3000);
        size_t *mine = lm_malloc(size);
        *mine = size;
        size_t *theirs = atomic_exchange(&shelf[unit_below(&random, SHELF)], mine);
        if (theirs != NULL && unit_below(&random, 10) == 0) {
            size = 16 + unit_random_size(&random, 200000);
            theirs = lm_realloc(theirs, size);
            *theirs = size;
        }
        lm_free(theirs);
    }
    return NULL;
}

static bool child_of_a_busy_parent(void)
{
    for (int i = 0; i < SHELF; i++) {
        size_t *block = shelf[i];
        UNIT_CHECK(block == NULL || lm_usable_size(block) >= *block);
        lm_free(block);
    }
    return child_frees_and_lives_on();
}

static bool forks_hit_busy_threads_and_children_live_on(void)
{
    pthread_t threads[THREADS];
    take_blocks(seed + 3);
    is_over = false;
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, i == 0 ? be_fertile : be_busy, (void *)i); // NOLINT
    bool is_right = true;
    for (int round = 0; round < FORKS && is_right; round++)
        is_right = unit_in_child(child_of_a_busy_parent);
    is_over = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SHELF; i++)
        lm_free(atomic_exchange(&shelf[i], NULL));
    return is_right && free_blocks() && live_on();
}

/* Returns dirty runs all the time, so that forks hit it between the run and its marks. */
static void *be_dirty(void *unused)
{
    enum { SIZE = 64 * LM_KIB };
    while (!is_over) {
        void *mine[4];
        for (int i = 0; i < 4; i++)
            mine[i] = memset(lm_malloc(SIZE), 7, SIZE);
        for (int i = 0; i < 4; i++)
            lm_free(mine[i]);
    }
    return unused;
}

static bool zeroed_blocks_are_zero(void)
{
    enum { SIZE = 48 * LM_KIB };
    for (int i = 0; i < 40; i++) {
        const uint64_t *block = lm_calloc(1, SIZE);
        for (size_t word = 0; word < SIZE / sizeof *block; word++)
            UNIT_CHECK_THAT(block[word] == 0, "block %d has %#lx", i, (unsigned long)block[word]);
    }
    return true;
}

static bool forks_hit_the_return_of_dirty_runs_and_children_know_them(void)
{
    pthread_t thread;
    is_over = false;
    pthread_create(&thread, NULL, be_dirty, NULL);
    bool is_right = true;
    for (int round = 0; round < FORKS && is_right; round++)
        is_right = unit_in_child(zeroed_blocks_are_zero);
    is_over = true;
    pthread_join(thread, NULL);
    return is_right;
}

/* Locks that others held are free; their heaps are parked or lost; the caller's own stays. */
static bool heaps_are_sorted_after_a_fork(void)
{
    struct lm_heap *own = lm_thread.heap;
    struct lm_heap_control *control = NULL;
    while ((control = lm_heap_next(control)) != NULL) {
        if (control == own->control) {
            UNIT_CHECK(control->state == LM_HEAP_LIVE);
            continue;
        }
        UNIT_CHECK(control->state != LM_HEAP_LIVE);
        UNIT_CHECK(control->state == LM_HEAP_LOST || !lm_lock_is_held(&control->lock));
    }
    return lm_thread.heap == own && live_on();
}

static _Atomic(int) waiting;

static void *hold_a_heap(void *argument)
{
    bool holds_lock = argument != NULL;
    lm_free(lm_malloc(100));
    struct lm_heap_control *control = lm_thread.heap->control;
    if (holds_lock)
        lm_lock_take(&control->lock);
    waiting++;
    while (!is_over)
        usleep(500);
    if (holds_lock)
        lm_lock_give(&control->lock);
    return NULL;
}

static bool a_heap_caught_in_a_slow_path_is_lost_others_are_parked(void)
{
    pthread_t threads[2];
    is_over = false;
    waiting = 0;
    for (uintptr_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, hold_a_heap, (void *)i); // NOLINT
    while (waiting < 2)
        usleep(500);
    bool is_right = unit_in_child(heaps_are_sorted_after_a_fork);
    is_over = true;
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return is_right;
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(a_child_owns_what_its_parent_had);
    UNIT_TRUTH(a_child_frees_blocks_of_threads_that_were_gone);
    UNIT_TRUTH(a_childs_child_lives_on);
    UNIT_TRUTH(a_heap_caught_in_a_slow_path_is_lost_others_are_parked);
    UNIT_TRUTH(forks_hit_the_return_of_dirty_runs_and_children_know_them);
    UNIT_TRUTH(forks_hit_busy_threads_and_children_live_on);
    return tap_done();
}
