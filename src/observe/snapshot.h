/* SPDX-License-Identifier: MIT
 *
 * observe/snapshot.h - where the memory is, at one moment. Costs nothing until it is asked for: it
 * walks all slabs, each heap under its lock.
 */
#ifndef LM_OBSERVE_SNAPSHOT_H
#define LM_OBSERVE_SNAPSHOT_H

#include "base/classes.h"

struct lm_class_count {
    size_t slabs;
    size_t slots;
    /* live blocks and those in magazines */
    size_t used;
    /* the part of `used` that waits in magazines */
    size_t cached;
    /* bytes of the slabs */
    size_t size;
};

struct lm_snapshot {
    struct lm_class_count classes[LM_CLASSES];
    /* heaps that exist, and those that wait for a thread */
    size_t heaps;
    size_t parked_heaps;
    /* bytes */
    size_t live;
    size_t cached;
    size_t slabs;
    size_t large;
    size_t huge;
    size_t dirty;
    size_t committed;
    size_t reserved;
    size_t metadata;
};

void lm_snapshot_take(struct lm_snapshot *snapshot);

#endif
