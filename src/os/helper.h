/* SPDX-License-Identifier: MIT
 *
 * os/helper.h - the library's one thread of its own: its start, its sleep, and what wakes it.
 *
 * What it does is core/background.c's business. There is none unless the option background_purge asks
 * for it.
 */
#ifndef LM_OS_HELPER_H
#define LM_OS_HELPER_H

#include "base/atomics.h"
#include "base/compiler.h"

enum lm_helper_state {
    /* at work, or there is no such thread */
    LM_HELPER_AWAKE,
    /* asleep until a slow path wakes it */
    LM_HELPER_ASLEEP,
    /* between two looks */
    LM_HELPER_PAUSING,
};

/* [a] enum lm_helper_state; set by the helper, ordered before its last look round. Relaxed where it
 * is only looked at: the locks of what it looks at order the two. */
extern LM_HIDDEN _Atomic(uint32_t) lm_helper_state;

/* A detached thread with a small stack and all signals blocked. False: there can be none. The calling
 * thread's malloc may be entered from within; errno stays. */
bool lm_helper_start(void (*body)(void));

/* For the helper itself. From lie_down on it can be woken; sleep returns once it was. */
void lm_helper_lie_down(void);
void lm_helper_sleep(void);
void lm_helper_get_up(void);
/* Returns after that time, or when roused. */
void lm_helper_pause(size_t milliseconds);

/* Ends its sleep, and its pause. */
void lm_helper_rouse(void);
/* In a fork's child, where it does not exist. */
void lm_helper_after_fork(void);

/* Something has changed: ends its sleep, but no pause. */
LM_INLINE void lm_helper_wake(void)
{
    if (lm_unlikely(load_relaxed(&lm_helper_state) == LM_HELPER_ASLEEP))
        lm_helper_rouse();
}

#endif
