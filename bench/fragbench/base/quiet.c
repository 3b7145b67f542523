/* SPDX-License-Identifier: MIT
 * Quiet memory; see quiet.h. */
#include "base/quiet.h"

#include "base/die.h"

#include <sys/mman.h>
#include <unistd.h>

static void *map_file(const char *what, size_t size, int flags)
{
    int file = memfd_create(what, MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)size) != 0)
        fb_die_errno("%s: no memory file of %zu bytes", what, size);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0);
    if (memory == MAP_FAILED)
        fb_die_errno("%s: cannot map %zu bytes", what, size);
    close(file);
    return memory;
}

void *fb_quiet_map(const char *what, size_t size)
{
    return map_file(what, size == 0 ? 1 : size, MAP_POPULATE);
}

void *fb_quiet_reserve(const char *what, size_t size)
{
    return map_file(what, size == 0 ? 1 : size, 0);
}

void fb_quiet_unmap(void *memory, size_t size)
{
    munmap(memory, size == 0 ? 1 : size);
}

void fb_quiet_array_open(struct fb_quiet_array *array, const char *what, size_t width)
{
    enum { FIRST_SIZE = 64 * 1024 };
    *array = (struct fb_quiet_array){.width = width, .mapped_size = FIRST_SIZE};
    array->file = memfd_create(what, MFD_CLOEXEC);
    if (array->file < 0 || ftruncate(array->file, FIRST_SIZE) != 0)
        fb_die_errno("%s: no memory file", what);
    array->data =
        mmap(NULL, array->mapped_size, PROT_READ | PROT_WRITE, MAP_SHARED, array->file, 0);
    if (array->data == MAP_FAILED)
        fb_die_errno("%s: cannot map", what);
}

void *fb_quiet_array_push(struct fb_quiet_array *array)
{
    if ((array->count + 1) * array->width > array->mapped_size) {
        size_t size = array->mapped_size * 2;
        if (ftruncate(array->file, (off_t)size) != 0)
            fb_die_errno("bookkeeping: no memory file of %zu bytes", size);
        array->data = mremap(array->data, array->mapped_size, size, MREMAP_MAYMOVE);
        if (array->data == MAP_FAILED)
            fb_die_errno("bookkeeping: cannot map %zu bytes", size);
        array->mapped_size = size;
    }
    return (char *)array->data + array->width * array->count++;
}

void fb_quiet_array_close(struct fb_quiet_array *array)
{
    munmap(array->data, array->mapped_size);
    close(array->file);
    *array = (struct fb_quiet_array){.file = -1};
}
