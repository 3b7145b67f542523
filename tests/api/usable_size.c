/* SPDX-License-Identifier: MIT
 *
 * malloc_usable_size: 0 for NULL, never less than asked for, the same all the block's life, and all
 * of it may be written.
 */
#include "door.h"

enum { BLOCKS = 2000 };

static void *blocks[BLOCKS];
static size_t usable[BLOCKS];

static void never_less_than_asked(void)
{
    bool enough = true;

    for (size_t size = 0; size <= 8 * MIB; size += size < 4096 ? 1 : size / 13) {
        void *plain = door_hide(malloc(size));
        void *aligned = door_hide(memalign(256, size));
        enough = enough && plain != NULL && aligned != NULL && malloc_usable_size(plain) >= size &&
                 malloc_usable_size(aligned) >= size;
        free(plain);
        free(aligned);
    }
    tap_ok(enough, "the usable size is never less than asked for");
}

/* Traffic of the same sizes goes on around the blocks; their sizes must not follow it. */
static void constant_for_life(uint64_t seed)
{
    bool constant = true;

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = door_hide(malloc((size_t)(tap_random(&seed) % 3000) + 1));
        usable[i] = malloc_usable_size(blocks[i]);
        door_fill(blocks[i], usable[i], (unsigned)i);
    }
    for (int round = 0; round < 20; round++) {
        static void *others[BLOCKS];
        for (size_t i = 0; i < BLOCKS; i++) {
            others[i] = door_hide(malloc((size_t)(tap_random(&seed) % 3000) + 1));
            memset(others[i], 0xee, malloc_usable_size(others[i]));
        }
        for (size_t i = 0; i < BLOCKS; i++)
            free(others[i]);
        for (size_t i = 0; i < BLOCKS; i++)
            constant = constant && malloc_usable_size(blocks[i]) == usable[i];
    }
    tap_ok(constant, "the usable size is constant for the block's life");
    for (size_t i = 0; i < BLOCKS; i++) {
        constant = constant && door_holds(blocks[i], usable[i], (unsigned)i);
        free(blocks[i]);
    }
    tap_ok(constant, "all of the usable size may be written and no neighbour shares it");
}

int main(void)
{
    door_open();
    tap_ok(malloc_usable_size(door_hide(NULL)) == 0, "the usable size of NULL is 0");
    never_less_than_asked();
    constant_for_life(tap_seed());
    return tap_done();
}
