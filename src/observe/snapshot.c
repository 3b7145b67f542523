/* SPDX-License-Identifier: MIT
 *
 * observe/snapshot.c - see observe/snapshot.h.
 */
#include "observe/snapshot.h"

#include "core/core.h"
#include "heap/bin.h"
#include "heap/huge.h"
#include "heap/owner.h"
#include "heap/registry.h"
#include "heap/stock.h"
#include "space/large.h"

#include <string.h>

static void count_class(struct lm_class_count *count, const struct lm_heap *heap, unsigned class)
{
    uint32_t place = 0;
    const struct lm_slab *slab;
    for (; (slab = lm_bin_next(&heap->bins[class], &place)) != NULL; place++) {
        count->slabs++;
        count->slots += slab->slots;
        count->used += slab->used;
        count->size += (size_t)slab->units << lm_unit_log2;
    }
    /* The owner may take and give meanwhile; its magazine's array stays, it changes under the lock.
     */
    count->cached += lm_magazine_count(&heap->magazines[class]);
}

static void count_heap(struct lm_snapshot *snapshot, struct lm_heap_control *control)
{
    lm_lock_take(&control->lock);
    uint32_t state = load_relaxed(&control->state);
    if (state == LM_HEAP_LIVE || state == LM_HEAP_PARKED)
        snapshot->heaps++;
    if (state == LM_HEAP_PARKED)
        snapshot->parked_heaps++;
    if (!control->is_dormant) {
        size_t kept = control->body->stock_units + lm_heap_near_units(control->body);
        snapshot->dirty += kept << lm_unit_log2;
        for (unsigned class = 0; class < LM_CLASSES; class ++)
            count_class(&snapshot->classes[class], control->body, class);
    }
    lm_lock_give(&control->lock);
    lm_heap_settle(control);
}

void lm_snapshot_take(struct lm_snapshot *snapshot)
{
    memset(snapshot, 0, sizeof *snapshot);
    if (!lm_core_init())
        return;
    struct lm_heap_control *control = NULL;
    while ((control = lm_heap_next(control)) != NULL)
        if (load_relaxed(&control->state) != LM_HEAP_LOST)
            count_heap(snapshot, control);
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        const struct lm_class_count *count = &snapshot->classes[class];
        if (count->slabs == 0)
            continue;
        size_t size = lm_class_table[class].size;
        size_t cached = lm_min(count->cached, count->used);
        snapshot->slabs += count->size;
        snapshot->cached += cached * size;
        snapshot->live += (count->used - cached) * size;
    }
    struct lm_units_totals units = lm_units_totals();
    snapshot->large = lm_large_units() << lm_unit_log2;
    snapshot->huge = lm_huge_total();
    snapshot->live += snapshot->large + snapshot->huge;
    snapshot->dirty += (units.dirty << lm_unit_log2) + lm_huge_warm_size();
    snapshot->metadata = lm_metadata_size() + units.committed * 2 * sizeof(uint32_t);
    snapshot->committed = (units.committed << lm_unit_log2) + snapshot->huge + snapshot->metadata;
    snapshot->reserved = lm_window.reserved;
}
