/* SPDX-License-Identifier: MIT
 *
 * fork in a multi-threaded program: the child allocates and frees at once, also what threads
 * allocated that it does not have, also when another thread was inside malloc or stdio at that
 * moment, also when fork was called in a signal handler.
 */
#include "door.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { THREADS = 4, OBJECTS = 200, FORKS = 60 };

static void *objects[THREADS][OBJECTS];
static atomic_bool stop;
static bool with_stdio = true;
static pthread_barrier_t ready;
static pthread_t main_thread;
static atomic_int handled;
static atomic_int failed;

static size_t size_of(size_t i)
{
    return i % 16 == 15 ? 40000 + i * 100 : i % 64 == 33 ? 2 * MIB : 1 + i * 13;
}

/* What a child does: new blocks, and the death of blocks of other threads. Returns an exit code. */
static int work_in_child(void)
{
    void *mine[OBJECTS];

    for (size_t i = 0; i < OBJECTS; i++) {
        mine[i] = malloc(size_of(i));
        if (mine[i] == NULL)
            return 2;
        memset(mine[i], 1, size_of(i) < 4096 ? size_of(i) : 4096);
    }
    for (size_t t = 0; t < THREADS; t++)
        for (size_t i = 0; i < OBJECTS; i++) {
            if (objects[t][i] != NULL && !door_holds(objects[t][i], 1, (unsigned)t))
                return 3;
            if (i % 2 == 0)
                free(objects[t][i]);
            else
                free(realloc(objects[t][i], 500));
        }
    for (size_t i = 0; i < OBJECTS; i++)
        free(mine[i]);
    return 0;
}

static int work_in_child_with_stdio(void)
{
    int code = work_in_child();
    FILE *file = fopen("/dev/null", "w");

    if (code != 0 || file == NULL || fprintf(file, "%d\n", code) < 0 || fclose(file) != 0)
        return code != 0 ? code : 4;
    return 0;
}

/* Called by stdio under its locks. fork takes those after the atfork handlers, so an allocator that
 * held its own locks by then would wait for us while we wait for it. */
static ssize_t write_that_allocates(void *cookie, const char *bytes, size_t size)
{
    (void)cookie;
    (void)bytes;
    for (size_t n = 100; n < MIB; n *= 3)
        free(door_hide(malloc(n)));
    return (ssize_t)size;
}

static void use_stdio(void)
{
    cookie_io_functions_t functions = {.write = write_that_allocates};
    FILE *cookie = fopencookie(NULL, "w", functions);
    FILE *file = fopen("/dev/null", "w");

    for (int i = 0; i < 50; i++) {
        fprintf(cookie, "%d\n", i);
        fprintf(file, "%d\n", i);
        fflush(NULL);
    }
    fclose(file);
    fclose(cookie);
}

static void *thread_body(void *argument)
{
    size_t self = (size_t)(uintptr_t)argument;
    uint64_t random = self;

    for (size_t i = 0; i < OBJECTS; i++) {
        objects[self][i] = door_hide(malloc(size_of(i)));
        door_fill(objects[self][i], 1, (unsigned)self);
    }
    pthread_barrier_wait(&ready);
    while (!atomic_load(&stop)) {
        if (self == 0 && with_stdio) {
            use_stdio();
        } else {
            void *block = door_hide(malloc((size_t)(tap_random(&random) % 100000) + 1));
            free(block);
        }
    }
    return NULL;
}

static pthread_t threads[THREADS];

static void start_threads(void)
{
    pthread_barrier_init(&ready, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, thread_body, (void *)(uintptr_t)i) != 0)
            tap_bail("pthread_create failed");
    pthread_barrier_wait(&ready);
}

static void end_threads(void)
{
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void in_a_handler(int number)
{
    int saved = errno;
    int status = 0;
    pid_t child = fork();

    (void)number;
    if (child == 0) {
        alarm(DOOR_SECONDS);
        _exit(work_in_child());
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status != 0)
        atomic_store(&failed, status);
    atomic_fetch_add(&handled, 1);
    errno = saved;
}

static void *interrupt_main(void *argument)
{
    for (int i = 0; i < FORKS && atomic_load(&failed) == 0; i++) {
        pthread_kill(main_thread, SIGUSR1);
        while (atomic_load(&handled) <= i)
            usleep(100);
        usleep((useconds_t)(i * 37 % 500));
    }
    atomic_store(&handled, FORKS);
    return argument;
}

/* The main thread is interrupted inside malloc and free more often than not. No thread is inside
 * stdio here: fork takes stdio's lock, so one that waits there for a lock of ours, which the
 * interrupted call holds, would wait for ever with any allocator that has locks. */
static int fork_in_handlers(void)
{
    struct sigaction action = {.sa_handler = in_a_handler, .sa_flags = SA_RESTART};
    pthread_t interrupter;
    uint64_t random = 5;

    main_thread = pthread_self();
    sigaction(SIGUSR1, &action, NULL);
    start_threads();
    if (pthread_create(&interrupter, NULL, interrupt_main, NULL) != 0)
        return 4;
    while (atomic_load(&handled) < FORKS) {
        void *blocks[40];
        for (size_t i = 0; i < COUNT_OF(blocks); i++)
            blocks[i] = door_hide(malloc((size_t)(tap_random(&random) % 5000) + 1));
        for (size_t i = 0; i < COUNT_OF(blocks); i++)
            free(blocks[i]);
    }
    pthread_join(interrupter, NULL);
    end_threads();
    if (atomic_load(&failed) != 0)
        tap_diag("a child of a handler ended with status %#x", (unsigned)atomic_load(&failed));
    return atomic_load(&failed) != 0;
}

/* In a child: takes over whatever a thread that is no more has left behind. */
static void *heir(void *argument)
{
    void *mine[OBJECTS];

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < OBJECTS; i++) {
            mine[i] = door_hide(malloc(i * 20 + 1));
            door_fill(mine[i], i * 20 + 1, (unsigned)i);
        }
        for (size_t i = 0; i < OBJECTS; i++) {
            if (!door_holds(mine[i], i * 20 + 1, (unsigned)i))
                _exit(8);
            free(mine[i]);
        }
    }
    return argument;
}

/* A child that starts threads of its own, one after the other and together, and forks again. */
static int grandchild(void)
{
    pthread_t heirs[2 * THREADS];

    if (work_in_child() != 0)
        return 5;
    heir(NULL);
    for (size_t i = 0; i < COUNT_OF(heirs); i++)
        if (pthread_create(&heirs[i], NULL, heir, NULL) != 0 || pthread_join(heirs[i], NULL) != 0)
            return 6;
    for (size_t i = 0; i < COUNT_OF(heirs); i++)
        if (pthread_create(&heirs[i], NULL, heir, NULL) != 0)
            return 6;
    for (size_t i = 0; i < COUNT_OF(heirs); i++)
        pthread_join(heirs[i], NULL);
    pid_t child = fork();
    if (child == 0) {
        free(door_hide(malloc(100)));
        _exit(0);
    }
    return door_child_succeeds(child, "grandchild") ? 0 : 7;
}

int main(void)
{
    bool good = true;

    door_open();
    start_threads();
    for (int i = 0; i < FORKS && good; i++)
        good = door_in_child(work_in_child_with_stdio, DOOR_SECONDS, "child");
    tap_ok(good, "a child mallocs and frees at once while threads allocate and use stdio");
    for (int i = 0; i < FORKS / 4 && good; i++)
        good = door_in_child(grandchild, DOOR_SECONDS, "child with threads and a child");
    tap_ok(good, "a child starts threads and forks again");
    end_threads();
    good = true;
    for (size_t i = 0; i < OBJECTS; i++) {
        for (size_t t = 0; t < THREADS; t++) {
            good = good && door_holds(objects[t][i], 1, (unsigned)t);
            free(objects[t][i]);
        }
    }
    tap_ok(good, "the parent's blocks are as they were");
    atomic_store(&stop, false);
    with_stdio = false;
    tap_ok(door_in_child(fork_in_handlers, DOOR_SECONDS, "fork_in_handlers"),
           "a child of a fork in a signal handler mallocs and frees at once");
    return tap_done();
}
