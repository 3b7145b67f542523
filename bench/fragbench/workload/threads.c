/* SPDX-License-Identifier: MIT
 * threads.c: threaded workloads: park, churn, prodcons, relay.
 */
#include "base/quiet.h"
#include "workload/crew.h"
#include "workload/workload.h"

/* The crew is bookkeeping too, so it lies in quiet memory. */
static struct fb_crew *crew_of(struct fb_stage *stage)
{
    struct fb_crew *crew = fb_quiet_map("fragbench-crew", sizeof *crew);
    fb_crew_start(crew, stage, (size_t)stage->scale.threads);
    return crew;
}

static void crew_part(struct fb_crew *crew)
{
    fb_crew_leave(crew);
    fb_quiet_unmap(crew, sizeof *crew);
}

/* Fills the lane up to *context bytes. */
static void job_fill(struct fb_lane *lane, void *context)
{
    const struct fb_scale *scale = &lane->stage->scale;
    const uint64_t *limit = context;
    for (;;) {
        size_t size = fb_lane_log_uniform(lane, scale->from, scale->to);
        if (lane->live_size + size > *limit || lane->top == lane->slot_count)
            return;
        fb_lane_add(lane, size);
    }
}

static void job_empty(struct fb_lane *lane, void *context)
{
    (void)context;
    for (size_t i = 0; i < lane->top; i++)
        fb_lane_give(lane, i);
    lane->top = 0;
}

/* Frees what another lane has; the other thread is idle meanwhile. */
static void job_empty_other(struct fb_lane *lane, void *context)
{
    const ptrdiff_t *distance = context;
    job_empty(lane + *distance, NULL);
}

/* One thread after the other works and then parks, so the memory in use at a time is one share. */
void fb_play_park(struct fb_stage *stage)
{
    struct fb_crew *crew = crew_of(stage);
    uint64_t share = stage->scale.live / stage->scale.threads;
    for (size_t i = 0; i < crew->count; i++) {
        fb_crew_do(crew, i, i + 1, job_fill, &share);
        fb_stage_sample(stage);
        fb_crew_do(crew, i, i + 1, job_empty, NULL);
        if ((i + 1) % 8 == 0)
            fb_stage_mark(stage, "parking");
    }
    fb_stage_settle(stage, "end");
    crew_part(crew);
}

/* Keeps every eighth block: the heirs of a thread that is about to die. */
static void job_thin_out(struct fb_lane *lane, void *context)
{
    (void)context;
    for (size_t i = lane->top; i-- > 0;)
        if (i % 8 != 0)
            fb_lane_drop(lane, i);
}

void fb_play_churn(struct fb_stage *stage)
{
    uint64_t share = stage->scale.live / stage->scale.threads;
    for (uint64_t round = 1; round <= stage->scale.rounds; round++) {
        struct fb_crew *crew = crew_of(stage);
        /* What the last generation left goes first, freed by threads that never took it. */
        fb_crew_do(crew, 0, crew->count, job_empty, NULL);
        fb_crew_do(crew, 0, crew->count, job_fill, &share);
        fb_stage_sample(stage);
        if (round % 10 == 0)
            fb_stage_mark(stage, "generation");
        fb_crew_do(crew, 0, crew->count, job_thin_out, NULL);
        fb_stage_sample(stage);
        crew_part(crew);
    }
}

void fb_play_prodcons(struct fb_stage *stage)
{
    struct fb_crew *crew = crew_of(stage);
    size_t half = crew->count / 2 > 0 ? crew->count / 2 : 1;
    ptrdiff_t distance = crew->count > 1 ? -(ptrdiff_t)half : 0;
    size_t first = crew->count > 1 ? half : 0;
    uint64_t share = stage->scale.live / half;
    for (uint64_t round = 1; round <= stage->scale.rounds; round++) {
        fb_crew_do(crew, 0, half, job_fill, &share);
        fb_stage_sample(stage);
        if (round % 10 == 0)
            fb_stage_mark(stage, "produced");
        if (round < stage->scale.rounds)
            fb_crew_do(crew, first, first + half, job_empty_other, &distance);
        fb_stage_sample(stage);
    }
    fb_stage_settle(stage, "end");
    crew_part(crew);
}

void fb_play_relay(struct fb_stage *stage)
{
    struct fb_crew *crew = crew_of(stage);
    uint64_t share = stage->scale.live;
    for (uint64_t leg = 0; leg < stage->scale.rounds * crew->count; leg++) {
        size_t runner = leg % crew->count;
        ptrdiff_t distance = runner == 0 ? (ptrdiff_t)crew->count - 1 : -1;
        if (leg > 0)
            fb_crew_do(crew, runner, runner + 1, job_empty_other, &distance);
        fb_stage_sample(stage);
        fb_crew_do(crew, runner, runner + 1, job_fill, &share);
        fb_stage_sample(stage);
        if (runner + 1 == crew->count)
            fb_stage_mark(stage, "lap");
    }
    fb_stage_settle(stage, "end");
    crew_part(crew);
}
