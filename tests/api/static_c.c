/* SPDX-License-Identifier: MIT
 *
 * A static program: all doors, libc's own allocations, threads and fork. Built by static.sh.
 */
#include "api/glibc.h"

#include "../tap.h"

#include <errno.h>
#include <libmalloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

static void *thread_body(void *argument)
{
    bool good = true;

    for (size_t size = 1; size < 1 << 22; size *= 2) {
        void *block = malloc(size);
        good = good && lm_owns(block);
        free(block);
    }
    return good ? argument : NULL;
}

static void all_doors(void)
{
    void *aligned = NULL;
    void *blocks[] = {
        malloc(10),           calloc(10, 10),   realloc(NULL, 10), reallocarray(NULL, 10, 10),
        aligned_alloc(64, 9), memalign(64, 10), valloc(10),        pvalloc(10),
        strdup("a string"),
    };
    volatile size_t too_much = SIZE_MAX;
    bool ours = true;

    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        ours = ours && lm_owns(blocks[i]) && malloc_usable_size(blocks[i]) >= 9;
        free(blocks[i]);
    }
    ours = ours && posix_memalign(&aligned, 4096, 10) == 0 && lm_owns(aligned);
    free(aligned);
    tap_ok(ours, "every door is ours");
    errno = 0;
    tap_ok(malloc(too_much) == NULL && errno == ENOMEM, "too much is NULL and ENOMEM");
    malloc_trim(0);
    tap_ok(mallinfo2().arena + mallinfo2().hblkhd > 0, "the extras are ours");
}

int main(void)
{
    char mark;
    bool good = true;

    all_doors();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *result = NULL;
        good = good && pthread_create(&thread, NULL, thread_body, &mark) == 0 &&
               pthread_join(thread, &result) == 0 && result != NULL;
    }
    tap_ok(good, "threads come and go");
    pid_t child = fork();
    if (child == 0) {
        alarm(300);
        _exit(thread_body(&mark) != NULL ? 0 : 1);
    }
    int status = 1;
    tap_ok(waitpid(child, &status, 0) == child && status == 0, "a child allocates");
    return tap_done();
}
