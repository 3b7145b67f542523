/* SPDX-License-Identifier: MIT
 *
 * larson: a server whose connections outlive their threads (Larson and Krishnan, "Memory allocation
 * for long-running server applications", 1998).
 *
 * Each lane owns 2000 blocks of 10-500 bytes. A thread replaces random ones for a while, then hands
 * the whole lane to a new thread and ends, so that most blocks are freed by another thread than the
 * one that allocated them.
 */
#include "shape.h"

#define LANE_BLOCKS  2000
#define LOW          10
#define HIGH         500
#define GENERATIONS  40
#define REPLACEMENTS 20000000

struct lane {
    void *blocks[LANE_BLOCKS];
    size_t sizes[LANE_BLOCKS];
    uint64_t random;
    size_t replacements;
};

static void *lane_generation(void *argument)
{
    struct lane *lane = argument;
    for (size_t i = 0; i < lane->replacements; i++) {
        size_t slot = random_between(&lane->random, 0, LANE_BLOCKS - 1);
        block_give(lane->blocks[slot], lane->sizes[slot]);
        lane->sizes[slot] = random_between(&lane->random, LOW, HIGH);
        lane->blocks[slot] = block_take(lane->sizes[slot]);
    }
    return NULL;
}

static void *lane_run(void *argument)
{
    const struct worker *worker = argument;
    struct lane *lane = block_take(sizeof *lane);
    lane->random = worker->random;
    lane->replacements = shape_share(worker->shape, REPLACEMENTS) / GENERATIONS + 1;
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        lane->sizes[i] = random_between(&lane->random, LOW, HIGH);
        lane->blocks[i] = block_take(lane->sizes[i]);
    }
    for (unsigned i = 0; i < GENERATIONS; i++) {
        pthread_t thread;
        shape_start(&thread, lane_generation, lane);
        pthread_join(thread, NULL);
    }
    for (size_t i = 0; i < LANE_BLOCKS; i++)
        block_give(lane->blocks[i], lane->sizes[i]);
    free(lane);
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    shape_run(&shape, lane_run);
    return 0;
}
