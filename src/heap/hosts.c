/* SPDX-License-Identifier: MIT
 *
 * heap/hosts.c - a heap that wastes much lets partly used slabs of other classes host a block before
 * it takes new memory: a guest lies in several slots of a smaller class, a lodger in one slot of a larger
 * class from which blocks are only freed. The heap's lock is held.
 *
 * They are found one at a time: none waits in the magazine of its own class, so every block in a magazine
 * is of the magazine's class. When it is freed it is a block of its host's class.
 */
#include "heap/owner.h"

#include "heap/bin.h"

/* Slots of class `host` for a block of `class`; 0 if they would be too many or waste too much. */
static unsigned slots_for(unsigned class, unsigned host)
{
    size_t size = lm_class_table[class].size;
    size_t slot = lm_class_table[host].size;
    size_t slots = (size + slot - 1) / slot;
    bool is_good = slots <= LM_GUEST_SLOTS && (slots * slot - size) * LM_GUEST_WASTE <= size;
    return is_good ? (unsigned)slots : 0;
}

/* Swept pages count too: they are few as long as there is room for guests. */
static bool is_wasteful(const struct lm_sweep *sweep)
{
    size_t free = sweep->slab_size - lm_min(sweep->used_size, sweep->slab_size);
    return free > LM_HOST_LEAST + sweep->used_size / LM_HOST_SHARE;
}

static void *stay_with(struct lm_heap *heap, struct lm_slab *slab, unsigned slots)
{
    size_t spent = lm_slab_spent_size(slab);
    void *p = lm_guest_take(slab, slots);
    if (p == NULL)
        return NULL;
    heap->is_host[slab->class] = true;
    heap->sweep.spent_size += lm_slab_spent_size(slab) - spent;
    heap->sweep.used_size += slots * (size_t)lm_class_table[slab->class].size;
    if (slab->used == slab->slots)
        lm_bin_mark_full(&heap->bins[slab->class], slab);
    return p;
}

/* A free block of this class, which is not in demand; NULL if there is none or it is. */
static void *take_idle(struct lm_heap *heap, unsigned class)
{
    if (heap->magazines[class].flushes < LM_EBB_FLUSHES)
        return NULL;
    void *p = lm_heap_take(heap, class);
    /* Nothing is refilled, so the flushes that say so go on counting. */
    if (p == NULL && lm_bin_has_partial(&heap->bins[class]))
        lm_heap_supply(heap, class, &p, 1);
    return p;
}

static void *find_lodging(struct lm_heap *heap, unsigned class)
{
    /* Larger slots than half a unit are alone in their slabs, whose units serve every class. */
    size_t most = lm_min(lm_class_table[class].size * (size_t)LM_LODGER_WASTE, lm_unit_size / 2);
    void *p = NULL;
    /* What has blocks has a size that is final. */
    for (unsigned larger = class + 1; p == NULL && larger < LM_CLASSES; larger++) {
        if (heap->bins[larger].units == 0)
            continue;
        if (lm_class_table[larger].size > most)
            break;
        p = take_idle(heap, larger);
    }
    return p;
}

static void *find_host(struct lm_heap *heap, unsigned class)
{
    struct lm_host_hand *hand = &heap->host_hand;
    for (int step = 0; step < LM_HOST_STEPS; step++) {
        /* Without slabs the host's size may still change. */
        bool is_there = hand->class < class && heap->bins[hand->class].units != 0;
        unsigned slots = is_there ? slots_for(class, hand->class) : 0;
        struct lm_slab *slab = NULL;
        if (slots != 0)
            slab = lm_bin_next_partial(&heap->bins[hand->class], &hand->place);
        if (slab == NULL) {
            hand->class = hand->class + 1 < class ? hand->class + 1 : 0;
            hand->place = 0;
            continue;
        }
        void *p = stay_with(heap, slab, slots);
        if (p != NULL)
            return p;
        hand->place++;
    }
    return NULL;
}

void *lm_heap_host(struct lm_heap *heap, unsigned class)
{
    size_t size = lm_class_table[class].size;
    void *p = NULL;
    if (size < LM_LODGER_LEAST || lm_likely(!is_wasteful(&heap->sweep)) ||
        lm_bin_has_partial(&heap->bins[class]))
        return NULL;
    p = find_lodging(heap, class);
    if (p == NULL && size >= LM_GUEST_LEAST)
        p = find_host(heap, class);
    return p;
}

size_t lm_heap_usable_in_host(const void *p)
{
    struct lm_slot slot;
    if (!lm_options.magazines || !lm_slab_find(p, lm_unit_of(p), &slot))
        return 0;
    return lm_guest_size(&slot);
}
