/* SPDX-License-Identifier: MIT
 * watch.c: `fragbench watch`: the memory curves of a real program under several allocators.
 *
 * Owns: starting the program once per allocator and reading smaps_rollup of it and of all its
 * children at a steady rate. The lines have the shape of a comparison's, so report draws them too.
 */
#include "base/die.h"
#include "base/json.h"
#include "base/options.h"
#include "measure/proc.h"
#include "run/commands.h"
#include "run/host.h"
#include "run/preload.h"
#include "workload/stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct watch {
    struct fb_text_list allocator_texts;
    const char *output;
    double hz, seconds;
    FILE *out;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static int parse(int argc, char **argv, struct watch *w)
{
    const struct fb_option options[] = {
        {"allocator", 'a', FB_OPTION_LIST, &w->allocator_texts, "NAME[=PATH][;VAR=VALUE]",
         "one curve; may be repeated (glibc)", NULL},
        {"output", 'o', FB_OPTION_TEXT, &w->output, "FILE", "where the results go", NULL},
        {"hz", 0, FB_OPTION_REAL, &w->hz, "N", "readings per second (20)", NULL},
        {"for", 0, FB_OPTION_REAL, &w->seconds, "S", "end the program after S seconds", NULL},
    };
    const struct fb_command_line line = {"watch -a ALLOCATOR... -o FILE -- PROGRAM ARGUMENTS",
                                         FB_OPERANDS_LAST, options,
                                         sizeof options / sizeof options[0]};
    int operands = fb_options_parse(&line, argc, argv);
    if (operands == 0)
        fb_die("watch: no program; it goes behind the options, after --");
    if (w->output == NULL)
        fb_die("watch: say with -o FILE where the results go");
    if (!(w->hz > 0 && w->hz <= 1000))
        fb_die("watch: --hz: want more than 0 and at most 1000");
    if (w->allocator_texts.count == 0)
        w->allocator_texts.texts[w->allocator_texts.count++] = "glibc";
    return operands;
}

/* Sums the process and its descendants; a process that ends meanwhile counts nothing. */
static void add_tree(pid_t pid, struct fb_rollup *sum)
{
    struct fb_rollup own;
    char path[96], children[4096];
    if (!fb_proc_rollup(pid, &own))
        return;
    sum->anonymous += own.anonymous;
    sum->rss += own.rss;
    sum->lazyfree += own.lazyfree;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    fb_proc_first_line(path, children, sizeof children);
    for (char *at = children, *end;; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at)
            return;
        add_tree((pid_t)child, sum);
    }
}

/* What every line of this curve begins with. */
static void begin_line(struct fb_json *json, const struct watch *w, size_t index,
                       const struct fb_preload *preload, const char *program)
{
    const char *slash = strrchr(program, '/');
    fb_json_begin(json, w->out);
    fb_json_count(json, "cell", index);
    fb_json_count(json, "round", 0);
    fb_json_text(json, "allocator", preload->name);
    fb_json_text(json, "workload", slash != NULL ? slash + 1 : program);
}

static void print_cell(const struct watch *w, size_t index, const struct fb_preload *preload,
                       const char *program)
{
    struct fb_json json;
    begin_line(&json, w, index, preload, program);
    fb_json_text(&json, "kind", "cell");
    fb_json_text(&json, "work_unit", "ms");
    fb_json_end(&json);
}

static void print_reading(const struct watch *w, size_t index, const struct fb_preload *preload,
                          const char *program, double ms, const struct fb_rollup *sum)
{
    struct fb_json json;
    begin_line(&json, w, index, preload, program);
    fb_json_text(&json, "kind", "sample");
    fb_json_real(&json, "work", ms, 1);
    fb_json_real(&json, "ms", ms, 1);
    fb_json_count(&json, "live", 0);
    fb_json_count(&json, "anonymous", sum->anonymous);
    fb_json_count(&json, "rss", sum->rss);
    fb_json_count(&json, "lazyfree", sum->lazyfree);
    fb_json_end(&json);
}

/* One program under one allocator, read until it ends. Returns its wait status. */
static int watch_one(struct watch *w, size_t index, const struct fb_preload *preload, char **argv)
{
    const struct timespec pause = {(time_t)(1 / w->hz), (long)(1e9 / w->hz) % 1000000000L};
    /* The program's own output must not mix with ours, which may be a table on stdout. */
    pid_t pid = fb_preload_start(preload, argv, STDERR_FILENO, FB_GATE_OPEN);
    print_cell(w, index, preload, argv[0]);
    double start = fb_now_ms();
    bool took = false;
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct fb_rollup sum = {0};
        double ms = fb_now_ms() - start;
        took = took || fb_preload_took(preload, pid);
        add_tree(pid, &sum);
        print_reading(w, index, preload, argv[0], ms, &sum);
        if (interrupted || (w->seconds > 0 && ms > w->seconds * 1e3))
            kill(pid, SIGTERM);
        nanosleep(&pause, NULL);
    }
    if (!took)
        fb_die("watch: %s was never seen with %s; is it static, set-user-ID, or too short a run?",
               argv[0], preload->path);
    return status;
}

int fb_cmd_watch(int argc, char **argv)
{
    struct watch w = {.hz = 20};
    static struct fb_preload preloads[FB_PRELOADS_MAX];
    char *words[256];
    int word_count = argc < 255 ? argc : 255;
    memcpy(words, argv, (size_t)word_count * sizeof argv[0]);
    int operands = parse(argc, argv, &w);
    if (w.allocator_texts.count > FB_PRELOADS_MAX)
        fb_die("watch: at most %d allocators", FB_PRELOADS_MAX);
    for (size_t i = 0; i < w.allocator_texts.count; i++)
        fb_preload_parse(w.allocator_texts.texts[i], &preloads[i]);
    w.out = fopen(w.output, "we");
    if (w.out == NULL)
        fb_die_errno("watch: -o %s", w.output);
    fb_host_print(w.out, word_count, words);
    argv[operands + 1] = NULL;
    signal(SIGINT, on_interrupt);
    for (size_t i = 0; i < w.allocator_texts.count && !interrupted; i++) {
        fb_host_print_allocator(w.out, &preloads[i]);
        int status = watch_one(&w, i, &preloads[i], argv + 1);
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            fb_warn("watch: under %s the program ended with status %d", preloads[i].name,
                    WEXITSTATUS(status));
    }
    return fclose(w.out) == 0 ? 0 : EXIT_FAILURE;
}
