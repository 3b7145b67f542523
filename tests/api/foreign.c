/* SPDX-License-Identifier: MIT
 *
 * Pointers that are not ours go to the next allocator in the chain: blocks of the libc's own
 * malloc, of another allocator behind us. (Those of plugins: plugins.c.) And memory that
 * libc functions allocate for their caller is freed by our free.
 */
#include "door.h"

#include <dirent.h>
#include <wchar.h>

static const size_t sizes[] = {1, 24, 100, 3000, 70000, 300000, 5 * MIB};

static void *(*libc_malloc)(size_t);
static void *(*libc_memalign)(size_t, size_t);

static bool find_libc(void)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);

    if (libc == NULL)
        return false;
    *(void **)&libc_malloc = dlsym(libc, "malloc");
    *(void **)&libc_memalign = dlsym(libc, "memalign");
    return libc_malloc != NULL && libc_memalign != NULL;
}

static void blocks_of_libc(void)
{
    bool sized = true;
    bool resized = true;
    bool kept_errno = true;

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        unsigned char *first = door_hide(libc_malloc(sizes[i]));
        unsigned char *second = door_hide(libc_malloc(sizes[i]));
        unsigned char *third = door_hide(libc_memalign(4096, sizes[i]));
        door_fill(first, sizes[i], 1);
        door_fill(second, sizes[i], 2);
        sized = sized && malloc_usable_size(first) >= sizes[i];
        errno = EXDEV;
        free(first);
        free(third);
        kept_errno = kept_errno && errno == EXDEV;
        second = realloc(second, sizes[i] * 3);
        resized = resized && second != NULL && door_holds(second, sizes[i], 2);
        free(second);
    }
    tap_ok(sized, "the usable size of a libc block is asked of libc");
    tap_ok(resized, "a libc block can be resized and keeps its contents");
    tap_ok(kept_errno, "freeing a libc block leaves errno alone");
    for (int i = 0; i < 200000; i++) {
        unsigned char *block = libc_malloc(2000);
        memset(block, 1, 2000);
        free(block);
    }
    tap_ok(resident_now() < 200 * MIB, "a libc block is really freed");
    tap_ok(realloc(door_hide(libc_malloc(10)), door_hide_size(0)) == NULL,
           "realloc of a libc block to 0 frees it");
}

static void results_of_libc_functions(void)
{
    char *line = NULL;
    char *text = NULL;
    char *stream_text = NULL;
    size_t room = 0;
    size_t stream_size = 0;
    struct dirent **names = NULL;
    FILE *file = fopen("/proc/self/maps", "r");
    FILE *stream = open_memstream(&stream_text, &stream_size);
    bool good = file != NULL && stream != NULL && getline(&line, &room, file) > 0;

    good = good && asprintf(&text, "%s%d", line, 5) > 0;
    for (int i = 0; i < 3000 && good; i++)
        good = fprintf(stream, "line %d\n", i) > 0;
    good = good && fclose(stream) == 0 && stream_size > 3000;
    fclose(file);
    char *copy = strdup(line);
    char *directory = getcwd(NULL, 0);
    char *path = realpath("/proc/self/..", NULL);
    wchar_t *wide = wcsdup(L"wide");
    int count = scandir("/proc/self", &names, NULL, alphasort);
    for (int i = 0; i < count; i++)
        free(names[i]);
    good = good && copy != NULL && directory != NULL && path != NULL && wide != NULL && count > 0;
    free(names);
    free(wide);
    free(path);
    free(directory);
    free(copy);
    free(stream_text);
    free(text);
    free(line);
    tap_ok(good, "what libc functions allocate for the caller is freed by our free");
}

/* next.so is a second allocator that stands behind libmalloc in the search order and counts. Only
 * it is asked then, and it knows no blocks but its own. True if it is there. */
static bool next_allocator(void)
{
    unsigned char *(*next_malloc)(size_t);
    unsigned long (*next_frees)(void);
    bool good = true;

    *(void **)&next_malloc = dlsym(RTLD_DEFAULT, "lm_test_next_malloc");
    *(void **)&next_frees = dlsym(RTLD_DEFAULT, "lm_test_next_frees");
    if (next_malloc == NULL || next_frees == NULL)
        return false;
    unsigned long before = next_frees();
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        unsigned char *block = next_malloc(sizes[i]);
        door_fill(block, sizes[i], 6);
        block = realloc(block, sizes[i] * 2);
        good = good && block != NULL && door_holds(block, sizes[i], 6);
        free(block);
    }
    tap_ok(good, "a block of the next allocator in the chain is resized there");
    tap_ok(next_frees() == before + COUNT_OF(sizes), "and freed there");
    return true;
}

int main(void)
{
    door_open();
    if (next_allocator())
        return tap_done();
    if (!find_libc())
        tap_bail("cannot find malloc in libc.so.6: %s", dlerror());
    blocks_of_libc();
    results_of_libc_functions();
    return tap_done();
}
