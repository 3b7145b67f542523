/* SPDX-License-Identifier: MIT
 * adversary.c: Robson's program (J. M. Robson, "Bounds for some functions concerning dynamic
 * storage allocation", 1974). No allocator that does not move blocks escapes it altogether.
 *
 * With requests of 1, 2, 4, ... n units and M units live at most, it forces any allocator to a
 * heap of M (log2 n) / 2 + M units or nearly so. It looks at addresses, which is fair: a worst
 * case need not be blind.
 */
#include "workload/workload.h"

/* Does [address, address + size) hold a unit whose address is `offset` modulo `period`? */
static bool covers(const struct fb_block *block, size_t offset, size_t period)
{
    size_t phase = (offset - block->address) & (period - 1);
    return phase < block->requested;
}

/* Of the two offsets that the next step may use, the one that spares more bytes the freeing. */
static size_t better_offset(const struct fb_lane *lane, size_t offset, size_t half)
{
    uint64_t kept[2] = {0, 0};
    for (size_t i = 0; i < lane->top; i++)
        for (size_t side = 0; side < 2; side++)
            if (covers(&lane->slots[i], offset + side * half, half * 2))
                kept[side] += half * 2 - lane->slots[i].requested;
    return kept[1] > kept[0] ? offset + half : offset;
}

void fb_play_robson(struct fb_stage *stage)
{
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    size_t size = (size_t)scale->from, offset = 0;
    while (lane->live_size + size <= scale->live)
        fb_lane_add(lane, size);
    for (size *= 2; size <= scale->to; size *= 2) {
        offset = better_offset(lane, offset, size / 2);
        for (size_t i = lane->top; i-- > 0;)
            if (!covers(&lane->slots[i], offset, size))
                fb_lane_drop(lane, i);
        while (lane->live_size + size <= scale->live)
            fb_lane_add(lane, size);
        fb_stage_mark(stage, "spoiled");
    }
}
