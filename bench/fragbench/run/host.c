/* SPDX-License-Identifier: MIT
 * host.c: how and where a comparison was measured; see host.h.
 */
#include "run/host.h"
#include "base/json.h"
#include "measure/allocator.h"
#include "measure/proc.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 400 };

static void put_file(struct fb_json *json, const char *key, const char *path)
{
    char text[TEXT_MAX];
    fb_proc_first_line(path, text, sizeof text);
    fb_json_text(json, key, text);
}

/* The value behind "key :" in a file such as /proc/cpuinfo. */
static void put_field(struct fb_json *json, const char *key, const char *path, const char *field)
{
    struct fb_lines lines;
    size_t length = strlen(field);
    if (!fb_lines_open(&lines, path))
        return;
    for (char *line; (line = fb_lines_next(&lines)) != NULL;) {
        if (strncmp(line, field, length) != 0)
            continue;
        const char *colon = strchr(line, ':');
        if (colon != NULL)
            fb_json_text(json, key, colon + 1 + strspn(colon + 1, " \t"));
        break;
    }
    fb_lines_close(&lines);
}

static void put_cgroup(struct fb_json *json)
{
    char line[TEXT_MAX], path[TEXT_MAX + 64];
    fb_proc_first_line("/proc/self/cgroup", line, sizeof line);
    const char *group = strncmp(line, "0::", 3) == 0 ? line + 3 : "";
    fb_json_text(json, "cgroup", line);
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
    put_file(json, "cgroup_memory_max", path);
}

static void put_command(struct fb_json *json, int argc, char *const argv[])
{
    fb_json_array(json, "command");
    fb_json_text(json, NULL, "fragbench");
    for (int i = 0; i < argc; i++)
        fb_json_text(json, NULL, argv[i]);
    fb_json_close(json);
}

void fb_host_print(FILE *out, int argc, char *const argv[])
{
    struct fb_json json;
    struct utsname system;
    char date[64];
    time_t now = time(NULL);
    uname(&system);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S %z", localtime(&now));
    fb_json_begin(&json, out);
    fb_json_text(&json, "kind", "host");
    fb_json_text(&json, "date", date);
    fb_json_text(&json, "kernel", system.release);
    fb_json_text(&json, "machine", system.machine);
    put_field(&json, "processor", "/proc/cpuinfo", "model name");
    fb_json_number(&json, "processors", sysconf(_SC_NPROCESSORS_ONLN));
    put_field(&json, "memory", "/proc/meminfo", "MemTotal");
    fb_json_number(&json, "page_size", sysconf(_SC_PAGESIZE));
    put_file(&json, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
    put_file(&json, "thp_defrag", "/sys/kernel/mm/transparent_hugepage/defrag");
    put_file(&json, "overcommit", "/proc/sys/vm/overcommit_memory");
    put_cgroup(&json);
    put_file(&json, "load", "/proc/loadavg");
    put_command(&json, argc, argv);
    fb_json_end(&json);
}

void fb_host_print_allocator(FILE *out, const struct fb_preload *preload)
{
    struct fb_json json;
    char build_id[64] = "";
    if (preload->path[0] != '\0')
        fb_build_id(preload->path, build_id, sizeof build_id);
    else
        snprintf(build_id, sizeof build_id, "%s", fb_allocator()->build_id);
    fb_json_begin(&json, out);
    fb_json_text(&json, "kind", "allocator");
    fb_json_text(&json, "name", preload->name);
    fb_json_text(&json, "path", preload->path[0] != '\0' ? preload->path : fb_allocator()->path);
    fb_json_text(&json, "build_id", build_id);
    fb_json_array(&json, "variables");
    for (size_t i = 0; i < preload->variable_count; i++)
        fb_json_text(&json, NULL, preload->variables[i]);
    fb_json_end(&json);
}
