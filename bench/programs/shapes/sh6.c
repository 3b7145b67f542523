/* SPDX-License-Identifier: MIT
 *
 * sh6: many small blocks of a few sizes, freed in batches and out of order (after the MicroQuill
 * SmartHeap test of the same number, as described by its users).
 *
 * Each thread keeps a window of blocks. Small sizes are asked for more often than large ones. When
 * the window is full a third is freed from the newest end, a third from the oldest, and the rest
 * stays for a while.
 */
#include "shape.h"

#define WINDOW 6000
#define BLOCKS 14000000

struct slot {
    void *block;
    size_t size;
};

static void slots_give(struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        block_give(slots[i].block, slots[i].size);
}

/* Twice as many blocks of one size class as of the next larger one. */
static size_t size_draw(uint64_t *random)
{
    size_t high = 16;
    while (high < 1024 && random_between(random, 0, 1) == 1)
        high *= 2;
    return random_between(random, high / 2, high);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    struct slot *window = block_take(WINDOW * sizeof *window);
    size_t blocks = shape_share(worker->shape, BLOCKS);
    size_t used = 0;
    for (size_t i = 0; i < blocks; i++) {
        if (used == WINDOW) {
            size_t third = WINDOW / 3;
            slots_give(window + 2 * third, third);
            slots_give(window, third);
            for (size_t j = 0; j < third; j++)
                window[j] = window[third + j];
            used = third;
        }
        window[used].size = size_draw(&worker->random);
        window[used].block = block_take(window[used].size);
        used++;
    }
    slots_give(window, used);
    free(window);
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    shape_run(&shape, run);
    return 0;
}
