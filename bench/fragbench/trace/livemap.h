/* SPDX-License-Identifier: MIT
 * Which block lives at which address: an open hash table in quiet memory.
 * Owns the table; block numbers are the caller's. */
#ifndef FB_TRACE_LIVEMAP_H
#define FB_TRACE_LIVEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FB_BLOCK_NONE UINT32_MAX

struct fb_livemap_entry {
    /* 0 in an empty entry. */
    uint64_t address;
    uint32_t block;
};

/* L1: capacity is a power of two, more than 4/3 of count. */
struct fb_livemap {
    struct fb_livemap_entry *entries;
    size_t capacity;
    size_t count;
};

void fb_livemap_open(struct fb_livemap *map);
void fb_livemap_close(struct fb_livemap *map);
/* The block at the address, or FB_BLOCK_NONE. */
uint32_t fb_livemap_find(const struct fb_livemap *map, uint64_t address);
/* The address is not in the map. */
void fb_livemap_add(struct fb_livemap *map, uint64_t address, uint32_t block);
/* Take the address out; its block, or FB_BLOCK_NONE. */
uint32_t fb_livemap_take(struct fb_livemap *map, uint64_t address);

#endif
