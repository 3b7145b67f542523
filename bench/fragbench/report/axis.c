/* SPDX-License-Identifier: MIT
 * axis.c: the frame of one picture; see axis.h.
 */
#include "report/axis.h"

#include <math.h>

static const double mib = 1 << 20;

double fb_axis_x(const struct fb_axis *axis, double x)
{
    return axis->left + (axis->x_max > 0 ? x / axis->x_max : 0) * axis->width;
}

double fb_axis_y(const struct fb_axis *axis, double y)
{
    return axis->top + axis->height - (axis->y_max > 0 ? y / axis->y_max : 0) * axis->height;
}

double fb_axis_step(double span, int wanted)
{
    if (span <= 0)
        return 1;
    double rough = span / wanted, power = pow(10, floor(log10(rough)));
    double lead = rough / power;
    return (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10) * power;
}

static int decimals_of(double step)
{
    return step < 0.1 ? 2 : step < 1 ? 1 : 0;
}

void fb_axis_put_mib(FILE *out, const struct fb_axis *axis)
{
    double top = axis->y_max / mib, step = fb_axis_step(top, 5);
    for (double value = 0; value <= top * 1.0001; value += step) {
        double y = fb_axis_y(axis, value * mib);
        fprintf(out, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#dde1e6'/>", axis->left,
                axis->left + axis->width, y, y);
        fprintf(out, "<text x='%.1f' y='%.1f' text-anchor='end'>%.*f</text>\n", axis->left - 6,
                y + 4, decimals_of(step), value);
    }
    fprintf(out, "<text x='%.1f' y='%.1f' text-anchor='end' fill='#667'>MiB</text>\n",
            axis->left - 6, axis->top - 8);
}

void fb_axis_put_work(FILE *out, const struct fb_axis *axis, double unit, const char *caption)
{
    double right = axis->x_max / unit, step = fb_axis_step(right, 8);
    double bottom = axis->top + axis->height;
    for (double value = 0; value <= right * 1.0001; value += step)
        fprintf(out, "<text x='%.1f' y='%.1f' text-anchor='middle'>%.*f</text>\n",
                fb_axis_x(axis, value * unit), bottom + 16, decimals_of(step), value);
    fprintf(out, "<text x='%.1f' y='%.1f' text-anchor='middle' fill='#667'>%s</text>\n",
            axis->left + axis->width / 2, bottom + 34, caption);
}

void fb_svg_begin(FILE *out, const char *class_name, double width, double height)
{
    fprintf(out,
            "<svg xmlns='http://www.w3.org/2000/svg' class='%s' viewBox='0 0 %.0f %.0f' "
            "width='%.0f' height='%.0f' font-family='system-ui, sans-serif' font-size='11' "
            "fill='#223'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
            class_name, width, height, width, height);
}

void fb_svg_end(FILE *out)
{
    fputs("</svg>\n", out);
}
