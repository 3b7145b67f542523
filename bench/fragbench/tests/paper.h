/* SPDX-License-Identifier: MIT
 * paper.h: what the three paper allocators share: the doors, written over take() and size_of().
 *
 * They exist to be predictable, not to be good: one lock, no errno, no alignment beyond 16 but by
 * luck. Each file defines take, give and size_of before it includes this one's second half.
 */
#ifndef FB_PAPER_H
#define FB_PAPER_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static atomic_flag lock = ATOMIC_FLAG_INIT;

/* Under the lock. take() returns NULL when there is no memory. */
static void *take(size_t size);
static void give(void *block);
static size_t size_of(void *block);

static void *locked_take(size_t size)
{
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
        ;
    void *block = take(size == 0 ? 1 : size);
    atomic_flag_clear_explicit(&lock, memory_order_release);
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

void *malloc(size_t size);
void free(void *block);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *memalign(size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);
size_t malloc_usable_size(void *block);

void *malloc(size_t size)
{
    return locked_take(size);
}

void free(void *block)
{
    if (block == NULL)
        return;
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
        ;
    give(block);
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *block = locked_take(bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

void *realloc(void *block, size_t size)
{
    if (block == NULL)
        return locked_take(size);
    size_t before = size_of(block);
    void *moved = locked_take(size);
    if (moved != NULL) {
        memcpy(moved, block, before < size ? before : size);
        free(block);
    }
    return moved;
}

/* The thread stacks' control blocks ask for 64; more than 16 is refused, so nobody is deceived. */
void *memalign(size_t alignment, size_t size)
{
    return alignment <= 16 ? locked_take(size) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : size_of(block);
}

#endif
