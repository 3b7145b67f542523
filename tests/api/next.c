/* SPDX-License-Identifier: MIT
 *
 * A second allocator for foreign.c: gives memory away and counts what comes back. Its blocks lie in
 * a static arena, so that no other allocator could take them for its own.
 */
#include <stddef.h>
#include <string.h>

#include <errno.h>

void *lm_test_next_malloc(size_t size);
unsigned long lm_test_next_frees(void);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

static _Alignas(16) char arena[64 << 20];
static size_t used;
static unsigned long frees;

void *lm_test_next_malloc(size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    char *block = arena + __atomic_fetch_add(&used, rounded, __ATOMIC_RELAXED);

    if (size > sizeof arena || block + rounded > arena + sizeof arena) {
        errno = ENOMEM;
        return NULL;
    }
    return block;
}

unsigned long lm_test_next_frees(void)
{
    return __atomic_load_n(&frees, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
    return lm_test_next_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return lm_test_next_malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    void *larger = lm_test_next_malloc(size);

    if (larger != NULL && block != NULL)
        memcpy(larger, block, size);
    return larger;
}

void free(void *block)
{
    if (block != NULL)
        __atomic_fetch_add(&frees, 1, __ATOMIC_RELAXED);
}
