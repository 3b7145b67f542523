/* SPDX-License-Identifier: MIT
 *
 * space/area.c - see space/area.h.
 */
#include "space/area.h"

#include "base/bits.h"
#include "base/tuning.h"
#include "os/os.h"

bool lm_area_extend(struct lm_area *area, size_t size)
{
    if (size <= area->committed)
        return true;
    if (size > area->reserved)
        return false;
    size_t step = lm_max(LM_METADATA_STEP, area->committed / LM_COMMIT_SHARE);
    size_t want = lm_round_up(lm_max(size, area->committed + step), lm_os.page_size);
    want = lm_min(want, area->reserved);
    if (!lm_os_commit(area->base + area->committed, want - area->committed)) {
        want = lm_min(lm_round_up(size, lm_os.page_size), area->reserved);
        if (!lm_os_commit(area->base + area->committed, want - area->committed))
            return false;
    }
    area->committed = want;
    return true;
}
