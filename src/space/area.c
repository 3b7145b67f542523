/* SPDX-License-Identifier: MIT
 *
 * space/area.c - see space/area.h.
 */
#include "space/area.h"

#include "base/bits.h"
#include "base/tuning.h"
#include "os/os.h"

/* Bytes [from, to) as counted from the base. */
static bool commit(const struct lm_area *area, size_t from, size_t to)
{
    return lm_os_commit(area->grows_down ? area->base - to : area->base + from, to - from);
}

bool lm_area_extend(struct lm_area *area, size_t size)
{
    if (size <= area->committed)
        return true;
    if (size > area->reserved)
        return false;
    size_t step = lm_max(LM_METADATA_STEP, area->committed / LM_COMMIT_SHARE);
    size_t want = lm_round_up(lm_max(size, area->committed + step), lm_os.page_size);
    want = lm_min(want, area->reserved);
    if (!commit(area, area->committed, want)) {
        want = lm_min(lm_round_up(size, lm_os.page_size), area->reserved);
        if (!commit(area, area->committed, want))
            return false;
    }
    area->committed = want;
    return true;
}
