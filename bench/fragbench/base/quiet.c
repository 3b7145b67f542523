/* SPDX-License-Identifier: MIT
 * Quiet memory; see quiet.h. */
#include "base/quiet.h"

#include "base/die.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* A named memory file, so that /proc/self/maps tells what is what; -1 where the file size limit
 * forbids even that. */
static int open_file(const char *what, size_t size)
{
    int file = memfd_create(what, MFD_CLOEXEC);
    if (file < 0)
        fb_die_errno("%s: no memory file", what);
    /* Past the limit comes a signal, whose default is death. */
    struct rlimit limit;
    bool fits = getrlimit(RLIMIT_FSIZE, &limit) != 0 || size <= limit.rlim_cur;
    if (fits && ftruncate(file, (off_t)size) == 0)
        return file;
    if (fits)
        fb_die_errno("%s: no memory file of %zu bytes", what, size);
    close(file);
    return -1;
}

/* Without a file it is shared memory all the same, only nameless. */
static void *map(int file, const char *what, size_t size, int flags)
{
    int more = file < 0 ? MAP_ANONYMOUS : 0;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags | more, file, 0);
    if (memory == MAP_FAILED)
        fb_die_errno("%s: cannot map %zu bytes", what, size);
    return memory;
}

static void *map_once(const char *what, size_t size, int flags)
{
    int file = open_file(what, size);
    void *memory = map(file, what, size, flags);
    if (file >= 0)
        close(file);
    return memory;
}

void *fb_quiet_map(const char *what, size_t size)
{
    return map_once(what, size == 0 ? 1 : size, MAP_POPULATE);
}

void *fb_quiet_reserve(const char *what, size_t size)
{
    return map_once(what, size == 0 ? 1 : size, 0);
}

void fb_quiet_unmap(void *memory, size_t size)
{
    munmap(memory, size == 0 ? 1 : size);
}

void fb_quiet_array_open(struct fb_quiet_array *array, const char *what, size_t width)
{
    enum { FIRST_SIZE = 64 * 1024 };
    *array = (struct fb_quiet_array){.width = width, .mapped_size = FIRST_SIZE};
    array->file = open_file(what, FIRST_SIZE);
    array->data = map(array->file, what, FIRST_SIZE, 0);
}

static void grow(struct fb_quiet_array *array)
{
    static const char what[] = "bookkeeping";
    size_t size = array->mapped_size * 2;
    struct rlimit limit;
    bool fits = getrlimit(RLIMIT_FSIZE, &limit) != 0 || size <= limit.rlim_cur;
    if (array->file >= 0 && fits) {
        if (ftruncate(array->file, (off_t)size) != 0)
            fb_die_errno("%s: no memory file of %zu bytes", what, size);
        array->data = mremap(array->data, array->mapped_size, size, MREMAP_MAYMOVE);
        if (array->data == MAP_FAILED)
            fb_die_errno("%s: cannot map %zu bytes", what, size);
    } else {
        void *larger = map(-1, what, size, 0);
        memcpy(larger, array->data, array->count * array->width);
        munmap(array->data, array->mapped_size);
        array->data = larger;
        if (array->file >= 0)
            close(array->file);
        array->file = -1;
    }
    array->mapped_size = size;
}

void *fb_quiet_array_push(struct fb_quiet_array *array)
{
    if ((array->count + 1) * array->width > array->mapped_size)
        grow(array);
    return (char *)array->data + array->width * array->count++;
}

void fb_quiet_array_close(struct fb_quiet_array *array)
{
    munmap(array->data, array->mapped_size);
    if (array->file >= 0)
        close(array->file);
    *array = (struct fb_quiet_array){.file = -1};
}
