/* SPDX-License-Identifier: MIT
 *
 * heap/ebb: a thread that frees all it had keeps next to nothing, unless it comes back for more.
 */
#include "unit.h"

#include "heap/bin.h"
#include "heap/owner.h"
#include "observe/snapshot.h"

enum { SIZE = 256, BLOCKS = 8192, OTHERS = 3 };

/* What the heap holds in the end. */
struct kept {
    size_t capacity;
    size_t blocks;
    size_t stock;
    size_t resident;
};

/* Bytes of slots that are not on pages with the kernel. */
static size_t resident_size(const struct lm_heap *heap)
{
    size_t swept = 0;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        uint32_t place = 0;
        const struct lm_slab *slab;
        for (; (slab = lm_bin_next(&heap->bins[class], &place)) != NULL; place++)
            swept += lm_slab_swept_size(slab);
    }
    return heap->sweep.slab_size - swept;
}

static struct kept look(void)
{
    const struct lm_heap *heap = lm_thread.heap;
    unsigned class = lm_class_for(SIZE);
    return (struct kept){heap->magazines[class].capacity, unit_cached(heap, class),
                         heap->stock_units, resident_size(heap)};
}

static void fill_and_drain(int rounds)
{
    void **blocks = malloc(BLOCKS * sizeof *blocks);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = lm_malloc(SIZE);
            memset(blocks[i], 1, SIZE);
        }
        for (int i = 0; i < BLOCKS; i++)
            lm_free(blocks[i]);
    }
    free(blocks);
}

static void *drain_once(void *kept)
{
    fill_and_drain(1);
    *(struct kept *)kept = look();
    return NULL;
}

/* What it has learnt is forgotten by the second: on a busy machine it may take some time. */
static void *drain_often(void *kept)
{
    struct kept *last = kept;
    for (int tries = 0; tries < 100; tries++) {
        fill_and_drain(30);
        *last = look();
        if (last->capacity > LM_MAGAZINE_FIRST)
            break;
    }
    return NULL;
}

static bool a_thread_that_frees_all_keeps_next_to_nothing(void)
{
    struct kept kept[OTHERS];
    void *arguments[OTHERS] = {&kept[0], &kept[1], &kept[2]};
    unit_in_threads(OTHERS, drain_once, arguments);
    for (int i = 0; i < OTHERS; i++) {
        UNIT_CHECK_THAT(kept[i].blocks * SIZE <= 2 * LM_KIB, "%zu blocks", kept[i].blocks);
        UNIT_CHECK_THAT(kept[i].stock == 0, "%zu units in stock", kept[i].stock);
        UNIT_CHECK_THAT(kept[i].resident <= 16 * LM_KIB, "%zu bytes resident", kept[i].resident);
    }
    return true;
}

static bool a_thread_that_comes_back_keeps_its_magazine(void)
{
    struct kept kept;
    void *argument = &kept;
    unit_in_threads(1, drain_often, &argument);
    UNIT_CHECK_THAT(kept.capacity > LM_MAGAZINE_FIRST, "capacity %zu", kept.capacity);
    return true;
}

static bool the_first_thread_keeps_what_makes_it_fast(void)
{
    struct kept kept;
    drain_once(&kept);
    UNIT_CHECK_THAT(kept.capacity > LM_MAGAZINE_FIRST, "capacity %zu", kept.capacity);
    return true;
}

static bool nothing_is_lost(void)
{
    struct lm_snapshot now;
    lm_trim();
    lm_snapshot_take(&now);
    UNIT_CHECK_THAT(now.live == 0 && now.slabs == 0, "%zu bytes live, %zu in slabs", now.live,
                    now.slabs);
    return true;
}

int main(void)
{
    unit_start();
    lm_free(lm_malloc(1));
    UNIT_TRUTH(a_thread_that_frees_all_keeps_next_to_nothing);
    UNIT_TRUTH(a_thread_that_comes_back_keeps_its_magazine);
    UNIT_TRUTH(the_first_thread_keeps_what_makes_it_fast);
    UNIT_TRUTH(nothing_is_lost);
    return tap_done();
}
