/* SPDX-License-Identifier: MIT
 *
 * heap/magazine.c - the slow halves of malloc and free: an empty magazine is refilled, a full one
 * gives its older half back; magazines that ask often grow, idle ones shrink, and what nobody takes from them goes back.
 */
#include "heap/bin.h"
#include "heap/commons.h"
#include "heap/huge.h"
#include "heap/owner.h"
#include "heap/stock.h"

#include "base/options.h"
#include "os/fatal.h"
#include "os/os.h"

#include <string.h>

/* Slots for so many bytes: one less than a power of two, at least one, at most `most`. */
static uint32_t capacity_limit(unsigned class, size_t payload, size_t most)
{
    if (!lm_options.magazines)
        return 0;
    size_t slots = lm_max(payload / lm_class_table[lm_class_upper(class)].size, 1);
    return (uint32_t)(lm_power_of_two_above(lm_min(slots, most) + 2) / 2 - 1);
}

static size_t array_size(uint32_t capacity)
{
    return (capacity + 1) * sizeof(void *);
}

/* What one slow path moves: a program that takes and gives the same batch again and again settles inside. */
static uint32_t half_of(const struct lm_magazine *magazine)
{
    return (magazine->capacity + 1u) / 2;
}

/* A batch that nearly fills the magazine would be flushed and refilled for ever, if there is more in circulation than
 * fits. So what refills bring after a flush is a little less than that took, and then a little at a time, for a while:
 * if the batch can settle, no more is left over than fits. */
static uint32_t refill_size(struct lm_heap *heap, unsigned class)
{
    uint32_t half = half_of(&heap->magazines[class]);
    uint32_t step = half / LM_MAGAZINE_SETTLE;
    struct lm_magazine_look *look = &heap->looks[class];
    if (lm_likely(!look->has_swung) || step == 0)
        return half;
    if (look->drawn < half - step)
        return half - step - look->drawn;
    if (look->drawn < half + LM_MAGAZINE_STEPS * step)
        return step;
    look->has_swung = false;
    return half;
}

/* A flush behind a refill, and what refills bring after that. */
static void note_flush(struct lm_heap *heap, unsigned class)
{
    heap->looks[class].has_swung = heap->magazines[class].flushes == 1;
    heap->looks[class].drawn = 0;
}

/* The magazine holds `count` blocks in `slots` now. */
static void install(struct lm_magazine *magazine, void **slots, uint32_t capacity, size_t count)
{
    magazine->capacity = (uint16_t)capacity;
    magazine->end = slots + capacity;
    lm_magazine_set_count(magazine, count);
}

static uint32_t first_capacity(unsigned class)
{
    return capacity_limit(class, LM_MAGAZINE_FIRST_PAYLOAD, LM_MAGAZINE_FIRST);
}

void lm_heap_init_magazines(struct lm_heap *heap)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        heap->magazines[class].share = lm_commons_share(heap, class);
        heap->magazines[class].guests = lm_heap_first_guests(heap, class);
        /* Whoever does without magazines wants every pointer proved. */
        if (!lm_options.magazines)
            heap->hosts[class] = LM_HOST_ANY;
    }
    heap->sweep.bound = LM_SWEEP_LEAST;
}

/* Before it is filled or flushed. */
static void open_magazine(struct lm_heap *heap, unsigned class)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    if (lm_likely(magazine->capacity != 0) || !lm_options.magazines)
        return;
    magazine->first = (uint8_t)heap->opened++;
    install(magazine, heap->first_slots[magazine->first], first_capacity(class), 0);
}

/* Moves the blocks, which fit, into an array of another capacity. */
static bool resize(struct lm_heap *heap, unsigned class, uint32_t capacity)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    uint32_t count = lm_magazine_count(magazine);
    uint32_t old_capacity = magazine->capacity;
    void **old = lm_magazine_begin_change(magazine);
    void **slots = heap->first_slots[magazine->first];
    if (capacity > LM_MAGAZINE_FIRST)
        slots = lm_metadata_take_unset(array_size(capacity));
    if (slots == NULL)
        return false;
    memmove(slots + 1, old + 1, count * sizeof *slots);
    slots[0] = NULL;
    install(magazine, slots, capacity, count);
    if (old_capacity > LM_MAGAZINE_FIRST)
        lm_metadata_give(old, array_size(old_capacity));
    size_t size = lm_class_table[class].size;
    heap->magazine_size += capacity * size;
    heap->magazine_size -= old_capacity * size;
    return true;
}

/* Blocks that are taken soon after a flush prove that a larger magazine would have kept them. */
static size_t budget_of(const struct lm_heap *heap, bool is_proven)
{
    size_t share = is_proven ? LM_MAGAZINE_SHARE_PROVEN : LM_MAGAZINE_SHARE;
    return (LM_MAGAZINE_BUDGET + lm_heap_held(heap) / share) >> load_relaxed(&lm_memory_is_tight);
}

static bool is_mostly_free(const struct lm_heap *heap)
{
    return heap->sweep.used_size <= heap->sweep.slab_size / LM_DRAIN_USED;
}

/* The same for a magazine that is flushed: if it drains and most slots are free, what is used counts, not
 * the slabs that the magazines' blocks keep. */
static size_t flush_budget(const struct lm_heap *heap, unsigned class, bool is_proven)
{
    size_t budget = budget_of(heap, is_proven);
    if (lm_likely(heap->magazines[class].flushes < LM_DRAIN_FLUSHES) || !is_mostly_free(heap))
        return budget;
    return lm_min(budget, LM_DRAIN_BUDGET + heap->sweep.used_size / LM_DRAIN_SHARE);
}

/* Should this magazine shrink? In a small heap not the one that is flushed most often, if others hold
 * nearly all. */
static bool is_over_budget(const struct lm_heap *heap, unsigned class)
{
    const struct lm_magazine *magazine = &heap->magazines[class];
    size_t size = magazine->capacity * (size_t)lm_class_table[class].size;
    if (heap->magazine_size <= flush_budget(heap, class, magazine->flushes < LM_EBB_FLUSHES))
        return false;
    return size >= heap->magazine_size / LM_MAGAZINE_NOTABLE ||
           lm_heap_held(heap) > LM_MAGAZINE_MATTERS;
}

/* It grows again, soon after it shrank. */
static void regret_shrinking(struct lm_magazine_look *look)
{
    if (look->trial != 0 && look->patience < LM_MAGAZINE_PATIENCE_MOST)
        look->patience++;
    look->trial = 0;
}

/* A magazine that asks often doubles, if all of them then hold no more than `budget`. */
static void grow_under_pressure(struct lm_heap *heap, unsigned class, bool is_proven, size_t budget)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    if (magazine->pressure < UINT8_MAX)
        magazine->pressure++;
    if (magazine->pressure < LM_MAGAZINE_PATIENCE)
        return;
    size_t payload = is_proven ? LM_MAGAZINE_PAYLOAD_PROVEN : LM_MAGAZINE_PAYLOAD;
    uint32_t most = capacity_limit(class, payload, LM_MAGAZINE_MOST);
    if (magazine->capacity >= most)
        return;
    uint32_t capacity = (uint32_t)lm_min(2u * magazine->capacity + 1, most);
    size_t added = (capacity - magazine->capacity) * (size_t)lm_class_table[class].size;
    if (heap->magazine_size + added > budget)
        return;
    magazine->pressure = 0;
    resize(heap, class, capacity);
    regret_shrinking(&heap->looks[class]);
}

/* Frees the `count` oldest blocks. */
static void release_oldest(struct lm_heap *heap, unsigned class, uint32_t count)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    void **slots = lm_magazine_begin_change(magazine);
    uint32_t left = lm_magazine_count(magazine) - count;
    lm_heap_release(heap, class, slots + 1, count);
    memmove(slots + 1, slots + 1 + count, left * sizeof *slots);
    lm_magazine_set_count(magazine, left);
}

void lm_heap_empty_magazine(struct lm_heap *heap, unsigned class)
{
    lm_magazine_lift_veil(&heap->magazines[class]);
    uint32_t count = lm_magazine_count(&heap->magazines[class]);
    if (count != 0)
        release_oldest(heap, class, count);
}

LM_COLD void lm_heap_empty_magazines(struct lm_heap *heap)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        if (heap->magazines[class].capacity == 0)
            continue;
        lm_heap_empty_magazine(heap, class);
        if (heap->magazines[class].capacity > first_capacity(class))
            resize(heap, class, first_capacity(class));
        heap->magazines[class].pressure = 0;
        heap->magazines[class].share = lm_commons_share(heap, class);
    }
}

static void shrink(struct lm_heap *heap, unsigned class)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    lm_magazine_lift_veil(magazine);
    uint32_t capacity = (uint32_t)lm_max(magazine->capacity / 2, first_capacity(class));
    uint32_t count = lm_magazine_count(magazine);
    if (count > capacity / 2)
        release_oldest(heap, class, count - capacity / 2);
    if (capacity < magazine->capacity)
        resize(heap, class, capacity);
}

/* An early epoch. A magazine that fits looks idle, too, so one that should not have shrunk waits longer the next time. */
static bool has_lost_patience(struct lm_magazine_look *look, bool is_idle)
{
    if (look->trial != 0 && --look->trial == 0 && look->patience != 0)
        look->patience--;
    look->idle = is_idle ? (uint8_t)(look->idle + 1) : 0;
    if (look->idle < 1u << look->patience)
        return false;
    look->idle = 0;
    if (look->trial == 0)
        look->trial = LM_MAGAZINE_TRIAL;
    return true;
}

/* Once per epoch, which ends early in a busy thread: a magazine that no slow path asked for since loses half. */
static void shrink_idle(struct lm_heap *heap, bool with_patience)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        struct lm_magazine *magazine = &heap->magazines[class];
        if (magazine->capacity == 0)
            continue;
        bool is_idle = magazine->pressure == 0;
        magazine->pressure = 0;
        if (with_patience ? has_lost_patience(&heap->looks[class], is_idle) : is_idle)
            shrink(heap, class);
    }
}

static uint16_t hash_of(const void *block)
{
    uintptr_t quanta = (uintptr_t)block >> LM_QUANTUM_LOG2;
    return (uint16_t)(quanta ^ quanta >> 16);
}

/* If the block that was the newest at the last look lies where it lay, none of those below it was taken
 * since. */
static bool is_untouched(const struct lm_heap *heap, unsigned class)
{
    const struct lm_magazine_look *look = &heap->looks[class];
    const struct lm_magazine *magazine = &heap->magazines[class];
    uint32_t count = lm_magazine_count(magazine);
    if (look->count == 0 || look->count > count)
        return false;
    bool is_newest = look->count == count;
    const void *block = is_newest ? magazine->newest : lm_magazine_slots(magazine)[look->count];
    return look->newest == hash_of(block);
}

/* Every few slow paths: what nobody took from a magazine goes back to its slabs, where each of the
 * blocks may be the one that keeps a page. */
static void release_untouched(struct lm_heap *heap)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        struct lm_magazine_look *look = &heap->looks[class];
        lm_magazine_lift_veil(&heap->magazines[class]);
        if (is_untouched(heap, class))
            release_oldest(heap, class, look->count);
        uint32_t count = lm_magazine_count(&heap->magazines[class]);
        if (count == 0 && look->count == 0)
            continue;
        look->count = (uint16_t)count;
        look->newest = hash_of(heap->magazines[class].newest);
    }
}

/* The beginning of every slow path: the lock, the clock, the mail. Result: the time in milliseconds. */
static uint64_t enter(struct lm_heap *heap, unsigned class)
{
    lm_lock_take(&heap->control->lock);
    lm_heap_verify_class(heap, class);
    bool is_asked_for = lm_magazine_is_at_a_veil(&heap->magazines[class]);
    lm_magazine_lift_veil(&heap->magazines[class]);
    lm_outbox_flush(heap);
    lm_heap_drain(heap->control);
    uint64_t now_ms = lm_os_clock_ms();
    /* By what these count, a slow path that was asked for is a hit. */
    if (!is_asked_for && ++heap->slow_paths % LM_LOOK_SLOW_PATHS == 0)
        release_untouched(heap);
    bool is_early = now_ms - heap->last_epoch < LM_DEMAND_WINDOW_MS;
    if (!is_early)
        lm_heap_judge_ebb(heap);
    if (heap->slow_paths >= LM_EPOCH_SLOW_PATHS || !is_early) {
        heap->slow_paths = 0;
        heap->last_epoch = now_ms;
        shrink_idle(heap, is_early && !is_mostly_free(heap));
        lm_heap_judge_sweep(heap, now_ms);
        lm_heap_give_near(heap);
        lm_stock_age(heap);
        lm_huge_tick(now_ms);
    }
    lm_heap_sweep_some(heap);
    lm_units_tick(now_ms);
    return now_ms;
}

static void leave(struct lm_heap *heap, unsigned class, uint64_t now_ms)
{
    lm_heap_close_for_a_free(heap, now_ms);
    lm_heap_verify_class(heap, class);
    lm_lock_give(&heap->control->lock);
}

/* It has a share of the commons left, and no slab of its own has room. */
static bool is_cold(struct lm_heap *heap, unsigned class)
{
    return heap->magazines[class].share != 0 &&
           (heap->control->slab_count == 0 || lm_bin_partial(&heap->bins[class]) == NULL);
}

/* `got` of the `wanted` blocks were put behind them; the lowest address comes on top. */
static void *settle_refill(struct lm_magazine *magazine, size_t wanted, size_t got)
{
    void **slots = lm_magazine_slots(magazine);
    if (got == 0)
        return NULL;
    if (got < wanted)
        memmove(slots + 1, slots + 1 + wanted - got, got * sizeof *slots);
    lm_magazine_set_count(magazine, got - 1);
    return slots[got];
}

/* All slabs begin on the same set of a cache, and a class of which one block is used at a time would use that
 * block for ever: so another one of the first batch comes on top, by class (decision 051). */
static void *first_of_class(struct lm_magazine *magazine, unsigned class, void *lowest)
{
    uint32_t count = lm_magazine_count(magazine);
    size_t in_page = ((size_t)1 << lm_os.page_log2) / lm_class_table[class].size;
    uint32_t turn = class % (uint32_t)lm_min(count + 1, lm_max(in_page, 1));
    if (turn == 0)
        return lowest;
    void **slots = lm_magazine_begin_change(magazine);
    void *p = slots[count + 1 - turn];
    slots[count + 1 - turn] = lowest;
    lm_magazine_set_count(magazine, count);
    return p;
}

/* Fills half of the magazine at most, so that frees which follow find room. */
static void *refill_magazine(struct lm_heap *heap, unsigned class)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    bool is_first = heap->bins[class].units == 0;
    size_t wanted = refill_size(heap, class);
    size_t got = lm_heap_supply(heap, class, lm_magazine_slots(magazine) + wanted, wanted);
    void *p = settle_refill(magazine, wanted, got);
    heap->looks[class].drawn = (uint16_t)lm_min(heap->looks[class].drawn + got, UINT16_MAX);
    return is_first && p != NULL ? first_of_class(magazine, class, p) : p;
}

static void *refill_from_commons(struct lm_heap *heap, unsigned class)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    open_magazine(heap, class);
    size_t wanted = lm_commons_batch(heap, class);
    size_t got = lm_commons_supply(heap, class, lm_magazine_slots(magazine) + wanted, wanted);
    return settle_refill(magazine, wanted, got);
}

/* Draining the mail or shrinking cannot fill a magazine, so it is still empty. */
static void *refill_from_own(struct lm_heap *heap, unsigned class)
{
    void *p = NULL;
    bool is_proven = heap->magazines[class].flushes != 0;
    open_magazine(heap, class);
    grow_under_pressure(heap, class, is_proven, budget_of(heap, is_proven));
    heap->magazines[class].flushes = 0;
    lm_heap_regret_ebb(heap);
    if (heap->magazines[class].capacity != 0)
        p = refill_magazine(heap, class);
    else
        lm_heap_supply(heap, class, &p, 1);
    return p;
}

/* Where a block may lie. */
enum place { IN_ITS_CLASS, ANYWHERE };

static void *refill(struct lm_heap *heap, unsigned class, enum place place)
{
    uint64_t now_ms = enter(heap, class);
    /* Behind a veil. */
    void *p = lm_heap_take(heap, class);
    if (p == NULL && is_cold(heap, class))
        p = refill_from_commons(heap, class);
    if (p == NULL && place == ANYWHERE)
        p = lm_heap_host(heap, class, now_ms);
    if (p == NULL)
        p = refill_from_own(heap, class);
    leave(heap, class, now_ms);
    return p;
}

LM_NOINLINE void *lm_heap_refill(struct lm_heap *heap, unsigned class)
{
    return refill(heap, class, IN_ITS_CLASS);
}

LM_NOINLINE void *lm_heap_refill_anywhere(struct lm_heap *heap, unsigned class)
{
    return refill(heap, class, ANYWHERE);
}

LM_NOINLINE void lm_heap_flush(struct lm_heap *heap, unsigned class, void *p)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    if (lm_unlikely(magazine->newest == p))
        lm_fatal("free", LM_DOUBLE_FREE, p);
    uint64_t now_ms = enter(heap, class);
    open_magazine(heap, class);
    grow_under_pressure(heap, class, false, flush_budget(heap, class, false));
    if (magazine->flushes < UINT8_MAX)
        magazine->flushes++;
    note_flush(heap, class);
    if (is_over_budget(heap, class) || lm_heap_keeps_too_much(heap, class))
        shrink(heap, class);
    if (magazine->capacity == 0) {
        lm_heap_release(heap, class, &p, 1);
    } else {
        if (lm_magazine_count(magazine) == magazine->capacity)
            release_oldest(heap, class, half_of(magazine));
        lm_magazine_give(magazine, p);
    }
    lm_heap_ebb(heap, class);
    leave(heap, class, now_ms);
}
