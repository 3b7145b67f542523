/* SPDX-License-Identifier: MIT
 * The clock of a recording; see stamp.h. */
#include "trace/stamp.h"

#include "trace/format.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

static struct {
    enum fb_order order;
    _Atomic uint64_t counter;
} clock_state;

uint64_t fb_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool tsc_is_invariant(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & 1u << 8) != 0;
#else
    return false;
#endif
}

enum fb_order fb_stamp_choose_order(void)
{
    const char *wish = getenv(FB_ENV_ORDER);
    if (wish != NULL && strcmp(wish, "global") == 0)
        clock_state.order = FB_ORDER_GLOBAL;
    else if (wish != NULL && strcmp(wish, "clock") == 0)
        clock_state.order = FB_ORDER_CLOCK;
    else
        clock_state.order = tsc_is_invariant() ? FB_ORDER_TSC : FB_ORDER_CLOCK;
    return clock_state.order;
}

void fb_stamp_use_order(enum fb_order order)
{
    clock_state.order = order;
}

enum fb_order fb_stamp_current_order(void)
{
    return clock_state.order;
}

const char *fb_stamp_order_name(void)
{
    static const char *const names[] = {"tsc", "clock", "global"};
    return names[clock_state.order];
}

uint64_t fb_stamp_now(void)
{
    if (clock_state.order == FB_ORDER_GLOBAL)
        return atomic_fetch_add_explicit(&clock_state.counter, 1, memory_order_seq_cst);
#if defined(__x86_64__)
    if (clock_state.order == FB_ORDER_TSC) {
        /* The fence keeps the stamp behind the real allocation, and behind the load that brought
         * the pointer here from another thread. */
        _mm_lfence();
        return __rdtsc() >> FB_STAMP_SHIFT;
    }
#endif
    return fb_monotonic_ns() >> FB_STAMP_SHIFT;
}
