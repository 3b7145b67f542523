/* SPDX-License-Identifier: MIT
 * proc.c: reads /proc without allocating; see proc.h.
 */
#include "measure/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

bool fb_lines_open(struct fb_lines *lines, const char *path)
{
    lines->begin = lines->end = 0;
    lines->fd = open(path, O_RDONLY | O_CLOEXEC);
    return lines->fd >= 0;
}

/* Moves the unread rest to the front and reads more; false at the end of the file. */
static bool lines_fill(struct fb_lines *lines)
{
    size_t rest = lines->end - lines->begin;
    memmove(lines->buffer, lines->buffer + lines->begin, rest);
    lines->begin = 0;
    lines->end = rest;
    if (rest == sizeof lines->buffer - 1)
        return false;
    ssize_t got;
    do
        got = read(lines->fd, lines->buffer + rest, sizeof lines->buffer - 1 - rest);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    lines->end += (size_t)got;
    return true;
}

char *fb_lines_next(struct fb_lines *lines)
{
    for (;;) {
        char *line = lines->buffer + lines->begin;
        char *newline = memchr(line, '\n', lines->end - lines->begin);
        if (newline != NULL) {
            *newline = '\0';
            lines->begin = (size_t)(newline + 1 - lines->buffer);
            return line;
        }
        if (lines_fill(lines))
            continue;
        if (lines->begin == lines->end)
            return NULL;
        line = lines->buffer + lines->begin;
        lines->buffer[lines->end] = '\0';
        lines->begin = lines->end;
        return line;
    }
}

void fb_lines_close(struct fb_lines *lines)
{
    close(lines->fd);
}

bool fb_vma_parse(char *line, struct fb_vma *out)
{
    char *at;
    out->start = strtoull(line, &at, 16);
    if (*at != '-')
        return false;
    out->end = strtoull(at + 1, &at, 16);
    if (*at != ' ' || strnlen(at, 6) < 6)
        return false;
    const char *permissions = at + 1;
    out->is_private = permissions[3] == 'p';
    out->is_accessible = permissions[0] != '-' || permissions[1] != '-' || permissions[2] != '-';
    (void)strtoull(at + 6, &at, 16); /* offset */
    uint64_t major = strtoull(at, &at, 16);
    uint64_t minor = *at == ':' ? strtoull(at + 1, &at, 16) : 0;
    out->device = major << 32 | minor;
    out->inode = strtoull(at, &at, 10);
    out->name = at + strspn(at, " ");
    return true;
}

/* "Anonymous:    123 kB" -> bytes into *value if the line has this key. */
static void take_kib(const char *line, const char *key, uint64_t *value)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) == 0 && line[length] == ':')
        *value = strtoull(line + length + 1, NULL, 10) * 1024;
}

static void proc_path(char *out, size_t out_size, pid_t pid, const char *file)
{
    if (pid == 0)
        snprintf(out, out_size, "/proc/self/%s", file);
    else
        snprintf(out, out_size, "/proc/%d/%s", (int)pid, file);
}

bool fb_proc_rollup(pid_t pid, struct fb_rollup *out)
{
    struct fb_lines lines;
    char path[64];
    proc_path(path, sizeof path, pid, "smaps_rollup");
    memset(out, 0, sizeof *out);
    if (!fb_lines_open(&lines, path))
        return false;
    bool some = false;
    for (char *line; (line = fb_lines_next(&lines)) != NULL; some = true) {
        take_kib(line, "Rss", &out->rss);
        take_kib(line, "Anonymous", &out->anonymous);
        take_kib(line, "LazyFree", &out->lazyfree);
        take_kib(line, "AnonHugePages", &out->anon_huge);
        take_kib(line, "Private_Dirty", &out->private_dirty);
        take_kib(line, "Swap", &out->swapped);
    }
    fb_lines_close(&lines);
    return some;
}

bool fb_proc_status(pid_t pid, struct fb_status *out)
{
    struct fb_lines lines;
    char path[64];
    proc_path(path, sizeof path, pid, "status");
    memset(out, 0, sizeof *out);
    if (!fb_lines_open(&lines, path))
        return false;
    for (char *line; (line = fb_lines_next(&lines)) != NULL;) {
        take_kib(line, "VmHWM", &out->peak_rss);
        take_kib(line, "RssFile", &out->rss_file);
        take_kib(line, "RssShmem", &out->rss_shmem);
        take_kib(line, "VmPTE", &out->page_tables);
    }
    fb_lines_close(&lines);
    return out->peak_rss != 0;
}

bool fb_proc_faults(uint64_t *minor, uint64_t *major)
{
    /* getrusage's fault counts do start at zero on exec of a fresh fork, unlike its ru_maxrss. */
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return false;
    *minor = (uint64_t)usage.ru_minflt;
    *major = (uint64_t)usage.ru_majflt;
    return true;
}

void fb_proc_first_line(const char *path, char *out, size_t out_size)
{
    out[0] = '\0';
    struct fb_lines lines;
    if (!fb_lines_open(&lines, path))
        return;
    const char *line = fb_lines_next(&lines);
    if (line != NULL)
        snprintf(out, out_size, "%s", line);
    out[strcspn(out, "\r\n")] = '\0';
    fb_lines_close(&lines);
}
