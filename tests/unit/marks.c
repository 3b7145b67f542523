/* SPDX-License-Identifier: MIT
 *
 * space/marks against an array of bytes.
 */
#include "unit.h"

#include "os/os.h"
#include "space/marks.h"

enum { CAPACITY = 9000, STEPS = 20000 };

static uint64_t seed;
static struct lm_marks marks;
static unsigned char bytes[CAPACITY];

static struct lm_run naive_find_last(size_t limit)
{
    size_t end = CAPACITY;
    while (end > 0 && !bytes[end - 1])
        end--;
    size_t first = end;
    while (first > 0 && end - first < limit && bytes[first - 1])
        first--;
    return (struct lm_run){first, end - first};
}

static size_t naive_count(size_t first, size_t count)
{
    size_t sum = 0;
    for (size_t i = first; i < first + count; i++)
        sum += bytes[i];
    return sum;
}

static bool answers_agree(uint64_t *random)
{
    size_t limit = lm_max(1, unit_random_size(random, CAPACITY));
    struct lm_run found = lm_marks_find_last(&marks, limit);
    struct lm_run expected = naive_find_last(limit);
    UNIT_CHECK(found.count == expected.count);
    UNIT_CHECK(found.count == 0 || found.first == expected.first);
    UNIT_CHECK(marks.count == naive_count(0, CAPACITY));
    return true;
}

static bool the_highest_run_of_marks_is_found(void)
{
    uint64_t random = seed;
    UNIT_CHECK(lm_marks_extend(&marks, CAPACITY) && answers_agree(&random));
    for (int step = 0; step < STEPS; step++) {
        size_t count = lm_max(1, unit_random_size(&random, CAPACITY));
        size_t first = unit_below(&random, CAPACITY - count + 1);
        bool is_put = unit_below(&random, 2) == 0;
        if (is_put)
            lm_marks_put(&marks, first, count);
        else
            UNIT_CHECK(lm_marks_drop(&marks, first, count) == naive_count(first, count));
        memset(bytes + first, is_put, count);
        UNIT_CHECK(answers_agree(&random));
    }
    return true;
}

static bool dropping_the_highest_run_empties_the_set(void)
{
    uint64_t random = seed;
    for (size_t i = 0; i < CAPACITY; i++) {
        bytes[i] = unit_below(&random, 5) != 0;
        if (bytes[i])
            lm_marks_put(&marks, i, 1);
        else
            lm_marks_drop(&marks, i, 1);
    }
    while (marks.count != 0) {
        struct lm_run run = lm_marks_find_last(&marks, 1 + unit_below(&random, 10));
        UNIT_CHECK(run.count != 0 && naive_count(run.first, run.count) == run.count);
        lm_marks_drop(&marks, run.first, run.count);
        memset(bytes + run.first, 0, run.count);
        UNIT_CHECK(answers_agree(&random));
    }
    return naive_count(0, CAPACITY) == 0;
}

static bool a_rebuild_finds_count_and_top_again(void)
{
    uint64_t random = seed;
    for (int i = 0; i < 500; i++)
        bytes[unit_below(&random, CAPACITY)] = 1;
    for (size_t i = 0; i < CAPACITY; i++)
        if (bytes[i])
            lm_marks_put(&marks, i, 1);
    marks.count = 12345;
    marks.top = 0;
    enum { BLOCKS = (CAPACITY + LM_RUN_BLOCK - 1) / LM_RUN_BLOCK };
    static struct lm_run_block blocks[BLOCKS];
    struct lm_runs members = {.blocks = blocks, .block_count = BLOCKS};
    UNIT_CHECK(lm_marks_extend(&marks, BLOCKS * LM_RUN_BLOCK));
    memset(blocks, 0xff, sizeof blocks);
    UNIT_CHECK(lm_marks_are_within(&marks, &members));
    for (size_t i = 0; i < CAPACITY; i += 5) {
        blocks[i / LM_RUN_BLOCK].bits[i / 64 % LM_RUN_WORDS] &= ~(UINT64_C(1) << i % 64);
        bytes[i] = 0;
    }
    UNIT_CHECK(!lm_marks_are_within(&marks, &members));
    lm_marks_rebuild(&marks, &members);
    UNIT_CHECK(lm_marks_are_within(&marks, &members));
    return answers_agree(&random);
}

int main(void)
{
    lm_os_init();
    seed = tap_seed();
    marks.area = (struct lm_area){lm_os_reserve(4 * UNIT_PAGE), 4 * UNIT_PAGE, 0, false};
    UNIT_TRUTH(the_highest_run_of_marks_is_found);
    UNIT_TRUTH(dropping_the_highest_run_empties_the_set);
    UNIT_TRUTH(a_rebuild_finds_count_and_top_again);
    return tap_done();
}
