/* SPDX-License-Identifier: MIT
 * Quiet memory: shared mappings of a memfd, so that bookkeeping counts as shmem and never as
 * anonymous memory. Nothing then has to be subtracted from what the allocator under test uses.
 * Owns those mappings. Dies when memory runs out. */
#ifndef FB_BASE_QUIET_H
#define FB_BASE_QUIET_H

#include <stddef.h>

/* Zeroed quiet memory, pre-faulted; `what` names it in /proc/self/maps and in error lines. */
void *fb_quiet_map(const char *what, size_t size);
/* The same, but pages come when they are touched: for arrays that are mostly empty. */
void *fb_quiet_reserve(const char *what, size_t size);
void fb_quiet_unmap(void *memory, size_t size);

/* A growing array of equal elements in quiet memory. Elements move when it grows. */
struct fb_quiet_array {
    void *data;
    /* Elements in use, and the bytes of one. */
    size_t count;
    size_t width;
    size_t mapped_size;
    /* -1 where the file size limit forbade one. */
    int file;
};

void fb_quiet_array_open(struct fb_quiet_array *array, const char *what, size_t width);
/* A new zeroed element at the end. */
void *fb_quiet_array_push(struct fb_quiet_array *array);
void fb_quiet_array_close(struct fb_quiet_array *array);

#endif
