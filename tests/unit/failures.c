/* SPDX-License-Identifier: MIT
 *
 * The operating system says no: for each n the n-th call that asks it for memory fails while a
 * script runs. Every answer is a whole block or NULL, nothing breaks, and all works again later.
 * Torture builds only.
 */
#include "model.h"

#include "heap/registry.h"
#include "observe/snapshot.h"
#include "os/os.h"

#include <sched.h>

enum { BLOCKS = 200, CALLS_MOST = 1500, ROUNDS = 3000 };

static uint64_t seed;
static unsigned which;
static unsigned period;

/* How many answers were NULL. */
static _Atomic(unsigned) refusals;

/* The countdown goes on from here. */
static void rearm(void)
{
    if (period != 0 && lm_os_fail_countdown == 0)
        lm_os_fail_countdown = period;
}

static bool take(struct model_block *block, size_t size, size_t way)
{
    rearm();
    if (way % 4 == 0)
        block->start = lm_calloc(1, size);
    else if (way % 4 == 1)
        block->start = lm_memalign((size_t)64 << way % 7, size);
    else
        block->start = lm_malloc(size);
    if (block->start == NULL) {
        refusals++;
        return true;
    }
    UNIT_CHECK(way % 4 != 0 || unit_is_zero(block->start, size));
    UNIT_CHECK(lm_usable_size(block->start) >= size);
    block->size = size;
    block->mark = size + way;
    model_mark(block);
    return true;
}

static bool resize(struct model_block *block, size_t size)
{
    rearm();
    char *resized = lm_realloc(block->start, size);
    if (resized == NULL) {
        refusals++;
        return block->start == NULL || model_is_marked(block->start, block, block->size);
    }
    UNIT_CHECK(block->start == NULL || model_is_marked(resized, block, lm_min(size, block->size)));
    block->start = resized;
    block->size = size;
    model_mark(block);
    return true;
}

static bool free_all(struct model_block *blocks, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i += step) {
        if (blocks[i].start == NULL)
            continue;
        UNIT_CHECK(model_is_marked(blocks[i].start, &blocks[i], blocks[i].size));
        lm_free(blocks[i].start);
        blocks[i].start = NULL;
    }
    return true;
}

/* Small, large and huge blocks come, grow and go. */
static bool play(uint64_t random)
{
    struct model_block blocks[BLOCKS] = {{NULL, 0, 0}};
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t most = i % 20 == 0 ? 3 * LM_MIB : i % 7 == 0 ? 200000 : 3000;
        UNIT_CHECK(take(&blocks[i], unit_random_size(&random, most), i));
    }
    UNIT_CHECK(free_all(blocks, BLOCKS, 3));
    for (size_t i = 0; i < BLOCKS; i += 2)
        UNIT_CHECK(resize(&blocks[i], unit_random_size(&random, i % 10 == 0 ? 9 * LM_MIB : 60000)));
    struct model_block growing = {NULL, 0, 0};
    for (size_t size = 1000; size < 12 * LM_MIB; size *= 2)
        UNIT_CHECK(resize(&growing, size));
    UNIT_CHECK(resize(&growing, 5000));
    lm_free(growing.start);
    if (which % 3 == 0)
        lm_trim();
    UNIT_CHECK(free_all(blocks, BLOCKS, 1));
    lm_units_verify();
    return true;
}

static _Atomic(unsigned) failures;

static void *play_in_thread(void *unused)
{
    failures += !play(seed + 1);
    return unused;
}

static bool is_as_new(void)
{
    struct lm_snapshot now;
    lm_trim();
    lm_snapshot_take(&now);
    UNIT_CHECK_THAT(now.live == 0 && now.slabs == 0 && now.huge == 0,
                    "%zu bytes live, %zu in slabs, %zu huge", now.live, now.slabs, now.huge);
    return lm_units_totals().in_use == 0;
}

/* In a child of its own for each n: the first call of all may be the one that fails. */
static bool failing_calls_are_survived(void)
{
    lm_os_fail_countdown = which;
    UNIT_CHECK(play(seed));
    unit_in_threads(1, play_in_thread, NULL);
    UNIT_CHECK(failures == 0);
    lm_os_fail_countdown = 0;
    period = 0;
    refusals = 0;
    UNIT_CHECK(play(seed + 2) && refusals == 0);
    return is_as_new();
}

static unsigned calls;

/* How many calls the script makes at all. */
static unsigned count_calls(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        tap_bail("pipe: %s", strerror(errno));
    if (fork() == 0) {
        enum { MANY = 1000000 };
        lm_os_fail_countdown = MANY;
        play(seed);
        unit_in_threads(1, play_in_thread, NULL);
        calls = MANY - lm_os_fail_countdown;
        _exit(write(ends[1], &calls, sizeof calls) == sizeof calls ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &calls, sizeof calls) != sizeof calls)
        tap_bail("the script does not run at all");
    close(ends[0]);
    wait(NULL);
    return calls;
}

static bool each_call_may_fail(unsigned count)
{
    for (which = 1; which <= count; which++)
        UNIT_CHECK_THAT(unit_in_child(failing_calls_are_survived), "call %u of %u failed", which,
                        count);
    return true;
}

static bool every_nth_call_may_fail(void)
{
    for (period = 1; period <= 40; period++) {
        which = period;
        UNIT_CHECK_THAT(unit_in_child(failing_calls_are_survived), "every %uth call failed",
                        period);
    }
    period = 0;
    return true;
}

static _Atomic(bool) is_over;

/* A countdown fails one call; a thread that sets it all the time fails nearly all. Where it does not
 * run beside the others but in turn with them, it leaves them with all calls failing or none. */
static void *storm(void *unused)
{
    while (!is_over) {
        for (int i = 0; i < 10000; i++)
            lm_os_fail_countdown = 1;
        lm_os_fail_countdown = LM_OS_FAIL_ALL;
        sched_yield();
        lm_os_fail_countdown = 0;
        sched_yield();
    }
    lm_os_fail_countdown = 0;
    return unused;
}

static bool a_storm_of_failures_is_survived(void)
{
    pthread_t thread;
    unit_start();
    lm_free(lm_malloc(1));
    pthread_create(&thread, NULL, storm, NULL);
    bool is_right = true;
    /* What is kept makes every round ask the system for more. */
    static void *kept[ROUNDS];
    int round = 0;
    for (; (round < 30 || refusals == 0) && round < ROUNDS && refusals < 50 && is_right; round++) {
        kept[round] = lm_malloc(LM_MIB);
        refusals += kept[round] == NULL ? 1 : 0;
        is_right = play(seed + (uint64_t)round);
        unit_in_threads(2, play_in_thread, NULL);
    }
    while (round > 0)
        lm_free(kept[--round]);
    is_over = true;
    pthread_join(thread, NULL);
    tap_diag("%u calls were refused", refusals);
    UNIT_CHECK(is_right && failures == 0 && refusals > 0);
    refusals = 0;
    unit_in_threads(2, play_in_thread, NULL);
    return play(seed) && failures == 0 && refusals == 0 && is_as_new();
}

int main(void)
{
    if (!lm_torture) {
        tap_skip("each_call_may_fail", "only a torture build lets calls fail");
        return tap_done();
    }
    unit_prepare();
    seed = tap_seed();
    unsigned count = count_calls();
    tap_diag("%u calls ask for memory", count);
    tap_ok(count > 20 && count < CALLS_MOST, "the_script_asks_the_system_for_memory");
    tap_ok(each_call_may_fail((unsigned)lm_min(count, CALLS_MOST)), "each_call_may_fail");
    UNIT_TRUTH(every_nth_call_may_fail);
    UNIT_TRUTH(a_storm_of_failures_is_survived);
    return tap_done();
}
