/* SPDX-License-Identifier: MIT
 *
 * Memory limits: what os/limits reads out of a control group's files, and what is kept when the
 * limit is near. Each truth about the latter starts the library anew, in a child.
 */
#include "unit.h"

#include "heap/huge.h"
#include "os/limits.h"
#include "space/units.h"

#include <sys/stat.h>

#define DIRTY_LEAST (LM_DIRTY_LEAST >> lm_unit_log2)

enum { LIMIT_MIB = 64 };

static char folder[] = "/tmp/lm-limits-XXXXXX";

static bool write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        tap_bail("cannot write %s", path);
    return true;
}

static void make_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (mkdir(path, 0700) != 0)
        tap_bail("cannot make %s", path);
}

/* The limit of a process whose /proc/self/cgroup has this text. */
static size_t limit_with(const char *text)
{
    char process[256];
    write_file("process", text);
    snprintf(process, sizeof process, "%s/process", folder);
    return lm_os_cgroup_limit(process, folder);
}

static bool the_limit_of_a_group_is_found(void)
{
    make_folder("a");
    make_folder("memory");
    make_folder("memory/b");
    write_file("a/memory.max", "1000000\n");
    write_file("memory/b/memory.limit_in_bytes", "2000000\n");
    UNIT_CHECK(limit_with("0::/a\n") == 1000000);
    UNIT_CHECK(limit_with("4:memory:/b\n0::/a\n") == 2000000);
    UNIT_CHECK(limit_with("0::/a\n9:cpu,memory:/b\n") == 2000000);
    UNIT_CHECK(limit_with("9:cpu,memoryless:/b\n0::/a\n") == 1000000);
    UNIT_CHECK(limit_with("9:name=memory:/b\n0::/a") == 1000000);
    /* Seen from inside a container. */
    write_file("memory.max", "3000000\n");
    write_file("memory/memory.limit_in_bytes", "4000000\n");
    UNIT_CHECK(limit_with("0::/of/the/host\n") == 3000000);
    UNIT_CHECK(limit_with("4:memory:/of/the/host\n") == 4000000);
    return true;
}

static bool no_limit_and_nonsense_are_no_limit(void)
{
    static const char *const none[] = {
        "max\n", "", "nothing\n", "0\n", "9223372036854771712\n", "99999999999999999999999999\n"};
    for (size_t i = 0; i < UNIT_COUNT_OF(none); i++) {
        write_file("memory.max", none[i]);
        UNIT_CHECK_THAT(limit_with("0::/\n") == SIZE_MAX, "%s", none[i]);
    }
    static const char *const texts[] = {"", "\n", ":", "::", "0:\n", "1::/a\n", "memory"};
    for (size_t i = 0; i < UNIT_COUNT_OF(texts); i++)
        UNIT_CHECK_THAT(limit_with(texts[i]) == SIZE_MAX, "%s", texts[i]);
    UNIT_CHECK(lm_os_cgroup_limit("/nowhere/cgroup", folder) == SIZE_MAX);
    errno = 0;
    return lm_os_cgroup_limit("/nowhere/cgroup", "/nowhere") == SIZE_MAX && errno == 0;
}

static bool a_data_limit_is_read(void)
{
    struct rlimit limit = {512 * LM_MIB, 512 * LM_MIB};
    UNIT_CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
    return lm_os_data_limit() == 512 * LM_MIB;
}

static void begin(size_t limit_mib)
{
    lm_options.memory_limit = limit_mib * LM_MIB;
    if (!lm_core_init())
        tap_bail("no memory to begin with");
}

static size_t units_of(size_t mib)
{
    return mib * LM_MIB >> lm_unit_log2;
}

static size_t take(size_t count)
{
    size_t dirty;
    size_t first = lm_units_take(count, 1, &dirty);
    for (size_t unit = first; unit < first + count; unit++)
        lm_unit_address(unit)[0] = 1;
    return first;
}

/* The bound of dirty memory learns from this that much is wanted. */
static void teach(size_t count)
{
    for (int round = 0; round < 20; round++)
        lm_units_give(take(count), count);
}

static bool little_stays_dirty(size_t limit_mib)
{
    begin(limit_mib);
    size_t wide = 4 * DIRTY_LEAST;
    teach(wide);
    UNIT_CHECK(lm_units_totals().dirty == wide && !lm_memory_is_tight);
    size_t first = take(units_of(LIMIT_MIB));
    UNIT_CHECK(lm_memory_is_tight == (limit_mib != 0));
    lm_units_give(first, wide);
    size_t kept = lm_units_totals().dirty;
    UNIT_CHECK_THAT((kept <= DIRTY_LEAST) == (limit_mib != 0), "%zu units are dirty", kept);
    lm_units_give(first + wide, units_of(LIMIT_MIB) - wide);
    return !lm_memory_is_tight;
}

static bool without_a_limit_much_stays_dirty(void)
{
    return little_stays_dirty(0);
}

static bool near_the_limit_little_stays_dirty(void)
{
    return little_stays_dirty(LIMIT_MIB);
}

/* Traffic that makes the magazines of several classes as large as they may be; the most that the heap's
 * slabs held meanwhile. */
static size_t fill_magazines(const struct lm_heap *heap)
{
    void *blocks[16];
    size_t peak = 0;
    for (size_t size = 256; size <= 2048; size += 256) {
        for (int round = 0; round < 20; round++) {
            for (size_t i = 0; i < UNIT_COUNT_OF(blocks); i++)
                blocks[i] = lm_malloc(size);
            peak = lm_max(peak, heap->sweep.slab_size);
            for (size_t i = 0; i < UNIT_COUNT_OF(blocks); i++)
                lm_free(blocks[i]);
        }
    }
    return peak;
}

static bool magazines_hold_half(size_t limit_mib)
{
    begin(limit_mib);
    const struct lm_heap *heap = unit_heap();
    size_t first = take(units_of(LIMIT_MIB));
    UNIT_CHECK(lm_memory_is_tight == (limit_mib != 0));
    bool is_more = false;
    /* What is idle for a second shrinks: on a busy machine it may take some tries. */
    for (int tries = 0; tries < (limit_mib == 0 ? 100 : 1) && !is_more; tries++) {
        size_t peak = fill_magazines(heap);
        size_t half = (LM_MAGAZINE_BUDGET + peak / LM_MAGAZINE_SHARE_PROVEN) / 2;
        is_more = heap->magazine_size > half;
    }
    /* Magazines of a torture build are too small for that. */
    UNIT_CHECK_THAT(is_more == (limit_mib == 0) || lm_torture, "%zu bytes", heap->magazine_size);
    lm_units_give(first, units_of(LIMIT_MIB));
    return true;
}

static bool without_a_limit_magazines_use_their_budget(void)
{
    return magazines_hold_half(0);
}

static bool near_the_limit_magazines_use_half_of_their_budget(void)
{
    return magazines_hold_half(LIMIT_MIB);
}

/* ... which a huge block may be. */
static bool huge_blocks_count(void)
{
    begin(LIMIT_MIB);
    teach(4 * DIRTY_LEAST);
    void *huge = lm_huge_take(60 * LM_MIB, 1, LM_HUGE_EXACT);
    UNIT_CHECK(lm_memory_is_tight && lm_units_totals().dirty <= DIRTY_LEAST);
    UNIT_CHECK(lm_huge_resize(huge, LM_MIB) == huge && !lm_memory_is_tight);
    UNIT_CHECK(lm_huge_resize(huge, 60 * LM_MIB) != NULL && lm_memory_is_tight);
    UNIT_CHECK(lm_huge_give(huge));
    return !lm_memory_is_tight;
}

/* Under RLIMIT_AS the library starts with a window of another kind. */
static bool the_address_limit_counts(void)
{
    struct rlimit limit = {512 * LM_MIB, 512 * LM_MIB};
    size_t dirty;
    UNIT_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    begin(0);
    UNIT_CHECK(lm_units_take(units_of(440), 1, &dirty) != LM_NO_UNIT && !lm_memory_is_tight);
    return lm_units_take(units_of(10), 1, &dirty) != LM_NO_UNIT && lm_memory_is_tight;
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        tap_bail("no temporary folder");
    UNIT_TRUTH(the_limit_of_a_group_is_found);
    UNIT_TRUTH(no_limit_and_nonsense_are_no_limit);
    UNIT_TRUTH_IN_CHILD(a_data_limit_is_read);
    unit_prepare();
    UNIT_TRUTH_IN_CHILD(without_a_limit_much_stays_dirty);
    UNIT_TRUTH_IN_CHILD(near_the_limit_little_stays_dirty);
    UNIT_TRUTH_IN_CHILD(without_a_limit_magazines_use_their_budget);
    UNIT_TRUTH_IN_CHILD(near_the_limit_magazines_use_half_of_their_budget);
    UNIT_TRUTH_IN_CHILD(huge_blocks_count);
    if (unit_is_sanitized)
        tap_skip("the_address_limit_counts", "sanitizers do not live under a limit");
    else
        UNIT_TRUTH_IN_CHILD(the_address_limit_counts);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        tap_diag("%s is left", folder);
    return tap_done();
}
