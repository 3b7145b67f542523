/* SPDX-License-Identifier: MIT
 *
 * LIBMALLOC_CONF=background_purge:true: memory of a program that does nothing goes back, the thread
 * that does it sleeps when it is done, and nobody notices it at fork, at exit, under seccomp, or
 * where it cannot be made.
 */
#include "door.h"
#include "filter.h"

#include <dirent.h>
#include <pthread.h>

enum { BLOCKS = 32 * 1024, BLOCK = 1000, NAPS = 120 * 20 };

static void *blocks[BLOCKS];
/* see resident.h; behind a filter no file is opened */
static int memory = -1;

static void nap(void)
{
    struct timespec time = {0, 50000000};

    nanosleep(&time, NULL);
}

static bool falls_below(size_t bound)
{
    for (int tries = 0; tries < NAPS; tries++) {
        if (resident_read(memory) < bound)
            return true;
        nap();
    }
    tap_diag("resident KiB: %zu, should be below %zu", resident_read(memory) / KIB, bound / KIB);
    return false;
}

static bool read_task(int tid, const char *file, char *text, size_t size)
{
    char name[64];

    snprintf(name, sizeof name, "/proc/self/task/%d/%s", tid, file);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

/* The thread's id, 0 if there is none. Allocates nothing: a slow path would wake it. */
static int helper(void)
{
    char entries[4096];
    char text[64];
    int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ssize_t size = folder < 0 ? -1 : syscall(SYS_getdents64, folder, entries, sizeof entries);

    if (size <= 0)
        _exit(91);
    close(folder);
    for (ssize_t at = 0; at < size;) {
        const struct dirent64 *entry = (const void *)(entries + at);
        int tid = atoi(entry->d_name);
        if (tid != 0 && read_task(tid, "comm", text, sizeof text) &&
            strcmp(text, "libmalloc\n") == 0)
            return tid;
        at += entry->d_reclen;
    }
    return 0;
}

/* Once it has begun to run, it has its name. */
static bool has_helper_soon(void)
{
    for (int tries = 0; tries < NAPS; tries++) {
        if (helper() != 0)
            return true;
        nap();
    }
    return false;
}

static void fill(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = door_hide(malloc(BLOCK));
        memset(blocks[i], 1, BLOCK);
    }
}

static pthread_barrier_t both;

static void *owner(void *unused)
{
    fill();
    pthread_barrier_wait(&both);
    pthread_barrier_wait(&both);
    return unused;
}

static bool live_falls_below(size_t bound)
{
    for (int tries = 0; tries < NAPS; tries++) {
        if (mallinfo2().uordblks < bound)
            return true;
        nap();
    }
    tap_diag("live KiB: %zu, should be below %zu", mallinfo2().uordblks / KIB, bound / KIB);
    return false;
}

/* What is freed of a thread that sleeps goes back without it: a little, which nobody else takes in and of
 * which this thread's outbox may hold back 64 KiB; and all. */
static int mail(void)
{
    enum { LITTLE = 300 };
    pthread_t thread;
    size_t before = resident_read(memory);

    pthread_barrier_init(&both, NULL, 2);
    if (pthread_create(&thread, NULL, owner, NULL) != 0)
        return 2;
    pthread_barrier_wait(&both);
    size_t live = mallinfo2().uordblks;
    for (int i = 0; i < LITTLE; i++)
        free(blocks[i]);
    bool is_gone = live_falls_below(live - LITTLE * BLOCK + 96 * KIB);
    for (int i = LITTLE; i < BLOCKS; i++)
        free(blocks[i]);
    is_gone = falls_below(before + 4 * MIB) && is_gone;
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    return !is_gone;
}

/* One block of sixteen stays. Half of the pages fall empty, and free units beside: nothing of both is
 * kept. */
static int holes(void)
{
    fill();
    size_t full = resident_read(memory);
    for (int i = 0; i < BLOCKS; i++)
        if (i % 16 != 0)
            free(blocks[i]);
    return !falls_below(full - BLOCKS / 16 * (size_t)BLOCK * 10);
}

static int large(void)
{
    enum { LARGE = 100, SIZE = 300 * 1024 };
    size_t before = resident_read(memory);

    for (int i = 0; i < LARGE; i++)
        memset(blocks[i] = door_hide(malloc(SIZE)), 1, SIZE);
    for (int i = LARGE / 2; i < LARGE; i++)
        free(blocks[i]);
    return !falls_below(before + (size_t)LARGE / 2 * SIZE + MIB);
}

/* futex without a timeout: nothing but the program wakes it. */
static int rest(void)
{
    char text[256];
    unsigned long number;
    unsigned long timeout;

    large();
    for (int tries = 0; tries < NAPS; tries++, nap()) {
        if (helper() == 0)
            return 2;
        if (!read_task(helper(), "syscall", text, sizeof text)) {
            tap_diag("/proc does not tell what threads wait for");
            return 0;
        }
        if (sscanf(text, "%lu %*x %*x %*x %lx", &number, &timeout) == 2 && number == SYS_futex &&
            timeout == 0)
            return 0;
    }
    tap_diag("the thread's system call: %s", text);
    return 1;
}

/* ... and the program does. */
static int again(void)
{
    return rest() != 0 || large() != 0;
}

static int in_child(void)
{
    memory = resident_open();
    if (helper() != 0)
        return 3;
    int failed = large();
    return failed != 0 ? failed : helper() == 0;
}

static int forked(void)
{
    if (large() != 0 || helper() == 0)
        return 2;
    return !door_in_child(in_child, DOOR_SECONDS, "the child");
}

static int left(void)
{
    fill();
    if (!has_helper_soon())
        return 2;
    pthread_exit(NULL);
}

static int no_filters(void)
{
    tap_diag("no seccomp filters here: %s", strerror(errno));
    return 0;
}

static int locked_up(void)
{
    struct sock_filter rules[] = {
        FILTER_BEGIN,
        FILTER_DESIGN,
        FILTER_ALLOW(pread64),
        FILTER_ALLOW(clock_nanosleep),
        FILTER_ALLOW(nanosleep),
        FILTER_ALLOW(write),
        FILTER_ALLOW(exit_group),
        FILTER_END(SECCOMP_RET_KILL_PROCESS),
    };

    fill();
    if (!has_helper_soon())
        return 2;
    if (!filter_install(rules, COUNT_OF(rules)))
        return no_filters();
    return holes() != 0 || large() != 0;
}

/* Nobody may make threads here. */
static int denied(void)
{
    struct sock_filter rules[] = {
        FILTER_BEGIN,
        FILTER_RULE(clone, SECCOMP_RET_ERRNO | EAGAIN),
        FILTER_RULE(clone3, SECCOMP_RET_ERRNO | EAGAIN),
        FILTER_END(SECCOMP_RET_ALLOW),
    };
    int words[2];
    char text;

    if (pipe2(words, O_NONBLOCK) != 0 || dup2(words[1], STDERR_FILENO) < 0)
        return 2;
    if (!filter_install(rules, COUNT_OF(rules)))
        return no_filters();
    errno = 0;
    fill();
    void *block = door_hide(malloc(MIB));
    if (block == NULL || errno != 0 || helper() != 0)
        return 1;
    free(block);
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return read(words[0], &text, 1) > 0;
}

static const struct {
    const char *name;
    int (*run)(void);
    const char *truth;
} pieces[] = {
    {"mail", mail, "what is freed of a sleeping thread goes back"},
    {"holes", holes, "an idle program's holes go back"},
    {"large", large, "an idle program's free units go back"},
    {"rest", rest, "the thread sleeps without end when all is done"},
    {"again", again, "and wakes when memory falls free"},
    {"forked", forked, "a child has none, and starts its own"},
    {"left", left, "a program whose threads have left ends"},
    {"locked_up", locked_up, "behind a seccomp filter it needs the allocator's own calls only"},
    {"denied", denied, "where there can be no thread, nothing is said and all works"},
};

int main(int count, char **arguments)
{
    memory = resident_open();
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        if (count > 1 && strcmp(arguments[1], pieces[i].name) == 0)
            return pieces[i].run();
        if (count > 1)
            continue;
        if (i == 0)
            door_open();
        tap_ok(door_again(pieces[i].name, "background_purge:true", 0), "%s", pieces[i].truth);
    }
    return count > 1 ? 1 : tap_done();
}
