/* SPDX-License-Identifier: MIT
 * stage.c: curve and checkpoints of a generated workload; see stage.h, and lane.c for the acts.
 */
#include "workload/stage.h"
#include "base/json.h"
#include "base/quiet.h"
#include "measure/allocator.h"
#include "measure/heapmap.h"
#include "measure/pages.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double fb_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void fb_stage_open(struct fb_stage *stage, const struct fb_stage_options *options,
                   const struct fb_scale *scale, size_t slot_count, size_t lane_count)
{
    memset(stage, 0, sizeof *stage);
    stage->options = options;
    stage->scale = *scale;
    stage->slot_count = slot_count;
    stage->lane_count = lane_count;
    stage->blocks = fb_quiet_map("fragbench-blocks", slot_count * sizeof stage->blocks[0]);
    stage->lanes = fb_quiet_map("fragbench-lanes", lane_count * sizeof stage->lanes[0]);
    fb_measure_reserve(slot_count);
    stage->sample_step = scale->live / options->samples_per_live + 1;
    size_t share = slot_count / lane_count;
    for (size_t i = 0; i < lane_count; i++) {
        struct fb_lane *lane = &stage->lanes[i];
        lane->stage = stage;
        lane->random = fb_random_seed(scale->seed * 1000003 + i);
        lane->slots = stage->blocks + i * share;
        lane->slot_count = share;
        lane->sample_at = i == 0 && lane_count == 1 ? stage->sample_step : UINT64_MAX;
    }
    stage->start_ms = fb_now_ms();
}

uint64_t fb_stage_live(const struct fb_stage *stage)
{
    uint64_t live = 0;
    for (size_t i = 0; i < stage->lane_count; i++)
        live += stage->lanes[i].live_size;
    return live;
}

static uint64_t stage_work(const struct fb_stage *stage)
{
    uint64_t work = 0;
    for (size_t i = 0; i < stage->lane_count; i++)
        work += stage->lanes[i].work;
    return work;
}

void fb_stage_sample(struct fb_stage *stage)
{
    double before = fb_now_ms();
    fb_sample_print(stage->options->out, stage_work(stage),
                    before - stage->start_ms - stage->measuring_ms, fb_stage_live(stage),
                    fb_measure_anonymous());
    stage->measuring_ms += fb_now_ms() - before;
}

static void checkpoint(struct fb_stage *stage, const char *label, const char *phase,
                       double settle_s)
{
    struct fb_checkpoint point;
    double before = fb_now_ms();
    if (!fb_measure_checkpoint(&point, stage->blocks, stage->slot_count))
        exit(EXIT_FAILURE);
    fb_checkpoint_print(stage->options->out, &point, label, phase, settle_s);
    if (stage->options->want_maps) {
        /* About 3000 cells for the live bytes, so that a frame is some kilobytes. */
        uint64_t pages = stage->scale.live / fb_page_size() / 3000 + 1;
        const struct fb_heapmap_frame frame = {label, phase, settle_s, stage_work(stage),
                                               (unsigned)pages};
        fb_heapmap_print(stage->options->out, &frame, stage->blocks, stage->slot_count);
    }
    stage->measuring_ms += fb_now_ms() - before;
}

void fb_stage_mark(struct fb_stage *stage, const char *label)
{
    fb_stage_sample(stage);
    checkpoint(stage, label, "now", 0);
    fb_sizes_print(stage->options->out, label, stage->blocks, stage->slot_count);
}

/* A program that idles still allocates now and then, which is when many allocators purge. */
static void light_activity(struct fb_random *random, double until_ms)
{
    enum { BLOCKS = 20 };
    const struct timespec pause = {0, 10 * 1000 * 1000};
    do {
        void *volatile blocks[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            size_t size = 16 + fb_random_below(random, 2000);
            blocks[i] = malloc(size);
            if (blocks[i] != NULL)
                memset(blocks[i], 1, size);
        }
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
        nanosleep(&pause, NULL);
    } while (fb_now_ms() < until_ms);
}

void fb_stage_settle(struct fb_stage *stage, const char *label)
{
    fb_stage_mark(stage, label);
    double start = fb_now_ms();
    struct fb_random random = fb_random_seed(stage->scale.seed);
    for (unsigned i = 0; i < stage->options->settle_count; i++) {
        double seconds = stage->options->settle_s[i];
        if (seconds <= 0)
            continue;
        light_activity(&random, start + seconds * 1e3);
        checkpoint(stage, label, "settled", seconds);
    }
    stage->measuring_ms += fb_now_ms() - start;
    if (fb_allocator_trim())
        checkpoint(stage, label, "trimmed", 0);
}

void fb_stage_note(struct fb_stage *stage, const char *name, uint64_t bytes)
{
    struct fb_json json;
    fb_json_begin(&json, stage->options->out);
    fb_json_text(&json, "kind", "note");
    fb_json_text(&json, "name", name);
    fb_json_count(&json, "bytes", bytes);
    fb_json_end(&json);
}

void fb_stage_clear(struct fb_stage *stage)
{
    for (size_t i = 0; i < stage->lane_count; i++) {
        struct fb_lane *lane = &stage->lanes[i];
        for (size_t slot = 0; slot < lane->slot_count; slot++)
            if (lane->slots[slot].address != 0)
                fb_lane_give(lane, slot);
        lane->top = 0;
    }
}
