/* SPDX-License-Identifier: MIT
 * Error lines of fragbench: one line, what went wrong, where, and what to do about it.
 * Owns the "fragbench: " prefix and the exit status of bad input. Anybody may call it. */
#ifndef FB_BASE_DIE_H
#define FB_BASE_DIE_H

/* The exit status of every refused command line and every unreadable input. */
enum { FB_EXIT_BAD_INPUT = 2 };

/* Print one line to stderr and exit with FB_EXIT_BAD_INPUT. */
_Noreturn void fb_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with ": " and strerror(errno) behind it. */
_Noreturn void fb_die_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print one line to stderr and go on. */
void fb_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
