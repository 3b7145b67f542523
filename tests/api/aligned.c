/* SPDX-License-Identifier: MIT
 *
 * The aligned doors: which alignments they take, what they answer to the others, and that the
 * alignment given is the alignment asked for, up to 1 GiB.
 */
#include "door.h"

static const size_t bad_for_posix[] = {0, 1, 2, 3, 4, 6, 7, 9, 12, 24, 40, 48, 100, 4097, 3 * MIB};
static const size_t not_powers[] = {0, 3, 5, 6, 7, 9, 12, 24, 48, 100, 4097, 3 * MIB};
static const size_t sizes[] = {1, 17, 100, 4095, 4097, 70000, 2 * MIB + 1};

static void *by_posix_memalign(size_t alignment, size_t size)
{
    void *block = NULL;

    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void posix_memalign_refuses(void)
{
    char mark;
    bool refused = true;

    for (size_t i = 0; i < COUNT_OF(bad_for_posix); i++) {
        void *block = &mark;
        errno = EXDEV;
        int answer = posix_memalign(&block, door_hide_size(bad_for_posix[i]), 32);
        if (answer != EINVAL || block != &mark || errno != EXDEV) {
            tap_diag("posix_memalign(&p, %zu, 32) = %d, errno %d, p %s", bad_for_posix[i], answer,
                     errno, block == &mark ? "untouched" : "changed");
            refused = false;
        }
    }
    tap_ok(refused, "posix_memalign refuses bad alignments with EINVAL and touches nothing");
}

static void aligned_alloc_refuses(void)
{
    bool refused = true;

    for (size_t i = 0; i < COUNT_OF(not_powers); i++) {
        errno = 0;
        void *block = door_hide(aligned_alloc(door_hide_size(not_powers[i]), 32));
        if (block != NULL || errno != EINVAL) {
            tap_diag("aligned_alloc(%zu, 32) = %p, errno %d", not_powers[i], block, errno);
            refused = false;
        }
        free(block);
    }
    tap_ok(refused, "aligned_alloc refuses what is no power of two with EINVAL");
}

static void memalign_rounds_up(void)
{
    bool rounded = true;

    for (size_t i = 0; i < COUNT_OF(not_powers); i++) {
        size_t power = 16;
        while (power < not_powers[i])
            power *= 2;
        void *block = door_hide(memalign(door_hide_size(not_powers[i]), 100));
        if (block == NULL || !door_is_aligned(block, power)) {
            tap_diag("memalign(%zu, 100) = %p", not_powers[i], block);
            rounded = false;
        }
        free(block);
    }
    tap_ok(rounded, "memalign rounds an alignment up to a power of two");
    errno = 0;
    tap_ok(memalign(door_hide_size(SIZE_MAX / 2 + 2), 100) == NULL && errno == EINVAL,
           "memalign has EINVAL for an alignment that no power of two reaches");
}

/* Two of each at once: the second lies where the first one's size ends, on no round address. */
static bool honours(void *(*take)(size_t, size_t), size_t alignment)
{
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(sizes) && good; i++) {
        void *first = take(alignment, sizes[i]);
        void *second = take(alignment, sizes[i]);
        good = first != NULL && second != NULL && first != second &&
               door_is_aligned(first, alignment) && door_is_aligned(second, alignment) &&
               malloc_usable_size(first) >= sizes[i];
        if (good) {
            door_fill(first, sizes[i], 1);
            door_fill(second, sizes[i], 2);
            good = door_holds(first, sizes[i], 1) && door_holds(second, sizes[i], 2);
        }
        if (!good)
            tap_diag("alignment %zu, size %zu: %p and %p", alignment, sizes[i], first, second);
        free(first);
        free(second);
    }
    return good;
}

static void all_doors_honour(void)
{
    for (size_t alignment = sizeof(void *); alignment <= GIB; alignment *= 2) {
        bool posix = honours(by_posix_memalign, alignment);
        bool c11 = honours(aligned_alloc, alignment);
        bool old = honours(memalign, alignment);
        tap_ok(posix && c11 && old, "alignment %zu is honoured by all three doors", alignment);
    }
}

static void too_much_is_enomem(void)
{
    char mark;
    void *block = &mark;
    size_t beyond = door_hide_size((size_t)1 << 60);

    tap_ok(posix_memalign(&block, beyond, 64) == ENOMEM,
           "posix_memalign returns ENOMEM for an alignment larger than memory");
    errno = 0;
    tap_ok(aligned_alloc(beyond, 64) == NULL && errno == ENOMEM,
           "aligned_alloc has ENOMEM for an alignment larger than memory");
}

static void resizing_keeps_contents(void)
{
    bool kept = true;

    for (size_t alignment = 16; alignment <= 2 * MIB; alignment *= 2) {
        unsigned char *block = door_hide(memalign(alignment, 3000));
        door_fill(block, 3000, 3);
        block = realloc(block, 90000);
        kept = kept && block != NULL && door_holds(block, 3000, 3);
        block = realloc(block, 100);
        kept = kept && block != NULL && door_holds(block, 100, 3);
        free(block);
    }
    tap_ok(kept, "realloc of an aligned block keeps its contents");
}

static void page_doors(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        void *v = door_hide(valloc(sizes[i]));
        void *p = door_hide(pvalloc(sizes[i]));
        size_t pages = (sizes[i] + page - 1) / page * page;
        good = good && v != NULL && p != NULL && door_is_aligned(v, page) &&
               door_is_aligned(p, page) && malloc_usable_size(v) >= sizes[i] &&
               malloc_usable_size(p) >= pages;
        if (good)
            memset(p, 1, pages);
        free(v);
        free(p);
    }
    tap_ok(good, "valloc and pvalloc give whole pages' alignment, pvalloc whole pages");
    errno = 0;
    tap_ok(valloc(door_hide_size(SIZE_MAX)) == NULL && errno == ENOMEM, "valloc has ENOMEM");
    errno = 0;
    tap_ok(pvalloc(door_hide_size(SIZE_MAX - 100)) == NULL && errno == ENOMEM,
           "pvalloc has ENOMEM where rounding to pages overflows");
}

int main(void)
{
    void *block;

    door_open();
    posix_memalign_refuses();
    aligned_alloc_refuses();
    block = door_hide(aligned_alloc(64, 100));
    tap_ok(block != NULL && door_is_aligned(block, 64),
           "aligned_alloc takes a size that is no multiple of the alignment");
    free(block);
    memalign_rounds_up();
    all_doors_honour();
    too_much_is_enomem();
    resizing_keeps_contents();
    page_doors();
    return tap_done();
}
