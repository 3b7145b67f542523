/* SPDX-License-Identifier: MIT
 *
 * os/limits.c - see os/limits.h.
 */
#include "os/limits.h"

#include "base/bits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Bytes. A file that is longer, or a path, is cut off and then not understood. */
enum { TEXT = 4096, PATH = 1024 };

static size_t limit_of(int result, const struct rlimit *limit, int saved)
{
    errno = saved;
    return result != 0 || limit->rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)limit->rlim_cur;
}

size_t lm_os_address_limit(void)
{
    struct rlimit limit;
    int saved = errno;
    return limit_of(getrlimit(RLIMIT_AS, &limit), &limit, saved);
}

size_t lm_os_data_limit(void)
{
    struct rlimit limit;
    int saved = errno;
    return limit_of(getrlimit(RLIMIT_DATA, &limit), &limit, saved);
}

LM_COLD static bool read_file(const char *name, char *text, size_t size)
{
    int saved = errno;
    int file = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
    if (file >= 0)
        close(file);
    errno = saved;
    text[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

/* One word of a comma-separated list. */
static bool lists_memory(const char *list, const char *end)
{
    static const char word[] = "memory";
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma == NULL ? end : comma;
        if ((size_t)(stop - list) == strlen(word) && memcmp(list, word, strlen(word)) == 0)
            return true;
        list = stop + 1;
    }
    return false;
}

struct group {
    const char *path;
    size_t length;
    bool is_version_1;
};

/* Lines are number:controllers:path; version 2 has the number 0 and no controllers. Where both are,
 * the memory controller is in the one that names it. */
static struct group find_group(const char *text)
{
    struct group group = {NULL, 0, false};
    for (const char *line = text; *line != '\0';) {
        const char *end = line + strcspn(line, "\n");
        const char *list = memchr(line, ':', (size_t)(end - line));
        const char *path = list == NULL ? NULL : memchr(list + 1, ':', (size_t)(end - list - 1));
        if (path != NULL) {
            bool is_named = lists_memory(list + 1, path);
            bool is_version_2 = path == list + 1 && line[0] == '0' && group.path == NULL;
            if (is_named || is_version_2)
                group = (struct group){path + 1, (size_t)(end - path - 1), is_named};
            if (is_named)
                break;
        }
        line = *end == '\0' ? end : end + 1;
    }
    return group;
}

LM_COLD static bool read_limit(const char *root, const struct group *group, size_t path_length,
                               size_t *limit)
{
    char name[PATH];
    char text[32];
    const char *folder = group->is_version_1 ? "/memory" : "";
    const char *file = group->is_version_1 ? "/memory.limit_in_bytes" : "/memory.max";
    if (strlen(root) + strlen(folder) + path_length + strlen(file) >= sizeof name)
        return false;
    char *end = stpcpy(stpcpy(name, root), folder);
    memcpy(end, group->path, path_length);
    stpcpy(end + path_length, file);
    if (!read_file(name, text, sizeof text))
        return false;
    size_t number = 0;
    for (const char *digit = text; *digit >= '0' && *digit <= '9'; digit++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (size_t)(*digit - '0'), &number))
            return false;
    /* "max", or version 1's huge number for none. */
    *limit = number == 0 || number > PTRDIFF_MAX / 2 ? SIZE_MAX : number;
    return true;
}

LM_COLD size_t lm_os_cgroup_limit(const char *process, const char *root)
{
    char text[TEXT];
    size_t limit = SIZE_MAX;
    if (!read_file(process, text, sizeof text))
        return limit;
    struct group group = find_group(text);
    if (group.path == NULL)
        return limit;
    /* In a container the path may be the host's, and the group's own files the root's. */
    if (!read_limit(root, &group, group.length, &limit))
        read_limit(root, &group, 0, &limit);
    return limit;
}
