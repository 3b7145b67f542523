/* SPDX-License-Identifier: MIT
 * mixes.c: single-threaded workloads of many blocks whose sizes or lives do not fit each other:
 * drift, sawtooth, pins, lru, pairs, largesmall.
 */
#include "workload/workload.h"
#include "base/quiet.h"

#include <math.h>

/* Drops random blocks until `size` more fit under the limit. */
static void make_room(struct fb_lane *lane, size_t size, uint64_t limit)
{
    while (lane->top != 0 && lane->live_size + size > limit)
        fb_lane_drop_random(lane);
}

void fb_play_drift(struct fb_stage *stage)
{
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    double octaves = log2((double)scale->to / (double)scale->from);
    uint64_t volume = scale->live * scale->rounds, taken = 0, mark_at = volume / 8;
    while (taken < volume) {
        double progress = (double)taken / (double)volume;
        double exponent = octaves * progress + fb_random_unit(&lane->random) - 0.5;
        size_t size = (size_t)((double)scale->from * exp2(exponent < 0 ? 0 : exponent));
        make_room(lane, size, scale->live);
        fb_lane_add(lane, size);
        taken += size;
        if (taken >= mark_at) {
            fb_stage_mark(stage, "drifting");
            mark_at += volume / 8;
        }
    }
}

void fb_play_sawtooth(struct fb_stage *stage)
{
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    for (uint64_t round = 0; round < scale->rounds; round++) {
        while (lane->live_size + scale->to < scale->live)
            fb_lane_add(lane, fb_lane_log_uniform(lane, scale->from, scale->to));
        fb_stage_mark(stage, "peak");
        while (lane->live_size > scale->live / 10)
            fb_lane_drop_random(lane);
        if (round + 1 < scale->rounds)
            fb_stage_mark(stage, "trough");
    }
}

void fb_play_pins(struct fb_stage *stage)
{
    enum { KEEP_EVERY = 16 };
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    size_t count = (size_t)(scale->live / scale->from);
    for (size_t i = 0; i < count; i++)
        fb_lane_add(lane, (size_t)scale->from);
    fb_stage_mark(stage, "full");
    for (size_t i = 0; i < count; i++)
        if (i % KEEP_EVERY != 0)
            fb_lane_give(lane, i);
    fb_stage_mark(stage, "pinned");
    while (lane->live_size + scale->to <= scale->live)
        fb_lane_add(lane, (size_t)scale->to);
}

/* When each slot was last used; the table of the stage has no room for it. */
struct lru {
    struct fb_lane *lane;
    uint32_t *used_at;
    uint32_t now;
};

static void lru_evict(struct lru *lru)
{
    enum { CANDIDATES = 5 };
    struct fb_lane *lane = lru->lane;
    size_t oldest = (size_t)fb_random_below(&lane->random, lane->top);
    for (int i = 1; i < CANDIDATES; i++) {
        size_t other = (size_t)fb_random_below(&lane->random, lane->top);
        if (lru->used_at[other] < lru->used_at[oldest])
            oldest = other;
    }
    fb_lane_drop(lane, oldest);
    lru->used_at[oldest] = lru->used_at[lane->top];
}

static void lru_insert(struct lru *lru, uint64_t bytes, size_t size, uint64_t limit)
{
    for (uint64_t i = 0; i < bytes / size; i++) {
        while (lru->lane->live_size + size > limit)
            lru_evict(lru);
        lru->used_at[fb_lane_add(lru->lane, size)] = ++lru->now;
    }
}

void fb_play_lru(struct fb_stage *stage)
{
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    struct lru lru = {lane, fb_quiet_map("fragbench-lru", lane->slot_count * sizeof(uint32_t)), 0};
    /* 1.7 times the limit of the first kind, half the limit of the second. */
    lru_insert(&lru, scale->live * 17 / 10, (size_t)scale->from, scale->live);
    fb_stage_mark(stage, "first kind");
    for (int quarter = 0; quarter < 4; quarter++) {
        lru_insert(&lru, scale->live / 8, (size_t)scale->to, scale->live);
        fb_stage_mark(stage, "second kind");
    }
    fb_quiet_unmap(lru.used_at, lane->slot_count * sizeof(uint32_t));
}

/* One wave of pairs: each long-lived block has a short-lived neighbour of the same size. */
static void pairs_wave(struct fb_lane *lane, size_t count, uint64_t from, uint64_t to)
{
    size_t shorts = lane->slot_count - count;
    for (size_t i = 0; i < count; i++) {
        size_t size = fb_lane_log_uniform(lane, from, to);
        fb_lane_add(lane, size);
        fb_lane_take(lane, shorts + i, size);
    }
    for (size_t i = 0; i < count; i++)
        fb_lane_give(lane, shorts + i);
}

void fb_play_pairs(struct fb_stage *stage)
{
    enum { WAVE = 1000 };
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    for (uint64_t round = 1; round <= scale->rounds; round++) {
        /* Each round has other sizes, so the holes of the last one are of no use to it. */
        uint64_t low = scale->from << (round - 1), high = low * 2;
        if (high > scale->to)
            low = scale->to / 2, high = scale->to;
        while (lane->live_size < scale->live / scale->rounds * round)
            pairs_wave(lane, WAVE, low, high);
        fb_stage_mark(stage, "paired");
    }
}

void fb_play_largesmall(struct fb_stage *stage)
{
    enum { KEEP_EVERY = 50 };
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    size_t large = lane->slot_count - 1;
    size_t count = (size_t)(scale->live / scale->from);
    for (uint64_t round = 0; round < scale->rounds; round++) {
        fb_lane_take(lane, large, (size_t)scale->live);
        fb_lane_give(lane, large);
        size_t first = lane->top, kept = first;
        for (size_t i = 0; i < count; i++)
            fb_lane_add(lane, (size_t)scale->from);
        fb_stage_mark(stage, "small");
        for (size_t i = first; i < first + count; i++) {
            if ((i - first) % KEEP_EVERY == 0)
                fb_lane_hand(lane, i, lane, kept++);
            else
                fb_lane_give(lane, i);
        }
        lane->top = kept;
        if (round + 1 < scale->rounds)
            fb_stage_mark(stage, "kept");
    }
}
