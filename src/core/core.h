/* SPDX-License-Identifier: MIT
 *
 * core/core.h - the allocator without its doors: what libcore offers, in terms that set no errno
 * and judge no arguments beyond "does it fit".
 *
 * Every function is thread-safe. A NULL result means that memory is out; nothing has changed then.
 */
#ifndef LM_CORE_CORE_H
#define LM_CORE_CORE_H

#include "heap/heap.h"

/* Prepares the address space. Called by itself on the first allocation; false: no memory at all. */
bool lm_core_init(void);

/* At least `size` bytes, aligned to 16. */
void *lm_malloc(size_t size);
/* The same, reading as zero; the product must not overflow (NULL if it does). */
void *lm_calloc(size_t count, size_t size);
/* alignment: a power of two. */
void *lm_memalign(size_t alignment, size_t size);
/* NULL is ignored; a stranger's pointer goes to lm_foreign. errno is untouched. */
void lm_free(void *p);
/* p may be NULL; size 0 gives a block of size 0. */
void *lm_realloc(void *p, size_t size);
/* 0 for NULL. */
size_t lm_usable_size(const void *p);
/* True if p may have much more than was asked for: it was meant for a larger request (slab/guest.c), or it has
 * room to grow. */
bool lm_has_spare(const void *p);
/* Returns what can be returned to the kernel. Result: bytes. */
size_t lm_trim(void);
/* True if p lies in memory that this allocator manages. */
bool lm_is_ours(const void *p);

/* In a fork's child, before anything else. */
void lm_core_after_fork(void);

/* The slow halves, for doors that have the fast ones inline. */
void *lm_malloc_slow(size_t alignment, size_t size);
void lm_free_slow(void *p);

/* What to do with pointers that are not ours. Set by the doors before the first such pointer can
 * appear; without them such a pointer is fatal. */
struct lm_foreign {
    void (*free)(void *p);
    void *(*realloc)(void *p, size_t size);
    size_t (*usable_size)(const void *p);
};

extern LM_HIDDEN struct lm_foreign lm_foreign;

LM_INLINE void *lm_malloc_fast(size_t size)
{
    if (lm_unlikely(size > LM_SMALL_MAX))
        return NULL;
    struct lm_heap *heap = lm_thread.heap;
    return lm_heap_take(heap, lm_class_for(size));
}

LM_INLINE bool lm_is_small(size_t alignment, size_t size)
{
    return size <= LM_SMALL_MAX && alignment <= lm_unit_size;
}

/* The class of requests for `size` bytes whose slots are all aligned. Slabs start at unit boundaries,
 * so a class whose size is a multiple of the alignment will do; and that is what a multiple of the
 * alignment gets among the upper classes: it is either the size of one, or the steps between those near
 * it are multiples of the alignment (C3). A lower class may have any size since it was split off; up to
 * 128 bytes multiples of 32 have odd classes anyway. */
LM_INLINE unsigned lm_aligned_class(size_t alignment, size_t size)
{
    unsigned class = lm_class_for(lm_round_up(size + (size == 0), alignment));
    return class | (alignment > LM_QUANTUM);
}

/* NULL: lm_malloc_slow has to do it. */
LM_INLINE void *lm_memalign_fast(size_t alignment, size_t size)
{
    struct lm_heap *heap = lm_thread.heap;
    if (lm_unlikely(!lm_is_small(alignment, size)))
        return NULL;
    return lm_heap_take(heap, lm_aligned_class(alignment, size));
}

/* 0: lm_usable_size has to do it. */
LM_INLINE size_t lm_usable_fast(const void *p)
{
    return lm_heap_usable(lm_thread.heap, p);
}

/* True: realloc leaves the block where it is. Shrinking by less than half is not worth a copy. No block
 * has 0 usable bytes, and none stays to hold 0. */
LM_INLINE bool lm_realloc_stays(size_t usable, size_t size)
{
    return size <= usable && size > (usable - 1) / 2;
}

/* Moves a block of which lm_usable_fast knows the size. NULL: lm_realloc has to do it. */
void *lm_realloc_move(void *p, size_t usable, size_t size);

/* False: lm_free_slow has to do it. */
LM_INLINE bool lm_free_fast(void *p)
{
    struct lm_heap *heap = lm_thread.heap;
    uint64_t look = lm_heap_look(heap, p);
    return lm_likely(look >= LM_LOOK_TAKES) && lm_magazine_give(lm_heap_magazine(heap, look), p);
}

#endif
