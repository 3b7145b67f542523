/* SPDX-License-Identifier: MIT
 * Counting steps; see tally.h. */
#include "trace/tally.h"

#include <string.h>

void fb_tally_open(struct fb_tally *tally)
{
    memset(tally, 0, sizeof *tally);
    fb_quiet_array_open(&tally->threads, "thread counts", sizeof(struct fb_tally_thread));
}

void fb_tally_close(struct fb_tally *tally)
{
    fb_quiet_array_close(&tally->threads);
}

const char *fb_kind_name(enum fb_kind kind)
{
    static const char *const names[FB_KIND_COUNT] = {"malloc", "calloc", "aligned", "realloc",
                                                     "free",   "birth",  "death",   "failed",
                                                     "",       "",       "fork"};
    return names[kind];
}

static unsigned bucket_of(uint64_t value)
{
    unsigned bucket = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
    return bucket < FB_TALLY_BUCKETS ? bucket : FB_TALLY_BUCKETS - 1;
}

static void add_acquired(struct fb_tally *tally, const struct fb_step *step,
                         struct fb_tally_thread *thread)
{
    tally->sizes[bucket_of(step->size)]++;
    tally->size_bytes[bucket_of(step->size)] += step->size;
    tally->acquired_size += step->size;
    thread->acquired_size += step->size;
    tally->live_size += step->size;
    tally->live_blocks++;
    if (tally->live_blocks > tally->peak_blocks)
        tally->peak_blocks = tally->live_blocks;
    if (tally->live_size > tally->peak_size) {
        tally->peak_size = tally->live_size;
        tally->peak_step = tally->steps;
    }
}

static void add_released(struct fb_tally *tally, const struct fb_step *step)
{
    tally->live_size -= step->old_size;
    tally->live_blocks--;
    tally->life_steps[bucket_of(tally->steps - step->acquired_step)]++;
    if (step->stamp >= step->acquired_stamp)
        tally->life_stamps[bucket_of(step->stamp - step->acquired_stamp)]++;
    if (step->acquirer != step->thread && !step->is_synthetic)
        tally->cross_thread++;
}

void fb_tally_add(struct fb_tally *tally, const struct fb_step *step)
{
    while (tally->threads.count <= step->thread)
        fb_quiet_array_push(&tally->threads);
    struct fb_tally_thread *thread = (struct fb_tally_thread *)tally->threads.data + step->thread;
    thread->steps++;
    tally->kinds[step->kind]++;
    tally->moved += step->has_moved;
    tally->synthetic += step->is_synthetic;
    if (tally->steps == 0)
        tally->first_stamp = step->stamp;
    tally->last_stamp = step->stamp;
    if (step->kind == FB_KIND_FREE || step->kind == FB_KIND_REALLOC)
        add_released(tally, step);
    if (step->kind <= FB_KIND_REALLOC)
        add_acquired(tally, step, thread);
    tally->steps++;
}
