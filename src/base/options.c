/* SPDX-License-Identifier: MIT
 *
 * base/options.c - the defaults.
 */
#include "base/options.h"

#include "base/tuning.h"

struct lm_options lm_options = {
    .window = 0,
    .purge_delay_ms = LM_PURGE_PERIOD_MS,
    .class_split = LM_CLASS_SPLIT,
    .huge_pages_from = LM_HUGE_PAGES_HEAP,
    .magazines = true,
    .realloc_zero_alloc = false,
    .memory_limit = 0,
    .cgroup_limit = false,
    .background_purge = false,
    .deepbind = false,
    .stats_print = false,
};
