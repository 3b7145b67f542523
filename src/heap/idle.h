/* SPDX-License-Identifier: MIT
 *
 * heap/idle.h - what others can do for heaps whose threads are gone or at rest.
 */
#ifndef LM_HEAP_IDLE_H
#define LM_HEAP_IDLE_H

#include "heap/heap.h"

struct lm_visit {
    /* bytes returned to the kernel */
    size_t purged;
    /* some heap belongs to a thread */
    bool has_live;
    /* something has changed since the last visit, or is being changed: come again */
    bool is_restless;
};

/* Looks into all heaps: of those at rest the mail is taken in, units that it keeps unused are given back, and pages
 * without a used slot returned. No heap's lock is waited for. */
struct lm_visit lm_heap_visit_all(uint64_t now_ms);

#endif
