/* SPDX-License-Identifier: MIT
 * pages.h: which pages of this process are anonymous and resident.
 *
 * Owns: the walk over /proc/self/maps with PAGEMAP_SCAN, or /proc/self/pagemap on older kernels.
 * Does not own: what the pages hold; checkpoint.c and heapmap.c know the blocks.
 */
#ifndef FB_PAGES_H
#define FB_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose pages they are: the program's own (copied file pages, the stack) or the allocator's. */
enum fb_page_owner { FB_PAGES_IMAGE, FB_PAGES_HEAP };

/* Called for each run of resident anonymous pages, in the order of addresses. */
typedef void fb_pages_visit(void *context, uintptr_t start, uintptr_t end,
                            enum fb_page_owner owner);

struct fb_pages_facts {
    uint64_t vmas;
    bool by_pagemap_scan;
};

/* False, with a line on stderr, if /proc cannot be read. */
bool fb_pages_walk(fb_pages_visit *visit, void *context, struct fb_pages_facts *facts);

size_t fb_page_size(void);

#endif
