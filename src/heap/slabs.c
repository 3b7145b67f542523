/* SPDX-License-Identifier: MIT
 *
 * heap/slabs.c - how blocks go from a heap's slabs to its magazines and back, and how slabs come
 * and go with them. The heap's lock is held throughout.
 */
#include "heap/owner.h"

#include "heap/bin.h"
#include "heap/commons.h"
#include "heap/stock.h"
#include "os/fatal.h"
#include "os/os.h"

static size_t take_units(struct lm_heap *heap, size_t count)
{
    size_t dirty;
    size_t unit = lm_stock_take(heap, count);
    return unit != LM_NO_UNIT ? unit : lm_units_take(count, 1, &dirty);
}

/* Without the tail behind the last slot, which is no waste that a sweep of full slabs could return. */
static size_t slots_size(const struct lm_slab *slab)
{
    return (size_t)slab->slots * lm_class_table[slab->class].size;
}

/* The heap's books, for a slab that comes or goes. */
static void count_slab(struct lm_heap *heap, const struct lm_slab *slab)
{
    heap->control->slab_count++;
    heap->sweep.slab_size += slots_size(slab);
    heap->sweep.used_size += (size_t)slab->used * lm_class_table[slab->class].size;
    heap->sweep.spent_size += lm_slab_spent_size(slab);
}

static void forget_slab(struct lm_heap *heap, const struct lm_slab *slab)
{
    heap->control->slab_count--;
    heap->sweep.slab_size -= slots_size(slab);
    heap->sweep.used_size -= (size_t)slab->used * lm_class_table[slab->class].size;
    heap->sweep.spent_size -= lm_slab_spent_size(slab);
}

static void retire_slab(struct lm_heap *heap, struct lm_slab *slab)
{
    size_t unit = slab->unit;
    size_t units = slab->units;
    lm_bin_remove(&heap->bins[slab->class], slab);
    /* Whoever takes the units next takes them for dirty, and faults. */
    heap->sweep.debt += lm_slab_swept_size(slab);
    forget_slab(heap, slab);
    lm_slab_destroy(slab);
    if (!lm_stock_put(heap, unit, units))
        lm_units_give(unit, units);
}

static void part_guests(struct lm_slab *slab, uint32_t word, uint64_t *mask)
{
    if (lm_unlikely(!lm_guest_part(slab, word, mask))) {
        uint64_t inside = *mask & load_relaxed(lm_slab_joined(slab, word));
        lm_fatal("free", LM_INVALID_POINTER,
                 lm_slab_address(slab, word * 64 + lm_bits_lowest(inside)));
    }
}

/* After some of its slots were freed. True if the slab is gone now. */
static bool settle_slab(struct lm_heap *heap, struct lm_slab *slab, bool was_full)
{
    if (slab->used == 0) {
        retire_slab(heap, slab);
        return true;
    }
    if (was_full)
        lm_bin_mark_partial(&heap->bins[slab->class], slab);
    return false;
}

/* Frees the slots of one word, whose slab is this heap's. True if the slab is gone then. */
static bool put_slots(struct lm_heap *heap, struct lm_slab *slab, uint32_t word, uint64_t mask)
{
    bool was_full = slab->used == slab->slots;
    if (lm_unlikely(lm_slab_has_guests(slab)))
        part_guests(slab, word, &mask);
    uint64_t twice = slab->free[word] & mask;
    heap->sweep.used_size -= (size_t)lm_bits_count(mask) * lm_class_table[slab->class].size;
    /* Otherwise it is a matter of pages, which does not change by this. */
    bool was_swept = slab->heat == LM_SLAB_SWEPT;
    size_t spent = was_swept ? lm_slab_spent_size(slab) : 0;
    if (lm_unlikely(!lm_slab_put(slab, word, mask)))
        lm_fatal("free", LM_DOUBLE_FREE, lm_slab_address(slab, word * 64 + lm_bits_lowest(twice)));
    if (lm_unlikely(was_swept)) {
        heap->sweep.spent_size += lm_slab_spent_size(slab) - spent;
        lm_bin_mark_partial(&heap->bins[slab->class], slab);
    }
    return settle_slab(heap, slab, was_full);
}

/* The same for one slot. */
static void put_slot(struct lm_heap *heap, struct lm_slab *slab, uint32_t slot)
{
    uint64_t bit = UINT64_C(1) << slot % 64;
    if (lm_unlikely(lm_slab_is_special(slab))) {
        put_slots(heap, slab, slot / 64, bit);
        return;
    }
    if (lm_unlikely((slab->free[slot / 64] & bit) != 0))
        lm_fatal("free", LM_DOUBLE_FREE, lm_slab_address(slab, slot));
    slab->free[slot / 64] |= bit;
    heap->sweep.used_size -= lm_class_table[slab->class].size;
    bool was_full = slab->used-- == slab->slots;
    settle_slab(heap, slab, was_full);
}

/* Frees what lies first in `blocks` and is a commons', as H3 allows. Result: how many. */
static size_t release_common(uint32_t tag, void **blocks, size_t count)
{
    size_t same = 1;
    while (same < count && lm_unit_tag(lm_unit_of(blocks[same])) == tag)
        same++;
    lm_commons_give(blocks, same);
    return same;
}

/* Frees what lies first in `blocks` and is not this heap's. Result: how many. */
static size_t release_strange(struct lm_heap *heap, unsigned class, void **blocks, size_t count)
{
    size_t unit = lm_unit_of(blocks[0]);
    uint32_t tag = lm_unit_tag(unit);
    if (lm_outbox_add(heap, blocks[0]))
        return 1;
    if (lm_unlikely(tag <= UINT8_MAX || (tag & LM_TAG_CLASS_MASK) != class))
        lm_fatal("free", LM_DOUBLE_FREE, blocks[0]);
    if (lm_is_common(tag))
        return release_common(tag, blocks, count);
    lm_heap_free_remote(heap, blocks[0], unit);
    return 1;
}

/* How many of the blocks from the first on are neighbours, one `step` apart; at most `most`. */
static size_t run_length(void **blocks, size_t most, ptrdiff_t step)
{
    size_t length = 1;
    const char *next = (char *)blocks[0] + step;
    while (length + 1 < most && blocks[length] == next && blocks[length + 1] == next + step) {
        length += 2;
        next += 2 * step;
    }
    return length + (length < most && blocks[length] == next);
}

/* Frees neighbours, a word at a time. */
static void put_run(struct lm_heap *heap, struct lm_slab *slab, uint32_t first, uint32_t end)
{
    while (first < end) {
        uint32_t next = (uint32_t)lm_min(end, (first | 63) + 1);
        if (put_slots(heap, slab, first / 64, lm_bits_ones(next - first) << first % 64)) {
            /* That was the slab's last block, so what follows was freed twice. */
            if (lm_unlikely(next < end))
                lm_fatal("free", LM_DOUBLE_FREE, lm_slab_address(slab, next));
            return;
        }
        first = next;
    }
}

/* Frees the first block, which is in this slot, and those that follow it in order, up or down. Result: how
 * many. */
static size_t release_run(struct lm_heap *heap, struct lm_slab *slab, uint32_t slot, void **blocks,
                          size_t count)
{
    ptrdiff_t size = lm_class_table[slab->class].size;
    ptrdiff_t step = count > 1 ? (const char *)blocks[1] - (const char *)blocks[0] : 0;
    size_t run = 1;
    if (step == size)
        run = run_length(blocks, lm_min(count, slab->slots - slot), size);
    else if (step == -size)
        run = run_length(blocks, lm_min(count, slot + 1), -size);
    uint32_t first = step > 0 ? slot : slot + 1 - (uint32_t)run;
    if (run == 1)
        put_slot(heap, slab, slot);
    else
        put_run(heap, slab, first, first + (uint32_t)run);
    return run;
}

/* Frees the first block, and those that follow it in order if it is this heap's. Result: how many. */
static size_t release_first(struct lm_heap *heap, unsigned class, void **blocks, size_t count)
{
    const char *p = blocks[0];
    size_t unit = lm_unit_of(p);
    uint32_t slot;
    uint32_t tag = lm_unit_tag(unit);
    if (lm_unlikely(tag <= UINT8_MAX || (tag & LM_TAG_CLASS_MASK) != class) ||
        !lm_heap_owns(heap, unit))
        return release_strange(heap, class, blocks, count);
    struct lm_slab *slab = lm_slab_of_unit(unit);
    uint32_t offset = (uint32_t)(p - lm_unit_address(slab->unit));
    if (lm_unlikely(!lm_class_slot_at(class, offset, &slot) || slot >= slab->slots))
        lm_fatal("free", LM_INVALID_POINTER, p);
    return release_run(heap, slab, slot, blocks, count);
}

/* Is the second block the size away from the first, up or down? By one comparison, so now and then it is
 * not. */
LM_INLINE bool are_neighbours(void **blocks, uintptr_t size)
{
    uintptr_t step = (uintptr_t)blocks[1] - (uintptr_t)blocks[0];
    return step * step == size * size;
}

/* Out of the way of the loop below. */
LM_NOINLINE static void settle_alone(struct lm_heap *heap, struct lm_slab *slab)
{
    settle_slab(heap, slab, true);
}

/* Frees blocks that take no more than their bit each: what those freed in no order come down to. Stops
 * before the first that takes more or may have a neighbour behind it, and before `last`; the caller counts
 * the bytes. A function of its own, so that what all blocks share stays in registers. Result: how many. */
LM_NOINLINE static size_t release_alone(struct lm_heap *heap, uint32_t tag, struct lm_class shape,
                                        void **blocks, void **last)
{
    const uintptr_t base = lm_window.base;
    const _Atomic(uint32_t) *const map = lm_window.map;
    const _Atomic(uint32_t) *const detail = lm_window.detail;
    char *const descriptors = lm_metadata.base;
    const uint32_t owner = lm_heap_id(heap->control);
    void **at = blocks;
    for (; at < last; at++) {
        uintptr_t offset = (uintptr_t)at[0] - base;
        size_t unit = offset >> lm_unit_log2;
        uint32_t slot;
        if (are_neighbours(at, shape.size) || load_hot(&map[unit]) != tag)
            break;
        size_t index = load_hot(&detail[-(ptrdiff_t)unit]);
        struct lm_slab *slab = (void *)(descriptors + (index << LM_METADATA_LOG2));
        offset -= (uintptr_t)slab->unit << lm_unit_log2;
        if (!lm_reciprocal_slot_at(shape.reciprocal, (uint32_t)offset, &slot) ||
            slot >= slab->slots || load_hot(&slab->owner) != owner)
            break;
        if (lm_unlikely(lm_slab_is_special(slab)) && !lm_slab_is_plain_slot(slab, slot))
            break;
        uint64_t word = slab->free[slot / 64];
        uint32_t used = slab->used;
        if ((word >> slot % 64 & 1) != 0)
            break;
        slab->free[slot / 64] = word | UINT64_C(1) << slot % 64;
        slab->used = used - 1;
        /* The slab was full or is empty. */
        if (lm_unlikely(used - 2 >= slab->slots - UINT32_C(2)))
            settle_alone(heap, slab);
    }
    return (size_t)(at - blocks);
}

void lm_heap_release(struct lm_heap *heap, unsigned class, void **blocks, size_t count)
{
    const struct lm_class shape = lm_class_table[class];
    const uint32_t tag = lm_slab_tag_for(lm_heap_id(heap->control), class);
    void **const last = blocks + count - 1;
    while (blocks < last) {
        if (!are_neighbours(blocks, shape.size)) {
            size_t alone = release_alone(heap, tag, shape, blocks, last);
            heap->sweep.used_size -= alone * shape.size;
            blocks += alone;
        }
        blocks += release_first(heap, class, blocks, (size_t)(last - blocks) + 1);
    }
    if (blocks == last)
        release_first(heap, class, blocks, 1);
}

static size_t supply_from_bin(struct lm_heap *heap, unsigned class, void **out, size_t count)
{
    struct lm_bin *bin = &heap->bins[class];
    size_t got = 0;
    while (got < count) {
        struct lm_slab *slab = lm_bin_partial(bin);
        if (slab == NULL)
            break;
        size_t spent = lm_slab_spent_size(slab);
        size_t swept = lm_slab_swept_size(slab);
        got += lm_slab_refill(slab, out - got, count - got);
        if (lm_unlikely(spent != 0)) {
            heap->sweep.spent_size += lm_slab_spent_size(slab) - spent;
            lm_heap_regret_sweep(heap, swept - lm_slab_swept_size(slab));
            if (slab->heat == LM_SLAB_SWEPT)
                lm_bin_mark_last(bin, slab);
            else
                lm_bin_mark_partial(bin, slab);
        }
        if (slab->used == slab->slots)
            lm_bin_mark_full(bin, slab);
    }
    heap->sweep.used_size += got * lm_class_table[class].size;
    return got;
}

/* Blocks that are smaller but no more to a slab save nothing. */
static bool is_worth_splitting(unsigned class, size_t held)
{
    size_t size = lm_class_table[class].size;
    if (!lm_class_can_split(class) || size > lm_unit_size / 2 || size == LM_CLASS_WHOLE)
        return false;
    size_t half_way = (lm_class_table[class - 2].size + lm_class_table[class].size) / 2;
    size_t more = lm_unit_size / half_way;
    return held >= LM_SLAB_TIGHT_FROM || more > lm_unit_size / lm_class_table[class].size;
}

/* A class that holds little takes the least memory at a time; one that holds much wastes little of it,
 * and its smaller requests are worth a class of their own. */
static size_t wanted_units(const struct lm_heap *heap, unsigned class)
{
    size_t held = (size_t)heap->bins[class].units << lm_unit_log2;
    if (held >= lm_options.class_split && is_worth_splitting(class, held))
        lm_class_split(class);
    return lm_slab_tight_units(class, held);
}

struct lm_slab *lm_heap_add_slab(struct lm_heap *heap, unsigned class)
{
    size_t units = wanted_units(heap, class);
    size_t unit = take_units(heap, units);
    if (unit == LM_NO_UNIT && units > lm_slab_units(class)) {
        units = lm_slab_units(class);
        unit = take_units(heap, units);
    }
    if (unit == LM_NO_UNIT)
        return NULL;
    struct lm_slab *slab = lm_slab_create(class, unit, units, lm_heap_id(heap->control));
    if (slab == NULL)
        goto no_slab;
    if (!lm_bin_add(&heap->bins[class], slab))
        goto no_place;
    count_slab(heap, slab);
    return slab;
no_place:
    lm_slab_destroy(slab);
no_slab:
    lm_units_give(unit, units);
    return NULL;
}

size_t lm_heap_supply(struct lm_heap *heap, unsigned class, void **out, size_t count)
{
    size_t got = supply_from_bin(heap, class, out, count);
    if (got == 0 && (lm_heap_adopt_slab(heap, class) || lm_heap_add_slab(heap, class) != NULL))
        got = supply_from_bin(heap, class, out, count);
    return got;
}

LM_COLD bool lm_heap_take_over(struct lm_heap *heap, unsigned class, struct lm_heap_control *parked)
{
    struct lm_bin *from = &parked->body->bins[class];
    /* H3: a heap that a fork orphaned still has blocks of its slabs in its magazines. */
    lm_heap_empty_magazine(parked->body, class);
    struct lm_slab *slab = lm_bin_partial(from);
    uint32_t old_place = slab == NULL ? 0 : slab->place;
    if (slab == NULL || !lm_bin_add(&heap->bins[class], slab))
        return false;
    uint32_t place = slab->place;
    slab->place = old_place;
    lm_bin_remove(from, slab);
    slab->place = place;
    forget_slab(parked->body, slab);
    count_slab(heap, slab);
    if (lm_slab_has_guests(slab))
        heap->hosts[class] = LM_HOST_ANY;
    lm_slab_hand_over(slab, lm_heap_id(heap->control));
    return true;
}

void lm_heap_drain(struct lm_heap_control *control)
{
    if (load_relaxed(&control->inbox) == 0)
        return;
    /* partner: the push in lm_heap_deliver */
    uint32_t index = exchange_acquire(&control->inbox, 0u);
    store_relaxed(&control->backlog, 0u);
    while (index != 0) {
        struct lm_remote *node = lm_remote_at(index);
        struct lm_slab *slab = lm_metadata_at(node->slab);
        index = node->next;
        if (lm_unlikely(load_relaxed(&slab->owner) != lm_heap_id(control))) {
            /* The slab was taken over after the stranger had looked. */
            lm_heap_deliver(node);
            continue;
        }
        uint32_t word = lm_remote_word(node, slab);
        /* partner: the or in publish (heap/outbox.c); from here on the node may be pushed again */
        uint64_t mask = exchange_acq_rel(&node->bits, UINT64_C(0));
        put_slots(control->body, slab, word, mask);
    }
}

LM_COLD bool lm_heap_is_free(const void *p, size_t unit)
{
    struct lm_slot slot;
    if (!lm_slab_find(p, unit, &slot))
        return true;
    struct lm_heap_control *control = lm_heap_control_at(load_relaxed(&slot.slab->owner));
    uint64_t free = 0;
    /* A lost heap's lock is held for ever. */
    if (load_relaxed(&control->state) != LM_HEAP_LOST) {
        lm_lock_take(&control->lock);
        free = slot.slab->free[slot.word];
        lm_lock_give(&control->lock);
        lm_heap_settle(control);
    }
    return ((free | load_relaxed(&lm_slab_remote(slot.slab, slot.word)->bits)) & slot.bit) != 0;
}

void lm_heap_verify_class(const struct lm_heap *heap, unsigned class)
{
    if (lm_checked)
        lm_bin_verify(&heap->bins[class], class, lm_heap_id(heap->control));
}

void lm_heap_verify(const struct lm_heap_control *control)
{
    if (!lm_checked || control->is_dormant)
        return;
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        lm_heap_verify_class(control->body, class);
}
