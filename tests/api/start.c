/* SPDX-License-Identifier: MIT
 *
 * A small program touches neither the library's constants nor its cold code: around each page of them that is touched the
 * kernel maps up to 16.
 */
#include "door.h"

enum { CLASSES = 20 };

/* What of the library's mappings is resident, in KiB, by their kind; -1: there is none. */
struct library {
    long code;
    long constants;
    long cold;
};

static void count(struct library *library, const char *kind, long kib)
{
    bool has_code = library->code >= 0;
    if (strcmp(kind, "r-xp") == 0)
        *(has_code ? &library->cold : &library->code) = kib;
    else if (strcmp(kind, "r--p") == 0 && has_code && library->cold < 0 && library->constants < 0)
        library->constants = kib;
}

static struct library look(void)
{
    static char text[1 << 18];
    struct library library = {-1, -1, -1};
    int file = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    for (ssize_t got = 1; file >= 0 && got > 0 && length < sizeof text - 1;
         length += (size_t)(got > 0 ? got : 0))
        got = read(file, text + length, sizeof text - 1 - length);
    close(file);
    char kind[5] = "";
    bool is_ours = false;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char permissions[5];
        long kib;
        if (sscanf(line, "%*x-%*x %4s", permissions) == 1) {
            memcpy(kind, permissions, sizeof kind);
            is_ours = strstr(line, "/libmalloc.so") != NULL;
        } else if (is_ours && sscanf(line, "Rss: %ld", &kib) == 1) {
            count(&library, kind, kib);
        }
    }
    return library;
}

static void live(void **blocks)
{
    for (size_t i = 0; i < CLASSES; i++) {
        blocks[i] = door_hide(malloc(80 + 56 * i));
        free(door_hide(malloc(80 + 56 * i)));
        free(door_hide(calloc(1, 200)));
        blocks[i] = door_hide(realloc(blocks[i], 88 + 56 * i));
        memset(blocks[i], 1, 88 + 56 * i);
    }
}

int main(void)
{
    void *blocks[CLASSES];
#ifdef LM_CONFIG_TORTURE
    tap_skip("a small program", "in a torture build it does what else only large ones do");
    return tap_done();
#endif
    live(blocks);
    struct library library = look();
    tap_diag("resident KiB: code %ld, constants %ld, cold code %ld", library.code,
             library.constants, library.cold);
    tap_ok(library.code > 0, "the library's mappings are found");
    tap_ok(library.constants == 0, "constants are not touched");
    if (library.cold < 0)
        tap_skip("cold code", "the linker made no mapping of it");
    else
        tap_ok(library.cold == 0, "cold code is not touched");
    for (size_t i = 0; i < CLASSES; i++)
        free(blocks[i]);
    return tap_done();
}
