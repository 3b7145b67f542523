/* SPDX-License-Identifier: MIT
 * blocks.c: live blocks laid over the resident pages; see blocks.h.
 */
#include "measure/blocks.h"
#include "base/quiet.h"

#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 5 }; /* 55 bits of address */

/* The two halves that the sort moves the table between; shared memory, hence not anonymous. */
static struct {
    struct fb_block *half[2];
    size_t *place; /* of the next block with each digit */
    size_t capacity;
} scratch;

struct cursor {
    const struct fb_block *blocks;
    size_t count, at;
    fb_page_visit *visit;
    void *context;
};

void fb_measure_reserve(size_t count)
{
    if (count <= scratch.capacity)
        return;
    count += count / 4 + 1024;
    for (int i = 0; i < 2; i++) {
        if (scratch.half[i] != NULL)
            fb_quiet_unmap(scratch.half[i], scratch.capacity * sizeof(struct fb_block));
        scratch.half[i] = fb_quiet_map("fragbench-sort", count * sizeof(struct fb_block));
    }
    if (scratch.place == NULL)
        scratch.place = fb_quiet_map("fragbench-digits", DIGITS * sizeof scratch.place[0]);
    scratch.capacity = count;
}

static size_t live_copy(struct fb_block *to, const struct fb_block *blocks, size_t count,
                        struct fb_blocks_facts *facts)
{
    size_t live = 0;
    facts->live_size = 0;
    for (size_t i = 0; i < count; i++) {
        if (blocks[i].address == 0)
            continue;
        to[live] = blocks[i];
        if (to[live].usable < to[live].requested)
            to[live].usable = to[live].requested;
        facts->live_size += to[live++].requested;
    }
    facts->live_blocks = live;
    return live;
}

/* Radix sort, because qsort() of the libc allocates. Returns the half that holds the result. */
static struct fb_block *sort(size_t count)
{
    size_t *place = scratch.place;
    struct fb_block *from = scratch.half[0], *to = scratch.half[1];
    for (int pass = 0; pass < PASSES; pass++) {
        int shift = pass * DIGIT_BITS;
        memset(place, 0, DIGITS * sizeof place[0]);
        for (size_t i = 0; i < count; i++)
            place[(from[i].address >> shift) % DIGITS]++;
        size_t sum = 0;
        for (size_t digit = 0; digit < DIGITS; digit++) {
            size_t here = place[digit];
            place[digit] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[place[(from[i].address >> shift) % DIGITS]++] = from[i];
        struct fb_block *other = from;
        from = to;
        to = other;
    }
    return from;
}

static uintptr_t larger(uintptr_t a, uintptr_t b)
{
    return a > b ? a : b;
}

static uintptr_t smaller(uintptr_t a, uintptr_t b)
{
    return a < b ? a : b;
}

static size_t overlap(uintptr_t start, uintptr_t end, uintptr_t low, uintptr_t high)
{
    uintptr_t from = larger(start, low), to = smaller(end, high);
    return from < to ? to - from : 0;
}

/* Where the block really ends: an allocator that overstates must not cover its neighbour. */
static uintptr_t held_end(const struct cursor *cursor, size_t at)
{
    uintptr_t end = cursor->blocks[at].address + cursor->blocks[at].usable;
    return at + 1 < cursor->count ? smaller(end, cursor->blocks[at + 1].address) : end;
}

static void visit_page(struct cursor *cursor, uintptr_t start, uintptr_t end,
                       enum fb_page_owner owner)
{
    struct fb_page page = {start, 0, 0, owner};
    while (cursor->at < cursor->count && held_end(cursor, cursor->at) <= start)
        cursor->at++;
    for (size_t i = cursor->at; i < cursor->count && cursor->blocks[i].address < end; i++) {
        const struct fb_block *block = &cursor->blocks[i];
        uintptr_t stop = held_end(cursor, i);
        page.held += overlap(block->address, stop, start, end);
        page.live +=
            overlap(block->address, smaller(stop, block->address + block->requested), start, end);
    }
    cursor->visit(cursor->context, &page);
}

static void visit_run(void *context, uintptr_t start, uintptr_t end, enum fb_page_owner owner)
{
    size_t page_size = fb_page_size();
    for (uintptr_t at = start; at < end; at += page_size)
        visit_page(context, at, at + page_size, owner);
}

bool fb_blocks_walk(const struct fb_block *blocks, size_t count, fb_page_visit *visit,
                    void *context, struct fb_blocks_facts *facts)
{
    fb_measure_reserve(count);
    size_t live = live_copy(scratch.half[0], blocks, count, facts);
    struct cursor cursor = {sort(live), live, 0, visit, context};
    return fb_pages_walk(visit_run, &cursor, &facts->pages);
}
