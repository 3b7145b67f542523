/* SPDX-License-Identifier: MIT
 *
 * What a thread costs that is alive and holds little, or holds nothing any more.
 */
#include "door.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 200, SIZES = 20, STACK = 64 * 1024 };

/* 21 KiB. */
static const size_t sizes[SIZES] = {16,  32,  48,  64,   96,   128,  192,  256,  384,  512,
                                    640, 768, 896, 1024, 1280, 1536, 1792, 2560, 3584, 5120};
static pthread_barrier_t step;

static void *live(void *unused)
{
    unsigned char *blocks[SIZES];

    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    for (size_t i = 0; i < SIZES; i++) {
        blocks[i] = door_hide(malloc(sizes[i]));
        door_fill(blocks[i], sizes[i], (unsigned)i);
    }
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    for (size_t i = 0; i < SIZES; i++)
        free(blocks[i]);
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    return unused;
}

/* Bytes that each of the threads, all waiting, costs beyond `before`. */
static size_t cost(size_t before)
{
    size_t now = resident_now();
    return now > before ? (now - before) / THREADS : 0;
}

/* Some kernels have no page of zeroes that all share: there what is only read is resident, too. */
static bool reading_costs_pages(void)
{
    enum { PAGES = 64 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = resident_now();
    volatile char *probe =
        mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        tap_bail("mmap failed");
    for (size_t i = 0; i < PAGES; i++)
        (void)probe[i * page];
    bool is_costly = resident_now() >= before + PAGES / 2 * page;
    munmap((void *)probe, PAGES * page);
    return is_costly;
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_attr_t attributes;

    door_open();
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_barrier_init(&step, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], &attributes, live, NULL) != 0)
            tap_bail("pthread_create failed");
    pthread_barrier_wait(&step);
    /* Their stacks are there now. */
    size_t before = resident_now();
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    size_t holding = cost(before);
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    /* What is dirty goes back sooner or later; this is about what threads keep. */
    malloc_trim(0);
    size_t idle = cost(before);
    pthread_barrier_wait(&step);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tap_diag("bytes per thread: %zu holding 21 KiB, %zu holding nothing", holding, idle);
    /* Two pages of the heap that a checked or a torture build reads and does not write. */
    size_t spare = reading_costs_pages() ? 8 * KIB : 0;
    tap_ok(holding <= 36 * KIB + spare,
           "a thread that holds 21 KiB in twenty sizes costs 36 KiB at most, and what it reads");
    tap_ok(idle <= 12 * KIB + spare,
           "a thread that holds nothing any more costs 12 KiB at most, and what it reads");
    return tap_done();
}
