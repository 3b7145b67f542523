/* SPDX-License-Identifier: MIT
 *
 * os/fatal.c - see os/fatal.h.
 */
#include "os/fatal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lm_line_add_bytes(struct lm_line *line, const char *text, size_t length)
{
    size_t room = sizeof line->text - line->length;
    if (length > room)
        length = room;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

void lm_line_add(struct lm_line *line, const char *text)
{
    lm_line_add_bytes(line, text, strlen(text));
}

static void add_digits(struct lm_line *line, uint64_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    lm_line_add_bytes(line, digits + at, sizeof digits - at);
}

void lm_line_add_number(struct lm_line *line, uint64_t number)
{
    add_digits(line, number, 10);
}

void lm_line_add_hex(struct lm_line *line, uint64_t number)
{
    lm_line_add(line, "0x");
    add_digits(line, number, 16);
}

void lm_line_print(const struct lm_line *line)
{
    int saved = errno;
    size_t done = 0;
    while (done < line->length) {
        ssize_t written = write(STDERR_FILENO, line->text + done, line->length - done);
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    errno = saved;
}

void lm_fatal(const char *door, const char *crime, const void *pointer)
{
    struct lm_line line = {.length = 0};
    lm_line_add(&line, "libmalloc: ");
    lm_line_add(&line, door);
    lm_line_add(&line, ": ");
    lm_line_add(&line, crime);
    lm_line_add(&line, ": ");
    lm_line_add_hex(&line, (uintptr_t)pointer);
    lm_line_add(&line, "\n");
    lm_line_print(&line);
    abort();
}

void lm_invariant_failed(const char *claim, const char *file, int number)
{
    struct lm_line line = {.length = 0};
    lm_line_add(&line, "libmalloc: invariant failed: ");
    lm_line_add(&line, claim);
    lm_line_add(&line, " at ");
    lm_line_add(&line, file);
    lm_line_add(&line, ":");
    lm_line_add_number(&line, (uint64_t)number);
    lm_line_add(&line, "\n");
    lm_line_print(&line);
    abort();
}
