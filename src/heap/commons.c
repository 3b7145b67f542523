/* SPDX-License-Identifier: MIT
 *
 * heap/commons.c - see heap/commons.h.
 *
 * A commons is a heap like others whose magazines stay empty. Whoever needs it tries its lock, with
 * the lock of its own heap held or not, and passes on if that fails: to the next commons, to slabs
 * of its own, or, when it frees, to the inbox.
 */
#include "heap/commons.h"

#include "heap/bin.h"
#include "heap/owner.h"
#include "os/fatal.h"
#include "os/os.h"

/* Whole blocks in so many bytes; a multiplication. */
static uint32_t blocks_in(unsigned class, uint32_t bytes)
{
    uint32_t count;
    lm_class_slot_at(class, bytes, &count);
    return count;
}

uint8_t lm_commons_share(const struct lm_heap *heap, unsigned class)
{
    unsigned upper = lm_class_upper(class);
    if (lm_heap_is_first(heap) || !lm_options.magazines ||
        lm_class_table[upper].size > LM_SHARE_SIZE_MOST)
        return 0;
    return (uint8_t)lm_min(lm_max(blocks_in(upper, LM_SHARE_BYTES), 1), LM_SHARE_MOST);
}

size_t lm_commons_batch(struct lm_heap *heap, unsigned class)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    uint32_t size = lm_class_table[class].size;
    /* Slots that end where a cache line does: such batches share no lines with others. */
    unsigned line = 6 - (unsigned)lm_min(lm_bits_lowest(size), 6);
    size_t wanted = blocks_in(class, LM_SHARE_BATCH_BYTES);
    /* The second time round it will go on. */
    if (magazine->pressure != 0 && size <= LM_SHARE_BYTES / 4)
        wanted = lm_max(wanted, 2);
    magazine->pressure = 1;
    wanted = lm_min((wanted + (1u << line) - 1) >> line, (size_t)magazine->capacity >> line);
    return lm_max(wanted << line, 1);
}

/* Its lock is held. */
static bool is_awake(struct lm_heap_control *control)
{
    if (lm_likely(load_relaxed(&control->state) == LM_HEAP_COMMON))
        return true;
    if (load_relaxed(&control->state) != LM_HEAP_UNBORN)
        return false;
    control->body = lm_metadata_take(sizeof *control->body);
    if (control->body == NULL)
        return false;
    lm_heap_wake_body(control);
    store_relaxed(&control->state, LM_HEAP_COMMON);
    return true;
}

/* What the owner of another heap does on its slow paths. */
static void tend(struct lm_heap_control *control)
{
    struct lm_heap *commons = control->body;
    lm_heap_drain(control);
    commons->slow_paths++;
    if (commons->slow_paths >= LM_EPOCH_SLOW_PATHS) {
        commons->slow_paths = 0;
        lm_heap_judge_sweep(commons, lm_os_clock_ms());
    }
    lm_heap_sweep_some(commons);
}

/* The first commons that nobody is busy with, else the one that `number` names; NULL if that was lost
 * in a fork. Waiting is right: a commons' lock comes after those of other heaps. */
static struct lm_heap_control *lock_one(uint32_t number)
{
    struct lm_heap_control *control = NULL;
    for (uint32_t id = 1; id <= LM_COMMONS; id++) {
        control = lm_heap_control_at(id);
        if (load_relaxed(&control->state) != LM_HEAP_LOST && lm_lock_try(&control->lock))
            return control;
    }
    control = lm_heap_control_at(1 + number % LM_COMMONS);
    if (load_relaxed(&control->state) == LM_HEAP_LOST)
        return NULL;
    lm_lock_take(&control->lock);
    return control;
}

size_t lm_commons_supply(struct lm_heap *heap, unsigned class, void **out, size_t count)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    struct lm_heap_control *control = lock_one(lm_heap_id(heap->control));
    size_t got = 0;
    if (control == NULL)
        return 0;
    if (is_awake(control)) {
        tend(control);
        got = lm_heap_supply(control->body, class, out, count);
        lm_heap_verify_class(control->body, class);
    }
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
    magazine->share = (uint8_t)(magazine->share - lm_min(got, magazine->share));
    return got;
}

void lm_commons_give(void **blocks, size_t count)
{
    uint32_t tag = lm_unit_tag(lm_unit_of(blocks[0]));
    struct lm_heap_control *control = lm_heap_control_at(lm_tag_owner(tag));
    if (load_relaxed(&control->state) != LM_HEAP_COMMON || !lm_lock_try(&control->lock)) {
        for (size_t i = 0; i < count; i++)
            lm_heap_free_remote(lm_heap_nobodys(), blocks[i], lm_unit_of(blocks[i]));
        return;
    }
    uint32_t slabs = control->slab_count;
    lm_heap_release(control->body, tag & LM_TAG_CLASS_MASK, blocks, count);
    bool is_memory_free = control->slab_count < slabs;
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
    if (is_memory_free)
        lm_units_tick(lm_os_clock_ms());
}

/* A magazine keeps little, as nobody else can use what an idle thread holds back. */
static bool keep(struct lm_heap *heap, unsigned class, void *p)
{
    struct lm_magazine *magazine = &heap->magazines[class];
    size_t kept = (lm_magazine_count(magazine) + 1) * (size_t)lm_class_table[class].size;
    if (magazine->share == 0 || kept > LM_SHARE_BATCH_BYTES)
        return false;
    if (lm_unlikely(magazine->newest == p))
        lm_fatal("free", LM_DOUBLE_FREE, p);
    magazine->share--;
    return lm_magazine_give(magazine, p);
}

/* An idle thread's outbox would pin so large a block, and its neighbours. There is one first thread. */
static bool pins_much(const struct lm_heap *heap, unsigned class)
{
    uint32_t least = lm_heap_is_first(heap) ? LM_SHARE_BYTES / 4 : LM_SHARE_BATCH_BYTES;
    return lm_class_table[class].size >= least;
}

void lm_commons_free(struct lm_heap *heap, void *p, size_t unit)
{
    unsigned class = lm_unit_tag(unit) & LM_TAG_CLASS_MASK;
    if (heap == lm_heap_nobodys() || (heap->magazines[class].share == 0 && !pins_much(heap, class)))
        lm_heap_free_remote(heap, p, unit);
    else if (!keep(heap, class, p))
        lm_commons_give(&p, 1);
}
