/* SPDX-License-Identifier: MIT
 *
 * space/metadata.c - see space/metadata.h.
 *
 * A bump pointer and one free list per size: multiples of 64 bytes up to 1 KiB, then powers of two.
 * A free block's first word links it. Each list changes by the store of one word, so a fork in
 * between loses at most a block.
 */
#include "space/metadata.h"

#include "base/bits.h"
#include "os/lock.h"
#include "os/os.h"

#include <string.h>

enum {
    LINE = 1 << LM_METADATA_LOG2,
    FINE_MOST = 1024,
    FINE_LISTS = FINE_MOST / LINE,
    COARSE_LISTS = 20,
};

struct lm_metadata lm_metadata;

static struct {
    struct lm_lock lock;
    /* [l] */
    struct lm_area area;
    /* [l] bytes handed out from the low end */
    size_t used;
    /* [l] lists of free blocks, linked by their first word */
    void *fine[FINE_LISTS + 1];
    void *coarse[COARSE_LISTS + 1];
} state;

bool lm_metadata_init(const struct lm_area *area)
{
    state.area = *area;
    lm_metadata.base = area->base;
    /* Index 0 stands for "none". */
    state.used = LINE;
    return lm_area_extend(&state.area, LINE);
}

static size_t rounded_size(size_t size)
{
    return size <= FINE_MOST ? lm_round_up(size, LINE) : lm_power_of_two_above(size);
}

static void **list_for(size_t rounded)
{
    if (rounded <= FINE_MOST)
        return &state.fine[rounded / LINE];
    return &state.coarse[lm_bits_highest(rounded) - lm_bits_highest(FINE_MOST)];
}

static void *bump(size_t rounded)
{
    size_t alignment = rounded >= lm_os.page_size ? lm_os.page_size : LINE;
    size_t start = lm_round_up(state.used, alignment);
    if (!lm_area_extend(&state.area, start + rounded))
        return NULL;
    state.used = start + rounded;
    return state.area.base + start;
}

void *lm_metadata_take(size_t size)
{
    if (size > LM_METADATA_MOST)
        return NULL;
    size_t rounded = rounded_size(size);
    lm_lock_take(&state.lock);
    void **list = list_for(rounded);
    void *block = *list;
    bool is_reused = block != NULL;
    if (is_reused)
        *list = *(void **)block;
    else
        block = bump(rounded);
    lm_lock_give(&state.lock);
    if (is_reused)
        memset(block, 0, size);
    return block;
}

void lm_metadata_give(void *block, size_t size)
{
    lm_lock_take(&state.lock);
    void **list = list_for(rounded_size(size));
    *(void **)block = *list;
    *list = block;
    lm_lock_give(&state.lock);
}

size_t lm_metadata_size(void)
{
    return state.area.committed;
}

void lm_metadata_after_fork(void)
{
    lm_lock_reset(&state.lock);
}
