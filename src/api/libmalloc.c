/* SPDX-License-Identifier: MIT
 *
 * api/libmalloc.c - the functions of <libmalloc.h>.
 */
#include "libmalloc.h"

#include "api/init.h"
#include "observe/snapshot.h"

LM_DOOR const char *lm_version(void)
{
    return LM_VERSION;
}

LM_DOOR bool lm_owns(const void *pointer)
{
    return lm_is_ours(pointer);
}

LM_DOOR void lm_stats_get(struct lm_stats *stats)
{
    struct lm_snapshot now;
    lm_api_init();
    lm_snapshot_take(&now);
    *stats = (struct lm_stats){
        .live = now.live,
        .cached = now.cached,
        .slabs = now.slabs,
        .large = now.large,
        .huge = now.huge,
        .dirty = now.dirty,
        .committed = now.committed,
        .reserved = now.reserved,
        .metadata = now.metadata,
        .heaps = now.heaps,
    };
}

LM_DOOR size_t lm_purge(void)
{
    lm_api_init();
    return lm_trim();
}
