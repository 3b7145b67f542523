/* SPDX-License-Identifier: MIT
 * The threads of a trace merged into one valid order: every block is acquired before it is
 * released, and released before its address is acquired again. Owns the live blocks and their
 * numbers; counts what does not fit. */
#ifndef FB_TRACE_MERGE_H
#define FB_TRACE_MERGE_H

#include "trace/livemap.h"
#include "trace/event.h"
#include "trace/reader.h"

/* One operation in the common order. */
struct fb_step {
    enum fb_kind kind;
    uint8_t align_log2;
    /* REALLOC: to another address. */
    bool has_moved;
    /* The trace lost the free of this block; its address was given out again. */
    bool is_synthetic;
    uint32_t thread;
    /* Number of the block, reused after its release, but only ever by the thread that released
     * it: so a number's reuse orders nothing that the program did not order. */
    uint32_t block;
    /* Pages touched in the life that ends here, or FB_TOUCHED_UNKNOWN. */
    uint32_t touched;
    uint64_t stamp;
    /* New size; for BIRTH and FORK the number of the thread, the pid. */
    uint64_t size;
    /* REALLOC, FREE: the size until now, who acquired it, in which step, and its stamp. */
    uint64_t old_size;
    uint32_t acquirer;
    uint64_t acquired_step;
    uint64_t acquired_stamp;
};

struct fb_anomalies {
    /* Releases of blocks nobody had acquired: inherited over a fork, or lost. Left out. */
    uint64_t unknown_releases;
    /* Acquisitions of an address that was live: its free was lost. A free is put in. */
    uint64_t lost_frees;
    /* Chunks that are missing inside a thread. */
    uint64_t gaps;
    /* Chunks that pass the checksum and make no sense. */
    uint64_t broken_chunks;
};

struct fb_merged {
    uint64_t steps;
    uint64_t live_blocks;
    uint64_t live_size;
    /* Block numbers used, and the highest thread number. */
    uint32_t blocks;
    uint32_t last_thread;
    struct fb_anomalies anomalies;
};

typedef void fb_step_fn(void *context, const struct fb_step *step);

/* Give every step to `take`, in order. */
void fb_merge(const struct fb_reader *reader, fb_step_fn *take, void *context,
              struct fb_merged *merged);

#endif
