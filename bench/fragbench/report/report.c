/* SPDX-License-Identifier: MIT
 * report.c: `fragbench report`: results as one HTML file, and as SVG and CSV for papers.
 */
#include "base/die.h"
#include "base/options.h"
#include "report/chart.h"
#include "report/commands.h"
#include "report/csv.h"
#include "report/page.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static FILE *open_output(const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL)
        fb_die_errno("report: %s", path);
    return out;
}

static void close_output(FILE *out, const char *path)
{
    if (ferror(out) || fclose(out) != 0)
        fb_die_errno("report: %s", path);
}

/* DIR/workload-suffix; a trace's name may hold slashes. */
static FILE *open_in(const char *folder, const char *workload, const char *suffix, char *path)
{
    int length = snprintf(path, PATH_MAX, "%s/", folder);
    snprintf(path + length, PATH_MAX - (size_t)length, "%s%s", workload, suffix);
    for (char *at = path + length; *at != '\0'; at++)
        if (*at == '/')
            *at = '_';
    return open_output(path);
}

static void make_folder(const char *folder)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        fb_die_errno("report: %s", folder);
}

static void write_csv(const char *folder, const struct fb_results *results)
{
    char path[PATH_MAX];
    make_folder(folder);
    for (size_t i = 0; i < FB_CSV_FILES; i++) {
        FILE *out = open_in(folder, fb_csv_files[i].name, ".csv", path);
        fb_csv_files[i].put(out, results);
        close_output(out, path);
    }
}

static void write_svg(const char *folder, const struct fb_results *results, const char *source)
{
    char path[PATH_MAX];
    double bytes[FB_CHART_CLASSES];
    make_folder(folder);
    for (size_t w = 0; w < results->workload_count; w++) {
        const char *workload = results->workloads[w];
        if (strcmp(workload, "empty") == 0)
            continue;
        FILE *out = open_in(folder, workload, "-curves.svg", path);
        fb_chart_curves(out, results, workload);
        close_output(out, path);
        out = open_in(folder, workload, "-stacks.svg", path);
        fb_chart_stacks(out, results, workload);
        close_output(out, path);
        out = open_in(folder, workload, "-sizes.svg", path);
        fb_page_sizes(source, workload, bytes);
        fb_chart_sizes(out, bytes);
        close_output(out, path);
    }
}

int fb_cmd_report(int argc, char **argv)
{
    const char *output = NULL, *csv = NULL, *svg = NULL;
    const struct fb_option options[] = {
        {"output", 'o', FB_OPTION_TEXT, &output, "FILE", "the HTML file", NULL},
        {"csv", 0, FB_OPTION_TEXT, &csv, "DIR", "write CSV files there", NULL},
        {"svg", 0, FB_OPTION_TEXT, &svg, "DIR", "write SVG pictures there", NULL},
    };
    const struct fb_command_line line = {"report RESULTS.jsonl [-o FILE] [--csv DIR] [--svg DIR]",
                                         FB_OPERANDS_ANYWHERE, options,
                                         sizeof options / sizeof options[0]};
    struct fb_results results;
    if (fb_options_parse(&line, argc, argv) != 1)
        fb_die("report: want one file of results, as fragbench compare writes it");
    if (output == NULL && csv == NULL && svg == NULL)
        fb_die("report: say with -o FILE, --csv DIR or --svg DIR what to write");
    fb_results_read(&results, argv[1]);
    if (output != NULL) {
        FILE *out = open_output(output);
        fb_page_write(out, &results, argv[1]);
        close_output(out, output);
    }
    if (csv != NULL)
        write_csv(csv, &results);
    if (svg != NULL)
        write_svg(svg, &results, argv[1]);
    fb_results_free(&results);
    return 0;
}
