/* SPDX-License-Identifier: MIT
 * page.h: the one HTML file of a report.
 *
 * Owns: its sections, and the data that lies in it for the script. Nothing is loaded from
 * elsewhere.
 */
#ifndef FB_PAGE_H
#define FB_PAGE_H

#include "run/results.h"

#include <stdio.h>

/* `path` is the file that `results` were read from: the page takes heap maps and host from it. */
void fb_page_write(FILE *out, const struct fb_results *results, const char *path);

/* The table of all metrics, in one place so that page and CSV agree. */
void fb_page_put_table(FILE *out, const struct fb_results *results);

/* page.css and page.js, as text; the build makes them from the files. */
extern const char fb_page_css[];
extern const char fb_page_js[];

/* Live bytes by size class of a workload at its fullest, from the "sizes" lines of the file. */
void fb_page_sizes(const char *path, const char *workload, double *bytes);

#endif
