/* SPDX-License-Identifier: MIT
 *
 * heap/bin: places are numbers, the lowest serves first.
 */
#include "unit.h"

#include "heap/bin.h"

enum { SLABS = 1200, STEPS = 30000, OWNER = 9, CLASS = 40 };

static uint64_t seed;
static struct lm_bin bin;
static struct lm_slab *slabs[SLABS];
/* Which slab has each place, the naive way. */
static struct lm_slab *places[SLABS];

static bool make_slabs(void)
{
    for (int i = 0; i < SLABS; i++) {
        size_t dirty;
        size_t unit = lm_units_take(lm_slab_units(CLASS), 1, &dirty);
        slabs[i] =
            unit == LM_NO_UNIT ? NULL : lm_slab_create(CLASS, unit, lm_slab_units(CLASS), OWNER);
        if (slabs[i] == NULL)
            return false;
    }
    return true;
}

static size_t lowest_vacant(void)
{
    size_t place = 0;
    while (places[place] != NULL)
        place++;
    return place;
}

/* One that is not among the last, if there is one. */
static struct lm_slab *lowest_partial(void)
{
    struct lm_slab *last = NULL;
    for (size_t place = 0; place < SLABS; place++) {
        struct lm_slab *slab = places[place];
        if (slab == NULL || slab->used == slab->slots)
            continue;
        if (slab->heat != LM_SLAB_SWEPT)
            return slab;
        if (last == NULL)
            last = slab;
    }
    return last;
}

static bool add(struct lm_slab *slab)
{
    size_t expected = lowest_vacant();
    UNIT_CHECK(lm_bin_add(&bin, slab) && slab->place == expected);
    places[expected] = slab;
    return true;
}

static void remove_slab(struct lm_slab *slab)
{
    places[slab->place] = NULL;
    lm_bin_remove(&bin, slab);
}

static bool new_slabs_take_the_lowest_vacant_place(void)
{
    size_t capacity = 0;
    for (int i = 0; i < SLABS; i++) {
        UNIT_CHECK(add(slabs[i]) && bin.capacity >= capacity);
        if (bin.capacity != capacity) {
            capacity = bin.capacity;
            UNIT_CHECK(capacity == 4 || capacity == 64 || capacity == 256 || capacity == 1024 ||
                       capacity == 4096);
            UNIT_CHECK((size_t)i == capacity / 4 || (capacity == 64 && i == 4) || i == 0);
        }
    }
    lm_bin_verify(&bin, CLASS, OWNER);
    for (int i = 3; i < SLABS; i += 3)
        remove_slab(slabs[i]);
    lm_bin_verify(&bin, CLASS, OWNER);
    for (int i = SLABS / 3 * 3 - 3; i >= 3; i -= 3)
        UNIT_CHECK(add(slabs[i]));
    lm_bin_verify(&bin, CLASS, OWNER);
    return true;
}

static bool next_walks_all_places_in_order(void)
{
    uint32_t place = 0;
    for (size_t expected = 0; expected < SLABS; expected++) {
        if (places[expected] == NULL)
            continue;
        UNIT_CHECK(lm_bin_next(&bin, &place) == places[expected] && place == expected);
        place++;
    }
    return lm_bin_next(&bin, &place) == NULL;
}

/* Fills the slab or empties it, and says so as the heap does. */
static bool use(struct lm_slab *slab, uint64_t *random)
{
    void *out[1024];
    if (slab->used == slab->slots) {
        UNIT_CHECK(lm_slab_put(slab, 0, slab->free[0] ^ lm_bits_ones(slab->slots)));
        lm_bin_mark_partial(&bin, slab);
        return true;
    }
    if (slab->heat != LM_SLAB_SWEPT && unit_below(random, 3) == 0) {
        /* As if it had been swept. */
        slab->heat = LM_SLAB_SWEPT;
        lm_bin_mark_last(&bin, slab);
        return true;
    }
    size_t count = 1 + unit_below(random, slab->slots);
    lm_slab_refill(slab, out + count, count);
    if (slab->used == slab->slots)
        lm_bin_mark_full(&bin, slab);
    else
        lm_bin_mark_partial(&bin, slab);
    return true;
}

static bool the_lowest_partly_used_slab_serves_first(void)
{
    uint64_t random = seed;
    for (int step = 0; step < STEPS; step++) {
        size_t place = unit_below(&random, SLABS);
        UNIT_CHECK(lm_bin_partial(&bin) == lowest_partial());
        if (places[place] != NULL)
            UNIT_CHECK(use(places[place], &random));
        if (step % 500 == 0) {
            lm_bin_verify(&bin, CLASS, OWNER);
            UNIT_CHECK(next_walks_all_places_in_order());
        }
        /* Mostly the lowest ones are filled, as in life. */
        struct lm_slab *lowest = lm_bin_partial(&bin);
        if (lowest != NULL && unit_below(&random, 3) == 0)
            UNIT_CHECK(use(lowest, &random));
    }
    return true;
}

static bool slabs_come_and_go_at_random(void)
{
    uint64_t random = seed + 1;
    bool is_in[SLABS];
    memset(is_in, 1, sizeof is_in);
    for (int step = 0; step < STEPS / 2; step++) {
        size_t i = unit_below(&random, SLABS);
        if (is_in[i]) {
            remove_slab(slabs[i]);
        } else {
            /* A slab that was among the last is not at once in its new bin. */
            slabs[i]->heat = LM_SLAB_HOT;
            UNIT_CHECK(add(slabs[i]));
        }
        is_in[i] = !is_in[i];
        UNIT_CHECK(lm_bin_partial(&bin) == lowest_partial());
        if (step % 500 == 0)
            lm_bin_verify(&bin, CLASS, OWNER);
    }
    for (int i = 0; i < SLABS; i++)
        if (is_in[i])
            remove_slab(slabs[i]);
    UNIT_CHECK(next_walks_all_places_in_order());
    return lm_bin_partial(&bin) == NULL;
}

static bool a_reset_bin_is_empty_and_ready(void)
{
    lm_bin_reset(&bin);
    UNIT_CHECK(unit_is_zero(&bin, sizeof bin) && lm_bin_partial(&bin) == NULL);
    size_t metadata = lm_metadata_size();
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 300; i++) {
            slabs[i]->heat = LM_SLAB_HOT;
            UNIT_CHECK(add(slabs[i]));
            if (i < 200 && slabs[i]->used < slabs[i]->slots) {
                slabs[i]->heat = LM_SLAB_SWEPT;
                lm_bin_mark_last(&bin, slabs[i]);
            }
        }
        /* However often the bin has grown since. */
        UNIT_CHECK(lm_bin_partial(&bin) == lowest_partial());
        for (int i = 0; i < 300; i++)
            remove_slab(slabs[i]);
        lm_bin_reset(&bin);
    }
    UNIT_CHECK_THAT(lm_metadata_size() == metadata, "arrays leak: %zu bytes more",
                    lm_metadata_size() - metadata);
    return true;
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    if (!make_slabs())
        tap_bail("no memory for %d slabs", SLABS);
    UNIT_TRUTH(new_slabs_take_the_lowest_vacant_place);
    UNIT_TRUTH(next_walks_all_places_in_order);
    UNIT_TRUTH(the_lowest_partly_used_slab_serves_first);
    UNIT_TRUTH(slabs_come_and_go_at_random);
    UNIT_TRUTH(a_reset_bin_is_empty_and_ready);
    return tap_done();
}
