/* SPDX-License-Identifier: MIT
 * mmap.c: the paper allocator that maps each block by itself. A block costs its size and 16 more,
 * rounded up to pages; RSS is the sum over what is live now.
 */
#include "paper.h"

enum { PAGE_SIZE = 4096 };

static size_t cost_of(size_t size)
{
    return (size + 16 + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

static void *take(size_t size)
{
    if (size > (size_t)1 << 40)
        return NULL;
    char *at =
        mmap(NULL, cost_of(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    memcpy(at, &size, sizeof size);
    return at + 16;
}

static size_t size_of(void *block)
{
    size_t size;
    memcpy(&size, (char *)block - 16, sizeof size);
    return size;
}

static void give(void *block)
{
    munmap((char *)block - 16, cost_of(size_of(block)));
}
