/* SPDX-License-Identifier: MIT
 *
 * os/lock.h - a futex lock of one word, zero when free.
 *
 * A thread waits for a lock only if all that it holds are of lower rank, which checked builds check; a
 * second heap's lock is only ever tried. No lock is held across fork: the child clears them all and
 * repairs what they guarded.
 *
 * Where libc says that there is one thread, no atomic exchange is needed, which would wait for all stores before it.
 * That changes in pthread_create and pthread_join only, and nobody calls them holding a lock.
 */
#ifndef LM_OS_LOCK_H
#define LM_OS_LOCK_H

#include "base/atomics.h"
#include "base/compiler.h"

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
#define __libc_single_threaded false
#endif

enum lm_rank {
    /* unknown: not checked */
    LM_RANK_NONE,
    LM_RANK_API,
    LM_RANK_CORE,
    LM_RANK_REGISTRY,
    LM_RANK_HEAP,
    /* a heap that is nobody's own; see heap/commons.h */
    LM_RANK_COMMONS,
    LM_RANK_HUGE,
    LM_RANK_PURGE,
    LM_RANK_SPACE,
    LM_RANK_METADATA,
    LM_RANKS,
};

struct lm_lock {
    /* [a] 0 free, 1 held, 2 held and somebody waits */
    _Atomic(uint32_t) word;
    /* [c] enum lm_rank */
    uint32_t rank;
};

/* Initialises a lock. All zero in builds that do not check, so that the struct around it may be, too. */
#define LM_LOCK_OF(which)                                                                          \
    {                                                                                              \
        .rank = lm_checked ? (which) : LM_RANK_NONE                                                \
    }

/* Checked builds: this thread is about to wait for the lock; has it; no longer has it. */
void lm_lock_check_order(const struct lm_lock *lock);
void lm_lock_count_taken(const struct lm_lock *lock);
void lm_lock_count_given(const struct lm_lock *lock);
/* In a fork's child: what the thread held before is nobody's now. */
void lm_lock_forget_all(void);

void lm_lock_wait(struct lm_lock *lock);
void lm_lock_wake(struct lm_lock *lock);

LM_INLINE bool lm_is_alone(void)
{
    return lm_likely(__libc_single_threaded);
}

LM_INLINE bool lm_lock_is_held(struct lm_lock *lock)
{
    return load_relaxed(&lock->word) != 0;
}

LM_INLINE bool lm_lock_try_alone(struct lm_lock *lock)
{
    if (lm_lock_is_held(lock))
        return false;
    store_relaxed(&lock->word, 1u);
    keep_order_for_fork();
    return true;
}

LM_INLINE bool lm_lock_try(struct lm_lock *lock)
{
    uint32_t is_free = 0;
    /* partner: the release in lm_lock_give */
    bool is_taken =
        lm_is_alone() ? lm_lock_try_alone(lock) : cas_acquire(&lock->word, &is_free, 1u);
    if (lm_checked && is_taken)
        lm_lock_count_taken(lock);
    return is_taken;
}

LM_INLINE void lm_lock_take(struct lm_lock *lock)
{
    if (lm_checked)
        lm_lock_check_order(lock);
    if (lm_unlikely(!lm_lock_try(lock)))
        lm_lock_wait(lock);
}

LM_INLINE void lm_lock_give(struct lm_lock *lock)
{
    if (lm_checked)
        lm_lock_count_given(lock);
    /* partner: the acquire in lm_lock_try and lm_lock_wait */
    if (lm_is_alone())
        store_release(&lock->word, 0u);
    else if (lm_unlikely(exchange_release(&lock->word, 0u) == 2))
        lm_lock_wake(lock);
}

/* In a fork's child, where no other thread exists. */
LM_INLINE void lm_lock_reset(struct lm_lock *lock)
{
    store_relaxed(&lock->word, 0u);
}

#endif
