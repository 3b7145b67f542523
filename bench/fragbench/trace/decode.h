/* SPDX-License-Identifier: MIT
 * Bytes to operations: the counterpart of encode.h. Owns the state of reading one chunk. */
#ifndef FB_TRACE_DECODE_H
#define FB_TRACE_DECODE_H

#include "trace/event.h"

#include <stddef.h>

struct fb_decoder {
    /* The four columns, decompressed, one behind the other; ends has each column's end. */
    uint8_t bytes[FB_SLOT_SIZE];
    uint32_t at[FB_COLUMNS];
    uint32_t ends[FB_COLUMNS];
    uint32_t op;
    uint32_t ops;
    uint64_t last_stamp;
    uint64_t last_acquired;
    uint64_t last_released;
    /* The address that each operation so far has mentioned last. */
    uint64_t addresses[FB_SLOT_OPS];
};

/* Take a chunk whose checksum is known to be right. False: it does not decompress. */
bool fb_decoder_begin(struct fb_decoder *decoder, const struct fb_chunk_header *header,
                      const void *payload);
/* The next operation; false at the end of the chunk, or where its bytes make no sense. */
bool fb_decode(struct fb_decoder *decoder, struct fb_event *event);

#endif
