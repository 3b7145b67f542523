/* SPDX-License-Identifier: MIT
 *
 * footprint: what a thread costs that holds little. 100 threads, whatever THREADS says, hold 21 KiB
 * each in twenty sizes, all at the same time; the process's peak RSS is the measure, not its time.
 */
#include "shape.h"

#include <string.h>

#define HOLDERS 100

static const size_t sizes[] = {16,  32,  48,  64,   96,   128,  192,  256,  384,  512,
                               640, 768, 896, 1024, 1280, 1536, 1792, 2560, 3584, 5120};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])

static pthread_barrier_t everybody_holds;

static void *hold(void *unused)
{
    void *blocks[SIZE_COUNT];
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        blocks[i] = block_take(sizes[i]);
        memset(blocks[i], (int)(sizes[i] & 0xff), sizes[i]);
    }
    pthread_barrier_wait(&everybody_holds);
    for (size_t i = 0; i < SIZE_COUNT; i++)
        block_give(blocks[i], sizes[i]);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[HOLDERS];
    shape_read(argc, argv);
    pthread_barrier_init(&everybody_holds, NULL, HOLDERS);
    for (unsigned i = 0; i < HOLDERS; i++)
        shape_start(&threads[i], hold, NULL);
    for (unsigned i = 0; i < HOLDERS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
