/* SPDX-License-Identifier: MIT
 *
 * malloc before constructors and after destructors. What happens before main is recorded and
 * reported in main; what happens after it can only crash or hang, so that a child process lives
 * through it and its exit status is looked at.
 */
#include "door.h"

static void *from_preinit;
static void *from_constructor;
static char *late_block;
static bool is_child;

static void before_all_constructors(int count, char **arguments, char **environment)
{
    (void)count;
    (void)arguments;
    (void)environment;
    from_preinit = door_hide(malloc(100));
    if (from_preinit != NULL)
        door_fill(from_preinit, 100, 1);
    free(door_hide(malloc(5000)));
    free(door_hide(calloc(10, 300000)));
}

__attribute__((section(".preinit_array"),
               used)) static void (*preinit)(int, char **, char **) = before_all_constructors;

__attribute__((constructor(101))) static void first_constructor(void)
{
    from_constructor = door_hide(malloc(200));
    if (from_constructor != NULL)
        door_fill(from_constructor, 200, 2);
}

/* Exits at once if the doors do not work any more; else all sizes once. */
static void use_or_exit(int code)
{
    for (size_t size = 1; size <= 4 * MIB; size *= 3) {
        unsigned char *block = door_hide(malloc(size));
        if (block == NULL)
            _exit(code);
        door_fill(block, size, 3);
        block = realloc(block, size * 2);
        if (block == NULL || !door_holds(block, size, 3))
            _exit(code + 1);
        free(block);
    }
}

__attribute__((destructor(101))) static void last_destructor(void)
{
    if (!is_child)
        return;
    use_or_exit(20);
    if (strcmp(late_block, "late") != 0)
        _exit(22);
    free(late_block);
}

static void at_exit(void)
{
    use_or_exit(30);
    late_block = strdup("late");
}

/* Leaves by exit(), so that handlers and destructors run. */
static bool child_that_exits(void)
{
    pid_t child = fork();

    if (child == 0) {
        is_child = true;
        alarm(DOOR_SECONDS);
        atexit(at_exit);
        exit(0);
    }
    return door_child_succeeds(child, "exit");
}

int main(void)
{
    int (*early_result)(void);

    door_open();
    *(void **)&early_result = dlsym(RTLD_DEFAULT, "lm_test_early_result");
#if defined __GLIBC__
    tap_ok(from_preinit != NULL && door_holds(from_preinit, 100, 1),
           "malloc works before any constructor");
#else
    tap_skip("malloc works before any constructor", "this libc calls nothing before them");
#endif
    free(from_preinit);
    tap_ok(from_constructor != NULL && door_holds(from_constructor, 200, 2),
           "malloc works in the first constructor");
    free(from_constructor);
    if (early_result != NULL)
        tap_ok(early_result() == 1, "malloc works in a library initialised before libmalloc");
    else
        tap_skip("malloc works in a library initialised before libmalloc", "not linked here");
    tap_ok(child_that_exits(), "malloc and free work in exit handlers and the last destructors");
    return tap_done();
}
