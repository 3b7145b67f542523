/* SPDX-License-Identifier: MIT
 * results.c: a file of results, read back; see results.h.
 */
#include "run/results.h"
#include "base/die.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

const char *const fb_metric_names[FB_METRIC_COUNT] = {
    [FB_METRIC_RSS_NOW] = "rss_now",         [FB_METRIC_RSS_SETTLED] = "rss_settled",
    [FB_METRIC_RSS_TRIMMED] = "rss_trimmed", [FB_METRIC_RSS_FREED] = "rss_freed",
    [FB_METRIC_RSS_PEAK] = "rss_peak",       [FB_METRIC_RATIO] = "ratio",
    [FB_METRIC_RATIO_PEAK] = "ratio_peak",   [FB_METRIC_RSS_AUC] = "rss_auc",
    [FB_METRIC_BASELINE] = "baseline",       [FB_METRIC_VMAS] = "vmas",
    [FB_METRIC_PAGE_TABLES] = "page_tables", [FB_METRIC_FAULTS] = "faults",
    [FB_METRIC_WORK_MS] = "work_ms",
};

bool fb_metric_is_bytes(enum fb_metric metric)
{
    return metric <= FB_METRIC_RSS_PEAK || metric == FB_METRIC_BASELINE ||
           metric == FB_METRIC_PAGE_TABLES;
}

/* Room for one more element, doubling; `array` is of any element type. */
static void *grown(void *array, size_t count, size_t width)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return array;
    void *larger = realloc(array, (count == 0 ? 1 : count * 2) * width);
    if (larger == NULL)
        fb_die("results: out of memory");
    return larger;
}

static double real_of(const char *line, const char *key)
{
    double value = 0;
    fb_json_get_real(line, key, &value);
    return value;
}

static void text_of(const char *line, const char *key, char *out, size_t size)
{
    if (!fb_json_get_text(line, key, out, size))
        out[0] = '\0';
}

/* Lines of a comparison carry their cell; those of a lone `fragbench run` begin with "cell". */
static bool begins_cell(const char *line, const char *kind, uint64_t *last_cell)
{
    uint64_t cell;
    if (!fb_json_get_count(line, "cell", &cell))
        return strcmp(kind, "cell") == 0;
    bool is_new = cell + 1 != *last_cell;
    *last_cell = cell + 1;
    return is_new;
}

static void cell_begin(struct fb_results *r, const char *line)
{
    r->cells = grown(r->cells, r->cell_count, sizeof r->cells[0]);
    struct fb_result_cell *cell = &r->cells[r->cell_count++];
    memset(cell, 0, sizeof *cell);
    cell->first_sample = r->sample_count;
    cell->first_point = r->point_count;
    text_of(line, "allocator", cell->allocator, sizeof cell->allocator);
    text_of(line, "workload", cell->workload, sizeof cell->workload);
    fb_json_get_count(line, "round", &cell->round);
    cell->metrics[FB_METRIC_WORK_MS] = -1;
}

static void take_cell(struct fb_result_cell *cell, const char *line)
{
    text_of(line, "version", cell->version, sizeof cell->version);
    text_of(line, "object", cell->object, sizeof cell->object);
    text_of(line, "trim", cell->trim, sizeof cell->trim);
    text_of(line, "work_unit", cell->work_unit, sizeof cell->work_unit);
    if (cell->workload[0] == '\0')
        text_of(line, "name", cell->workload, sizeof cell->workload);
    if (cell->allocator[0] == '\0')
        text_of(line, "version", cell->allocator, sizeof cell->allocator);
    if (cell->allocator[0] == '\0')
        strcpy(cell->allocator, "unknown");
}

static void take_sample(struct fb_results *r, struct fb_result_cell *cell, const char *line)
{
    r->samples = grown(r->samples, r->sample_count, sizeof r->samples[0]);
    r->samples[r->sample_count++] =
        (struct fb_result_sample){real_of(line, "work"), real_of(line, "ms"), real_of(line, "live"),
                                  real_of(line, "anonymous")};
    cell->sample_count++;
}

static void take_point(struct fb_results *r, struct fb_result_cell *cell, const char *line)
{
    r->points = grown(r->points, r->point_count, sizeof r->points[0]);
    struct fb_result_point *point = &r->points[r->point_count++];
    memset(point, 0, sizeof *point);
    text_of(line, "label", point->label, sizeof point->label);
    text_of(line, "phase", point->phase, sizeof point->phase);
    point->settle_s = real_of(line, "settle_s");
    point->live = real_of(line, "live");
    point->heap = real_of(line, "heap");
    point->live_resident = real_of(line, "live_resident");
    point->slack = real_of(line, "slack");
    point->pinned = real_of(line, "pinned");
    point->empty = real_of(line, "empty");
    point->lazyfree = real_of(line, "lazyfree");
    point->anon_huge = real_of(line, "anon_huge");
    point->vmas = real_of(line, "vmas");
    point->page_tables = real_of(line, "page_tables");
    point->minor_faults = real_of(line, "minor_faults");
    if (cell->point_count++ == 0)
        cell->image = real_of(line, "image");
}

/* Appends a name unless it is there already. `width` is the room of one name. */
static void name_add(void **names, size_t *count, size_t width, const char *name)
{
    char *all = *names;
    if (name[0] == '\0')
        return;
    for (size_t i = 0; i < *count; i++)
        if (strcmp(all + i * width, name) == 0)
            return;
    all = *names = grown(all, *count, width);
    size_t length = strnlen(name, width - 1);
    memcpy(all + *count * width, name, length);
    all[(*count)++ * width + length] = '\0';
}

static void add_allocator(struct fb_results *r, const char *name)
{
    void *names = r->allocators;
    name_add(&names, &r->allocator_count, sizeof r->allocators[0], name);
    r->allocators = names;
}

static void add_workload(struct fb_results *r, const char *name)
{
    void *names = r->workloads;
    name_add(&names, &r->workload_count, sizeof r->workloads[0], name);
    r->workloads = names;
}

/* A comparison lists its allocators and workloads first, in the order of the command line. */
static bool take_list(struct fb_results *r, const char *kind, const char *line)
{
    char name[sizeof r->workloads[0]];
    text_of(line, "name", name, sizeof name);
    if (strcmp(kind, "allocator") == 0)
        add_allocator(r, name);
    else if (strcmp(kind, "workload") == 0)
        add_workload(r, name);
    else
        return strcmp(kind, "host") == 0;
    return true;
}

static void take_line(struct fb_results *r, const char *line, uint64_t *last_cell)
{
    char kind[32];
    if (!fb_json_get_text(line, "kind", kind, sizeof kind) || take_list(r, kind, line))
        return;
    if (begins_cell(line, kind, last_cell))
        cell_begin(r, line);
    if (r->cell_count == 0)
        return;
    struct fb_result_cell *cell = &r->cells[r->cell_count - 1];
    if (strcmp(kind, "cell") == 0)
        take_cell(cell, line);
    else if (strcmp(kind, "sample") == 0)
        take_sample(r, cell, line);
    else if (strcmp(kind, "checkpoint") == 0)
        take_point(r, cell, line);
    else if (strcmp(kind, "done") == 0)
        cell->metrics[FB_METRIC_WORK_MS] = real_of(line, "work_ms");
}

static void figure_points(const struct fb_results *r, struct fb_result_cell *cell)
{
    double *m = cell->metrics;
    for (size_t i = 0; i < cell->point_count; i++) {
        const struct fb_result_point *p = &r->points[cell->first_point + i];
        bool is_end = strcmp(p->label, "end") == 0;
        if (strcmp(p->label, "start") == 0)
            m[FB_METRIC_BASELINE] = p->heap;
        if (strcmp(p->label, "freed") == 0)
            m[FB_METRIC_RSS_FREED] = p->heap;
        if (is_end && strcmp(p->phase, "settled") == 0)
            m[FB_METRIC_RSS_SETTLED] = p->heap;
        if (is_end && strcmp(p->phase, "trimmed") == 0)
            m[FB_METRIC_RSS_TRIMMED] = p->heap;
        if (!is_end || strcmp(p->phase, "now") != 0)
            continue;
        m[FB_METRIC_RSS_NOW] = p->heap;
        m[FB_METRIC_RATIO] = p->live > 0 ? p->heap / p->live : -1;
        m[FB_METRIC_VMAS] = p->vmas;
        m[FB_METRIC_PAGE_TABLES] = p->page_tables;
        m[FB_METRIC_FAULTS] = p->minor_faults;
    }
}

static void figure_samples(const struct fb_results *r, struct fb_result_cell *cell)
{
    double rss_sum = 0, live_sum = 0, live_peak = 0, rss_peak = -1;
    for (size_t i = 0; i < cell->sample_count; i++) {
        struct fb_result_sample *s = &r->samples[cell->first_sample + i];
        s->rss = s->rss > cell->image ? s->rss - cell->image : 0;
        rss_sum += s->rss;
        live_sum += s->live;
        live_peak = s->live > live_peak ? s->live : live_peak;
        rss_peak = s->rss > rss_peak ? s->rss : rss_peak;
    }
    cell->metrics[FB_METRIC_RSS_PEAK] = rss_peak;
    if (live_sum > 0) {
        cell->metrics[FB_METRIC_RSS_AUC] = rss_sum / live_sum;
        cell->metrics[FB_METRIC_RATIO_PEAK] = rss_peak / live_peak;
    }
}

static void figure_cell(const struct fb_results *r, struct fb_result_cell *cell)
{
    double work_ms = cell->metrics[FB_METRIC_WORK_MS];
    for (size_t i = 0; i < FB_METRIC_COUNT; i++)
        cell->metrics[i] = -1;
    cell->metrics[FB_METRIC_WORK_MS] = work_ms;
    figure_points(r, cell);
    figure_samples(r, cell);
}

void fb_results_read(struct fb_results *results, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    uint64_t last_cell = 0;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        fb_die_errno("%s", path);
    memset(results, 0, sizeof *results);
    while (getline(&line, &size, in) > 0)
        take_line(results, line, &last_cell);
    free(line);
    fclose(in);
    if (results->cell_count == 0)
        fb_die("%s: no cell in it; want the output of fragbench compare or run", path);
    for (size_t i = 0; i < results->cell_count; i++) {
        figure_cell(results, &results->cells[i]);
        add_allocator(results, results->cells[i].allocator);
        add_workload(results, results->cells[i].workload);
    }
}

void fb_results_free(struct fb_results *results)
{
    free(results->cells);
    free(results->samples);
    free(results->points);
    free(results->allocators);
    free(results->workloads);
}

struct fb_interval fb_results_metric(const struct fb_results *results, const char *workload,
                                     const char *allocator, enum fb_metric metric)
{
    double *values = malloc((results->cell_count + 1) * sizeof values[0]);
    size_t count = 0;
    if (values == NULL)
        fb_die("results: out of memory");
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        if (strcmp(cell->workload, workload) == 0 && strcmp(cell->allocator, allocator) == 0 &&
            cell->metrics[metric] >= 0)
            values[count++] = cell->metrics[metric];
    }
    struct fb_interval interval = fb_stats_median(values, count);
    free(values);
    return interval;
}

const struct fb_result_cell *fb_results_cell(const struct fb_results *results, const char *workload,
                                             const char *allocator)
{
    const struct fb_result_cell *best = NULL;
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct fb_result_cell *cell = &results->cells[i];
        if (strcmp(cell->workload, workload) == 0 && strcmp(cell->allocator, allocator) == 0 &&
            (best == NULL || cell->round < best->round))
            best = cell;
    }
    return best;
}

static void print_figure(const struct fb_results *r, const char *workload, const char *allocator,
                         enum fb_metric metric, FILE *out)
{
    struct fb_interval figure = fb_results_metric(r, workload, allocator, metric);
    if (figure.count == 0)
        fprintf(out, " %9s", "-");
    else if (fb_metric_is_bytes(metric))
        fprintf(out, " %9.2f", figure.median / (1 << 20));
    else
        fprintf(out, " %9.2f", figure.median);
}

void fb_results_print_table(const char *path, FILE *out)
{
    static const enum fb_metric columns[] = {
        FB_METRIC_RSS_NOW,   FB_METRIC_RSS_SETTLED, FB_METRIC_RSS_TRIMMED, FB_METRIC_RSS_PEAK,
        FB_METRIC_RSS_FREED, FB_METRIC_RATIO,       FB_METRIC_RSS_AUC,     FB_METRIC_WORK_MS,
    };
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    struct fb_results r;
    fb_results_read(&r, path);
    fprintf(out, "%-14s %-12s %9s %9s %9s %9s %9s %9s %9s %9s\n", "workload", "allocator",
            "now MiB", "settled", "trimmed", "peak", "freed", "now/live", "rss_auc", "work ms");
    for (size_t w = 0; w < r.workload_count; w++)
        for (size_t a = 0; a < r.allocator_count; a++) {
            if (fb_results_cell(&r, r.workloads[w], r.allocators[a]) == NULL)
                continue;
            fprintf(out, "%-14s %-12s", r.workloads[w], r.allocators[a]);
            for (size_t i = 0; i < COLUMNS; i++)
                print_figure(&r, r.workloads[w], r.allocators[a], columns[i], out);
            fputc('\n', out);
        }
    fb_results_free(&r);
}
