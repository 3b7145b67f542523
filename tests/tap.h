/* SPDX-License-Identifier: MIT
 *
 * tap.h - the test protocol (TAP) in one header, for C and C++ tests.
 *
 * Owns: the count of checks, their lines on standard output, a test's seed. Not: how a test is run.
 * Every line is formatted on the stack and leaves in one write(2), so that reporting neither
 * allocates nor holds a stdio lock: a test may report in the middle of what it tests, without
 * memory, or in the child of a fork. Only the thread that opened the test may report.
 *
 *     int main(void)
 *     {
 *         tap_ok(1 + 1 == 2, "one and one are two");
 *         return tap_done();
 *     }
 */
#ifndef LM_TAP_H
#define LM_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TAP_UNUSED       __attribute__((unused))
#define TAP_FORMAT(f, a) __attribute__((unused, format(printf, f, a)))

struct tap {
    unsigned planned; /* 0: the plan follows the last check */
    unsigned run;
    unsigned failed;
};

static struct tap tap TAP_UNUSED;

/* Writes head, the formatted text and a newline as one line. */
static TAP_UNUSED void tap_line_v(const char *head, const char *format, va_list arguments)
{
    char line[1024];
    size_t room = sizeof line - 1;
    int head_size = snprintf(line, room, "%s", head);
    size_t used = (size_t)head_size < room ? (size_t)head_size : room - 1;
    int text_size = vsnprintf(line + used, room - used, format, arguments);

    used += (size_t)text_size < room - used ? (size_t)text_size : room - used - 1;
    line[used++] = '\n';
    for (size_t done = 0; done < used;) {
        ssize_t written = write(STDOUT_FILENO, line + done, used - done);
        if (written <= 0)
            break;
        done += (size_t)written;
    }
}

/* A remark for the reader of the log; decides nothing. */
static TAP_FORMAT(1, 2) void tap_diag(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tap_line_v("# ", format, arguments);
    va_end(arguments);
}

/* Says beforehand how many checks will follow: a test that dies half way is then noticed even if
 * its exit status is lost. */
static TAP_UNUSED void tap_plan(unsigned checks)
{
    char line[32];

    snprintf(line, sizeof line, "1..%u\n", checks);
    tap.planned = checks;
    if (write(STDOUT_FILENO, line, __builtin_strlen(line)) < 0)
        _exit(99);
}

/* One check, named for the truth that it holds. Returns `holds`. */
static TAP_FORMAT(2, 3) bool tap_ok(bool holds, const char *format, ...)
{
    char head[32];
    va_list arguments;

    tap.run++;
    if (!holds)
        tap.failed++;
    snprintf(head, sizeof head, "%sok %u - ", holds ? "" : "not ", tap.run);
    va_start(arguments, format);
    tap_line_v(head, format, arguments);
    va_end(arguments);
    return holds;
}

/* A check that cannot be made here, and why. */
static TAP_FORMAT(2, 3) void tap_skip(const char *name, const char *format, ...)
{
    char head[512];
    va_list arguments;

    tap.run++;
    snprintf(head, sizeof head, "ok %u - %s # SKIP ", tap.run, name);
    va_start(arguments, format);
    tap_line_v(head, format, arguments);
    va_end(arguments);
}

/* The rest of the test would make no sense: stop at once. */
static TAP_FORMAT(1, 2) void tap_bail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tap_line_v("Bail out! ", format, arguments);
    va_end(arguments);
    _exit(99);
}

/* Ends the test; the result is main's. */
static TAP_UNUSED int tap_done(void)
{
    if (tap.planned == 0)
        tap_plan(tap.run);
    return tap.failed == 0 && tap.planned == tap.run ? 0 : 1;
}

/* The seed of a random test: LM_TEST_SEED if set, else a new one; printed either way. */
static TAP_UNUSED uint64_t tap_seed(void)
{
    const char *given = getenv("LM_TEST_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 32;
    if (given != NULL)
        seed = strtoull(given, NULL, 0);
    tap_diag("seed %llu (LM_TEST_SEED=%llu replays it)", (unsigned long long)seed,
             (unsigned long long)seed);
    return seed;
}

/* The next number of a splitmix64 sequence. */
static TAP_UNUSED uint64_t tap_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
