/* SPDX-License-Identifier: MIT
 *
 * lm_launch: runs one benchmark cell and writes what it cost as one line of JSON.
 *
 * Owns: the cell's environment (LD_PRELOAD), its resource usage, and the proof that the allocator
 * asked for really sits in the process. Does not own: what is run and what the figures mean;
 * scripts/compare does.
 *
 * Why a C program: ru_maxrss survives fork and exec, so a cell started from an interpreter would
 * report the interpreter's peak. This one holds about a megabyte, less than the smallest cell.
 *
 * The child is seized with PTRACE_O_TRACEEXIT: it runs at full speed and stops once, as it dies,
 * with its memory still there. Then /proc/PID/maps proves the preload and VmHWM is final. Where
 * ptrace is refused, maps is polled.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 125
#define POLL_TRIES 2000
#define POLL_NS    1000000

struct plan {
    const char *out;
    const char *preload;
    /* the mapped file that proves the preload; resolved, because maps shows resolved names */
    char expect[PATH_MAX];
    char **argv;
};

struct cell {
    pid_t pid;
    int traced;
    int proven;
    long hwm_kib;
    int status;
    double wall_s;
    struct rusage usage;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("lm_launch: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_USAGE);
}

static void plan_read(struct plan *plan, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i += 2) {
        if (i + 1 >= argc)
            die("%s wants a value", argv[i]);
        if (strcmp(argv[i], "--out") == 0)
            plan->out = argv[i + 1];
        else if (strcmp(argv[i], "--preload") == 0)
            plan->preload = argv[i + 1];
        else
            die("unknown option %s; usage: lm_launch --out FILE [--preload LIB] -- PROGRAM "
                "[ARG]...",
                argv[i]);
    }
    if (i + 1 >= argc || plan->out == NULL)
        die("usage: lm_launch --out FILE [--preload LIB] -- PROGRAM [ARG]...");
    plan->argv = argv + i + 1;
    if (plan->preload != NULL && realpath(plan->preload, plan->expect) == NULL)
        die("%s: %s; give the path of a shared library", plan->preload, strerror(errno));
}

/* Looks for the expected library among the mapped files of the process. */
static int maps_prove(pid_t pid, const char *expect)
{
    char path[64], line[PATH_MAX + 128];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    if (maps == NULL)
        return 0;
    int found = 0;
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *name = strchr(line, '/');
        found = name != NULL && strcmp(name, expect) == 0;
    }
    fclose(maps);
    return found;
}

static long peak_kib(pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    if (status == NULL)
        return 0;
    long kib = 0;
    while (fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    }
    fclose(status);
    return kib;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The child waits on the gate until it is seized, so that no cell is too short to be proven. */
static void child_run(const struct plan *plan, const int gate[2])
{
    char go;
    close(gate[1]);
    if (read(gate[0], &go, 1) != 1)
        _exit(EXIT_USAGE);
    close(gate[0]);
    if (plan->preload != NULL)
        setenv("LD_PRELOAD", plan->expect, 1);
    else
        unsetenv("LD_PRELOAD");
    execvp(plan->argv[0], plan->argv);
    fprintf(stderr, "lm_launch: cannot run %s: %s\n", plan->argv[0], strerror(errno));
    _exit(127);
}

static void child_poll(const struct plan *plan, struct cell *cell)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    for (int i = 0; i < POLL_TRIES && !cell->proven; i++) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)cell->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid != 0)
            break;
        cell->proven = maps_prove(cell->pid, plan->expect);
        nanosleep(&pause, NULL);
    }
}

/* One ptrace stop: look around at the exit stop, hand on everything else as if nobody watched. */
static void child_resume(const struct plan *plan, struct cell *cell, int status)
{
    int event = status >> 16;
    int signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXIT) {
        if (plan->preload != NULL)
            cell->proven = maps_prove(cell->pid, plan->expect);
        cell->hwm_kib = peak_kib(cell->pid);
    }
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
        ptrace(PTRACE_LISTEN, cell->pid, NULL, NULL);
    else
        ptrace(PTRACE_CONT, cell->pid, NULL, event == 0 ? (void *)(long)signal : NULL);
}

static void child_wait(const struct plan *plan, struct cell *cell)
{
    for (;;) {
        pid_t pid = wait4(cell->pid, &cell->status, __WALL, &cell->usage);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            die("wait4: %s", strerror(errno));
        if (!WIFSTOPPED(cell->status))
            return;
        child_resume(plan, cell, cell->status);
    }
}

static void cell_run(const struct plan *plan, struct cell *cell)
{
    int gate[2];
    if (pipe(gate) != 0)
        die("pipe: %s", strerror(errno));
    fflush(NULL);
    cell->pid = fork();
    if (cell->pid < 0)
        die("fork: %s", strerror(errno));
    if (cell->pid == 0)
        child_run(plan, gate);
    close(gate[0]);
    cell->traced = ptrace(PTRACE_SEIZE, cell->pid, NULL, (void *)(long)PTRACE_O_TRACEEXIT) == 0;
    double start_s = now_s();
    if (write(gate[1], "g", 1) != 1)
        die("cannot start the cell: %s", strerror(errno));
    close(gate[1]);
    if (!cell->traced && plan->preload != NULL)
        child_poll(plan, cell);
    child_wait(plan, cell);
    cell->wall_s = now_s() - start_s;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void cell_write(const struct plan *plan, const struct cell *cell)
{
    FILE *out = fopen(plan->out, "we");
    if (out == NULL)
        die("%s: %s", plan->out, strerror(errno));
    fprintf(out,
            "{\"exit\": %d, \"signal\": %d, \"proven\": %s, \"traced\": %s, \"wall_s\": %.6f, "
            "\"user_s\": %.6f, "
            "\"sys_s\": %.6f, \"peak_rss_kib\": %ld, \"own_hwm_kib\": %ld, \"minor_faults\": %ld, "
            "\"major_faults\": %ld}\n",
            WIFEXITED(cell->status) ? WEXITSTATUS(cell->status) : -1,
            WIFSIGNALED(cell->status) ? WTERMSIG(cell->status) : 0, cell->proven ? "true" : "false",
            cell->traced ? "true" : "false", cell->wall_s, seconds(cell->usage.ru_utime),
            seconds(cell->usage.ru_stime), cell->usage.ru_maxrss, cell->hwm_kib,
            cell->usage.ru_minflt, cell->usage.ru_majflt);
    if (fclose(out) != 0)
        die("%s: %s", plan->out, strerror(errno));
}

int main(int argc, char **argv)
{
    static struct plan plan;
    static struct cell cell;
    plan_read(&plan, argc, argv);
    cell_run(&plan, &cell);
    cell_write(&plan, &cell);
    if (WIFEXITED(cell.status))
        return WEXITSTATUS(cell.status);
    return 128 + WTERMSIG(cell.status);
}
