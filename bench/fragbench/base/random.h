/* SPDX-License-Identifier: MIT
 * A small random source (splitmix64): the same seed gives the same stream on every machine.
 * Header only, no state of its own. */
#ifndef FB_BASE_RANDOM_H
#define FB_BASE_RANDOM_H

#include <stdint.h>

struct fb_random {
    uint64_t state;
};

static inline struct fb_random fb_random_seed(uint64_t seed)
{
    return (struct fb_random){.state = seed};
}

static inline uint64_t fb_random_next(struct fb_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Below `bound`, which is not 0. The bias of the high product is under bound / 2^64. */
static inline uint64_t fb_random_below(struct fb_random *random, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)fb_random_next(random) * bound) >> 64);
}

/* In [0, 1). */
static inline double fb_random_unit(struct fb_random *random)
{
    return (double)(fb_random_next(random) >> 11) * 0x1.0p-53;
}

#endif
