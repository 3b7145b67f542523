/* SPDX-License-Identifier: MIT
 * heapmap.h: a picture of the address space, one character per cell of pages.
 *
 * Owns: the JSON line {"kind":"map",...}. Each segment is a run of neighbouring cells that have
 * resident pages: [address in hex, cells], the cells as "9*12,3,e*4". A digit is the tenths of the
 * cell's resident bytes that are live; "e" means that no block lies in it.
 */
#ifndef FB_HEAPMAP_H
#define FB_HEAPMAP_H

#include "measure/measure.h"

struct fb_heapmap_frame {
    const char *label;
    const char *phase;
    double settle_s;
    uint64_t work;
    unsigned pages_per_cell;
};

void fb_heapmap_print(FILE *out, const struct fb_heapmap_frame *frame,
                      const struct fb_block *blocks, size_t count);

/* {"kind":"sizes",...}: how many live blocks have 2^i <= requested < 2^(i+1), and their bytes. */
void fb_sizes_print(FILE *out, const char *label, const struct fb_block *blocks, size_t count);

#endif
