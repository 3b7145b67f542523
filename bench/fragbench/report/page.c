/* SPDX-License-Identifier: MIT
 * page.c: the one HTML file of a report; see page.h.
 */
#include "report/page.h"
#include "base/die.h"
#include "base/json.h"
#include "report/chart.h"
#include "report/csv.h"

#include <stdlib.h>
#include <string.h>

/* Calls `take` with every line of that kind. */
static void each_line(const char *path, const char *kind,
                      void (*take)(const char *line, void *context), void *context)
{
    char *line = NULL, found[32];
    size_t size = 0;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        fb_die_errno("%s", path);
    while (getline(&line, &size, in) > 0)
        if (fb_json_get_text(line, "kind", found, sizeof found) && strcmp(found, kind) == 0)
            take(line, context);
    free(line);
    fclose(in);
}

struct size_search {
    const char *workload;
    double *bytes;
    double most;
};

/* "classes":[[log2,count,bytes],...] */
static void take_sizes(const char *line, void *context)
{
    struct size_search *search = context;
    double bytes[FB_CHART_CLASSES] = {0}, sum = 0;
    char workload[512] = "";
    fb_json_get_text(line, "workload", workload, sizeof workload);
    const char *at = strstr(line, "\"classes\":[");
    if (at == NULL || (workload[0] != '\0' && strcmp(workload, search->workload) != 0))
        return;
    at += strlen("\"classes\":[");
    for (unsigned log2; *at == '[' || *at == ',';) {
        double count, size;
        int used;
        at += *at == ',';
        if (sscanf(at, "[%u,%lf,%lf]%n", &log2, &count, &size, &used) != 3 ||
            log2 >= FB_CHART_CLASSES)
            return;
        bytes[log2] = size;
        sum += size;
        at += used;
    }
    if (sum <= search->most)
        return;
    search->most = sum;
    memcpy(search->bytes, bytes, sizeof bytes);
}

void fb_page_sizes(const char *path, const char *workload, double *bytes)
{
    struct size_search search = {workload, bytes, 0};
    memset(bytes, 0, FB_CHART_CLASSES * sizeof bytes[0]);
    each_line(path, "sizes", take_sizes, &search);
}

/* A line as an element of an array inside a script: "<" must not end the script. */
static void put_json_line(const char *line, void *context)
{
    FILE *out = context;
    for (; *line != '\0' && *line != '\n'; line++) {
        if (*line == '<')
            fputs("\\u003c", out);
        else
            fputc(*line, out);
    }
    fputs(",\n", out);
}

static void put_json_lines(FILE *out, const char *path, const char *kind, const char *id)
{
    fprintf(out, "<script type='application/json' id='%s'>[", id);
    each_line(path, kind, put_json_line, out);
    fputs("null]</script>\n", out);
}

static void put_curve_data(FILE *out, const struct fb_results *r, const char *workload,
                           const char *allocator)
{
    enum { ROOM = 1000 };
    static struct fb_curve_point points[ROOM];
    size_t count = fb_chart_curve(r, workload, allocator, points, ROOM);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s[%.0f,%.0f,%.0f]", i == 0 ? "" : ",", points[i].work, points[i].live,
                points[i].median);
}

/* Names are put as CSV text would be; quotes and "<" are the only risks inside a JSON script. */
static void put_json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\' || *text == '<' || (unsigned char)*text < 0x20)
            fprintf(out, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

static void put_curves(FILE *out, const struct fb_results *r)
{
    fputs("<script type='application/json' id='data-curves'>{", out);
    for (size_t w = 0; w < r->workload_count; w++) {
        fputs(w == 0 ? "" : ",\n", out);
        put_json_text(out, r->workloads[w]);
        fputs(":{", out);
        for (size_t a = 0; a < r->allocator_count; a++) {
            fputs(a == 0 ? "" : ",", out);
            put_json_text(out, r->allocators[a]);
            fputs(":[", out);
            put_curve_data(out, r, r->workloads[w], r->allocators[a]);
            fputs("]", out);
        }
        fputs("}", out);
    }
    fputs("}</script>\n", out);
}

static void put_csv(FILE *out, const struct fb_results *r)
{
    fputs("<p class='downloads'>All points as CSV:", out);
    for (size_t i = 0; i < FB_CSV_FILES; i++)
        fprintf(out, " <button data-csv='%s'>%s.csv</button>", fb_csv_files[i].name,
                fb_csv_files[i].name);
    fputs("</p>\n", out);
    for (size_t i = 0; i < FB_CSV_FILES; i++) {
        fprintf(out, "<script type='text/csv' id='csv-%s'>", fb_csv_files[i].name);
        fb_csv_files[i].put(out, r);
        fputs("</script>\n", out);
    }
}

static void put_host_line(const char *line, void *context)
{
    static const char *const keys[] = {
        "date",       "kernel",     "machine", "processor",         "memory", "thp",
        "thp_defrag", "overcommit", "cgroup",  "cgroup_memory_max", "load"};
    FILE *out = context;
    char text[512];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!fb_json_get_text(line, keys[i], text, sizeof text))
            continue;
        fprintf(out, "<dt>%s</dt><dd>", keys[i]);
        fb_chart_put_text(out, text[0] == '\0' ? "none" : text);
        fputs("</dd>\n", out);
    }
    const char *command = strstr(line, "\"command\":[");
    if (command == NULL)
        return;
    fputs("<dt>command</dt><dd><code>", out);
    bool is_quoted = false;
    for (command += strlen("\"command\":["); *command != '\0'; command++) {
        char one[2] = {*command == ',' && !is_quoted ? ' ' : *command, '\0'};
        if (*command == ']' && !is_quoted)
            break;
        if (*command == '"')
            is_quoted = !is_quoted;
        else
            fb_chart_put_text(out, one);
    }
    fputs("</code></dd>\n", out);
}

static void put_allocator_line(const char *line, void *context)
{
    FILE *out = context;
    char name[64] = "", path[512] = "", build_id[64] = "";
    fb_json_get_text(line, "name", name, sizeof name);
    fb_json_get_text(line, "path", path, sizeof path);
    fb_json_get_text(line, "build_id", build_id, sizeof build_id);
    fputs("<dt>", out);
    fb_chart_put_text(out, name);
    fputs("</dt><dd>", out);
    fb_chart_put_text(out, path);
    fprintf(out, "<br><small>build-id %s", build_id[0] == '\0' ? "none" : build_id);
    const char *variables = strstr(line, "\"variables\":[\"");
    if (variables != NULL) {
        fputs("; tuned: ", out);
        fb_chart_put_text(out, variables + strlen("\"variables\":"));
    }
    fputs("</small></dd>\n", out);
}

static void put_versions(FILE *out, const struct fb_results *r)
{
    for (size_t a = 0; a < r->allocator_count; a++)
        for (size_t i = 0; i < r->cell_count; i++) {
            const struct fb_result_cell *cell = &r->cells[i];
            if (strcmp(cell->allocator, r->allocators[a]) != 0 || cell->object[0] == '\0')
                continue;
            fputs("<dt>", out);
            fb_chart_put_text(out, cell->allocator);
            fputs(" says</dt><dd>", out);
            fb_chart_put_text(out, cell->version[0] == '\0' ? "no version" : cell->version);
            fputs("; trimmed by ", out);
            fb_chart_put_text(out,
                              cell->trim[0] == '\0' ? "nothing: it has no such call" : cell->trim);
            fputs("</dd>\n", out);
            break;
        }
}

static void put_how(FILE *out, const struct fb_results *r, const char *path)
{
    fputs("<section id='how'><h2>How this was measured</h2><dl>\n", out);
    each_line(path, "host", put_host_line, out);
    each_line(path, "allocator", put_allocator_line, out);
    put_versions(out, r);
    fputs("</dl><p>Every cell is a fresh process; its preload was seen in /proc/PID/maps before "
          "it began. The order of the cells is random within each round. RSS is the anonymous "
          "resident memory less the program image; the driver's own tables lie in shared memory "
          "and are not in it. <b>now</b> is the end of the play, <b>settled</b> after the longest "
          "time of light activity, <b>trimmed</b> after the allocator was asked to give memory "
          "back. Intervals are 95 % bootstrap intervals of the median. The workload "
          "<b>empty</b> is the baseline.</p></section>\n",
          out);
}

static void put_heap_maps(FILE *out)
{
    fputs("<section id='maps'><h2>Heap map</h2>"
          "<p>Each cell is a stretch of the address space, in the order of addresses, left to "
          "right and down. Stretches that were never resident are left out. A cell is as large as "
          "several pages; the page-by-page sums are in the decomposition above.</p>"
          "<p class='controls'><label>workload <select id='map-workload'></select></label>"
          "<label class='time'>time <input id='map-time' type='range' min='0' value='0'>"
          "<output id='map-label'></output></label></p><div class='pair'>",
          out);
    for (int side = 0; side < 2; side++)
        fprintf(out, "<figure><select class='map-allocator'></select>"
                     "<canvas class='map-canvas' width='520' height='300'></canvas>"
                     "<figcaption class='map-caption'></figcaption></figure>");
    fputs("</div><p class='legend'><i style='background:#2e7d4f'></i> live-dense (70 % or more) "
          "<i style='background:#e8a33d'></i> pinned by some live bytes (darker: more) "
          "<i style='background:#c0504d'></i> empty but resident "
          "<i style='background:#dfe4ea'></i> returned</p></section>\n",
          out);
}

static void put_workload(FILE *out, const struct fb_results *r, const char *path,
                         const char *workload)
{
    double bytes[FB_CHART_CLASSES];
    fputs("<section class='workload'><h2>", out);
    fb_chart_put_text(out, workload);
    fputs("</h2>\n<div class='chart'>", out);
    fb_chart_curves(out, r, workload);
    fputs("<div class='tip' hidden></div></div>\n", out);
    fb_chart_stacks(out, r, workload);
    fb_page_sizes(path, workload, bytes);
    fb_chart_sizes(out, bytes);
    fputs("</section>\n", out);
}

void fb_page_write(FILE *out, const struct fb_results *results, const char *path)
{
    fprintf(out,
            "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'>"
            "<title>fragbench: where is my memory?</title>\n<style>\n%s</style></head><body>\n"
            "<h1>Where is my memory?</h1>\n"
            "<p>Resident memory of %zu allocators on %zu workloads, by fragbench.</p>\n",
            fb_page_css, results->allocator_count, results->workload_count);
    fputs("<section><h2>Medians and 95 % intervals</h2><div class='wide'>\n", out);
    fb_page_put_table(out, results);
    fputs("</div>\n", out);
    put_csv(out, results);
    fputs("</section>\n", out);
    for (size_t w = 0; w < results->workload_count; w++)
        if (strcmp(results->workloads[w], "empty") != 0)
            put_workload(out, results, path, results->workloads[w]);
    put_heap_maps(out);
    put_how(out, results, path);
    put_curves(out, results);
    put_json_lines(out, path, "map", "data-maps");
    fprintf(out, "<script>\n%s</script></body></html>\n", fb_page_js);
}
