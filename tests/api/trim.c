/* SPDX-License-Identifier: MIT
 *
 * malloc_trim returns memory, pages within partly used slabs too, and says 1 only if it did.
 */
#include "door.h"

#include <pthread.h>

enum { BLOCK = 256, KEEP = 256 };

static const size_t total = 64 * MIB;
static void *blocks[64 * 1024 * 1024 / BLOCK];

/* One block of 256 stays: each page of the survivors, the rest goes. */
static void holes_in_slabs(void)
{
    size_t count = total / BLOCK;
    size_t before = resident_now();
    size_t survivors = count / KEEP;

    for (size_t i = 0; i < count; i++) {
        blocks[i] = door_hide(malloc(BLOCK));
        door_fill(blocks[i], BLOCK, (unsigned)i);
    }
    size_t full = resident_now();
    for (size_t i = 0; i < count; i++)
        if (i % KEEP != 0)
            free(blocks[i]);
    int first = malloc_trim(0);
    size_t after = resident_now();
    size_t bound = before + survivors * (size_t)sysconf(_SC_PAGESIZE) + 4 * MIB;
    tap_diag("resident KiB: %zu before, %zu full, %zu after trim, bound %zu", before / KIB,
             full / KIB, after / KIB, bound / KIB);
    tap_ok(first == 1, "malloc_trim says 1 when memory went back");
    tap_ok(after < bound, "malloc_trim returns pages of partly used slabs");
    malloc_trim(0);
    tap_ok(malloc_trim(0) == 0, "malloc_trim says 0 when there was nothing to return");
    bool intact = true;
    for (size_t i = 0; i < count; i += KEEP) {
        intact = intact && door_holds(blocks[i], BLOCK, (unsigned)i);
        free(blocks[i]);
    }
    tap_ok(intact, "what lives beside the holes is untouched");
    /* The holes are filled again; they read as zero now, or as whatever calloc must clear. */
    for (size_t i = 0; i < count; i++) {
        blocks[i] = door_hide(calloc(1, BLOCK));
        intact = intact && door_is_zero(blocks[i], BLOCK);
        memset(blocks[i], 1, BLOCK);
    }
    tap_ok(intact, "memory that went back is good for new blocks");
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
}

static void everything(size_t size)
{
    size_t count = total / size;
    size_t before;

    malloc_trim(0);
    before = resident_now();
    for (size_t i = 0; i < count; i++) {
        blocks[i] = door_hide(malloc(size));
        memset(blocks[i], 1, size);
    }
    size_t full = resident_now();
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
    malloc_trim(0);
    size_t after = resident_now();
    tap_diag("resident KiB: %zu before, %zu full, %zu after", before / KIB, full / KIB,
             after / KIB);
    tap_ok(full > before + total / 2, "blocks of %zu are resident", size);
    tap_ok(after < before + 4 * MIB, "malloc_trim returns freed blocks of %zu", size);
}

static pthread_barrier_t both;

/* Leaves its free memory in its own heap, alive but idle. */
static void *idle_with_cache(void *argument)
{
    static void *mine[20000];

    for (size_t i = 0; i < COUNT_OF(mine); i++) {
        mine[i] = door_hide(malloc(1000));
        memset(mine[i], 1, 1000);
    }
    for (size_t i = 0; i < COUNT_OF(mine); i++)
        free(mine[i]);
    pthread_barrier_wait(&both);
    pthread_barrier_wait(&both);
    return argument;
}

static void other_threads(void)
{
    pthread_t thread;

    malloc_trim(0);
    size_t before = resident_now();
    pthread_barrier_init(&both, NULL, 2);
    if (pthread_create(&thread, NULL, idle_with_cache, NULL) != 0)
        tap_bail("pthread_create failed");
    pthread_barrier_wait(&both);
    malloc_trim(0);
    tap_ok(resident_now() < before + 4 * MIB, "malloc_trim returns what other threads freed");
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
}

int main(void)
{
    door_open();
    holes_in_slabs();
    everything(100 * KIB);
    everything(4 * KIB);
    everything(32 * MIB);
    other_threads();
    return tap_done();
}
