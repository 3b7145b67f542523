/* SPDX-License-Identifier: MIT
 *
 * Requests that no machine can serve: beyond PTRDIFF_MAX, or products that overflow. All answer
 * NULL with ENOMEM, and a block that was to be resized stays as it was.
 */
#include "door.h"

static const size_t impossible[] = {
    (size_t)PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1,
    SIZE_MAX / 2 + 4096, SIZE_MAX - 16 * MIB,
    SIZE_MAX - 64 * KIB, SIZE_MAX - 16 * KIB + 1,
    SIZE_MAX - 4096,     SIZE_MAX - 4095,
    SIZE_MAX - 32,       SIZE_MAX - 16,
    SIZE_MAX - 15,       SIZE_MAX - 8,
    SIZE_MAX - 1,        SIZE_MAX,
};

static const size_t overflowing[][2] = {
    {2, SIZE_MAX / 2 + 1},
    {SIZE_MAX / 2 + 1, 2},
    {SIZE_MAX, SIZE_MAX},
    {(size_t)1 << 32, (size_t)1 << 32},
    {((size_t)1 << 32) + 1, (size_t)1 << 32},
    {SIZE_MAX / 16 + 1, 16},
    {3, SIZE_MAX / 3 + 1},
    {SIZE_MAX, 2},
};

static bool is_refusal(void *answer, const char *call, size_t first, size_t second)
{
    if (answer == NULL && errno == ENOMEM)
        return true;
    tap_diag("%s(%#zx, %#zx) = %p, errno %d", call, first, second, answer, errno);
    return false;
}

#define REFUSES(call, first, second)                                                               \
    (errno = 0, is_refusal(door_hide(call), #call, (first), (second)))

static void *by_posix_memalign(size_t alignment, size_t size)
{
    void *block = NULL;
    int answer = posix_memalign(&block, alignment, size);

    errno = answer;
    return answer == 0 ? block : NULL;
}

static void beyond_ptrdiff_max(void)
{
    bool plain = true;
    bool aligned = true;

    for (size_t i = 0; i < COUNT_OF(impossible); i++) {
        size_t n = door_hide_size(impossible[i]);
        plain = REFUSES(malloc(n), n, 1) && plain;
        plain = REFUSES(calloc(1, n), 1, n) && plain;
        plain = REFUSES(calloc(n, 1), n, 1) && plain;
        plain = REFUSES(realloc(NULL, n), n, 1) && plain;
        plain = REFUSES(reallocarray(NULL, 1, n), 1, n) && plain;
        aligned = REFUSES(aligned_alloc(64, n), 64, n) && aligned;
        aligned = REFUSES(aligned_alloc(MIB, n), MIB, n) && aligned;
        aligned = REFUSES(memalign(64, n), 64, n) && aligned;
        aligned = REFUSES(valloc(n), n, 1) && aligned;
        aligned = REFUSES(pvalloc(n), n, 1) && aligned;
        aligned = REFUSES(by_posix_memalign(4096, n), 4096, n) && aligned;
        aligned = REFUSES(by_posix_memalign(8, n), 8, n) && aligned;
    }
    tap_ok(plain, "more than PTRDIFF_MAX is NULL and ENOMEM");
    tap_ok(aligned, "aligned requests beyond PTRDIFF_MAX are NULL and ENOMEM");
}

static void products(void)
{
    bool refused = true;

    for (size_t i = 0; i < COUNT_OF(overflowing); i++) {
        size_t n = door_hide_size(overflowing[i][0]);
        size_t m = door_hide_size(overflowing[i][1]);
        refused = REFUSES(calloc(n, m), n, m) && refused;
        refused = REFUSES(reallocarray(NULL, n, m), n, m) && refused;
    }
    tap_ok(refused, "calloc and reallocarray notice products that overflow");
}

/* The block must be the same, hold the same and be as free to use as before. */
static void old_block_stays(size_t size)
{
    unsigned char *block = door_hide(malloc(size));
    size_t usable = malloc_usable_size(block);
    bool refused = true;

    door_fill(block, size, 5);
    for (size_t i = 0; i < COUNT_OF(impossible); i++) {
        size_t n = door_hide_size(impossible[i]);
        refused = REFUSES(realloc(door_hide(block), n), n, 1) && refused;
        refused = REFUSES(reallocarray(door_hide(block), 1, n), 1, n) && refused;
    }
    for (size_t i = 0; i < COUNT_OF(overflowing); i++) {
        size_t n = door_hide_size(overflowing[i][0]);
        size_t m = door_hide_size(overflowing[i][1]);
        refused = REFUSES(reallocarray(door_hide(block), n, m), n, m) && refused;
    }
    tap_ok(refused, "an impossible resize of %zu bytes is NULL and ENOMEM", size);
    tap_ok(door_holds(block, size, 5) && malloc_usable_size(block) == usable,
           "the block of %zu bytes is intact after it", size);
    block = realloc(block, size + 1000);
    tap_ok(block != NULL && door_holds(block, size, 5), "and can still be resized");
    free(block);
}

int main(void)
{
    door_open();
    beyond_ptrdiff_max();
    products();
    old_block_stays(24);
    old_block_stays(3000);
    old_block_stays(100000);
    old_block_stays(5 * MIB);
    return tap_done();
}
