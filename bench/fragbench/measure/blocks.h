/* SPDX-License-Identifier: MIT
 * blocks.h: the live blocks in the order of addresses, laid over the resident pages.
 *
 * Owns: the sorted copy of the table (in shared memory, so it is never counted) and the walk that
 * tells, for each resident page, how many of its bytes are live and how many are held.
 * Does not own: what is made of that; see checkpoint.c and heapmap.c.
 */
#ifndef FB_BLOCKS_H
#define FB_BLOCKS_H

#include "measure/measure.h"
#include "measure/pages.h"

struct fb_page {
    uintptr_t address;
    size_t live; /* bytes that the program asked for */
    size_t held; /* live bytes plus slack: all that a block covers */
    enum fb_page_owner owner;
};

typedef void fb_page_visit(void *context, const struct fb_page *page);

struct fb_blocks_facts {
    uint64_t live_size, live_blocks;
    struct fb_pages_facts pages;
};

/* Sorts the blocks and visits every resident anonymous page of this process once, upwards. */
bool fb_blocks_walk(const struct fb_block *blocks, size_t count, fb_page_visit *visit,
                    void *context, struct fb_blocks_facts *facts);

#endif
