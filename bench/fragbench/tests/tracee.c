/* SPDX-License-Identifier: MIT
 * A program to be recorded: it knows exactly what it asks of malloc, and says so.
 * Prints by write(2), so that nothing but its own acts is in the trace. */
#include "base/random.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 2000, POINTS = 10, PAGE = 4096 };

static struct {
    unsigned long malloc_, calloc_, aligned, realloc_, free_;
    unsigned long live, peak;
} count;

static void *slots[SLOTS];
static size_t sizes[SLOTS];

static void say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        _exit(9);
}

static void say_counts(void)
{
    say("counts \"malloc\":%lu,\"calloc\":%lu,\"aligned\":%lu,\"realloc\":%lu,\"free\":%lu\n",
        count.malloc_, count.calloc_, count.aligned, count.realloc_, count.free_);
    say("live %lu peak %lu\n", count.live, count.peak);
}

static void account(size_t slot, size_t size)
{
    count.live += size - sizes[slot];
    sizes[slot] = size;
    if (count.live > count.peak)
        count.peak = count.live;
}

static void take(size_t slot, size_t size, uint64_t how)
{
    if (how % 8 == 0) {
        slots[slot] = calloc(1, size);
        count.calloc_++;
    } else if (how % 8 == 1) {
        if (posix_memalign(&slots[slot], 64, size) != 0)
            _exit(8);
        count.aligned++;
    } else {
        slots[slot] = malloc(size);
        count.malloc_++;
    }
    account(slot, size);
}

static void act(struct fb_random *random)
{
    size_t slot = fb_random_below(random, SLOTS);
    size_t size = 1 + fb_random_below(random, fb_random_below(random, 50) == 0 ? 100000 : 600);
    uint64_t how = fb_random_next(random) >> 32;
    if (slots[slot] == NULL) {
        take(slot, size, how);
    } else if (how % 4 == 0) {
        slots[slot] = realloc(slots[slot], size);
        count.realloc_++;
        account(slot, size);
    } else {
        free(slots[slot]);
        slots[slot] = NULL;
        count.free_++;
        account(slot, 0);
    }
}

static int run_mix(unsigned long ops, unsigned long seed)
{
    struct fb_random random = fb_random_seed(seed);
    for (unsigned long i = 1; i <= ops; i++) {
        act(&random);
        if (i % (ops / POINTS) == 0)
            say("curve %lu %lu\n", i, count.live);
    }
    say_counts();
    return 0;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *shared[SLOTS];

/* Each thread puts blocks into common slots and frees what others have put there. */
static void *trade(void *value)
{
    struct fb_random random = fb_random_seed((uintptr_t)value);
    for (int i = 0; i < 5000; i++) {
        void *fresh = malloc(1 + fb_random_below(&random, 1000));
        size_t slot = fb_random_below(&random, SLOTS);
        pthread_mutex_lock(&lock);
        void *old = shared[slot];
        shared[slot] = fresh;
        pthread_mutex_unlock(&lock);
        free(old);
    }
    return NULL;
}

static int run_threads(unsigned long threads)
{
    pthread_t ids[64];
    for (unsigned long i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, trade, (void *)(i + 1)) != 0)
            return 7;
    for (unsigned long i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    for (size_t i = 0; i < SLOTS; i++)
        free(shared[i]);
    return 0;
}

static void take_many(size_t number, size_t size)
{
    for (size_t i = 0; i < number; i++)
        slots[i % SLOTS] = malloc(size);
}

static int run_fork(void)
{
    take_many(1000, 100);
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < 500; i++)
            free(slots[i]);
        take_many(2000, 50);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    say("child %d\n", (int)child);
    for (size_t i = 0; i < 1000; i++)
        free(slots[i]);
    return 0;
}

static int run_exec(char *self)
{
    char *const words[] = {self, "many", "500", NULL};
    take_many(1000, 100);
    say("self %d\n", (int)getpid());
    execv(self, words);
    return 6;
}

static int run_end(const char *how)
{
    take_many(1500, 64);
    if (strcmp(how, "abort") == 0)
        abort();
    else if (strcmp(how, "kill") == 0)
        kill(getpid(), SIGKILL);
    else if (strcmp(how, "segv") == 0)
        kill(getpid(), SIGSEGV);
    _exit(0);
}

/* One large block, of which only a few pages are ever used. */
static int run_sparse(void)
{
    const size_t size = (size_t)64 << 20;
    char *block = malloc(size);
    for (size_t i = 0; i < 16; i++)
        block[i * PAGE] = 1;
    take_many(1000, 100);
    free(block);
    return 0;
}

static int run_closed(void)
{
    for (int file = 3; file < 1024; file++)
        close(file);
    if (chdir("/") != 0)
        return 5;
    take_many(20000, 40);
    return 0;
}

static int run_huge(void)
{
    void *block = malloc((size_t)1 << 62);
    return block == NULL ? 0 : 4;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    unsigned long number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (strcmp(mode, "mix") == 0)
        return run_mix(number, argc > 3 ? strtoul(argv[3], NULL, 10) : 1);
    if (strcmp(mode, "threads") == 0)
        return run_threads(number);
    if (strcmp(mode, "many") == 0)
        take_many(number, 100);
    if (strcmp(mode, "fork") == 0)
        return run_fork();
    if (strcmp(mode, "exec") == 0)
        return run_exec(argv[0]);
    if (strcmp(mode, "end") == 0)
        return run_end(argv[2]);
    if (strcmp(mode, "sparse") == 0)
        return run_sparse();
    if (strcmp(mode, "closed") == 0)
        return run_closed();
    if (strcmp(mode, "huge") == 0)
        return run_huge();
    return 0;
}
