/* SPDX-License-Identifier: MIT
 *
 * api/aliases.c - glibc's internal names, which some programs and wrappers call. Shared library
 * only: in a static program they are libc's own.
 */
#include "api/init.h"

#include <malloc.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void __libc_free(void *p);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
int __posix_memalign(void **result, size_t alignment, size_t size);

LM_DOOR void *__libc_malloc(size_t size)
{
    return malloc(size);
}

LM_DOOR void __libc_free(void *p)
{
    free(p);
}

LM_DOOR void *__libc_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

LM_DOOR void *__libc_realloc(void *p, size_t size)
{
    return realloc(p, size);
}

LM_DOOR void *__libc_memalign(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

LM_DOOR void *__libc_valloc(size_t size)
{
    return valloc(size);
}

LM_DOOR void *__libc_pvalloc(size_t size)
{
    return pvalloc(size);
}

LM_DOOR int __posix_memalign(void **result, size_t alignment, size_t size)
{
    return posix_memalign(result, alignment, size);
}
