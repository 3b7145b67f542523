/* SPDX-License-Identifier: MIT
 * table.c: the table of medians and 95 % intervals in the page; see page.h.
 */
#include "report/chart.h"
#include "report/page.h"

#include <string.h>

static const struct {
    enum fb_metric metric;
    const char *head;
} columns[] = {
    {FB_METRIC_RSS_NOW, "now, MiB"},
    {FB_METRIC_RSS_SETTLED, "settled, MiB"},
    {FB_METRIC_RSS_TRIMMED, "trimmed, MiB"},
    {FB_METRIC_RSS_FREED, "all freed, MiB"},
    {FB_METRIC_RSS_PEAK, "peak, MiB"},
    {FB_METRIC_RATIO, "now / live"},
    {FB_METRIC_RSS_AUC, "area / live area"},
    {FB_METRIC_VMAS, "mappings"},
    {FB_METRIC_PAGE_TABLES, "page tables, MiB"},
    {FB_METRIC_FAULTS, "faults"},
    {FB_METRIC_WORK_MS, "work, ms"},
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void put_points(FILE *out, const struct fb_results *results,
                       const struct fb_result_cell *like, enum fb_metric metric, double scale)
{
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        if (strcmp(cell->workload, like->workload) == 0 &&
            strcmp(cell->allocator, like->allocator) == 0 && cell->metrics[metric] >= 0)
            fprintf(out, "%.4g ", cell->metrics[metric] / scale);
    }
}

static double least(const struct fb_results *results, const char *workload, enum fb_metric metric)
{
    double best = -1;
    for (size_t a = 0; a < results->allocator_count; a++) {
        struct fb_interval figure =
            fb_results_metric(results, workload, results->allocators[a], metric);
        if (figure.count > 0 && (best < 0 || figure.median < best))
            best = figure.median;
    }
    return best;
}

static void put_figure(FILE *out, const struct fb_results *results,
                       const struct fb_result_cell *cell, enum fb_metric metric)
{
    double scale = fb_metric_is_bytes(metric) ? 1 << 20 : 1;
    bool is_whole = metric == FB_METRIC_VMAS || metric == FB_METRIC_FAULTS;
    bool is_time = metric == FB_METRIC_WORK_MS;
    int decimals = is_whole ? 0 : is_time ? 1 : 2;
    struct fb_interval figure = fb_results_metric(results, cell->workload, cell->allocator, metric);
    if (figure.count == 0) {
        fputs("<td>&ndash;</td>", out);
        return;
    }
    bool is_best = figure.median <= least(results, cell->workload, metric) * 1.001;
    fprintf(out, "<td%s title='all points: ", is_best ? " class='best'" : "");
    put_points(out, results, cell, metric, scale);
    fprintf(out, "'>%.*f", decimals, figure.median / scale);
    if (figure.count > 1 && figure.high > figure.low * 1.0005)
        fprintf(out, "<small>%.*f&ndash;%.*f</small>", decimals, figure.low / scale, decimals,
                figure.high / scale);
    fputs("</td>", out);
}

void fb_page_put_table(FILE *out, const struct fb_results *results)
{
    fputs("<table id='medians'><thead><tr><th>workload</th><th>allocator</th>", out);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(out, "<th>%s</th>", columns[i].head);
    fputs("</tr></thead>\n", out);
    for (size_t w = 0; w < results->workload_count; w++) {
        fputs("<tbody>", out);
        for (size_t a = 0, row = 0; a < results->allocator_count; a++) {
            const struct fb_result_cell *cell =
                fb_results_cell(results, results->workloads[w], results->allocators[a]);
            if (cell == NULL)
                continue;
            fputs(row++ == 0 ? "<tr><th>" : "<tr><th class='again'>", out);
            fb_chart_put_text(out, cell->workload);
            fprintf(out, "</th><th><i style='background:%s'></i>", fb_chart_colour(a));
            fb_chart_put_text(out, cell->allocator);
            fputs("</th>", out);
            for (size_t i = 0; i < COLUMNS; i++)
                put_figure(out, results, cell, columns[i].metric);
            fputs("</tr>\n", out);
        }
        fputs("</tbody>", out);
    }
    fputs("</table>\n", out);
}
