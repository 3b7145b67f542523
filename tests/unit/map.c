/* SPDX-License-Identifier: MIT
 *
 * os/map: what the rest of the tower believes about the operating system.
 */
#include "unit.h"

#include "tests/smaps.h"

#include "os/limits.h"
#include "os/os.h"

enum { PAGES = 64, SIZE = PAGES * UNIT_PAGE };

static char *reserve(void)
{
    char *memory = lm_os_reserve(SIZE);
    if (memory == NULL)
        tap_bail("no address space for %d bytes", SIZE);
    return memory;
}

static char *reserve_and_commit(void)
{
    char *memory = reserve();
    if (!lm_os_commit(memory, SIZE))
        tap_bail("no memory for %d bytes", SIZE);
    return memory;
}

static bool reserved_space_faults_until_committed(void)
{
    char *memory = reserve();
    UNIT_CHECK(unit_is_sanitized || unit_faults(memory));
    UNIT_CHECK(lm_os_commit(memory, UNIT_PAGE));
    UNIT_CHECK(unit_is_zero(memory, UNIT_PAGE));
    memory[0] = 1;
    UNIT_CHECK(unit_is_sanitized || unit_faults(memory + UNIT_PAGE));
    lm_os_unmap(memory, SIZE);
    return true;
}

static bool decommitted_space_is_as_new(void)
{
    char *memory = reserve_and_commit();
    unit_fill(memory, SIZE, 1);
    UNIT_CHECK(lm_os_decommit(memory + UNIT_PAGE, 2 * UNIT_PAGE));
    UNIT_CHECK(unit_is_sanitized || unit_faults(memory + UNIT_PAGE));
    UNIT_CHECK(unit_is_filled(memory, UNIT_PAGE, 1));
    UNIT_CHECK(lm_os_commit(memory + UNIT_PAGE, 2 * UNIT_PAGE));
    UNIT_CHECK(unit_is_zero(memory + UNIT_PAGE, 2 * UNIT_PAGE));
    lm_os_unmap(memory, SIZE);
    return true;
}

/* Is the mapping that holds the byte left out of core dumps? */
static bool is_left_out(const char *byte)
{
    struct smaps maps;
    bool is_out = false;
    smaps_open(&maps);
    while (smaps_next(&maps))
        if (maps.from <= (uintptr_t)byte && (uintptr_t)byte < maps.to &&
            strncmp(maps.line, "VmFlags:", 8) == 0)
            is_out = strstr(maps.line, " dd") != NULL;
    smaps_close(&maps);
    return is_out;
}

static bool a_core_dump_has_what_is_committed_and_no_more(void)
{
    char *memory = reserve();
    UNIT_CHECK(is_left_out(memory));
    UNIT_CHECK(lm_os_commit(memory, 2 * UNIT_PAGE));
    UNIT_CHECK(!is_left_out(memory));
    UNIT_CHECK(is_left_out(memory + 2 * UNIT_PAGE));
    UNIT_CHECK(lm_os_decommit(memory, UNIT_PAGE));
    UNIT_CHECK(is_left_out(memory));
    UNIT_CHECK(!is_left_out(memory + UNIT_PAGE));
    lm_os_unmap(memory, SIZE);
    return true;
}

static bool purged_pages_are_gone_and_read_as_zero(void)
{
    char *memory = reserve_and_commit();
    for (int round = 0; round < 3; round++) {
        bool is_zero = false;
        unit_fill(memory, SIZE, 2);
        UNIT_CHECK(lm_os_purge(memory + 8 * UNIT_PAGE, 16 * UNIT_PAGE, &is_zero));
        UNIT_CHECK(is_zero);
        /* The first purge of a process looks at one page, which maps the page of zeroes. */
        size_t looked_at = round == 0 ? 1 : 0;
        UNIT_CHECK(unit_resident_pages(memory + 8 * UNIT_PAGE, 16 * UNIT_PAGE) <= looked_at);
        UNIT_CHECK(unit_is_zero(memory + 8 * UNIT_PAGE, 16 * UNIT_PAGE));
        UNIT_CHECK(unit_is_filled(memory, 8 * UNIT_PAGE, 2));
        UNIT_CHECK(unit_resident_pages(memory + 24 * UNIT_PAGE, 40 * UNIT_PAGE) == 40);
    }
    lm_os_unmap(memory, SIZE);
    return true;
}

/* Kernels before 5.18 keep locked pages; then the answer must be honest. */
static bool locked_memory_is_purged_or_said_to_stay(void)
{
    char *memory = reserve_and_commit();
    unit_fill(memory, SIZE, 3);
    if (mlock(memory, SIZE) != 0)
        return true;
    bool is_zero = true;
    bool is_gone = lm_os_purge(memory, SIZE, &is_zero);
    UNIT_CHECK(is_gone == unit_is_zero(memory, SIZE));
    UNIT_CHECK(!is_zero || is_gone);
    munlock(memory, SIZE);
    lm_os_unmap(memory, SIZE);
    return true;
}

static bool moved_pages_leave_zeroes_behind(void)
{
    char *from = reserve_and_commit();
    char *to = reserve();
    for (size_t page = 0; page + 16 <= PAGES; page += 16) {
        unit_fill(from, SIZE, page);
        UNIT_CHECK(lm_os_move(from + 8 * UNIT_PAGE, to + page * UNIT_PAGE, 16 * UNIT_PAGE) ==
                   LM_OS_MOVED);
        unit_fill(from, 8 * UNIT_PAGE, 77);
        UNIT_CHECK(unit_is_zero(from + 8 * UNIT_PAGE, 16 * UNIT_PAGE));
        UNIT_CHECK(unit_is_filled(to + page * UNIT_PAGE, 16 * UNIT_PAGE, page + 8 * UNIT_PAGE / 8));
        from[8 * UNIT_PAGE] = 1;
    }
    lm_os_unmap(from, SIZE);
    lm_os_unmap(to, SIZE);
    return true;
}

/* What cannot be moved stays, and the target is committed space again. */
static bool a_move_that_fails_leaves_both_ends_usable(void)
{
    char *gone = reserve_and_commit();
    char *to = reserve_and_commit();
    lm_os_unmap(gone, SIZE);
    unit_fill(to, SIZE, 5);
    UNIT_CHECK(lm_os_move(gone, to, SIZE) == LM_OS_STAYED);
    UNIT_CHECK(unit_is_zero(to, SIZE));
    unit_fill(to, SIZE, 6);
    UNIT_CHECK(unit_is_filled(to, SIZE, 6));
    lm_os_unmap(to, SIZE);
    return true;
}

static bool mapping_at_an_address_respects_who_lives_there(void)
{
    char *memory = reserve();
    lm_os_unmap(memory, SIZE);
    UNIT_CHECK(lm_os_map_at(memory, 4 * UNIT_PAGE) == LM_OS_MAPPED);
    unit_fill(memory, 4 * UNIT_PAGE, 6);
    UNIT_CHECK(lm_os_map_at(memory + 2 * UNIT_PAGE, 4 * UNIT_PAGE) == LM_OS_TAKEN);
    UNIT_CHECK(unit_is_filled(memory, 4 * UNIT_PAGE, 6));
    UNIT_CHECK(lm_os_map_at(memory + 4 * UNIT_PAGE, UNIT_PAGE) == LM_OS_MAPPED);
    UNIT_CHECK(unit_is_zero(memory + 4 * UNIT_PAGE, UNIT_PAGE));
    lm_os_unmap(memory, 5 * UNIT_PAGE);
    return true;
}

static bool a_limit_refuses_and_is_known(void)
{
    UNIT_CHECK(lm_os_address_limit() == SIZE_MAX);
    char *memory = lm_os_reserve(32 * LM_MIB);
    lm_os_unmap(memory, 32 * LM_MIB);
    struct rlimit limit = {16 * LM_MIB, 16 * LM_MIB};
    UNIT_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    UNIT_CHECK(lm_os_address_limit() == 16 * LM_MIB);
    UNIT_CHECK(lm_os_reserve(32 * LM_MIB) == NULL);
    UNIT_CHECK(lm_os_map_at(memory, 32 * LM_MIB) == LM_OS_REFUSED);
    return true;
}

static bool no_call_touches_errno(void)
{
    bool is_zero;
    char *far = reserve();
    lm_os_unmap(far, SIZE);
    errno = EDOM;
    UNIT_CHECK(!lm_os_commit(far, UNIT_PAGE) && errno == EDOM);
    char *memory = lm_os_reserve(2 * SIZE);
    UNIT_CHECK(errno == EDOM && lm_os_reserve(SIZE_MAX - UNIT_PAGE + 1) == NULL && errno == EDOM);
    UNIT_CHECK(lm_os_commit(memory, SIZE) && errno == EDOM);
    UNIT_CHECK(lm_os_purge(memory, SIZE, &is_zero) && errno == EDOM);
    UNIT_CHECK(!lm_os_purge(memory, SIZE_MAX - UNIT_PAGE + 1, &is_zero) && errno == EDOM);
    lm_os_unmap(memory + SIZE, SIZE);
    UNIT_CHECK(lm_os_move(memory + SIZE, memory, UNIT_PAGE) == LM_OS_STAYED && errno == EDOM);
    UNIT_CHECK(lm_os_map_at(memory, UNIT_PAGE) == LM_OS_TAKEN && errno == EDOM);
    UNIT_CHECK(lm_os_decommit(memory, SIZE) && errno == EDOM);
    lm_os_name(memory, SIZE, "unit");
    lm_os_unmap(memory, SIZE);
    lm_os_unmap(memory + 1, SIZE);
    UNIT_CHECK(errno == EDOM && lm_os_mapping_hint() != 0 && errno == EDOM);
    UNIT_CHECK(lm_os_address_limit() != 0 && lm_os_clock_ms() != 0 && errno == EDOM);
    _Atomic(uint32_t) word = 1;
    lm_os_wait(&word, 2);
    lm_os_wake_one(&word);
    return errno == EDOM;
}

static bool the_clock_does_not_go_back(void)
{
    uint64_t last = lm_os_clock_ms();
    for (int round = 0; round < 200; round++) {
        uint64_t now = lm_os_clock_ms();
        UNIT_CHECK(now >= last);
        last = now;
        usleep(100);
    }
    return true;
}

/* Only a torture build lets a call be told to fail. */
static bool the_call_that_is_told_to_fails(void)
{
    char *memory = reserve();
    lm_os_fail_countdown = 3;
    UNIT_CHECK(lm_os_commit(memory, UNIT_PAGE));
    UNIT_CHECK(lm_os_commit(memory, UNIT_PAGE));
    UNIT_CHECK(lm_os_commit(memory, UNIT_PAGE) != (lm_torture != 0));
    UNIT_CHECK(lm_os_commit(memory, UNIT_PAGE));
    lm_os_fail_countdown = 1;
    UNIT_CHECK((lm_os_reserve(UNIT_PAGE) == NULL) == (lm_torture != 0));
    lm_os_fail_countdown = 1;
    UNIT_CHECK((lm_os_map_at(memory, UNIT_PAGE) == LM_OS_REFUSED) == (lm_torture != 0));
    lm_os_fail_countdown = 0;
    lm_os_unmap(memory, SIZE);
    return true;
}

int main(void)
{
    lm_os_init();
    resident_without_huge_pages();
    if (lm_os.page_size != UNIT_PAGE)
        tap_bail("written for pages of %d bytes, not %zu", UNIT_PAGE, lm_os.page_size);
    UNIT_TRUTH(reserved_space_faults_until_committed);
    UNIT_TRUTH(decommitted_space_is_as_new);
    UNIT_TRUTH(a_core_dump_has_what_is_committed_and_no_more);
    UNIT_TRUTH(purged_pages_are_gone_and_read_as_zero);
    UNIT_TRUTH(locked_memory_is_purged_or_said_to_stay);
    UNIT_TRUTH(moved_pages_leave_zeroes_behind);
    UNIT_TRUTH(a_move_that_fails_leaves_both_ends_usable);
    UNIT_TRUTH(mapping_at_an_address_respects_who_lives_there);
    if (unit_is_sanitized)
        tap_skip("a_limit_refuses_and_is_known", "sanitizers do not live under a limit");
    else
        UNIT_TRUTH_IN_CHILD(a_limit_refuses_and_is_known);
    UNIT_TRUTH(no_call_touches_errno);
    UNIT_TRUTH(the_clock_does_not_go_back);
    UNIT_TRUTH(the_call_that_is_told_to_fails);
    return tap_done();
}
