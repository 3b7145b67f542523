/* SPDX-License-Identifier: MIT
 *
 * What the stress shapes share: arguments, random numbers, threads, and blocks that carry a mark.
 *
 * Owns: the command line (THREADS [SCALE]) and the exit status. Does not own: any pattern.
 * Each shape does a fixed amount of work, so its wall time is the measure; SCALE multiplies that
 * work. The shapes are our own, written from the published descriptions of the classic allocator
 * benchmarks.
 */
#ifndef LM_BENCH_SHAPE_H
#define LM_BENCH_SHAPE_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SHAPE_MAX_THREADS 256

struct shape {
    unsigned threads;
    /* 1 for the standard amount of work; tests use less, long runs more */
    double scale;
};

/* What one thread of a shape is told. */
struct worker {
    const struct shape *shape;
    unsigned index;
    uint64_t random;
    pthread_t thread;
};

static inline void shape_die(const char *what)
{
    fprintf(stderr, "shape: %s\n", what);
    exit(1);
}

static inline void shape_usage(const char *what)
{
    fprintf(stderr, "shape: %s; usage: PROGRAM THREADS [SCALE], 1 <= THREADS <= %d, 0 < SCALE\n",
            what, SHAPE_MAX_THREADS);
    exit(2);
}

static inline struct shape shape_read(int argc, char **argv)
{
    struct shape shape = {.threads = 1, .scale = 1.0};
    char *end = NULL;
    if (argc > 3)
        shape_usage("too many arguments");
    if (argc > 1) {
        long threads = strtol(argv[1], &end, 10);
        if (*argv[1] == '\0' || *end != '\0' || threads < 1 || threads > SHAPE_MAX_THREADS)
            shape_usage("bad thread count");
        shape.threads = (unsigned)threads;
    }
    if (argc > 2) {
        shape.scale = strtod(argv[2], &end);
        if (*argv[2] == '\0' || *end != '\0' || !(shape.scale > 0))
            shape_usage("bad scale");
    }
    return shape;
}

/* This thread's part of `total` operations. */
static inline size_t shape_share(const struct shape *shape, size_t total)
{
    return (size_t)((double)total * shape->scale) / shape->threads + 1;
}

/* xorshift64*: small, and the same numbers everywhere. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545F4914F6CDD1D);
}

/* Uniform in [low, high]. */
static inline size_t random_between(uint64_t *state, size_t low, size_t high)
{
    return low + (size_t)((random_next(state) >> 32) % (high - low + 1));
}

static inline uint64_t random_seed(unsigned index)
{
    return (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

/* A block that knows its own size at both ends, so that a broken allocator is noticed and memory is
 * touched. */
static inline void *block_take(size_t size)
{
    unsigned char *block = malloc(size);
    if (block == NULL)
        shape_die("out of memory");
    block[0] = (unsigned char)size;
    block[size - 1] = (unsigned char)size;
    return block;
}

static inline void block_give(void *block, size_t size)
{
    const unsigned char *bytes = block;
    if (bytes[0] != (unsigned char)size || bytes[size - 1] != (unsigned char)size)
        shape_die("a block was overwritten");
    free(block);
}

static inline void shape_start(pthread_t *thread, void *(*work)(void *), void *argument)
{
    if (pthread_create(thread, NULL, work, argument) != 0)
        shape_die("cannot start a thread");
}

/* Runs one worker per thread and waits for all of them. */
static inline void shape_run(const struct shape *shape, void *(*work)(void *))
{
    static struct worker workers[SHAPE_MAX_THREADS];
    for (unsigned i = 0; i < shape->threads; i++) {
        workers[i].shape = shape;
        workers[i].index = i;
        workers[i].random = random_seed(i);
        shape_start(&workers[i].thread, work, &workers[i]);
    }
    for (unsigned i = 0; i < shape->threads; i++)
        pthread_join(workers[i].thread, NULL);
}

#endif
