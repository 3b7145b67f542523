/* SPDX-License-Identifier: MIT
 * Replaying a script: one thread here for each thread there, born and dead where they were.
 * Owns the threads, the blocks they acquire, and the stops at which all of them stand still.
 * Does not own what is measured at a stop. */
#ifndef FB_TRACE_ENGINE_H
#define FB_TRACE_ENGINE_H

#include "measure/measure.h"
#include "trace/script.h"

enum fb_replay_mode {
    /* The trace's order, to the operation: the threads take turns. */
    FB_REPLAY_SERIAL,
    /* Threads run freely; who releases another's block waits for its acquisition. */
    FB_REPLAY_PARALLEL,
};

enum fb_replay_touch {
    /* What the program touched, as far as the trace tells: every page of a block below 64 KiB,
     * the recorded number of pages of a larger one. */
    FB_TOUCH_RECORDED,
    /* One byte of every page. */
    FB_TOUCH_PAGE,
    FB_TOUCH_ALL,
    /* The first byte. */
    FB_TOUCH_FIRST,
    FB_TOUCH_NONE,
};

enum fb_replay_pace { FB_PACE_NONE, FB_PACE_REAL };

struct fb_replay_plan {
    enum fb_replay_mode mode;
    enum fb_replay_touch touch;
    enum fb_replay_pace pace;
    /* All threads stand still each time a multiple of total / stops operations is done. */
    uint64_t stops;
};

struct fb_engine;
typedef void fb_stop_fn(void *context, struct fb_engine *engine, uint64_t ops_done);

struct fb_replay_result {
    /* Operations that were done, by kind; and acquisitions that came back NULL. */
    uint64_t counts[FB_KIND_COUNT];
    uint64_t refused;
    /* Seconds of work, standing still left out. */
    double seconds;
};

/* The table of blocks, as a checkpoint wants it. Valid at a stop and after the run. */
const struct fb_block *fb_engine_blocks(struct fb_engine *engine, size_t *count);
double fb_engine_seconds(const struct fb_engine *engine);

/* Prepare: maps everything the run needs. */
struct fb_engine *fb_engine_open(const struct fb_script *script, const struct fb_replay_plan *plan);
/* Run to the end; `stop` is called at each stop. The blocks that live then stay. */
void fb_engine_run(struct fb_engine *engine, fb_stop_fn *stop, void *context,
                   struct fb_replay_result *result);

#endif
