/* SPDX-License-Identifier: MIT
 *
 * base/classes: all sizes, all classes, all offsets.
 */
#include "unit.h"

#include "base/classes.h"

static bool size_classes_hold_their_requests(void)
{
    for (size_t size = 0; size <= LM_SMALL_MAX; size++)
        UNIT_CHECK_THAT(lm_class_table[lm_class_for(size)].size >= size, "size %zu", size);
    return true;
}

/* Within 16 bytes up to 128, within a quarter above. */
static bool size_classes_are_tight(void)
{
    for (size_t size = 0; size <= LM_SMALL_MAX; size++) {
        size_t waste = lm_class_table[lm_class_for(size)].size - size;
        UNIT_CHECK_THAT(waste <= lm_max(15, size / 4) || size == 0, "size %zu wastes %zu", size,
                        waste);
    }
    return lm_class_table[lm_class_for(0)].size == 16;
}

static bool sizes_are_multiples_of_16_and_grow(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        uint32_t size = lm_class_table[class].size;
        UNIT_CHECK(size % LM_QUANTUM == 0 && size > 0);
        UNIT_CHECK(class == 0 || size > lm_class_table[class - 1].size);
    }
    return lm_class_table[LM_CLASSES - 1].size == LM_SMALL_MAX;
}

static bool a_larger_request_never_gets_a_smaller_class(void)
{
    for (size_t size = 1; size <= LM_SMALL_MAX; size++)
        UNIT_CHECK(lm_class_for(size) >= lm_class_for(size - 1));
    return true;
}

static bool each_class_size_gets_its_own_class_or_the_next(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        unsigned given = lm_class_for(lm_class_table[class].size);
        UNIT_CHECK(given == class || (class >= 8 && given == class + 1));
    }
    return true;
}

static bool a_split_sends_what_fits_to_the_class_below(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        lm_classes_init();
        lm_class_split(class);
        bool is_split = class > 8 && class % 2 == 1;
        for (size_t size = 1; size <= LM_SMALL_MAX; size++) {
            unsigned given = lm_class_for(size);
            bool is_below = is_split && size > lm_class_table[class - 2].size &&
                            size <= lm_class_table[class - 1].size;
            UNIT_CHECK_THAT(is_below ? given == class - 1 : given < 8 || given % 2 == 1,
                            "class %u split: size %zu gets %u", class, size, given);
        }
    }
    return true;
}

/* C3, which aligned requests rely on; also while some classes are split, at odd places, and others are
 * not. */
static bool multiples_of_an_alignment_get_classes_that_are(void)
{
    lm_classes_init();
    for (unsigned step = 0; step <= LM_CLASSES; step++) {
        for (size_t alignment = LM_QUANTUM; alignment <= LM_SMALL_MAX; alignment *= 2)
            for (size_t size = alignment; size <= LM_SMALL_MAX; size += alignment)
                UNIT_CHECK_THAT(
                    lm_class_table[lm_aligned_class(alignment, size)].size % alignment == 0 &&
                        lm_class_table[lm_aligned_class(alignment, size)].size >= size,
                    "size %zu, alignment %zu", size, alignment);
        /* In an order that leaves neighbours in different states. */
        unsigned class = step * 37 % LM_CLASSES;
        if (class > 8)
            lm_class_note(class, lm_class_table[class - 2].size + 40);
        lm_class_split(class);
    }
    return lm_class_table[lm_class_for(4140)].size == 4144;
}

static bool split_classes_are_tight(void)
{
    lm_classes_init();
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        lm_class_split(class);
    UNIT_CHECK(size_classes_hold_their_requests() && a_larger_request_never_gets_a_smaller_class());
    for (size_t size = 1; size <= LM_SMALL_MAX; size++) {
        size_t waste = lm_class_table[lm_class_for(size)].size - size;
        UNIT_CHECK_THAT(waste <= lm_max(15, size / 8), "size %zu wastes %zu", size, waste);
    }
    return true;
}

/* Where requests of these sizes are split: the size of the class below. */
static uint32_t split_after(unsigned class, const size_t *sizes, size_t count)
{
    lm_classes_init();
    for (size_t i = 0; i < count; i++)
        lm_class_note(class, sizes[i]);
    lm_class_split(class);
    return lm_class_table[class - 1].size;
}

static bool a_split_lies_where_the_requests_are(void)
{
    lm_classes_init();
    unsigned class = lm_class_for(5000);
    const size_t alike[] = {4361, 4368, 4368, 4353, 4368};
    UNIT_CHECK(split_after(class, alike, UNIT_COUNT_OF(alike)) == 4368);
    UNIT_CHECK(lm_class_for(4097) == class - 1 && lm_class_for(4368) == class - 1);
    UNIT_CHECK(lm_class_for(4369) == class && size_classes_hold_their_requests());
    const size_t two[] = {4800, 5120, 4800, 5120, 4800, 5120};
    UNIT_CHECK(split_after(class, two, UNIT_COUNT_OF(two)) == 4800);
    /* Nothing to gain, or next to nothing, or nothing known: half way. */
    const size_t spread[] = {4200, 4400, 4600, 4800, 5000, 5100};
    UNIT_CHECK(split_after(class, spread, UNIT_COUNT_OF(spread)) == 4608);
    const size_t near[] = {4500, 4510, 4520};
    UNIT_CHECK(split_after(class, near, UNIT_COUNT_OF(near)) == 4608);
    return split_after(class, NULL, 0) == 4608;
}

static size_t waste_of(const size_t *sizes, size_t count)
{
    size_t waste = 0;
    for (size_t i = 0; i < count; i++)
        waste += lm_class_table[lm_class_for(sizes[i])].size - sizes[i];
    return waste;
}

/* Many more notes than are kept; then the last ones count. */
static bool a_chosen_split_wastes_no_more_than_half_way(void)
{
    enum { KEPT = LM_CLASS_NOTES };
    uint64_t random = tap_seed();
    for (int round = 0; round < 300; round++) {
        size_t sizes[40];
        unsigned class = 9 + 2 * (unsigned)unit_below(&random, 32);
        lm_classes_init();
        size_t low = lm_class_table[class - 2].size;
        size_t step = (lm_class_table[class].size - low) / (1 + unit_below(&random, 8));
        for (size_t i = 0; i < UNIT_COUNT_OF(sizes); i++)
            sizes[i] = low + 1 + unit_below(&random, step);
        lm_class_split(class);
        size_t half_way = waste_of(sizes + UNIT_COUNT_OF(sizes) - KEPT, KEPT);
        uint32_t size = split_after(class, sizes, UNIT_COUNT_OF(sizes));
        UNIT_CHECK(waste_of(sizes + UNIT_COUNT_OF(sizes) - KEPT, KEPT) <= half_way);
        UNIT_CHECK(size > low && size < lm_class_table[class].size && size % LM_QUANTUM == 0);
        UNIT_CHECK(size_classes_hold_their_requests());
    }
    return true;
}

static void *split_all(void *unused)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        lm_class_split(class);
    return unused;
}

static bool requests_fit_at_every_moment(void)
{
    bool is_fit = true;
    for (int round = 0; round < 100 && is_fit; round++) {
        pthread_t threads[2];
        lm_classes_init();
        for (unsigned class = 9; class < LM_CLASSES; class += 2)
            lm_class_note(class, lm_class_table[class - 2].size + 20);
        for (size_t i = 0; i < 2; i++)
            UNIT_CHECK(pthread_create(&threads[i], NULL, split_all, NULL) == 0);
        is_fit = size_classes_hold_their_requests();
        for (size_t i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
    }
    return is_fit && lm_class_table[lm_class_for(2060)].size == 2080;
}

static bool the_reciprocal_divides_exactly(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        uint32_t size = lm_class_table[class].size;
        uint32_t slot = 0;
        uint32_t left = size;
        for (uint32_t offset = 0; offset < 1u << 17; offset++) {
            uint32_t found;
            bool is_start = lm_class_slot_at(class, offset, &found);
            UNIT_CHECK_THAT(found == slot && is_start == (left == size), "class %u offset %u",
                            class, offset);
            if (--left == 0) {
                left = size;
                slot++;
            }
        }
    }
    return true;
}

int main(void)
{
    lm_classes_init();
    UNIT_TRUTH(size_classes_hold_their_requests);
    UNIT_TRUTH(size_classes_are_tight);
    UNIT_TRUTH(sizes_are_multiples_of_16_and_grow);
    UNIT_TRUTH(a_larger_request_never_gets_a_smaller_class);
    UNIT_TRUTH(each_class_size_gets_its_own_class_or_the_next);
    UNIT_TRUTH(the_reciprocal_divides_exactly);
    UNIT_TRUTH(a_split_sends_what_fits_to_the_class_below);
    UNIT_TRUTH(multiples_of_an_alignment_get_classes_that_are);
    UNIT_TRUTH(split_classes_are_tight);
    UNIT_TRUTH(a_split_lies_where_the_requests_are);
    UNIT_TRUTH(a_chosen_split_wastes_no_more_than_half_way);
    UNIT_TRUTH(requests_fit_at_every_moment);
    /* Of sizes that were chosen, too. */
    UNIT_TRUTH(the_reciprocal_divides_exactly);
    return tap_done();
}
