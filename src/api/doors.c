/* SPDX-License-Identifier: MIT
 *
 * api/doors.c - malloc, free and their kin: the law of arguments and errno, and nothing else.
 *
 * What each door does is in doc/conformance.md.
 */
#include "api/glibc.h"
#include "api/init.h"

#include "os/os.h"

#include <errno.h>
#include <string.h>

void cfree(void *p);

LM_INLINE void *or_enomem(void *p)
{
    if (lm_unlikely(p == NULL))
        errno = ENOMEM;
    return p;
}

LM_NOINLINE static void *malloc_slow(size_t alignment, size_t size)
{
    lm_api_init();
    return or_enomem(lm_malloc_slow(alignment, size));
}

LM_NOINLINE static void free_slow(void *p)
{
    lm_api_init();
    lm_free_slow(p);
}

LM_INLINE void *allocate(size_t size)
{
    void *p = lm_malloc_fast(size);
    return lm_likely(p != NULL) ? p : malloc_slow(1, size);
}

LM_HOT_DOOR void *malloc(size_t size)
{
    return allocate(size);
}

LM_HOT_DOOR void free(void *p)
{
    if (lm_unlikely(!lm_free_fast(p)))
        free_slow(p);
}

LM_NOINLINE static void *calloc_slow(size_t count, size_t size)
{
    lm_api_init_in_atexit();
    return or_enomem(lm_calloc(count, size));
}

LM_HOT_DOOR void *calloc(size_t count, size_t size)
{
    size_t total;
    bool is_too_much = __builtin_mul_overflow(count, size, &total);
    void *p = lm_unlikely(is_too_much) ? NULL : lm_malloc_fast(total);
    return lm_likely(p != NULL) ? memset(p, 0, total) : calloc_slow(count, size);
}

LM_NOINLINE static void *realloc_slow(void *p, size_t size)
{
    lm_api_init();
    if (lm_unlikely(size == 0) && p != NULL && !lm_options.realloc_zero_alloc) {
        lm_free(p);
        return NULL;
    }
    return or_enomem(lm_realloc(p, size));
}

LM_HOT_DOOR void *realloc(void *p, size_t size)
{
    if (p == NULL)
        return allocate(size);
    size_t usable = lm_usable_fast(p);
    if (lm_likely(lm_realloc_stays(usable, size)))
        return p;
    void *moved = usable == 0 ? NULL : lm_realloc_move(p, usable, size);
    return lm_likely(moved != NULL) ? moved : realloc_slow(p, size);
}

LM_INLINE void *aligned(size_t alignment, size_t size)
{
    void *p = lm_memalign_fast(alignment, size);
    return lm_likely(p != NULL) ? p : malloc_slow(alignment, size);
}

LM_HOT_DOOR void *aligned_alloc(size_t alignment, size_t size)
{
    if (lm_unlikely(!lm_is_power_of_two(alignment))) {
        errno = EINVAL;
        return NULL;
    }
    return aligned(alignment, size);
}

LM_HOT_DOOR int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (lm_unlikely(!lm_is_power_of_two(alignment) || alignment % sizeof(void *) != 0))
        return EINVAL;
    void *p = lm_memalign_fast(alignment, size);
    if (lm_unlikely(p == NULL)) {
        int saved = errno;
        p = malloc_slow(alignment, size);
        errno = saved;
    }
    if (lm_unlikely(p == NULL))
        return ENOMEM;
    *result = p;
    return 0;
}

LM_DOOR void *memalign(size_t alignment, size_t size)
{
    if (alignment > (SIZE_MAX >> 1) + 1) {
        errno = EINVAL;
        return NULL;
    }
    return aligned(lm_power_of_two_above(alignment), size);
}

LM_DOOR void *valloc(size_t size)
{
    lm_api_init();
    return aligned(lm_os.page_size, size);
}

LM_DOOR void *pvalloc(size_t size)
{
    lm_api_init();
    if (size > PTRDIFF_MAX)
        return or_enomem(NULL);
    return aligned(lm_os.page_size, lm_round_up(lm_max(size, 1), lm_os.page_size));
}

LM_NOINLINE static size_t usable_size_slow(const void *p)
{
    lm_api_init();
    return lm_usable_size(p);
}

LM_HOT_DOOR size_t malloc_usable_size(void *p)
{
    size_t usable = lm_usable_fast(p);
    return lm_likely(usable != 0) ? usable : usable_size_slow(p);
}

LM_DOOR void cfree(void *p)
{
    free(p);
}

/* A second name of a door: whoever calls it gets this library's, and not that of a program which brings its own. */
#if defined __has_attribute && __has_attribute(copy)
#define LM_LIKE(door) copy(door), alias(#door)
#else
#define LM_LIKE(door) alias(#door)
#endif
#define LM_ALIAS(name, door) LM_DOOR extern __typeof__(door) name __attribute__((LM_LIKE(door)))

extern LM_HIDDEN __typeof__(free) lm_api_free __attribute__((LM_LIKE(free)));

/* glibc's internal names, which some programs and wrappers call. Shared library only: in a static program they are
 * libc's own. */
#ifdef PIC
LM_ALIAS(__libc_malloc, malloc);
LM_ALIAS(__libc_free, free);
LM_ALIAS(__libc_calloc, calloc);
LM_ALIAS(__libc_realloc, realloc);
LM_ALIAS(__libc_memalign, memalign);
LM_ALIAS(__libc_valloc, valloc);
LM_ALIAS(__libc_pvalloc, pvalloc);
LM_ALIAS(__posix_memalign, posix_memalign);
#endif
