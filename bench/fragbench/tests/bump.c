/* SPDX-License-Identifier: MIT
 * bump.c: the paper allocator that never reuses anything. A block costs its size rounded up to 16,
 * and 16 more for the size; RSS is the sum over all that was ever taken.
 */
#include "paper.h"

enum { ARENA_SIZE = 1 << 30 };

static char *arena;
static size_t used;

static void *take(size_t size)
{
    size_t cost = ((size + 15) & ~(size_t)15) + 16;
    if (arena == NULL) {
        void *at = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED)
            return NULL;
        arena = at;
        madvise(arena, ARENA_SIZE, MADV_NOHUGEPAGE);
    }
    if (size > ARENA_SIZE || used + cost > ARENA_SIZE)
        return NULL;
    char *block = arena + used + 16;
    memcpy(block - 16, &size, sizeof size);
    used += cost;
    return block;
}

static void give(void *block)
{
    (void)block;
}

static size_t size_of(void *block)
{
    size_t size;
    memcpy(&size, (char *)block - 16, sizeof size);
    return size;
}
