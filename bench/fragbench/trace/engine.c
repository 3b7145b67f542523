/* SPDX-License-Identifier: MIT
 * The replay engine; see engine.h.
 *
 * Stops: `limit` is an operation's place in the common order. A thread whose next operation is
 * not below it parks; when all living threads are parked, every operation below the limit is
 * done and no other, the same set for every allocator, in both modes. The last one to park or to
 * end does the stop's business, so the engine needs no thread of its own.
 * The trace's main thread plays on the main thread: allocators tell it from the others.
 * Waits never close a circle: each is for an operation earlier in the common order. */
#include "trace/engine.h"

#include "base/die.h"
#include "base/quiet.h"
#include "measure/allocator.h"
#include "trace/act.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024, SPINS = 200, YIELDS = 200, CACHE_LINE = 64 };

/* The recorder numbers threads from 1; the first to allocate is the main thread. */
enum { MAIN_THREAD = 1 };

struct player {
    /* Operations below this are done, as far as they are this thread's; others wait on it. */
    _Alignas(CACHE_LINE) _Atomic uint32_t done;
    /* Serial mode: 1 while the thread sleeps until its turn. */
    _Alignas(CACHE_LINE) _Atomic uint32_t sleeping;
    struct fb_engine *engine;
    struct fb_script_thread *part;
    /* Place of the next wait, in the script's. */
    uint32_t next_wait;
    struct fb_act_counts counts;
    pthread_t thread;
    void *stack;
    bool is_started;
    /* Under the engine's lock: the list of players that have ended and wait to be joined. */
    struct player *next_ended;
};

struct fb_engine {
    const struct fb_script *script;
    struct fb_replay_plan plan;
    struct fb_block *blocks;
    struct player *players;
    /* Serial mode: the operation whose turn it is. */
    _Alignas(CACHE_LINE) _Atomic uint32_t turn;
    _Alignas(CACHE_LINE) _Atomic uint64_t limit;
    pthread_mutex_t lock;
    pthread_cond_t resumed;
    pthread_cond_t finished;
    fb_stop_fn *stop;
    void *stop_context;
    /* Under the lock. */
    uint64_t alive;
    uint64_t parked;
    uint64_t generation;
    uint64_t stops_done;
    struct player *ended;
    double seconds;
    double resumed_at;
    double began_at;
};

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void relax(unsigned round)
{
    static const struct timespec nap = {.tv_nsec = 20000};
    if (round < SPINS)
        atomic_signal_fence(memory_order_seq_cst);
    else if (round < SPINS + YIELDS)
        sched_yield();
    else
        nanosleep(&nap, NULL);
}

/* --- order ---------------------------------------------------------------- */

static void await_turn(struct player *player, uint32_t op)
{
    struct fb_engine *engine = player->engine;
    for (unsigned i = 0; i < SPINS; i++)
        if (atomic_load_explicit(&engine->turn, memory_order_acquire) == op)
            return;
    /* Pairs with pass_turn: either this sees the turn, or that sees the sleeper. */
    for (;;) {
        atomic_store_explicit(&player->sleeping, 1, memory_order_seq_cst);
        if (atomic_load_explicit(&engine->turn, memory_order_seq_cst) == op)
            break;
        syscall(SYS_futex, &player->sleeping, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    }
    atomic_store_explicit(&player->sleeping, 0, memory_order_relaxed);
}

static void pass_turn(struct player *player, uint32_t op)
{
    struct fb_engine *engine = player->engine;
    atomic_store_explicit(&engine->turn, op + 1, memory_order_seq_cst);
    if (op + 1 == engine->script->ops.count)
        return;
    struct player *next = &engine->players[fb_script_op(engine->script, op + 1)->thread];
    if (next != player && atomic_exchange_explicit(&next->sleeping, 0, memory_order_seq_cst) == 1)
        syscall(SYS_futex, &next->sleeping, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_acquisition(struct player *player)
{
    const struct fb_wait *waits = player->engine->script->waits.data;
    const struct fb_wait *wait = &waits[player->next_wait];
    struct player *other = &player->engine->players[wait->thread];
    unsigned round = 0;
    while (atomic_load_explicit(&other->done, memory_order_acquire) <= wait->op)
        relax(round++);
    player->next_wait = wait->next;
}

static void await_time(const struct fb_engine *engine, uint32_t op)
{
    const uint64_t *stamps = engine->script->stamps.data;
    double due =
        engine->began_at + (double)(stamps[op] - stamps[0]) * engine->script->ns_per_stamp * 1e-9;
    double left = due - now();
    if (left > 0) {
        struct timespec nap = {.tv_sec = (time_t)left};
        nap.tv_nsec = (long)((left - (double)nap.tv_sec) * 1e9);
        nanosleep(&nap, NULL);
    }
}

static uint64_t limit_of_stop(const struct fb_engine *engine, uint64_t stop)
{
    return (stop + 1) * engine->script->ops.count / engine->plan.stops;
}

/* Under the lock, after a thread has parked or ended: if that was the last, do the stop. */
static void stop_if_still(struct fb_engine *engine)
{
    while (engine->parked == engine->alive && engine->stops_done < engine->plan.stops) {
        engine->seconds += now() - engine->resumed_at;
        engine->stop(engine->stop_context, engine, limit_of_stop(engine, engine->stops_done));
        engine->stops_done++;
        engine->resumed_at = now();
        engine->parked = 0;
        engine->generation++;
        if (engine->stops_done < engine->plan.stops)
            atomic_store_explicit(&engine->limit, limit_of_stop(engine, engine->stops_done),
                                  memory_order_release);
        pthread_cond_broadcast(&engine->resumed);
    }
}

/* Under the lock: one thread less. */
static void leave(struct fb_engine *engine)
{
    engine->alive--;
    stop_if_still(engine);
    if (engine->alive == 0)
        pthread_cond_signal(&engine->finished);
}

static void park(struct fb_engine *engine, uint32_t op)
{
    pthread_mutex_lock(&engine->lock);
    while (op >= atomic_load_explicit(&engine->limit, memory_order_relaxed)) {
        uint64_t generation = engine->generation;
        engine->parked++;
        stop_if_still(engine);
        while (generation == engine->generation)
            pthread_cond_wait(&engine->resumed, &engine->lock);
    }
    pthread_mutex_unlock(&engine->lock);
}

/* --- threads -------------------------------------------------------------- */

static void start_player(struct fb_engine *engine, uint32_t number);

static void play_op(struct player *player, uint32_t index)
{
    struct fb_engine *engine = player->engine;
    const struct fb_op *op = fb_script_op(engine->script, index);
    if (engine->plan.pace == FB_PACE_REAL)
        await_time(engine, index);
    if (op->has_wait && engine->plan.mode == FB_REPLAY_PARALLEL)
        await_acquisition(player);
    if (op->kind == FB_KIND_BIRTH && op->size < engine->script->threads.count &&
        fb_script_thread(engine->script, op->size)->is_born)
        start_player(engine, (uint32_t)op->size);
    fb_act(op, engine->blocks, engine->plan.touch, &player->counts);
}

static void *play(void *value)
{
    struct player *player = value;
    struct fb_engine *engine = player->engine;
    const uint32_t *next = engine->script->next.data;
    bool is_serial = engine->plan.mode == FB_REPLAY_SERIAL;
    bool has_turn = false;
    for (uint32_t op = player->part->first_op; op != FB_SCRIPT_END; op = next[op]) {
        if (op >= atomic_load_explicit(&engine->limit, memory_order_acquire))
            park(engine, op);
        if (is_serial && !has_turn)
            await_turn(player, op);
        play_op(player, op);
        has_turn = next[op] == op + 1;
        if (is_serial && !has_turn)
            pass_turn(player, op);
        if (!is_serial)
            atomic_store_explicit(&player->done, op + 1, memory_order_release);
    }
    pthread_mutex_lock(&engine->lock);
    if (player->stack != NULL) {
        player->next_ended = engine->ended;
        engine->ended = player;
    }
    leave(engine);
    pthread_mutex_unlock(&engine->lock);
    return NULL;
}

/* A stack in quiet memory, from a thread that has ended if there is one. */
static void *take_stack(struct fb_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    struct player *ended = engine->ended;
    if (ended != NULL)
        engine->ended = ended->next_ended;
    pthread_mutex_unlock(&engine->lock);
    if (ended == NULL)
        return fb_quiet_reserve("replay stack", STACK_SIZE);
    pthread_join(ended->thread, NULL);
    return ended->stack;
}

static void start_player(struct fb_engine *engine, uint32_t number)
{
    struct player *player = &engine->players[number];
    pthread_attr_t attributes;
    if (player->is_started || player->part->first_op == FB_SCRIPT_END)
        return;
    player->is_started = true;
    player->stack = take_stack(engine);
    pthread_mutex_lock(&engine->lock);
    engine->alive++;
    pthread_mutex_unlock(&engine->lock);
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, player->stack, STACK_SIZE);
    errno = pthread_create(&player->thread, &attributes, play, player);
    if (errno != 0)
        fb_die_errno("replay: cannot start thread %u of the trace", number);
    pthread_attr_destroy(&attributes);
}

/* --- the run -------------------------------------------------------------- */

struct fb_engine *fb_engine_open(const struct fb_script *script, const struct fb_replay_plan *plan)
{
    struct fb_engine *engine = fb_quiet_map("replay", sizeof *engine);
    size_t threads = script->threads.count;
    engine->script = script;
    engine->plan = *plan;
    if (engine->plan.stops == 0)
        engine->plan.stops = 1;
    engine->blocks =
        fb_quiet_map("replay blocks", (script->merged.blocks + (size_t)1) * sizeof *engine->blocks);
    engine->players = fb_quiet_map("replay threads", threads * sizeof *engine->players);
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->resumed, NULL);
    pthread_cond_init(&engine->finished, NULL);
    for (size_t i = 0; i < threads; i++) {
        engine->players[i].engine = engine;
        engine->players[i].part = fb_script_thread(script, i);
        engine->players[i].next_wait = engine->players[i].part->first_wait;
    }
    return engine;
}

const struct fb_block *fb_engine_blocks(struct fb_engine *engine, size_t *count)
{
    *count = engine->script->merged.blocks;
    for (size_t i = 0; i < *count; i++) {
        struct fb_block *block = &engine->blocks[i];
        if (block->address != 0)
            block->usable = fb_usable_size((void *)block->address, block->requested);
    }
    return engine->blocks;
}

double fb_engine_seconds(const struct fb_engine *engine)
{
    return engine->seconds;
}

static void collect(struct fb_engine *engine, struct fb_replay_result *result)
{
    *result = (struct fb_replay_result){.seconds = engine->seconds};
    for (struct player *ended = engine->ended; ended != NULL; ended = ended->next_ended)
        pthread_join(ended->thread, NULL);
    for (size_t i = 0; i < engine->script->threads.count; i++) {
        const struct fb_act_counts *counts = &engine->players[i].counts;
        for (unsigned kind = 0; kind < FB_KIND_COUNT; kind++)
            result->counts[kind] += counts->kinds[kind];
        result->refused += counts->refused;
    }
}

static bool is_there_at_start(const struct fb_script *script, uint32_t number)
{
    if (number >= script->threads.count)
        return false;
    const struct fb_script_thread *thread = fb_script_thread(script, number);
    return thread->is_used && !thread->is_born && thread->first_op != FB_SCRIPT_END;
}

void fb_engine_run(struct fb_engine *engine, fb_stop_fn *stop, void *context,
                   struct fb_replay_result *result)
{
    const struct fb_script *script = engine->script;
    engine->stop = stop;
    engine->stop_context = context;
    engine->began_at = now();
    engine->resumed_at = engine->began_at;
    atomic_store_explicit(&engine->limit, limit_of_stop(engine, 0), memory_order_release);
    /* This thread counts as alive while it starts the others: nothing stands still yet. */
    engine->alive = 1;
    for (uint32_t i = 0; i < script->threads.count; i++)
        if (i != MAIN_THREAD && is_there_at_start(script, i))
            start_player(engine, i);
    if (is_there_at_start(script, MAIN_THREAD))
        play(&engine->players[MAIN_THREAD]);
    pthread_mutex_lock(&engine->lock);
    if (!is_there_at_start(script, MAIN_THREAD))
        leave(engine);
    while (engine->alive > 0)
        pthread_cond_wait(&engine->finished, &engine->lock);
    pthread_mutex_unlock(&engine->lock);
    collect(engine, result);
}
