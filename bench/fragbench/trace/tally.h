/* SPDX-License-Identifier: MIT
 * Counts over the steps of a trace. Owns the arithmetic only; info prints it, replay checks
 * itself against it. */
#ifndef FB_TRACE_TALLY_H
#define FB_TRACE_TALLY_H

#include "trace/merge.h"

enum { FB_TALLY_BUCKETS = 48 };

struct fb_tally_thread {
    uint64_t steps;
    uint64_t acquired_size;
};

struct fb_tally {
    uint64_t kinds[FB_KIND_COUNT];
    uint64_t moved;
    uint64_t synthetic;
    /* Released by another thread than the one that acquired. */
    uint64_t cross_thread;
    uint64_t acquired_size;
    uint64_t live_size;
    uint64_t live_blocks;
    uint64_t peak_size;
    uint64_t peak_blocks;
    /* The step at which peak_size was reached. */
    uint64_t peak_step;
    uint64_t steps;
    uint64_t first_stamp;
    uint64_t last_stamp;
    /* Bucket b counts sizes in [2^(b-1), 2^b), bucket 0 the size 0; lifetimes likewise. */
    uint64_t sizes[FB_TALLY_BUCKETS];
    uint64_t size_bytes[FB_TALLY_BUCKETS];
    uint64_t life_steps[FB_TALLY_BUCKETS];
    uint64_t life_stamps[FB_TALLY_BUCKETS];
    /* struct fb_tally_thread by thread number. */
    struct fb_quiet_array threads;
};

void fb_tally_open(struct fb_tally *tally);
void fb_tally_add(struct fb_tally *tally, const struct fb_step *step);
void fb_tally_close(struct fb_tally *tally);
const char *fb_kind_name(enum fb_kind kind);

#endif
