/* SPDX-License-Identifier: MIT
 *
 * heap/hosts.c - a heap that wastes much lets partly used slabs of smaller classes host a block before
 * it takes new memory. The heap's lock is held.
 *
 * Guests are found one at a time: none waits in a magazine, so every block in a magazine is of the
 * magazine's class. When a guest is freed it is a block of its host's class.
 */
#include "heap/owner.h"

#include "heap/bin.h"
#include "heap/commons.h"

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
    heap->sweep.spent_size += lm_slab_spent_size(slab) - spent;
    heap->sweep.used_size += slots * (size_t)lm_class_table[slab->class].size;
    if (slab->used == slab->slots)
        lm_bin_mark_full(&heap->bins[slab->class], slab);
    return p;
}

uint8_t lm_heap_first_guests(const struct lm_heap *heap, unsigned class)
{
    size_t size = lm_class_table[lm_class_upper(class)].size;
    if (!lm_heap_is_first(heap) || !lm_options.magazines || size < LM_FIRST_GUEST_LEAST)
        return 0;
    size_t slots = lm_unit_size / lm_class_table[LM_FIRST_HOST].size;
    if (slots / 64 >= LM_SLAB_GUEST_WORDS)
        return 0;
    return (uint8_t)(LM_FIRST_GUEST_BYTES / size);
}

/* Notes that a slab has guests now, as one of the first hosts. */
static void note_first_host(struct lm_heap *heap, const struct lm_slab *slab)
{
    uint8_t *host = &heap->hosts[LM_FIRST_HOST];
    for (int i = 0; i < LM_FIRST_HOSTS; i++) {
        if (heap->first_hosts[i] != slab->unit + 1 && heap->first_hosts[i] != 0)
            continue;
        heap->first_hosts[i] = slab->unit + 1;
        *host = (uint8_t)lm_max(*host, LM_HOST_FIRST);
        return;
    }
    *host = LM_HOST_ANY;
}

/* A page for all of them rather than one for each class. */
static void *host_at_first(struct lm_heap *heap, unsigned class)
{
    struct lm_bin *bin = &heap->bins[LM_FIRST_HOST];
    unsigned slots = slots_for(class, LM_FIRST_HOST);
    heap->magazines[class].guests--;
    if (heap->bins[class].units != 0)
        return NULL;
    struct lm_slab *slab = lm_bin_partial(bin);
    void *p = slab == NULL ? NULL : stay_with(heap, slab, slots);
    if (p == NULL && bin->units < LM_FIRST_HOSTS) {
        slab = lm_heap_add_slab(heap, LM_FIRST_HOST);
        p = slab == NULL ? NULL : stay_with(heap, slab, slots);
    }
    if (p != NULL)
        note_first_host(heap, slab);
    return p;
}

/* A block that comes and goes as a guest never gets into a magazine: each time it costs a slow path and a
 * search. So these have a share of the time. */
static bool has_credit(struct lm_host_hand *hand, uint32_t now_ms)
{
    size_t passed = lm_min(now_ms - hand->credit_ms, LM_HOST_CREDIT_MS);
    size_t credit = hand->credit + passed * LM_HOST_CREDIT_GAIN;
    hand->credit = (uint32_t)lm_min(credit, LM_HOST_CREDIT_MS * LM_HOST_CREDIT_GAIN);
    hand->credit_ms = now_ms;
    return hand->credit >= LM_HOST_SEARCH + LM_HOST_STEPS;
}

void *lm_heap_host(struct lm_heap *heap, unsigned class, uint64_t now_ms)
{
    struct lm_host_hand *hand = &heap->host_hand;
    void *first = heap->magazines[class].guests == 0 ? NULL : host_at_first(heap, class);
    if (first != NULL)
        return first;
    if (lm_class_table[class].size < LM_GUEST_LEAST || lm_likely(!is_wasteful(&heap->sweep)) ||
        lm_bin_partial(&heap->bins[class]) != NULL || !has_credit(hand, (uint32_t)now_ms))
        return NULL;
    hand->credit -= LM_HOST_SEARCH;
    for (int step = 0; step < LM_HOST_STEPS; step++) {
        hand->credit--;
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
        if (p != NULL) {
            heap->hosts[slab->class] = LM_HOST_ANY;
            return p;
        }
        hand->place++;
    }
    return NULL;
}

static bool is_first_host(const struct lm_heap *heap, size_t unit)
{
    for (int i = 0; i < LM_FIRST_HOSTS; i++)
        if (heap->first_hosts[i] == unit + 1)
            return true;
    return false;
}

size_t lm_heap_usable_in_host(const struct lm_heap *heap, unsigned class, const void *p)
{
    struct lm_slot slot;
    size_t unit = lm_unit_of(p);
    if (heap->hosts[class] == LM_HOST_FIRST && !is_first_host(heap, unit))
        return lm_class_table[class].size;
    if (!lm_options.magazines || !lm_slab_find(p, unit, &slot))
        return 0;
    return lm_guest_size(&slot);
}
