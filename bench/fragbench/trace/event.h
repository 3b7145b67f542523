/* SPDX-License-Identifier: MIT
 * One recorded operation in memory, as the encoder takes it and the decoder gives it. */
#ifndef FB_TRACE_EVENT_H
#define FB_TRACE_EVENT_H

#include "trace/format.h"

#include <stdbool.h>
#include <stdint.h>

#define FB_TOUCHED_UNKNOWN UINT32_MAX

struct fb_event {
    enum fb_kind kind;
    uint8_t align_log2;
    /* Pages resident at the release, or FB_TOUCHED_UNKNOWN. */
    uint32_t touched;
    /* When the call released (free, realloc) or had acquired (all others). */
    uint64_t stamp;
    /* realloc: when it had acquired. */
    uint64_t end_stamp;
    /* The block; for realloc the old one. */
    uint64_t address;
    /* realloc: the block afterwards, equal to address when it stayed. */
    uint64_t new_address;
    /* Bytes asked for; BIRTH: the child's thread number; FORK: the child's pid. */
    uint64_t size;
};

#endif
