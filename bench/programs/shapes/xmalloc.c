/* SPDX-License-Identifier: MIT
 *
 * xmalloc: blocks are allocated by one set of threads and freed by another (after Lever and
 * Boreham, "malloc() performance in a multithreaded Linux environment", 2000).
 *
 * Producers fill batches of mixed sizes and put them on a bounded list; consumers take batches and
 * free every block. With THREADS = n there are n producers and n consumers.
 */
#include "shape.h"

#define BATCH_BLOCKS 120
#define LIST_BOUND   64
#define BLOCKS       10000000

static const size_t sizes[] = {8,   12,  16,  24, 32, 48, 64, 96, 128, 192,
                               256, 192, 128, 96, 64, 48, 32, 24, 16,  12};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])

struct batch {
    struct batch *next;
    void *blocks[BATCH_BLOCKS];
};

/* Sleepers are woken with some slack, a quarter full or half empty, so that the list costs little
 * beside the calls. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t drained;
    struct batch *first;
    unsigned length;
    unsigned producers;
} list = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .filled = PTHREAD_COND_INITIALIZER,
          .drained = PTHREAD_COND_INITIALIZER};

static void list_put(struct batch *batch)
{
    pthread_mutex_lock(&list.lock);
    while (list.length >= LIST_BOUND)
        pthread_cond_wait(&list.drained, &list.lock);
    batch->next = list.first;
    list.first = batch;
    if (++list.length == LIST_BOUND / 4)
        pthread_cond_broadcast(&list.filled);
    pthread_mutex_unlock(&list.lock);
}

/* NULL when the list is empty for good. */
static struct batch *list_take(void)
{
    pthread_mutex_lock(&list.lock);
    while (list.first == NULL && list.producers > 0)
        pthread_cond_wait(&list.filled, &list.lock);
    struct batch *batch = list.first;
    if (batch != NULL) {
        list.first = batch->next;
        if (--list.length == LIST_BOUND / 2)
            pthread_cond_broadcast(&list.drained);
    }
    pthread_mutex_unlock(&list.lock);
    return batch;
}

static void produce(const struct worker *worker)
{
    size_t batches = shape_share(worker->shape, BLOCKS) / BATCH_BLOCKS + 1;
    for (size_t b = 0; b < batches; b++) {
        struct batch *batch = malloc(sizeof *batch);
        if (batch == NULL)
            shape_die("out of memory");
        for (size_t i = 0; i < BATCH_BLOCKS; i++)
            batch->blocks[i] = block_take(sizes[(b + i) % SIZE_COUNT]);
        list_put(batch);
    }
    pthread_mutex_lock(&list.lock);
    list.producers--;
    pthread_cond_broadcast(&list.filled);
    pthread_mutex_unlock(&list.lock);
}

static void *consume(void *unused)
{
    struct batch *batch;
    while ((batch = list_take()) != NULL) {
        for (size_t i = 0; i < BATCH_BLOCKS; i++)
            free(batch->blocks[i]);
        free(batch);
    }
    return unused;
}

static void *run(void *argument)
{
    pthread_t consumer;
    shape_start(&consumer, consume, NULL);
    produce(argument);
    pthread_join(consumer, NULL);
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    list.producers = shape.threads;
    shape_run(&shape, run);
    return 0;
}
