/* SPDX-License-Identifier: MIT
 * stacks.c: the decomposition at each checkpoint, one panel for each allocator; see chart.h.
 */
#include "report/axis.h"
#include "report/chart.h"

#include <string.h>

static const double mib = 1 << 20;

enum { PARTS = 4 };

static const struct {
    const char *name, *colour;
} parts[PARTS] = {
    {"live", "#2e7d4f"},
    {"slack", "#a5d6a7"},
    {"pinned", "#e8a33d"},
    {"empty but resident", "#c0504d"},
};

static void part_bytes(const struct fb_result_point *point, double bytes[PARTS])
{
    bytes[0] = point->live_resident;
    bytes[1] = point->slack;
    bytes[2] = point->pinned;
    bytes[3] = point->empty;
}

static void point_name(const struct fb_result_point *point, char *out, size_t room)
{
    if (strcmp(point->phase, "settled") == 0)
        snprintf(out, room, "%s +%g s", point->label, point->settle_s);
    else if (strcmp(point->phase, "trimmed") == 0)
        snprintf(out, room, "%s trimmed", point->label);
    else
        snprintf(out, room, "%s", point->label);
}

static void put_bar(FILE *out, const struct fb_axis *axis, const struct fb_result_point *point,
                    double x, double width)
{
    double bytes[PARTS], below = 0;
    char name[64];
    part_bytes(point, bytes);
    point_name(point, name, sizeof name);
    fprintf(out,
            "<g><title>%s: live %.2f, slack %.2f, pinned %.2f, empty %.2f MiB (sum %.2f)"
            "</title>",
            name, bytes[0] / mib, bytes[1] / mib, bytes[2] / mib, bytes[3] / mib,
            point->heap / mib);
    for (int i = 0; i < PARTS; i++) {
        double bottom = fb_axis_y(axis, below), top = fb_axis_y(axis, below + bytes[i]);
        if (bottom - top > 0.05)
            fprintf(out, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>", x, top,
                    width, bottom - top, parts[i].colour);
        below += bytes[i];
    }
    fprintf(out,
            "<text transform='translate(%.1f,%.1f) rotate(-90)' text-anchor='end' "
            "font-size='8.5'>%s</text></g>\n",
            x + width / 2 + 3, axis->top + axis->height + 5, name);
}

static void put_panel(FILE *out, const struct fb_axis *frame, const struct fb_results *results,
                      const struct fb_result_cell *cell, size_t allocator)
{
    double slot = frame->width / (double)(cell->point_count > 0 ? cell->point_count : 1);
    double bar = slot > 22 ? 18 : slot * 0.82;
    fprintf(out, "<text x='%.1f' y='%.1f' font-weight='600' fill='%s'>", frame->left,
            frame->top - 8, fb_chart_colour(allocator));
    fb_chart_put_text(out, cell->allocator);
    fputs("</text>\n", out);
    for (size_t i = 0; i < cell->point_count; i++)
        put_bar(out, frame, &results->points[cell->first_point + i],
                frame->left + slot * (double)i + (slot - bar) / 2, bar);
}

static double tallest(const struct fb_results *results, const char *workload)
{
    double top = 0;
    for (size_t a = 0; a < results->allocator_count; a++) {
        const struct fb_result_cell *cell =
            fb_results_cell(results, workload, results->allocators[a]);
        for (size_t i = 0; cell != NULL && i < cell->point_count; i++)
            if (results->points[cell->first_point + i].heap > top)
                top = results->points[cell->first_point + i].heap;
    }
    return top;
}

static void put_legend(FILE *out, double y)
{
    double x = 64;
    for (int i = 0; i < PARTS; i++) {
        fprintf(out,
                "<rect x='%.1f' y='%.1f' width='12' height='12' rx='2' fill='%s'/>"
                "<text x='%.1f' y='%.1f'>%s</text>\n",
                x, y, parts[i].colour, x + 17, y + 10, parts[i].name);
        x += 60 + 6 * (double)strlen(parts[i].name);
    }
}

void fb_chart_stacks(FILE *out, const struct fb_results *results, const char *workload)
{
    struct fb_axis axis = {64, 46, 1016, 190, 0, tallest(results, workload) * 1.05};
    size_t panels = 0, drawn = 0;
    for (size_t a = 0; a < results->allocator_count; a++) {
        const struct fb_result_cell *cell =
            fb_results_cell(results, workload, results->allocators[a]);
        panels += cell != NULL && cell->point_count > 0;
    }
    if (panels == 0)
        return;
    fb_svg_begin(out, "stacks", 1100, 330);
    put_legend(out, 6);
    fb_axis_put_mib(out, &axis);
    for (size_t a = 0; a < results->allocator_count; a++) {
        const struct fb_result_cell *cell =
            fb_results_cell(results, workload, results->allocators[a]);
        if (cell == NULL || cell->point_count == 0)
            continue;
        struct fb_axis frame = axis;
        frame.width = axis.width / (double)panels - 14;
        frame.left = axis.left + 6 + axis.width / (double)panels * (double)drawn++;
        put_panel(out, &frame, results, cell, a);
    }
    fb_svg_end(out);
}
