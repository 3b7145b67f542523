/* SPDX-License-Identifier: MIT
 * results.h: a file of results, read back.
 *
 * Owns: the cells with their curves and checkpoints, and the figures that are made of them. The one
 * home of what "ratio" or "rss_auc" means; table, report and gate all ask here.
 */
#ifndef FB_RESULTS_H
#define FB_RESULTS_H

#include "measure/stats.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum fb_metric {
    FB_METRIC_RSS_NOW,     /* bytes the allocator holds at the end of the play */
    FB_METRIC_RSS_SETTLED, /* after the longest settling */
    FB_METRIC_RSS_TRIMMED, /* after malloc_trim or its like */
    FB_METRIC_RSS_FREED,   /* after everything was freed */
    FB_METRIC_RSS_PEAK,    /* largest point of the curve */
    FB_METRIC_RATIO,       /* rss_now over live */
    FB_METRIC_RATIO_PEAK,  /* rss_peak over the largest live */
    FB_METRIC_RSS_AUC,     /* area under the curve of RSS over the area under the curve of live */
    FB_METRIC_BASELINE,    /* bytes the allocator held before the play */
    FB_METRIC_VMAS,
    FB_METRIC_PAGE_TABLES,
    FB_METRIC_FAULTS,
    FB_METRIC_WORK_MS, /* wall time of the play, less what measuring took */
    FB_METRIC_COUNT,
};

struct fb_result_sample {
    double work, ms, live, rss;
};

struct fb_result_point {
    char label[32], phase[16];
    double settle_s;
    double live, heap, live_resident, slack, pinned, empty;
    double lazyfree, anon_huge, vmas, page_tables, minor_faults;
};

struct fb_result_cell {
    char allocator[48], workload[512], version[64], object[512], trim[64];
    char work_unit[16]; /* of the curve's axis: bytes, operations (traces) or ms (watch) */
    uint64_t round;
    double image;
    size_t first_sample, sample_count;
    size_t first_point, point_count;
    double metrics[FB_METRIC_COUNT]; /* negative when the cell does not have it */
};

struct fb_results {
    struct fb_result_cell *cells;
    struct fb_result_sample *samples;
    struct fb_result_point *points;
    size_t cell_count, sample_count, point_count;
    /* Distinct names in the order of the command line, or else of their first appearance. */
    char (*allocators)[48];
    char (*workloads)[512];
    size_t allocator_count, workload_count;
};

extern const char *const fb_metric_names[FB_METRIC_COUNT];
bool fb_metric_is_bytes(enum fb_metric metric);

/* Dies with one line when the file cannot be read or holds no cell. */
void fb_results_read(struct fb_results *results, const char *path);
void fb_results_free(struct fb_results *results);

/* The median over all rounds; count 0 when no cell has the metric. */
struct fb_interval fb_results_metric(const struct fb_results *results, const char *workload,
                                     const char *allocator, enum fb_metric metric);

/* The cell of the lowest round, or NULL. */
const struct fb_result_cell *fb_results_cell(const struct fb_results *results, const char *workload,
                                             const char *allocator);

/* The medians of a finished comparison as a table. */
void fb_results_print_table(const char *path, FILE *out);

#endif
