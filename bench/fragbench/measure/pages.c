/* SPDX-License-Identifier: MIT
 * pages.c: which pages of this process are anonymous and resident; see pages.h.
 */
#include "measure/pages.h"
#include "measure/proc.h"
#include "base/die.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The ioctl of Linux 6.7, spelled out here because the headers may be older than the kernel. */
struct scan_region {
    uint64_t start, end, categories;
};

struct scan_argument {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_REQUEST _IOWR('f', 16, struct scan_argument)

enum { SCAN_IS_FILE = 1 << 2, SCAN_IS_PRESENT = 1 << 3, SCAN_IS_ZERO_PAGE = 1 << 5 };

/* Bits of one entry of /proc/self/pagemap. */
#define ENTRY_IS_PRESENT (UINT64_C(1) << 63)
#define ENTRY_IS_FILE    (UINT64_C(1) << 61)

struct walk {
    fb_pages_visit *visit;
    void *context;
    int pagemap_fd;
    bool scan_works;
};

size_t fb_page_size(void)
{
    static size_t size;
    if (size == 0)
        size = (size_t)sysconf(_SC_PAGESIZE);
    return size;
}

/* False when the kernel does not know the ioctl; nothing was visited then. */
static bool vma_scan(const struct walk *walk, const struct fb_vma *vma, enum fb_page_owner owner)
{
    struct scan_region regions[256];
    struct scan_argument argument = {
        .size = sizeof argument,
        .start = vma->start,
        .end = vma->end,
        .vec = (uintptr_t)regions,
        .vec_len = sizeof regions / sizeof regions[0],
        .category_inverted = SCAN_IS_FILE | SCAN_IS_ZERO_PAGE,
        .category_mask = SCAN_IS_FILE | SCAN_IS_ZERO_PAGE | SCAN_IS_PRESENT,
        .return_mask = SCAN_IS_PRESENT,
    };
    while (argument.start < vma->end) {
        int found = ioctl(walk->pagemap_fd, SCAN_REQUEST, &argument);
        if (found < 0)
            return false;
        for (int i = 0; i < found; i++)
            walk->visit(walk->context, regions[i].start, regions[i].end, owner);
        if (argument.walk_end <= argument.start)
            break;
        argument.start = argument.walk_end;
    }
    return true;
}

static bool entry_is_anonymous(uint64_t entry)
{
    return (entry & (ENTRY_IS_PRESENT | ENTRY_IS_FILE)) == ENTRY_IS_PRESENT;
}

/*
 * The way without the ioctl. It counts a mapped zero page as resident, which smaps does not:
 * an unprivileged reader cannot tell the two apart. Reservations without any permission are
 * skipped, since a terabyte of them would mean gigabytes of entries.
 */
static bool vma_read(const struct walk *walk, const struct fb_vma *vma, enum fb_page_owner owner)
{
    uint64_t entries[512];
    size_t page_size = fb_page_size();
    uintptr_t run_start = 0;
    if (!vma->is_accessible)
        return true;
    for (uintptr_t at = vma->start; at < vma->end;) {
        size_t want = (vma->end - at) / page_size;
        if (want > sizeof entries / sizeof entries[0])
            want = sizeof entries / sizeof entries[0];
        ssize_t got = pread(walk->pagemap_fd, entries, want * sizeof entries[0],
                            (off_t)(at / page_size * sizeof entries[0]));
        if (got <= 0)
            return false;
        for (size_t i = 0; i < (size_t)got / sizeof entries[0]; i++, at += page_size) {
            bool resident = entry_is_anonymous(entries[i]);
            if (resident && run_start == 0)
                run_start = at;
            if (!resident && run_start != 0) {
                walk->visit(walk->context, run_start, at, owner);
                run_start = 0;
            }
        }
    }
    if (run_start != 0)
        walk->visit(walk->context, run_start, vma->end, owner);
    return true;
}

static enum fb_page_owner vma_owner(const struct fb_vma *vma)
{
    bool is_stack = strncmp(vma->name, "[stack", 6) == 0;
    return vma->inode != 0 || is_stack ? FB_PAGES_IMAGE : FB_PAGES_HEAP;
}

/* [heap], [stack] and [anon:...] are memory; [vvar], [vdso] and [vsyscall] are not. */
static bool vma_is_memory(const struct fb_vma *vma)
{
    static const char *const names[] = {"[heap", "[stack", "[anon"};
    if (!vma->is_private)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(vma->name, names[i], strlen(names[i])) == 0)
            return true;
    return vma->name[0] != '[';
}

static bool vma_walk(struct walk *walk, const struct fb_vma *vma)
{
    if (!vma_is_memory(vma))
        return true;
    if (walk->scan_works) {
        if (vma_scan(walk, vma, vma_owner(vma)))
            return true;
        walk->scan_works = false;
    }
    return vma_read(walk, vma, vma_owner(vma));
}

bool fb_pages_walk(fb_pages_visit *visit, void *context, struct fb_pages_facts *facts)
{
    struct walk walk = {visit, context, open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), true};
    struct fb_lines lines;
    facts->vmas = 0;
    if (walk.pagemap_fd < 0 || !fb_lines_open(&lines, "/proc/self/maps")) {
        fb_warn("/proc/self/pagemap and maps are needed: %s", strerror(errno));
        if (walk.pagemap_fd >= 0)
            close(walk.pagemap_fd);
        return false;
    }
    bool done = true;
    struct fb_vma vma;
    for (char *line; (line = fb_lines_next(&lines)) != NULL; facts->vmas++)
        if (fb_vma_parse(line, &vma))
            done = vma_walk(&walk, &vma) && done;
    facts->by_pagemap_scan = walk.scan_works;
    fb_lines_close(&lines);
    close(walk.pagemap_fd);
    if (!done)
        fb_warn("/proc/self/pagemap ended early; pages are missing");
    return done;
}
