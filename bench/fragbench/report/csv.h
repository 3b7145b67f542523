/* SPDX-License-Identifier: MIT
 * csv.h: all points of a report as comma-separated values, for papers and for other tools.
 */
#ifndef FB_CSV_H
#define FB_CSV_H

#include "run/results.h"

#include <stdio.h>

struct fb_csv_file {
    /* without its ending */
    const char *name;
    void (*put)(FILE *out, const struct fb_results *results);
};

enum { FB_CSV_FILES = 4 };

/* medians: median and 95 % interval, a row for each workload, allocator and metric. cells: a row for
 * each cell with all its metrics. checkpoints: a row for each checkpoint of each cell. samples: a row
 * for each point of each curve. */
extern const struct fb_csv_file fb_csv_files[FB_CSV_FILES];

#endif
