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
    size_t units = (size_t)1 << LM_GRANULE_LOG2 >> lm_unit_log2;
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

void lm_granules_ask(size_t granule, size_t first)
{
    char *start = lm_unit_address(granule);
    volatile char *own = lm_unit_address(lm_max(granule, first));
    size_t size = (size_t)1 << LM_GRANULE_LOG2;
    lm_os_want_huge_pages(start, size, true);
    uint64_t before = lm_os_thread_us();
    *own = 0;
    /* The kernel had to search or to move things: not again before the heap is twice as large. */
    if (lm_os_thread_us() - before > LM_HUGE_PAGE_US)
        store_relaxed(&state.from, 2 * granule);
    lm_os_want_huge_pages(start, size, false);
}
