/* SPDX-License-Identifier: MIT
 * run.c: `fragbench run WORKLOAD`: one generated workload in this process, JSON lines out.
 *
 * Owns: the options of the command and the order of the lines: one "cell" line that says what is
 * run and by which allocator, the checkpoint "start", the play, the settling, the final "done".
 */
#include "base/die.h"
#include "base/json.h"
#include "base/options.h"
#include "measure/allocator.h"
#include "run/commands.h"
#include "workload/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0 and NULL stand for "the workload's default". */
struct request {
    struct fb_scale scale;
    const char *settle;
    bool without_maps, list;
};

static void list_workloads(void)
{
    for (size_t i = 0; i < fb_workload_count; i++)
        printf("%-14s %s\n", fb_workloads[i].name, fb_workloads[i].about);
}

static int parse(int argc, char **argv, struct request *request)
{
    const struct fb_option options[] = {
        {"live", 0, FB_OPTION_SIZE, &request->scale.live, "SIZE", "live bytes at the height", NULL},
        {"from", 0, FB_OPTION_SIZE, &request->scale.from, "SIZE", "smallest request", NULL},
        {"to", 0, FB_OPTION_SIZE, &request->scale.to, "SIZE", "largest request", NULL},
        {"rounds", 0, FB_OPTION_COUNT, &request->scale.rounds, "N", "repetitions", NULL},
        {"threads", 0, FB_OPTION_COUNT, &request->scale.threads, "N", "threads, if any", NULL},
        {"seed", 0, FB_OPTION_COUNT, &request->scale.seed, "N", "of the random source (1)", NULL},
        {"settle", 0, FB_OPTION_TEXT, &request->settle, "S,S...",
         "seconds of light activity before further columns (0,1,10)", NULL},
        {"no-maps", 0, FB_OPTION_FLAG, &request->without_maps, NULL, "leave out heap maps", NULL},
        {"list", 0, FB_OPTION_FLAG, &request->list, NULL, "tell the workloads' names", NULL},
    };
    const struct fb_command_line line = {"run WORKLOAD [options]", FB_OPERANDS_ANYWHERE, options,
                                         sizeof options / sizeof options[0]};
    return fb_options_parse(&line, argc, argv);
}

static void parse_settle(const char *text, struct fb_stage_options *out)
{
    const char *at = text;
    do {
        char *end;
        double seconds = strtod(at, &end);
        bool is_ascending =
            out->settle_count == 0 || seconds > out->settle_s[out->settle_count - 1];
        if (end == at || (*end != ',' && *end != '\0') || seconds < 0 || !is_ascending ||
            out->settle_count == FB_SETTLES_MAX)
            fb_die("--settle=%s: want up to %d ascending seconds, such as 0,1,10", text,
                   FB_SETTLES_MAX);
        out->settle_s[out->settle_count++] = seconds;
        at = *end == ',' ? end + 1 : end;
    } while (*at != '\0');
}

static uint64_t or_usual(uint64_t asked, uint64_t usual)
{
    return asked != 0 ? asked : usual;
}

static struct fb_scale resolve(const struct fb_workload *workload, const struct fb_scale *asked)
{
    const struct fb_scale *usual = &workload->usual;
    struct fb_scale scale = {
        .live = or_usual(asked->live, usual->live),
        .from = or_usual(asked->from, usual->from),
        .to = or_usual(asked->to, usual->to),
        .rounds = or_usual(asked->rounds, usual->rounds),
        .threads = or_usual(asked->threads, or_usual(usual->threads, 1)),
        .seed = or_usual(asked->seed, 1),
    };
    if (scale.from > scale.to)
        fb_die("--from=%ju is larger than --to=%ju", (uintmax_t)scale.from, (uintmax_t)scale.to);
    if (scale.to > scale.live)
        fb_die("--live=%ju is less than one request of --to=%ju", (uintmax_t)scale.live,
               (uintmax_t)scale.to);
    if (scale.threads >= FB_LANES_MAX)
        fb_die("--threads=%ju: at most %d", (uintmax_t)scale.threads, FB_LANES_MAX - 1);
    return scale;
}

static void print_cell(const struct fb_workload *workload, const struct fb_scale *scale)
{
    const struct fb_allocator *allocator = fb_allocator();
    struct fb_json json;
    fb_json_begin(&json, stdout);
    fb_json_text(&json, "kind", "cell");
    fb_json_text(&json, "name", workload->name);
    fb_json_text(&json, "about", workload->about);
    fb_json_count(&json, "live", scale->live);
    fb_json_count(&json, "from", scale->from);
    fb_json_count(&json, "to", scale->to);
    fb_json_count(&json, "rounds", scale->rounds);
    fb_json_count(&json, "threads", workload->is_threaded ? scale->threads : 1);
    fb_json_count(&json, "seed", scale->seed);
    fb_json_text(&json, "work_unit", "bytes");
    fb_json_text(&json, "object", allocator->path);
    fb_json_text(&json, "version", allocator->version);
    fb_json_text(&json, "build_id", allocator->build_id);
    fb_json_text(&json, "trim", allocator->trim_name);
    fb_json_end(&json);
}

static void print_done(const struct fb_stage *stage)
{
    struct fb_json json;
    double all = fb_now_ms() - stage->start_ms;
    fb_json_begin(&json, stdout);
    fb_json_text(&json, "kind", "done");
    fb_json_real(&json, "work_ms", all - stage->measuring_ms, 1);
    fb_json_real(&json, "measuring_ms", stage->measuring_ms, 1);
    fb_json_end(&json);
}

int fb_cmd_run(int argc, char **argv)
{
    struct request request = {.settle = "0,1,10"};
    int operands = parse(argc, argv, &request);
    if (request.list) {
        list_workloads();
        return 0;
    }
    if (operands != 1)
        fb_die("run: want one workload; fragbench run --list tells their names");
    const struct fb_workload *workload = fb_workload_find(argv[1]);
    if (workload == NULL)
        fb_die("run: no workload '%s'; fragbench run --list tells their names", argv[1]);

    fb_json_quiet_stdout();
    struct fb_stage_options options = {
        .out = stdout, .samples_per_live = 8, .want_maps = !request.without_maps};
    parse_settle(request.settle, &options);
    struct fb_scale scale = resolve(workload, &request.scale);
    size_t lanes = workload->is_threaded ? (size_t)scale.threads + 1 : 1;
    struct fb_stage stage;
    print_cell(workload, &scale);
    fb_stage_open(&stage, &options, &scale, workload->slots(&scale) * lanes, lanes);
    fb_stage_mark(&stage, "start");
    workload->play(&stage);
    if (!workload->settles_itself)
        fb_stage_settle(&stage, "end");
    fb_stage_clear(&stage);
    fb_stage_mark(&stage, "freed");
    print_done(&stage);
    return 0;
}
