/* SPDX-License-Identifier: MIT
 *
 * space/window under RLIMIT_AS: nothing is reserved, pieces are mapped one by one, and what others
 * own is left alone. Each truth is tried in a child whose limit stands before the first allocation.
 */
#include "unit.h"

#include "heap/huge.h"
#include "os/os.h"

static size_t limit_mib;

static bool set_limit(size_t mib)
{
    struct rlimit limit = {mib * LM_MIB, mib * LM_MIB};
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

enum { MOST = 1 << 20 };

/* Bytes of address space in use already. */
static size_t used_space(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu", &pages) != 1)
        tap_bail("cannot read /proc/self/statm");
    fclose(file);
    return pages * UNIT_PAGE;
}

/* In memory that was there before the limit. */
static void *blocks[MOST];

/* Blocks of one size until memory is out; true if they were whole and made `least` bytes. */
static bool use_up(size_t size, size_t least)
{
    size_t count = 0;
    while (count < MOST && (blocks[count] = lm_malloc(size)) != NULL) {
        unit_fill(blocks[count], lm_min(size, 64), count);
        count++;
    }
    UNIT_CHECK_THAT(count * size >= least, "%zu MiB limit: %zu blocks of %zu are all", limit_mib,
                    count, size);
    for (size_t i = 0; i < count; i++) {
        UNIT_CHECK(unit_is_filled(blocks[i], lm_min(size, 64), i));
        lm_free(blocks[i]);
    }
    return true;
}

static bool is_mostly_usable(void)
{
    size_t least = (limit_mib * LM_MIB - used_space()) / 2;
    UNIT_CHECK(set_limit(limit_mib) && lm_core_init());
    UNIT_CHECK(lm_window.is_virtual);
    UNIT_CHECK(use_up(least, least));
    for (int round = 0; round < 2; round++) {
        UNIT_CHECK(use_up(lm_torture || limit_mib > 100 ? 8000 : 1000, least));
        UNIT_CHECK(use_up(100000, least));
        UNIT_CHECK(use_up(lm_torture ? 2000 : 100, lm_min(least / 4, (size_t)MOST * 100)));
    }
    return true;
}

/* All that the limit leaves to single blocks may grow into each other's place. */
static bool growth_works_without_a_reservation(void)
{
    UNIT_CHECK(set_limit(400) && lm_core_init() && lm_window.is_virtual);
    char *block = NULL;
    size_t size = 0;
    for (size_t next = 1000; next < 100 * LM_MIB; next = next * 3 / 2) {
        block = lm_realloc(block, next);
        UNIT_CHECK(block != NULL && unit_is_filled(block, lm_min(size, 900), 1));
        UNIT_CHECK(size == 0 || block[size - 1] == 7);
        unit_fill(block, lm_min(next, 900), 1);
        block[next - 1] = 7;
        size = next;
    }
    lm_free(block);
    return use_up(100 * LM_MIB, 200 * LM_MIB);
}

static unsigned strangers_freed;

static void count_stranger(void *p)
{
    (void)p;
    strangers_freed++;
}

/* Someone else's page; its bytes say so. */
static char *put_stranger(uintptr_t address)
{
    char *page = (char *)address; // NOLINT
    if (lm_os_map_at(page, UNIT_PAGE) != LM_OS_MAPPED)
        return NULL;
    unit_fill(page, UNIT_PAGE, address);
    return page;
}

static bool strangers_in_the_window_are_left_alone(void)
{
    static const size_t places[] = {20, 21, 33, 64, 100, 177, 300, 600, 1000};
    char *pages[UNIT_COUNT_OF(places)];
    UNIT_CHECK(set_limit(256) && lm_core_init() && lm_window.is_virtual);
    lm_foreign.free = count_stranger;
    UNIT_CHECK(lm_malloc(1) != NULL);
    size_t begin = lm_window_units;
    for (size_t i = 0; i < UNIT_COUNT_OF(places); i++) {
        size_t unit = begin + places[i];
        pages[i] = put_stranger((uintptr_t)lm_unit_address(unit) + UNIT_PAGE);
        UNIT_CHECK(pages[i] != NULL);
    }
    UNIT_CHECK(use_up(lm_torture ? 8000 : 1000, 100 * LM_MIB) && use_up(200000, 100 * LM_MIB));
    UNIT_CHECK(lm_window_units > begin + 1000);
    for (size_t i = 0; i < UNIT_COUNT_OF(places); i++) {
        UNIT_CHECK(unit_is_filled(pages[i], UNIT_PAGE, (uintptr_t)pages[i]));
        UNIT_CHECK(lm_unit_tag(lm_unit_of(pages[i])) == LM_TAG_TAKEN && !lm_is_ours(pages[i]));
        lm_free(pages[i]);
        UNIT_CHECK(strangers_freed == i + 1);
    }
    lm_units_verify();
    return true;
}

static bool strangers_in_the_huge_zone_are_left_alone(void)
{
    UNIT_CHECK(set_limit(400) && lm_core_init() && lm_window.is_virtual);
    char *pages[6];
    for (size_t i = 0; i < UNIT_COUNT_OF(pages); i++) {
        pages[i] = put_stranger(lm_window.zone + (i * 5 << LM_GRANULE_LOG2));
        UNIT_CHECK(pages[i] != NULL && !lm_is_ours(pages[i]));
    }
    for (int round = 0; round < 10; round++) {
        void *block = lm_malloc(40 * LM_MIB);
        UNIT_CHECK(block != NULL && lm_is_ours(block) && lm_is_in_huge_zone(block));
        memset(block, 1, LM_MIB);
        block = lm_realloc(block, 60 * LM_MIB);
        UNIT_CHECK(block != NULL);
        lm_free(block);
    }
    for (size_t i = 0; i < UNIT_COUNT_OF(pages); i++)
        UNIT_CHECK(unit_is_filled(pages[i], UNIT_PAGE, (uintptr_t)pages[i]));
    return true;
}

/* The limit comes down while the program runs. */
static bool a_late_limit_gives_null_and_is_survived(void)
{
    UNIT_CHECK(lm_core_init() && !lm_window.is_virtual);
    void *early = lm_malloc(100);
    unit_fill(early, 100, 1);
    UNIT_CHECK(set_limit(64));
    for (size_t size = 10; size < LM_GIB; size *= 3) {
        char *block = lm_malloc(size);
        if (block != NULL)
            block[size - 1] = 1;
        lm_free(block);
    }
    UNIT_CHECK(unit_is_filled(early, 100, 1));
    lm_free(early);
    return true;
}

static bool no_room_at_all_is_null_and_not_the_end(void)
{
    UNIT_CHECK(set_limit(1));
    for (int round = 0; round < 50; round++)
        UNIT_CHECK(lm_malloc(100) == NULL && lm_calloc(10, 10) == NULL);
    lm_free(NULL);
    UNIT_CHECK(lm_trim() == 0 && !lm_is_ours(&limit_mib));
    return true;
}

int main(void)
{
    static const size_t limits[] = {24, 32, 64, 200, 600};
    if (unit_is_sanitized) {
        tap_skip("limits", "sanitizers do not live under a limit");
        return tap_done();
    }
    /* A checked build looks at every slab on every slow path: it does not fill much. */
    for (size_t i = 0; i < (lm_torture ? 3 : UNIT_COUNT_OF(limits)); i++) {
        limit_mib = limits[i];
        tap_ok(unit_in_child(is_mostly_usable), "a_limit_of_%zu_mib_is_mostly_usable", limits[i]);
    }
    UNIT_TRUTH_IN_CHILD(growth_works_without_a_reservation);
    UNIT_TRUTH_IN_CHILD(strangers_in_the_window_are_left_alone);
    UNIT_TRUTH_IN_CHILD(strangers_in_the_huge_zone_are_left_alone);
    UNIT_TRUTH_IN_CHILD(a_late_limit_gives_null_and_is_survived);
    UNIT_TRUTH_IN_CHILD(no_room_at_all_is_null_and_not_the_end);
    return tap_done();
}
