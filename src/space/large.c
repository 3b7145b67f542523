/* SPDX-License-Identifier: MIT
 *
 * space/large.c - see space/large.h.
 */
#include "space/large.h"

void *lm_large_take(size_t size, size_t alignment, bool *is_zero)
{
    size_t count = lm_units_for(size);
    size_t dirty;
    size_t unit = lm_units_take(count, alignment, &dirty);
    if (unit == LM_NO_UNIT)
        return NULL;
    *is_zero = dirty == 0;
    return lm_large_make(unit, count);
}

void *lm_large_take_roomy(size_t size, size_t room)
{
    size_t dirty;
    size_t unit = lm_units_take_roomy(lm_units_for(size), lm_units_for(room), &dirty);
    return unit == LM_NO_UNIT ? NULL : lm_large_make(unit, lm_units_for(size));
}

void *lm_large_make(size_t unit, size_t count)
{
    /* relaxed: whoever gets the pointer later got it by some release of the program */
    store_relaxed(lm_unit_detail(unit), (uint32_t)count);
    store_relaxed(&lm_window.map[unit], LM_TAG_LARGE);
    return lm_unit_address(unit);
}

/* One of several racing frees wins. */
bool lm_large_claim(size_t unit, size_t *count)
{
    *count = load_relaxed(lm_unit_detail(unit));
    return exchange_acq_rel(&lm_window.map[unit], (uint32_t)LM_TAG_FREE) == LM_TAG_LARGE;
}

bool lm_large_give(size_t unit)
{
    size_t count;
    if (!lm_large_claim(unit, &count))
        return false;
    lm_units_give(unit, count);
    return true;
}

void lm_large_abandon(size_t unit)
{
    size_t count = load_relaxed(lm_unit_detail(unit));
    for (size_t i = 0; i < count; i++)
        store_relaxed(&lm_window.map[unit + i], LM_TAG_TAKEN);
}

bool lm_large_resize(size_t unit, size_t size)
{
    size_t count = load_relaxed(lm_unit_detail(unit));
    size_t wanted = lm_units_for(size);
    size_t dirty;
    if (wanted > count && !lm_units_take_at(unit + count, wanted - count, &dirty))
        return false;
    store_relaxed(lm_unit_detail(unit), (uint32_t)wanted);
    if (wanted < count)
        lm_units_give(unit + wanted, count - wanted);
    return true;
}

/* A counter would be the one word that all threads write. What comes and goes meanwhile counts or not. */
size_t lm_large_units(void)
{
    size_t units = load_relaxed(&lm_window_units);
    size_t sum = 0;
    for (size_t unit = 0; unit < units; unit++) {
        if (lm_unit_tag(unit) != LM_TAG_LARGE)
            continue;
        size_t count = load_relaxed(lm_unit_detail(unit));
        /* Otherwise it may be a slab's detail. */
        if (lm_unit_tag(unit) == LM_TAG_LARGE && count <= units - unit)
            sum += count;
    }
    return sum;
}
