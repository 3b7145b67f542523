/* SPDX-License-Identifier: MIT
 *
 * Requests for no bytes: each gets a pointer of its own, which can be freed.
 */
#include "door.h"

enum { BLOCKS = 10000 };

static void *blocks[BLOCKS];

static int by_address(const void *left, const void *right)
{
    uintptr_t l = (uintptr_t) * (void *const *)left;
    uintptr_t r = (uintptr_t) * (void *const *)right;

    return l < r ? -1 : l > r;
}

static bool all_unique(void)
{
    qsort(blocks, BLOCKS, sizeof blocks[0], by_address);
    for (size_t i = 1; i < BLOCKS; i++)
        if (blocks[i] == blocks[i - 1])
            return false;
    return blocks[0] != NULL;
}

static void free_all(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

int main(void)
{
    size_t zero = door_hide_size(0);
    void *aligned = NULL;

    door_open();
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(zero);
    tap_ok(all_unique(), "malloc(0) gives unique pointers");
    free_all();
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = i % 2 ? calloc(zero, 8) : calloc(8, zero);
    tap_ok(all_unique(), "calloc of nothing gives unique pointers");
    free_all();
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = i % 2 ? realloc(NULL, zero) : reallocarray(NULL, zero, 8);
    tap_ok(all_unique(), "realloc(NULL, 0) is malloc(0)");
    free_all();
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = i % 2 ? aligned_alloc(64, zero) : memalign(64, zero);
    tap_ok(all_unique(), "aligned requests for nothing give unique pointers");
    free_all();
    tap_ok(posix_memalign(&aligned, 64, zero) == 0 && aligned != NULL,
           "posix_memalign of nothing gives a pointer");
    free(aligned);
    return tap_done();
}
