/* SPDX-License-Identifier: MIT
 *
 * api/init.c - see api/init.h.
 *
 * The first call through any door starts the library; usually that is the loader's or libc's own,
 * long before constructors run. There is no constructor and no destructor: a process that allocates
 * nothing would have to fault in their pages, and those around them.
 */
#include "api/init.h"

#include "core/background.h"
#include "observe/options.h"
#include "observe/report.h"
#include "os/fatal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char options_variable[] LM_NEAR = "LIBMALLOC_CONF";

_Atomic(bool) lm_api_is_started;

typedef void (*free_function)(void *);

static struct {
    struct lm_lock lock;
    /* [l] */
    bool has_begun;
    /* [a] the exit handler is still to be registered. Relaxed: the exchange says who does it */
    _Atomic(bool) wants_report;
    /* [a] after the first stranger's pointer; next_free last, and with release: whoever sees it sees
     * the others */
    _Atomic(free_function) next_free;
    void *(*next_realloc)(void *, size_t);
    size_t (*next_usable_size)(void *);
} api = {.lock = LM_LOCK_OF(LM_RANK_API)};

/* The library is linked without the compiler's start files; pthread_atfork and atexit want to know whose
 * function they are given. A static program's start files have the same. */
extern void *const __dso_handle __attribute__((visibility("hidden")));
void *const __dso_handle __attribute__((weak)) = (void *)(uintptr_t)&__dso_handle; // NOLINT

/* A static program has no loader, and then no strangers either. */
#ifdef PIC
#define LM_HAS_LOADER true
#else
extern void *dlsym(void *handle, const char *name) __attribute__((weak));
#define LM_HAS_LOADER (dlsym != NULL)
#endif

/* Function pointers come out of dlsym as void *. */
void lm_api_find_next(const char *name, void *function)
{
    void *found = LM_HAS_LOADER ? dlsym(RTLD_NEXT, name) : NULL;
    memcpy(function, &found, sizeof found);
}

LM_COLD static void find_next_allocator(void)
{
    /* partner: the release below */
    if (load_acquire(&api.next_free) != NULL)
        return;
    free_function found;
    lm_api_find_next("realloc", (void *)&api.next_realloc);
    lm_api_find_next("malloc_usable_size", (void *)&api.next_usable_size);
    lm_api_find_next("free", (void *)&found);
    /* partner: the acquire above */
    store_release(&api.next_free, found);
}

static void free_elsewhere(void *p)
{
    find_next_allocator();
    free_function next_free = load_acquire(&api.next_free);
    if (next_free == NULL)
        lm_fatal("free", LM_INVALID_POINTER, p);
    next_free(p);
}

static void *realloc_elsewhere(void *p, size_t size)
{
    find_next_allocator();
    if (api.next_realloc == NULL)
        lm_fatal("realloc", LM_INVALID_POINTER, p);
    return api.next_realloc(p, size);
}

static size_t usable_size_elsewhere(const void *p)
{
    find_next_allocator();
    if (api.next_usable_size == NULL)
        lm_fatal("malloc_usable_size", LM_INVALID_POINTER, p);
    return api.next_usable_size((void *)(uintptr_t)p); // NOLINT
}

LM_NOINLINE void lm_api_begin(void)
{
    lm_lock_take(&api.lock);
    bool is_first = !api.has_begun;
    if (is_first) {
        api.has_begun = true;
        lm_foreign = (struct lm_foreign){free_elsewhere, realloc_elsewhere, usable_size_elsewhere};
        lm_options_read(secure_getenv(options_variable));
        lm_core_init();
        store_relaxed(&api.wants_report, lm_options.stats_print);
        store_release(&lm_api_is_started, !lm_options.stats_print);
    }
    lm_lock_give(&api.lock);
    /* Outside the lock: it may allocate. No prepare handler: no lock is held across fork. */
    if (is_first) {
        pthread_atfork(NULL, NULL, lm_core_after_fork);
        lm_background_allow();
    }
}

LM_NOINLINE void lm_api_start(void)
{
    lm_api_begin();
    if (exchange_acquire(&api.wants_report, false)) {
        atexit(lm_report_print);
        store_relaxed(&lm_api_is_started, true);
    }
}
