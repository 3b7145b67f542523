/* SPDX-License-Identifier: MIT
 * preload.h: the allocators of a comparison, and starting a program under one of them.
 *
 * Owns: the known names and where their libraries lie, the environment of the started program, and
 * the proof, from its /proc/PID/maps, that the preload really took.
 */
#ifndef FB_PRELOAD_H
#define FB_PRELOAD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FB_PRELOAD_VARIABLES_MAX = 8, FB_PRELOADS_MAX = 16 };

struct fb_preload {
    char name[48];       /* as the report calls it */
    char path[PATH_MAX]; /* real path of the library; "" for the libc's own malloc */
    char text[512];      /* what stood behind -a; the variables below point into it */
    const char *variables[FB_PRELOAD_VARIABLES_MAX]; /* NAME=VALUE */
    size_t variable_count;
};

/*
 * Reads NAME, NAME=PATH or NAME=KNOWN-NAME, each with ;VARIABLE=VALUE... behind it. Dies with one
 * line when the name is not known or there is no library at that place.
 */
void fb_preload_parse(const char *text, struct fb_preload *out);

/* Started programs that are fragbench itself stop once at this variable, to be looked at. */
#define FB_GATE_VARIABLE "FRAGBENCH_GATE"

enum fb_gate { FB_GATE_OPEN, FB_GATE_STOP };

/* Starts argv under the allocator; standard output goes to `output` unless that is -1. */
pid_t fb_preload_start(const struct fb_preload *preload, char *const argv[], int output,
                       enum fb_gate gate);

/* Is the library mapped in that process? Always true for the libc's own malloc. */
bool fb_preload_took(const struct fb_preload *preload, pid_t pid);

#endif
