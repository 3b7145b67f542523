/* SPDX-License-Identifier: MIT
 *
 * What happens to a heap's blocks while their classes are split, and how large its slabs become.
 */
#include "unit.h"

#include "heap/registry.h"
#include "observe/snapshot.h"

enum { THREADS = 4, BLOCKS = 4000, SIZES = 4 };

static uint64_t seed;
static _Atomic(unsigned) failures;

/* Takes blocks of `size` until they hold `total` bytes. Result: how many; they go into `blocks`. */
static size_t take_until(void **blocks, size_t size, size_t total)
{
    size_t count = 0;
    size_t held = 0;
    for (; held < total; held += lm_usable_size(blocks[count++]))
        unit_fill(blocks[count] = lm_malloc(size), size, count);
    return count;
}

static bool give_all(void **blocks, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        UNIT_CHECK(unit_is_filled(blocks[i], size, i));
        lm_free(blocks[i]);
    }
    return true;
}

static bool a_class_is_split_once_it_holds_enough(void)
{
    static void *blocks[BLOCKS];
    UNIT_CHECK(lm_class_for(400) == lm_class_for(448));
    size_t count = take_until(blocks, 400, LM_CLASS_SPLIT / 2);
    UNIT_CHECK(lm_usable_size(blocks[count - 1]) == 448 && lm_class_for(400) == lm_class_for(448));
    UNIT_CHECK(give_all(blocks, count, 400));
    count = take_until(blocks, 400, 2 * LM_CLASS_SPLIT);
    UNIT_CHECK(lm_usable_size(blocks[0]) == 448 && lm_usable_size(blocks[count - 1]) == 400);
    UNIT_CHECK(lm_class_for(400) == lm_class_for(385) && lm_class_for(401) == lm_class_for(448));
    UNIT_CHECK(lm_class_for(300) == lm_class_for(320) && lm_class_for(520) == lm_class_for(640));
    return give_all(blocks, count, 400);
}

static bool the_class_that_hosts_most_stays_whole(void)
{
    static void *blocks[BLOCKS];
    lm_trim();
    size_t count = take_until(blocks, LM_CLASS_WHOLE - 16, 2 * LM_CLASS_SPLIT);
    UNIT_CHECK(lm_class_for(LM_CLASS_WHOLE - 16) == lm_class_for(LM_CLASS_WHOLE));
    return give_all(blocks, count, LM_CLASS_WHOLE - 16);
}

static bool older_blocks_stay_what_they_are(void)
{
    static void *blocks[BLOCKS];
    /* The first one is a guest, the others find no slab of a smaller class that could host them. */
    lm_trim();
    void *guest = lm_malloc(1050);
    UNIT_CHECK(lm_usable_size(guest) != 1280);
    lm_free(guest);
    lm_trim();
    size_t count = take_until(blocks, 1050, 2 * LM_CLASS_SPLIT);
    UNIT_CHECK(lm_usable_size(blocks[0]) == 1280 && lm_usable_size(blocks[count - 1]) == 1056);
    UNIT_CHECK(lm_realloc(blocks[0], 1280) == blocks[0] &&
               lm_realloc(blocks[0], 1050) == blocks[0]);
    UNIT_CHECK(lm_usable_size(blocks[0]) == 1280);
    void *aligned = lm_memalign(256, 1050);
    UNIT_CHECK((uintptr_t)aligned % 256 == 0 && lm_usable_size(aligned) >= 1050);
    lm_free(aligned);
    return give_all(blocks, count, 1050);
}

static bool slabs_grow_tight_once_a_class_holds_enough(void)
{
    static void *blocks[BLOCKS];
    static struct lm_snapshot now;
    unsigned class = lm_class_for(4400);
    size_t count = take_until(blocks, 4400, 4 * LM_SLAB_TIGHT_FROM);
    lm_snapshot_take(&now);
    const struct lm_class_count *fine = &now.classes[class - 1];
    size_t tail = fine->size - fine->slots * lm_class_table[class - 1].size;
    size_t least = lm_slab_units(class - 1) * lm_unit_size;
    UNIT_CHECK_THAT(fine->size > fine->slabs * least, "%zu slabs of %zu", fine->slabs, least);
    UNIT_CHECK_THAT(tail <= LM_SLAB_TIGHT_FROM / 2 + fine->size / LM_SLAB_TAIL_SHARE, "%zu of %zu",
                    tail, fine->size);
    return give_all(blocks, count, 4400);
}

/* Everybody takes the same sizes, which nobody has taken before, so they split at once. */
static bool take_part(uint64_t random)
{
    static const size_t sizes[SIZES] = {1300, 2100, 2600, 5400};
    void **blocks[SIZES];
    size_t counts[SIZES];
    for (size_t i = 0; i < SIZES; i++) {
        blocks[i] = malloc(BLOCKS * sizeof(void *));
        counts[i] =
            take_until(blocks[i], sizes[i], 2 * LM_SLAB_TIGHT_FROM + unit_below(&random, 9999));
    }
    for (size_t i = 0; i < SIZES; i++) {
        size_t usable = lm_usable_size(blocks[i][counts[i] - 1]);
        /* A guest of a smaller class may have more room than a block of its own class. */
        size_t most = lm_max(sizes[i] * 9 / 8, sizes[i] + sizes[i] / LM_GUEST_WASTE);
        UNIT_CHECK_THAT(usable <= most, "%zu for %zu", usable, sizes[i]);
        UNIT_CHECK(give_all(blocks[i], counts[i], sizes[i]));
        free(blocks[i]);
    }
    return true;
}

static void *be_a_thread(void *argument)
{
    failures += !take_part(seed + (uintptr_t)argument);
    return NULL;
}

static bool threads_may_split_at_the_same_time(void)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        UNIT_CHECK(pthread_create(&threads[i], NULL, be_a_thread, (void *)i) == 0); // NOLINT
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return failures == 0;
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(a_class_is_split_once_it_holds_enough);
    UNIT_TRUTH(the_class_that_hosts_most_stays_whole);
    UNIT_TRUTH(older_blocks_stay_what_they_are);
    UNIT_TRUTH(slabs_grow_tight_once_a_class_holds_enough);
    UNIT_TRUTH(threads_may_split_at_the_same_time);
    return tap_done();
}
