/* SPDX-License-Identifier: MIT
 *
 * cache_thrash: active false sharing. Threads allocate small objects at the same time and write
 * them many times.
 */
#include "false_sharing.h"

#define OBJECTS 500000

static void *run(void *argument)
{
    const struct worker *worker = argument;
    objects_churn(shape_share(worker->shape, OBJECTS));
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    shape_run(&shape, run);
    return 0;
}
