/* SPDX-License-Identifier: MIT
 * Operations to bytes: the delta coder that fills a slot. Owns the state of one thread's coding.
 * Allocates nothing and calls nothing, for it runs inside malloc. */
#ifndef FB_TRACE_ENCODE_H
#define FB_TRACE_ENCODE_H

#include "trace/event.h"

enum { FB_BACK_TABLE_LOG2 = 12, FB_BACK_TABLE_SIZE = 1 << FB_BACK_TABLE_LOG2 };

/* E1: between chunks slot->ops is 0 and every field but `slot` is as fb_encoder_begin left it.
 * E2: a table entry is (address << 13 | operation), of this chunk, or 0. */
struct fb_encoder {
    struct fb_slot *slot;
    uint64_t last_stamp;
    uint64_t last_acquired;
    uint64_t last_released;
    uint64_t table[FB_BACK_TABLE_SIZE];
};

/* Start a chunk in encoder->slot: the slot's thread and sequence stand already. */
void fb_encoder_begin(struct fb_encoder *encoder, uint64_t base_stamp, uint64_t base_ns);
/* True when the slot may have no room for one more operation. */
bool fb_encoder_is_full(const struct fb_encoder *encoder);
/* Append one operation. The slot is not full. */
void fb_encode(struct fb_encoder *encoder, const struct fb_event *event);

#endif
