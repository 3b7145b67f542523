/* SPDX-License-Identifier: MIT
 *
 * A program, or a library that is preloaded beside us, may have a clock_gettime of its own, and that one may
 * allocate: the allocator does not call it.
 */
#include "door.h"

#include <sys/syscall.h>
#include <time.h>

static int calls;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    calls++;
    free(door_hide(malloc(78)));
    return (int)syscall(SYS_clock_gettime, clock, now);
}

int main(void)
{
    struct timespec now;
    void *blocks[2000];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = door_hide(malloc(i * 40));
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        free(blocks[i]);
    malloc_trim(0);
    tap_ok(calls == 0, "the allocator asks the kernel for the time");
    tap_ok(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && calls == 1,
           "this clock_gettime is the one that is found");
    return tap_done();
}
