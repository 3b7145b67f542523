/* SPDX-License-Identifier: MIT
 *
 * core/background.h - the option background_purge: a thread that returns memory while the program
 * takes no slow path that would.
 */
#ifndef LM_CORE_BACKGROUND_H
#define LM_CORE_BACKGROUND_H

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/options.h"

/* [a] a thread is wanted and not there; relaxed: whoever takes the wish away starts it */
extern LM_HIDDEN _Atomic(bool) lm_background_is_wanted;

/* At start, when the options are known. Here, as the rest is cold code. */
LM_INLINE void lm_background_allow(void)
{
    store_relaxed(&lm_background_is_wanted, lm_options.background_purge);
}

/* Starts the thread if there is enough to do for one. No lock is held. */
void lm_background_start(void);
/* In a fork's child. */
void lm_background_after_fork(void);

/* On malloc's slow paths, when they are done. Never on free's: libc frees while it holds locks that
 * the making of a thread takes. */
LM_INLINE void lm_background_offer(void)
{
    if (lm_unlikely(load_relaxed(&lm_background_is_wanted)))
        lm_background_start();
}

#endif
