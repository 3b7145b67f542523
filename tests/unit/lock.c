/* SPDX-License-Identifier: MIT
 *
 * os/lock: one thread at a time, and nobody sleeps for ever.
 */
#include "unit.h"

#include "os/lock.h"

enum { THREADS = 4, ROUNDS = 30000, NAPS = 40 };

static struct lm_lock lock;
/* Plain on purpose: the lock alone keeps the sum right. */
static size_t sum;
static unsigned inside;
static bool was_alone = true;

static void *count(void *unused)
{
    for (int round = 0; round < ROUNDS; round++) {
        lm_lock_take(&lock);
        was_alone &= ++inside == 1;
        sum++;
        inside--;
        lm_lock_give(&lock);
    }
    return unused;
}

static bool a_lock_lets_one_thread_in(void)
{
    unit_in_threads(THREADS, count, NULL);
    UNIT_CHECK(was_alone);
    UNIT_CHECK_THAT(sum == (size_t)THREADS * ROUNDS, "sum %zu", sum);
    return !lm_lock_is_held(&lock);
}

/* Holders sleep, so that the others do too, in the kernel. */
static void *nap(void *unused)
{
    for (int round = 0; round < NAPS; round++) {
        lm_lock_take(&lock);
        sum++;
        usleep(200);
        lm_lock_give(&lock);
    }
    return unused;
}

static bool every_sleeper_is_woken(void)
{
    sum = 0;
    unit_in_threads(THREADS, nap, NULL);
    return sum == (size_t)THREADS * NAPS && !lm_lock_is_held(&lock);
}

static struct lm_lock space = LM_LOCK_OF(LM_RANK_SPACE);
static struct lm_lock heaps[2] = {LM_LOCK_OF(LM_RANK_HEAP), LM_LOCK_OF(LM_RANK_HEAP)};

static void wait_upwards(void)
{
    lm_lock_take(&heaps[0]);
    bool is_taken = lm_lock_try(&heaps[1]);
    lm_lock_take(&space);
    lm_lock_give(&heaps[0]);
    lm_lock_give(&space);
    lm_lock_give(&heaps[1]);
    lm_lock_take(&heaps[is_taken]);
    lm_lock_give(&heaps[is_taken]);
}

static void wait_downwards(void)
{
    lm_lock_take(&space);
    lm_lock_take(&heaps[0]);
}

static void wait_for_a_second_heap(void)
{
    lm_lock_take(&heaps[0]);
    lm_lock_take(&heaps[1]);
}

static bool is_stopped(void (*work)(void))
{
    char text[256];
    bool is_aborted;
    unit_capture(work, text, sizeof text, &is_aborted);
    return is_aborted && strstr(text, "invariant failed: held[rank] == 0") != NULL;
}

static bool checked_builds_stop_who_waits_out_of_order(void)
{
    UNIT_CHECK(!is_stopped(wait_upwards));
    UNIT_CHECK(is_stopped(wait_downwards) == (lm_checked != 0));
    UNIT_CHECK(is_stopped(wait_for_a_second_heap) == (lm_checked != 0));
    return true;
}

static void forget_and_wait(void)
{
    lm_lock_take(&space);
    lm_lock_forget_all();
    lm_lock_take(&heaps[0]);
}

static bool a_child_forgets_what_its_thread_held(void)
{
    return !is_stopped(forget_and_wait);
}

static bool a_held_lock_cannot_be_tried(void)
{
    UNIT_CHECK(!lm_lock_is_held(&lock) && lm_lock_try(&lock));
    UNIT_CHECK(lm_lock_is_held(&lock) && !lm_lock_try(&lock));
    lm_lock_give(&lock);
    UNIT_CHECK(!lm_lock_is_held(&lock) && lm_lock_try(&lock));
    lm_lock_give(&lock);
    return true;
}

static bool a_reset_lock_is_free(void)
{
    lm_lock_take(&lock);
    lm_lock_reset(&lock);
    UNIT_CHECK(lm_lock_try(&lock));
    lm_lock_give(&lock);
    return true;
}

int main(void)
{
    alarm(UNIT_CHILD_SECONDS);
    UNIT_TRUTH(a_lock_lets_one_thread_in);
    UNIT_TRUTH(every_sleeper_is_woken);
    UNIT_TRUTH(a_held_lock_cannot_be_tried);
    UNIT_TRUTH(checked_builds_stop_who_waits_out_of_order);
    UNIT_TRUTH(a_child_forgets_what_its_thread_held);
    UNIT_TRUTH(a_reset_lock_is_free);
    return tap_done();
}
