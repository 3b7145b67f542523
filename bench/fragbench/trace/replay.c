/* SPDX-License-Identifier: MIT
 * `fragbench replay`: a trace done again in this process, measured. JSON lines out: one "cell",
 * "sample"s for the curve, "checkpoint"s, and one "done" with what was done and what lives on.
 * Owns the options and the order of the lines. */
#include "trace/commands.h"

#include "base/die.h"
#include "base/json.h"
#include "base/options.h"
#include "measure/allocator.h"
#include "trace/engine.h"
#include "trace/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SETTLES_MAX = 8, SAMPLES_PER_CHECKPOINT = 8 };

struct request {
    const char *path;
    int mode;
    int touch;
    int pace;
    uint64_t checkpoints;
    const char *settle;
    double settle_s[SETTLES_MAX];
    unsigned settle_count;
};

struct stage {
    const struct request *request;
    const struct fb_script *script;
    struct fb_reader reader;
    uint64_t stops_done;
};

static const char *const modes[] = {"serial", "parallel", NULL};
static const char *const touches[] = {"recorded", "page", "all", "first", "none", NULL};
static const char *const paces[] = {"none", "real", NULL};

static void parse(int argc, char **argv, struct request *request)
{
    const struct fb_option options[] = {
        {"mode", 'm', FB_OPTION_CHOICE, &request->mode, "serial|parallel",
         "one order, or threads run freely", modes},
        {"touch", 't', FB_OPTION_CHOICE, &request->touch, "recorded|page|all|first|none",
         "what is written into blocks", touches},
        {"pace", 0, FB_OPTION_CHOICE, &request->pace, "none|real",
         "as fast as can be, or as it was", paces},
        {"settle", 0, FB_OPTION_TEXT, &request->settle, "S,S...",
         "at the end: seconds of light activity (0,1)", NULL},
        {"checkpoints", 'n', FB_OPTION_COUNT, &request->checkpoints, "N",
         "decompositions, at equal operations (10)", NULL},
    };
    const struct fb_command_line line = {"replay app.ftr [options]", FB_OPERANDS_ANYWHERE, options,
                                         sizeof options / sizeof options[0]};
    if (fb_options_parse(&line, argc, argv) != 1)
        fb_die("replay: one trace wanted; fragbench replay app.ftr");
    request->path = argv[1];
    if (request->checkpoints == 0)
        fb_die("replay: --checkpoints 0: at least 1, the end");
    for (const char *at = request->settle; *at != '\0';) {
        char *end;
        if (request->settle_count == SETTLES_MAX)
            fb_die("replay: --settle %s: at most %d times", request->settle, SETTLES_MAX);
        request->settle_s[request->settle_count] = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') ||
            request->settle_s[request->settle_count] < 0)
            fb_die("replay: --settle %s: seconds wanted, such as 0,1,10", request->settle);
        request->settle_count++;
        at = *end == ',' ? end + 1 : end;
    }
}

static void print_cell(const struct stage *stage)
{
    const struct fb_allocator *allocator = fb_allocator();
    struct fb_json json;
    fb_json_begin(&json, stdout);
    fb_json_text(&json, "kind", "cell");
    fb_json_text(&json, "workload", stage->request->path);
    fb_json_text(&json, "about", stage->reader.program);
    fb_json_text(&json, "mode", modes[stage->request->mode]);
    fb_json_text(&json, "touch", touches[stage->request->touch]);
    fb_json_text(&json, "pace", paces[stage->request->pace]);
    fb_json_count(&json, "operations", stage->script->ops.count);
    fb_json_count(&json, "threads", stage->script->threads.count);
    fb_json_text(&json, "object", allocator->path);
    fb_json_text(&json, "version", allocator->version);
    fb_json_text(&json, "build_id", allocator->build_id);
    fb_json_text(&json, "trim", allocator->trim_name);
    fb_json_end(&json);
}

static void checkpoint(struct fb_engine *engine, const char *label, const char *phase,
                       double settle_s)
{
    size_t count;
    const struct fb_block *blocks = fb_engine_blocks(engine, &count);
    struct fb_checkpoint now;
    if (fb_measure_checkpoint(&now, blocks, count))
        fb_checkpoint_print(stdout, &now, label, phase, settle_s);
}

static void at_stop(void *context, struct fb_engine *engine, uint64_t ops_done)
{
    struct stage *stage = context;
    char label[32];
    size_t count;
    uint64_t live = 0;
    const struct fb_block *blocks = fb_engine_blocks(engine, &count);
    for (size_t i = 0; i < count; i++)
        live += blocks[i].address != 0 ? blocks[i].requested : 0;
    fb_sample_print(stdout, ops_done, fb_engine_seconds(engine) * 1e3, live,
                    fb_measure_anonymous());
    if (++stage->stops_done % SAMPLES_PER_CHECKPOINT != 0)
        return;
    snprintf(label, sizeof label, "op %llu", (unsigned long long)ops_done);
    bool is_end = ops_done == stage->script->ops.count;
    checkpoint(engine, is_end ? "end" : label, "now", 0);
}

/* What an almost idle program does: a little, every now and then. Decay needs calls to run on. */
static void act_lightly(double seconds)
{
    static const struct timespec nap = {.tv_nsec = 10 * 1000 * 1000};
    for (double past = 0; past < seconds; past += 0.01) {
        for (size_t size = 16; size <= 4096; size *= 4)
            free(malloc(size));
        nanosleep(&nap, NULL);
    }
}

static void settle(const struct request *request, struct fb_engine *engine)
{
    double past = 0;
    for (unsigned i = 0; i < request->settle_count; i++) {
        if (request->settle_s[i] <= past)
            continue;
        act_lightly(request->settle_s[i] - past);
        past = request->settle_s[i];
        checkpoint(engine, "end", "settled", past);
    }
    if (fb_allocator_trim())
        checkpoint(engine, "end", "trimmed", past);
}

static void print_done(const struct stage *stage, struct fb_engine *engine,
                       const struct fb_replay_result *result)
{
    size_t count;
    uint64_t live_size = 0;
    uint64_t live_blocks = 0;
    const struct fb_block *blocks = fb_engine_blocks(engine, &count);
    for (size_t i = 0; i < count; i++) {
        live_size += blocks[i].address != 0 ? blocks[i].requested : 0;
        live_blocks += blocks[i].address != 0;
    }
    struct fb_json json;
    fb_json_begin(&json, stdout);
    fb_json_text(&json, "kind", "done");
    fb_json_real(&json, "work_ms", result->seconds * 1e3, 1);
    fb_json_real(&json, "ops_per_second",
                 result->seconds > 0 ? (double)stage->script->ops.count / result->seconds : 0, 0);
    fb_json_object(&json, "counts");
    for (unsigned i = 0; i < FB_KIND_COUNT; i++)
        if (fb_kind_name(i)[0] != '\0')
            fb_json_count(&json, fb_kind_name(i), result->counts[i]);
    fb_json_close(&json);
    fb_json_count(&json, "refused", result->refused);
    fb_json_count(&json, "still_live_bytes", live_size);
    fb_json_count(&json, "still_live_blocks", live_blocks);
    fb_json_count(&json, "unknown_releases", stage->script->merged.anomalies.unknown_releases);
    fb_json_count(&json, "lost_frees", stage->script->merged.anomalies.lost_frees);
    fb_json_end(&json);
}

int fb_cmd_replay(int argc, char **argv)
{
    struct request request = {.settle = "0,1", .checkpoints = 10};
    struct fb_script script;
    struct fb_replay_result result;
    struct stage stage = {.request = &request, .script = &script};
    parse(argc, argv, &request);
    fb_json_quiet_stdout();
    fb_reader_open(&stage.reader, request.path);
    fb_script_load(&script, &stage.reader,
                   request.pace == FB_PACE_REAL ? FB_STAMPS_KEPT : FB_STAMPS_DROPPED);
    if (request.pace == FB_PACE_REAL && script.ns_per_stamp <= 0)
        fb_die("replay: --pace real: %s holds no times (recorded with --order=global, or imported)",
               request.path);
    print_cell(&stage);
    const struct fb_replay_plan plan = {
        .mode = (enum fb_replay_mode)request.mode,
        .touch = (enum fb_replay_touch)request.touch,
        .pace = (enum fb_replay_pace)request.pace,
        .stops = request.checkpoints * SAMPLES_PER_CHECKPOINT,
    };
    struct fb_engine *engine = fb_engine_open(&script, &plan);
    fb_measure_reserve(script.merged.blocks);
    checkpoint(engine, "start", "now", 0);
    fb_engine_run(engine, at_stop, &stage, &result);
    settle(&request, engine);
    print_done(&stage, engine, &result);
    return result.refused > 0 ? 1 : 0;
}
