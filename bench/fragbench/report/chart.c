/* SPDX-License-Identifier: MIT
 * chart.c: curves and the size histogram; see chart.h, and stacks.c for the decomposition.
 */
#include "report/chart.h"
#include "base/die.h"
#include "report/axis.h"

#include <stdlib.h>
#include <string.h>

enum { CURVE_POINTS_MAX = 8192, ROUNDS_MAX = 64 };

static const double mib = 1 << 20;

const char *fb_chart_colour(size_t allocator)
{
    /* Told apart by lightness too, for those who cannot tell the hues. */
    static const char *const colours[] = {
        "#1f5fbf", "#d95f02", "#7b3fa0", "#12876f", "#c2185b", "#8a6d00", "#4a90e2", "#5d4037",
        "#e6a100", "#00838f", "#9e9d24", "#37474f", "#ad1457", "#33691e", "#6a1b9a", "#ef6c00"};
    return colours[allocator % (sizeof colours / sizeof colours[0])];
}

void fb_chart_put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* The curves of all rounds of one allocator; returns how many, and the shortest one's length. */
static size_t rounds_of(const struct fb_results *results, const char *workload,
                        const char *allocator, const struct fb_result_sample *curves[ROUNDS_MAX],
                        size_t *length)
{
    size_t rounds = 0;
    for (size_t i = 0; i < results->cell_count && rounds < ROUNDS_MAX; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        if (strcmp(cell->workload, workload) != 0 || strcmp(cell->allocator, allocator) != 0)
            continue;
        if (rounds == 0 || cell->sample_count < *length)
            *length = cell->sample_count;
        curves[rounds++] = results->samples + cell->first_sample;
    }
    return rounds;
}

size_t fb_chart_curve(const struct fb_results *results, const char *workload, const char *allocator,
                      struct fb_curve_point *points, size_t room)
{
    const struct fb_result_sample *curves[ROUNDS_MAX];
    double values[ROUNDS_MAX];
    size_t length = 0;
    size_t rounds = rounds_of(results, workload, allocator, curves, &length);
    /* A long watch has more readings than a picture has pixels: every n-th will do. */
    size_t every = length / room + 1, count = 0;
    for (size_t at = 0; rounds > 0 && at < length; at += every) {
        struct fb_curve_point *point = &points[count++];
        for (size_t r = 0; r < rounds; r++)
            values[r] = curves[r][at].rss;
        point->median = fb_stats_median(values, rounds).median;
        point->low = values[0]; /* sorted by now */
        point->high = values[rounds - 1];
        point->work = curves[0][at].work;
        point->live = curves[0][at].live;
    }
    return count;
}

static void put_band(FILE *out, const struct fb_axis *axis, const struct fb_curve_point *points,
                     size_t count, const char *colour)
{
    fprintf(out, "<polygon fill='%s' fill-opacity='0.15' points='", colour);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%.1f,%.1f ", fb_axis_x(axis, points[i].work),
                fb_axis_y(axis, points[i].high));
    for (size_t i = count; i-- > 0;)
        fprintf(out, "%.1f,%.1f ", fb_axis_x(axis, points[i].work), fb_axis_y(axis, points[i].low));
    fputs("'/>\n", out);
}

static void put_line(FILE *out, const struct fb_axis *axis, const struct fb_curve_point *points,
                     size_t count, const char *style)
{
    bool is_live = strstr(style, "dasharray") != NULL;
    fprintf(out, "<polyline fill='none' %s points='", style);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%.1f,%.1f ", fb_axis_x(axis, points[i].work),
                fb_axis_y(axis, is_live ? points[i].live : points[i].median));
    fputs("'/>\n", out);
}

static void put_series(FILE *out, const struct fb_axis *axis, const struct fb_curve_point *points,
                       size_t count, size_t allocator, const char *name)
{
    char style[96];
    const char *colour = fb_chart_colour(allocator);
    fputs("<g class='series' data-allocator='", out);
    fb_chart_put_text(out, name);
    fputs("'>", out);
    put_band(out, axis, points, count, colour);
    snprintf(style, sizeof style, "stroke='%s' stroke-width='1.8'", colour);
    put_line(out, axis, points, count, style);
    fputs("</g>\n", out);
}

/* A watched program's live bytes are not known. */
static bool has_live_bytes(const struct fb_curve_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (points[i].live > 0)
            return true;
    return false;
}

static void put_legend(FILE *out, const struct fb_results *results, double x, double y,
                       bool has_live)
{
    for (size_t a = 0; a < results->allocator_count; a++) {
        fputs("<g class='legend' data-allocator='", out);
        fb_chart_put_text(out, results->allocators[a]);
        fprintf(out, "'><rect x='%.1f' y='%.1f' width='12' height='12' rx='2' fill='%s'/>", x,
                y + 18 * (double)a, fb_chart_colour(a));
        fprintf(out, "<text x='%.1f' y='%.1f'>", x + 18, y + 10 + 18 * (double)a);
        fb_chart_put_text(out, results->allocators[a]);
        fputs("</text></g>\n", out);
    }
    double below = y + 18 * (double)results->allocator_count;
    if (!has_live)
        return;
    fprintf(out,
            "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#111' stroke-width='1.6' "
            "stroke-dasharray='5 3'/><text x='%.1f' y='%.1f'>live</text>\n",
            x, x + 12, below + 6, below + 6, x + 18, below + 10);
}

static void fit_axis(struct fb_axis *axis, const struct fb_curve_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double top = points[i].high > points[i].live ? points[i].high : points[i].live;
        axis->y_max = top * 1.05 > axis->y_max ? top * 1.05 : axis->y_max;
        axis->x_max = points[i].work > axis->x_max ? points[i].work : axis->x_max;
    }
}

/* What the work of a curve is counted in, and how an axis says so. */
struct work_axis {
    const char *unit, *caption;
    double worth;
};

static struct work_axis work_axis_of(const struct fb_results *results, const char *workload)
{
    size_t length = strlen(workload);
    bool is_trace = length > 4 && strcmp(workload + length - 4, ".ftr") == 0;
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        if (strcmp(cell->workload, workload) == 0 && strcmp(cell->work_unit, "ms") == 0)
            return (struct work_axis){"s", "seconds", 1000};
    }
    if (is_trace)
        return (struct work_axis){"thousand operations", "thousands of operations", 1000};
    return (struct work_axis){"MiB", "work done: MiB taken and given back", mib};
}

void fb_chart_curves(FILE *out, const struct fb_results *results, const char *workload)
{
    struct fb_axis axis = {64, 26, 880, 250, 0, 0};
    struct work_axis work = work_axis_of(results, workload);
    struct fb_curve_point *points = malloc(CURVE_POINTS_MAX * sizeof *points);
    if (points == NULL)
        fb_die("report: out of memory");
    for (size_t a = 0; a < results->allocator_count; a++)
        fit_axis(
            &axis, points,
            fb_chart_curve(results, workload, results->allocators[a], points, CURVE_POINTS_MAX));
    fb_svg_begin(out, "curves", 1100, 322);
    fprintf(out, "<g class='plot' data-workload='");
    fb_chart_put_text(out, workload);
    fprintf(out,
            "' data-left='%.1f' data-width='%.1f' data-top='%.1f' data-height='%.1f' "
            "data-xmax='%.0f' data-worth='%.0f' data-unit='%s'>\n",
            axis.left, axis.width, axis.top, axis.height, axis.x_max, work.worth, work.unit);
    fb_axis_put_mib(out, &axis);
    fb_axis_put_work(out, &axis, work.worth, work.caption);
    bool has_live = false;
    for (size_t a = 0; a < results->allocator_count; a++) {
        const char *name = results->allocators[a];
        size_t count = fb_chart_curve(results, workload, name, points, CURVE_POINTS_MAX);
        put_series(out, &axis, points, count, a, name);
        if (!has_live && has_live_bytes(points, count))
            put_line(out, &axis, points, count,
                     "stroke='#111' stroke-width='1.6' stroke-dasharray='5 3'");
        has_live = has_live || has_live_bytes(points, count);
    }
    fputs("</g>\n", out);
    put_legend(out, results, axis.left + axis.width + 20, axis.top, has_live);
    fb_svg_end(out);
    free(points);
}

static void size_label(char *out, size_t room, size_t log2)
{
    static const char units[] = "BKMGTP";
    snprintf(out, room, "%d%c", 1 << (log2 % 10), units[log2 / 10]);
}

void fb_chart_sizes(FILE *out, const double bytes[FB_CHART_CLASSES])
{
    struct fb_axis axis = {64, 26, 380, 150, 0, 0};
    size_t first = FB_CHART_CLASSES, last = 0;
    for (size_t i = 0; i < FB_CHART_CLASSES; i++) {
        if (bytes[i] <= 0)
            continue;
        first = i < first ? i : first;
        last = i;
        axis.y_max = bytes[i] * 1.05 > axis.y_max ? bytes[i] * 1.05 : axis.y_max;
    }
    if (first == FB_CHART_CLASSES)
        return;
    double slot = axis.width / (double)(last - first + 1);
    double bar = slot > 40 ? 36 : slot * 0.86;
    size_t every = slot < 17 ? 3 : slot < 34 ? 2 : 1; /* labels need some room */
    fb_svg_begin(out, "sizes", 460, 222);
    fb_axis_put_mib(out, &axis);
    for (size_t i = first; i <= last; i++) {
        char label[16];
        double x = axis.left + slot * ((double)(i - first) + 0.5), y = fb_axis_y(&axis, bytes[i]);
        size_label(label, sizeof label, i);
        fprintf(out,
                "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='#5b7fa6'>"
                "<title>from %s: %.2f MiB</title></rect>\n",
                x - bar / 2, y, bar, axis.top + axis.height - y, label, bytes[i] / mib);
        if ((i - first) % every == 0)
            fprintf(out, "<text x='%.1f' y='%.1f' text-anchor='middle'>%s</text>\n", x,
                    axis.top + axis.height + 15, label);
    }
    fprintf(out,
            "<text x='%.1f' y='%.1f' text-anchor='middle' fill='#667'>live bytes by size of "
            "request, at their most</text>\n",
            axis.left + axis.width / 2, axis.top + axis.height + 34);
    fb_svg_end(out);
}
