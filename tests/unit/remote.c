/* SPDX-License-Identifier: MIT
 *
 * heap/outbox and the inboxes: strangers' frees reach their slabs, whoever lives or not.
 */
#include "unit.h"

#include "heap/owner.h"
#include "heap/registry.h"
#include "observe/snapshot.h"

enum { BLOCKS = 30000, THREADS = 4, EXCHANGE = 512, STEPS = 60000 };

static uint64_t seed;
static void *blocks[BLOCKS];
static _Atomic(unsigned) failures;

/* Nothing is used any more, in any heap. */
static bool all_slots_came_back(void)
{
    struct lm_snapshot now;
    lm_trim();
    lm_snapshot_take(&now);
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        UNIT_CHECK_THAT(now.classes[class].used == 0 && now.classes[class].slabs == 0,
                        "class %u: %zu slots used in %zu slabs", class, now.classes[class].used,
                        now.classes[class].slabs);
    UNIT_CHECK_THAT(lm_units_totals().in_use == 0, "%zu units in use", lm_units_totals().in_use);
    UNIT_CHECK(now.live == 0 && now.cached == 0);
    return true;
}

static void *take_some(void *argument)
{
    uint64_t random = seed + (uintptr_t)argument;
    size_t share = BLOCKS / THREADS;
    void **mine = blocks + (uintptr_t)argument * share;
    for (size_t i = 0; i < share; i++) {
        size_t size = unit_random_size(&random, 2000);
        mine[i] = lm_malloc(size);
        memset(mine[i], 1, size);
    }
    return NULL;
}

/* Each thread frees every fourth block, which others took. */
static void *free_some(void *argument)
{
    for (size_t i = (uintptr_t)argument; i < BLOCKS; i += THREADS) {
        lm_free(blocks[i]);
        failures += lm_thread.heap->outbox_size >= LM_OUTBOX_BYTES;
    }
    return NULL;
}

static void *numbers[THREADS] = {(void *)0, (void *)1, (void *)2, (void *)3};

static bool frees_by_one_stranger_come_back(void)
{
    void *all[] = {(void *)0};
    for (int i = 0; i < THREADS; i++)
        take_some(numbers[i]);
    for (int i = 0; i < THREADS; i++) {
        all[0] = numbers[i];
        unit_in_threads(1, free_some, all);
    }
    return all_slots_came_back();
}

static bool frees_by_many_strangers_come_back(void)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THREADS; i++)
            take_some(numbers[i]);
        unit_in_threads(THREADS, free_some, numbers);
        UNIT_CHECK(all_slots_came_back());
    }
    return true;
}

/* The owners are gone when the blocks are freed. */
static bool frees_into_parked_heaps_come_back(void)
{
    for (int round = 0; round < 3; round++) {
        unit_in_threads(THREADS, take_some, numbers);
        if (round == 0)
            for (int i = 0; i < THREADS; i++)
                free_some(numbers[i]);
        else
            unit_in_threads(THREADS, free_some, numbers);
        UNIT_CHECK(all_slots_came_back());
    }
    return true;
}

/* This thread waits meanwhile. */
static bool a_sleeping_owners_mail_is_taken_in(void)
{
    for (int i = 0; i < THREADS; i++)
        take_some(numbers[i]);
    size_t before = lm_thread.heap->control->slab_count;
    unit_in_threads(1, free_some, numbers);
    unit_in_threads(1, free_some, numbers + 1);
    unit_in_threads(1, free_some, numbers + 2);
    unit_in_threads(1, free_some, numbers + 3);
    size_t after = lm_thread.heap->control->slab_count;
    UNIT_CHECK_THAT(after < before / 3, "%zu of %zu slabs are left", after, before);
    return all_slots_came_back();
}

enum { SWAPS = 300 };

static void *swapped[SWAPS];
static size_t swapped_size;

/* How many of the blocks that it freed come back to a thread that takes and frees in turn; in
 * swapped[0]. */
static void *swap(void *unused)
{
    size_t again = 0;
    for (int i = 0; i < SWAPS; i++) {
        lm_free(swapped[i]);
        void *block = lm_malloc(swapped_size);
        again += block == swapped[i];
        swapped[i] = block;
    }
    for (int i = 0; i < SWAPS; i++)
        lm_free(swapped[i]);
    swapped[0] = (void *)again; // NOLINT
    return unused;
}

static size_t swap_blocks_of(size_t size)
{
    swapped_size = size;
    for (int i = 0; i < SWAPS; i++)
        swapped[i] = lm_malloc(size);
    unit_in_threads(1, swap, NULL);
    return (size_t)swapped[0];
}

static bool who_swaps_blocks_takes_what_it_freed_unless_they_share_lines(void)
{
    size_t again = swap_blocks_of(LM_OPEN_LEAST);
    UNIT_CHECK_THAT(again > SWAPS / 2, "%zu of %d", again, SWAPS);
    again = swap_blocks_of(LM_OPEN_LEAST / 2);
    UNIT_CHECK_THAT(again == 0, "%zu of %d", again, SWAPS);
    return all_slots_came_back();
}

static size_t held_back(void)
{
    return unit_cached(lm_thread.heap, lm_class_for(swapped_size));
}

/* In swapped[0]: how many blocks it holds back. */
static void *only_free(void *unused)
{
    lm_free(lm_malloc(swapped_size));
    for (int i = 0; i < SWAPS; i++)
        lm_free(swapped[i]);
    swapped[0] = (void *)held_back(); // NOLINT
    return unused;
}

/* Of the smallest size that is kept at all: an ebb would hide that a magazine grew for larger ones. */
static bool who_only_frees_keeps_a_first_magazine_at_most(void)
{
    swapped_size = LM_OPEN_LEAST;
    for (int i = 0; i < SWAPS; i++)
        swapped[i] = lm_malloc(swapped_size);
    unit_in_threads(1, only_free, NULL);
    UNIT_CHECK_THAT((size_t)swapped[0] <= LM_MAGAZINE_FIRST, "%zu", (size_t)swapped[0]);
    return all_slots_came_back();
}

/* Frees many of its own, then those of others. In swapped[0]: whether the latter moved the bounds of its
 * magazine. */
static void *free_own_and_others(void *unused)
{
    void *mine[SWAPS];
    for (int i = 0; i < SWAPS; i++)
        mine[i] = lm_malloc(swapped_size);
    const struct lm_magazine *magazine = &lm_thread.heap->magazines[lm_class_for(swapped_size)];
    for (int i = 0; i < SWAPS; i++)
        lm_free(mine[i]);
    struct lm_magazine before = *magazine;
    for (int i = 0; i < SWAPS; i++)
        lm_free(swapped[i]);
    bool is_moved = magazine->end != before.end || magazine->flushes != before.flushes;
    failures += held_back() > magazine->capacity;
    swapped[0] = (void *)(size_t)is_moved; // NOLINT
    return unused;
}

static bool blocks_of_others_flush_no_magazine(void)
{
    failures = 0;
    swapped_size = 400;
    for (int i = 0; i < SWAPS; i++)
        swapped[i] = lm_malloc(swapped_size);
    unit_in_threads(1, free_own_and_others, NULL);
    UNIT_CHECK(failures == 0 && swapped[0] == NULL);
    return all_slots_came_back();
}

static bool an_outbox_stays_below_its_limit(void)
{
    return failures == 0;
}

static _Atomic(void *) exchange[EXCHANGE];

/* Everybody takes blocks out of a common place, frees them and puts own ones there. */
static void *trade(void *argument)
{
    uint64_t random = seed * 3 + (uintptr_t)argument;
    for (int step = 0; step < STEPS; step++) {
        size_t size = 16 + unit_random_size(&random, 500);
        size_t *mine = lm_malloc(size);
        mine[0] = size;
        unit_fill(mine + 1, size - sizeof size, size);
        size_t *theirs = atomic_exchange(&exchange[unit_below(&random, EXCHANGE)], mine);
        if (theirs == NULL)
            continue;
        failures += !unit_is_filled(theirs + 1, theirs[0] - sizeof size, theirs[0]);
        lm_free(theirs);
    }
    return NULL;
}

static bool traded_blocks_stay_whole_and_come_back(void)
{
    failures = 0;
    unit_in_threads(THREADS, trade, numbers);
    for (int i = 0; i < EXCHANGE; i++) {
        lm_free(exchange[i]);
        exchange[i] = NULL;
    }
    UNIT_CHECK(failures == 0);
    return all_slots_came_back();
}

static void *free_and_stay_small(void *argument)
{
    for (int i = 0; i < 100; i++)
        lm_free(((void **)argument)[i]);
    return NULL;
}

/* One word of a slab's bitmap: its blocks travel together. */
static bool frees_into_one_word_are_merged(void)
{
    void *arguments[] = {blocks};
    for (int i = 0; i < 100; i++)
        blocks[i] = lm_malloc(16);
    unit_in_threads(1, free_and_stay_small, arguments);
    return all_slots_came_back();
}

static void *leave_half(void *unused)
{
    /* The blocks are to lie in slabs of this thread's, and not in the commons'. */
    for (int i = 0; i < LM_SHARE_MOST; i++)
        lm_free(lm_malloc(1000));
    for (int i = 0; i < 40; i++)
        blocks[i] = lm_malloc(1000);
    for (int i = 20; i < 40; i++)
        lm_free(blocks[i]);
    return unused;
}

/* A stranger had looked up the owner, then the slab changed hands, then the mail arrived. */
static bool mail_follows_a_slab_to_its_new_owner(void)
{
    void *mine[200];
    int count = 0;
    struct lm_slot slot;
    unit_in_threads(1, leave_half, NULL);
    /* Sixteen to a slab: this is the last of those that are used. */
    UNIT_CHECK(lm_slab_find(blocks[19], lm_unit_of(blocks[19]), &slot));
    uint32_t owner = slot.slab->owner;
    struct lm_remote *node = lm_slab_remote(slot.slab, slot.word);
    while ((slot.slab->owner == owner || slot.slab->used < slot.slab->slots) && count < 200)
        mine[count++] = lm_malloc(1000);
    UNIT_CHECK(slot.slab->owner == lm_heap_id(lm_thread.heap->control));
    node->bits = slot.bit;
    node->next = lm_heap_control_at(owner)->inbox;
    lm_heap_control_at(owner)->inbox = lm_remote_index(node);
    lm_heap_settle(lm_heap_control_at(owner));
    UNIT_CHECK(lm_heap_control_at(owner)->inbox == 0);
    do
        mine[count++] = lm_malloc(1000);
    while (mine[count - 1] != blocks[19] && count < 200);
    UNIT_CHECK(mine[count - 1] == blocks[19]);
    for (int i = 0; i < 19; i++)
        lm_free(blocks[i]);
    while (count > 0)
        lm_free(mine[--count]);
    return all_slots_came_back();
}

static bool without_magazines_strangers_frees_come_back(void)
{
    lm_options.magazines = false;
    unit_start();
    for (int i = 0; i < THREADS; i++)
        take_some(numbers[i]);
    unit_in_threads(THREADS, free_some, numbers);
    return all_slots_came_back();
}

/* A destructor of a later round finds its thread without a heap. */
static pthread_key_t late_key;

static void free_late(void *block)
{
    static _Thread_local int rounds;
    if (rounds++ < 2) {
        pthread_setspecific(late_key, block);
        return;
    }
    failures += !unit_is_filled(block, 100, 5);
    lm_free(block);
    void *last = lm_malloc(300);
    failures += last == NULL;
    lm_free(last);
}

static void *die_late(void *unused)
{
    void *block = lm_malloc(100);
    unit_fill(block, 100, 5);
    pthread_setspecific(late_key, block);
    return unused;
}

static bool a_thread_frees_with_its_last_breath(void)
{
    failures = 0;
    pthread_key_create(&late_key, free_late);
    for (int round = 0; round < 20; round++)
        unit_in_threads(THREADS, die_late, NULL);
    UNIT_CHECK(failures == 0);
    return all_slots_came_back();
}

int main(void)
{
    seed = tap_seed();
    if (unit_is_thread_sanitized)
        tap_skip("without_magazines_strangers_frees_come_back", "no threads after fork");
    else
        UNIT_TRUTH_IN_CHILD(without_magazines_strangers_frees_come_back);
    unit_start();
    UNIT_TRUTH(frees_by_one_stranger_come_back);
    UNIT_TRUTH(frees_by_many_strangers_come_back);
    UNIT_TRUTH(frees_into_parked_heaps_come_back);
    UNIT_TRUTH(a_sleeping_owners_mail_is_taken_in);
    UNIT_TRUTH(who_swaps_blocks_takes_what_it_freed_unless_they_share_lines);
    UNIT_TRUTH(who_only_frees_keeps_a_first_magazine_at_most);
    UNIT_TRUTH(blocks_of_others_flush_no_magazine);
    UNIT_TRUTH(an_outbox_stays_below_its_limit);
    UNIT_TRUTH(frees_into_one_word_are_merged);
    UNIT_TRUTH(mail_follows_a_slab_to_its_new_owner);
    UNIT_TRUTH(traded_blocks_stay_whole_and_come_back);
    UNIT_TRUTH(a_thread_frees_with_its_last_breath);
    return tap_done();
}
