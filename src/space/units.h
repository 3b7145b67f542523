/* SPDX-License-Identifier: MIT
 *
 * space/units.h - runs of units, taken from the window and given back, and the purge that returns
 * idle ones to the kernel.
 *
 *   U1  dirty is a subset of free: free units whose pages may still be resident
 *   U2  a unit is in `free` or belongs to exactly one slab, large run or unit cache, or is tagged
 *       LM_TAG_TAKEN
 *
 * The lowest run that fits is taken, so low addresses are reused and high ones fall idle; the purge
 * takes the highest first. Together they reuse dirty memory before clean memory without a search
 * of its own.
 */
#ifndef LM_SPACE_UNITS_H
#define LM_SPACE_UNITS_H

#include "base/atomics.h"
#include "space/window.h"

#define LM_NO_UNIT SIZE_MAX

/* Reserves and lays out the address space. False: no memory at all. */
bool lm_units_init(void);

/* Takes `count` neighbours, the first a multiple of `alignment` bytes (a power of two).
 * *dirty = how many of them may hold old bytes. LM_NO_UNIT if memory is out. */
size_t lm_units_take(size_t count, size_t alignment, size_t *dirty);
/* The first `count` units of the lowest free run of at least `room`, whose rest stays free; LM_NO_UNIT if
 * there is none. The window does not grow for it. */
size_t lm_units_take_roomy(size_t count, size_t room, size_t *dirty);
/* True if the `count` units from `first` on were free and are now the caller's. */
bool lm_units_take_at(size_t first, size_t count, size_t *dirty);
/* Their tags are LM_TAG_FREE already. */
void lm_units_give(size_t first, size_t count);
/* The same of units that have no pages and read as zero. */
void lm_units_give_clean(size_t first, size_t count);

/* True if the unit is free now. */
bool lm_units_is_free(size_t unit);

/* Purges what is due; cheap when nothing is. */
void lm_units_tick(uint64_t now_ms);
/* Purges all. Result: bytes returned. */
size_t lm_units_purge(void);

/* [a] what is in use or dirty is near the memory limit: keep little. Relaxed: a hint. */
extern LM_HIDDEN _Atomic(bool) lm_memory_is_tight;
/* [a] so much is dirty that it should go back when demand has been lower for a while. Relaxed: a hint. */
extern LM_HIDDEN _Atomic(bool) lm_dirty_is_much;
/* [c] after start: there is a memory limit. */
bool lm_units_have_limit(void);
/* The huge zone's blocks count, too: their bytes, whenever they change. */
void lm_units_count_huge(size_t size);

/* Free pages of the huge zone are dirty memory like any other. True: so many bytes stay resident, until
 * lm_units_drop_huge; false: they are too many and go back, which may be regretted. */
bool lm_units_keep_huge(size_t size);
void lm_units_drop_huge(size_t size);
/* Bytes [from, to) of something in the huge zone are about to be touched for the first time. */
void lm_units_count_fresh(size_t from, size_t to);

struct lm_units_totals {
    size_t committed;
    size_t in_use;
    size_t dirty;
};
/* Counted in units. */
struct lm_units_totals lm_units_totals(void);

/* [c] after start: what was laid out with the window. The huge zone's index is for heap/zone.c, the controls
 * are for heap/registry.c. */
extern LM_HIDDEN struct lm_window_areas lm_units_areas;

void lm_units_after_fork(void);
void lm_units_verify(void);

#endif
