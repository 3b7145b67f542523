/* SPDX-License-Identifier: MIT
 *
 * core/background.c - see core/background.h.
 *
 * The thread looks round, pauses, and looks again, in longer and longer steps while there is nothing
 * to do. When everything is at rest it sleeps until a slow path wakes it. It has no heap and allocates
 * nothing. When the last thread with a heap is gone it ends, so that a program whose threads have all
 * left can end, too; the next slow path of malloc starts another.
 */
#include "core/background.h"

#include "base/bits.h"
#include "base/options.h"
#include "base/tuning.h"
#include "heap/heap.h"
#include "heap/huge.h"
#include "heap/idle.h"
#include "os/helper.h"
#include "os/os.h"
#include "space/units.h"

_Static_assert(LM_BACKGROUND_PATIENCE *LM_BACKGROUND_PAUSE_MS > 2 * LM_DEMAND_WINDOW_MS,
               "memory is not left alone before demand has come down");

_Atomic(bool) lm_background_is_wanted;

/* One look round. */
struct look {
    bool has_purged;
    /* nothing is left to do, and nobody is doing anything */
    bool is_at_rest;
    /* some thread has a heap */
    bool has_threads;
};

static struct look look_round(void)
{
    uint64_t now_ms = lm_os_clock_ms();
    struct lm_visit visit = lm_heap_visit_all(now_ms);
    size_t before = lm_units_totals().dirty;
    lm_units_tick(now_ms);
    lm_huge_tick(now_ms);
    size_t dirty = lm_units_totals().dirty;
    return (struct look){
        .has_purged = visit.purged != 0 || dirty < before,
        .is_at_rest = !visit.is_restless && dirty == 0 && lm_huge_warm_size() == 0,
        .has_threads = visit.has_live,
    };
}

static size_t least_pause(void)
{
    return lm_max(lm_options.purge_delay_ms, LM_PURGE_PERIOD_MS);
}

/* Everything is at rest, or nothing that is left can be returned. What changes before the helper has
 * lain down is seen by the look, what changes later wakes it. */
static void sleep_if_quiet(void)
{
    lm_helper_lie_down();
    if (!lm_heap_visit_all(lm_os_clock_ms()).is_restless)
        lm_helper_sleep();
    lm_helper_get_up();
}

static void help(void)
{
    size_t pause = least_pause();
    unsigned looks_in_vain = 0;
    struct look look;
    lm_thread.is_leaving = true;
    do {
        lm_helper_pause(pause);
        look = look_round();
        looks_in_vain = look.has_purged ? 0 : looks_in_vain + 1;
        pause = look.has_purged ? least_pause() : lm_min(2 * pause, LM_BACKGROUND_PAUSE_MS);
        pause = lm_max(pause, least_pause());
        if (look.has_threads && (look.is_at_rest || looks_in_vain >= LM_BACKGROUND_PATIENCE)) {
            sleep_if_quiet();
            pause = least_pause();
            looks_in_vain = 0;
        }
    } while (look.has_threads);
    lm_units_purge();
    store_relaxed(&lm_background_is_wanted, true);
}

LM_COLD void lm_background_start(void)
{
    if (load_relaxed(&lm_window_units) << lm_unit_log2 <= LM_COMMIT_FIRST)
        return;
    /* Making a thread allocates: whoever comes here again finds the wish gone. If there can be no
     * thread, it stays so. */
    if (exchange_acquire(&lm_background_is_wanted, false))
        lm_helper_start(help);
}

void lm_background_after_fork(void)
{
    lm_helper_after_fork();
    lm_background_allow();
}
