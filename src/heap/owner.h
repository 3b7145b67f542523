/* SPDX-License-Identifier: MIT
 *
 * heap/owner.h - what a slow path does inside one heap, its lock held. For heap/ only.
 */
#ifndef LM_HEAP_OWNER_H
#define LM_HEAP_OWNER_H

#include "heap/heap.h"

/* [c] the controls from LM_CONTROLS_FIRST on, by id; 0 is nobody's */
extern LM_HIDDEN struct lm_heap_control *lm_heap_controls;

LM_INLINE struct lm_heap_control *lm_heap_control_at(uint32_t id)
{
    /* The first ones share a page with other things that every process touches. */
    if (lm_likely(id < LM_CONTROLS_FIRST))
        return (struct lm_heap_control *)lm_window.first_controls + id;
    return &lm_heap_controls[id - LM_CONTROLS_FIRST];
}

LM_INLINE uint32_t lm_heap_id(const struct lm_heap_control *control)
{
    return control->id;
}

/* Bytes of the heap's slabs, without what was swept. */
LM_INLINE size_t lm_heap_held(const struct lm_heap *heap)
{
    return heap->sweep.slab_size - lm_min(heap->sweep.spent_size, heap->sweep.slab_size);
}

/* Puts the newest block into its slot: from here to set_count all of them lie in the array. */
LM_INLINE void **lm_magazine_begin_change(struct lm_magazine *magazine)
{
    *load_relaxed(&magazine->top) = magazine->newest;
    return lm_magazine_slots(magazine);
}

/* So many blocks lie in the array now. */
LM_INLINE void lm_magazine_set_count(struct lm_magazine *magazine, size_t count)
{
    void **top = lm_magazine_slots(magazine) + count;
    store_relaxed(&magazine->top, top);
    magazine->newest = *top;
}

/* heap/slabs.c: slabs come and go. */

/* A new slab of the class, whose first block the caller takes. NULL if memory is out. */
struct lm_slab *lm_heap_add_slab(struct lm_heap *heap, unsigned class);

/* Frees `count` blocks of this heap's slabs of this class. Dies on a double free. */
void lm_heap_release(struct lm_heap *heap, unsigned class, void **blocks, size_t count);
/* Up to `count` blocks at out[0], out[-1], ...; from partly used slabs, else from another heap's,
 * else from a new one. Result: how many, 0 if memory is out. */
size_t lm_heap_supply(struct lm_heap *heap, unsigned class, void **out, size_t count);
/* Takes in what strangers returned. */
void lm_heap_drain(struct lm_heap_control *control);
/* Moves a slab that is partly used from a parked heap, whose lock is held, to this one. */
bool lm_heap_take_over(struct lm_heap *heap, unsigned class, struct lm_heap_control *parked);
/* heap/sweep.c */

/* Returns pages without a used slot in all partly used slabs. Result: bytes. */
size_t lm_heap_sweep_all(struct lm_heap *heap);
/* A small step of it, in one class from *place on, which moves on; LM_NO_PLACE after the last. */
size_t lm_heap_sweep_part(struct lm_heap *heap, unsigned class, uint32_t *place);
#define LM_NO_PLACE UINT32_MAX
/* A small step in slabs that have been cold for a while, if there is much to gain. */
void lm_heap_sweep_some(struct lm_heap *heap);
/* So many bytes that were swept are wanted again. */
void lm_heap_regret_sweep(struct lm_heap *heap, size_t size);
/* Every few slow paths: time pays for what was regretted. Once per demand window: the bound comes down. */
void lm_heap_judge_sweep(struct lm_heap *heap, uint64_t now_ms);
/* Checked builds: all bins, or one. */
void lm_heap_verify(const struct lm_heap_control *control);
void lm_heap_verify_class(const struct lm_heap *heap, unsigned class);

/* heap/ebb.c */

/* True if the magazine should shrink, as its thread goes on freeing. */
bool lm_heap_keeps_too_much(struct lm_heap *heap, unsigned class);
/* The end of a flush: what else should go. */
void lm_heap_ebb(struct lm_heap *heap, unsigned class);
/* A refill: was that too early? */
void lm_heap_regret_ebb(struct lm_heap *heap);
/* A second has passed. */
void lm_heap_judge_ebb(struct lm_heap *heap);

/* heap/hosts.c */

/* A block in slots of a smaller class, if there is none of its own and the heap has many to spare; NULL
 * if none was found, or searches have had their share of the time. */
void *lm_heap_host(struct lm_heap *heap, unsigned class, uint64_t now_ms);
/* How many blocks of the class are guests at first. */
uint8_t lm_heap_first_guests(const struct lm_heap *heap, unsigned class);

/* heap/magazine.c */

void lm_heap_init_magazines(struct lm_heap *heap);
/* Frees all blocks in a magazine. */
void lm_heap_empty_magazine(struct lm_heap *heap, unsigned class);
/* The same in all of them, and the arrays of grown ones. */
void lm_heap_empty_magazines(struct lm_heap *heap);

/* heap/veil.c */

/* The end of a slow path: if much lies idle, the next free is slow, and then a malloc of each class (H6). */
void lm_heap_close_for_a_free(struct lm_heap *heap, uint64_t now_ms);
void lm_magazine_lift_veil(struct lm_magazine *magazine);
LM_INLINE bool lm_magazine_is_at_a_veil(const struct lm_magazine *magazine)
{
    return magazine->newest == NULL && load_relaxed(&magazine->is_veiled);
}

/* heap/outbox.c */

/* What it holds is lost. */
void lm_outbox_drop(struct lm_heap *heap);
/* Delivers a node that is in no inbox. */
void lm_heap_deliver(struct lm_remote *node);
/* A parked heap takes in what was delivered since. No lock of that heap is held. */
void lm_heap_settle(struct lm_heap_control *control);

/* With the heap's lock, when slabs may have gone: a sunken heap that has none any more gives its pages back. */
void lm_heap_rest(struct lm_heap_control *control);

/* heap/registry.c */

/* Prepares a body whose pages read as zero. */
void lm_heap_wake_body(struct lm_heap_control *control);

/* A partly used slab of a parked heap; false if none was found in a few tries. */
bool lm_heap_adopt_slab(struct lm_heap *heap, unsigned class);

#endif
