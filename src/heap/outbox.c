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
        lm_stock_empty(control->body);
        lm_heap_rest(control);
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
        if (has_no_thread(load_relaxed(&control->state))) {
            lm_heap_drain(control);
            lm_heap_rest(control);
        }
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

static void publish_entry(struct lm_heap *heap, size_t number)
{
    const struct lm_outbox_entry *entry = &heap->outbox[number];
    heap->outbox_used &= ~(UINT64_C(1) << number);
    publish(entry->node, entry->mask);
}

void lm_outbox_flush(struct lm_heap *heap)
{
    if (lm_likely(heap->outbox_used == 0))
        return;
    while (heap->outbox_used != 0)
        publish_entry(heap, lm_bits_lowest(heap->outbox_used));
    heap->outbox_size = 0;
}

/* p's entry is for p's word from now on. */
static void open_entry(struct lm_heap *heap, const void *p, const struct lm_slot *slot)
{
    size_t number = lm_outbox_number(p);
    struct lm_outbox_entry *entry = &heap->outbox[number];
    struct lm_slab *slab = slot->slab;
    struct lm_remote *node = lm_slab_remote(slab, slot->word);
    uint32_t first = slot->word * 64;
    if (lm_outbox_has(heap, number)) {
        if (entry->node == node)
            return;
        publish_entry(heap, number);
    }
    *entry = (struct lm_outbox_entry){
        .start = lm_slab_address(slab, first),
        .size = (uint32_t)lm_min(slab->slots - first, 64) * lm_class_table[slab->class].size,
        .class = slab->class,
        .node = node,
    };
    heap->outbox_used |= UINT64_C(1) << number;
}

void lm_heap_free_remote(struct lm_heap *heap, void *p, size_t unit)
{
    struct lm_slot slot;
    if (lm_unlikely(!lm_slab_find(p, unit, &slot)))
        lm_fatal("free", LM_INVALID_POINTER, p);
    if (lm_unlikely(heap == lm_heap_nobodys() || !lm_options.magazines)) {
        publish(lm_slab_remote(slot.slab, slot.word), slot.bit);
        return;
    }
    open_entry(heap, p, &slot);
    if (lm_unlikely(!lm_outbox_add(heap, p)))
        lm_fatal("free", LM_DOUBLE_FREE, p);
}

void lm_outbox_drop(struct lm_heap *heap)
{
    heap->outbox_used = 0;
    heap->outbox_size = 0;
}
