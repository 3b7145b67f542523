/* SPDX-License-Identifier: MIT
 * The recorder library: what its files know of each other.
 *   doors.c, doors_cxx.c  malloc and its kin: forward to the real one, tell the stream
 *   stream.c              one thread's operations, thread birth and death, fork
 *   large.c               pages that large blocks had touched
 *   sink.c                the trace file, its live sidecar, slots, flushing
 * Everything here runs inside somebody's malloc: no malloc, no stdio, no cancellation points,
 * errno left as it was. Memory comes from mmap. */
#ifndef FB_TRACE_RECORDER_H
#define FB_TRACE_RECORDER_H

#include "trace/encode.h"
#include "trace/stamp.h"

#include <stddef.h>

/* --- stream.c ------------------------------------------------------------ */

/* What one thread knows of itself. In the initial TLS block, for this library is preloaded. */
struct fb_self {
    struct fb_stream *stream;
    /* Inside a door: what the real allocator itself asks for is not the program's. */
    bool busy;
    /* The death event is written; what still comes goes to the common late stream. */
    bool dead;
};

extern __thread struct fb_self fb_self __attribute__((tls_model("initial-exec")));

void fb_record_acquire(enum fb_kind kind, void *block, size_t size, uint8_t align_log2);
/* Before the real free. */
void fb_record_release(void *block);
/* A realloc has two moments: begin before the real call, end behind it. */
struct fb_event fb_record_resize_begin(void *block, size_t size);
void fb_record_resize_end(struct fb_event *event, void *block);

/* --- large.c ------------------------------------------------------------- */

/* A block has been acquired. */
void fb_large_add(void *block, size_t size);
/* It is about to be released: its resident pages, FB_TOUCHED_UNKNOWN when it is not large. */
uint32_t fb_large_release(void *block);

/* --- sink.c -------------------------------------------------------------- */

/* Open the trace and the sidecar that the environment names. False: there is nothing to do. */
bool fb_sink_open(void);
/* Forget the parent's files; called in the child of a fork, before fb_sink_open. */
void fb_sink_forget(void);
/* True while operations can be taken. */
bool fb_sink_is_recording(void);
/* A slot for a thread, or NULL once recording has stopped. */
struct fb_slot *fb_sink_take_slot(uint32_t thread);
void fb_sink_give_slot(struct fb_slot *slot);
/* Write the slot's operations to the trace and empty it. */
void fb_sink_flush(struct fb_slot *slot);
/* Around fork: nobody is inside the sink meanwhile. */
void fb_sink_lock(void);
void fb_sink_unlock(void);

/* --- doors.c ------------------------------------------------------------- */

/* The real malloc_usable_size, 0 where the allocator below has none. */
size_t fb_real_usable_size(void *block);

#endif
