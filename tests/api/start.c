/* SPDX-License-Identifier: MIT
 *
 * A small program touches neither the library's constants nor its cold code: around each page of them that is touched the
 * kernel maps up to 16.
 */
#include "door.h"

#include "../smaps.h"

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
    struct library library = {-1, -1, -1};
    struct smaps maps;
    char permissions[5];
    long kib;
    smaps_open(&maps);
    while (smaps_next(&maps))
        if (strstr(maps.header, "/libmalloc.so") != NULL &&
            sscanf(maps.header, "%*x-%*x %4s", permissions) == 1 &&
            sscanf(maps.line, "Rss: %ld", &kib) == 1)
            count(&library, permissions, kib);
    smaps_close(&maps);
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
