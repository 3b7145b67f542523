/* SPDX-License-Identifier: MIT
 *
 * rptest: a standing pool per thread with sizes spread evenly over their magnitudes, and freeing
 * across threads.
 *
 * Each thread holds a pool of blocks of 16 bytes to 64 KiB, every magnitude as likely as the next.
 * In a loop it frees a run of its pool, allocates it anew, and every so often hands a list of
 * blocks to its neighbour, who frees them.
 */
#include "shape.h"

#include <sched.h>
#include <stdatomic.h>

#define POOL     2048
#define RUN      64
#define PARCEL   256
#define BLOCKS   2400000
#define PENDING  4
#define LOW_LOG  4
#define HIGH_LOG 16

struct parcel {
    struct parcel *next;
    size_t sizes[PARCEL];
    void *blocks[PARCEL];
};

/* One list of parcels per thread; neighbours push, the owner takes all. Bounded, so that a thread
 * that runs ahead does not pile up memory in its neighbour's name. */
static struct {
    _Atomic(struct parcel *) first;
    atomic_uint length;
} mailbox[SHAPE_MAX_THREADS];

static atomic_uint running;

static size_t size_draw(uint64_t *random)
{
    size_t low = (size_t)1 << random_between(random, LOW_LOG, HIGH_LOG - 1);
    return random_between(random, low, 2 * low);
}

static void parcel_send(unsigned to, uint64_t *random)
{
    struct parcel *parcel = malloc(sizeof *parcel);
    if (parcel == NULL)
        shape_die("out of memory");
    for (size_t i = 0; i < PARCEL; i++) {
        parcel->sizes[i] = size_draw(random) / 16 + 1;
        parcel->blocks[i] = block_take(parcel->sizes[i]);
    }
    struct parcel *first = atomic_load_explicit(&mailbox[to].first, memory_order_relaxed);
    do {
        parcel->next = first;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox[to].first, &first, parcel,
                                                    memory_order_release, memory_order_relaxed));
    atomic_fetch_add_explicit(&mailbox[to].length, 1, memory_order_relaxed);
}

static void parcels_free(unsigned of)
{
    struct parcel *parcel =
        atomic_exchange_explicit(&mailbox[of].first, NULL, memory_order_acquire);
    while (parcel != NULL) {
        struct parcel *next = parcel->next;
        for (size_t i = 0; i < PARCEL; i++)
            block_give(parcel->blocks[i], parcel->sizes[i]);
        free(parcel);
        atomic_fetch_sub_explicit(&mailbox[of].length, 1, memory_order_relaxed);
        parcel = next;
    }
}

/* Goes on emptying the own mailbox while the neighbour's is full, so that no circle of threads can
 * wait for itself. */
static void neighbour_await(unsigned to, unsigned self)
{
    while ((int)atomic_load_explicit(&mailbox[to].length, memory_order_relaxed) >= PENDING) {
        parcels_free(self);
        sched_yield();
    }
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    void **pool = calloc(POOL, sizeof *pool);
    size_t *sizes = calloc(POOL, sizeof *sizes);
    if (pool == NULL || sizes == NULL)
        shape_die("out of memory");
    unsigned neighbour = (worker->index + 1) % worker->shape->threads;
    size_t turns = shape_share(worker->shape, BLOCKS) / RUN + 1;
    for (size_t turn = 0; turn < turns; turn++) {
        size_t at = random_between(&worker->random, 0, POOL / RUN - 1) * RUN;
        for (size_t i = at; i < at + RUN && pool[i] != NULL; i++)
            block_give(pool[i], sizes[i]);
        for (size_t i = at; i < at + RUN; i++) {
            sizes[i] = size_draw(&worker->random);
            pool[i] = block_take(sizes[i]);
        }
        if (turn % 8 == 0) {
            neighbour_await(neighbour, worker->index);
            parcel_send(neighbour, &worker->random);
        }
        parcels_free(worker->index);
    }
    for (size_t i = 0; i < POOL; i++) {
        if (pool[i] != NULL)
            block_give(pool[i], sizes[i]);
    }
    free(pool);
    free(sizes);
    atomic_fetch_sub(&running, 1);
    while (atomic_load(&running) > 0) {
        parcels_free(worker->index);
        sched_yield();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct shape shape = shape_read(argc, argv);
    atomic_store(&running, shape.threads);
    shape_run(&shape, run);
    for (unsigned i = 0; i < shape.threads; i++)
        parcels_free(i);
    return 0;
}
