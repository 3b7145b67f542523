/* SPDX-License-Identifier: MIT
 *
 * A program that has as many mappings as the kernel allows (vm.max_map_count) still gets memory from a heap that
 * has room.
 */
#include "door.h"

#include <sys/mman.h>

enum { FIRST = 20000, BLOCKS = 50000, BLOCK = 1000 };

/* Pages of which every second one may be read are a mapping each. Result: false, if the kernel allows that many. */
static bool use_up_mappings(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t count = 300000;
    char *pages =
        mmap(NULL, count * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t at = 1;
    if (pages == MAP_FAILED)
        return false;
    while (at < count && mprotect(pages + at * page, page, PROT_READ) == 0)
        at += 2;
    for (int kind = 0; kind < 64; kind++) {
        int protection = kind % 2 == 0 ? PROT_READ : PROT_READ | PROT_EXEC;
        if (mmap(NULL, page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            return true;
    }
    return false;
}

int main(void)
{
    static void *blocks[BLOCKS];
    size_t taken = 0;
#ifdef LM_CONFIG_TORTURE
    tap_skip("all mappings are in use",
             "in a torture build a heap of this size is still about to need more");
    return tap_done();
#endif
    /* All that a heap of this kind needs of mappings is there. */
    while (taken < FIRST)
        blocks[taken++] = door_hide(malloc(BLOCK));
    if (!use_up_mappings()) {
        tap_skip("all mappings are in use", "this kernel allows more than is sensible to try");
        return tap_done();
    }
    while (taken < BLOCKS && (blocks[taken] = door_hide(malloc(BLOCK))) != NULL)
        taken++;
    tap_diag("%zu blocks before, %zu after", (size_t)FIRST, taken - FIRST);
    bool is_whole = true;
    for (size_t i = 0; i < taken; i++)
        door_fill(blocks[i], BLOCK, (unsigned)i);
    for (size_t i = 0; i < taken; i++)
        is_whole = is_whole && door_holds(blocks[i], BLOCK, (unsigned)i);
    for (size_t i = 0; i < taken; i++)
        free(blocks[i]);
    tap_ok(taken == BLOCKS, "%zu of %d blocks are served where no mapping is left", taken, BLOCKS);
    tap_ok(is_whole, "and hold what they should");
    return tap_done();
}
