/* SPDX-License-Identifier: MIT
 *
 * heap/veil.c - how a thread that gets by with its magazines comes to a slow path.
 *
 * No hit looks at the clock. A program that was busy and has become quiet often gets by with what
 * its magazines hold, and what lies idle elsewhere would do so for ever. So while there is much of
 * that, slow paths see to it, once per tick of the clock, that there will be another one: they
 * close the heap, so that its next free is slow; that one veils what lies in the magazines, so
 * that the next malloc of each class is slow. To veil at once would not do: a block that comes and
 * goes would come back on top of the veil.
 */
#include "heap/bin.h"
#include "heap/owner.h"

#include <string.h>

void lm_heap_close_for_a_free(struct lm_heap *heap, uint64_t now_ms)
{
    /* In a torture build there is always reason to. */
    bool is_due = lm_torture || heap->closed_ms != (uint32_t)now_ms;
    if (lm_likely(!load_relaxed(&lm_dirty_is_much)) || !is_due)
        return;
    heap->closed_ms = (uint32_t)now_ms;
    heap->filter = LM_FILTER_CLOSED;
}

void lm_heap_open(struct lm_heap *heap)
{
    heap->filter = ~(uint64_t)(lm_tag_of_owner(lm_heap_id(heap->control)) | LM_TAG_CLASS_MASK);
}

static void veil(struct lm_magazine *magazine)
{
    void **top = load_relaxed(&magazine->top);
    if (magazine->newest == NULL || top == magazine->end || load_relaxed(&magazine->is_veiled))
        return;
    *top = magazine->newest;
    /* As in lm_magazine_give: this is outside of the heap's lock. */
    keep_order_for_fork();
    store_relaxed(&magazine->top, top + 1);
    magazine->newest = NULL;
    store_relaxed(&magazine->is_veiled, true);
}

void lm_heap_veil(struct lm_heap *heap)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        veil(&heap->magazines[class]);
}

void lm_magazine_lift_veil(struct lm_magazine *magazine)
{
    if (lm_likely(!load_relaxed(&magazine->is_veiled)))
        return;
    store_relaxed(&magazine->is_veiled, false);
    void **slots = lm_magazine_begin_change(magazine);
    uint32_t count = lm_magazine_count(magazine);
    uint32_t at = count;
    while (slots[at] != NULL)
        at--;
    /* A fork's child may have dropped it. */
    if (at == 0)
        return;
    memmove(slots + at, slots + at + 1, (count - at) * sizeof *slots);
    lm_magazine_set_count(magazine, count - 1);
}
