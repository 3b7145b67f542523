/* SPDX-License-Identifier: MIT
 * Large blocks: how many of their pages the program has touched, told at the release.
 * Owns the filter that says at a free, without looking at the block, that it is not large: a look
 * at every block's size is a cache miss of its own, and half the cost of recording. */
#include "trace/recorder/recorder.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    BUCKETS_LOG2 = 12,
    PAGES_LOG2 = 12,
    MINCORE_STEP = 4096,
    /* Below it, no allocator rounds up to FB_TOUCHED_FROM but by doubling; such a block is only
     * recorded without its pages. */
    LOOK_FROM = FB_TOUCHED_FROM / 4 * 3,
};

/* How many large blocks start at addresses of each hash. */
static _Atomic uint16_t buckets[1 << BUCKETS_LOG2];

static _Atomic uint16_t *bucket_of(const void *block)
{
    uint64_t hash = ((uintptr_t)block >> PAGES_LOG2) * 0x9e3779b97f4a7c15u;
    return &buckets[hash >> (64 - BUCKETS_LOG2)];
}

void fb_large_add(void *block, size_t size)
{
    if (size >= LOOK_FROM && fb_real_usable_size(block) >= FB_TOUCHED_FROM)
        atomic_fetch_add_explicit(bucket_of(block), 1, memory_order_relaxed);
}

/* Resident pages by mincore; unknown when part of the block is not mapped. */
static uint32_t count_resident(void *block, size_t size)
{
    unsigned char resident[MINCORE_STEP];
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t at = (uintptr_t)block & ~(page - 1);
    uintptr_t end = ((uintptr_t)block + size + page - 1) & ~(page - 1);
    uint32_t touched = 0;
    while (at < end) {
        size_t pages = (end - at) / page < MINCORE_STEP ? (end - at) / page : MINCORE_STEP;
        if (mincore((void *)at, pages * page, resident) != 0)
            return FB_TOUCHED_UNKNOWN;
        for (size_t i = 0; i < pages; i++)
            touched += resident[i] & 1u;
        at += pages * page;
    }
    return touched;
}

uint32_t fb_large_release(void *block)
{
    _Atomic uint16_t *bucket = bucket_of(block);
    if (atomic_load_explicit(bucket, memory_order_relaxed) == 0)
        return FB_TOUCHED_UNKNOWN;
    size_t size = fb_real_usable_size(block);
    if (size < FB_TOUCHED_FROM)
        return FB_TOUCHED_UNKNOWN;
    atomic_fetch_sub_explicit(bucket, 1, memory_order_relaxed);
    return count_resident(block, size);
}
