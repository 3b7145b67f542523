/* SPDX-License-Identifier: MIT
 *
 * doors.h - which allocator the stress test talks to: the public doors, or libcore beside the
 * libc's malloc (LM_STRESS_CORE, for sanitizers, which bring a malloc of their own).
 */
#ifndef LM_STRESS_DOORS_H
#define LM_STRESS_DOORS_H

#include <stddef.h>

#ifdef LM_STRESS_CORE

#include "core/background.h"
#include "core/core.h"
#include "observe/options.h"

#include <stdlib.h>

/* What the doors do at start. */
static inline void stress_start(void)
{
    lm_options_read(getenv("LIBMALLOC_CONF"));
    lm_core_init();
    lm_background_allow();
}

#define stress_malloc      lm_malloc
#define stress_calloc      lm_calloc
#define stress_realloc     lm_realloc
#define stress_memalign    lm_memalign
#define stress_free        lm_free
#define stress_usable_size lm_usable_size
#define stress_trim        lm_trim
#define stress_after_fork  lm_core_after_fork
#define STRESS_ALLOCATOR   "libcore"

#else

#include "api/glibc.h"
#include <stdlib.h>

#define stress_start()      ((void)0)
#define stress_malloc       malloc
#define stress_calloc       calloc
#define stress_realloc      realloc
#define stress_memalign     memalign
#define stress_free         free
#define stress_usable_size  malloc_usable_size
#define stress_trim()       malloc_trim(0)
#define stress_after_fork() ((void)0)
#define STRESS_ALLOCATOR    "malloc"

#endif

/* ThreadSanitizer does not let the child of a multi-threaded program go on. */
#if defined(__SANITIZE_THREAD__)
#define STRESS_CAN_FORK false
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRESS_CAN_FORK false
#endif
#endif
#ifndef STRESS_CAN_FORK
#define STRESS_CAN_FORK true
#endif

#endif
