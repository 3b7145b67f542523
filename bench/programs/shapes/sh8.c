/* SPDX-License-Identifier: MIT
 *
 * sh8: as sh6, but blocks wander between threads (after the multi-threaded SmartHeap test, as
 * described by its users).
 *
 * Threads fill batches of random sizes and swap them through a shared table: what a thread gets
 * back was mostly allocated by another one. It frees half of the batch at once and the rest when it
 * next comes around.
 */
#include "shape.h"

#include <stdatomic.h>

#define BATCH_BLOCKS 250
#define TABLE        64
#define BLOCKS       12000000
#define LOW          1
#define HIGH         800

struct batch {
    void *blocks[BATCH_BLOCKS];
    size_t sizes[BATCH_BLOCKS];
    size_t used;
};

static _Atomic(struct batch *) table[TABLE];

static void batch_fill(struct batch *batch, uint64_t *random)
{
    for (; batch->used < BATCH_BLOCKS; batch->used++) {
        batch->sizes[batch->used] = random_between(random, LOW, HIGH);
        batch->blocks[batch->used] = block_take(batch->sizes[batch->used]);
    }
}

static void batch_drain(struct batch *batch, size_t keep)
{
    while (batch->used > keep) {
        batch->used--;
        block_give(batch->blocks[batch->used], batch->sizes[batch->used]);
    }
}

static struct batch *batch_new(void)
{
    struct batch *batch = malloc(sizeof *batch);
    if (batch == NULL)
        shape_die("out of memory");
    batch->used = 0;
    return batch;
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    size_t batches = shape_share(worker->shape, BLOCKS) / BATCH_BLOCKS * 2 + 1;
    struct batch *batch = batch_new();
    for (size_t i = 0; i < batches; i++) {
        batch_fill(batch, &worker->random);
        size_t slot = random_between(&worker->random, 0, TABLE - 1);
        batch = atomic_exchange_explicit(&table[slot], batch, memory_order_acq_rel);
        if (batch == NULL)
            batch = batch_new();
        batch_drain(batch, BATCH_BLOCKS / 2);
    }
    batch_drain(batch, 0);
    free(batch);
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    shape_run(&shape, run);
    for (unsigned i = 0; i < TABLE; i++) {
        if (table[i] != NULL) {
            batch_drain(table[i], 0);
            free(table[i]);
        }
    }
    return 0;
}
