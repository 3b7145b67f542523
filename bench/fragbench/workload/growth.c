/* SPDX-License-Identifier: MIT
 * growth.c: workloads about realloc: regrow and buffers. And empty, which does nothing.
 */
#include "workload/workload.h"

void fb_play_empty(struct fb_stage *stage)
{
    fb_stage_sample(stage);
}

/* One step of growth, and a pin, as when a program notes something elsewhere. The pins stay. */
static void grow(struct fb_lane *lane, size_t slot, size_t size, size_t pin)
{
    fb_lane_resize(lane, slot, size);
    fb_lane_add(lane, pin);
}

void fb_play_regrow(struct fb_stage *stage)
{
    struct fb_lane *lane = &stage->lanes[0];
    size_t first = (size_t)stage->scale.from;
    size_t vector = lane->slot_count - 1;
    fb_lane_take(lane, vector, first);
    for (size_t size = first; size < stage->scale.live;) {
        for (int step = 0; step < 4 && size < stage->scale.live; step++) {
            size += size / 4;
            if (size > stage->scale.live)
                size = (size_t)stage->scale.live;
            grow(lane, vector, size, first);
        }
        fb_stage_mark(stage, "growing");
    }
}

void fb_play_buffers(struct fb_stage *stage)
{
    struct fb_lane *lane = &stage->lanes[0];
    size_t count = (size_t)stage->scale.rounds;
    size_t last = (size_t)(stage->scale.live / count);
    size_t first = (size_t)stage->scale.from;
    size_t base = lane->slot_count - count;
    for (size_t i = 0; i < count; i++)
        fb_lane_take(lane, base + i, first);
    for (size_t size = first; size < last;) {
        size *= 2;
        if (size > last)
            size = last;
        for (size_t i = 0; i < count; i++)
            grow(lane, base + i, size, first);
    }
    fb_stage_mark(stage, "grown");
    for (size_t i = 0; i < count; i++)
        fb_lane_give(lane, base + i);
}
