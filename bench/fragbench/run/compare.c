/* SPDX-License-Identifier: MIT
 * compare.c: `fragbench compare`: several allocators on several workloads, side by side.
 *
 * Owns: the order of the cells (randomised within each round), their progress line, and the file of
 * results. Every cell is a fresh process; its lines are kept aside until it has ended well, so the
 * file never holds half a cell and an interrupt loses only the cell at hand.
 */
#include "base/die.h"
#include "base/json.h"
#include "base/options.h"
#include "base/random.h"
#include "run/commands.h"
#include "run/host.h"
#include "run/preload.h"
#include "run/results.h"
#include "workload/workload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKLOADS_MAX = 64, ARGUMENTS_MAX = 16, TEXT_MAX = 64 };

struct comparison {
    struct fb_text_list allocator_texts, workload_texts;
    const char *output, *settle;
    uint64_t repetitions, seed, timeout_s;
    uint64_t live, threads;
    struct fb_preload preloads[FB_PRELOADS_MAX];
    size_t preload_count;
    char workloads[WORKLOADS_MAX][512];
    size_t workload_count;
    FILE *out;
    double start_ms;
    size_t cell_count, cells_done, cells_failed;
};

struct cell {
    const struct fb_preload *preload;
    const char *workload;
    uint64_t round;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static void parse(int argc, char **argv, struct comparison *c)
{
    const struct fb_option options[] = {
        {"allocator", 'a', FB_OPTION_LIST, &c->allocator_texts, "NAME[=PATH][;VAR=VALUE]",
         "one column; may be repeated", NULL},
        {"workload", 'w', FB_OPTION_LIST, &c->workload_texts, "NAME,...",
         "workloads, traces (*.ftr), or all", NULL},
        {"repetitions", 'n', FB_OPTION_COUNT, &c->repetitions, "N", "of each cell (5)", NULL},
        {"output", 'o', FB_OPTION_TEXT, &c->output, "FILE", "where the results go", NULL},
        {"seed", 0, FB_OPTION_COUNT, &c->seed, "N", "of the workloads and the order (1)", NULL},
        {"settle", 0, FB_OPTION_TEXT, &c->settle, "S,S...", "settling columns (0,1,10)", NULL},
        {"live", 0, FB_OPTION_SIZE, &c->live, "SIZE", "for all generated workloads", NULL},
        {"threads", 0, FB_OPTION_COUNT, &c->threads, "N", "for the threaded workloads", NULL},
        {"timeout", 0, FB_OPTION_COUNT, &c->timeout_s, "S", "of one cell (600)", NULL},
    };
    const struct fb_command_line line = {"compare -a ALLOCATOR... -w WORKLOAD... -o FILE",
                                         FB_OPERANDS_ANYWHERE, options,
                                         sizeof options / sizeof options[0]};
    if (fb_options_parse(&line, argc, argv) != 0)
        fb_die("compare: what is '%s'? allocators go behind -a, workloads behind -w", argv[1]);
    if (c->allocator_texts.count == 0 || c->allocator_texts.count > FB_PRELOADS_MAX)
        fb_die("compare: want 1 to %d allocators, as -a glibc -a ours=PATH", FB_PRELOADS_MAX);
    if (c->output == NULL)
        fb_die("compare: say with -o FILE where the results go");
    if (c->repetitions == 0)
        fb_die("compare: -n 0 would measure nothing");
}

/* What the results call a workload: a trace goes by its file name. */
static const char *short_name(const char *workload)
{
    const char *slash = strrchr(workload, '/');
    return slash != NULL ? slash + 1 : workload;
}

static void add_workload(struct comparison *c, const char *name)
{
    size_t length = strlen(name);
    bool is_trace = length > 4 && strcmp(name + length - 4, ".ftr") == 0;
    if (c->workload_count == WORKLOADS_MAX || length >= sizeof c->workloads[0])
        fb_die("compare: -w %.60s: too many workloads, or too long a name", name);
    if (strpbrk(name, "\"\\\n") != NULL)
        fb_die("compare: -w %.60s: no quotes, backslashes or newlines in names, please", name);
    if (is_trace && access(name, R_OK) != 0)
        fb_die_errno("compare: -w %s", name);
    if (!is_trace && fb_workload_find(name) == NULL)
        fb_die("compare: no workload '%s'; fragbench run --list tells their names", name);
    for (size_t i = 0; i < c->workload_count; i++)
        if (strcmp(c->workloads[i], name) == 0)
            return;
    for (size_t i = 0; i < c->workload_count; i++)
        if (strcmp(short_name(c->workloads[i]), short_name(name)) == 0)
            fb_die("compare: two traces are called %s; rename one", short_name(name));
    strcpy(c->workloads[c->workload_count++], name);
}

static void resolve(struct comparison *c)
{
    add_workload(c, "empty"); /* every comparison has its baseline */
    for (size_t i = 0; i < c->workload_texts.count; i++) {
        char texts[4096], *rest = texts;
        if (strlen(c->workload_texts.texts[i]) >= sizeof texts)
            fb_die("compare: -w: list too long");
        strcpy(texts, c->workload_texts.texts[i]);
        for (char *name; (name = strsep(&rest, ",")) != NULL;) {
            if (strcmp(name, "all") != 0)
                add_workload(c, name);
            for (size_t w = 0; strcmp(name, "all") == 0 && w < fb_workload_count; w++)
                add_workload(c, fb_workloads[w].name);
        }
    }
    for (size_t i = 0; i < c->allocator_texts.count; i++) {
        fb_preload_parse(c->allocator_texts.texts[i], &c->preloads[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->preloads[i].name, c->preloads[j].name) == 0)
                fb_die("compare: two allocators are called '%s'", c->preloads[i].name);
    }
    c->preload_count = c->allocator_texts.count;
}

static void progress(const struct comparison *c, const struct cell *cell)
{
    if (!isatty(STDERR_FILENO))
        return;
    double elapsed = (fb_now_ms() - c->start_ms) / 1e3;
    double left = c->cells_done == 0
                      ? 0
                      : elapsed / (double)c->cells_done * (double)(c->cell_count - c->cells_done);
    fprintf(stderr, "\r\033[K%s under %s, cell %zu of %zu, round %ju", cell->workload,
            cell->preload->name, c->cells_done + 1, c->cell_count, (uintmax_t)cell->round + 1);
    if (c->cells_done > 0)
        fprintf(stderr, ", %d:%02d left", (int)left / 60, (int)left % 60);
    fflush(stderr);
}

static void progress_clear(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* Waits for the end of a cell; kills it on an interrupt or at its time limit. */
static int wait_for_end(const struct comparison *c, pid_t pid)
{
    const struct timespec nap = {0, 2 * 1000 * 1000};
    double deadline = fb_now_ms() + (double)c->timeout_s * 1e3;
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (interrupted || fb_now_ms() > deadline)
            kill(pid, SIGKILL);
        nanosleep(&nap, NULL);
    }
    return status;
}

/* Looks at the maps of the stopped cell, then lets it go. Dies if the preload did not take. */
static void check_gate(const struct cell *cell, pid_t pid)
{
    int status;
    pid_t got;
    do
        got = waitpid(pid, &status, WUNTRACED);
    while (got < 0 && errno == EINTR && !interrupted);
    if (interrupted) {
        kill(pid, SIGKILL);
        return;
    }
    if (got != pid || !WIFSTOPPED(status))
        fb_die("%s under %s ended before it began; does the library load?", cell->workload,
               cell->preload->name);
    if (!fb_preload_took(cell->preload, pid)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        fb_die("-a %s=%s: the loader did not take it (wrong architecture, or a missing library?)",
               cell->preload->name, cell->preload->path);
    }
    kill(pid, SIGCONT);
}

static void build_arguments(const struct comparison *c, const struct cell *cell,
                            char texts[][TEXT_MAX], char **argv)
{
    size_t n = 0, t = 0;
    bool is_trace = fb_workload_find(cell->workload) == NULL;
    argv[n++] = (char *)(uintptr_t) "/proc/self/exe";
    argv[n++] = (char *)(uintptr_t)(is_trace ? "replay" : "run");
    argv[n++] = (char *)(uintptr_t)cell->workload;
    snprintf(argv[n++] = texts[t++], TEXT_MAX, "--settle=%s",
             strcmp(cell->workload, "empty") == 0 ? "0" : c->settle);
    if (!is_trace) {
        snprintf(argv[n++] = texts[t++], TEXT_MAX, "--seed=%ju", (uintmax_t)c->seed);
        if (c->live != 0)
            snprintf(argv[n++] = texts[t++], TEXT_MAX, "--live=%ju", (uintmax_t)c->live);
        if (c->threads != 0)
            snprintf(argv[n++] = texts[t++], TEXT_MAX, "--threads=%ju", (uintmax_t)c->threads);
        if (cell->round != 0)
            argv[n++] = (char *)(uintptr_t) "--no-maps";
    }
    argv[n] = NULL;
}

/* Every line of the cell gets to know which cell it belongs to. */
static void copy_lines(struct comparison *c, const struct cell *cell, int from)
{
    char *line = NULL;
    size_t size = 0;
    FILE *lines = fdopen(dup(from), "r");
    if (lines == NULL)
        fb_die_errno("compare: reading a cell's lines");
    rewind(lines);
    for (ssize_t length; (length = getline(&line, &size, lines)) > 1;)
        fprintf(c->out, "{\"cell\":%zu,\"round\":%ju,\"allocator\":\"%s\",\"workload\":\"%s\",%s",
                c->cells_done, (uintmax_t)cell->round, cell->preload->name,
                short_name(cell->workload), line + 1);
    free(line);
    fclose(lines);
}

static void run_cell(struct comparison *c, const struct cell *cell)
{
    char texts[ARGUMENTS_MAX][TEXT_MAX];
    char *argv[ARGUMENTS_MAX];
    int output = memfd_create("fragbench-cell", MFD_CLOEXEC);
    if (output < 0)
        fb_die_errno("compare: memfd_create");
    progress(c, cell);
    build_arguments(c, cell, texts, argv);
    pid_t pid = fb_preload_start(cell->preload, argv, output, FB_GATE_STOP);
    check_gate(cell, pid);
    int status = wait_for_end(c, pid);
    progress_clear();
    if (!interrupted && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        copy_lines(c, cell, output);
    } else if (!interrupted) {
        c->cells_failed++;
        fb_warn("%s under %s: %s %d; the cell is left out", cell->workload, cell->preload->name,
                WIFSIGNALED(status) ? "killed by signal" : "exit status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    c->cells_done++;
    fflush(c->out);
    close(output);
}

static void run_rounds(struct comparison *c)
{
    struct cell *cells = calloc(c->preload_count * c->workload_count, sizeof *cells);
    struct fb_random random = fb_random_seed(c->seed);
    size_t count = c->preload_count * c->workload_count;
    if (cells == NULL)
        fb_die("compare: out of memory");
    for (uint64_t round = 0; round < c->repetitions && !interrupted; round++) {
        for (size_t i = 0; i < count; i++)
            cells[i] = (struct cell){&c->preloads[i % c->preload_count],
                                     c->workloads[i / c->preload_count], round};
        for (size_t i = count; i > 1; i--) {
            size_t j = (size_t)fb_random_below(&random, i);
            struct cell other = cells[i - 1];
            cells[i - 1] = cells[j];
            cells[j] = other;
        }
        for (size_t i = 0; i < count && !interrupted; i++)
            run_cell(c, &cells[i]);
    }
    free(cells);
}

/* {"kind":"workload",...}: so that a report keeps the order of the command line. */
static void print_workload(const struct comparison *c, const char *name)
{
    const struct fb_workload *workload = fb_workload_find(name);
    struct fb_json json;
    fb_json_begin(&json, c->out);
    fb_json_text(&json, "kind", "workload");
    fb_json_text(&json, "name", short_name(name));
    fb_json_text(&json, "about", workload != NULL ? workload->about : "a recorded program");
    fb_json_end(&json);
}

int fb_cmd_compare(int argc, char **argv)
{
    static struct comparison c = {
        .settle = "0,1,10", .repetitions = 5, .seed = 1, .timeout_s = 600};
    char *words[256];
    int word_count = argc < 256 ? argc : 256;
    memcpy(words, argv, (size_t)word_count * sizeof argv[0]); /* the parser moves operands about */
    parse(argc, argv, &c);
    resolve(&c);
    c.out = fopen(c.output, "we");
    if (c.out == NULL)
        fb_die_errno("compare: -o %s", c.output);
    fb_host_print(c.out, word_count, words);
    for (size_t i = 0; i < c.preload_count; i++)
        fb_host_print_allocator(c.out, &c.preloads[i]);
    for (size_t i = 0; i < c.workload_count; i++)
        print_workload(&c, c.workloads[i]);
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    c.cell_count = c.preload_count * c.workload_count * c.repetitions;
    c.start_ms = fb_now_ms();
    run_rounds(&c);
    if (fclose(c.out) != 0)
        fb_die_errno("compare: -o %s", c.output);
    fb_results_print_table(c.output, stdout);
    if (interrupted)
        fb_warn("interrupted; %s has the cells that were finished", c.output);
    return interrupted ? 130 : c.cells_failed != 0;
}
