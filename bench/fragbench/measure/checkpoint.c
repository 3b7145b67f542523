/* SPDX-License-Identifier: MIT
 * checkpoint.c: one measurement of this process; see measure.h.
 */
#include "measure/measure.h"
#include "measure/blocks.h"
#include "measure/proc.h"
#include "base/die.h"
#include "base/json.h"

#include <string.h>

static void add_page(void *context, const struct fb_page *page)
{
    struct fb_checkpoint *sum = context;
    size_t page_size = fb_page_size();
    sum->live_resident += page->live;
    sum->slack += page->held - page->live;
    if (page->held != 0)
        sum->pinned += page_size - page->held;
    else if (page->owner == FB_PAGES_HEAP)
        sum->empty += page_size;
    else
        sum->image += page_size;
}

bool fb_measure_checkpoint(struct fb_checkpoint *out, const struct fb_block *blocks, size_t count)
{
    struct fb_rollup rollup;
    struct fb_status status;
    struct fb_blocks_facts facts;
    memset(out, 0, sizeof *out);
    /* The faults first: the measurement itself must not add to them. */
    if (!fb_proc_faults(&out->minor_faults, &out->major_faults))
        return false;
    if (!fb_proc_rollup(0, &rollup) || !fb_proc_status(0, &status)) {
        fb_warn("/proc/self/smaps_rollup and status are needed: Linux 4.14 or later, with /proc");
        return false;
    }
    if (!fb_blocks_walk(blocks, count, add_page, out, &facts))
        return false;
    out->live_size = facts.live_size;
    out->live_blocks = facts.live_blocks;
    out->vmas = facts.pages.vmas;
    out->by_pagemap_scan = facts.pages.by_pagemap_scan;
    out->anonymous = rollup.anonymous;
    out->lazyfree = rollup.lazyfree;
    out->anon_huge = rollup.anon_huge;
    out->private_dirty = rollup.private_dirty;
    out->swapped = rollup.swapped;
    out->page_tables = status.page_tables;
    uint64_t others = status.rss_file + status.rss_shmem;
    out->peak = status.peak_rss > others ? status.peak_rss - others : 0;
    return true;
}

uint64_t fb_measure_anonymous(void)
{
    struct fb_rollup rollup;
    return fb_proc_rollup(0, &rollup) ? rollup.anonymous : 0;
}

void fb_checkpoint_print(FILE *out, const struct fb_checkpoint *c, const char *label,
                         const char *phase, double settle_s)
{
    struct fb_json json;
    fb_json_begin(&json, out);
    fb_json_text(&json, "kind", "checkpoint");
    fb_json_text(&json, "label", label);
    fb_json_text(&json, "phase", phase);
    fb_json_real(&json, "settle_s", settle_s, 1);
    fb_json_count(&json, "live", c->live_size);
    fb_json_count(&json, "blocks", c->live_blocks);
    fb_json_count(&json, "heap", fb_checkpoint_heap(c));
    fb_json_count(&json, "live_resident", c->live_resident);
    fb_json_count(&json, "slack", c->slack);
    fb_json_count(&json, "pinned", c->pinned);
    fb_json_count(&json, "empty", c->empty);
    fb_json_count(&json, "image", c->image);
    fb_json_count(&json, "anonymous", c->anonymous);
    fb_json_count(&json, "lazyfree", c->lazyfree);
    fb_json_count(&json, "anon_huge", c->anon_huge);
    fb_json_count(&json, "private_dirty", c->private_dirty);
    fb_json_count(&json, "swapped", c->swapped);
    fb_json_count(&json, "vmas", c->vmas);
    fb_json_count(&json, "page_tables", c->page_tables);
    fb_json_count(&json, "peak", c->peak);
    fb_json_count(&json, "minor_faults", c->minor_faults);
    fb_json_count(&json, "major_faults", c->major_faults);
    fb_json_text(&json, "source", c->by_pagemap_scan ? "PAGEMAP_SCAN" : "pagemap");
    fb_json_end(&json);
}

void fb_sample_print(FILE *out, uint64_t work, double elapsed_ms, uint64_t live_size,
                     uint64_t anonymous)
{
    struct fb_json json;
    fb_json_begin(&json, out);
    fb_json_text(&json, "kind", "sample");
    fb_json_count(&json, "work", work);
    fb_json_real(&json, "ms", elapsed_ms, 1);
    fb_json_count(&json, "live", live_size);
    fb_json_count(&json, "anonymous", anonymous);
    fb_json_end(&json);
}
