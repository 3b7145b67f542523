/* SPDX-License-Identifier: MIT
 *
 * heap/stock.c - see heap/stock.h.
 */
#include "heap/stock.h"

#include "heap/owner.h"
#include "os/os.h"

static void tag_run(size_t first, size_t count, uint32_t tag)
{
    /* relaxed: only a pointer freed twice leads here, and it gets the same answer from either tag */
    for (size_t unit = first; unit < first + count; unit++)
        store_relaxed(&lm_window.map[unit], tag);
}

size_t lm_stock_take(struct lm_heap *heap, size_t count)
{
    struct lm_stock *stock = &heap->stock;
    if (heap->stock_units == 0 || count > LM_STOCK_LONGEST || stock->counts[count - 1] == 0)
        return LM_NO_UNIT;
    uint8_t left = --stock->counts[count - 1];
    if (left < stock->idle[count - 1])
        stock->idle[count - 1] = left;
    heap->stock_units -= (uint32_t)count;
    size_t first = stock->runs[count - 1][left];
    tag_run(first, count, LM_TAG_FREE);
    return first;
}

/* Units, beside the least. */
static size_t share_of_slabs(const struct lm_heap *heap)
{
    return (lm_heap_held(heap) >> lm_unit_log2) / LM_STOCK_SHARE;
}

bool lm_stock_put(struct lm_heap *heap, size_t first, size_t count)
{
    struct lm_stock *stock = &heap->stock;
    size_t most = LM_STOCK_LEAST + share_of_slabs(heap);
    if (count > LM_STOCK_LONGEST || stock->counts[count - 1] == LM_STOCK_DEPTH ||
        heap->stock_units + count > most || !lm_options.magazines ||
        load_relaxed(&lm_memory_is_tight) || load_relaxed(&heap->control->state) != LM_HEAP_LIVE)
        return false;
    tag_run(first, count, LM_TAG_KEPT);
    stock->runs[count - 1][stock->counts[count - 1]++] = (uint32_t)first;
    heap->stock_units += (uint32_t)count;
    return true;
}

/* Gives back the `number` runs of a length that were put first. */
static void give_back(struct lm_heap *heap, size_t count, size_t number)
{
    struct lm_stock *stock = &heap->stock;
    uint32_t *runs = stock->runs[count - 1];
    for (size_t i = 0; i < number; i++) {
        tag_run(runs[i], count, LM_TAG_FREE);
        lm_units_give(runs[i], count);
    }
    stock->counts[count - 1] = (uint8_t)(stock->counts[count - 1] - number);
    for (size_t i = 0; i < stock->counts[count - 1]; i++)
        runs[i] = runs[i + number];
    heap->stock_units -= (uint32_t)(number * count);
}

void lm_stock_empty(struct lm_heap *heap)
{
    struct lm_stock *stock = &heap->stock;
    for (size_t count = 1; count <= LM_STOCK_LONGEST && heap->stock_units != 0; count++) {
        give_back(heap, count, stock->counts[count - 1]);
        stock->idle[count - 1] = 0;
    }
}

void lm_stock_age(struct lm_heap *heap)
{
    struct lm_stock *stock = &heap->stock;
    /* Nothing to look at either, which matters to threads that have not used the page. */
    if (heap->stock_units == 0)
        return;
    for (size_t count = 1; count <= LM_STOCK_LONGEST; count++) {
        give_back(heap, count, stock->idle[count - 1]);
        stock->idle[count - 1] = stock->counts[count - 1];
    }
}

/* First unit and length in one word, so that a fork's child finds both or none. */
static uint64_t near_run(size_t first, size_t count)
{
    return first << 8 | count;
}

static uint64_t take_near(struct lm_heap *heap, size_t at)
{
    uint64_t run = load_relaxed(&heap->near[at]);
    store_relaxed(&heap->near[at], 0);
    if (run != 0)
        tag_run(run >> 8, 1, LM_TAG_FREE);
    return run;
}

void lm_heap_give_near(struct lm_heap *heap)
{
    /* Then there is none, and nothing to write to a page that the thread may not have used. */
    if (heap->near_most == 0)
        return;
    for (size_t at = 0; at < LM_NEAR_RUNS; at++) {
        uint64_t run = take_near(heap, at);
        if (run != 0)
            lm_units_give(run >> 8, run & UINT8_MAX);
    }
    /* Last, so that a fork's child finds it while there are any; the next put will count anew. */
    keep_order_for_fork();
    heap->near_most = 0;
}

size_t lm_heap_take_run(struct lm_heap *heap, size_t count)
{
    if (heap == lm_heap_nobodys() || count > LM_STOCK_LONGEST)
        return LM_NO_UNIT;
    size_t runs = heap->near_most == 0 ? 0 : LM_NEAR_RUNS;
    for (size_t at = 0; at < runs; at++)
        if ((load_relaxed(&heap->near[at]) & UINT8_MAX) == count)
            return take_near(heap, at) >> 8;
    lm_lock_take(&heap->control->lock);
    size_t first = lm_stock_take(heap, count);
    lm_lock_give(&heap->control->lock);
    return first;
}

/* Puts the run where there is room for it, within the bound. */
static bool put_near(struct lm_heap *heap, size_t first, size_t count)
{
    size_t units = lm_heap_near_units(heap) + count;
    for (size_t at = 0; at < LM_NEAR_RUNS && units <= heap->near_most; at++) {
        if (load_relaxed(&heap->near[at]) != 0)
            continue;
        tag_run(first, 1, LM_TAG_KEPT);
        store_relaxed(&heap->near[at], near_run(first, count));
        return true;
    }
    return false;
}

/* The next one goes to the stock, or else to the pool. */
static void pass_on(struct lm_heap *heap)
{
    uint64_t run = take_near(heap, heap->near_turn++ % LM_NEAR_RUNS);
    if (run != 0 && !lm_stock_put(heap, run >> 8, run & UINT8_MAX))
        lm_units_give(run >> 8, run & UINT8_MAX);
}

bool lm_heap_put_run(struct lm_heap *heap, size_t first, size_t count)
{
    if (heap == lm_heap_nobodys() || count > LM_STOCK_LONGEST || !lm_options.magazines ||
        load_relaxed(&lm_memory_is_tight))
        return false;
    if (lm_likely(put_near(heap, first, count)))
        return true;
    lm_lock_take(&heap->control->lock);
    heap->near_most = (uint32_t)(LM_NEAR_LEAST + share_of_slabs(heap));
    while (!put_near(heap, first, count))
        pass_on(heap);
    lm_lock_give(&heap->control->lock);
    lm_units_tick(lm_os_clock_ms());
    return true;
}
