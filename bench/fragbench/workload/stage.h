/* SPDX-License-Identifier: MIT
 * stage.h: what every generated workload plays on.
 *
 * Owns: the table of live blocks (quiet memory), the acts take / give / resize on it, the curve and
 * the checkpoints. A lane is one thread's part of the table; single-threaded workloads use lane 0.
 * Does not own: what is allocated when; that is each workload's own business.
 */
#ifndef FB_STAGE_H
#define FB_STAGE_H

#include "base/random.h"
#include "measure/measure.h"

enum { FB_LANES_MAX = 64, FB_SETTLES_MAX = 8 };

/* The sizes of the play, after the workload's defaults have filled what the user left open. */
struct fb_scale {
    uint64_t live;   /* bytes that are live at the height of the play */
    uint64_t from;   /* smallest request */
    uint64_t to;     /* largest request */
    uint64_t rounds; /* how often the pattern repeats, or how often the heap is turned over */
    uint64_t threads;
    uint64_t seed;
};

struct fb_stage;

struct fb_lane {
    struct fb_stage *stage;
    struct fb_random random;
    struct fb_block *slots;
    size_t slot_count;
    size_t top;         /* slots [0, top) are in use by add and drop */
    uint64_t live_size; /* requested bytes in this lane */
    uint64_t work;      /* bytes taken plus bytes given back */
    uint64_t sample_at; /* work at which the next point of the curve is due; lane 0 only */
};

struct fb_stage_options {
    FILE *out;
    uint64_t samples_per_live; /* points of the curve for each `live` bytes of work */
    unsigned settle_count;
    double settle_s[FB_SETTLES_MAX]; /* ascending; seconds since the now column */
    bool want_maps;
};

struct fb_stage {
    const struct fb_stage_options *options;
    struct fb_scale scale;
    struct fb_block *blocks;
    size_t slot_count;
    struct fb_lane *lanes;
    size_t lane_count;
    uint64_t sample_step;
    double start_ms;
    double measuring_ms; /* what the harness itself has cost */
};

void fb_stage_open(struct fb_stage *stage, const struct fb_stage_options *options,
                   const struct fb_scale *scale, size_t slot_count, size_t lane_count);

/* A checkpoint of this moment, with its heap map and size histogram. */
void fb_stage_mark(struct fb_stage *stage, const char *label);
/* The same, then once more after each settling time of light activity, then after a trim. */
void fb_stage_settle(struct fb_stage *stage, const char *label);
/* A point of the curve; lane 0 takes them by itself, threaded plays ask between their acts. */
void fb_stage_sample(struct fb_stage *stage);
/* {"kind":"note",...}: a figure that only this workload has. */
void fb_stage_note(struct fb_stage *stage, const char *name, uint64_t bytes);
/* Gives back whatever is still live. */
void fb_stage_clear(struct fb_stage *stage);
uint64_t fb_stage_live(const struct fb_stage *stage);

/* Takes a block of `size` into an empty slot, and writes all of it, as programs do. */
void fb_lane_take(struct fb_lane *lane, size_t slot, size_t size);
void fb_lane_give(struct fb_lane *lane, size_t slot);
void fb_lane_resize(struct fb_lane *lane, size_t slot, size_t size);
/* Hands the block in a slot over to an empty slot of the same or of another lane. */
void fb_lane_hand(struct fb_lane *from, size_t slot, struct fb_lane *to, size_t to_slot);

/* The dense way of using a lane: add at the top, drop a random one, and the top fills its place. */
size_t fb_lane_add(struct fb_lane *lane, size_t size);
void fb_lane_drop(struct fb_lane *lane, size_t slot);
void fb_lane_drop_random(struct fb_lane *lane);

/* Uniform in [from, to]. */
size_t fb_lane_uniform(struct fb_lane *lane, uint64_t from, uint64_t to);
/* Uniform in the logarithm: as many requests in [16, 32) as in [1024, 2048). */
size_t fb_lane_log_uniform(struct fb_lane *lane, uint64_t from, uint64_t to);

double fb_now_ms(void);

#endif
