/* SPDX-License-Identifier: MIT
 *
 * core/ with several threads, each with a model of its own, that also hand blocks to each other.
 */
#include "model.h"

#include "observe/snapshot.h"

enum { THREADS = 4, STEPS = 12000, SHELF = 300, WAVES = 3 };

static uint64_t seed;
static size_t usual;
static size_t most;
static _Atomic(unsigned) failures;

/* What lies here belongs to nobody; a block's record travels beside it. */
static struct {
    _Atomic(struct model_block *) block;
} shelf[SHELF];

/* Gives one of ours away and takes in what somebody else had put there. */
static bool exchange_one(struct model *model)
{
    struct model_block *mine = &model->blocks[unit_below(&model->random, MODEL_BLOCKS)];
    if (mine->start == NULL)
        return true;
    struct model_block *gift = malloc(sizeof *gift);
    *gift = *mine;
    mine->start = NULL;
    struct model_block *got =
        atomic_exchange(&shelf[unit_below(&model->random, SHELF)].block, gift);
    if (got != NULL)
        *mine = *got;
    free(got);
    return mine->start == NULL || model_is_marked(mine->start, mine, mine->size);
}

static bool live(struct model *model)
{
    for (int step = 0; step < STEPS; step++) {
        UNIT_CHECK(model_step(model));
        if (unit_below(&model->random, 4) == 0)
            UNIT_CHECK(exchange_one(model));
        if (unit_below(&model->random, 4000) == 0)
            lm_trim();
    }
    return model_end(model);
}

static void *be_a_thread(void *argument)
{
    struct model *model = calloc(1, sizeof *model);
    model->random = seed + (uintptr_t)argument;
    model->usual = usual;
    model->most = most;
    failures += !live(model);
    free(model);
    return NULL;
}

static bool empty_shelf(void)
{
    for (int i = 0; i < SHELF; i++) {
        struct model_block *block = atomic_exchange(&shelf[i].block, NULL);
        if (block != NULL)
            UNIT_CHECK(model_free(block));
        free(block);
    }
    struct lm_snapshot now;
    lm_trim();
    lm_snapshot_take(&now);
    UNIT_CHECK_THAT(now.live == 0 && now.slabs == 0, "%zu live, %zu in slabs", now.live, now.slabs);
    lm_units_verify();
    return lm_units_totals().in_use == 0;
}

static bool run_threads(size_t usual_size, size_t most_size)
{
    void *arguments[] = {(void *)1, (void *)2, (void *)3, (void *)4};
    usual = usual_size;
    most = most_size;
    for (int wave = 0; wave < WAVES; wave++) {
        seed += 100;
        unit_in_threads(THREADS, be_a_thread, arguments);
        UNIT_CHECK(failures == 0);
        if (wave % 2 == 1)
            UNIT_CHECK(empty_shelf());
    }
    return empty_shelf();
}

static bool threads_share_small_blocks(void)
{
    return run_threads(500, 20000);
}

static bool threads_share_blocks_of_all_sizes(void)
{
    return run_threads(20000, 500000);
}

/* While others live, one asks all the time where the memory is. */
static _Atomic(bool) is_over;

static void *look_around(void *unused)
{
    struct lm_snapshot now;
    while (!is_over) {
        lm_snapshot_take(&now);
        failures += now.heaps > 20 || now.committed < now.slabs;
        usleep(200);
    }
    return unused;
}

static bool threads_may_be_looked_at(void)
{
    pthread_t watcher;
    pthread_create(&watcher, NULL, look_around, NULL);
    bool is_right = run_threads(800, 40000);
    is_over = true;
    pthread_join(watcher, NULL);
    return is_right && failures == 0;
}

/* Threads that start the library together. */
static pthread_barrier_t start_line;

static void *start_with_all(void *unused)
{
    pthread_barrier_wait(&start_line);
    void *block = lm_malloc(100);
    failures += block == NULL;
    lm_free(block);
    return unused;
}

static bool threads_start_the_library_together(void)
{
    unit_prepare();
    pthread_barrier_init(&start_line, NULL, THREADS);
    unit_in_threads(THREADS, start_with_all, NULL);
    return failures == 0;
}

int main(void)
{
    seed = tap_seed();
    UNIT_TRUTH(threads_start_the_library_together);
    UNIT_TRUTH(threads_share_small_blocks);
    UNIT_TRUTH(threads_share_blocks_of_all_sizes);
    UNIT_TRUTH(threads_may_be_looked_at);
    return tap_done();
}
