/* SPDX-License-Identifier: MIT
 *
 * heap/bin.h - the slabs of one class in one heap. The heap's lock is held.
 */
#ifndef LM_HEAP_BIN_H
#define LM_HEAP_BIN_H

#include "heap/heap.h"

/* Gives the arrays back; the bin holds no slab. A bin of zeroes is empty and ready. */
void lm_bin_reset(struct lm_bin *bin);

/* Puts a slab at the lowest vacant place. False: metadata is out. */
bool lm_bin_add(struct lm_bin *bin, struct lm_slab *slab);
void lm_bin_remove(struct lm_bin *bin, struct lm_slab *slab);

/* The lowest partly used slab, if possible not one of the last; NULL if all are full. */
struct lm_slab *lm_bin_partial(struct lm_bin *bin);
void lm_bin_mark_full(struct lm_bin *bin, const struct lm_slab *slab);
void lm_bin_mark_partial(struct lm_bin *bin, const struct lm_slab *slab);
/* A partly used slab that is swept, and all of whose free slots are on pages that are with the kernel. */
void lm_bin_mark_last(struct lm_bin *bin, const struct lm_slab *slab);

/* The slab at the lowest occupied place >= *place, which it sets; NULL at the end. */
struct lm_slab *lm_bin_next(const struct lm_bin *bin, uint32_t *place);

/* The same for partly used slabs. */
struct lm_slab *lm_bin_next_partial(const struct lm_bin *bin, uint32_t *place);

/* Checked builds: H4 and the slabs. */
void lm_bin_verify(const struct lm_bin *bin, unsigned class, uint32_t owner);

#endif
