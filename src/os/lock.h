/* SPDX-License-Identifier: MIT
 *
 * os/lock.h - a futex lock of one word, all zero when free.
 *
 * A thread may hold one lock of each rank and takes them in this order:
 *   start < registry < heap < huge < purge < space < metadata
 * (a second heap's lock is only ever tried, never waited for). No lock is held across fork: the
 * child clears them all and repairs what they guarded.
 */
#ifndef LM_OS_LOCK_H
#define LM_OS_LOCK_H

#include "base/atomics.h"
#include "base/compiler.h"

struct lm_lock {
    /* [a] 0 free, 1 held, 2 held and somebody waits */
    _Atomic(uint32_t) word;
};

void lm_lock_wait(struct lm_lock *lock);
void lm_lock_wake(struct lm_lock *lock);

LM_INLINE bool lm_lock_try(struct lm_lock *lock)
{
    uint32_t is_free = 0;
    /* partner: the release in lm_lock_give */
    return cas_acquire(&lock->word, &is_free, 1u);
}

LM_INLINE void lm_lock_take(struct lm_lock *lock)
{
    if (lm_unlikely(!lm_lock_try(lock)))
        lm_lock_wait(lock);
}

LM_INLINE void lm_lock_give(struct lm_lock *lock)
{
    /* partner: the acquire in lm_lock_try and lm_lock_wait */
    if (lm_unlikely(exchange_release(&lock->word, 0u) == 2))
        lm_lock_wake(lock);
}

LM_INLINE bool lm_lock_is_held(struct lm_lock *lock)
{
    return load_relaxed(&lock->word) != 0;
}

/* In a fork's child, where no other thread exists. */
LM_INLINE void lm_lock_reset(struct lm_lock *lock)
{
    store_relaxed(&lock->word, 0u);
}

#endif
