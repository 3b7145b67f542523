/* SPDX-License-Identifier: MIT
 *
 * os/fatal.h - the end of a program that broke the contract, and lines for its user.
 *
 * Nothing here allocates.
 */
#ifndef LM_OS_FATAL_H
#define LM_OS_FATAL_H

#include "base/compiler.h"

/* The fixed phrases. Each has one test in tests/misuse. */
#define LM_DOUBLE_FREE     "double free"
#define LM_INVALID_POINTER "invalid pointer"
#define LM_SIZE_MISMATCH   "size mismatch"

/* The caller erred: prints "libmalloc: DOOR: CRIME: POINTER" and aborts. */
LM_NORETURN LM_COLD void lm_fatal(const char *door, const char *crime, const void *pointer);

/* A line builder on the stack; what does not fit is cut. */
struct lm_line {
    size_t length;
    char text[512];
};

void lm_line_add(struct lm_line *line, const char *text);
void lm_line_add_bytes(struct lm_line *line, const char *text, size_t length);
void lm_line_add_number(struct lm_line *line, uint64_t number);
void lm_line_add_hex(struct lm_line *line, uint64_t number);
/* Writes the line to stderr as it is. */
void lm_line_print(const struct lm_line *line);

#endif
