/* SPDX-License-Identifier: MIT
 *
 * os/lock.c - the slow halves of os/lock.h.
 */
#include "os/lock.h"

#include "os/os.h"

/* Holders leave within a microsecond unless they were descheduled: look that long, then sleep. */
enum { SPINS = 64 };

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
}

LM_COLD void lm_lock_wake(struct lm_lock *lock)
{
    lm_os_wake_one(&lock->word);
}
