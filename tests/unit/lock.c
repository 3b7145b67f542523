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
    UNIT_TRUTH(a_reset_lock_is_free);
    return tap_done();
}
