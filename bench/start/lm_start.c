/* SPDX-License-Identifier: MIT
 *
 * lm_start: runs one short program again and again, each time with the next of several preloads, and
 * writes what each run cost as one line: NAME wall_us faults peak_kib rss_kib anonymous_kib tables_kib.
 *
 * Owns: the order of the runs and what is measured of one. Does not own: which programs and which
 * allocators, medians and tables; scripts/startup does.
 *
 * Two kinds of rounds. A timed round is posix_spawn and wait, nothing else. A watched round seizes the
 * child with PTRACE_O_TRACEEXIT, so that it stops once, as it dies, with its memory still there:
 * VmHWM, VmPTE and smaps_rollup are final then. (ru_maxrss is no use: it survives exec, so it would be
 * this program's own peak.) Lines of a timed round have "-" for memory, those of a watched one for
 * time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, PRELOADS_MOST = 16 };

struct preload {
    const char *name;
    /* "LD_PRELOAD=path", or NULL for the program as it is */
    char *variable;
    /* shown in /proc/PID/maps if the preload took */
    const char *path;
};

struct memory {
    long peak_kib;
    long tables_kib;
    long rss_kib;
    long anonymous_kib;
};

static struct preload preloads[PRELOADS_MOST];
static unsigned preload_count;
static char **program;
/* "1" prints the mappings of the last watched run to stderr; for looking, not for scripts */
static const char *shown;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "lm_start: %s: %s\n", what, why);
    exit(EXIT_USAGE);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

extern char **environ;

/* The caller's environment with this preload and no other. */
static char **environment_for(const struct preload *preload)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **copy = calloc(count + 2, sizeof *copy);
    if (copy == NULL)
        die("environment", strerror(errno));
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0)
            copy[used++] = environ[i];
    if (preload->variable != NULL)
        copy[used] = preload->variable;
    return copy;
}

static void run_timed(const struct preload *preload, char **variables)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    struct rusage usage;
    int status;
    pid_t pid;
    double start = now_us();
    int error = posix_spawnp(&pid, program[0], &files, NULL, program, variables);
    if (error != 0)
        die(program[0], strerror(error));
    if (wait4(pid, &status, 0, &usage) != pid)
        die("wait4", strerror(errno));
    double wall = now_us() - start;
    posix_spawn_file_actions_destroy(&files);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die(preload->name, "the program failed");
    printf("%s %.1f %ld - - - -\n", preload->name, wall, usage.ru_minflt);
}

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

static long value_kib(pid_t pid, const char *file, const char *field)
{
    char line[512];
    long kib = -1;
    size_t length = strlen(field);
    FILE *in = open_proc(pid, file);
    while (in != NULL && kib < 0 && fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, field, length) == 0 && line[length] == ':')
            kib = strtol(line + length + 1, NULL, 10);
    if (in != NULL)
        fclose(in);
    return kib;
}

static bool is_mapped(pid_t pid, const char *path)
{
    char line[4096 + 128];
    bool is_found = false;
    FILE *maps = open_proc(pid, "maps");
    while (maps != NULL && !is_found && fgets(line, sizeof line, maps) != NULL)
        is_found = strstr(line, path) != NULL;
    if (maps != NULL)
        fclose(maps);
    return is_found;
}

static void show(pid_t pid)
{
    char line[512];
    FILE *in = open_proc(pid, "smaps");
    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (strchr(line, '-') != NULL || strncmp(line, "Rss", 3) == 0 ||
            strncmp(line, "Anonymous", 9) == 0)
            fputs(line, stderr);
    if (in != NULL)
        fclose(in);
}

static void look(const struct preload *preload, pid_t pid)
{
    struct memory memory = {
        .peak_kib = value_kib(pid, "status", "VmHWM"),
        .tables_kib = value_kib(pid, "status", "VmPTE"),
        .rss_kib = value_kib(pid, "smaps_rollup", "Rss"),
        .anonymous_kib = value_kib(pid, "smaps_rollup", "Anonymous"),
    };
    if (preload->path != NULL && !is_mapped(pid, preload->path))
        die(preload->name, "the preload did not take");
    if (shown != NULL)
        show(pid);
    printf("%s - - %ld %ld %ld %ld\n", preload->name, memory.peak_kib, memory.rss_kib,
           memory.anonymous_kib, memory.tables_kib);
}

static void child_run(char **variables)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    raise(SIGSTOP);
    environ = variables;
    execvp(program[0], program);
    _exit(127);
}

static void run_watched(const struct preload *preload, char **variables)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child_run(variables);
    if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid)
        die("fork", strerror(errno));
    if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)PTRACE_O_TRACEEXIT) != 0)
        die("ptrace", strerror(errno));
    kill(pid, SIGCONT);
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        int event = status >> 16;
        if (event == PTRACE_EVENT_EXIT)
            look(preload, pid);
        ptrace(PTRACE_CONT, pid, NULL, event == 0 ? (void *)(long)WSTOPSIG(status) : NULL);
    }
}

static void add_preload(char *word)
{
    char *path = strchr(word, '=');
    if (path == NULL || preload_count == PRELOADS_MOST)
        die(word, "write NAME=LIBRARY, or NAME= for no preload, 16 at most");
    *path++ = '\0';
    struct preload *preload = &preloads[preload_count++];
    preload->name = word;
    if (*path == '\0')
        return;
    if (access(path, R_OK) != 0)
        die(path, strerror(errno));
    preload->path = realpath(path, NULL);
    if (preload->path == NULL || asprintf(&preload->variable, "LD_PRELOAD=%s", preload->path) < 0)
        die(path, strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc < 5)
        die("usage", "lm_start ROUNDS WATCHED_ROUNDS NAME=[LIBRARY]... -- PROGRAM [ARGUMENT]...");
    long rounds = strtol(argv[1], NULL, 10);
    long watched = strtol(argv[2], NULL, 10);
    shown = getenv("LM_START_SHOW");
    int at = 3;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++)
        add_preload(argv[at]);
    if (at + 1 >= argc || preload_count == 0)
        die("usage", "no preloads, or no program");
    program = argv + at + 1;
    char **variables[PRELOADS_MOST];
    for (unsigned i = 0; i < preload_count; i++)
        variables[i] = environment_for(&preloads[i]);
    /* Interleaved, and the first of a round is another one each time: what the machine does beside
     * this meets all alike. */
    for (long round = 0; round < rounds; round++)
        for (unsigned i = 0; i < preload_count; i++) {
            unsigned turn = (i + (unsigned)round) % preload_count;
            run_timed(&preloads[turn], variables[turn]);
        }
    for (long round = 0; round < watched; round++)
        for (unsigned i = 0; i < preload_count; i++)
            run_watched(&preloads[i], variables[i]);
    return 0;
}
