/* SPDX-License-Identifier: MIT
 *
 * free_sized and free_aligned_sized (C23) free what malloc and aligned_alloc gave, NULL included,
 * and cfree is free.
 */
#include "door.h"

static void (*free_sized_door)(void *, size_t);
static void (*free_aligned_sized_door)(void *, size_t, size_t);
static void (*cfree_door)(void *);

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

/* As large as it was asked to become, wherever it went meanwhile. */
static void grown(size_t step)
{
    for (size_t end = 16; end <= 200000; end += end / 3) {
        size_t size = 8;
        void *block = door_hide(malloc(size));
        while (size < end) {
            size = size + size / 2 < end ? size + size / 2 + step : end;
            block = realloc(block, size);
        }
        free_sized_door(block, size);
    }
}

int main(void)
{
    size_t before;

    door_open();
    *(void **)&free_sized_door = dlsym(RTLD_DEFAULT, "free_sized");
    *(void **)&free_aligned_sized_door = dlsym(RTLD_DEFAULT, "free_aligned_sized");
    *(void **)&cfree_door = dlsym(RTLD_DEFAULT, "cfree");
    tap_ok(free_sized_door != NULL, "free_sized exists");
    tap_ok(free_aligned_sized_door != NULL, "free_aligned_sized exists");
    tap_ok(cfree_door != NULL, "cfree exists");
    if (tap.failed > 0)
        return tap_done();

    before = in_use();
    errno = EXDEV;
    for (size_t size = 0; size <= 8 * MIB; size += size < 4096 ? 1 : size / 3) {
        free_sized_door(door_hide(malloc(size)), size);
        free_sized_door(door_hide(calloc(1, size)), size);
        free_sized_door(realloc(door_hide(malloc(size / 2)), size + 1), size + 1);
    }
    tap_ok(in_use() <= before + MIB, "free_sized frees every size");
    for (size_t step = 0; step < 10; step++)
        grown(step);
    tap_ok(in_use() <= before + MIB, "free_sized frees what has grown");
    for (size_t alignment = 1; alignment <= 2 * MIB; alignment *= 2)
        for (size_t size = alignment; size <= 4 * MIB; size *= 4)
            free_aligned_sized_door(door_hide(aligned_alloc(alignment, size)), alignment, size);
    tap_ok(in_use() <= before + MIB, "free_aligned_sized frees every alignment and size");
    free_sized_door(NULL, 0);
    free_sized_door(NULL, 100);
    free_aligned_sized_door(NULL, 16, 0);
    tap_ok(errno == EXDEV, "the sized doors take NULL and leave errno alone");
    for (int i = 0; i < 100000; i++)
        cfree_door(door_hide(malloc(1000)));
    cfree_door(NULL);
    tap_ok(in_use() <= before + MIB, "cfree frees");
    return tap_done();
}
