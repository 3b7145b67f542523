/* SPDX-License-Identifier: MIT
 *
 * Every result is aligned to 16 bytes, whatever its size and whichever door it came through, and
 * calloc's is zero even where the memory was used before.
 */
#include "door.h"

enum { LIMIT = 4096, ROUNDS = 3 };

static void *blocks[LIMIT + 1];

/* Leaves dirt behind, so that the next block of this size is not zero by chance. */
static void *dirty_then_calloc(size_t size)
{
    void *block = door_hide(malloc(size));

    if (block == NULL)
        return NULL;
    memset(block, 0xa5, size);
    free(block);
    return calloc(1, size);
}

static void *by_malloc(size_t size)
{
    return malloc(size);
}

static void *by_realloc(size_t size)
{
    return realloc(malloc(size / 2 + 1), size);
}

/* All sizes at once, so that neighbours in a slab are seen too. */
static bool all_aligned(void *(*take)(size_t))
{
    bool aligned = true;

    for (size_t size = 1; size <= LIMIT; size++) {
        blocks[size] = take(size);
        aligned = aligned && blocks[size] != NULL && door_is_aligned(blocks[size], 16);
    }
    for (size_t size = 1; size <= LIMIT; size++)
        free(blocks[size]);
    return aligned;
}

static bool several_of_each_aligned(void)
{
    for (size_t size = 1; size <= LIMIT; size += size < 256 ? 1 : 61) {
        bool aligned = true;
        for (size_t i = 0; i < 40; i++) {
            blocks[i] = malloc(size);
            aligned = aligned && blocks[i] != NULL && door_is_aligned(blocks[i], 16);
        }
        for (size_t i = 0; i < 40; i++)
            free(blocks[i]);
        if (!aligned)
            return false;
    }
    return true;
}

static bool calloc_clears(void)
{
    for (size_t size = 1; size <= 4 * MIB; size += 1 + size / 7) {
        void *block = dirty_then_calloc(size);
        bool zero = block != NULL && door_is_aligned(block, 16) && door_is_zero(block, size);
        free(block);
        if (!zero) {
            tap_diag("calloc(1, %zu) is not zero or not aligned", size);
            return false;
        }
    }
    return true;
}

static bool large_aligned(void)
{
    for (size_t size = LIMIT; size <= 64 * MIB; size *= 2) {
        void *above = door_hide(malloc(size + 1));
        void *below = door_hide(malloc(size - 1));
        bool aligned = above != NULL && below != NULL && door_is_aligned(above, 16) &&
                       door_is_aligned(below, 16);
        free(above);
        free(below);
        if (!aligned)
            return false;
    }
    return true;
}

int main(void)
{
    door_open();
    tap_ok(all_aligned(by_malloc), "malloc aligns to 16 for every size to 4096");
    tap_ok(several_of_each_aligned(), "neighbours of one size are aligned to 16");
    tap_ok(all_aligned(dirty_then_calloc), "calloc aligns to 16 for every size to 4096");
    tap_ok(all_aligned(by_realloc), "realloc aligns to 16 for every size to 4096");
    tap_ok(large_aligned(), "large blocks are aligned to 16");
    for (int round = 1; round <= ROUNDS; round++)
        tap_ok(calloc_clears(), "calloc clears used memory, round %d", round);
    return tap_done();
}
