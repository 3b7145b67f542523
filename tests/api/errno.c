/* SPDX-License-Identifier: MIT
 *
 * Success leaves errno alone, and free always does.
 */
#include "door.h"

static const size_t sizes[] = {1, 24, 500, 4096, 30000, 100000, MIB, 3 * MIB, 40 * MIB};

#define LEAVES(call) (errno = EXDEV, (call), errno == EXDEV)

static void *by_posix_memalign(size_t alignment, size_t size)
{
    void *block = NULL;

    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

int main(void)
{
    bool taking = true;
    bool resizing = true;
    bool giving = true;
    bool asking = true;

    door_open();
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t n = sizes[i];
        void *block[6];
        taking = LEAVES(block[0] = malloc(n)) && taking;
        taking = LEAVES(block[1] = calloc(n, 2)) && taking;
        taking = LEAVES(block[2] = aligned_alloc(128, n)) && taking;
        taking = LEAVES(block[3] = by_posix_memalign(4096, n)) && taking;
        taking = LEAVES(block[4] = valloc(n)) && taking;
        taking = LEAVES(block[5] = memalign(2 * MIB, n)) && taking;
        resizing = LEAVES(block[0] = realloc(block[0], n * 3)) && resizing;
        resizing = LEAVES(block[1] = realloc(block[1], n / 3 + 1)) && resizing;
        resizing = LEAVES(block[4] = reallocarray(block[4], 2, n)) && resizing;
        asking = LEAVES(malloc_usable_size(block[2])) && asking;
        for (size_t j = 0; j < COUNT_OF(block); j++) {
            memset(block[j], 1, n / 3 + 1);
            giving = LEAVES(free(block[j])) && giving;
        }
    }
    giving = LEAVES(free(door_hide(NULL))) && giving;
    asking = LEAVES(mallinfo2()) && asking;
    asking = LEAVES(malloc_trim(0)) && asking;
    tap_ok(taking, "an allocation that succeeds leaves errno alone");
    tap_ok(resizing, "a resize that succeeds leaves errno alone");
    tap_ok(giving, "free leaves errno alone");
    tap_ok(asking, "asking leaves errno alone");
    return tap_done();
}
