/* SPDX-License-Identifier: MIT
 * host.h: how and where a comparison was measured, for the box at the end of a report.
 */
#ifndef FB_HOST_H
#define FB_HOST_H

#include "run/preload.h"

#include <stdio.h>

/* {"kind":"host",...}: kernel, memory policy, load, processor, and the exact command. */
void fb_host_print(FILE *out, int argc, char *const argv[]);

/* {"kind":"allocator",...}: path, build-id, variables. */
void fb_host_print_allocator(FILE *out, const struct fb_preload *preload);

#endif
