/* SPDX-License-Identifier: MIT
 *
 * resident.h - how much memory this process has, to the page.
 *
 * /proc/self/statm is an estimate: each processor may keep a hundred pages and more of it to itself.
 * smaps_rollup is counted page by page, and what was swapped out is in it as well. Where it is not
 * there, statm has to do. Nothing here allocates.
 */
#ifndef LM_RESIDENT_H
#define LM_RESIDENT_H

#include "tap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

/* A file for resident_read, of the process that opens it; a child needs its own. */
static TAP_UNUSED int resident_open(void)
{
    int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);

    if (file < 0)
        file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        tap_bail("/proc/self tells nothing about memory");
    return file;
}

/* The KiB behind a name. */
static TAP_UNUSED size_t resident_field(const char *text, const char *name)
{
    unsigned long kib = 0;
    const char *at = strstr(text, name);

    if (at == NULL || sscanf(at + strlen(name), "%lu", &kib) != 1)
        tap_bail("no %s in %.200s", name, text);
    return (size_t)kib * 1024;
}

/* Bytes. The only system call is pread. */
static TAP_UNUSED size_t resident_read(int file)
{
    char text[2048] = "";
    unsigned long total = 0;
    unsigned long pages = 0;

    if (pread(file, text, sizeof text - 1, 0) <= 0)
        tap_bail("cannot read how much memory there is");
    if (strstr(text, "Rss:") != NULL)
        return resident_field(text, "\nRss:") + resident_field(text, "\nSwap:");
    if (sscanf(text, "%lu %lu", &total, &pages) != 2)
        tap_bail("/proc/self/statm is not two numbers: %s", text);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static TAP_UNUSED size_t resident_now(void)
{
    int file = resident_open();
    size_t size = resident_read(file);

    close(file);
    return size;
}

/* A kernel that gives huge pages to everybody, or makes them out of small ones behind a program's
 * back, would be counted too. This holds for all children and what they execute. */
static TAP_UNUSED void resident_without_huge_pages(void)
{
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

#endif
