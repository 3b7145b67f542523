/* SPDX-License-Identifier: MIT
 * `fragbench record`: start a program with the recorder preloaded, wait, finish its traces.
 * Owns the environment of the program; the recorder itself is in recorder/. */
#include "trace/commands.h"

#include "base/die.h"
#include "base/options.h"
#include "trace/finish.h"
#include "trace/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORDER_NAME "libfragrecord.so"

/* Beside the program in the build tree, else where `make install` puts it. */
static void find_recorder(char *path, size_t size)
{
    char self[PATH_MAX];
    int used;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    const char *folder = dirname(self);
    static const char *const relative[] = {"/.libs/", "/../.libs/", NULL};
    for (int i = 0; relative[i] != NULL; i++) {
        used = snprintf(path, size, "%s%s" RECORDER_NAME, folder, relative[i]);
        if (used > 0 && (size_t)used < size && access(path, R_OK) == 0)
            return;
    }
    snprintf(path, size, "%s/" RECORDER_NAME, FB_PKGLIBDIR);
    if (access(path, R_OK) != 0)
        fb_die("record: no recorder library at %s; is fragbench installed?", path);
}

/* The path that the program shall write, whatever folder it changes to. */
static void make_absolute(char *path, size_t size, const char *output)
{
    char folder[PATH_MAX] = "";
    if (output[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        fb_die_errno("record: current folder");
    int used = snprintf(path, size, "%s%s%s", folder, output[0] == '/' ? "" : "/", output);
    /* Room for ".PID.N.live". */
    if (used < 0 || (size_t)used > size - 64)
        fb_die("record: -o %s: the path is too long", output);
}

static bool is_trace(const char *path)
{
    static const char start[] = "{\"format\":\"" FB_TRACE_FORMAT_NAME "\"";
    char bytes[sizeof start] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t size = read(file, bytes, sizeof start - 1);
    close(file);
    return size == (ssize_t)sizeof start - 1 && strcmp(bytes, start) == 0;
}

typedef void visit_fn(void *context, const char *path);

/* The traces of the program's children lie beside its own: app.ftr.PID, app.ftr.PID.N. */
static void visit_children(const char *path, visit_fn *visit, void *context)
{
    char folder[PATH_MAX];
    char child[PATH_MAX + NAME_MAX + 2];
    const char *name = strrchr(path, '/') + 1;
    size_t length = strlen(name);
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) != 0 || rest[0] != '.' ||
            strspn(rest, ".0123456789") != strlen(rest))
            continue;
        snprintf(child, sizeof child, "%s%s", folder, entry->d_name);
        if (is_trace(child))
            visit(context, child);
    }
    if (directory != NULL)
        closedir(directory);
}

static void remove_trace(void *context, const char *path)
{
    char sidecar[PATH_MAX + 64];
    (void)context;
    if (unlink(path) != 0 && errno != ENOENT)
        fb_die_errno("record: -o %s", path);
    snprintf(sidecar, sizeof sidecar, "%s" FB_SIDECAR_SUFFIX, path);
    unlink(sidecar);
}

/* An earlier recording of that name goes, its children's traces too; nothing else may. */
static void remove_old(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && status.st_size > 0 && !is_trace(path))
        fb_die("record: -o %s: is there already and no trace; remove it or take another name",
               path);
    int probe = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (probe < 0)
        fb_die_errno("record: -o %s", path);
    close(probe);
    remove_trace(NULL, path);
    visit_children(path, remove_trace, NULL);
}

static void exec_program(char **words, const char *trace, const char *order, const char *allocator)
{
    char preload[4 * PATH_MAX];
    char recorder[PATH_MAX + 64];
    const char *inherited = getenv("LD_PRELOAD");
    find_recorder(recorder, sizeof recorder);
    int used = snprintf(preload, sizeof preload, "%s", recorder);
    if (allocator != NULL)
        used += snprintf(preload + used, sizeof preload - (size_t)used, ":%s", allocator);
    if (inherited != NULL && inherited[0] != '\0')
        snprintf(preload + used, sizeof preload - (size_t)used, ":%s", inherited);
    setenv("LD_PRELOAD", preload, 1);
    setenv(FB_ENV_TRACE, trace, 1);
    setenv(FB_ENV_ORDER, order, 1);
    execvp(words[0], words);
    fb_warn("record: %s: %s", words[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static void tell_trace(const char *path)
{
    struct fb_reader reader;
    fb_reader_open(&reader, path);
    fprintf(stderr, "fragbench: %s: %llu operations, %llu bytes (%.2f per operation), %s\n", path,
            (unsigned long long)reader.ops, (unsigned long long)reader.size,
            reader.ops == 0 ? 0.0 : (double)reader.size / (double)reader.ops, reader.program);
    if (reader.ops == 0 && !reader.is_live)
        fb_warn("%s: nothing was recorded: has the program an allocator of its own inside?", path);
    fb_reader_close(&reader);
}

struct children {
    unsigned count;
};

static void tell_child(void *context, const char *path)
{
    enum { SHOWN = 8 };
    struct children *children = context;
    if (children->count++ < SHOWN)
        tell_trace(path);
    else
        fb_trace_finish(path);
    if (children->count == SHOWN + 1)
        fprintf(stderr, "fragbench: there are more children; fragbench info tells of each\n");
}

static int wait_for(pid_t child)
{
    int status;
    /* The program has the terminal; its keys are not meant for the launcher. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fb_die_errno("record: waiting for the program");
    if (WIFSIGNALED(status)) {
        fb_warn("record: the program was ended by signal %d (%s)", WTERMSIG(status),
                strsignal(WTERMSIG(status)));
        return 128 + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}

int fb_cmd_record(int argc, char **argv)
{
    static const char *const orders[] = {"auto", "global", "clock", NULL};
    const char *output = "app.ftr";
    const char *allocator = NULL;
    int order = 0;
    const struct fb_option options[] = {
        {"output", 'o', FB_OPTION_TEXT, &output, "FILE", "the trace (default app.ftr)", NULL},
        {"allocator", 'a', FB_OPTION_TEXT, &allocator, "PATH", "an allocator under the recorder",
         NULL},
        {"order", 0, FB_OPTION_CHOICE, &order, "auto|global|clock",
         "auto: processor clock; global: one shared counter", orders},
    };
    const struct fb_command_line line = {"record [-o app.ftr] [--] program args", FB_OPERANDS_LAST,
                                         options, 3};
    char trace[PATH_MAX];
    int words = fb_options_parse(&line, argc, argv);
    if (words == 0)
        fb_die("record: no program; fragbench record -o app.ftr -- program args");
    if (allocator != NULL && access(allocator, R_OK) != 0)
        fb_die_errno("record: -a %s", allocator);
    make_absolute(trace, sizeof trace, output);
    remove_old(trace);
    argv[words + 1] = NULL;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        fb_die_errno("record: fork");
    if (child == 0)
        exec_program(argv + 1, trace, orders[order], allocator);
    int status = wait_for(child);
    /* A trace at the file size limit shall end with a message, not with this signal. */
    signal(SIGXFSZ, SIG_IGN);
    if (access(trace, R_OK) != 0 && (status == 126 || status == 127))
        return status;
    if (access(trace, R_OK) != 0)
        fb_die("record: no trace came of it: %s is static, set-uid, or could not be started",
               argv[1]);
    tell_trace(trace);
    visit_children(trace, tell_child, &(struct children){0});
    return status;
}
