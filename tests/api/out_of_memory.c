/* SPDX-License-Identifier: MIT
 *
 * Out of memory: NULL and ENOMEM, everything allocated before is still valid, and allocation works
 * again once memory was freed. Under each of three limits: on address space since before the
 * program started, the same set later, and on writable memory set later.
 */
#include "door.h"

#include <pthread.h>
#include <sys/mman.h>

enum { THREADS = 8 };

/* A checked build looks at all slabs again and again, which is quadratic: less memory then, in
 * larger blocks. */
#ifdef LM_CONFIG_CHECKED
static const size_t limit = 40 * MIB;
static const size_t sizes[] = {300, 5000, 20000, 70000, 300000, 2 * MIB};
#else
static const size_t limit = 128 * MIB;
static const size_t sizes[] = {32,    100,    1000,    5000,    20000,
                               70000, 300000, 2 * MIB, 5 * MIB, 40 * MIB};
#endif

/* Blocks are chained through their own first bytes: the test needs no memory of its own. */
struct chain {
    struct chain *next;
    size_t mark;
};

static void push(struct chain **chain, void *block, size_t size, size_t mark)
{
    struct chain *link = block;

    link->mark = mark;
    link->next = *chain;
    *chain = link;
    if (size > sizeof *link) {
        ((unsigned char *)block)[sizeof *link] = (unsigned char)mark;
        ((unsigned char *)block)[size - 1] = (unsigned char)mark;
    }
}

/* Takes blocks until there are no more, but at most `most` bytes. */
static size_t exhaust(struct chain **chain, size_t size, size_t most)
{
    size_t count = 0;

    while (count * size < most) {
        errno = 0;
        void *block = malloc(size);
        if (block == NULL)
            break;
        push(chain, block, size, ++count);
    }
    return count;
}

static bool is_intact(const struct chain *link, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)link;

    return size <= sizeof *link || (bytes[sizeof *link] == (unsigned char)link->mark &&
                                    bytes[size - 1] == (unsigned char)link->mark);
}

/* Frees every `stride`th block of the chain; false if one did not hold what was written. */
static bool free_some(struct chain **chain, size_t size, size_t stride)
{
    bool intact = true;
    size_t count = 0;

    for (struct chain **at = chain; *at != NULL; count++) {
        struct chain *link = *at;
        intact = intact && is_intact(link, size);
        if (count % stride == 0) {
            *at = link->next;
            free(link);
        } else {
            at = &link->next;
        }
    }
    return intact;
}

static bool resize_fails_safely(size_t size)
{
    unsigned char *block = malloc(size);
    bool safe = true;

    if (block == NULL)
        return true;
    door_fill(block, size, 7);
    errno = 0;
    unsigned char *larger = realloc(block, 4 * limit);
    safe = larger == NULL && errno == ENOMEM && door_holds(block, size, 7);
    free(larger == NULL ? block : larger);
    return safe;
}

static bool every_door_has_enomem(void)
{
    size_t much = door_hide_size(4 * limit);
    void *block = NULL;
    bool good = true;

    errno = 0;
    good = good && malloc(much) == NULL && errno == ENOMEM;
    errno = 0;
    good = good && calloc(1, much) == NULL && errno == ENOMEM;
    errno = 0;
    good = good && aligned_alloc(MIB, much) == NULL && errno == ENOMEM;
    errno = 0;
    good = good && valloc(much) == NULL && errno == ENOMEM;
    return good && posix_memalign(&block, 64, much) == ENOMEM;
}

static int broken(size_t size, size_t count, const char *how)
{
    tap_diag("blocks of %zu bytes, %zu of them: %s", size, count, how);
    return 1;
}

/* One size after the other, each to the end: what the last size used serves the next. */
static int exhaust_each_size(void)
{
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct chain *chain = NULL;
        struct chain *again = NULL;
        size_t count = exhaust(&chain, sizes[i], 2 * limit);
        if (errno != ENOMEM || count * sizes[i] >= 2 * limit)
            return broken(sizes[i], count, "the end is not ENOMEM");
        if (!every_door_has_enomem() || !resize_fails_safely(24))
            return broken(sizes[i], count, "another door does not fail with ENOMEM");
        if (count * sizes[i] < limit / 4)
            return broken(sizes[i], count, "less than a quarter of the memory, though all is free");
        if (!free_some(&chain, sizes[i], 2))
            return broken(sizes[i], count, "contents changed");
        size_t second = exhaust(&again, sizes[i], 2 * limit);
        if (second < count / 4)
            return broken(sizes[i], second, "less than half of what was freed can be had again");
        if (!free_some(&chain, sizes[i], 1) || !free_some(&again, sizes[i], 1))
            return broken(sizes[i], second, "contents changed in the second round");
    }
    return 0;
}

static int limited_late_by_data(void)
{
    struct rlimit data = {limit, limit};

    return setrlimit(RLIMIT_DATA, &data) != 0 ? 9 : exhaust_each_size();
}

/* What was reserved before stays usable, so there may be no end in sight: stop at 1 GiB untouched.
 * What counts is that nothing crashes and that refusals are refusals. */
static int limited_late_by_address_space(void)
{
    struct rlimit space = {limit, limit};
    static void *blocks[2048];

    if (setrlimit(RLIMIT_AS, &space) != 0)
        return 9;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t count = 0;
        errno = 0;
        while (count < COUNT_OF(blocks) && count * sizes[i] < GIB &&
               (blocks[count] = malloc(sizes[i])) != NULL)
            count++;
        if (count < COUNT_OF(blocks) && count * sizes[i] < GIB && errno != ENOMEM)
            return (int)(10 + i);
        while (count > 0)
            free(blocks[--count]);
        void *block = malloc(sizes[i]);
        if (block == NULL && sizes[i] < 10000)
            return (int)(20 + i);
        free(block);
    }
    return every_door_has_enomem() || malloc(100) != NULL ? 0 : 30;
}

static pthread_barrier_t exhausted;

/* NULL with ENOMEM, or a block, but no crash. */
static void *first_malloc(void *argument)
{
    void *result = argument;

    pthread_barrier_wait(&exhausted);
    for (size_t size = 1; size <= MIB; size *= 4) {
        errno = 0;
        void *block = door_hide(malloc(size));
        if (block == NULL && errno != ENOMEM)
            result = NULL;
        free(block);
        errno = 0;
        block = door_hide(calloc(1, size));
        if (block == NULL && errno != ENOMEM)
            result = NULL;
        free(block);
    }
    pthread_barrier_wait(&exhausted);
    return result;
}

static int threads_start_exhausted(void)
{
    struct rlimit data = {limit, limit};
    pthread_t threads[THREADS];
    struct chain *chains[COUNT_OF(sizes)] = {NULL};
    int failures = 0;

    pthread_barrier_init(&exhausted, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, first_malloc, &failures) != 0)
            return 8;
    if (setrlimit(RLIMIT_DATA, &data) != 0)
        return 9;
    for (size_t i = COUNT_OF(sizes); i-- > 0;)
        exhaust(&chains[i], sizes[i], 2 * limit);
    pthread_barrier_wait(&exhausted);
    pthread_barrier_wait(&exhausted);
    for (size_t i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        failures += result == NULL;
    }
    free_some(&chains[0], sizes[0], 1);
    return failures != 0 ? 10 : malloc(sizes[0]) == NULL ? 11 : 0;
}

/* Uses up the number of mappings that a process may have, then asks for more memory. */
static int no_more_mappings(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = 300000;
    char *area = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct chain *chains[COUNT_OF(sizes)] = {NULL};
    size_t i = 0;

    if (area == MAP_FAILED)
        return 9;
    while (i < pages && mprotect(area + i * page, page, PROT_READ) == 0)
        i += 2;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        size_t count = exhaust(&chains[i], sizes[i], 64 * MIB);
        if (count * sizes[i] < 64 * MIB && errno != ENOMEM)
            return (int)(10 + i);
        if (!free_some(&chains[i], sizes[i], 1))
            return (int)(20 + i);
    }
    munmap(area, pages * page);
    void *block = malloc(8 * MIB);
    return block == NULL ? 30 : 0;
}

int main(int count, char **arguments)
{
    door_open();
    if (count > 1 && strcmp(arguments[1], "limited_at_start") == 0)
        return exhaust_each_size();
    tap_ok(door_again("limited_at_start", NULL, limit),
           "out of address space is NULL and ENOMEM, and ends when memory is freed");
    tap_ok(door_in_child(limited_late_by_data, DOOR_SECONDS, "limited_late_by_data"),
           "out of writable memory is NULL and ENOMEM, and ends when memory is freed");
    tap_ok(
        door_in_child(limited_late_by_address_space, DOOR_SECONDS, "limited_late_by_address_space"),
        "a limit on address space that comes late does no harm");
    tap_ok(door_in_child(threads_start_exhausted, DOOR_SECONDS, "threads_start_exhausted"),
           "the first malloc of a thread without memory is NULL, not a crash");
    tap_ok(door_in_child(no_more_mappings, DOOR_SECONDS, "no_more_mappings"),
           "out of mappings is NULL and ENOMEM, and ends when mappings are freed");
    return tap_done();
}
