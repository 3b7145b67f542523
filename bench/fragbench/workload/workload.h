/* SPDX-License-Identifier: MIT
 * workload.h: the list of generated workloads.
 *
 * Owns: their names, their default sizes, and how many slots and lanes they need.
 * Called by the run command; compare knows workloads by their names only.
 */
#ifndef FB_WORKLOAD_H
#define FB_WORKLOAD_H

#include "workload/stage.h"

struct fb_workload {
    const char *name;
    const char *about; /* one line: what it shows */
    struct fb_scale usual;
    size_t (*slots)(const struct fb_scale *scale); /* of one lane, an upper bound */
    void (*play)(struct fb_stage *stage);
    bool settles_itself; /* the threads must be there still when the memory settles */
    bool is_threaded;    /* one lane for each thread, and one more for the main thread */
};

extern const struct fb_workload fb_workloads[];
extern const size_t fb_workload_count;

/* NULL if there is none of that name. */
const struct fb_workload *fb_workload_find(const char *name);

void fb_play_empty(struct fb_stage *stage);
void fb_play_regrow(struct fb_stage *stage);
void fb_play_buffers(struct fb_stage *stage);
void fb_play_drift(struct fb_stage *stage);
void fb_play_sawtooth(struct fb_stage *stage);
void fb_play_pins(struct fb_stage *stage);
void fb_play_lru(struct fb_stage *stage);
void fb_play_pairs(struct fb_stage *stage);
void fb_play_largesmall(struct fb_stage *stage);
void fb_play_robson(struct fb_stage *stage);
void fb_play_park(struct fb_stage *stage);
void fb_play_churn(struct fb_stage *stage);
void fb_play_prodcons(struct fb_stage *stage);
void fb_play_relay(struct fb_stage *stage);
void fb_play_cache(struct fb_stage *stage);
void fb_play_fork_snapshot(struct fb_stage *stage);
void fb_play_lifetimes(struct fb_stage *stage);
void fb_play_fleet(struct fb_stage *stage);

#endif
