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
    /* the most in use within this peak window, and within the last */
    size_t used;
    size_t last_used;
    /* ... and together with dirty units that did not fit */
    size_t needed;
    size_t last_needed;
    /* what looks let go back in this window, less what was taken again because it was missed */
    size_t returned;
    /* milliseconds: when this window began */
    uint64_t since;
};

/* A run was taken: now so many units are in use, and `dirty` others are still there. `missed`: as many clean ones had to
 * be taken for it, though it was of more than one, so that not every dirty one would have done. */
void lm_demand_note(struct lm_demand *demand, size_t in_use, size_t missed, size_t dirty);
/* A look: how many of the dirty units should go back, which counts as done. */
size_t lm_demand_excess(struct lm_demand *demand, size_t in_use, size_t dirty, uint64_t now_ms);

#endif
