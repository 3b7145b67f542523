/* SPDX-License-Identifier: MIT
 *
 * space/demand.h - how many units were lately needed at once; what is held beyond that is excess.
 *
 * Owns the figures, knows no unit; in the caller's lock.
 */
#ifndef LM_SPACE_DEMAND_H
#define LM_SPACE_DEMAND_H

#include "base/compiler.h"

#include <stdint.h>

/* Units, but for the time. Starts as all zeroes. */
struct lm_demand {
    /* the most within this peak window, and within the last */
    size_t peak;
    size_t last_peak;
    /* what went back as excess in this window and was not taken again */
    size_t returned;
    /* milliseconds: when this window began */
    uint64_t since;
};

/* Units were taken, `clean` of which were not dirty: now so many are in use, and `dirty` others are still there. */
void lm_demand_note(struct lm_demand *demand, size_t in_use, size_t clean, size_t dirty);
/* A look: how many of the dirty units should go back, which counts as done. */
size_t lm_demand_excess(struct lm_demand *demand, size_t in_use, size_t dirty, uint64_t now_ms);

#endif
