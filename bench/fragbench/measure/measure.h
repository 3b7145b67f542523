/* SPDX-License-Identifier: MIT
 * measure.h: what a process's memory is made of at one moment.
 *
 * Owns: the checkpoint (page-by-page decomposition and the kernel's own totals) and its JSON line.
 * Does not own: the blocks; the driver keeps the table of live blocks and lends it.
 * Called by the replay of traces, by the generated workloads and by the report.
 */
#ifndef FB_MEASURE_H
#define FB_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One block of the driver's table; an address of 0 marks an empty slot, which is skipped. */
struct fb_block {
    uintptr_t address;
    size_t requested;
    size_t usable; /* what malloc_usable_size() said; 0 means "as requested" */
};

/*
 * All sizes in bytes. The invariant that the tests check:
 *   C1  heap_resident(c) = live_resident + slack + pinned + empty
 *   C2  heap_resident(c) + image = anonymous, but for pages that came or went between two readings
 */
struct fb_checkpoint {
    uint64_t live_size;     /* sum of requested over all live blocks */
    uint64_t live_blocks;   /* how many there are */
    uint64_t live_resident; /* live bytes that lie on resident pages */
    uint64_t slack;         /* usable minus requested, on resident pages */
    uint64_t pinned;        /* the rest of the pages that hold at least one byte of a block */
    uint64_t empty;         /* resident pages without a block: caches, stuck slabs, metadata */
    uint64_t image;         /* copied pages of file mappings, and the stack: not the allocator's */
    uint64_t anonymous;     /* smaps_rollup */
    uint64_t lazyfree;      /* smaps_rollup: given back by MADV_FREE, not yet taken */
    uint64_t anon_huge;     /* smaps_rollup: in transparent huge pages */
    uint64_t private_dirty; /* smaps_rollup: what a fork has had to copy, and the rest */
    uint64_t swapped;       /* smaps_rollup: Swap */
    uint64_t vmas;          /* lines of /proc/self/maps */
    uint64_t page_tables;   /* VmPTE */
    /* VmHWM less today's shared memory and file pages: about the anonymous peak. It may be short
     * by the file pages that came after the peak, and the kernel counts by processor, in batches
     * of dozens of pages. The samples of a curve are exact. */
    uint64_t peak;
    uint64_t minor_faults;
    uint64_t major_faults;
    bool by_pagemap_scan; /* the ioctl answered; otherwise /proc/self/pagemap was read */
};

/* Makes room for a table of so many blocks, so that later checkpoints map nothing new. */
void fb_measure_reserve(size_t count);

/* Measures this process now. False, with a line on stderr, when /proc cannot be read. */
bool fb_measure_checkpoint(struct fb_checkpoint *out, const struct fb_block *blocks, size_t count);

/* The process's anonymous bytes by smaps_rollup, cheap enough for a curve; 0 if unreadable. */
uint64_t fb_measure_anonymous(void);

/* What the allocator answers for: all anonymous resident pages but the image. */
static inline uint64_t fb_checkpoint_heap(const struct fb_checkpoint *c)
{
    return c->live_resident + c->slack + c->pinned + c->empty;
}

/*
 * Prints one JSON line: {"kind":"checkpoint","label":...,"phase":...,...}.
 * `label` says where in the work we are, `phase` is one of now, settled, trimmed;
 * `settle_s` is how many seconds of light activity came before (0 for now).
 */
void fb_checkpoint_print(FILE *out, const struct fb_checkpoint *c, const char *label,
                         const char *phase, double settle_s);

/*
 * Prints one point of the curve: {"kind":"sample",...}. `work` is bytes taken plus bytes given
 * back so far (or operations, in a replay): the same for every allocator, so that curves overlay.
 */
void fb_sample_print(FILE *out, uint64_t work, double elapsed_ms, uint64_t live_size,
                     uint64_t anonymous);

#endif
