/* SPDX-License-Identifier: MIT
 * One operation of a replay done for real: the call, the block's entry, the touching.
 * Header and source are the engine's only. */
#ifndef FB_TRACE_ACT_H
#define FB_TRACE_ACT_H

#include "trace/engine.h"

struct fb_act_counts {
    uint64_t kinds[FB_KIND_COUNT];
    uint64_t refused;
};

/* Do an operation on its block. BIRTH, DEATH, FORK and FAILED are only counted. */
void fb_act(const struct fb_op *op, struct fb_block *blocks, enum fb_replay_touch touch,
            struct fb_act_counts *counts);

#endif
