/* SPDX-License-Identifier: MIT
 *
 * api/derived.c - doors that are defined by free and realloc, and by those of the process: a program that brings a malloc
 * of its own, without these, gets them for its own blocks, as it does from libc.
 */
#include "api/init.h"

#include "os/fatal.h"

#include <errno.h>
#include <stdlib.h>

/* Not in every libc's headers yet. */
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t alignment, size_t size);

/* The first ones in the loader's order. It fills these words in; a call by name would be bound to our own by the compiler,
 * if not here then when it optimises at link time. */
static void (*volatile process_free)(void *) LM_NEAR = free;
static void *(*volatile process_realloc)(void *, size_t)LM_NEAR = realloc;

LM_DOOR void *reallocarray(void *p, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return process_realloc(p, total);
}

/* A block may be larger than asked for by a size class, by half after realloc left it in place, or
 * as large as an alignment makes it, or as a former guest was, or have room to grow. */
LM_COLD static void check_size(const char *door, void *p, size_t alignment, size_t size)
{
    lm_api_init();
    if (p == NULL || process_free != lm_api_free)
        return;
    size_t usable = lm_usable_size(p);
    bool is_too_small = lm_max(alignment, size) < usable / 2 && usable > LM_QUANTUM;
    if (size > usable || (is_too_small && !lm_has_spare(p)))
        lm_fatal(door, LM_SIZE_MISMATCH, p);
}

LM_INLINE void free_of_size(const char *door, void *p, size_t alignment, size_t size)
{
    if (lm_checked || lm_unlikely(!lm_options.magazines))
        check_size(door, p, alignment, size);
    process_free(p);
}

LM_DOOR void free_sized(void *p, size_t size)
{
    free_of_size("free_sized", p, 1, size);
}

LM_DOOR void free_aligned_sized(void *p, size_t alignment, size_t size)
{
    free_of_size("free_aligned_sized", p, alignment, size);
}
