/* SPDX-License-Identifier: MIT
 *
 * base/classes.c - the tables of base/classes.h.
 */
#include "base/classes.h"

#include "base/options.h"

#define CLASS(bytes)                                                                               \
    {                                                                                              \
        (bytes), (uint32_t)(((UINT64_C(1) << 32) + (bytes)-1) / (bytes))                           \
    }
/* The eight classes above `low`, up to its double. */
#define DOUBLING(low)                                                                              \
    CLASS((low) + 1 * (low) / 8), CLASS((low) + 2 * (low) / 8), CLASS((low) + 3 * (low) / 8),      \
        CLASS((low) + 4 * (low) / 8), CLASS((low) + 5 * (low) / 8), CLASS((low) + 6 * (low) / 8),  \
        CLASS((low) + 7 * (low) / 8), CLASS((low)*2)

const struct lm_class_tables lm_class_tables = {.self = &lm_class_tables,
                                                .classes = {
                                                    CLASS(16),
                                                    CLASS(32),
                                                    CLASS(48),
                                                    CLASS(64),
                                                    CLASS(80),
                                                    CLASS(96),
                                                    CLASS(112),
                                                    CLASS(128),
                                                    DOUBLING(128),
                                                    DOUBLING(256),
                                                    DOUBLING(512),
                                                    DOUBLING(1024),
                                                    DOUBLING(2048),
                                                    DOUBLING(4096),
                                                    DOUBLING(8192),
                                                    DOUBLING(16384),
                                                }};

_Atomic(uint8_t) lm_class_of[LM_CLASS_TABLE];

void lm_class_split(unsigned class)
{
    if (class < LM_CLASSES_EXACT || class % 2 == 0)
        return;
    uint32_t quanta = lm_class_table[class - 1].size / LM_QUANTUM;
    uint32_t least = lm_class_table[class - 2].size / LM_QUANTUM + 1;
    /* Downward: the last byte says that all are written. */
    if (load_relaxed(&lm_class_of[least]) != class)
        return;
    for (; quanta >= least; quanta--)
        store_relaxed(&lm_class_of[quanta], (uint8_t)(class - 1));
}

void lm_classes_init(void)
{
    unsigned quanta = 0;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        bool is_coarse = class < LM_CLASSES_EXACT || class % 2 == 1;
        if (!is_coarse)
            continue;
        while (quanta < LM_CLASS_TABLE && quanta * LM_QUANTUM <= lm_class_table[class].size)
            store_relaxed(&lm_class_of[quanta++], (uint8_t) class);
    }
    for (unsigned class = 0; class < LM_CLASSES && lm_options.class_split == 0; class ++)
        lm_class_split(class);
}
