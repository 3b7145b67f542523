/* SPDX-License-Identifier: MIT
 *
 * cache_scratch: passive false sharing. The main thread allocates one small object per thread, all
 * on one cache line with most allocators; each thread frees its object and goes on allocating. An
 * allocator that gives the freed piece of the shared line back to the thread that freed it makes
 * the threads fight over that line.
 */
#include "false_sharing.h"

#define OBJECTS 500000

static void *first_objects[SHAPE_MAX_THREADS];

static void *run(void *argument)
{
    const struct worker *worker = argument;
    object_work(first_objects[worker->index]);
    free(first_objects[worker->index]);
    objects_churn(shape_share(worker->shape, OBJECTS));
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    for (unsigned i = 0; i < shape.threads; i++)
        first_objects[i] = block_take(OBJECT_SIZE);
    shape_run(&shape, run);
    return 0;
}
