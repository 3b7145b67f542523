/* SPDX-License-Identifier: MIT
 *
 * door.h - what the tests of the doors share: hiding values from the compiler, patterns in blocks,
 * running a piece of a test in a child process, measuring resident memory.
 *
 * Helpers here allocate nothing themselves, except door_again (through exec).
 */
#ifndef LM_DOOR_H
#define LM_DOOR_H

#include "api/glibc.h"

#include "../resident.h"
#include "../tap.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What is not done by then never will be, however busy the machine is: it hangs. For a child, and for
 * a whole test. */
enum { DOOR_SECONDS = 300, DOOR_TEST_SECONDS = 1200 };

/* A pointer or size of which the compiler knows nothing: no call is folded, no size warned of. */
static TAP_UNUSED void *door_hide(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

static TAP_UNUSED size_t door_hide_size(size_t size)
{
    __asm__ volatile("" : "+r"(size));
    return size;
}

static TAP_UNUSED bool door_is_aligned(const void *pointer, size_t alignment)
{
    return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

/* A test that is linked without the library, and libc has no such function, finds it in the library when it runs. */
static TAP_UNUSED void *door_find(const char *name)
{
    void *door = dlsym(RTLD_DEFAULT, name);

    if (door == NULL)
        tap_bail("there is no %s", name);
    return door;
}
#define DOOR_FOUND(door) ((__typeof__(&(door)))door_find(#door))
#if !LM_LIBC_HAS_MALLINFO2
#define mallinfo2() DOOR_FOUND(mallinfo2)()
#endif
#if !defined __GLIBC__
#define pvalloc(size)                DOOR_FOUND(pvalloc)(size)
#define malloc_trim(pad)             DOOR_FOUND(malloc_trim)(pad)
#define malloc_stats()               DOOR_FOUND(malloc_stats)()
#define malloc_info(options, stream) DOOR_FOUND(malloc_info)(options, stream)
#define mallinfo()                   DOOR_FOUND(mallinfo)()
#define mallopt(parameter, value)    DOOR_FOUND(mallopt)(parameter, value)
#endif

/* The byte that a block with this mark holds at this offset. */
static TAP_UNUSED unsigned char door_byte(unsigned mark, size_t offset)
{
    return (unsigned char)(mark * 167u + offset * 31u + (offset >> 8) * 7u + 1u);
}

static TAP_UNUSED void door_fill(void *block, size_t size, unsigned mark)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)block)[i] = door_byte(mark, i);
}

static TAP_UNUSED bool door_holds(const void *block, size_t size, unsigned mark)
{
    for (size_t i = 0; i < size; i++)
        if (((const unsigned char *)block)[i] != door_byte(mark, i))
            return false;
    return true;
}

static TAP_UNUSED bool door_is_zero(const void *block, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((const unsigned char *)block)[i] != 0)
            return false;
    return true;
}

/* The status of a child once it has ended. An alarm does not end one of which only the library's own
 * thread is left, as that blocks all signals. */
static TAP_UNUSED int door_wait(pid_t child)
{
    const struct timespec nap = {0, 1000000};
    struct timespec begin;
    struct timespec now;
    int status = 0;
    pid_t ended;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    while ((ended = waitpid(child, &status, WNOHANG)) != child) {
        if (ended < 0 && errno != EINTR)
            tap_bail("waitpid: %s", strerror(errno));
        nanosleep(&nap, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > begin.tv_sec + DOOR_SECONDS)
            kill(child, SIGKILL);
    }
    return status;
}

/* Waits for a child; true if it exited with 0. Says how it ended otherwise. */
static TAP_UNUSED bool door_child_succeeds(pid_t child, const char *what)
{
    int status = door_wait(child);

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        tap_diag("%s: child killed by signal %d (%s)", what, WTERMSIG(status),
                 WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGKILL ? "it hung"
                                                                            : "it crashed");
    else
        tap_diag("%s: child exited with %d", what, WEXITSTATUS(status));
    return false;
}

/* Runs `work` in a forked child that has `seconds` to return 0. */
static TAP_UNUSED bool door_in_child(int (*work)(void), unsigned seconds, const char *what)
{
    pid_t child = fork();

    if (child < 0)
        tap_bail("fork: %s", strerror(errno));
    if (child == 0) {
        alarm(seconds);
        _exit(work());
    }
    return door_child_succeeds(child, what);
}

/* Starts this program again, from main, with one argument, LIBMALLOC_CONF set to `conf` unless it
 * is NULL, and at most `address_space` bytes of address space unless that is 0. */
static TAP_UNUSED bool door_again(const char *argument, const char *conf, size_t address_space)
{
    char name[] = "/proc/self/exe";
    char text[64];
    char *arguments[] = {name, text, NULL};
    pid_t child = fork();

    if (child < 0)
        tap_bail("fork: %s", strerror(errno));
    if (child == 0) {
        struct rlimit limit = {address_space, address_space};
        snprintf(text, sizeof text, "%s", argument);
        if (conf != NULL)
            setenv("LIBMALLOC_CONF", conf, 1);
        if (address_space != 0 && setrlimit(RLIMIT_AS, &limit) != 0)
            _exit(97);
        alarm(DOOR_SECONDS);
        execv(name, arguments);
        _exit(98);
    }
    return door_child_succeeds(child, argument);
}

/* A test that talked to another allocator by mistake would pass for nothing. LM_TEST_ANY_MALLOC
 * lifts this check, to see how another allocator fares. A test that hangs is ended. */
static TAP_UNUSED void door_open(void)
{
    bool (*owns)(const void *);
    void *block = door_hide(malloc(1));

    alarm(DOOR_TEST_SECONDS);
    resident_without_huge_pages();
    *(void **)&owns = dlsym(RTLD_DEFAULT, "lm_owns");
    if (getenv("LM_TEST_ANY_MALLOC") == NULL && (owns == NULL || !owns(block)))
        tap_bail("malloc is not libmalloc's; link it or preload it");
    free(block);
}

#endif
