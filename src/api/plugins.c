/* SPDX-License-Identifier: MIT
 *
 * api/plugins.c - dlopen without RTLD_DEEPBIND. That flag makes a plugin look for symbols in its own
 * libraries first, so its malloc and free would be libc's, whatever the program's are, and the first block of ours
 * that it frees would end the process. Only in the shared library: what is linked in is found first anyway.
 */
#include "api/init.h"

#include <dlfcn.h>

#if defined PIC && defined RTLD_DEEPBIND

#if defined __has_attribute && __has_attribute(musttail)
#define LM_TAIL_CALL __attribute__((musttail))
#else
#define LM_TAIL_CALL
#endif

typedef void *(*dlopen_function)(const char *, int);

LM_DOOR void *dlopen(const char *name, int mode);

/* [a] relaxed: whoever finds it finds the same */
static _Atomic(dlopen_function) next_dlopen;

LM_NOINLINE static dlopen_function find_next_dlopen(void)
{
    dlopen_function next;
    lm_api_find_next("dlopen", (void *)&next);
    store_relaxed(&next_dlopen, next);
    return next;
}

LM_NOINLINE static int without_deepbind(int mode)
{
    lm_api_init();
    return lm_options.deepbind ? mode : mode & ~RTLD_DEEPBIND;
}

/* libc goes by the return address to find out whose RUNPATH counts: so the last call has to be a jump, which gcc makes
 * of it unless it is told not to optimise. */
void *dlopen(const char *name, int mode)
{
    dlopen_function next = load_relaxed(&next_dlopen);
    if (lm_unlikely(next == NULL))
        next = find_next_dlopen();
    if (lm_unlikely((mode & RTLD_DEEPBIND) != 0))
        mode = without_deepbind(mode);
    /* Before glibc 2.34 there is none in a program without libdl that only asked whether there is. */
    if (lm_unlikely(next == NULL))
        return NULL;
    LM_TAIL_CALL return next(name, mode);
}

#endif
