/* SPDX-License-Identifier: MIT
 * `fragbench info`: what a trace holds, as text or as one JSON line.
 * Owns the printing; the merging is merge.c's, the counting tally.c's. */
#include "trace/commands.h"

#include "base/die.h"
#include "base/json.h"
#include "base/options.h"
#include "trace/tally.h"

#include <inttypes.h>
#include <stdio.h>

struct curve_point {
    uint64_t step;
    uint64_t live_size;
    uint64_t live_blocks;
};

struct info {
    struct fb_reader reader;
    struct fb_merged merged;
    struct fb_tally tally;
    /* struct curve_point, taken when the step count reaches k * total / points. */
    struct fb_quiet_array curve;
    uint64_t points;
    uint64_t total;
};

static void take_step(void *context, const struct fb_step *step)
{
    fb_tally_add(context, step);
}

static void take_step_for_curve(void *context, const struct fb_step *step)
{
    struct info *info = context;
    fb_tally_add(&info->tally, step);
    while (info->curve.count < info->points &&
           info->tally.steps == (info->curve.count + 1) * info->total / info->points) {
        struct curve_point *point = fb_quiet_array_push(&info->curve);
        *point =
            (struct curve_point){info->tally.steps, info->tally.live_size, info->tally.live_blocks};
    }
}

static void count_all(struct info *info)
{
    fb_tally_open(&info->tally);
    fb_merge(&info->reader, take_step, &info->tally, &info->merged);
    fb_quiet_array_open(&info->curve, "curve", sizeof(struct curve_point));
    if (info->points == 0)
        return;
    /* The positions are parts of the total, which only the first pass knows. */
    info->total = info->tally.steps;
    fb_tally_close(&info->tally);
    fb_tally_open(&info->tally);
    fb_merge(&info->reader, take_step_for_curve, info, &info->merged);
}

static uint64_t thread_count(const struct fb_tally *tally)
{
    const struct fb_tally_thread *threads = tally->threads.data;
    uint64_t count = 0;
    for (size_t i = 0; i < tally->threads.count; i++)
        count += threads[i].steps > 0;
    return count;
}

static double seconds(const struct info *info)
{
    return (double)(info->tally.last_stamp - info->tally.first_stamp) * info->reader.ns_per_stamp *
           1e-9;
}

/* --- JSON ----------------------------------------------------------------- */

static void json_buckets(struct fb_json *json, const char *key, const uint64_t *buckets)
{
    fb_json_array(json, key);
    for (unsigned i = 0; i < FB_TALLY_BUCKETS; i++) {
        if (buckets[i] == 0)
            continue;
        fb_json_array(json, NULL);
        fb_json_count(json, NULL, i == 0 ? 0 : (uint64_t)1 << (i - 1));
        fb_json_count(json, NULL, buckets[i]);
        fb_json_close(json);
    }
    fb_json_close(json);
}

static void json_anomalies(struct fb_json *json, const struct info *info)
{
    const struct fb_anomalies *anomalies = &info->merged.anomalies;
    fb_json_object(json, "anomalies");
    fb_json_count(json, "unknown_releases", anomalies->unknown_releases);
    fb_json_count(json, "lost_frees", anomalies->lost_frees);
    fb_json_count(json, "gaps", anomalies->gaps);
    fb_json_count(json, "broken_chunks", anomalies->broken_chunks);
    fb_json_count(json, "damaged_places", info->reader.damaged_chunks);
    fb_json_flag(json, "end_missing", !info->reader.is_ended);
    fb_json_count(json, "stopped_errno", info->reader.stopped);
    fb_json_close(json);
}

static void json_curve(struct fb_json *json, const struct info *info)
{
    const struct curve_point *points = info->curve.data;
    fb_json_array(json, "curve");
    for (size_t i = 0; i < info->curve.count; i++) {
        fb_json_array(json, NULL);
        fb_json_count(json, NULL, points[i].step);
        fb_json_count(json, NULL, points[i].live_size);
        fb_json_count(json, NULL, points[i].live_blocks);
        fb_json_close(json);
    }
    fb_json_close(json);
}

static void print_json(const struct info *info)
{
    const struct fb_tally *tally = &info->tally;
    struct fb_json json;
    fb_json_begin(&json, stdout);
    fb_json_text(&json, "type", "info");
    fb_json_text(&json, "trace", info->reader.path);
    fb_json_text(&json, "program", info->reader.program);
    fb_json_text(&json, "forked_from", info->reader.forked_from);
    fb_json_text(&json, "order", info->reader.order);
    fb_json_count(&json, "steps", tally->steps);
    fb_json_count(&json, "operations", info->reader.ops);
    fb_json_count(&json, "file_size", info->reader.size);
    fb_json_object(&json, "counts");
    for (unsigned i = 0; i < FB_KIND_COUNT; i++)
        if (fb_kind_name(i)[0] != '\0')
            fb_json_count(&json, fb_kind_name(i), tally->kinds[i]);
    fb_json_close(&json);
    fb_json_count(&json, "realloc_moved", tally->moved);
    fb_json_count(&json, "threads", thread_count(tally));
    fb_json_count(&json, "cross_thread_releases", tally->cross_thread);
    fb_json_count(&json, "acquired_bytes", tally->acquired_size);
    fb_json_count(&json, "peak_live_bytes", tally->peak_size);
    fb_json_count(&json, "peak_live_blocks", tally->peak_blocks);
    fb_json_count(&json, "peak_step", tally->peak_step);
    fb_json_count(&json, "end_live_bytes", tally->live_size);
    fb_json_count(&json, "end_live_blocks", tally->live_blocks);
    fb_json_real(&json, "seconds", seconds(info), 3);
    json_buckets(&json, "sizes", tally->sizes);
    json_buckets(&json, "size_bytes", tally->size_bytes);
    json_buckets(&json, "lifetime_steps", tally->life_steps);
    json_anomalies(&json, info);
    json_curve(&json, info);
    fb_json_end(&json);
}

/* --- text ----------------------------------------------------------------- */

static const char *short_size(uint64_t size, char text[16])
{
    static const char units[] = " KMGTPE";
    unsigned unit = 0;
    while (size >= 1024 && size % 1024 == 0 && unit < 6) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 16, "%" PRIu64 "%c", size, units[unit]);
    return text;
}

static void print_sizes(const struct fb_tally *tally)
{
    char text[16];
    printf("\n  sizes from      blocks        bytes asked\n");
    for (unsigned i = 0; i < FB_TALLY_BUCKETS; i++)
        if (tally->sizes[i] > 0)
            printf("  %10s %11" PRIu64 " %18" PRIu64 "\n",
                   short_size(i == 0 ? 0 : (uint64_t)1 << (i - 1), text), tally->sizes[i],
                   tally->size_bytes[i]);
}

static const char *short_time(double ns, char text[16])
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    unsigned unit = 0;
    while (ns >= 1000 && unit < 3) {
        ns /= 1000;
        unit++;
    }
    snprintf(text, 16, "%.0f %s", ns, units[unit]);
    return text;
}

static void print_lifetimes(const struct info *info)
{
    char text[16];
    bool has_time = info->reader.ns_per_stamp > 0;
    const uint64_t *buckets = has_time ? info->tally.life_stamps : info->tally.life_steps;
    printf("\n  lifetimes from  blocks released\n");
    for (unsigned i = 0; i < FB_TALLY_BUCKETS; i++) {
        uint64_t from = i == 0 ? 0 : (uint64_t)1 << (i - 1);
        if (buckets[i] == 0)
            continue;
        if (has_time)
            short_time((double)from * info->reader.ns_per_stamp, text);
        else
            short_size(from, text);
        printf("  %10s%s %11" PRIu64 "\n", text, has_time ? "" : " steps", buckets[i]);
    }
}

static void print_threads(const struct fb_tally *tally)
{
    enum { SHOWN = 16 };
    const struct fb_tally_thread *threads = tally->threads.data;
    unsigned shown = 0;
    printf("\n  thread        steps        bytes asked\n");
    for (size_t i = 0; i < tally->threads.count && shown < SHOWN; i++) {
        if (threads[i].steps == 0)
            continue;
        printf("  %6zu %12" PRIu64 " %18" PRIu64 "%s\n", i, threads[i].steps,
               threads[i].acquired_size, i == 0 ? "  (after their thread's death)" : "");
        shown++;
    }
    if (thread_count(tally) > SHOWN)
        printf("  and %" PRIu64 " more\n", thread_count(tally) - SHOWN);
}

static void print_anomalies(const struct info *info)
{
    const struct fb_anomalies *anomalies = &info->merged.anomalies;
    bool is_child = info->reader.forked_from[0] != '\0';
    printf("\n  anomalies: %" PRIu64 " releases of unknown blocks%s, %" PRIu64
           " lost frees, %" PRIu64 " missing chunks, %" PRIu64 " broken chunks\n",
           anomalies->unknown_releases, is_child ? " (a forked child: inherited)" : "",
           anomalies->lost_frees, anomalies->gaps, anomalies->broken_chunks);
}

static void print_text(const struct info *info)
{
    const struct fb_tally *tally = &info->tally;
    uint64_t ops = info->reader.ops;
    printf("%s: %s, process %" PRIu64 ", order %s\n", info->reader.path, info->reader.program,
           info->reader.pid, info->reader.order);
    if (info->reader.forked_from[0] != '\0')
        printf("  forked from %s\n", info->reader.forked_from);
    printf("  %" PRIu64 " operations in %" PRIu64 " bytes (%.2f each), %.3f seconds\n ", ops,
           info->reader.size, ops == 0 ? 0.0 : (double)info->reader.size / (double)ops,
           seconds(info));
    for (unsigned i = 0; i < FB_KIND_COUNT; i++)
        if (tally->kinds[i] > 0)
            printf(" %s %" PRIu64, fb_kind_name(i), tally->kinds[i]);
    printf("\n  %" PRIu64 " reallocs moved; %" PRIu64 " threads, %" PRIu64
           " blocks released by another thread\n",
           tally->moved, thread_count(tally), tally->cross_thread);
    printf("  peak live %" PRIu64 " bytes (at step %" PRIu64 "), %" PRIu64
           " blocks; at the end %" PRIu64 " bytes in %" PRIu64 " blocks\n",
           tally->peak_size, tally->peak_step, tally->peak_blocks, tally->live_size,
           tally->live_blocks);
    print_sizes(tally);
    print_lifetimes(info);
    print_threads(tally);
    print_anomalies(info);
}

int fb_cmd_info(int argc, char **argv)
{
    struct info info = {0};
    bool as_json = false;
    const struct fb_option options[] = {
        {"json", 'j', FB_OPTION_FLAG, &as_json, NULL, "one JSON line in place of the text", NULL},
        {"curve", 0, FB_OPTION_COUNT, &info.points, "N",
         "JSON: live bytes at N equal steps (default none)", NULL},
    };
    const struct fb_command_line line = {"info app.ftr [--json]", FB_OPERANDS_ANYWHERE, options, 2};
    if (fb_options_parse(&line, argc, argv) != 1)
        fb_die("info: one trace wanted; fragbench info app.ftr");
    fb_reader_open(&info.reader, argv[1]);
    count_all(&info);
    if (as_json)
        print_json(&info);
    else
        print_text(&info);
    fb_quiet_array_close(&info.curve);
    fb_tally_close(&info.tally);
    fb_reader_close(&info.reader);
    return 0;
}
