/* SPDX-License-Identifier: MIT
 *
 * heap/registry: heaps outlive their threads, wait for others, and lend what they have.
 */
#include "unit.h"

#include "heap/owner.h"
#include "heap/registry.h"
#include "observe/snapshot.h"

enum { THREADS = 4, WAVES = 50, BLOCKS = 4000 };

static void *blocks[THREADS][BLOCKS];
static uint64_t seed;
static _Atomic(unsigned) failures;

static bool nothing_is_left(void)
{
    UNIT_CHECK(unit_nothing_is_left());
    UNIT_CHECK(lm_units_totals().in_use == 0);
    return true;
}

static void *live_shortly(void *argument)
{
    uint64_t random = seed + (uintptr_t)argument;
    void *mine[100];
    for (int i = 0; i < 100; i++)
        mine[i] = lm_malloc(unit_random_size(&random, 3000));
    for (int i = 0; i < 100; i++)
        lm_free(mine[i]);
    return NULL;
}

static bool heaps_are_no_more_than_threads_at_a_time(void)
{
    void *arguments[THREADS] = {(void *)1, (void *)2, (void *)3, (void *)4};
    for (int wave = 0; wave < WAVES; wave++)
        unit_in_threads(1, live_shortly, arguments);
    UNIT_CHECK_THAT(unit_snapshot().heaps <= 2, "%zu heaps", unit_snapshot().heaps);
    for (int wave = 0; wave < WAVES; wave++)
        unit_in_threads(THREADS, live_shortly, arguments);
    struct lm_snapshot now = unit_snapshot();
    UNIT_CHECK_THAT(now.heaps <= THREADS + 1, "%zu heaps", now.heaps);
    UNIT_CHECK(now.parked_heaps == now.heaps - 1);
    return nothing_is_left();
}

static pthread_barrier_t all_are_here;

static void *leave_blocks(void *argument)
{
    void **mine = argument;
    for (int i = 0; i < BLOCKS; i++) {
        mine[i] = lm_malloc(200);
        unit_fill(mine[i], 200, (uintptr_t)mine[i]);
    }
    /* All have theirs by now. Then every other one goes, so that all slabs are partly used. */
    pthread_barrier_wait(&all_are_here);
    for (int i = 0; i < BLOCKS; i += 2)
        lm_free(mine[i]);
    return NULL;
}

static void *arguments_of_leave[THREADS] = {blocks[0], blocks[1], blocks[2], blocks[3]};

static bool free_left_blocks(void)
{
    for (int thread = 0; thread < THREADS; thread++) {
        for (int i = 1; i < BLOCKS; i += 2) {
            UNIT_CHECK(unit_is_filled(blocks[thread][i], 200, (uintptr_t)blocks[thread][i]));
            lm_free(blocks[thread][i]);
        }
    }
    return true;
}

static bool memory_comes_back_after_its_thread_is_gone(void)
{
    for (int round = 0; round < 3; round++) {
        unit_in_threads(THREADS, leave_blocks, arguments_of_leave);
        UNIT_CHECK(unit_snapshot().live >= (size_t)THREADS * BLOCKS / 2 * 200);
        UNIT_CHECK(free_left_blocks() && nothing_is_left());
    }
    return true;
}

static bool slabs_of_parked_heaps_are_taken_over(void)
{
    static void *mine[THREADS * BLOCKS / 2];
    unit_in_threads(THREADS, leave_blocks, arguments_of_leave);
    size_t slabs = unit_snapshot().slabs;
    for (size_t i = 0; i < UNIT_COUNT_OF(mine); i++) {
        mine[i] = lm_malloc(200);
        memset(mine[i], 1, 200);
    }
    size_t more = unit_snapshot().slabs - lm_min(slabs, unit_snapshot().slabs);
    /* As many blocks as were freed: nearly all find room in slabs of the dead. */
    UNIT_CHECK_THAT(more < slabs / 4, "%zu bytes of slabs, %zu more", slabs, more);
    UNIT_CHECK(free_left_blocks());
    for (size_t i = 0; i < UNIT_COUNT_OF(mine); i++)
        lm_free(mine[i]);
    return nothing_is_left();
}

/* A parked heap without slabs is a cache line and address space. */
static bool parked_heaps_give_their_pages_back(void)
{
    void *arguments[UNIT_THREADS_MOST] = {NULL};
    unit_in_threads(UNIT_THREADS_MOST, live_shortly, arguments);
    lm_trim();
    struct lm_heap_control *control = NULL;
    size_t dormant = 0;
    while ((control = lm_heap_next(control)) != NULL) {
        if (control->state != LM_HEAP_PARKED)
            continue;
        UNIT_CHECK(control->is_dormant);
        UNIT_CHECK(unit_resident_pages(control->body, sizeof *control->body) == 0);
        dormant++;
    }
    UNIT_CHECK(dormant >= 1);
    unit_in_threads(UNIT_THREADS_MOST, live_shortly, arguments);
    return nothing_is_left();
}

/* It still had a slab when it sank below those that keep their pages. */
static bool a_sunken_heap_rests_when_its_last_slab_goes(void)
{
    enum { LATER = LM_DORMANT_WARM + 1, MOST = 1000, CLASS = 5 };
    struct lm_heap *later[LATER];
    static void *taken[MOST];
    size_t count = 0;
    struct lm_heap *heap = lm_heap_borrow();
    UNIT_CHECK(heap != NULL);
    struct lm_heap_control *control = heap->control;
    /* The first are from a commons. */
    while (control->slab_count == 0 && count < MOST)
        taken[count++] = lm_heap_refill(heap, CLASS);
    for (int i = 0; i < LATER; i++)
        later[i] = lm_heap_borrow();
    lm_heap_park(heap);
    for (int i = 0; i < LATER; i++)
        lm_heap_park(later[i]);
    UNIT_CHECK(control->slab_count != 0 && !control->is_dormant);
    for (size_t i = 0; i < count; i++)
        lm_free(taken[i]);
    lm_lock_take(&lm_thread.heap->control->lock);
    lm_heap_empty_magazines(lm_thread.heap);
    lm_lock_give(&lm_thread.heap->control->lock);
    lm_outbox_flush(lm_thread.heap);
    UNIT_CHECK(control->slab_count == 0 && control->is_dormant);
    return nothing_is_left();
}

/* Threads come and go while others free what those left behind. */
static _Atomic(void *) shelf[256];

static void *come_and_go(void *argument)
{
    uint64_t random = seed ^ (uintptr_t)argument;
    for (int step = 0; step < 400; step++) {
        size_t size = 16 + unit_random_size(&random, 2000);
        size_t *mine = lm_malloc(size);
        *mine = size;
        unit_fill(mine + 1, size - sizeof size, size);
        size_t *theirs = atomic_exchange(&shelf[unit_below(&random, 256)], mine);
        if (theirs == NULL)
            continue;
        failures += !unit_is_filled(theirs + 1, *theirs - sizeof size, *theirs);
        lm_free(theirs);
    }
    return NULL;
}

static void *start_others(void *argument)
{
    for (uintptr_t round = 0; round < 12; round++) {
        void *arguments[] = {(char *)argument + 16 * round, (char *)argument + 16 * round + 8};
        unit_in_threads(2, come_and_go, arguments);
        if (round % 4 == 3)
            lm_trim();
    }
    return NULL;
}

static bool blocks_survive_the_coming_and_going_of_threads(void)
{
    void *arguments[] = {(void *)1000, (void *)2000, (void *)3000};
    unit_in_threads(3, start_others, arguments);
    for (size_t i = 0; i < UNIT_COUNT_OF(shelf); i++) {
        lm_free(shelf[i]);
        shelf[i] = NULL;
    }
    UNIT_CHECK(failures == 0);
    UNIT_CHECK_THAT(unit_snapshot().heaps <= 40, "%zu heaps", unit_snapshot().heaps);
    return nothing_is_left();
}

static bool a_heap_is_borrowed_for_one_call(void)
{
    size_t heaps = unit_snapshot().heaps;
    for (int round = 0; round < 20; round++) {
        struct lm_heap *heap = lm_heap_borrow();
        UNIT_CHECK(heap != NULL && heap != lm_thread.heap);
        UNIT_CHECK(heap->control->state == LM_HEAP_LIVE);
        void *block = lm_heap_refill(heap, 5);
        UNIT_CHECK(block != NULL);
        lm_heap_park(heap);
        UNIT_CHECK(heap->control->state == LM_HEAP_PARKED);
        lm_free(block);
    }
    UNIT_CHECK(unit_snapshot().heaps <= heaps + 1);
    return nothing_is_left();
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    lm_free(lm_malloc(1));
    pthread_barrier_init(&all_are_here, NULL, THREADS);
    UNIT_TRUTH(heaps_are_no_more_than_threads_at_a_time);
    UNIT_TRUTH(memory_comes_back_after_its_thread_is_gone);
    UNIT_TRUTH(slabs_of_parked_heaps_are_taken_over);
    UNIT_TRUTH(parked_heaps_give_their_pages_back);
    UNIT_TRUTH(blocks_survive_the_coming_and_going_of_threads);
    UNIT_TRUTH(a_heap_is_borrowed_for_one_call);
    UNIT_TRUTH(a_sunken_heap_rests_when_its_last_slab_goes);
    return tap_done();
}
