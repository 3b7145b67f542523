/* SPDX-License-Identifier: MIT
 *
 * realloc: contents survive every change of size, NULL and 0 mean what the contract says, and both
 * answers to realloc(p, 0) are to be had.
 */
#include "door.h"

#include <pthread.h>

static const size_t sizes[] = {
    1,      2,      15,     16,     17,      31,      33,      48,      100,   127,
    128,    129,    200,    256,    257,     500,     1000,    1024,    2047,  3000,
    4096,   4097,   8000,   12289,  16384,   20000,   32768,   32769,   60000, 65536,
    100000, 131073, 262144, 500000, 1048576, 1048577, 2000000, 3145728,
};

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

static void every_pair_of_sizes(void)
{
    bool kept = true;

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (size_t j = 0; j < COUNT_OF(sizes); j++) {
            void *block = door_hide(malloc(sizes[i]));
            door_fill(block, sizes[i], (unsigned)i);
            block = realloc(block, sizes[j]);
            if (block == NULL || malloc_usable_size(block) < sizes[j] ||
                !door_holds(block, smaller(sizes[i], sizes[j]), (unsigned)i)) {
                tap_diag("%zu resized to %zu lost its contents", sizes[i], sizes[j]);
                kept = false;
            }
            free(block);
        }
    }
    tap_ok(kept, "contents survive a resize between any two sizes");
}

/* Only what is new is written and the whole is checked at the end: quadratic otherwise. */
static void growing(const char *name, size_t start, size_t end, size_t numerator, size_t step)
{
    unsigned char *block = door_hide(malloc(start));
    size_t size = start;
    bool kept = true;

    door_fill(block, size, 9);
    while (size < end && kept) {
        size_t larger = size * numerator / 2 + step;
        block = realloc(block, larger);
        kept = block != NULL && block[0] == door_byte(9, 0) &&
               block[size - 1] == door_byte(9, size - 1);
        for (size_t i = size; i < larger && kept; i++)
            block[i] = door_byte(9, i);
        size = larger;
    }
    tap_ok(kept && door_holds(block, size, 9), "a block grown %s holds all that was written", name);
    while (size > 10000 && kept) {
        size = size / 3;
        block = realloc(block, size);
        kept = block != NULL && door_holds(block, smaller(size, 64 * KIB), 9) &&
               block[size - 1] == door_byte(9, size - 1);
    }
    tap_ok(kept, "and while it shrinks again");
    free(block);
}

static void neighbours_while_growing(void)
{
    enum { BLOCKS = 64 };
    unsigned char *blocks[BLOCKS];
    size_t size = 100;
    bool kept = true;

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(size);
        door_fill(blocks[i], size, (unsigned)i);
    }
    for (; size < 300000; size += size / 4) {
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = realloc(blocks[i], size + size / 4);
            kept = kept && blocks[i] != NULL && door_holds(blocks[i], size, (unsigned)i);
            door_fill(blocks[i], size + size / 4, (unsigned)i);
        }
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        kept = kept && door_holds(blocks[i], size, (unsigned)i);
        free(blocks[i]);
    }
    tap_ok(kept, "blocks that grow side by side leave each other alone");
}

/* From 8 bytes by doubling, with a neighbour after each step; *moves counts those from `counted` bytes on. */
static unsigned char *double_up(size_t end, size_t counted, size_t *moves)
{
    void *neighbours[32];
    size_t steps = 0;
    unsigned char *block = door_hide(malloc(8));

    *moves = 0;
    door_fill(block, 8, 3);
    for (size_t size = 16; size <= end; size *= 2) {
        uintptr_t before = (uintptr_t)block;
        neighbours[steps++] = door_hide(malloc(64));
        block = realloc(block, size);
        if (block == NULL || !door_holds(block, size / 2, 3))
            return NULL;
        door_fill(block, size, 3);
        *moves += size >= counted && (uintptr_t)block != before;
    }
    for (size_t i = 0; i < steps; i++)
        free(neighbours[i]);
    return block;
}

static void growing_in_place(void)
{
    size_t moves;

    for (int i = 0; i < 3; i++) {
        unsigned char *block = double_up(512 * KIB, 8 * KIB, &moves);
        tap_ok(block != NULL && moves <= 1, "what has moved again and again grows where it is");
        free(block);
    }
}

/* One such block may have more room than it needs; not all. */
static void few_wait_for_growth(void)
{
    enum { BLOCKS = 100 };
    unsigned char *blocks[BLOCKS];
    size_t moves;
    size_t roomy = 0;
    bool kept = true;

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = double_up(4096, 8, &moves);
        kept = kept && blocks[i] != NULL;
        roomy += malloc_usable_size(blocks[i]) >= 8192;
    }
    tap_ok(kept && roomy <= 1, "one block of many that grew to a page has room");
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

enum { HANDED_OVER = 2000 };
static unsigned char *handed_over[HANDED_OVER];

static void *take_many(void *unused)
{
    for (size_t i = 0; i < HANDED_OVER; i++) {
        handed_over[i] = malloc(200);
        door_fill(handed_over[i], 200, (unsigned)i);
    }
    return unused;
}

static void *resize_first(void *unused)
{
    for (size_t i = HANDED_OVER; i-- > 0;)
        handed_over[i] = realloc(handed_over[i], i % 2 == 0 ? 50 : 5000);
    return unused;
}

static void run_thread(void *(*function)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, NULL) != 0 || pthread_join(thread, NULL) != 0)
        tap_bail("pthread_create: %s", strerror(errno));
}

/* A thread that has allocated nothing yet resizes blocks of one that is gone, which had many. */
static void by_a_new_thread(void)
{
    bool kept = true;

    run_thread(take_many);
    run_thread(resize_first);
    for (size_t i = 0; i < HANDED_OVER; i++) {
        kept = kept && handed_over[i] != NULL && door_holds(handed_over[i], 50, (unsigned)i);
        free(handed_over[i]);
    }
    tap_ok(kept, "realloc may be a thread's first call");
}

static void to_zero_frees(size_t size)
{
    size_t before;
    bool all_null = true;

    free(door_hide(malloc(size)));
    before = in_use();
    for (int i = 0; i < 1000; i++) {
        void *block = door_hide(malloc(size));
        ((char *)block)[0] = 1;
        errno = EXDEV;
        all_null = all_null && realloc(block, door_hide_size(0)) == NULL && errno == EXDEV;
    }
    tap_ok(all_null, "realloc(p, 0) of %zu bytes returns NULL and leaves errno alone", size);
    tap_ok(in_use() < before + 100 * size, "realloc(p, 0) frees %zu bytes", size);
}

/* Runs with realloc_zero:alloc. */
static int to_zero_allocates(void)
{
    size_t before;

    free(door_hide(malloc(100)));
    before = in_use();
    for (int i = 0; i < 1000; i++) {
        void *block = realloc(door_hide(malloc(5000)), door_hide_size(0));
        if (block == NULL || !door_is_aligned(block, 16))
            return 1;
        free(block);
    }
    return in_use() < before + 100000 ? 0 : 2;
}

int main(int count, char **arguments)
{
    void *block;

    door_open();
    if (count > 1 && strcmp(arguments[1], "zero_allocates") == 0)
        return to_zero_allocates();
    block = realloc(NULL, door_hide_size(100));
    tap_ok(block != NULL && malloc_usable_size(block) >= 100, "realloc(NULL, n) is malloc(n)");
    block = reallocarray(block, door_hide_size(100), 7);
    tap_ok(block != NULL && malloc_usable_size(block) >= 700, "reallocarray multiplies");
    free(block);
    every_pair_of_sizes();
    growing("by half each time", 100, 64 * MIB, 3, 0);
    growing("in steps of a page", 100, 16 * MIB, 2, 4096);
    growing("in steps of a byte", 1, 5000, 2, 1);
    neighbours_while_growing();
    growing_in_place();
    few_wait_for_growth();
    by_a_new_thread();
    to_zero_frees(40);
    to_zero_frees(5000);
    to_zero_frees(200000);
    to_zero_frees(2 * MIB);
    tap_ok(door_again("zero_allocates", "realloc_zero:alloc", 0),
           "realloc(p, 0) allocates under realloc_zero:alloc");
    return tap_done();
}
