/* SPDX-License-Identifier: MIT
 *
 * heap/huge.h - the huge zone: blocks that are very large, or that realloc made grow.
 *
 * Each block has a slot of whole granules (2 MiB), with headroom if it grows. Growth inside the
 * slot is a commit now and then. A block that comes from elsewhere has its pages moved, not copied;
 * one that was moved in lies in several mappings of the kernel, which do not move safely together,
 * so it is copied if it outgrows even its slot.
 *
 *   slot   | usable ...... | warm tail ...... | committed, untouched | reserved ........ |
 *
 *   Z1  usable <= touched <= committed <= slot, all multiples of the page size
 *   Z2  the slot's word holds the descriptor's index
 *   Z3  bytes in [touched, committed) read as zero
 *
 * Slots that growing blocks leave stay warm for a while, a few of them, as part of the dirty memory that
 * units.h keeps: the next block that grows finds their pages. What it did not reach after a demand window
 * (its warm tail) goes back.
 */
#ifndef LM_HEAP_HUGE_H
#define LM_HEAP_HUGE_H

#include "base/compiler.h"
#include "heap/zone.h"

enum lm_huge_fit {
    /* the block is expected to keep its size */
    LM_HUGE_EXACT,
    /* the block grows: give it headroom */
    LM_HUGE_GROWING,
};

enum lm_huge_source {
    /* the range that a block came from is as it was ... */
    LM_SOURCE_KEPT,
    /* ... or has no pages any more and reads as zero ... */
    LM_SOURCE_EMPTY,
    /* ... or its address space is not ours any more */
    LM_SOURCE_LOST,
};

/* Zeroed. alignment: a power of two. NULL if memory or address space is out. */
void *lm_huge_take(size_t size, size_t alignment, enum lm_huge_fit fit);
/* False: p is not a block (any more). */
bool lm_huge_give(void *p);
/* True if p, in the zone, lies in no block's slot. */
bool lm_huge_is_free(const void *p);
/* 0: p is not a block. */
size_t lm_huge_usable(const void *p);
/* In its slot or in a larger one; NULL: memory is out, the block is as it was. */
void *lm_huge_resize(void *p, size_t size);
/* A new block of `size` bytes, whose tail may hold anything, that receives what is in
 * [from, from + from_size): its pages, if that is a range of one piece, or a copy. NULL: nothing happened. */
void *lm_huge_move_in(void *from, size_t from_size, size_t size, enum lm_huge_source *source);

/* True if a block of `size` bytes that moved in would find pages to grow into. */
bool lm_huge_has_warm(size_t size);
/* Gives warm slots and tails back that nobody wanted for a demand window; or all, result: bytes. */
void lm_huge_tick(uint64_t now_ms);
size_t lm_huge_cool(void);
/* Bytes in warm slots and tails, which may be resident. */
size_t lm_huge_warm_size(void);

/* Usable bytes of all blocks. */
size_t lm_huge_total(void);
void lm_huge_after_fork(void);

#endif
