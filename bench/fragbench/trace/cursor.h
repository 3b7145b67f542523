/* SPDX-License-Identifier: MIT
 * One thread's place in the trace: its chunks in turn, decoded one at a time.
 * Owned by merge.c. */
#ifndef FB_TRACE_CURSOR_H
#define FB_TRACE_CURSOR_H

#include "trace/decode.h"
#include "trace/merge.h"

struct fb_cursor {
    uint32_t thread;
    /* Chunks of this thread in the reader's list: [next, end). */
    size_t next_chunk;
    size_t end_chunk;
    uint32_t expected_sequence;
    /* NULL before the first chunk and behind the last. */
    struct fb_decoder *decoder;
    struct fb_event event;
    bool has_event;
    /* A moving realloc is two moments: its block is released and not yet acquired. */
    bool is_between;
    uint32_t between_block;
    /* Blocks that this thread released last, as a list through the blocks. */
    uint32_t free_block;
};

/* When this thread's next moment is; UINT64_MAX at its end. */
uint64_t fb_cursor_stamp(const struct fb_cursor *cursor, const struct fb_reader *reader);
/* Make cursor->event the next operation; false at the end of the thread. */
bool fb_cursor_load(struct fb_cursor *cursor, const struct fb_reader *reader,
                    struct fb_anomalies *anomalies);

#endif
