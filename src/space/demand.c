/* SPDX-License-Identifier: MIT
 *
 * space/demand.c - see space/demand.h.
 */
#include "space/demand.h"

#include "base/bits.h"
#include "base/tuning.h"

void lm_demand_note(struct lm_demand *demand, size_t in_use, size_t missed, size_t dirty)
{
    size_t needed = in_use;
    /* No more are in use than before, and yet what went back is wanted: the dirty units lie so that they do not fit. */
    if (lm_unlikely(demand->returned != 0) && missed != 0 &&
        in_use <= lm_max(demand->used, demand->last_used)) {
        demand->returned -= lm_min(missed, demand->returned);
        needed += dirty;
    }
    demand->used = lm_max(demand->used, in_use);
    demand->needed = lm_max(demand->needed, needed);
}

static void begin_window(struct lm_demand *demand, size_t in_use, uint64_t now_ms)
{
    demand->last_used = demand->used;
    demand->last_needed = demand->needed;
    demand->used = in_use;
    demand->needed = in_use;
    demand->returned = 0;
    demand->since = now_ms;
}

size_t lm_demand_excess(struct lm_demand *demand, size_t in_use, size_t dirty, uint64_t now_ms)
{
    /* Whoever asked for the time before others may come after them. */
    if (now_ms >= demand->since + LM_PEAK_WINDOW_MS)
        begin_window(demand, in_use, now_ms);
    size_t held = in_use + dirty;
    size_t excess = held - lm_min(held, lm_max(demand->needed, demand->last_needed));
    if (excess > LM_PURGE_WHOLE)
        excess /= 2;
    demand->returned += excess;
    return excess;
}
