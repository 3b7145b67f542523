/* SPDX-License-Identifier: MIT
 *
 * base/classes.h - size classes.
 *
 * Sizes step by 16 to 128, then 8 per doubling to 32 KiB. Requests use every second class above 128
 * (4 per doubling) until such a class is split: from then on what fits the class below goes there.
 * malloc reads the byte table, free the slab's own class, so the table may change at any time and
 * older blocks stay valid. The split chooses the lower class's size, any between its neighbours'.
 *
 *   class   0 .. 7        8 .. 15          16 .. 23             ...   64 .. 71
 *   size    16,32,..128   144,160,..256    288,320,..512        ...   18432,..32768
 *
 *   C1  sizes are multiples of 16 and grow with the class
 *   C2  lm_class_of[(n + 15) / 16] names a class whose size is >= n
 *   C3  steps between upper classes are powers of two, and their sizes multiples of the step below
 */
#ifndef LM_BASE_CLASSES_H
#define LM_BASE_CLASSES_H

#include "base/atomics.h"
#include "base/compiler.h"

enum {
    LM_CLASSES = 72,
    /* the classes up to 128 bytes, which have nothing between them */
    LM_CLASSES_EXACT = 8,
    LM_SMALL_MAX = 32768,
    LM_QUANTUM_LOG2 = 4,
    LM_QUANTUM = 1 << LM_QUANTUM_LOG2,
    LM_CLASS_TABLE = LM_SMALL_MAX / LM_QUANTUM + 1,
};

struct lm_class {
    uint32_t size;
    /* ceil(2^32 / size): slot = offset * reciprocal >> 32, exact for offsets below 2^17. */
    uint32_t reciprocal;
};

/* Written at start, but for what has no slabs yet: the lower class of a pair when the upper one is
 * split. Whoever has a class from lm_class_for or from a unit's tag may look. */
extern LM_HIDDEN struct lm_class lm_class_table[LM_CLASSES];

/* [a] indexed by quanta. Written at start, later only one byte at a time; every byte that a reader
 * can see is right, and before the start no heap has blocks for any class. */
extern LM_HIDDEN _Atomic(uint8_t) lm_class_of[LM_CLASS_TABLE];

/* Fills lm_class_of with 4 classes per doubling. */
void lm_classes_init(void);

/* The class of the same pair whose size never changes: what is computed beforehand goes by that. */
LM_INLINE unsigned lm_class_upper(unsigned class)
{
    return class < LM_CLASSES_EXACT ? class : class | 1;
}

/* Has it a class below it that may get a part of its requests? */
LM_INLINE bool lm_class_can_split(unsigned class)
{
    return class >= LM_CLASSES_EXACT && class % 2 == 1;
}

/* Now and then: this is what was asked for of that class, in blocks of no special alignment. */
void lm_class_note(unsigned class, size_t size);

/* Chooses a size for the class below `class`, by what was noted; requests that fit it go there from now
 * on. Any thread, at any time; nothing happens if that is so already or `class` is not one that can
 * be split. */
void lm_class_split(unsigned class);

/* The least class that `requests` of this size get; size <= LM_SMALL_MAX. */
LM_INLINE unsigned lm_class_for(size_t size)
{
    /* partner: lm_class_split, which may have set the size of this class just before */
    return load_hot_acquire(&lm_class_of[(size + LM_QUANTUM - 1) >> LM_QUANTUM_LOG2]);
}

/* *slot = the slot in which `offset` falls; true if it begins there. The product's low half is (offset % size) * reciprocal and
 * a little more, which is below the reciprocal for multiples alone (offsets below 2^17). */
LM_INLINE bool lm_reciprocal_slot_at(uint32_t reciprocal, uint32_t offset, uint32_t *slot)
{
    uint64_t product = (uint64_t)offset * reciprocal;
    *slot = (uint32_t)(product >> 32);
    return (uint32_t)product < reciprocal;
}

LM_INLINE bool lm_class_slot_at(unsigned class, uint32_t offset, uint32_t *slot)
{
    return lm_reciprocal_slot_at(lm_class_table[class].reciprocal, offset, slot);
}

#endif
