/* SPDX-License-Identifier: MIT
 * csv.h: all points of a report as comma-separated values, for papers and for other tools.
 */
#ifndef FB_CSV_H
#define FB_CSV_H

#include "run/results.h"

#include <stdio.h>

/* One row for each cell with all its metrics. */
void fb_csv_cells(FILE *out, const struct fb_results *results);
/* One row for each checkpoint of each cell. */
void fb_csv_checkpoints(FILE *out, const struct fb_results *results);
/* One row for each point of each curve. */
void fb_csv_samples(FILE *out, const struct fb_results *results);
/* Medians and 95 % intervals: one row for each workload, allocator and metric. */
void fb_csv_medians(FILE *out, const struct fb_results *results);

#endif
