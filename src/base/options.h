/* SPDX-License-Identifier: MIT
 *
 * base/options.h - what LIBMALLOC_CONF can set; the parser is observe/options.c.
 *
 * Written once while the first allocation initialises the library, constant afterwards.
 */
#ifndef LM_BASE_OPTIONS_H
#define LM_BASE_OPTIONS_H

#include "base/compiler.h"

struct lm_options {
    /* [c] bytes of address space to reserve; 0 = LM_WINDOW_DEFAULT */
    size_t window;
    /* [c] milliseconds between looks at dirty memory; 0 = return it at once */
    size_t purge_delay_ms;
    /* [c] bytes of a size class in one heap from which on the class is split */
    size_t class_split;
    /* [c] bytes of heap from which on huge pages are asked for; 0 = never */
    size_t huge_pages_from;
    /* [c] false: every call takes the slow path, where misuse is found at once */
    bool magazines;
    /* [c] realloc(p, 0) returns a new block of size 0 instead of freeing p */
    bool realloc_zero_alloc;
    /* [c] bytes that the program should stay below; 0 = what the resource limits say */
    size_t memory_limit;
    /* [c] the control group's limit counts too: two files are read at start */
    bool cgroup_limit;
    /* [c] a thread of our own returns memory while the program is idle */
    bool background_purge;
    /* [c] dlopen does not take RTLD_DEEPBIND out */
    bool deepbind;
    /* [c] print malloc_stats() when the program exits */
    bool stats_print;
};

extern LM_HIDDEN struct lm_options lm_options;

#endif
