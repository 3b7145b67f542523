/* SPDX-License-Identifier: MIT
 * allocator.h: which allocator serves this process, and what it offers.
 *
 * Owns: the look-ups by dlsym. A function counts only when it lies in the same object as malloc():
 * glibc's malloc_trim() is visible in every process but says nothing to a preloaded allocator.
 */
#ifndef FB_ALLOCATOR_H
#define FB_ALLOCATOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct fb_allocator {
    char path[PATH_MAX]; /* of the object that malloc() lies in */
    char version[64];    /* what it says of itself; "" if nothing */
    char build_id[64];
    const char *trim_name; /* how it is asked to give memory back; "" if it cannot be */
};

/* Looks once, on the first call. */
const struct fb_allocator *fb_allocator(void);

/* malloc_usable_size() of that allocator; `requested` if it has none. */
size_t fb_usable_size(void *block, size_t requested);

/* Asks for the free memory to be given back; false if the allocator has no such call. */
bool fb_allocator_trim(void);

/* Reads the GNU build-id of an ELF file as hex; "" when there is none. */
void fb_build_id(const char *path, char *out, size_t out_size);

#endif
