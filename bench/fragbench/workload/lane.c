/* SPDX-License-Identifier: MIT
 * lane.c: taking, giving back and resizing blocks; see stage.h.
 */
#include "base/die.h"
#include "measure/allocator.h"
#include "workload/stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void lane_worked(struct fb_lane *lane, size_t size)
{
    lane->work += size;
    if (lane->work < lane->sample_at)
        return;
    fb_stage_sample(lane->stage);
    lane->sample_at = lane->work + lane->stage->sample_step;
}

/* The byte that a block is filled with, so that a broken allocator does not pass unnoticed. */
static unsigned char fill_of(size_t requested)
{
    return (unsigned char)(requested * 131 + 7);
}

static void check_fill(const struct fb_block *block)
{
    const unsigned char *bytes = (const unsigned char *)block->address;
    unsigned char fill = fill_of(block->requested);
    if (block->requested != 0 && (bytes[0] != fill || bytes[block->requested - 1] != fill))
        fb_die("the allocator lost what was written to a block of %zu bytes at %p",
               block->requested, (const void *)bytes);
}

static void slot_fill(struct fb_block *slot, void *block, size_t size)
{
    if (block == NULL)
        fb_die("out of memory at a request of %zu bytes; try a smaller --live", size);
    memset(block, fill_of(size), size);
    slot->address = (uintptr_t)block;
    slot->requested = size;
    slot->usable = fb_usable_size(block, size);
}

void fb_lane_take(struct fb_lane *lane, size_t slot, size_t size)
{
    if (slot >= lane->slot_count || lane->slots[slot].address != 0)
        fb_die("internal: slot %zu of %zu is not free", slot, lane->slot_count);
    slot_fill(&lane->slots[slot], malloc(size), size);
    lane->live_size += size;
    lane_worked(lane, size);
}

void fb_lane_give(struct fb_lane *lane, size_t slot)
{
    struct fb_block *block = &lane->slots[slot];
    size_t size = block->requested;
    check_fill(block);
    free((void *)block->address);
    block->address = 0;
    lane->live_size -= size;
    lane_worked(lane, size);
}

void fb_lane_resize(struct fb_lane *lane, size_t slot, size_t size)
{
    struct fb_block *block = &lane->slots[slot];
    size_t before = block->requested;
    check_fill(block);
    unsigned char fill = fill_of(before);
    unsigned char *moved = realloc((void *)block->address, size);
    if (moved != NULL && before != 0 && size != 0 && moved[0] != fill)
        fb_die("realloc() from %zu to %zu bytes lost the contents", before, size);
    slot_fill(block, moved, size);
    lane->live_size += size - before;
    lane_worked(lane, size > before ? size - before : before - size);
}

void fb_lane_hand(struct fb_lane *from, size_t slot, struct fb_lane *to, size_t to_slot)
{
    to->slots[to_slot] = from->slots[slot];
    from->slots[slot].address = 0;
    from->live_size -= to->slots[to_slot].requested;
    to->live_size += to->slots[to_slot].requested;
}

size_t fb_lane_add(struct fb_lane *lane, size_t size)
{
    fb_lane_take(lane, lane->top, size);
    return lane->top++;
}

void fb_lane_drop(struct fb_lane *lane, size_t slot)
{
    fb_lane_give(lane, slot);
    lane->top--;
    if (slot == lane->top)
        return;
    lane->slots[slot] = lane->slots[lane->top];
    lane->slots[lane->top].address = 0;
}

void fb_lane_drop_random(struct fb_lane *lane)
{
    fb_lane_drop(lane, (size_t)fb_random_below(&lane->random, lane->top));
}

size_t fb_lane_uniform(struct fb_lane *lane, uint64_t from, uint64_t to)
{
    return (size_t)(from + fb_random_below(&lane->random, to - from + 1));
}

size_t fb_lane_log_uniform(struct fb_lane *lane, uint64_t from, uint64_t to)
{
    double ratio = (double)(to + 1) / (double)from;
    return (size_t)((double)from * pow(ratio, fb_random_unit(&lane->random)));
}
