/* SPDX-License-Identifier: MIT
 * Merging threads; see merge.h.
 *
 * Releases are stamped before the real call and acquisitions behind it, so on one address the
 * stamps are in order across threads. Stamps are coarse, and so may be equal: then the block's
 * state decides. A moment that does not fit the state steps aside until the others have passed,
 * for at most PATIENCE stamps; if it does not fit then, it is an anomaly. */
#include "trace/merge.h"

#include "base/die.h"
#include "trace/cursor.h"

#include <string.h>

/* About two microseconds of TSC: more than sockets drift apart. */
enum { PATIENCE = 32 };

struct block {
    uint64_t size;
    uint64_t acquired_step;
    uint64_t acquired_stamp;
    uint32_t acquirer;
    /* The list of free numbers. */
    uint32_t next_free;
};

struct merge {
    const struct fb_reader *reader;
    fb_step_fn *take;
    void *context;
    struct fb_merged *merged;
    struct fb_livemap live;
    /* struct block, by number. */
    struct fb_quiet_array blocks;
    /* struct fb_cursor, in order of thread. */
    struct fb_quiet_array cursors;
    /* A heap of cursor numbers by stamp, and those that stepped aside. */
    uint32_t *heap;
    size_t heap_count;
    uint32_t *aside;
    size_t aside_count;
};

static struct fb_cursor *cursor_at(const struct merge *merge, uint32_t index)
{
    return (struct fb_cursor *)merge->cursors.data + index;
}

static struct block *block_at(const struct merge *merge, uint32_t number)
{
    return (struct block *)merge->blocks.data + number;
}

/* --- the heap ------------------------------------------------------------- */

static bool is_before(const struct merge *merge, uint32_t left, uint32_t right)
{
    uint64_t a = fb_cursor_stamp(cursor_at(merge, left), merge->reader);
    uint64_t b = fb_cursor_stamp(cursor_at(merge, right), merge->reader);
    return a < b || (a == b && left < right);
}

static void sift_down(struct merge *merge, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < merge->heap_count; child++)
            if (is_before(merge, merge->heap[child], merge->heap[least]))
                least = child;
        if (least == at)
            return;
        uint32_t moved = merge->heap[at];
        merge->heap[at] = merge->heap[least];
        merge->heap[least] = moved;
        at = least;
    }
}

static void push(struct merge *merge, uint32_t index)
{
    size_t at = merge->heap_count++;
    merge->heap[at] = index;
    while (at > 0 && is_before(merge, merge->heap[at], merge->heap[(at - 1) / 2])) {
        uint32_t moved = merge->heap[at];
        merge->heap[at] = merge->heap[(at - 1) / 2];
        merge->heap[(at - 1) / 2] = moved;
        at = (at - 1) / 2;
    }
}

static void pop(struct merge *merge)
{
    merge->heap[0] = merge->heap[--merge->heap_count];
    sift_down(merge, 0);
}

/* --- blocks --------------------------------------------------------------- */

static uint32_t take_number(struct merge *merge, struct fb_cursor *cursor)
{
    uint32_t number = cursor->free_block;
    if (number != FB_BLOCK_NONE) {
        cursor->free_block = block_at(merge, number)->next_free;
        return number;
    }
    if (merge->blocks.count == FB_BLOCK_NONE)
        fb_die("%s: more than %u blocks", merge->reader->path, FB_BLOCK_NONE);
    fb_quiet_array_push(&merge->blocks);
    return (uint32_t)merge->blocks.count - 1;
}

static void deliver(struct merge *merge, const struct fb_step *step)
{
    merge->take(merge->context, step);
    merge->merged->steps++;
}

/* A step of this thread, with what is known of the block's life so far. */
static struct fb_step draft(const struct merge *merge, const struct fb_cursor *cursor,
                            uint32_t number)
{
    const struct fb_event *event = &cursor->event;
    struct fb_step step = {
        .kind = event->kind,
        .align_log2 = event->align_log2,
        .thread = cursor->thread,
        .block = number,
        .touched = event->touched,
        .stamp = fb_cursor_stamp(cursor, merge->reader),
        .size = event->size,
    };
    if (step.kind == FB_KIND_FREE_TOUCHED)
        step.kind = FB_KIND_FREE;
    if (step.kind == FB_KIND_REALLOC_TOUCHED)
        step.kind = FB_KIND_REALLOC;
    if (number != FB_BLOCK_NONE) {
        const struct block *block = block_at(merge, number);
        step.old_size = block->size;
        step.acquirer = block->acquirer;
        step.acquired_step = block->acquired_step;
        step.acquired_stamp = block->acquired_stamp;
    }
    return step;
}

static void release(struct merge *merge, struct fb_cursor *cursor, uint32_t number)
{
    struct block *block = block_at(merge, number);
    merge->merged->live_size -= block->size;
    merge->merged->live_blocks--;
    block->next_free = cursor->free_block;
    cursor->free_block = number;
}

/* The address is live and should not be: its free was lost. Free it here. */
static void release_lost(struct merge *merge, struct fb_cursor *cursor, uint64_t address)
{
    uint32_t number = fb_livemap_take(&merge->live, address);
    struct fb_step step = draft(merge, cursor, number);
    step.kind = FB_KIND_FREE;
    step.is_synthetic = true;
    step.size = 0;
    step.touched = FB_TOUCHED_UNKNOWN;
    merge->merged->anomalies.lost_frees++;
    deliver(merge, &step);
    release(merge, cursor, number);
}

static void acquire(struct merge *merge, struct fb_cursor *cursor, uint64_t address,
                    uint32_t number)
{
    struct block *block = block_at(merge, number);
    block->size = cursor->event.size;
    block->acquirer = cursor->thread;
    block->acquired_step = merge->merged->steps;
    block->acquired_stamp = fb_cursor_stamp(cursor, merge->reader);
    merge->merged->live_size += block->size;
    merge->merged->live_blocks++;
    fb_livemap_add(&merge->live, address, number);
}

static void do_acquire(struct merge *merge, struct fb_cursor *cursor, uint64_t address)
{
    uint32_t number = take_number(merge, cursor);
    struct fb_step step = draft(merge, cursor, number);
    step.old_size = 0;
    if (step.kind == FB_KIND_REALLOC)
        step.kind = FB_KIND_MALLOC;
    acquire(merge, cursor, address, number);
    deliver(merge, &step);
}

static void do_free(struct merge *merge, struct fb_cursor *cursor)
{
    uint32_t number = fb_livemap_take(&merge->live, cursor->event.address);
    if (number == FB_BLOCK_NONE) {
        merge->merged->anomalies.unknown_releases++;
        return;
    }
    struct fb_step step = draft(merge, cursor, number);
    step.size = 0;
    deliver(merge, &step);
    release(merge, cursor, number);
}

static void do_resize(struct merge *merge, struct fb_cursor *cursor, uint32_t number)
{
    if (number == FB_BLOCK_NONE) {
        merge->merged->anomalies.unknown_releases++;
        do_acquire(merge, cursor, cursor->event.new_address);
        return;
    }
    struct fb_step step = draft(merge, cursor, number);
    step.has_moved = cursor->event.new_address != cursor->event.address;
    merge->merged->live_size -= step.old_size;
    merge->merged->live_blocks--;
    acquire(merge, cursor, cursor->event.new_address, number);
    deliver(merge, &step);
}

/* --- moments -------------------------------------------------------------- */

static bool is_release_ahead(const struct fb_cursor *cursor)
{
    const struct fb_event *event = &cursor->event;
    return event->kind == FB_KIND_FREE || event->kind == FB_KIND_FREE_TOUCHED ||
           ((event->kind == FB_KIND_REALLOC || event->kind == FB_KIND_REALLOC_TOUCHED) &&
            !cursor->is_between);
}

/* The address that the next moment acquires, or 0. */
static uint64_t acquired_address(const struct fb_cursor *cursor)
{
    const struct fb_event *event = &cursor->event;
    if (event->kind <= FB_KIND_ALIGNED)
        return event->address;
    return cursor->is_between ? event->new_address : 0;
}

static bool fits(const struct merge *merge, const struct fb_cursor *cursor)
{
    uint64_t acquired = acquired_address(cursor);
    if (acquired != 0)
        return fb_livemap_find(&merge->live, acquired) == FB_BLOCK_NONE;
    if (is_release_ahead(cursor))
        return fb_livemap_find(&merge->live, cursor->event.address) != FB_BLOCK_NONE;
    return true;
}

/* Do the cursor's next moment, whether it fits or not. */
static void do_moment(struct merge *merge, struct fb_cursor *cursor)
{
    const struct fb_event *event = &cursor->event;
    uint64_t acquired = acquired_address(cursor);
    if (acquired != 0 && fb_livemap_find(&merge->live, acquired) != FB_BLOCK_NONE)
        release_lost(merge, cursor, acquired);
    switch (event->kind) {
    case FB_KIND_MALLOC:
    case FB_KIND_CALLOC:
    case FB_KIND_ALIGNED:
        do_acquire(merge, cursor, event->address);
        break;
    case FB_KIND_FREE:
    case FB_KIND_FREE_TOUCHED:
        do_free(merge, cursor);
        break;
    case FB_KIND_REALLOC:
    case FB_KIND_REALLOC_TOUCHED:
        if (!cursor->is_between)
            cursor->between_block = fb_livemap_take(&merge->live, event->address);
        if (!cursor->is_between && event->new_address != event->address) {
            cursor->is_between = true;
            return;
        }
        do_resize(merge, cursor, cursor->between_block);
        cursor->is_between = false;
        break;
    default: {
        struct fb_step step = draft(merge, cursor, FB_BLOCK_NONE);
        deliver(merge, &step);
        break;
    }
    }
    cursor->has_event = false;
    fb_cursor_load(cursor, merge->reader, &merge->merged->anomalies);
}

static void return_aside(struct merge *merge)
{
    while (merge->aside_count > 0)
        push(merge, merge->aside[--merge->aside_count]);
}

/* The thread at the top of the heap does its next moment, or steps aside. */
static void advance(struct merge *merge)
{
    uint32_t index = merge->heap[0];
    struct fb_cursor *cursor = cursor_at(merge, index);
    if (!cursor->has_event) {
        if (fb_cursor_load(cursor, merge->reader, &merge->merged->anomalies))
            sift_down(merge, 0);
        else
            pop(merge);
        return;
    }
    if (merge->heap_count > 1 && !fits(merge, cursor)) {
        pop(merge);
        merge->aside[merge->aside_count++] = index;
        return;
    }
    do_moment(merge, cursor);
    if (fb_cursor_stamp(cursor, merge->reader) == UINT64_MAX)
        pop(merge);
    else
        sift_down(merge, 0);
    return_aside(merge);
}

/* True when those aside have waited long enough: nobody near them is left to wait for. */
static bool is_patience_over(const struct merge *merge)
{
    if (merge->aside_count == 0)
        return false;
    if (merge->heap_count == 0)
        return true;
    uint64_t first = fb_cursor_stamp(cursor_at(merge, merge->aside[0]), merge->reader);
    uint64_t now = fb_cursor_stamp(cursor_at(merge, merge->heap[0]), merge->reader);
    return now > first + PATIENCE;
}

static void force_first_aside(struct merge *merge)
{
    uint32_t index = merge->aside[0];
    struct fb_cursor *cursor = cursor_at(merge, index);
    memmove(merge->aside, merge->aside + 1, --merge->aside_count * sizeof *merge->aside);
    do_moment(merge, cursor);
    if (fb_cursor_stamp(cursor, merge->reader) != UINT64_MAX)
        push(merge, index);
    return_aside(merge);
}

static void list_threads(struct merge *merge)
{
    const struct fb_reader *reader = merge->reader;
    for (size_t i = 0; i < reader->chunks.count; i++) {
        uint32_t thread = fb_reader_chunk(reader, i)->thread;
        if (i == 0 || fb_reader_chunk(reader, i - 1)->thread != thread) {
            struct fb_cursor *cursor = fb_quiet_array_push(&merge->cursors);
            cursor->thread = thread;
            cursor->next_chunk = i;
            cursor->free_block = FB_BLOCK_NONE;
        }
        cursor_at(merge, (uint32_t)merge->cursors.count - 1)->end_chunk = i + 1;
        if (thread > merge->merged->last_thread)
            merge->merged->last_thread = thread;
    }
}

void fb_merge(const struct fb_reader *reader, fb_step_fn *take, void *context,
              struct fb_merged *merged)
{
    struct merge merge = {.reader = reader, .take = take, .context = context, .merged = merged};
    memset(merged, 0, sizeof *merged);
    fb_livemap_open(&merge.live);
    fb_quiet_array_open(&merge.blocks, "blocks", sizeof(struct block));
    fb_quiet_array_open(&merge.cursors, "threads", sizeof(struct fb_cursor));
    list_threads(&merge);
    size_t list_size = merge.cursors.count * sizeof(uint32_t);
    merge.heap = fb_quiet_map("thread heap", list_size);
    merge.aside = fb_quiet_map("threads aside", list_size);
    for (uint32_t i = 0; i < merge.cursors.count; i++)
        push(&merge, i);
    while (merge.heap_count > 0 || merge.aside_count > 0) {
        if (is_patience_over(&merge))
            force_first_aside(&merge);
        else
            advance(&merge);
    }
    merged->blocks = (uint32_t)merge.blocks.count;
    fb_quiet_unmap(merge.heap, list_size);
    fb_quiet_unmap(merge.aside, list_size);
    fb_quiet_array_close(&merge.cursors);
    fb_quiet_array_close(&merge.blocks);
    fb_livemap_close(&merge.live);
}
