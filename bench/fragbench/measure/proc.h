/* SPDX-License-Identifier: MIT
 * proc.h: reads /proc without allocating.
 *
 * Owns: the buffers and the small parsers for maps, smaps_rollup, status and stat.
 * Does not own: any judgement of what the figures mean.
 * Called by the checkpoint (own process) and by the runner (other processes).
 */
#ifndef FB_PROC_H
#define FB_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A line reader over a file of /proc; the buffer lies in the caller's frame, never in the heap. */
struct fb_lines {
    int fd;
    size_t begin, end;
    char buffer[8192];
};

bool fb_lines_open(struct fb_lines *lines, const char *path);
/* The next line without its newline, or NULL at the end. A longer line than the buffer is cut. */
char *fb_lines_next(struct fb_lines *lines);
void fb_lines_close(struct fb_lines *lines);

struct fb_vma {
    uintptr_t start, end;
    bool is_private;
    bool is_accessible; /* at least one of r, w, x */
    uint64_t device;    /* major << 32 | minor */
    uint64_t inode;     /* 0 for anonymous memory */
    const char *name;   /* into the line; "" if none */
};

/* Reads one line of maps; false if it is not one. Modifies the line. */
bool fb_vma_parse(char *line, struct fb_vma *out);

/* Sizes in bytes. */
struct fb_rollup {
    uint64_t rss, anonymous, lazyfree, anon_huge, private_dirty, swapped;
};

/* pid 0 is this process. False if it is gone or may not be read. */
bool fb_proc_rollup(pid_t pid, struct fb_rollup *out);

struct fb_status {
    uint64_t peak_rss, rss_file, rss_shmem, page_tables;
};
bool fb_proc_status(pid_t pid, struct fb_status *out);

bool fb_proc_faults(uint64_t *minor, uint64_t *major);

/* First line of a small file, trimmed, into out; "" when it cannot be read. */
void fb_proc_first_line(const char *path, char *out, size_t out_size);

#endif
