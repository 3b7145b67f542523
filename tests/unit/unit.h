/* SPDX-License-Identifier: MIT
 *
 * unit.h - what the unit tests of libcore share: claims, children, threads, patterns, residency.
 *
 * A test is a function that returns true if its truth holds; UNIT_CHECK leaves it at the first
 * claim that does not. The tests run beside libc's malloc, so they may use it freely.
 */
#ifndef LM_TESTS_UNIT_H
#define LM_TESTS_UNIT_H

#include "tests/resident.h"
#include "tests/tap.h"

#include "base/bits.h"
#include "base/options.h"
#include "base/tuning.h"
#include "core/core.h"
#include "observe/snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#if defined(__SANITIZE_THREAD__)
#define UNIT_THREAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNIT_THREAD_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNIT_ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_ADDRESS_SANITIZED 1
#endif
#endif
#ifndef UNIT_THREAD_SANITIZED
#define UNIT_THREAD_SANITIZED 0
#endif
#ifndef UNIT_ADDRESS_SANITIZED
#define UNIT_ADDRESS_SANITIZED 0
#endif

enum {
    unit_is_thread_sanitized = UNIT_THREAD_SANITIZED,
    unit_is_sanitized = UNIT_THREAD_SANITIZED || UNIT_ADDRESS_SANITIZED,
    UNIT_PAGE = 4096,
    /* What is not done by then never will be, however busy the machine is. */
    UNIT_CHILD_SECONDS = 600,
};

#define UNIT_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define UNIT_CHECK(claim)                                                                          \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            tap_diag("%s:%d: not so: %s", __FILE__, __LINE__, #claim);                             \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

/* The same with the numbers that matter. */
#define UNIT_CHECK_THAT(claim, ...)                                                                \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            tap_diag("%s:%d: not so: %s", __FILE__, __LINE__, #claim);                             \
            tap_diag(__VA_ARGS__);                                                                 \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

/* The thread sanitizer's own map has no room for a terabyte. */
static TAP_UNUSED void unit_prepare(void)
{
    if (unit_is_thread_sanitized)
        lm_options.window = 8 * LM_GIB;
    resident_without_huge_pages();
    pthread_atfork(NULL, NULL, lm_core_after_fork);
}

static TAP_UNUSED void unit_start(void)
{
    unit_prepare();
    if (!lm_core_init())
        tap_bail("no memory to begin with");
}

static TAP_UNUSED size_t unit_below(uint64_t *random, size_t limit)
{
    return (size_t)(tap_random(random) % limit);
}

/* Mostly small, now and then as large as `most`: the logarithm is uniform. */
static TAP_UNUSED size_t unit_random_size(uint64_t *random, size_t most)
{
    unsigned bits = (unsigned)unit_below(random, lm_bits_highest(most) + 1) + 1;
    return unit_below(random, lm_min(most, (size_t)1 << bits) + 1);
}

/* Runs `work` in a child. True if it returned true there. */
static TAP_UNUSED bool unit_in_child(bool (*work)(void))
{
    pid_t child = fork();
    if (child < 0)
        tap_bail("fork: %s", strerror(errno));
    if (child == 0) {
        alarm(UNIT_CHILD_SECONDS);
        _exit(work() ? 0 : 1);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        tap_diag("the child died of signal %d", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What a child that runs `work` writes to stderr; *is_aborted tells whether it died. */
static TAP_UNUSED size_t unit_capture(void (*work)(void), char *text, size_t room, bool *is_aborted)
{
    int ends[2];
    if (pipe(ends) != 0)
        tap_bail("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        alarm(UNIT_CHILD_SECONDS);
        dup2(ends[1], STDERR_FILENO);
        work();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, room - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    *is_aborted = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    return length;
}

static const volatile char *unit_forbidden;

static TAP_UNUSED bool unit_look(void)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGSEGV, SIG_DFL);
    return *unit_forbidden == *unit_forbidden;
}

/* True if reading at p kills a process. */
static TAP_UNUSED bool unit_faults(const void *p)
{
    unit_forbidden = p;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(unit_look() ? 0 : 1);
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

/* Pages of [start, start + size) that hold something, in memory or swapped out; start lies on a page
 * boundary. */
static TAP_UNUSED size_t unit_resident_pages(const void *start, size_t size)
{
    enum { PIECE = 512 };
    const uint64_t is_there = UINT64_C(3) << 62;
    uint64_t entries[PIECE];
    size_t pages = (size + UNIT_PAGE - 1) / UNIT_PAGE;
    size_t resident = 0;
    int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (map < 0)
        tap_bail("/proc/self/pagemap: %s", strerror(errno));
    for (size_t done = 0; done < pages;) {
        size_t piece = lm_min(PIECE, pages - done);
        off_t at = (off_t)(((uintptr_t)start / UNIT_PAGE + done) * sizeof *entries);
        if (pread(map, entries, piece * sizeof *entries, at) != (ssize_t)(piece * sizeof *entries))
            tap_bail("cannot read /proc/self/pagemap: %s", strerror(errno));
        for (size_t i = 0; i < piece; i++)
            resident += (entries[i] & is_there) != 0;
        done += piece;
    }
    close(map);
    return resident;
}

/* Bytes that tell which block they belong to. */
static TAP_UNUSED void unit_fill(void *block, size_t size, uint64_t mark)
{
    unsigned char *bytes = block;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)((mark + i / 8) * 0x9e3779b97f4a7c15u >> (i % 8 * 8));
}

static TAP_UNUSED bool unit_is_filled(const void *block, size_t size, uint64_t mark)
{
    const unsigned char *bytes = block;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != (unsigned char)((mark + i / 8) * 0x9e3779b97f4a7c15u >> (i % 8 * 8)))
            return false;
    return true;
}

static TAP_UNUSED bool unit_is_zero(const void *block, size_t size)
{
    const char *bytes = block;
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

enum { UNIT_THREADS_MOST = 16 };

/* Runs `work` with each of `count` arguments in a thread of its own and waits for all. */
static TAP_UNUSED void unit_in_threads(size_t count, void *(*work)(void *), void **arguments)
{
    pthread_t threads[UNIT_THREADS_MOST];
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, arguments == NULL ? NULL : arguments[i]) != 0)
            tap_bail("pthread_create: %s", strerror(errno));
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* tap_ok for a truth that has to be established first. */
#define UNIT_TRUTH(truth)          tap_ok(truth(), "%s", #truth)
#define UNIT_TRUTH_IN_CHILD(truth) tap_ok(unit_in_child(truth), "%s", #truth)

/* The calling thread's heap. */
static TAP_UNUSED struct lm_heap *unit_heap(void)
{
    lm_free(lm_malloc(1));
    return lm_thread.heap;
}

/* Blocks in a magazine. */
static TAP_UNUSED size_t unit_cached(const struct lm_heap *heap, unsigned class)
{
    return lm_magazine_count(&heap->magazines[class]);
}

static TAP_UNUSED struct lm_snapshot unit_snapshot(void)
{
    struct lm_snapshot now;
    lm_snapshot_take(&now);
    return now;
}

/* lm_trim empties no magazines but the caller's, so nobody else may be alive. */
static TAP_UNUSED bool unit_nothing_is_left(void)
{
    lm_trim();
    struct lm_snapshot now = unit_snapshot();
    UNIT_CHECK_THAT(now.live == 0 && now.slabs == 0, "%zu bytes live, %zu in slabs", now.live,
                    now.slabs);
    return true;
}

#endif
