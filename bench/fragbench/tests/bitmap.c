/* SPDX-License-Identifier: MIT
 * bitmap.c: the perfect paper allocator: first fit over granules of 16 bytes, no headers, and a
 * page goes back the moment that its last block does. Its tables lie in shared memory, so RSS is
 * exactly the pages that hold a live byte.
 */
#include "paper.h"

enum { GRANULE = 16, PAGE_SIZE = 4096, ARENA_SIZE = 256 << 20, GRANULES = ARENA_SIZE / GRANULE };

static char *arena;
static unsigned char *taken; /* one byte for each granule: simple beats small here */
static uint32_t *sizes;      /* of the block that begins at a granule */
static uint32_t *page_live;  /* taken granules of each page */
static size_t scan_from;     /* no hole of at least scan_size granules lies below */
static size_t scan_size;

static void *map_shared(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static int open_arena(void)
{
    taken = map_shared(GRANULES);
    sizes = map_shared(GRANULES * sizeof sizes[0]);
    page_live = map_shared(ARENA_SIZE / PAGE_SIZE * sizeof page_live[0]);
    void *at = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED || taken == NULL || sizes == NULL || page_live == NULL)
        return 0;
    arena = at;
    madvise(arena, ARENA_SIZE, MADV_NOHUGEPAGE);
    return 1;
}

/* The first hole of that many granules; GRANULES if there is none. */
static size_t find_hole(size_t want)
{
    size_t at = want >= scan_size ? scan_from : 0, run = 0;
    for (; at < GRANULES; at++) {
        run = taken[at] ? 0 : run + 1;
        if (run == want)
            return at + 1 - want;
    }
    return GRANULES;
}

static void *take(size_t size)
{
    if (arena == NULL && !open_arena())
        return NULL;
    if (size > ARENA_SIZE / 2)
        return NULL;
    size_t want = (size + GRANULE - 1) / GRANULE;
    size_t at = find_hole(want);
    if (at == GRANULES)
        return NULL;
    scan_from = at + want;
    scan_size = want;
    sizes[at] = (uint32_t)size;
    for (size_t i = at; i < at + want; i++) {
        taken[i] = 1;
        page_live[i * GRANULE / PAGE_SIZE]++;
    }
    return arena + at * GRANULE;
}

static size_t size_of(void *block)
{
    return sizes[(size_t)((char *)block - arena) / GRANULE];
}

static void give(void *block)
{
    size_t at = (size_t)((char *)block - arena) / GRANULE;
    size_t end = at + (sizes[at] + GRANULE - 1) / GRANULE;
    for (size_t i = at; i < end; i++) {
        size_t page = i * GRANULE / PAGE_SIZE;
        taken[i] = 0;
        if (--page_live[page] == 0)
            madvise(arena + page * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
    }
    scan_from = 0;
    scan_size = 0;
}
