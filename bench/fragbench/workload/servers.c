/* SPDX-License-Identifier: MIT
 * servers.c: single-threaded workloads that look like long-running programs: cache, lifetimes,
 * fleet, fork-snapshot.
 */
#include "base/die.h"
#include "base/quiet.h"
#include "measure/proc.h"
#include "workload/workload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A normal deviate from the sum of uniform ones; the far tails do not matter here. */
static double normal(struct fb_random *random)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += fb_random_unit(random);
    return sum - 6;
}

static size_t clamp_size(double size, const struct fb_scale *scale)
{
    if (size < (double)scale->from)
        return (size_t)scale->from;
    return size > (double)scale->to ? (size_t)scale->to : (size_t)size;
}

/*
 * Web objects have log-normal bodies. Every request is a hit with probability 1/2; a hit marks the
 * object, and the clock hand passes marked objects once before it evicts them.
 */
void fb_play_cache(struct fb_stage *stage)
{
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    unsigned char *hit = fb_quiet_map("fragbench-cache", lane->slot_count);
    uint64_t volume = scale->live * scale->rounds, taken = 0, mark_at = volume / 8;
    size_t hand = 0;
    while (taken < volume) {
        if (lane->top > 0 && fb_random_below(&lane->random, 2) == 0)
            hit[fb_random_below(&lane->random, lane->top)] = 1;
        size_t size = clamp_size(4096 * exp(1.4 * normal(&lane->random)), scale);
        while (lane->top > 0 && lane->live_size + size > scale->live) {
            hand = hand + 1 < lane->top ? hand + 1 : 0;
            if (hit[hand] != 0) {
                hit[hand] = 0;
                continue;
            }
            fb_lane_drop(lane, hand);
            hit[hand] = hit[lane->top];
        }
        hit[fb_lane_add(lane, size)] = 0;
        taken += size;
        if (taken >= mark_at) {
            fb_stage_mark(stage, "serving");
            mark_at += volume / 8;
        }
    }
    fb_quiet_unmap(hit, lane->slot_count);
}

/*
 * Kind k has a fixed number of slots; replacing a random one of them gives exponential lifetimes.
 * A kind that is chosen eight times less often lives that much longer.
 */
void fb_play_lifetimes(struct fb_stage *stage)
{
    enum { KINDS = 5 };
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    size_t first[KINDS + 1] = {0};
    double step = pow((double)scale->to / (double)scale->from, 1.0 / KINDS);
    uint64_t low[KINDS + 1];
    for (int k = 0; k <= KINDS; k++)
        low[k] = (uint64_t)((double)scale->from * pow(step, k));
    for (int k = 0; k < KINDS; k++) {
        uint64_t share = scale->live / KINDS + lane->live_size;
        while (lane->live_size + low[k + 1] < share)
            fb_lane_add(lane, fb_lane_log_uniform(lane, low[k], low[k + 1] - 1));
        first[k + 1] = lane->top;
    }
    fb_stage_mark(stage, "filled");
    uint64_t volume = scale->live * scale->rounds, taken = 0, mark_at = volume / 8;
    while (taken < volume) {
        /* Small blocks die young here, and every third draw mixes the kinds' sizes up. */
        uint64_t draw = fb_random_next(&lane->random);
        int k = draw % 8 != 0 ? 0 : (int)(draw / 8 % KINDS);
        if (first[k + 1] == first[k])
            continue;
        size_t slot = (size_t)fb_lane_uniform(lane, first[k], first[k + 1] - 1);
        fb_lane_give(lane, slot);
        int sizes_of = draw % 3 == 0 && k > 0 ? k - 1 : k;
        size_t size = fb_lane_log_uniform(lane, low[sizes_of], low[sizes_of + 1] - 1);
        fb_lane_take(lane, slot, size);
        /* Kind 0 moves little: count it by its number too, or the play would never end. */
        taken += size + 64;
        if (taken >= mark_at) {
            fb_stage_mark(stage, "living");
            mark_at += volume / 8;
        }
    }
}

/* Share of requests (per mille, adding up) and upper size: many small, a few large ones. */
static const struct {
    unsigned until;
    uint32_t size;
} fleet_mix[] = {{220, 32},    {420, 64},    {600, 128},    {740, 256},  {840, 512},
                 {910, 1024},  {950, 2048},  {972, 4096},   {985, 8192}, {993, 16384},
                 {997, 32768}, {999, 65536}, {1000, 262144}};

static size_t fleet_size(struct fb_lane *lane)
{
    const struct fb_scale *scale = &lane->stage->scale;
    uint64_t draw = fb_random_below(&lane->random, 1000);
    size_t i = 0;
    while (draw >= fleet_mix[i].until)
        i++;
    uint64_t high = fleet_mix[i].size;
    return clamp_size((double)fb_lane_uniform(lane, high / 2 + 1, high), scale);
}

void fb_play_fleet(struct fb_stage *stage)
{
    enum { STEPS = 64 };
    const struct fb_scale *scale = &stage->scale;
    struct fb_lane *lane = &stage->lanes[0];
    for (uint64_t step = 1; step <= scale->rounds * STEPS; step++) {
        double hour = (double)(step % STEPS) / STEPS;
        double load = 0.65 - 0.35 * cos(2 * M_PI * hour);
        uint64_t limit = (uint64_t)((double)scale->live * load);
        while (lane->live_size > limit)
            fb_lane_drop_random(lane);
        for (uint64_t taken = 0; taken < scale->live / 16;) {
            size_t size = fleet_size(lane);
            while (lane->top > 0 && lane->live_size + size > limit)
                fb_lane_drop_random(lane);
            fb_lane_add(lane, size);
            taken += size;
        }
        if (step % (STEPS / 2) == 0 && step != scale->rounds * STEPS)
            fb_stage_mark(stage, hour == 0 ? "low tide" : "high tide");
    }
}

static void parent_replaces(struct fb_lane *lane, uint64_t bytes, uint64_t limit)
{
    for (uint64_t taken = 0; taken < bytes;) {
        size_t size = fb_lane_log_uniform(lane, lane->stage->scale.from, lane->stage->scale.to);
        while (lane->live_size + size > limit)
            fb_lane_drop_random(lane);
        fb_lane_add(lane, size);
        taken += size;
    }
}

/* Bytes that this process shares with nobody: with a child alive, what was copied since the fork, and
 * what is new. */
static uint64_t private_bytes(void)
{
    struct fb_rollup rollup = {0};
    fb_proc_rollup(0, &rollup);
    return rollup.private_dirty;
}

/* The child must not touch the table, which it shares with its parent. */
static void child_frees(struct fb_lane *lane)
{
    for (size_t i = 0; i < lane->top; i += 3)
        free((void *)lane->slots[i].address);
}

static void child_takes(struct fb_lane *lane)
{
    struct fb_lane draws = *lane;
    for (uint64_t taken = 0; taken < lane->stage->scale.live / 10;) {
        size_t size = fb_lane_log_uniform(&draws, lane->stage->scale.from, lane->stage->scale.to);
        void *block = malloc(size);
        if (block != NULL)
            memset(block, 1, size);
        taken += size;
    }
}

static void parent_frees(struct fb_lane *lane)
{
    for (size_t i = lane->top; i >= 3; i -= 3)
        fb_lane_drop(lane, i - 3);
}

static void parent_takes(struct fb_lane *lane)
{
    uint64_t live = lane->stage->scale.live / 10;
    parent_replaces(lane, live, UINT64_MAX);
}

/* What one of the two does while both are alive, and the other does nothing: the growth of its private
 * memory is what it copied then, and new memory. A fork for each act, as a page that one side has
 * copied looks private on the other side too. */
static const struct act {
    const char *note;
    void (*child)(struct fb_lane *lane);
    void (*parent)(struct fb_lane *lane);
} acts[] = {
    {.note = "child_frees", .child = child_frees},
    {.note = "child_takes", .child = child_takes},
    {.note = "parent_frees", .parent = parent_frees},
    {.note = "parent_takes", .parent = parent_takes},
};

static uint64_t grown_by(void (*act)(struct fb_lane *lane), struct fb_lane *lane)
{
    uint64_t before = private_bytes();
    if (act != NULL)
        act(lane);
    uint64_t after = private_bytes();
    return after > before ? after - before : 0;
}

/* Says on `talk` what it cost, and lives on until it is told to go. */
static _Noreturn void snapshot_child(const struct act *act, struct fb_lane *lane, int talk)
{
    uint64_t grown = grown_by(act->child, lane);
    char go;
    if (write(talk, &grown, sizeof grown) < 0 || read(talk, &go, 1) < 0)
        _exit(1);
    _exit(0);
}

static void snapshot(struct fb_stage *stage, struct fb_lane *lane, const struct act *act)
{
    uint64_t grown = 0;
    int talk[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) != 0)
        fb_die_errno("fork-snapshot: socketpair");
    fflush(stage->options->out);
    pid_t child = fork();
    if (child < 0)
        fb_die_errno("fork-snapshot: fork");
    if (child == 0) {
        close(talk[0]); /* or the child would keep its own line open */
        snapshot_child(act, lane, talk[1]);
    }
    close(talk[1]);
    if (read(talk[0], &grown, sizeof grown) != (ssize_t)sizeof grown)
        fb_die("fork-snapshot: the child did not survive its own free()");
    if (act->parent != NULL)
        grown = grown_by(act->parent, lane);
    fb_stage_note(stage, act->note, grown);
    close(talk[0]);
    waitpid(child, NULL, 0);
}

void fb_play_fork_snapshot(struct fb_stage *stage)
{
    struct fb_lane *lane = &stage->lanes[0];
    parent_replaces(lane, stage->scale.live * 2, stage->scale.live);
    for (uint64_t round = 0; round < stage->scale.rounds; round++) {
        for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
            parent_replaces(lane, stage->scale.live / 10, stage->scale.live);
            snapshot(stage, lane, &acts[i]);
        }
        fb_stage_mark(stage, "snapshot taken");
    }
}
