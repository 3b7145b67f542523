/* SPDX-License-Identifier: MIT
 * preload.c: the allocators of a comparison; see preload.h.
 */
#include "run/preload.h"
#include "base/die.h"
#include "measure/allocator.h"
#include "measure/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Several sonames for one name: distributions differ. */
static const struct {
    const char *name, *file;
} known[] = {
    {"jemalloc", "libjemalloc.so.2"},         {"mimalloc", "libmimalloc.so.2.0"},
    {"mimalloc", "libmimalloc.so.2"},         {"mimalloc", "libmimalloc.so.3"},
    {"mimalloc", "libmimalloc.so"},           {"tcmalloc", "libtcmalloc_minimal.so.4"},
    {"tbbmalloc", "libtbbmalloc_proxy.so.2"}, {"rpmalloc", "librpmalloc.so.1"},
};

enum { KNOWN_COUNT = sizeof known / sizeof known[0] };

/*
 * A fragbench that is started as a cell stops here, before main() and after the loader has mapped
 * everything, until the runner has looked at its maps.
 */
__attribute__((constructor)) static void stop_at_gate(void)
{
    if (getenv(FB_GATE_VARIABLE) == NULL)
        return;
    unsetenv(FB_GATE_VARIABLE);
    raise(SIGSTOP);
}

static bool is_library(const char *path)
{
    char magic[4] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_elf = read(fd, magic, sizeof magic) == sizeof magic && memcmp(magic, "\177ELF", 4) == 0;
    close(fd);
    return is_elf;
}

static bool find_file(const char *file, char *out)
{
    /* The libc's own folder first: that is where a distribution puts libraries of this machine. */
    char beside[PATH_MAX];
    snprintf(beside, sizeof beside, "%s", fb_allocator()->path);
    char *slash = strrchr(beside, '/');
    if (slash != NULL)
        *slash = '\0';
    const char *const folders[] = {beside, "/usr/local/lib", "/usr/lib64", "/usr/lib"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s/%s", folders[i], file);
        if (is_library(path) && realpath(path, out) != NULL)
            return true;
    }
    return false;
}

static void find_known(const char *name, char *out)
{
    bool is_known = false;
    out[0] = '\0';
    if (strcmp(name, "glibc") == 0 || strcmp(name, "libc") == 0)
        return;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(known[i].name, name) != 0)
            continue;
        is_known = true;
        if (find_file(known[i].file, out))
            return;
    }
    if (is_known)
        fb_die("-a %s: its library is not installed; give its place as -a %s=PATH", name, name);
    fb_die("-a %s: not a known name (glibc jemalloc mimalloc tcmalloc tbbmalloc rpmalloc); "
           "give its place as -a %s=PATH",
           name, name);
}

void fb_preload_parse(const char *text, struct fb_preload *out)
{
    memset(out, 0, sizeof *out);
    if (strlen(text) >= sizeof out->text)
        fb_die("-a %.40s...: too long", text);
    snprintf(out->text, sizeof out->text, "%s", text);
    char *rest = out->text;
    char *head = strsep(&rest, ";");
    for (char *variable; (variable = strsep(&rest, ";")) != NULL;) {
        if (strchr(variable, '=') == NULL || out->variable_count == FB_PRELOAD_VARIABLES_MAX)
            fb_die("-a %s: want up to %d of ;VARIABLE=VALUE", text, FB_PRELOAD_VARIABLES_MAX);
        out->variables[out->variable_count++] = variable;
    }
    char *place = strchr(head, '=');
    if (place != NULL)
        *place++ = '\0';
    if (head[0] == '\0' || strlen(head) >= sizeof out->name)
        fb_die("-a %s: want a name of 1 to %zu letters", text, sizeof out->name - 1);
    if (strpbrk(head, "\"\\\n<>") != NULL)
        fb_die("-a %s: no quotes, backslashes, < or > in names, please", text);
    snprintf(out->name, sizeof out->name, "%s", head);
    if (place == NULL || strchr(place, '/') == NULL) {
        find_known(place != NULL ? place : head, out->path);
        return;
    }
    if (realpath(place, out->path) == NULL)
        fb_die_errno("-a %s=%s", head, place);
    if (!is_library(out->path))
        fb_die("-a %s=%s: not a shared library", head, place);
}

pid_t fb_preload_start(const struct fb_preload *preload, char *const argv[], int output,
                       enum fb_gate gate)
{
    pid_t pid = fork();
    if (pid < 0)
        fb_die_errno("fork");
    if (pid != 0)
        return pid;
    if (output >= 0)
        dup2(output, STDOUT_FILENO);
    unsetenv("LD_PRELOAD");
    if (preload->path[0] != '\0')
        setenv("LD_PRELOAD", preload->path, 1);
    for (size_t i = 0; i < preload->variable_count; i++)
        putenv((char *)(uintptr_t)preload->variables[i]);
    if (gate == FB_GATE_STOP)
        setenv(FB_GATE_VARIABLE, "1", 1);
    execvp(argv[0], argv);
    fprintf(stderr, "fragbench: cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

bool fb_preload_took(const struct fb_preload *preload, pid_t pid)
{
    struct fb_lines lines;
    struct fb_vma vma;
    char path[64];
    bool took = false;
    if (preload->path[0] == '\0')
        return true;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    if (!fb_lines_open(&lines, path))
        return false;
    for (char *line; (line = fb_lines_next(&lines)) != NULL;)
        if (fb_vma_parse(line, &vma) && strcmp(vma.name, preload->path) == 0)
            took = true;
    fb_lines_close(&lines);
    return took;
}
