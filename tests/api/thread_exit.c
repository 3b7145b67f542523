/* SPDX-License-Identifier: MIT
 *
 * The end of a thread: blocks may be taken and given in key destructors, round after round, after
 * the allocator's own goodbye, and libc's last frees of a thread arrive too. Nothing leaks. And a
 * thread lives on a stack of 16 KiB.
 */
#include "door.h"

#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>

enum { THREADS = 300, BLOCKS = 40 };

static pthread_key_t late_key;
static pthread_key_t later_key;
static int destructor_calls;

static void mixed_blocks(unsigned mark)
{
    void *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = i * i * 5 + 1;
        blocks[i] = door_hide(malloc(size));
        if (blocks[i] == NULL)
            abort();
        door_fill(blocks[i], size, mark);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (!door_holds(blocks[i], i * i * 5 + 1, mark))
            abort();
        free(blocks[i]);
    }
}

/* Puts itself off for as many rounds as POSIX grants, to be the last destructor to run. */
static void in_destructor(pthread_key_t key, void *value)
{
    int *rounds = value;

    __atomic_fetch_add(&destructor_calls, 1, __ATOMIC_RELAXED);
    mixed_blocks(6);
    if (--*rounds > 0) {
        int *again = door_hide(malloc(sizeof *again));
        *again = *rounds;
        pthread_setspecific(key, again);
    }
    free(value);
}

static void in_late_destructor(void *value)
{
    in_destructor(late_key, value);
}

static void in_later_destructor(void *value)
{
    in_destructor(later_key, value);
}

static void *last_breath(void *argument)
{
    int *late = door_hide(malloc(sizeof *late));
    int *later = door_hide(malloc(sizeof *later));

    *late = *later = PTHREAD_DESTRUCTOR_ITERATIONS;
    pthread_setspecific(late_key, late);
    pthread_setspecific(later_key, later);
    /* libc keeps these per thread and frees them after the last key destructor. */
    if (strerror(987654) == NULL || strsignal(12345) == NULL)
        abort();
    if (dlopen("/nonexistent/library.so", RTLD_NOW) != NULL)
        abort();
    mixed_blocks(7);
    return argument;
}

/* Never allocates but in its last destructor: its heap is born there. */
static void *only_in_destructor(void *argument)
{
    pthread_setspecific(late_key, argument);
    return NULL;
}

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static void run_and_join(void *(*body)(void *), void *argument)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, body, argument) != 0 || pthread_join(thread, NULL) != 0)
        tap_bail("a thread cannot be run: %s", strerror(errno));
}

static void *on_small_stack(void *argument)
{
    mixed_blocks(9);
    for (size_t size = 1; size <= 8 * MIB; size *= 2) {
        unsigned char *block = door_hide(realloc(door_hide(malloc(size)), size * 3));
        free(door_hide(memalign(4096, size)));
        free(door_hide(calloc(3, size)));
        block[size] = 1;
        free(block);
    }
    return argument;
}

static void threads_on_small_stacks(void)
{
    size_t size = 16 * KIB;
    pthread_attr_t attributes;
    pthread_t thread;
    bool ran = true;

    pthread_attr_init(&attributes);
    while (pthread_attr_setstacksize(&attributes, size) != 0 && size < 64 * KIB)
        size += 4 * KIB;
    for (int i = 0; i < 20 && ran; i++)
        ran = pthread_create(&thread, &attributes, on_small_stack, NULL) == 0 &&
              pthread_join(thread, NULL) == 0;
    tap_ok(ran, "a thread on a stack of %zu KiB mallocs and frees", size / KIB);
    pthread_attr_destroy(&attributes);
}

/* A block outlives its thread, and others can use, resize and free it. */
static void *take_one(void *argument)
{
    void *block = door_hide(malloc(*(size_t *)argument));

    door_fill(block, *(size_t *)argument, 8);
    return block;
}

static void blocks_outlive_threads(void)
{
    static size_t sizes[] = {1, 100, 5000, 100000, 3 * MIB};
    bool good = true;

    for (size_t i = 0; i < 100 * COUNT_OF(sizes); i++) {
        size_t *size = &sizes[i % COUNT_OF(sizes)];
        pthread_t thread;
        void *block = NULL;
        if (pthread_create(&thread, NULL, take_one, size) != 0)
            tap_bail("pthread_create: %s", strerror(errno));
        pthread_join(thread, &block);
        good = good && door_holds(block, *size, 8);
        block = realloc(block, *size + 100);
        good = good && door_holds(block, *size, 8);
        free(block);
    }
    tap_ok(good, "a block outlives its thread");
}

int main(void)
{
    size_t before;

    door_open();
    if (pthread_key_create(&late_key, in_late_destructor) != 0 ||
        pthread_key_create(&later_key, in_later_destructor) != 0)
        tap_bail("pthread_key_create failed");
    for (int i = 0; i < 10; i++)
        run_and_join(last_breath, NULL);
    before = in_use();
    for (int i = 0; i < THREADS; i++)
        run_and_join(last_breath, NULL);
    tap_ok(__atomic_load_n(&destructor_calls, __ATOMIC_RELAXED) >= 2 * THREADS,
           "malloc and free work in key destructors and a thread's last breath");
    tap_ok(in_use() < before + 64 * KIB, "nothing that dying threads freed is lost");
    for (int i = 0; i < THREADS; i++) {
        int *rounds = door_hide(malloc(sizeof *rounds));
        *rounds = PTHREAD_DESTRUCTOR_ITERATIONS;
        run_and_join(only_in_destructor, rounds);
    }
    tap_ok(in_use() < before + 64 * KIB, "a heap born in a thread's last breath is not lost");
    threads_on_small_stacks();
    blocks_outlive_threads();
    tap_ok(in_use() < before + 64 * KIB, "and its memory does not");
    return tap_done();
}
