/* SPDX-License-Identifier: MIT
 *
 * glibc's extra doors do what they say: mallinfo, mallinfo2, malloc_info, malloc_stats, mallopt.
 */
#include "door.h"

#include <pthread.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum { BLOCKS = 16384, BLOCK = 4096 };

static void *blocks[BLOCKS];

/* 64 MiB in, 64 MiB out; caches may keep a little. */
static void mallinfo2_follows(void)
{
    size_t all = (size_t)BLOCKS * BLOCK;
    struct mallinfo2 before = mallinfo2();

    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = door_hide(malloc(BLOCK));
    struct mallinfo2 full = mallinfo2();
    struct mallinfo narrow = mallinfo();
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    struct mallinfo2 after = mallinfo2();
    tap_diag("uordblks %zu, %zu, %zu; arena + hblkhd %zu", before.uordblks, full.uordblks,
             after.uordblks, full.arena + full.hblkhd);
    tap_ok(full.uordblks + full.hblkhd >= before.uordblks + before.hblkhd + all,
           "mallinfo2 counts what was allocated");
    tap_ok(full.uordblks < before.uordblks + all + all / 4, "mallinfo2 does not exaggerate");
    tap_ok(full.arena + full.hblkhd >= full.uordblks, "what is in use lies within the arena");
    tap_ok(after.uordblks < before.uordblks + all / 16, "mallinfo2 counts what was freed");
    tap_ok(narrow.uordblks >= 0 && (size_t)narrow.uordblks >= all / 2 &&
               (size_t)narrow.uordblks <= full.uordblks + MIB,
           "mallinfo says the same as far as int reaches");
}

/* The text of malloc_info, in a static buffer; NULL if the call failed. */
static char *info_text(void)
{
    static char text[1 << 20];
    FILE *file = fmemopen(text, sizeof text - 1, "w");
    int answer;

    if (file == NULL)
        tap_bail("fmemopen: %s", strerror(errno));
    answer = malloc_info(0, file);
    fclose(file);
    return answer == 0 ? text : NULL;
}

/* Skips one attribute, name="value"; NULL if it is none. */
static const char *after_attribute(const char *at)
{
    const char *name = at;

    while (*at != '\0' && strchr("= \t\n/>\"<", *at) == NULL)
        at++;
    if (at == name || at[0] != '=' || at[1] != '"')
        return NULL;
    for (at += 2; *at != '"'; at++)
        if (*at == '\0' || *at == '<')
            return NULL;
    return at + 1;
}

static size_t name_size(const char *name)
{
    return strcspn(name, " \t\n/>");
}

/* A tag from behind its '<'; pushes or pops its name. NULL if it is malformed. */
static const char *after_tag(const char *at, const char **open, size_t *depth)
{
    const char *name = at + (*at == '/');
    size_t size = name_size(name);

    if (size == 0 || *depth >= 30)
        return NULL;
    if (*at == '/') {
        if (*depth == 0 || name_size(open[*depth - 1]) != size ||
            memcmp(open[--*depth], name, size) != 0 || name[size] != '>')
            return NULL;
        return name + size + 1;
    }
    open[(*depth)++] = name;
    for (at = name + size; at != NULL && *at != '>' && *at != '/';) {
        at += strspn(at, " \t\n");
        if (*at != '>' && *at != '/' && (*at == '\0' || (at = after_attribute(at)) == NULL))
            return NULL;
    }
    if (at != NULL && *at == '/') {
        --*depth;
        at++;
    }
    return at != NULL && *at == '>' ? at + 1 : NULL;
}

/* Elements, attributes and text; no declarations but one at the start, no entities. */
static bool is_well_formed(const char *at)
{
    const char *open[32];
    size_t depth = 0;
    size_t elements = 0;

    if (strncmp(at, "<?xml", 5) == 0)
        at = strstr(at, "?>") == NULL ? "<" : strstr(at, "?>") + 2;
    while (at != NULL && *at != '\0') {
        if (*at == '<') {
            elements += at[1] != '/';
            if (depth == 0 && elements > 1 && at[1] != '/')
                return false;
            at = after_tag(at + 1, open, &depth);
        } else if (*at == '&' || *at == '>' || (depth == 0 && strchr(" \t\n", *at) == NULL)) {
            return false;
        } else {
            at++;
        }
    }
    return at != NULL && depth == 0 && elements > 0;
}

static void *hold_a_heap(void *argument)
{
    pthread_barrier_t *both = argument;
    void *block = door_hide(malloc(100));

    pthread_barrier_wait(both);
    pthread_barrier_wait(both);
    free(block);
    return NULL;
}

static void malloc_info_is_xml(void)
{
    pthread_barrier_t both;
    pthread_t thread;

    tap_ok(is_well_formed("<?xml version=\"1.0\"?>\n<a b=\"1\"><c d=\"2\"/>x</a>\n") &&
               !is_well_formed("<a><b></a></b>") && !is_well_formed("<a b=1></a>") &&
               !is_well_formed("<a>") && !is_well_formed("text") && !is_well_formed(""),
           "this test knows XML");
    pthread_barrier_init(&both, NULL, 2);
    if (pthread_create(&thread, NULL, hold_a_heap, &both) != 0)
        tap_bail("pthread_create failed");
    pthread_barrier_wait(&both);
    const char *text = info_text();
    tap_ok(text != NULL && is_well_formed(text), "malloc_info writes well-formed XML");
    tap_ok(text != NULL && strstr(text, "<malloc version=\"") != NULL,
           "its root is <malloc version=...>");
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    errno = 0;
    tap_ok(malloc_info(1, stderr) != 0, "malloc_info refuses options other than 0");
}

/* To standard error, from a child whose standard error is a pipe. */
static void malloc_stats_speaks(void)
{
    char text[8192] = "";
    size_t size = 0;
    ssize_t got;
    int ends[2];

    if (pipe(ends) != 0)
        tap_bail("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        alarm(DOOR_SECONDS);
        dup2(ends[1], STDERR_FILENO);
        malloc_stats();
        _exit(0);
    }
    close(ends[1]);
    while (size < sizeof text - 1 && (got = read(ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    bool ended = door_child_succeeds(child, "malloc_stats");
    tap_ok(ended && size > 20 && text[size - 1] == '\n' && strpbrk(text, "123456789") != NULL,
           "malloc_stats writes lines with numbers to standard error");
}

static void mallopt_answers(void)
{
    static const int known[] = {M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD,
                                M_MMAP_MAX};
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        int answer = mallopt(known[i], 128 * 1024);
        good = good && (answer == 0 || answer == 1);
    }
    free(door_hide(malloc(100)));
    tap_ok(good, "mallopt answers 0 or 1 to glibc's parameters and the program runs on");
    tap_ok(mallopt(123456, 1) == 0, "mallopt refuses a parameter that does not exist");
}

int main(void)
{
    door_open();
    mallinfo2_follows();
    malloc_info_is_xml();
    malloc_stats_speaks();
    mallopt_answers();
    return tap_done();
}
