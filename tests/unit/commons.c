/* SPDX-License-Identifier: MIT
 *
 * heap/commons: threads that need little share slabs, those that need more get their own, and what
 * is shared comes back however its threads end.
 */
#include "unit.h"

#include "heap/commons.h"
#include "heap/owner.h"
#include "heap/registry.h"
#include "observe/snapshot.h"

#include <unistd.h>

enum { HOLDERS = 100, SIZES = 20 };

static const size_t sizes[SIZES] = {16,  32,  48,  64,   96,   128,  192,  256,  384,  512,
                                    640, 768, 896, 1024, 1280, 1536, 1792, 2560, 3584, 5120};
static void *held[HOLDERS][SIZES];
static pthread_t holders[HOLDERS];
static size_t body_pages[HOLDERS];
static _Atomic(int) arrived;
static _Atomic(bool) is_over;
static _Atomic(unsigned) failures;

static bool is_common(const void *block)
{
    return lm_is_common(lm_unit_tag(lm_unit_of(block)));
}

static void free_held(size_t holder)
{
    for (int i = 0; i < SIZES; i++) {
        failures += !unit_is_filled(held[holder][i], sizes[i], holder);
        lm_free(held[holder][i]);
        held[holder][i] = NULL;
    }
}

/* argument: the number, and whether it frees what it holds before it waits, or at its end. */
struct habit {
    size_t number;
    bool frees_at_once;
    bool frees_at_end;
};

static struct habit habits[HOLDERS];

static void *hold_little(void *argument)
{
    const struct habit *habit = argument;
    for (int i = 0; i < SIZES; i++) {
        held[habit->number][i] = lm_malloc(sizes[i]);
        unit_fill(held[habit->number][i], sizes[i], habit->number);
    }
    const struct lm_heap *heap = lm_thread.heap;
    body_pages[habit->number] = unit_resident_pages(heap, sizeof *heap);
    if (habit->frees_at_once)
        free_held(habit->number);
    arrived++;
    while (!is_over)
        usleep(1000);
    if (habit->frees_at_end)
        free_held(habit->number);
    return NULL;
}

static void start_holders(bool frees_at_once, bool frees_at_end)
{
    arrived = 0;
    is_over = false;
    for (size_t i = 0; i < HOLDERS; i++) {
        habits[i] = (struct habit){i, frees_at_once, frees_at_end};
        if (pthread_create(&holders[i], NULL, hold_little, &habits[i]) != 0)
            tap_bail("pthread_create: %s", strerror(errno));
    }
    while (arrived < HOLDERS)
        usleep(1000);
}

static void end_holders(void)
{
    is_over = true;
    for (size_t i = 0; i < HOLDERS; i++)
        pthread_join(holders[i], NULL);
}

/* Twenty slabs for each would be thirty times that. How many commons were born, and who found all of
 * them busy and took slabs of its own, depends on the machine's load. */
static bool threads_that_hold_little_share_slabs(void)
{
    size_t before = unit_snapshot().slabs;
    size_t pages = 0;
    size_t live = 0;
    start_holders(false, true);
    size_t slabs = unit_snapshot().slabs - before;
    for (size_t i = 0; i < HOLDERS; i++)
        pages = lm_max(pages, body_pages[i]);
    for (int i = 0; i < SIZES; i++)
        live += HOLDERS * sizes[i];
    end_holders();
    UNIT_CHECK_THAT(slabs < 6 * live, "%zu bytes of slabs for %zu", slabs, live);
    /* Sanitizers and checks touch more. */
    UNIT_CHECK_THAT(pages <= 1 || unit_is_sanitized || lm_checked, "a heap has %zu pages", pages);
    return failures == 0 && unit_nothing_is_left();
}

static bool threads_that_freed_all_keep_next_to_nothing(void)
{
    start_holders(true, false);
    struct lm_snapshot now = unit_snapshot();
    size_t kept = now.live + now.cached;
    end_holders();
    /* Some blocks in each of the smallest classes. */
    UNIT_CHECK_THAT(kept / HOLDERS < 3 * LM_KIB, "%zu bytes", kept / HOLDERS);
    return failures == 0 && unit_nothing_is_left();
}

static bool what_exited_threads_leave_is_freed_by_others(void)
{
    start_holders(false, false);
    end_holders();
    for (size_t i = 0; i < HOLDERS; i++)
        free_held(i);
    /* What the outbox still held went there as well; nobody else has to come by. */
    lm_lock_take(&lm_thread.heap->control->lock);
    lm_outbox_flush(lm_thread.heap);
    lm_lock_give(&lm_thread.heap->control->lock);
    size_t live = unit_snapshot().live;
    UNIT_CHECK_THAT(live == 0, "%zu bytes are not back", live);
    return failures == 0 && unit_nothing_is_left();
}

static bool the_first_heap_shares_nothing(void)
{
    void *block = lm_malloc(100);
    UNIT_CHECK(!is_common(block));
    lm_free(block);
    return unit_nothing_is_left();
}

/* Whoever takes many blocks of a class, or takes and frees one again and again. */
static void *become_hot(void *unused)
{
    void *mine[LM_SHARE_MOST + LM_MAGAZINE_FIRST + 1];
    mine[0] = lm_malloc(64);
    failures += !is_common(mine[0]);
    lm_free(mine[0]);
    for (size_t i = 0; i < UNIT_COUNT_OF(mine); i++)
        mine[i] = lm_malloc(64);
    failures += is_common(mine[UNIT_COUNT_OF(mine) - 1]);
    for (size_t i = 0; i < UNIT_COUNT_OF(mine); i++)
        lm_free(mine[i]);
    for (int i = 0; i < 2 * LM_SHARE_MOST; i++)
        lm_free(lm_malloc(128));
    void *block = lm_malloc(128);
    failures += is_common(block);
    lm_free(block);
    return unused;
}

static bool a_magazine_that_goes_on_asking_is_promoted(void)
{
    unit_in_threads(1, become_hot, NULL);
    /* The next thread has the same heap and begins anew. */
    unit_in_threads(1, become_hot, NULL);
    UNIT_CHECK(failures == 0);
    return unit_nothing_is_left();
}

static void *reuse(void *unused)
{
    void *first = lm_malloc(64);
    lm_free(first);
    void *second = lm_malloc(64);
    failures += first != second;
    lm_free(second);
    return unused;
}

static bool a_cold_thread_reuses_what_it_freed(void)
{
    unit_in_threads(1, reuse, NULL);
    UNIT_CHECK(failures == 0);
    return unit_nothing_is_left();
}

static void *free_what_promoted_it(void *unused)
{
    enum { COUNT = 2 * LM_SHARE_BYTES / LM_SHARE_BATCH_BYTES, SIZE = 600 };
    void *mine[COUNT];
    for (int i = 0; i < COUNT; i++)
        mine[i] = lm_malloc(SIZE);
    failures += !is_common(mine[0]) || is_common(mine[COUNT - 1]);
    for (int i = COUNT - 1; i >= 0; i--)
        lm_free(mine[i]);
    failures += lm_thread.heap->outbox_size != 0;
    return unused;
}

/* It may be idle from now on. */
static bool a_promoted_thread_holds_back_no_pages_of_the_commons(void)
{
    unit_in_threads(1, free_what_promoted_it, NULL);
    return failures == 0 && unit_nothing_is_left();
}

/* Two threads' first blocks: never in one cache line. */
static bool batches_share_no_cache_lines(void)
{
    static const size_t small[] = {16, 32, 48, 80, 96, 112};
    enum { EACH = 4, LINES = 2 * EACH * 8 };
    for (size_t i = 0; i < UNIT_COUNT_OF(small); i++) {
        unsigned class = lm_class_for(small[i]);
        void *blocks[2][LM_MAGAZINE_FIRST];
        size_t count[2];
        struct lm_heap *heaps[2] = {lm_heap_borrow(), lm_heap_borrow()};
        for (int h = 0; h < 2; h++) {
            void *block = lm_heap_refill(heaps[h], class);
            for (count[h] = 0; block != NULL; count[h]++) {
                blocks[h][count[h]] = block;
                block = lm_heap_take(heaps[h], class);
            }
        }
        size_t shared = 0;
        for (size_t a = 0; a < count[0]; a++)
            for (size_t b = 0; b < count[1]; b++)
                shared += ((uintptr_t)blocks[0][a] ^ (uintptr_t)blocks[1][b]) < LM_CACHE_LINE;
        UNIT_CHECK_THAT(shared == 0, "%zu pairs of %zu bytes", shared, small[i]);
        for (int h = 0; h < 2; h++) {
            while (count[h] > 0)
                lm_free(blocks[h][--count[h]]);
            lm_heap_park(heaps[h]);
        }
    }
    return unit_nothing_is_left();
}

static void *live_a_little(void *unused)
{
    void *mine[SIZES];
    for (int i = 0; i < SIZES; i++)
        mine[i] = lm_malloc(sizes[i]);
    for (int i = 0; i < SIZES; i++)
        lm_free(mine[i]);
    return unused;
}

/* A child in which all commons but `left` are lost. */
static bool live_with(unsigned left)
{
    unsigned lost = 0;
    for (uint32_t id = 1; id <= LM_COMMONS; id++)
        lost += lm_heap_control_at(id)->state == LM_HEAP_LOST;
    UNIT_CHECK_THAT(lost == LM_COMMONS - left, "%u lost", lost);
    for (size_t i = 0; i < HOLDERS; i++)
        free_held(i);
    /* The thread sanitizer knows no threads in a child of threads. */
    for (int round = 0; round < 3 && !unit_is_thread_sanitized; round++)
        unit_in_threads(4, live_a_little, NULL);
    return failures == 0;
}

static bool live_without_the_first(void)
{
    return live_with(LM_COMMONS - 1);
}

static bool live_without_any(void)
{
    return live_with(0);
}

static _Atomic(bool) holds;

/* As a thread in the middle of a slow path would. */
static void *hold_commons(void *argument)
{
    uint32_t last = *(uint32_t *)argument;
    for (uint32_t id = 1; id <= last; id++)
        failures += !lm_lock_try(&lm_heap_control_at(id)->lock);
    holds = true;
    while (!is_over)
        usleep(500);
    for (uint32_t id = 1; id <= last; id++)
        lm_lock_give(&lm_heap_control_at(id)->lock);
    return NULL;
}

static bool fork_while_held(uint32_t last, bool (*work)(void))
{
    pthread_t thread;
    start_holders(false, false);
    end_holders();
    is_over = false;
    holds = false;
    pthread_create(&thread, NULL, hold_commons, &last);
    while (!holds)
        usleep(500);
    bool is_right = unit_in_child(work);
    is_over = true;
    pthread_join(thread, NULL);
    for (size_t i = 0; i < HOLDERS; i++)
        free_held(i);
    return is_right && unit_nothing_is_left();
}

static bool a_commons_that_a_fork_caught_is_lost_and_others_serve(void)
{
    return fork_while_held(1, live_without_the_first) &&
           fork_while_held(LM_COMMONS, live_without_any);
}

int main(void)
{
    unit_start();
    lm_free(lm_malloc(1));
    UNIT_TRUTH(the_first_heap_shares_nothing);
    UNIT_TRUTH(threads_that_hold_little_share_slabs);
    UNIT_TRUTH(threads_that_freed_all_keep_next_to_nothing);
    UNIT_TRUTH(what_exited_threads_leave_is_freed_by_others);
    UNIT_TRUTH(a_magazine_that_goes_on_asking_is_promoted);
    UNIT_TRUTH(a_cold_thread_reuses_what_it_freed);
    UNIT_TRUTH(a_promoted_thread_holds_back_no_pages_of_the_commons);
    UNIT_TRUTH(batches_share_no_cache_lines);
    UNIT_TRUTH(a_commons_that_a_fork_caught_is_lost_and_others_serve);
    return tap_done();
}
