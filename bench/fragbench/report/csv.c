/* SPDX-License-Identifier: MIT
 * csv.c: comma-separated values; see csv.h.
 */
#include "report/csv.h"

#include <string.h>

/* Names of files may hold commas; those are quoted, with quotes doubled. */
static void put_text(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_cell(FILE *out, const struct fb_result_cell *cell)
{
    put_text(out, cell->workload);
    fputc(',', out);
    put_text(out, cell->allocator);
    fprintf(out, ",%ju", (uintmax_t)cell->round);
}

static void put_cells(FILE *out, const struct fb_results *results)
{
    fputs("workload,allocator,round", out);
    for (int m = 0; m < FB_METRIC_COUNT; m++)
        fprintf(out, ",%s", fb_metric_names[m]);
    fputc('\n', out);
    for (size_t i = 0; i < results->cell_count; i++) {
        put_cell(out, &results->cells[i]);
        for (int m = 0; m < FB_METRIC_COUNT; m++) {
            double value = results->cells[i].metrics[m];
            if (value >= 0)
                fprintf(out, ",%.10g", value);
            else
                fputc(',', out);
        }
        fputc('\n', out);
    }
}

static void put_checkpoints(FILE *out, const struct fb_results *results)
{
    fputs("workload,allocator,round,label,phase,settle_s,live,heap,live_resident,slack,pinned,"
          "empty,lazyfree,anon_huge,vmas,page_tables,minor_faults\n",
          out);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        for (size_t j = 0; j < cell->point_count; j++) {
            const struct fb_result_point *p = &results->points[cell->first_point + j];
            put_cell(out, cell);
            fputc(',', out);
            put_text(out, p->label);
            fprintf(out, ",%s,%g,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f\n",
                    p->phase, p->settle_s, p->live, p->heap, p->live_resident, p->slack, p->pinned,
                    p->empty, p->lazyfree, p->anon_huge, p->vmas, p->page_tables, p->minor_faults);
        }
    }
}

static void put_samples(FILE *out, const struct fb_results *results)
{
    fputs("workload,allocator,round,work,ms,live,rss\n", out);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        for (size_t j = 0; j < cell->sample_count; j++) {
            const struct fb_result_sample *s = &results->samples[cell->first_sample + j];
            put_cell(out, cell);
            fprintf(out, ",%.0f,%.1f,%.0f,%.0f\n", s->work, s->ms, s->live, s->rss);
        }
    }
}

static void put_medians(FILE *out, const struct fb_results *results)
{
    fputs("workload,allocator,metric,median,low95,high95,rounds\n", out);
    for (size_t w = 0; w < results->workload_count; w++)
        for (size_t a = 0; a < results->allocator_count; a++)
            for (int m = 0; m < FB_METRIC_COUNT; m++) {
                struct fb_interval figure = fb_results_metric(
                    results, results->workloads[w], results->allocators[a], (enum fb_metric)m);
                if (figure.count == 0)
                    continue;
                put_text(out, results->workloads[w]);
                fputc(',', out);
                put_text(out, results->allocators[a]);
                fprintf(out, ",%s,%.10g,%.10g,%.10g,%zu\n", fb_metric_names[m], figure.median,
                        figure.low, figure.high, figure.count);
            }
}

const struct fb_csv_file fb_csv_files[FB_CSV_FILES] = {
    {"medians", put_medians},
    {"cells", put_cells},
    {"checkpoints", put_checkpoints},
    {"samples", put_samples},
};
