/* SPDX-License-Identifier: MIT
 *
 * A program that locks itself up after start: only the system calls that the design names are left,
 * and every door still works, in old threads and in those that never allocated before.
 */
#include "door.h"
#include "filter.h"

#include <pthread.h>
#include <signal.h>

enum { THREADS = 4 };

static pthread_barrier_t locked;
static void *handed_over[THREADS][64];
static int results[THREADS];

static struct sock_filter rules[] = {
    FILTER_BEGIN,
    FILTER_DESIGN,
    FILTER_ALLOW(write),
    FILTER_ALLOW(exit),
    FILTER_ALLOW(exit_group),
    FILTER_ALLOW(rt_sigreturn),
    FILTER_END(SECCOMP_RET_TRAP),
};

/* A trap rather than a kill, so that the log names the call. */
static void on_forbidden_call(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    tap_diag("system call %d after the lock (see asm/unistd.h)", info->si_syscall);
    _exit(50);
}

static bool lock_up(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    action.sa_sigaction = on_forbidden_call;
    return sigaction(SIGSYS, &action, NULL) == 0 && filter_install(rules, COUNT_OF(rules));
}

static bool all_sizes(uint64_t seed)
{
    enum { BLOCKS = 500 };
    void *blocks[BLOCKS];

    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t log2 = (size_t)(tap_random(&seed) % 18);
            size_t size = ((size_t)1 << log2) + (size_t)(tap_random(&seed) % (1u << log2));
            blocks[i] = i % 7 == 0 ? memalign((size_t)16 << i % 10, size) : malloc(size);
            if (blocks[i] == NULL)
                return false;
            memset(blocks[i], 1, size);
            if (i % 5 == 0)
                blocks[i] = realloc(blocks[i], size * 2);
        }
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
    for (size_t size = 100000; size <= 64 * MIB; size *= 2) {
        char *block = calloc(1, size);
        if (block == NULL || block[size - 1] != 0)
            return false;
        block[size - 1] = 1;
        block = realloc(block, size * 3 / 2);
        block = realloc(block, size / 2);
        free(block);
    }
    return true;
}

static void *thread_body(void *argument)
{
    size_t self = (size_t)(uintptr_t)argument;

    /* Half of the threads have a heap before the lock; the others get theirs behind it. */
    if (self % 2 == 0)
        free(door_hide(malloc(100)));
    pthread_barrier_wait(&locked);
    pthread_barrier_wait(&locked);
    results[self] = all_sizes(self + 1);
    for (size_t i = 0; i < COUNT_OF(handed_over[self]); i++)
        handed_over[self][i] = door_hide(malloc(i * 300 + 1));
    pthread_barrier_wait(&locked);
    /* A join would need no forbidden call of ours, but of libc: wait for the end of the process. */
    pthread_barrier_wait(&locked);
    return NULL;
}

static int locked_up(void)
{
    pthread_t thread;
    int failures = 0;

    pthread_barrier_init(&locked, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, thread_body, (void *)(uintptr_t)i) != 0)
            return 2;
    pthread_barrier_wait(&locked);
    if (!lock_up())
        return 77;
    pthread_barrier_wait(&locked);
    failures += !all_sizes(99);
    pthread_barrier_wait(&locked);
    for (size_t t = 0; t < THREADS; t++) {
        failures += !results[t];
        for (size_t i = 0; i < COUNT_OF(handed_over[t]); i++)
            free(handed_over[t][i]);
    }
    malloc_trim(0);
    failures += mallinfo2().uordblks == 0;
    failures += !all_sizes(100);
    return failures;
}

int main(void)
{
    static const char name[] = "after start-up only the system calls of the design are made";
    struct sock_filter probe = FILTER_END(SECCOMP_RET_ALLOW);

    door_open();
    if (!filter_install(&probe, 1))
        tap_skip(name, "no seccomp filters here: %s", strerror(errno));
    else
        tap_ok(door_in_child(locked_up, DOOR_SECONDS, "locked_up"), "%s", name);
    return tap_done();
}
