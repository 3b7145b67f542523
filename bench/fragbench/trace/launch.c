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
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Only what this command wrote itself may be written over. */
static void remove_old(const char *path)
{
    char sidecar[PATH_MAX + 64];
    char start[16] = "";
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        size_t size = fread(start, 1, 10, file);
        fclose(file);
        if (size != 0 && strncmp(start, "{\"format\":", 10) != 0)
            fb_die("record: -o %s: is there already and no trace; remove it or take another name",
                   path);
        if (unlink(path) != 0)
            fb_die_errno("record: -o %s", path);
    }
    snprintf(sidecar, sizeof sidecar, "%s" FB_SIDECAR_SUFFIX, path);
    unlink(sidecar);
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
    fb_reader_close(&reader);
}

/* The traces of the program's children lie beside its own: app.ftr.PID, app.ftr.PID.N. */
static void tell_children(const char *path)
{
    char folder_path[PATH_MAX];
    char name_path[PATH_MAX];
    snprintf(folder_path, sizeof folder_path, "%s", path);
    snprintf(name_path, sizeof name_path, "%s", path);
    const char *folder = dirname(folder_path);
    const char *name = basename(name_path);
    size_t length = strlen(name);
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) != 0 || rest[0] != '.' ||
            strspn(rest, ".0123456789") != strlen(rest))
            continue;
        char child[PATH_MAX + 256];
        snprintf(child, sizeof child, "%s/%s", folder, entry->d_name);
        tell_trace(child);
    }
    if (directory != NULL)
        closedir(directory);
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
    if (access(trace, R_OK) != 0)
        fb_die("record: no trace came of it: %s is static, set-uid, or could not be started",
               argv[1]);
    tell_trace(trace);
    tell_children(trace);
    return status;
}
