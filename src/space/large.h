/* SPDX-License-Identifier: MIT
 *
 * space/large.h - blocks that are runs of units: above the largest size class, below the huge zone.
 *
 * The first unit's tag is LM_TAG_LARGE and its detail the length; the other units of the run are
 * tagged LM_TAG_FREE, which makes an interior pointer no block.
 */
#ifndef LM_SPACE_LARGE_H
#define LM_SPACE_LARGE_H

#include "space/units.h"

/* alignment: a power of two. *is_zero: the block reads as zero. NULL if memory is out. */
void *lm_large_take(size_t size, size_t alignment, bool *is_zero);
/* Where it can grow to `room` bytes, as things are now. */
void *lm_large_take_roomy(size_t size, size_t room);
/* The same of `count` units that the caller took. */
void *lm_large_make(size_t unit, size_t count);
/* The unit was tagged LM_TAG_LARGE; false if somebody else freed the block meanwhile. Its units are
 * the caller's then. */
bool lm_large_claim(size_t unit, size_t *count);
/* The same, and the units go to the pool. */
bool lm_large_give(size_t unit);
/* The same when the run's address space is somebody else's now: its units are never used again. */
void lm_large_abandon(size_t unit);
/* Makes the block `size` bytes long where it stands: cuts its tail off or takes the free units
 * behind it. False: those are not free. */
bool lm_large_resize(size_t unit, size_t size);

/* Bytes. */
LM_INLINE size_t lm_large_size(size_t unit)
{
    /* relaxed: only the block's holder changes it */
    return (size_t)load_relaxed(lm_unit_detail(unit)) << lm_unit_log2;
}

/* Units in large blocks now. */
size_t lm_large_units(void);

#endif
