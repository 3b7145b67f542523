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

/* C3, which aligned requests rely on; also while some classes are split and others are not. */
static bool multiples_of_an_alignment_get_classes_that_are(void)
{
    lm_classes_init();
    for (unsigned step = 0; step <= LM_CLASSES; step++) {
        for (size_t alignment = LM_QUANTUM; alignment <= LM_SMALL_MAX; alignment *= 2)
            for (size_t size = alignment; size <= LM_SMALL_MAX; size += alignment)
                UNIT_CHECK_THAT(lm_class_table[lm_class_for(size)].size % alignment == 0,
                                "size %zu, alignment %zu", size, alignment);
        /* In an order that leaves neighbours in different states. */
        lm_class_split(step * 37 % LM_CLASSES);
    }
    return true;
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

/* A fork may strike between two bytes. */
static bool a_split_that_was_cut_short_is_finished_by_the_next(void)
{
    unsigned class = lm_class_for(1280);
    lm_classes_init();
    lm_class_split(class);
    store_relaxed(&lm_class_of[1040 / LM_QUANTUM], (uint8_t) class);
    UNIT_CHECK(size_classes_hold_their_requests());
    lm_class_split(class);
    return lm_class_for(1040) == class - 1;
}

static _Atomic(bool) is_over;

static void *split_again_and_again(void *unused)
{
    while (!is_over) {
        lm_classes_init();
        for (unsigned class = 0; class < LM_CLASSES; class ++)
            lm_class_split(class);
    }
    return unused;
}

static bool requests_fit_at_every_moment(void)
{
    pthread_t threads[2];
    is_over = false;
    for (size_t i = 0; i < 2; i++)
        UNIT_CHECK(pthread_create(&threads[i], NULL, split_again_and_again, NULL) == 0);
    bool is_fit = true;
    for (int round = 0; round < 50 && is_fit; round++)
        is_fit = size_classes_hold_their_requests();
    is_over = true;
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return is_fit;
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
    UNIT_TRUTH(a_split_that_was_cut_short_is_finished_by_the_next);
    UNIT_TRUTH(requests_fit_at_every_moment);
    return tap_done();
}
