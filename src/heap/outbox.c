/* SPDX-License-Identifier: MIT
 *
 * heap/outbox.c - frees of strangers' blocks.
 *
 * A thread collects them in its outbox, one entry per bitmap word; an entry is published with one
 * atomic or. The thread that makes a word non-zero pushes the word's node to the owner's inbox, so
 * a node is pushed once however many strangers free into it.
 */
#include "heap/owner.h"

#include "heap/stock.h"
#include "os/fatal.h"

/* The owner has not looked at its mail for long: it may be asleep, and what lies there with it. */
static void relieve(struct lm_heap_control *control)
{
    if (!lm_lock_try(&control->lock))
        return;
    /* Under the lock a heap is whole, unless a fork has torn it. */
    if (load_relaxed(&control->state) != LM_HEAP_LOST) {
        lm_heap_drain(control);
        lm_stock_empty(&control->body->stock);
    }
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
}

/* A node goes to the inbox of whoever owns the slab now. */
void lm_heap_deliver(struct lm_remote *node)
{
    struct lm_slab *slab = lm_metadata_at(node->slab);
    struct lm_heap_control *control = lm_heap_control_at(load_relaxed(&slab->owner));
    uint32_t index = lm_remote_index(node);
    uint32_t head = load_relaxed(&control->inbox);
    do {
        node->next = head;
        /* partner: the exchange in lm_heap_drain; ordered against the state below */
    } while (!cas_ordered(&control->inbox, &head, index));
    lm_heap_settle(control);
    if (lm_unlikely(add_relaxed(&control->backlog, 1u) >= LM_BACKLOG_MOST))
        relieve(control);
}

static bool has_no_thread(uint32_t state)
{
    return state == LM_HEAP_PARKED || state == LM_HEAP_COMMON;
}

void lm_heap_settle(struct lm_heap_control *control)
{
    /* Ordered: the push above before this load, and in lm_heap_park the state before the settling
     * that follows, so one of the two sees the other. */
    while (has_no_thread(load_ordered(&control->state)) && load_ordered(&control->inbox) != 0) {
        if (!lm_lock_try(&control->lock))
            return;
        /* Under the lock the state cannot change; a heap that came to life drains by itself. */
        if (has_no_thread(load_relaxed(&control->state)))
            lm_heap_drain(control);
        lm_lock_give(&control->lock);
    }
}

/* A slot of `mask` is freed by its word's atomic or, and by nothing else. */
static void publish(struct lm_remote *node, uint64_t mask)
{
    /* partner: the exchange in lm_heap_drain */
    uint64_t old = or_acq_rel(&node->bits, mask);
    if (lm_unlikely((old & mask) != 0)) {
        struct lm_slab *slab = lm_metadata_at(node->slab);
        uint32_t slot = lm_remote_word(node, slab) * 64 + lm_bits_lowest(old & mask);
        lm_fatal("free", LM_DOUBLE_FREE, lm_slab_address(slab, slot));
    }
    if (old == 0)
        lm_heap_deliver(node);
}

static void publish_entry(struct lm_outbox_entry *entry)
{
    struct lm_remote *node = entry->node;
    uint64_t mask = entry->mask;
    entry->node = NULL;
    entry->mask = 0;
    publish(node, mask);
}

void lm_outbox_flush(struct lm_heap *heap)
{
    if (lm_likely(heap->outbox_size == 0))
        return;
    for (size_t i = 0; i < LM_OUTBOX_ENTRIES; i++)
        if (heap->outbox[i].node != NULL)
            publish_entry(&heap->outbox[i]);
    heap->outbox_size = 0;
}

static size_t entry_number(const struct lm_remote *node)
{
    /* Neighbouring words of a slab take neighbouring entries; slabs are spread by their address. */
    uint32_t index = lm_remote_index(node);
    return (index ^ index >> 5) & (LM_OUTBOX_ENTRIES - 1);
}

void lm_heap_free_strange(struct lm_heap *heap, void *p, size_t unit)
{
    unsigned class = lm_unit_tag(unit) & LM_TAG_CLASS_MASK;
    if (heap != lm_heap_nobodys() && lm_class_table[class].size >= LM_KEEP_LEAST &&
        heap->magazines[class].flushes == 0) {
        if (lm_unlikely(*load_relaxed(&heap->top[class]) == p))
            lm_fatal("free", LM_DOUBLE_FREE, p);
        if (lm_heap_give(heap, class, p))
            return;
    }
    lm_heap_free_remote(heap, p, unit);
}

void lm_heap_free_remote(struct lm_heap *heap, void *p, size_t unit)
{
    struct lm_slot slot;
    if (lm_unlikely(!lm_slab_find(p, unit, &slot)))
        lm_fatal("free", LM_INVALID_POINTER, p);
    struct lm_remote *node = lm_slab_remote(slot.slab, slot.word);
    if (lm_unlikely(heap == lm_heap_nobodys() || !lm_options.magazines)) {
        publish(node, slot.bit);
        return;
    }
    struct lm_outbox_entry *entry = &heap->outbox[entry_number(node)];
    if (entry->node != node) {
        if (entry->node != NULL)
            publish_entry(entry);
        entry->node = node;
    }
    if (lm_unlikely((entry->mask & slot.bit) != 0))
        lm_fatal("free", LM_DOUBLE_FREE, p);
    entry->mask |= slot.bit;
    heap->outbox_size += lm_class_table[slot.slab->class].size;
    if (lm_unlikely(heap->outbox_size >= LM_OUTBOX_BYTES))
        lm_outbox_flush(heap);
}
