/* SPDX-License-Identifier: MIT
 * The clock of a recording: the invariant TSC, else CLOCK_MONOTONIC, else (--order=global) a
 * counter that all threads share. Owns the choice. The recorder stamps with it; whoever finishes
 * the trace reads it once more, so that even a short trace knows how long a stamp is. */
#ifndef FB_TRACE_STAMP_H
#define FB_TRACE_STAMP_H

#include <stdint.h>

enum fb_order { FB_ORDER_TSC, FB_ORDER_CLOCK, FB_ORDER_GLOBAL };

/* Choose by the environment (FB_ENV_ORDER) and the processor. */
enum fb_order fb_stamp_choose_order(void);
/* Take the order that a recording had. */
void fb_stamp_use_order(enum fb_order order);
enum fb_order fb_stamp_current_order(void);
const char *fb_stamp_order_name(void);

uint64_t fb_stamp_now(void);
uint64_t fb_monotonic_ns(void);

#endif
