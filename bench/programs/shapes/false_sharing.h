/* SPDX-License-Identifier: MIT
 *
 * What cache_scratch and cache_thrash share: a small object that is allocated, written many times,
 * and freed.
 *
 * Both ask whether an allocator puts small blocks of different threads on one cache line (Berger et
 * al., "Hoard", 2000).
 */
#ifndef LM_BENCH_FALSE_SHARING_H
#define LM_BENCH_FALSE_SHARING_H

#include "shape.h"

#define OBJECT_SIZE   8
#define OBJECT_WRITES 200

/* volatile: each write is a store, as it would be with other work between the writes. */
static inline void object_work(void *object)
{
    volatile char *bytes = object;
    for (unsigned i = 0; i < OBJECT_WRITES; i++) {
        for (unsigned j = 0; j < OBJECT_SIZE; j++)
            bytes[j] = (char)(bytes[j] + (char)i);
    }
}

static inline void objects_churn(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *object = calloc(1, OBJECT_SIZE);
        if (object == NULL)
            shape_die("out of memory");
        object_work(object);
        free(object);
    }
}

#endif
