/* SPDX-License-Identifier: MIT
 *
 * lm_threads - threads leave nothing behind: after a great many of them, one after the other, and
 * after two thousand at the same time, the process is as large as it was.
 *
 * lm_threads [COUNT]: how many, one after the other (20000; `make stress` runs 200000).
 */
#include "../resident.h"
#include "../tap.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

enum { CROWD = 2000, WARM_UP = 500, BLOCKS = 300 };

static const size_t stack_size = 64 * 1024;
static const size_t slack = 1 << 20;
static pthread_barrier_t all_there;

/* A few hundred mixed blocks; one in a hundred is larger than a page. */
static void use_blocks(uint64_t random)
{
    void *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++) {
        size_t most = i % 100 == 99 ? 40000 : i % 10 == 9 ? 2000 : 200;
        size_t size = (size_t)(tap_random(&random) % most) + 1;
        blocks[i] = malloc(size);
        if (blocks[i] == NULL)
            abort();
        memset(blocks[i], 1, size);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void *one_life(void *argument)
{
    use_blocks((uintptr_t)argument);
    return NULL;
}

static void *life_in_a_crowd(void *argument)
{
    void *block = malloc(100);

    use_blocks((uintptr_t)argument);
    pthread_barrier_wait(&all_there);
    use_blocks((uintptr_t)argument + 1);
    free(block);
    return NULL;
}

static void one_after_the_other(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, one_life, (void *)i);
        if (error != 0)
            tap_bail("thread %zu cannot be started: %s", i, strerror(error));
        pthread_join(thread, NULL);
    }
}

/* Stacks of our own, so that what libc keeps of dead threads' stacks is not blamed on malloc. */
static size_t all_at_once(void)
{
    static pthread_t threads[CROWD];
    pthread_attr_t attributes;
    size_t started = 0;
    char *stacks = mmap(NULL, CROWD * stack_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (stacks == MAP_FAILED)
        tap_bail("no memory for stacks: %s", strerror(errno));
    pthread_attr_init(&attributes);
    pthread_barrier_init(&all_there, NULL, CROWD);
    for (; started < CROWD; started++) {
        pthread_attr_setstack(&attributes, stacks + started * stack_size, stack_size);
        int error =
            pthread_create(&threads[started], &attributes, life_in_a_crowd, (void *)started);
        if (error != 0)
            tap_bail("thread %zu of %d cannot be started: %s", started, CROWD, strerror(error));
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    munmap(stacks, CROWD * stack_size);
    return started;
}

/* Dirty memory may wait for a while, so life goes on, and longer than any machine is that busy. */
static void returns_to(size_t before, const char *what)
{
    size_t at_once = resident_now();
    size_t bound = before + before / 10 + slack;
    size_t after = at_once;
    unsigned tenths = 0;

    for (; after > bound && tenths < 600; tenths++) {
        usleep(100000);
        one_after_the_other(20);
        after = resident_now();
    }
    tap_diag("%s: resident KiB: %zu before, %zu at once, %zu after %u.%u s, bound %zu", what,
             before / 1024, at_once / 1024, after / 1024, tenths / 10, tenths % 10, bound / 1024);
    tap_ok(after <= bound, "%s leave nothing behind", what);
}

int main(int count, char **arguments)
{
    char name[64];
    char *end = NULL;
    size_t threads = count > 1 ? strtoull(arguments[1], &end, 10) : 20000;

    if (count > 2 || threads == 0 || (end != NULL && *end != '\0')) {
        fprintf(stderr, "usage: lm_threads [COUNT]; COUNT is how many threads, not 0\n");
        return 2;
    }
    resident_without_huge_pages();
    one_after_the_other(WARM_UP);
    size_t before = resident_now();
    one_after_the_other(threads);
    snprintf(name, sizeof name, "%zu threads one after the other", threads);
    returns_to(before, name);
    before = resident_now();
    all_at_once();
    snprintf(name, sizeof name, "%d threads at once", CROWD);
    returns_to(before, name);
    return tap_done();
}
