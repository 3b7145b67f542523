/* SPDX-License-Identifier: MIT
 *
 * space/window.h - the window of address space in which all blocks but the huge ones lie, and the
 * page map that tells what each unit of it is.
 *
 *   low                                                                        high
 *   | detail | page map | free | dirty | huge | index | controls | guard | metadata | guard | units ... | huge zone |
 *    <------  ------>     \___ committed from their low ends, later ___/                     ^base       ^zone
 *
 * Detail is committed from its high end, so that one page holds the first entries of both, and the first
 * controls between them:
 *
 *   | ... detail 1 | detail 0 | first controls | map 0 | map 1 ... |
 *                  ^detail    ^first_controls  ^map
 *
 * A virtual window (RLIMIT_AS, or no reservation fits) has the same shape, but units and huge zone
 * are only numbers until a piece is mapped; pieces that somebody else occupies are skipped.
 *
 *   W1  units [0, lm_window_units) are committed, or tagged LM_TAG_TAKEN
 *   W2  map[u] is LM_TAG_FREE, _TAKEN, _LARGE, _KEPT or a slab's: LM_TAG_OPEN or lm_tag_of_owner(),
 *       and the class
 *   W3  detail[-u] is the slab's metadata index for every unit of a slab, and the length in units
 *       for the first unit of a large run
 */
#ifndef LM_SPACE_WINDOW_H
#define LM_SPACE_WINDOW_H

#include "base/atomics.h"
#include "base/bits.h"
#include "base/classes.h"
#include "base/tuning.h"
#include "space/area.h"

#if defined(__x86_64__)
#define lm_unit_log2 ((unsigned)LM_UNIT_LOG2)
#else
#define lm_unit_log2 (lm_window.unit_log2)
#endif
#define lm_unit_size ((size_t)1 << lm_unit_log2)

enum lm_tag {
    LM_TAG_FREE = 0,
    LM_TAG_LARGE = 0xF0,
    LM_TAG_TAKEN = 0xF1,
    /* of a free run that a heap keeps for itself */
    LM_TAG_KEPT = 0xF2,
    LM_TAG_CLASS_BITS = 8,
    LM_TAG_CLASS_MASK = (1 << LM_TAG_CLASS_BITS) - 1,
    LM_TAG_OWNER_BITS = 19,
};

/* Of a slab whose blocks any thread may put into its magazines. */
#define LM_TAG_OPEN (UINT32_MAX << LM_TAG_CLASS_BITS)

struct lm_window {
    /* [c] address of unit 0 */
    uintptr_t base;
    /* [c] one tag per unit */
    _Atomic(uint32_t) *map;
    /* [c] one index per unit, W3, downwards */
    _Atomic(uint32_t) *detail;
    /* [c] controls of the first few heaps */
    void *first_controls;
    /* [c] RLIMIT_AS at start, SIZE_MAX if none */
    size_t address_limit;
    /* [c] */
    unsigned unit_log2;
    /* [c] nothing is reserved; pieces are mapped one by one */
    bool is_virtual;
    /* [c] units that the window can have */
    size_t capacity;
    /* [c] the huge zone: address and bytes */
    uintptr_t zone;
    size_t zone_size;
    /* [c] bytes of address space set aside */
    size_t reserved;
};

/* The areas that other modules own; laid out by lm_window_init. */
struct lm_window_areas {
    struct lm_area free;
    struct lm_area dirty;
    struct lm_area huge;
    struct lm_area metadata;
    /* of the metadata area */
    struct lm_area index;
    /* the heaps' controls */
    struct lm_area controls;
};

extern LM_HIDDEN struct lm_window lm_window;
/* [a] committed units; written under the space lock, read by every free (relaxed: a valid pointer
 * came to its reader after its unit was committed) */
extern LM_HIDDEN _Atomic(size_t) lm_window_units;

/* Once, before anything else of this floor. False if not even a small window can be had. */
bool lm_window_init(struct lm_window_areas *areas);

/* Makes the page usable in which map and detail begin. May be tried again. */
bool lm_window_begin(void);
/* Bytes that the process may have, by its limits and our options; SIZE_MAX if there is no limit. May open
 * files. After lm_window_init. */
size_t lm_window_memory_limit(void);

/* Commits at least `count` more units, all neighbours. *first is the lowest of the new ones. They get no huge pages,
 * also where the kernel gives them to everybody, but those that space/granules asks for.
 * Result: how many are new, 0 if memory or address space is out. Space lock. */
size_t lm_window_grow(size_t count, size_t *first);
/* The same with `count` units for one large block among them, from *apart on, a granule's first: whether they get
 * huge pages is the kernel's business. The new ones follow the committed ones. 0 also if there are many such pieces, or
 * the window is virtual. */
size_t lm_window_grow_apart(size_t count, size_t *apart);
/* Are [first, first + count) all in one such piece, or all in none? */
bool lm_window_is_alike(size_t first, size_t count);

/* The number of p's unit; >= lm_window_units if p is not in the committed window. */
LM_INLINE size_t lm_unit_of(const void *p)
{
    return ((uintptr_t)p - lm_window.base) >> lm_unit_log2;
}

LM_INLINE char *lm_unit_address(size_t unit)
{
    return (char *)(lm_window.base + (unit << lm_unit_log2)); // NOLINT
}

LM_INLINE size_t lm_granule_units(void)
{
    return LM_GRANULE_SIZE >> lm_unit_log2;
}

LM_INLINE uint32_t lm_unit_tag(size_t unit)
{
    return load_relaxed(&lm_window.map[unit]);
}

/* An owner's id, and above it how many of its bits are zero. So no owner's tag has all the bits of
 * another's: one that had all the ones would have a smaller number above them. */
LM_INLINE uint32_t lm_tag_of_owner(uint32_t id)
{
    uint32_t zeros = LM_TAG_OWNER_BITS - (uint32_t)lm_bits_count(id);
    return (zeros << LM_TAG_OWNER_BITS | id) << LM_TAG_CLASS_BITS;
}

/* The id in a slab's tag; of an open one something that is nobody's. */
LM_INLINE uint32_t lm_tag_owner(uint32_t tag)
{
    return tag >> LM_TAG_CLASS_BITS & (uint32_t)lm_bits_ones(LM_TAG_OWNER_BITS);
}

LM_INLINE _Atomic(uint32_t) *lm_unit_detail(size_t unit)
{
    return lm_window.detail - unit;
}

/* Bytes to whole units. */
LM_INLINE size_t lm_units_for(size_t size)
{
    return (size + lm_unit_size - 1) >> lm_unit_log2;
}

/* The first unit at or above `first` whose address is a multiple of `alignment`. */
LM_INLINE size_t lm_unit_aligned(size_t first, size_t alignment)
{
    return lm_unit_of((void *)lm_round_up((uintptr_t)lm_unit_address(first), alignment)); // NOLINT
}

#endif
