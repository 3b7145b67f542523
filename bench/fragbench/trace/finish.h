/* SPDX-License-Identifier: MIT
 * Finishing a trace: what a process that is gone left in its sidecar is moved into the trace.
 * The launcher calls it after the program's end, the reader before each reading. */
#ifndef FB_TRACE_FINISH_H
#define FB_TRACE_FINISH_H

enum fb_finish {
    /* No sidecar: finished long ago, or no trace at all. */
    FB_FINISH_NOTHING,
    /* The sidecar is moved in and gone. */
    FB_FINISH_DONE,
    /* The process still lives and records. */
    FB_FINISH_LIVE,
    /* The trace cannot be written (message printed); the sidecar stays. */
    FB_FINISH_FAILED,
};

enum fb_finish fb_trace_finish(const char *path);

#endif
