/* SPDX-License-Identifier: MIT
 *
 * The library may be loaded late, by dlopen, into a program that has threads already: its
 * thread-local storage fits into what the loader keeps for this, and blocks of the malloc that was
 * there before are handed back to it.
 *
 * This program is linked without libmalloc.
 */
#include "door.h"

#include <pthread.h>

enum { THREADS = 4 };

static void *(*late_malloc)(size_t);
static void *(*late_realloc)(void *, size_t);
static void (*late_free)(void *);
static bool (*late_owns)(const void *);
static pthread_barrier_t loaded;

static void *use(void *argument)
{
    void *blocks[200];
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = late_malloc(i * i + 1);
        good = good && blocks[i] != NULL && late_owns(blocks[i]);
        door_fill(blocks[i], i * i + 1, (unsigned)i);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        good = good && door_holds(blocks[i], i * i + 1, (unsigned)i);
        late_free(blocks[i]);
    }
    return good ? argument : NULL;
}

static void *use_once_loaded(void *argument)
{
    pthread_barrier_wait(&loaded);
    return use(argument);
}

static bool all_succeed(pthread_t *threads)
{
    bool good = true;

    for (size_t i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        good = good && result != NULL;
    }
    return good;
}

int main(void)
{
    const char *path = getenv("LM_LIBRARY");
    pthread_t threads[THREADS];
    char mark;

    alarm(DOOR_SECONDS);
    if (path == NULL)
        tap_bail("set LM_LIBRARY to libmalloc.so");
    pthread_barrier_init(&loaded, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, use_once_loaded, &mark);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *error = library == NULL ? dlerror() : "";
    /* musl's words. It keeps no room for the thread-local storage of what comes late. */
    if (strstr(error, "initial-exec TLS") != NULL) {
        tap_skip("the library can be loaded late", "this libc loads none like it");
        return tap_done();
    }
    if (!tap_ok(library != NULL, "the library can be loaded late")) {
        tap_diag("%s", error);
        return tap_done();
    }
    *(void **)&late_malloc = dlsym(library, "malloc");
    *(void **)&late_realloc = dlsym(library, "realloc");
    *(void **)&late_free = dlsym(library, "free");
    *(void **)&late_owns = dlsym(library, "lm_owns");
    if (late_malloc == NULL || late_realloc == NULL || late_free == NULL || late_owns == NULL)
        tap_bail("the library lacks a door: %s", dlerror());
    pthread_barrier_wait(&loaded);
    tap_ok(all_succeed(threads), "threads that were there before can use it");
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, use, &mark);
    tap_ok(all_succeed(threads), "threads that came later can use it");
    late_free(door_hide(malloc(100)));
    char *block = late_realloc(strdup("here before"), 5000);
    tap_ok(block != NULL && strcmp(block, "here before") == 0,
           "it hands blocks of the first malloc back to it");
    late_free(block);
    return tap_done();
}
