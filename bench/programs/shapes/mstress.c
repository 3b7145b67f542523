/* SPDX-License-Identifier: MIT
 *
 * mstress: mixed lifetimes with transfer between threads and threads that restart.
 *
 * In each round every thread allocates blocks of skewed sizes, keeps some for the round, frees some
 * at once, and swaps some with a table that all threads share. Rounds end with all threads; the
 * table lives on.
 */
#include "shape.h"

#include <stdatomic.h>

#define ROUNDS     20
#define BLOCKS     7000000
#define KEPT       8000
#define TRANSFER   1000
#define SMALL_HIGH 128
#define LARGE_HIGH 16384

static _Atomic(void *) transfer[TRANSFER];

/* Mostly small; one in a hundred is up to a hundred times larger. */
static size_t size_draw(uint64_t *random)
{
    if (random_between(random, 0, 99) == 0)
        return random_between(random, SMALL_HIGH, LARGE_HIGH);
    return random_between(random, 8, SMALL_HIGH);
}

/* A block starts with its size, so that any thread can check and free it. */
static size_t *sized_take(uint64_t *random)
{
    size_t size = size_draw(random);
    size_t *block = malloc(size);
    if (block == NULL)
        shape_die("out of memory");
    for (size_t i = 0; i < size / sizeof *block; i++)
        block[i] = size;
    return block;
}

static void sized_give(size_t *block)
{
    if (block != NULL && block[block[0] / sizeof *block - 1] != block[0])
        shape_die("a block was overwritten");
    free(block);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    size_t blocks = shape_share(worker->shape, BLOCKS) / ROUNDS + 1;
    size_t **kept = calloc(KEPT, sizeof *kept);
    if (kept == NULL)
        shape_die("out of memory");
    for (size_t i = 0; i < blocks; i++) {
        size_t *block = sized_take(&worker->random);
        uint64_t fate = random_between(&worker->random, 0, 9);
        if (fate < 3) {
            sized_give(block);
        } else if (fate < 5) {
            size_t slot = random_between(&worker->random, 0, TRANSFER - 1);
            sized_give(atomic_exchange_explicit(&transfer[slot], block, memory_order_acq_rel));
        } else {
            size_t slot = random_between(&worker->random, 0, KEPT - 1);
            sized_give(kept[slot]);
            kept[slot] = block;
        }
    }
    for (size_t i = 0; i < KEPT; i++)
        sized_give(kept[i]);
    free(kept);
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    for (unsigned round = 0; round < ROUNDS; round++)
        shape_run(&shape, run);
    for (unsigned i = 0; i < TRANSFER; i++)
        sized_give(transfer[i]);
    return 0;
}
