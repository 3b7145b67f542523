/* SPDX-License-Identifier: MIT
 * chart.h: the pictures of a report, as SVG.
 *
 * Owns: axes, colours, and the shapes; the same SVG goes into the page and into --svg files, so the
 * page needs no script to show it. The script adds hovering and toggling by the data- attributes.
 */
#ifndef FB_CHART_H
#define FB_CHART_H

#include "run/results.h"

#include <stdio.h>

/* The colour of the i-th allocator, in every picture. */
const char *fb_chart_colour(size_t allocator);

/* Text with <, >, & and " made safe for HTML and SVG. */
void fb_chart_put_text(FILE *out, const char *text);

/* RSS and live bytes of all allocators over the work done. */
void fb_chart_curves(FILE *out, const struct fb_results *results, const char *workload);

/* Live, slack, pinned and empty bytes at each checkpoint, one panel for each allocator. */
void fb_chart_stacks(FILE *out, const struct fb_results *results, const char *workload);

enum { FB_CHART_CLASSES = 48 };

/* Live bytes by the power of two of the request. */
void fb_chart_sizes(FILE *out, const double bytes[FB_CHART_CLASSES]);

/*
 * The median over rounds of one allocator's curve, with the lowest and highest of the rounds;
 * returns how many points there are. The arrays have room for `room`.
 */
struct fb_curve_point {
    double work, live, low, median, high;
};
size_t fb_chart_curve(const struct fb_results *results, const char *workload, const char *allocator,
                      struct fb_curve_point *points, size_t room);

#endif
