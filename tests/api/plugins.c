/* SPDX-License-Identifier: MIT
 *
 * Plugins: with RTLD_DEEPBIND and without they use the program's malloc; with deepbind:true those with the flag use
 * libc's, and we free what they allocated. dlopen finds by the caller's RUNPATH, which is this program's, what it found
 * before.
 */
#include "door.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

static const size_t sizes[] = {1, 24, 100, 3000, 70000, 300000, 5 * MIB};

struct plugin {
    void *handle;
    void *(*take)(size_t);
    void (*give)(void *);
};

/* Its folder is known from RUNPATH alone. */
static struct plugin load(int mode)
{
    struct plugin plugin = {dlopen("plugin.so", RTLD_NOW | RTLD_LOCAL | mode), NULL, NULL};

    if (plugin.handle == NULL) {
        tap_diag("%s", dlerror());
        return plugin;
    }
    *(void **)&plugin.take = dlsym(plugin.handle, "plugin_take");
    *(void **)&plugin.give = dlsym(plugin.handle, "plugin_give");
    return plugin;
}

static bool is_ours(const void *block)
{
    static int (*owns)(const void *);

    if (owns == NULL)
        *(void **)&owns = dlsym(RTLD_DEFAULT, "lm_owns");
    return owns(block) != 0;
}

/* What the plugin took is resized and freed by us. */
static bool serves(const struct plugin *plugin, bool ours)
{
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        unsigned char *block = plugin->take(sizes[i]);
        good = good && is_ours(block) == ours;
        door_fill(block, sizes[i], 4);
        block = realloc(block, sizes[i] + 50);
        good = good && block != NULL && door_holds(block, sizes[i], 4);
        free(block);
        plugin->give(plugin->take(sizes[i]));
    }
    return good;
}

static void bound_to_us(int mode, const char *how)
{
    struct plugin plugin = load(mode);

    if (!tap_ok(plugin.handle != NULL, "a plugin that the caller's RUNPATH leads to loads %s", how))
        return;
    tap_ok(serves(&plugin, true), "what it allocates is ours (%s)", how);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        plugin.give(door_hide(malloc(sizes[i])));
    tap_ok(true, "it frees what we allocated (%s)", how);
    tap_ok(dlclose(plugin.handle) == 0, "it is closed (%s)", how);
}

/* Runs with deepbind:true. */
static int bound_to_libc(void)
{
    struct plugin deep = load(RTLD_DEEPBIND);

    if (deep.handle == NULL)
        return 1;
    return serves(&deep, false) ? 0 : 2;
}

static void errors(void)
{
    char *text;

    tap_ok(dlopen("/nowhere/plugin.so", RTLD_NOW | RTLD_DEEPBIND) == NULL,
           "what is not there does not load");
    text = dlerror();
    tap_ok(text != NULL && strstr(text, "/nowhere/plugin.so") != NULL, "and dlerror names it");
    tap_ok(dlopen(NULL, RTLD_NOW) != NULL && dlerror() == NULL, "the program itself can be opened");
}

int main(int count, char **arguments)
{
    door_open();
    if (count > 1 && strcmp(arguments[1], "bound_to_libc") == 0)
        return bound_to_libc();
    bound_to_us(0, "as usual");
    bound_to_us(RTLD_DEEPBIND, "with RTLD_DEEPBIND");
    errors();
    if (RTLD_DEEPBIND == 0)
        tap_skip("a plugin has libc's malloc", "this libc has no RTLD_DEEPBIND");
    else
        tap_ok(door_again("bound_to_libc", "deepbind:true", 0),
               "with deepbind:true a plugin has libc's malloc, and we free its blocks");
    return tap_done();
}
