/* SPDX-License-Identifier: MIT
 *
 * lm_stress - many threads at once do everything that the doors offer, to blocks that they share,
 * and check every block's contents on its way.
 *
 * Half of the threads live as long as the run; each of the others is a line of short-lived threads,
 * one after the other. Meanwhile the process forks, and each child goes on alone with all blocks
 * that no thread had in its hands.
 */
#include "../tap.h"
#include "doors.h"
#include "slots.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { SLOTS = 8192, THREADS_MOST = 64, SHORT_LIFE = 3000, CHILD_SECONDS = 300 };

static struct {
    unsigned threads;
    unsigned seconds;
    unsigned long long operations; /* per thread; 0: as many as the seconds give */
    size_t live_mib;
    unsigned fork_ms; /* 0: no forks */
    uint64_t seed;
} options = {.threads = 8, .seconds = 10, .live_mib = 256, .fork_ms = 200};

static struct slot table[SLOTS];
static atomic_bool stop;
static atomic_bool failed;
static atomic_uint running;
static atomic_ullong operations_done;

/* A thread's part: mostly slots of its own region, so that its heap is used as a program would, and
 * one time in five any slot, so that blocks die far from home. */
static struct slot *choose(unsigned self, uint64_t *random)
{
    size_t own = SLOTS / THREADS_MOST;

    if (tap_random(random) % 5 == 0)
        return &table[tap_random(random) % SLOTS];
    return &table[self * own + tap_random(random) % own];
}

static void work(unsigned self, uint64_t *random, unsigned long long operations)
{
    unsigned long long done = 0;

    while (done < operations && !atomic_load_explicit(&stop, memory_order_relaxed)) {
        struct slot *slot = choose(self, random);
        done++;
        if (!slot_try_take(slot))
            continue;
        if (!slot_work(slot, random)) {
            atomic_store(&failed, true);
            atomic_store(&stop, true);
        }
        slot_give(slot);
        if (tap_random(random) % 200000 == 0)
            stress_trim();
    }
    atomic_fetch_add_explicit(&operations_done, done, memory_order_relaxed);
}

struct life {
    unsigned self;
    uint64_t random;
};

static void *short_life(void *argument)
{
    struct life *life = argument;

    work(life->self, &life->random, SHORT_LIFE);
    return NULL;
}

static void line_of_short_lives(struct life *life, unsigned long long operations)
{
    for (unsigned long long done = 0; done < operations && !atomic_load(&stop);
         done += SHORT_LIFE) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_life, life) != 0 ||
            pthread_join(thread, NULL) != 0) {
            fprintf(stderr, "lm_stress: a thread cannot be run: %s\n", strerror(errno));
            atomic_store(&failed, true);
            atomic_store(&stop, true);
        }
    }
}

static void *long_life(void *argument)
{
    struct life *life = argument;
    unsigned long long operations = options.operations == 0 ? ~0ull : options.operations;

    if (life->self % 2 == 0)
        work(life->self, &life->random, operations);
    else
        line_of_short_lives(life, operations);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* Works on what it has inherited, then frees all of it. Slots that were in a thread's hands at the
 * fork are in an unknown state and stay as they are. */
static int child_life(uint64_t random)
{
    for (int i = 0; i < 5000; i++) {
        struct slot *slot = &table[tap_random(&random) % SLOTS];
        if (slot_try_take(slot)) {
            if (!slot_work(slot, &random))
                return 1;
            slot_give(slot);
        }
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (slot_try_take(&table[i]) && !slot_empty(&table[i]))
            return 2;
    return 0;
}

static bool fork_once(uint64_t random)
{
    int status = 0;
    pid_t child = fork();

    if (child < 0) {
        fprintf(stderr, "lm_stress: fork: %s\n", strerror(errno));
        return false;
    }
    if (child == 0) {
        stress_after_fork();
        alarm(CHILD_SECONDS);
        _exit(child_life(random));
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status == 0)
        return true;
    fprintf(stderr, "lm_stress: a child ended with status %#x%s\n", (unsigned)status,
            WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? " (it hung)" : "");
    return false;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Forks from time to time until the time is over or the threads are done. Result: forks. */
static unsigned watch(uint64_t random)
{
    double end = now() + options.seconds;
    unsigned forks = 0;

    while (!atomic_load(&stop) && atomic_load(&running) > 0 && now() < end) {
        usleep((options.fork_ms == 0 ? 100 : options.fork_ms) * 1000);
        if (options.fork_ms == 0 || !STRESS_CAN_FORK)
            continue;
        forks++;
        if (!fork_once(tap_random(&random))) {
            atomic_store(&failed, true);
            break;
        }
    }
    atomic_store(&stop, true);
    return forks;
}

static bool empty_all(void)
{
    bool good = true;

    for (size_t i = 0; i < SLOTS; i++)
        good = slot_empty(&table[i]) && good;
    return good && slots_live() == 0;
}

static unsigned long long number(const char *name, const char *text, unsigned long long least,
                                 unsigned long long most)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 0);
    if (errno == 0 && end != text && *end == '\0' && value >= least && value <= most)
        return value;
    fprintf(stderr, "lm_stress: --%s: '%s' is no number from %llu to %llu\n", name, text, least,
            most);
    exit(2);
}

static const char usage[] =
    "usage: lm_stress [--threads 1..64] [--seconds N] [--ops N] [--live-mib N] [--fork-ms N]\n"
    "                 [--seed N]\n"
    "Allocates, resizes, frees and checks in many threads; says `ok' if nothing was wrong.\n"
    "  --threads   threads; every second one is a line of short-lived ones (8)\n"
    "  --seconds   how long (10)\n"
    "  --ops       or how many operations per thread, if sooner (no bound)\n"
    "  --live-mib  most memory in blocks, MiB (256)\n"
    "  --fork-ms   milliseconds between forks, 0: no forks (200)\n"
    "  --seed      replays a run as far as threads can be replayed (from the clock)\n";

static void parse(int count, char **arguments)
{
    static const struct option names[] = {
        {"threads", 1, NULL, 't'},  {"seconds", 1, NULL, 's'}, {"ops", 1, NULL, 'o'},
        {"live-mib", 1, NULL, 'l'}, {"fork-ms", 1, NULL, 'f'}, {"seed", 1, NULL, 'r'},
        {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    bool has_seed = false;
    int name;

    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        if (name == 't') {
            options.threads = (unsigned)number("threads", optarg, 1, THREADS_MOST);
        } else if (name == 's') {
            options.seconds = (unsigned)number("seconds", optarg, 1, 10000000);
        } else if (name == 'o') {
            options.operations = number("ops", optarg, 1, ~0ull);
        } else if (name == 'l') {
            options.live_mib = (size_t)number("live-mib", optarg, 1, 511);
        } else if (name == 'f') {
            options.fork_ms = (unsigned)number("fork-ms", optarg, 0, 1000000);
        } else if (name == 'r') {
            options.seed = number("seed", optarg, 0, ~0ull);
            has_seed = true;
        } else {
            fputs(usage, name == 'h' ? stdout : stderr);
            exit(name == 'h' ? 0 : 2);
        }
    }
    if (optind < count) {
        fprintf(stderr, "lm_stress: '%s' is no option; see --help\n", arguments[optind]);
        exit(2);
    }
    if (!has_seed)
        options.seed = tap_seed();
    else
        tap_diag("seed %llu", (unsigned long long)options.seed);
}

int main(int count, char **arguments)
{
    static pthread_t threads[THREADS_MOST];
    static struct life lives[THREADS_MOST];
    unsigned started = 0;

    parse(count, arguments);
    stress_start();
    slots_set_limit(options.live_mib << 20);
    for (; started < options.threads; started++) {
        lives[started].self = started;
        lives[started].random = options.seed + started * 1000003u;
        if (pthread_create(&threads[started], NULL, long_life, &lives[started]) != 0) {
            fprintf(stderr, "lm_stress: thread %u cannot be started: %s\n", started,
                    strerror(errno));
            atomic_store(&failed, true);
            atomic_store(&stop, true);
            break;
        }
        atomic_fetch_add(&running, 1);
    }
    unsigned forks = watch(options.seed);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    bool good = empty_all() && !atomic_load(&failed);
    tap_diag("%s: %u threads, %llu operations, %u forks", STRESS_ALLOCATOR, options.threads,
             atomic_load(&operations_done), forks);
    tap_ok(good, "blocks keep their contents under stress");
    return tap_done();
}
