/* SPDX-License-Identifier: MIT
 * workload.c: the list of generated workloads; see workload.h.
 */
#include "workload/workload.h"

#include <math.h>
#include <string.h>

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)

static size_t slots_by_smallest(const struct fb_scale *scale)
{
    return (size_t)(scale->live / scale->from + scale->live / scale->from / 2 + 4096);
}

/* Log-uniform requests have a mean well above the smallest; a third more covers the chance. */
static size_t slots_by_mean(const struct fb_scale *scale)
{
    double spread = log((double)(scale->to + 1) / (double)scale->from);
    double mean = (double)(scale->to + 1 - scale->from) / spread;
    return (size_t)((double)scale->live / mean * 1.35) + 4096;
}

/* No lane holds more than one of threads / 2 shares. */
static size_t slots_of_share(const struct fb_scale *scale)
{
    struct fb_scale share = *scale;
    share.live /= scale->threads > 3 ? scale->threads / 2 : 1;
    return slots_by_mean(&share);
}

/* Few requests are as small as the smallest. */
static size_t slots_of_mix(const struct fb_scale *scale)
{
    return (size_t)(scale->live / scale->from / 4 + 4096);
}

static size_t slots_few(const struct fb_scale *scale)
{
    (void)scale;
    return 64 * 1024;
}

const struct fb_workload fb_workloads[] = {
    {.name = "empty",
     .about = "the baseline: what the allocator takes for a program that does nothing",
     .usual = {.live = MIB(1), .from = 16, .to = 16, .rounds = 1},
     .slots = slots_few,
     .play = fb_play_empty},
    {.name = "regrow",
     .about = "one vector grown by realloc, with small pins taken between the steps",
     .usual = {.live = MIB(8), .from = 64, .to = 64, .rounds = 1},
     .slots = slots_few,
     .play = fb_play_regrow},
    {.name = "buffers",
     .about = "many buffers grown by realloc and all freed; only the pins between them stay",
     .usual = {.live = MIB(20), .from = 64, .to = KIB(4), .rounds = 400},
     .slots = slots_few,
     .play = fb_play_buffers},
    {.name = "drift",
     .about = "the sizes of requests drift upwards while the live bytes stay the same",
     .usual = {.live = MIB(24), .from = 64, .to = KIB(16), .rounds = 8},
     .slots = slots_by_smallest,
     .play = fb_play_drift},
    {.name = "sawtooth",
     .about = "grow, free 90 % at random, repeat",
     .usual = {.live = MIB(32), .from = 16, .to = KIB(1), .rounds = 5},
     .slots = slots_by_smallest,
     .play = fb_play_sawtooth},
    {.name = "pins",
     .about = "64 MiB of 256 B, every 16th kept, then 60 MiB of 1 KiB",
     .usual = {.live = MIB(64), .from = 256, .to = KIB(1), .rounds = 1},
     .slots = slots_by_smallest,
     .play = fb_play_pins},
    {.name = "lru",
     .about = "a full Redis: values of 240 B, then of 492 B, the oldest of five evicted",
     .usual = {.live = 25000000, .from = 240, .to = 492, .rounds = 1},
     .slots = slots_by_smallest,
     .play = fb_play_lru},
    {.name = "pairs",
     .about = "short-lived and long-lived blocks of one size, taken by turns",
     .usual = {.live = MIB(24), .from = 16, .to = KIB(2), .rounds = 4},
     .slots = slots_by_smallest,
     .play = fb_play_pairs},
    {.name = "largesmall",
     .about = "one large block, then thousands of small ones of which every 50th stays",
     .usual = {.live = MIB(32), .from = 1000, .to = 1000, .rounds = 4},
     .slots = slots_by_smallest,
     .play = fb_play_largesmall},
    {.name = "robson",
     .about = "Robson's adversary: keeps the one block that spoils each aligned stretch",
     .usual = {.live = MIB(8), .from = 16, .to = KIB(32), .rounds = 1},
     .slots = slots_by_smallest,
     .play = fb_play_robson},
    {.name = "park",
     .about = "threads that work one after the other, free all they had, and then wait for ever",
     .usual = {.live = MIB(64), .from = 256, .to = 256, .rounds = 1, .threads = 32},
     .slots = slots_of_share,
     .play = fb_play_park,
     .settles_itself = true,
     .is_threaded = true},
    {.name = "churn",
     .about = "threads are born and die, each leaving some blocks to the next",
     .usual = {.live = MIB(16), .from = 16, .to = KIB(4), .rounds = 40, .threads = 8},
     .slots = slots_of_share,
     .play = fb_play_churn,
     .is_threaded = true},
    {.name = "prodcons",
     .about = "some threads only take, others only give back: Hoard's blow-up",
     .usual = {.live = MIB(16), .from = 16, .to = KIB(2), .rounds = 40, .threads = 8},
     .slots = slots_of_share,
     .play = fb_play_prodcons,
     .settles_itself = true,
     .is_threaded = true},
    {.name = "relay",
     .about = "one thread after the other frees its predecessor's blocks and takes its own",
     .usual = {.live = MIB(16), .from = 16, .to = KIB(2), .rounds = 4, .threads = 8},
     .slots = slots_by_mean,
     .play = fb_play_relay,
     .settles_itself = true,
     .is_threaded = true},
    {.name = "cache",
     .about = "a web proxy: wide sizes, hits prolong lives, the clock hand evicts",
     .usual = {.live = MIB(32), .from = 256, .to = KIB(512), .rounds = 10},
     .slots = slots_by_mean,
     .play = fb_play_cache},
    {.name = "fork-snapshot",
     .about = "a child frees while the parent writes on: how many pages get copied",
     .usual = {.live = MIB(24), .from = 32, .to = KIB(4), .rounds = 3},
     .slots = slots_by_mean,
     .play = fb_play_fork_snapshot},
    {.name = "lifetimes",
     .about = "five kinds of blocks, each with its own sizes and its own mean lifetime",
     .usual = {.live = MIB(24), .from = 16, .to = KIB(32), .rounds = 12},
     .slots = slots_of_mix,
     .play = fb_play_lifetimes},
    {.name = "fleet",
     .about = "a server's mix of sizes through four days of high and low load",
     .usual = {.live = MIB(32), .from = 16, .to = KIB(256), .rounds = 4},
     .slots = slots_of_mix,
     .play = fb_play_fleet},
};

const size_t fb_workload_count = sizeof fb_workloads / sizeof fb_workloads[0];

const struct fb_workload *fb_workload_find(const char *name)
{
    for (size_t i = 0; i < fb_workload_count; i++)
        if (strcmp(fb_workloads[i].name, name) == 0)
            return &fb_workloads[i];
    return NULL;
}
