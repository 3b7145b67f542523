/* SPDX-License-Identifier: MIT
 * A trace decoded for replay: all operations in one array, each thread's part of them, and which
 * of them must wait for another thread. Owns these arrays; all of them are quiet memory, and
 * loading calls no allocator. */
#ifndef FB_TRACE_SCRIPT_H
#define FB_TRACE_SCRIPT_H

#include "trace/merge.h"

enum {
    FB_OP_TOUCHED_BITS = 24,
    FB_OP_TOUCHED_UNKNOWN = (1 << FB_OP_TOUCHED_BITS) - 1,
};

struct fb_op {
    uint32_t block;
    uint32_t kind : 4;
    uint32_t align_log2 : 6;
    /* The block was acquired by another thread: its own list of waits has by whom and when. */
    uint32_t has_wait : 1;
    uint32_t thread : 21;
    /* BIRTH: the thread to start. */
    uint64_t size : 64 - FB_OP_TOUCHED_BITS;
    /* Pages to touch after acquiring, told by the trace at the release. */
    uint64_t touched : FB_OP_TOUCHED_BITS;
};

static_assert(FB_THREADS_MAX == 1 << 21, "a thread number fits its field");
static_assert(sizeof(struct fb_op) == 16, "an operation is 16 bytes, so that 10 M of them fit");

/* Ends the chains below. */
#define FB_SCRIPT_END UINT32_MAX

/* Operation `op` of that thread must be done first. */
struct fb_wait {
    uint32_t thread;
    uint32_t op;
    /* This thread's next wait. */
    uint32_t next;
};

/* A thread's operations and waits are chains through the common arrays: thousands of threads
 * then cost no mapping each. */
struct fb_script_thread {
    uint32_t first_op;
    uint32_t last_op;
    uint32_t first_wait;
    uint32_t last_wait;
    /* Started by another thread's BIRTH, not at the beginning. */
    bool is_born;
    bool is_used;
};

struct fb_script {
    /* struct fb_op. */
    struct fb_quiet_array ops;
    /* uint32_t: for each operation the next one of its thread, or FB_SCRIPT_END. */
    struct fb_quiet_array next;
    /* struct fb_wait. */
    struct fb_quiet_array waits;
    /* struct fb_script_thread, by thread number. */
    struct fb_quiet_array threads;
    /* uint64_t stamps of the operations, for --pace real; empty otherwise. */
    struct fb_quiet_array stamps;
    struct fb_merged merged;
    uint64_t counts[FB_KIND_COUNT];
    double ns_per_stamp;
};

enum fb_script_stamps { FB_STAMPS_DROPPED, FB_STAMPS_KEPT };

void fb_script_load(struct fb_script *script, const struct fb_reader *reader,
                    enum fb_script_stamps stamps);

static inline const struct fb_op *fb_script_op(const struct fb_script *script, size_t index)
{
    return (const struct fb_op *)script->ops.data + index;
}

static inline struct fb_script_thread *fb_script_thread(const struct fb_script *script,
                                                        size_t number)
{
    return (struct fb_script_thread *)script->threads.data + number;
}

#endif
