/* SPDX-License-Identifier: MIT
 *
 * os/lock.c - the slow halves of os/lock.h.
 */
#include "os/lock.h"

#include "os/os.h"

#include <string.h>

/* Holders leave within a microsecond unless they were descheduled: look that long, then sleep. */
enum { SPINS = 64 };

/* [o] how many locks of each rank this thread holds; checked builds only */
static _Thread_local uint8_t held[LM_RANKS];

void lm_lock_check_order(const struct lm_lock *lock)
{
    if (lock->rank == LM_RANK_NONE)
        return;
    for (unsigned rank = lock->rank; rank < LM_RANKS; rank++)
        LM_INVARIANT(held[rank] == 0);
}

void lm_lock_count_taken(const struct lm_lock *lock)
{
    held[lock->rank]++;
}

/* A slow path that goes on in a fork's child, after the signal handler that forked in the middle of
 * it, gives locks that are forgotten. */
void lm_lock_count_given(const struct lm_lock *lock)
{
    if (held[lock->rank] != 0)
        held[lock->rank]--;
}

void lm_lock_forget_all(void)
{
    memset(held, 0, sizeof held);
}

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

LM_COLD void lm_lock_wait(struct lm_lock *lock)
{
    for (int spin = 0; spin < SPINS; spin++) {
        pause_briefly();
        if (!lm_lock_is_held(lock) && lm_lock_try(lock))
            return;
    }
    /* partner: the release in lm_lock_give */
    while (exchange_acquire(&lock->word, 2u) != 0)
        lm_os_wait(&lock->word, 2);
    if (lm_checked)
        lm_lock_count_taken(lock);
}

LM_COLD void lm_lock_wake(struct lm_lock *lock)
{
    lm_os_wake_one(&lock->word);
}
