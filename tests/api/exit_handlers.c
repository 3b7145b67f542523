/* SPDX-License-Identifier: MIT
 *
 * A program that allocates nothing before it has so many exit handlers that atexit itself makes the
 * first allocation, under libc's lock. Our own exit handler has to wait for another call.
 */
#include "door.h"

enum { HANDLERS = 1000 };

static void do_nothing(void) {}

static int many_handlers(void)
{
    for (int i = 0; i < HANDLERS; i++)
        if (atexit(do_nothing) != 0)
            return 2;
    free(door_hide(malloc(100)));
    return 0;
}

/* This program once more, in which nothing has allocated yet; what it says on standard error. */
static bool runs(const char *conf, char *text, size_t room)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);

    if (saved < 0 || pipe2(ends, O_NONBLOCK) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
        tap_bail("pipe: %s", strerror(errno));
    bool is_good = door_again("many_handlers", conf, 0);
    dup2(saved, STDERR_FILENO);
    ssize_t length = read(ends[0], text, room - 1);
    text[length < 0 ? 0 : length] = '\0';
    close(ends[0]);
    close(ends[1]);
    close(saved);
    return is_good;
}

int main(int count, char **arguments)
{
    char text[8192];

    if (count > 1 && strcmp(arguments[1], "many_handlers") == 0)
        return many_handlers();
    door_open();
    tap_ok(runs("stats_print:false", text, sizeof text) && text[0] == '\0',
           "the first allocation may be made inside atexit");
    bool is_good = runs("stats_print:true", text, sizeof text);
    tap_ok(is_good && strstr(text, "libmalloc statistics") == text,
           "stats_print prints when the program exits, also then");
    return tap_done();
}
