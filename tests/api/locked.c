/* SPDX-License-Identifier: MIT
 *
 * Memory that the program has locked: it goes back like other memory where the kernel can (5.18), and
 * a block keeps its contents when realloc moves it although its pages lie in several mappings.
 */
#include "door.h"

#include <sys/mman.h>

enum { BLOCKS = 256, BLOCK = 40000 };

static void *blocks[BLOCKS];

static bool can_purge_locked(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED || mlock(page, 4096) != 0)
        return false;
    /* MADV_DONTNEED_LOCKED */
    return madvise(page, 4096, 24) == 0;
}

/* The window counts against the limit that users without privileges have. */
static bool can_lock_all(void)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(mlockall(MCL_CURRENT | MCL_FUTURE) != 0);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static size_t fill_and_free(void)
{
    for (int i = 0; i < BLOCKS; i++)
        memset(blocks[i] = door_hide(malloc(BLOCK)), 1, BLOCK);
    size_t full = resident_now();
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    malloc_trim(0);
    return full - resident_now();
}

static int one_block_locked(void)
{
    char *block = door_hide(malloc(BLOCK));

    if (mlock(block, BLOCK) != 0)
        return 2;
    free(block);
    size_t back = fill_and_free();
    tap_diag("KiB back, one block locked: %zu", back / KIB);
    return back < (size_t)BLOCKS * BLOCK / 10 * 9;
}

static int everything_locked(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        return 2;
    size_t back = fill_and_free();
    tap_diag("KiB back, all memory locked: %zu", back / KIB);
    return back < (size_t)BLOCKS * BLOCK / 10 * 9;
}

static int block_in_pieces(void)
{
    for (size_t size = MIB; size <= 64 * MIB; size *= 4) {
        char *block = door_hide(malloc(size));
        char *fence = door_hide(malloc(size));
        door_fill(block, size, 7);
        if (mlock(block + size / 2, 4096) != 0)
            return 2;
        for (size_t next = size * 2; next <= size * 64 && next <= 512 * MIB; next *= 4) {
            block = door_hide(realloc(block, next));
            if (block == NULL || !door_holds(block, size, 7))
                return 1;
        }
        block = door_hide(realloc(block, size / 4));
        if (block == NULL || !door_holds(block, size / 4, 7))
            return 1;
        free(block);
        free(fence);
    }
    return 0;
}

static void check(int (*work)(void), bool is_possible, const char *name)
{
    if (!is_possible)
        tap_skip(name, "memory cannot be locked here, or not given back");
    else
        tap_ok(door_in_child(work, DOOR_SECONDS, name), "%s", name);
}

int main(void)
{
    bool is_possible = can_purge_locked();

    door_open();
    check(one_block_locked, is_possible,
          "a freed block that is still locked goes back with the rest");
    check(everything_locked, is_possible && can_lock_all(),
          "memory goes back although all of it is locked");
    check(block_in_pieces, is_possible,
          "a block that is locked in part keeps its contents when it moves");
    return tap_done();
}
