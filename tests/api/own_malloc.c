/* SPDX-License-Identifier: MIT
 *
 * A program that brings a malloc of its own, without the doors that libc defines by free and realloc: these serve
 * its blocks then, and nothing of ours comes to its free. Browsers are such programs. Run under LD_PRELOAD.
 */
#include "door.h"

enum { ROOM = 64 << 20, HEADER = 16 };

static _Alignas(16) unsigned char arena[ROOM];
static size_t used;
static unsigned long frees;
static unsigned long reallocs;
static bool met_stranger;

static size_t *size_of(void *block)
{
    unsigned char *at = block;
    if (at < arena || at >= arena + sizeof arena) {
        met_stranger = true;
        return NULL;
    }
    return (size_t *)(void *)(at - HEADER);
}

void *malloc(size_t size)
{
    if (size > ROOM - used || ROOM - used - size < 2 * HEADER)
        return NULL;
    unsigned char *block = arena + used + HEADER;
    used += HEADER + ((size + 15) & ~(size_t)15);
    *size_of(block) = size;
    return block;
}

void free(void *block)
{
    if (block != NULL && size_of(block) != NULL)
        frees++;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    size_t *old = block == NULL ? NULL : size_of(block);
    void *moved = malloc(size);
    if (old != NULL && moved != NULL)
        memcpy(moved, block, *old < size ? *old : size);
    reallocs++;
    return moved;
}

int main(void)
{
    void (*free_sized_door)(void *, size_t);
    void (*free_aligned_sized_door)(void *, size_t, size_t);
    void *(*reallocarray_door)(void *, size_t, size_t);

    *(void **)&free_sized_door = dlsym(RTLD_DEFAULT, "free_sized");
    *(void **)&free_aligned_sized_door = dlsym(RTLD_DEFAULT, "free_aligned_sized");
    *(void **)&reallocarray_door = dlsym(RTLD_DEFAULT, "reallocarray");
    tap_ok(dlsym(RTLD_DEFAULT, "lm_version") != NULL, "the library is there");
    tap_ok(dlsym(RTLD_DEFAULT, "malloc") == (void *)&malloc, "the program's malloc comes first");

    unsigned long before = frees;
    free_sized_door(door_hide(malloc(100)), 100);
    tap_ok(frees == before + 1, "free_sized is the program's free");
    free_aligned_sized_door(door_hide(malloc(100)), 16, 100);
    tap_ok(frees == before + 2, "free_aligned_sized is the program's free");
    free_sized_door(NULL, 0);

    unsigned char *block = reallocarray_door(NULL, 10, 50);
    tap_ok(block != NULL && !met_stranger && size_of(block) != NULL,
           "reallocarray allocates by the program's realloc");
    door_fill(block, 500, 3);
    before = reallocs;
    block = reallocarray_door(block, 20, 50);
    tap_ok(reallocs == before + 1 && size_of(block) != NULL && door_holds(block, 500, 3),
           "and resizes by it");
    errno = 0;
    tap_ok(reallocarray_door(block, SIZE_MAX / 2, 3) == NULL && errno == ENOMEM &&
               reallocs == before + 1,
           "what overflows never comes to it");
    free(block);
    free(door_hide(strdup("text")));
    tap_ok(!met_stranger, "no other block came to the program's free");
    return tap_done();
}
