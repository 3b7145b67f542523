/* SPDX-License-Identifier: MIT
 * axis.h: the frame of one picture: scales, ticks, and their labels. For chart.c and stacks.c.
 */
#ifndef FB_AXIS_H
#define FB_AXIS_H

#include <stdio.h>

/* Data [0, x_max] x [0, y_max] is drawn into the box. */
struct fb_axis {
    double left, top, width, height;
    double x_max, y_max;
};

double fb_axis_x(const struct fb_axis *axis, double x);
double fb_axis_y(const struct fb_axis *axis, double y);

/* A step of 1, 2 or 5 times a power of ten that divides `span` into about `wanted` parts. */
double fb_axis_step(double span, int wanted);

/* Horizontal lines with labels in MiB at the left. */
void fb_axis_put_mib(FILE *out, const struct fb_axis *axis);
/* Ticks below, each worth `unit` of the data, with a caption. */
void fb_axis_put_work(FILE *out, const struct fb_axis *axis, double unit, const char *caption);

void fb_svg_begin(FILE *out, const char *class_name, double width, double height);
void fb_svg_end(FILE *out);

#endif
