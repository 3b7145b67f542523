/* SPDX-License-Identifier: MIT
 * Doing an operation; see act.h. Built with -fno-builtin: an unused block is still asked for. */
#include "trace/act.h"

#include <stdlib.h>
#include <string.h>

/* Touching needs a page size only as a step; a smaller one than the real would be harmless. */
enum { PAGE_STEP = 4096, FILL = 0x5a };

static void touch_pages(unsigned char *from, unsigned char *end)
{
    if (from >= end)
        return;
    *(volatile unsigned char *)from = FILL;
    uintptr_t next = ((uintptr_t)from + PAGE_STEP) & ~(uintptr_t)(PAGE_STEP - 1);
    for (unsigned char *at = (unsigned char *)next; at < end; at += PAGE_STEP)
        *(volatile unsigned char *)at = FILL;
}

/* Touch a block of which the first `kept` bytes are old contents. */
static void touch_block(const struct fb_op *op, unsigned char *block, size_t kept,
                        enum fb_replay_touch touch)
{
    size_t size = op->size;
    switch (touch) {
    case FB_TOUCH_RECORDED:
        if (size >= FB_TOUCHED_FROM && op->touched != FB_OP_TOUCHED_UNKNOWN) {
            size_t touched = (size_t)op->touched * PAGE_STEP;
            size = touched < size ? touched : size;
        }
        touch_pages(block + (kept < size ? kept : size), block + size);
        break;
    case FB_TOUCH_PAGE:
        touch_pages(block + (kept < size ? kept : size), block + size);
        break;
    case FB_TOUCH_ALL:
        if (kept < size)
            memset(block + kept, FILL, size - kept);
        break;
    case FB_TOUCH_FIRST:
        touch_pages(block, block + (size > 0));
        break;
    case FB_TOUCH_NONE:
        break;
    }
}

static void *acquire(const struct fb_op *op)
{
    if (op->kind == FB_KIND_MALLOC)
        return malloc(op->size);
    if (op->kind == FB_KIND_CALLOC)
        return calloc(1, op->size);
    void *block = NULL;
    size_t alignment = (size_t)1 << op->align_log2;
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    return posix_memalign(&block, alignment, op->size) == 0 ? block : NULL;
}

static void resize(const struct fb_op *op, struct fb_block *block, enum fb_replay_touch touch,
                   struct fb_act_counts *counts)
{
    /* A recorded realloc to 0 kept a block; where it would free here, 1 byte keeps it too. */
    void *moved = realloc((void *)block->address, op->size > 0 ? op->size : 1);
    if (moved == NULL) {
        counts->refused++;
        return;
    }
    touch_block(op, moved, block->requested, touch);
    block->address = (uintptr_t)moved;
    block->requested = op->size;
}

void fb_act(const struct fb_op *op, struct fb_block *blocks, enum fb_replay_touch touch,
            struct fb_act_counts *counts)
{
    struct fb_block *block = &blocks[op->block];
    counts->kinds[op->kind]++;
    switch (op->kind) {
    case FB_KIND_MALLOC:
    case FB_KIND_CALLOC:
    case FB_KIND_ALIGNED: {
        void *fresh = acquire(op);
        counts->refused += fresh == NULL;
        if (fresh != NULL && touch != FB_TOUCH_NONE)
            touch_block(op, fresh, 0, touch);
        block->address = (uintptr_t)fresh;
        block->requested = op->size;
        break;
    }
    case FB_KIND_REALLOC:
        resize(op, block, touch, counts);
        break;
    case FB_KIND_FREE:
        free((void *)block->address);
        block->address = 0;
        break;
    default:
        break;
    }
}
