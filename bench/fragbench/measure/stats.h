/* SPDX-License-Identifier: MIT
 * stats.h: the median of a few repetitions and how far it may be trusted.
 *
 * Owns: medians and the bootstrap. The bootstrap has a fixed seed: the same points give the same
 * interval, on every machine and in every report.
 */
#ifndef FB_STATS_H
#define FB_STATS_H

#include <stddef.h>

struct fb_interval {
    double median, low, high; /* low and high bound the median with 95 % confidence */
    size_t count;
};

/* Sorts `values`. All zero when there are none; low = high = median when there is one. */
struct fb_interval fb_stats_median(double *values, size_t count);

#endif
