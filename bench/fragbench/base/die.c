/* SPDX-License-Identifier: MIT
 * Error lines; see die.h. They go through write(2), for a measured process must not let stdio
 * allocate a buffer from the allocator under test. */
#include "base/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_line(const char *format, va_list arguments, const char *reason)
{
    char line[1024];
    size_t used = (size_t)snprintf(line, sizeof line, "fragbench: ");
    int body = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    if (body > 0)
        used += (size_t)body;
    if (reason != NULL && used < sizeof line - 1) {
        int tail = snprintf(line + used, sizeof line - used - 1, ": %s", reason);
        used += tail > 0 ? (size_t)tail : 0;
    }
    if (used > sizeof line - 2)
        used = sizeof line - 2;
    line[used] = '\n';
    /* stderr is the last resort: when it is gone there is nobody left to tell. */
    ssize_t ignored = write(STDERR_FILENO, line, used + 1);
    (void)ignored;
}

void fb_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments, NULL);
    va_end(arguments);
    exit(FB_EXIT_BAD_INPUT);
}

void fb_die_errno(const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments, reason);
    va_end(arguments);
    exit(FB_EXIT_BAD_INPUT);
}

void fb_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments, NULL);
    va_end(arguments);
}
