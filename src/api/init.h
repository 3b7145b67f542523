/* SPDX-License-Identifier: MIT
 *
 * api/init.h - what happens once per process: options, fork handler, the next allocator.
 */
#ifndef LM_API_INIT_H
#define LM_API_INIT_H

#include "core/core.h"

/* Doors that are visible to programs. */
#define LM_DOOR __attribute__((visibility("default")))
/* Those that are called most begin a cache line, so that what else is in the library does not change
 * their speed. */
#define LM_HOT_DOOR __attribute__((visibility("default"), aligned(LM_CACHE_LINE)))

LM_NOINLINE void lm_api_start(void);
/* The same but for the exit handler. */
LM_NOINLINE void lm_api_begin(void);

/* Our free. In the shared library "free" is the one of the process, which is another's where a program brings its own. */
LM_HIDDEN void lm_api_free(void *p);

/* Stores the function of that name that stands behind this library in the loader's order, or NULL. */
void lm_api_find_next(const char *name, void *function);

extern LM_HIDDEN _Atomic(bool) lm_api_is_started;

/* Called on every slow path of a door. */
LM_INLINE void lm_api_init(void)
{
    /* relaxed: what it guards is only read again by threads that start later or lose a race to
     * start, and lm_api_start sorts those out */
    if (lm_unlikely(!load_relaxed(&lm_api_is_started)))
        lm_api_start();
}

/* For calloc, by which atexit makes room while it holds its lock: it must not be called again from
 * there. Whichever other door is called next does it. */
LM_INLINE void lm_api_init_in_atexit(void)
{
    /* relaxed: as above */
    if (lm_unlikely(!load_relaxed(&lm_api_is_started)))
        lm_api_begin();
}

#endif
