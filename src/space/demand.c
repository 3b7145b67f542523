/* SPDX-License-Identifier: MIT
 *
 * space/demand.c - see space/demand.h.
 */
#include "space/demand.h"

#include "base/bits.h"
#include "base/tuning.h"

static size_t most(const struct lm_demand *demand)
{
    return lm_max(demand->peak, demand->last_peak);
}

void lm_demand_note(struct lm_demand *demand, size_t in_use, size_t clean, size_t dirty)
{
    size_t needed = in_use;
    /* No more are in use than before, and yet what went back is wanted: the dirty units lie so that they do not fit. */
    if (lm_unlikely(demand->returned != 0) && clean != 0 && in_use <= most(demand)) {
        demand->returned -= lm_min(clean, demand->returned);
        needed += dirty;
    }
    demand->peak = lm_max(demand->peak, needed);
}

size_t lm_demand_excess(struct lm_demand *demand, size_t in_use, size_t dirty, uint64_t now_ms)
{
    /* Whoever asked for the time before others may come after them. */
    if (now_ms >= demand->since + LM_PEAK_WINDOW_MS)
        *demand = (struct lm_demand){.peak = in_use, .last_peak = demand->peak, .since = now_ms};
    size_t held = in_use + dirty;
    size_t excess = held - lm_min(held, most(demand));
    if (excess > LM_PURGE_WHOLE)
        excess /= 2;
    demand->returned += excess;
    return excess;
}
