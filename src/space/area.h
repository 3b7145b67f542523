/* SPDX-License-Identifier: MIT
 *
 * space/area.h - a reserved range that is committed from its low end, step by step, or from its high
 * end.
 */
#ifndef LM_SPACE_AREA_H
#define LM_SPACE_AREA_H

#include "base/compiler.h"

/* A1  committed <= reserved, both multiples of the page size
 * A2  [base, base + committed) may be touched, [base - committed, base) if it grows down; the rest of
 *      the reservation faults */
struct lm_area {
    /* [c] */
    char *base;
    /* [c] bytes */
    size_t reserved;
    /* [l] bytes, under the lock of whoever owns the area */
    size_t committed;
    /* [c] base is the high end */
    bool grows_down;
};

/* Makes at least the first `size` bytes usable. False: no memory, or size > reserved. */
bool lm_area_extend(struct lm_area *area, size_t size);

#endif
