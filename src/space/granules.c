/* SPDX-License-Identifier: MIT
 *
 * space/granules.c - see space/granules.h.
 */
#include "space/granules.h"

#include "base/bits.h"
#include "base/options.h"
#include "os/os.h"
#include "space/units.h"

static struct {
    /* [l] the space lock: no unit from here on was taken yet */
    size_t reached;
    /* [a] units: granules above are asked for; 0: the option was not read yet. Relaxed: a thread that reads
     * an old value asks once too often. */
    _Atomic(size_t) from;
    /* [a] milliseconds; growing blocks do without until then. Relaxed: as above. */
    _Atomic(uint64_t) resting_until;
} state;

static size_t asked_from(void)
{
    size_t from = load_relaxed(&state.from);
    if (from != 0)
        return from;
    /* A virtual window has holes with other people's mappings. */
    bool is_never = lm_options.huge_pages_from == 0 || lm_window.is_virtual;
    from = is_never ? SIZE_MAX : lm_max(lm_units_for(lm_options.huge_pages_from), 1);
    store_relaxed(&state.from, from);
    return from;
}

size_t lm_granules_enter(size_t first, size_t count)
{
    size_t units = lm_granule_units();
    size_t end = first + count;
    size_t reached = state.reached;
    if (end <= reached)
        return LM_NO_GRANULE;
    state.reached = end;
    size_t granule = (end - 1) / units * units;
    /* Large blocks are often touched in part only. */
    bool is_wanted = granule >= asked_from() && granule >= reached && count < units;
    bool is_whole = granule + units <= load_relaxed(&lm_window_units);
    if (!is_wanted || !is_whole || load_relaxed(&lm_memory_is_tight))
        return LM_NO_GRANULE;
    return granule;
}

/* Touches it at `own`, which is the caller's. False: the kernel had to search or to move things, so small pages
 * would have cost less. */
static bool make(char *granule, char *own)
{
    lm_os_want_huge_pages(granule, LM_GRANULE_SIZE, true);
    uint64_t before = lm_os_thread_us();
    *(volatile char *)own = 0;
    return lm_os_thread_us() - before <= LM_HUGE_PAGE_US;
}

LM_COLD void lm_granules_ask(size_t granule, size_t first)
{
    char *start = lm_unit_address(granule);
    /* Not again before the heap is twice as large. */
    if (!make(start, lm_unit_address(lm_max(granule, first))))
        store_relaxed(&state.from, 2 * granule);
    lm_os_want_huge_pages(start, LM_GRANULE_SIZE, false);
}

LM_COLD void lm_granules_want(char *start, char *end)
{
    uint64_t now_ms = lm_os_clock_ms();
    if (now_ms < load_relaxed(&state.resting_until))
        return;
    if (!make(start, start))
        store_relaxed(&state.resting_until, now_ms + LM_HUGE_PAGE_PAUSE_MS);
    else
        lm_os_want_huge_pages(start + LM_GRANULE_SIZE, (size_t)(end - start) - LM_GRANULE_SIZE,
                              true);
}
