/* SPDX-License-Identifier: MIT
 *
 * space/runs against an array of bytes.
 */
#include "unit.h"

#include "os/os.h"
#include "space/runs.h"

/* The set under test and the naive one. */
struct pair {
    struct lm_runs runs;
    unsigned char *bytes;
    size_t capacity;
    /* things that may be members by now */
    size_t known;
    uint64_t *random;
};

static size_t naive_find(const struct pair *pair, size_t count)
{
    size_t run = 0;
    for (size_t i = 0; i < pair->known; i++) {
        run = pair->bytes[i] ? run + 1 : 0;
        if (run >= count)
            return i + 1 - count;
    }
    return LM_NO_RUN;
}

static size_t naive_length_below(const struct pair *pair, size_t end, size_t limit)
{
    size_t length = 0;
    while (length < limit && length < end && pair->bytes[end - length - 1])
        length++;
    return length;
}

static size_t naive_length(const struct pair *pair, size_t first, size_t limit)
{
    size_t length = 0;
    while (length < limit && first + length < pair->known && pair->bytes[first + length])
        length++;
    return length;
}

static size_t naive_members(const struct pair *pair, size_t first, size_t count)
{
    size_t members = 0;
    for (size_t i = first; i < first + count; i++)
        members += pair->bytes[i];
    return members;
}

/* Short ranges mostly, now and then long ones that cross blocks and nodes. */
static struct lm_run random_range(struct pair *pair)
{
    size_t count = lm_max(1, unit_random_size(pair->random, pair->known));
    count = lm_min(count, pair->known);
    return (struct lm_run){unit_below(pair->random, pair->known - count + 1), count};
}

static bool finds_agree(const struct pair *pair, size_t count)
{
    size_t found = lm_runs_find(&pair->runs, count);
    size_t expected = naive_find(pair, count);
    UNIT_CHECK_THAT(found == expected, "find(%zu) of %zu: %zd, not %zd", count, pair->capacity,
                    (ssize_t)found, (ssize_t)expected);
    size_t end = unit_below(pair->random, pair->known + 1);
    size_t below = naive_length_below(pair, end, count);
    UNIT_CHECK_THAT(lm_runs_length_below(&pair->runs, end, count) == below,
                    "length_below(%zu, %zu): not %zu", end, count, below);
    size_t least = 1 + unit_below(pair->random, count);
    size_t at_top = below >= least ? end - below : LM_NO_RUN;
    size_t roomy = expected != LM_NO_RUN ? expected : at_top;
    UNIT_CHECK(lm_runs_find_roomy(&pair->runs, least, count, end) == roomy);
    return true;
}

static bool answers_agree(struct pair *pair)
{
    struct lm_run range = random_range(pair);
    UNIT_CHECK(finds_agree(pair, range.count) && finds_agree(pair, 1));
    UNIT_CHECK(finds_agree(pair, 1 + unit_below(pair->random, 70)));
    UNIT_CHECK(lm_runs_length(&pair->runs, range.first, range.count) ==
               naive_length(pair, range.first, range.count));
    UNIT_CHECK(lm_runs_length(&pair->runs, range.first, pair->capacity) ==
               naive_length(pair, range.first, pair->capacity));
    UNIT_CHECK(lm_runs_members(&pair->runs, range.first, range.count) ==
               naive_members(pair, range.first, range.count));
    return true;
}

static bool sum_agrees(const struct pair *pair)
{
    UNIT_CHECK(pair->runs.member_count == naive_members(pair, 0, pair->known));
    lm_runs_verify(&pair->runs);
    return true;
}

/* Also true in builds where lm_runs_verify is silent. */
static bool a_rebuild_changes_nothing(struct pair *pair)
{
    size_t size = pair->runs.area.committed;
    size_t members = pair->runs.member_count;
    struct lm_runs own = pair->runs;
    char *before = malloc(size + 1);
    memcpy(before, pair->runs.area.base, size);
    lm_runs_rebuild(&pair->runs);
    bool is_same = memcmp(before, pair->runs.area.base, size) == 0 &&
                   memcmp(&own, &pair->runs, sizeof own) == 0;
    free(before);
    UNIT_CHECK(is_same && pair->runs.member_count == members);
    return true;
}

static void change(struct pair *pair)
{
    struct lm_run range = random_range(pair);
    bool is_put = unit_below(pair->random, 2) == 0;
    if (is_put)
        lm_runs_put(&pair->runs, range.first, range.count);
    else
        lm_runs_drop(&pair->runs, range.first, range.count);
    memset(pair->bytes + range.first, is_put, range.count);
}

/* Leaves the first of the found runs, as the allocator does. */
static void take_lowest(struct pair *pair)
{
    size_t count = 1 + unit_below(pair->random, 40);
    size_t first = lm_runs_find(&pair->runs, count);
    if (first == LM_NO_RUN)
        return;
    lm_runs_drop(&pair->runs, first, count);
    memset(pair->bytes + first, 0, count);
}

static bool extend(struct pair *pair)
{
    size_t more = lm_max(1, unit_random_size(pair->random, pair->capacity));
    pair->known = lm_min(pair->capacity, pair->known + more);
    return lm_runs_extend(&pair->runs, pair->known);
}

static bool run_steps(struct pair *pair, int steps)
{
    lm_runs_init(&pair->runs, pair->capacity);
    UNIT_CHECK(finds_agree(pair, 1) && extend(pair));
    for (int step = 0; step < steps; step++) {
        if (unit_below(pair->random, 20) == 0)
            UNIT_CHECK(extend(pair));
        if (unit_below(pair->random, 3) == 0)
            take_lowest(pair);
        else
            change(pair);
        UNIT_CHECK(answers_agree(pair) && sum_agrees(pair));
        if (step % 16 == 0)
            UNIT_CHECK(a_rebuild_changes_nothing(pair));
    }
    return a_rebuild_changes_nothing(pair);
}

static bool agrees_with_bytes(size_t capacity, int steps, uint64_t *random)
{
    size_t footprint = lm_round_up(lm_runs_footprint(capacity), UNIT_PAGE);
    struct pair pair = {.capacity = capacity, .random = random};
    pair.runs.area = (struct lm_area){lm_os_reserve(footprint), footprint, 0, false};
    pair.bytes = calloc(capacity, 1);
    bool is_right = run_steps(&pair, steps);
    free(pair.bytes);
    lm_os_unmap(pair.runs.area.base, footprint);
    return is_right;
}

/* Every pair of run position and length in a set of a bit more than one block. */
static bool each_single_run_is_found(void)
{
    enum { CAPACITY = 300 };
    size_t footprint = lm_round_up(lm_runs_footprint(CAPACITY), UNIT_PAGE);
    struct lm_runs runs = {.area = {lm_os_reserve(footprint), footprint, 0, false}};
    lm_runs_init(&runs, CAPACITY);
    UNIT_CHECK(lm_runs_extend(&runs, CAPACITY));
    for (size_t first = 0; first < CAPACITY; first += 3) {
        for (size_t count = 1; count <= CAPACITY - first; count++) {
            lm_runs_put(&runs, first, count);
            UNIT_CHECK(lm_runs_find(&runs, count) == first);
            UNIT_CHECK(lm_runs_find(&runs, count + 1) == LM_NO_RUN);
            UNIT_CHECK(lm_runs_length_below(&runs, first + count, SIZE_MAX) == count);
            UNIT_CHECK(lm_runs_length_below(&runs, first, SIZE_MAX) == 0);
            lm_runs_drop(&runs, first, count);
            UNIT_CHECK(lm_runs_find(&runs, 1) == LM_NO_RUN && runs.member_count == 0);
        }
    }
    lm_os_unmap(runs.area.base, footprint);
    return true;
}

static bool putting_and_dropping_twice_counts_once(void)
{
    size_t footprint = lm_round_up(lm_runs_footprint(1000), UNIT_PAGE);
    struct lm_runs runs = {.area = {lm_os_reserve(footprint), footprint, 0, false}};
    lm_runs_init(&runs, 1000);
    UNIT_CHECK(lm_runs_extend(&runs, 1000));
    lm_runs_put(&runs, 100, 500);
    lm_runs_put(&runs, 300, 500);
    UNIT_CHECK(runs.member_count == 700 && lm_runs_find(&runs, 700) == 100);
    lm_runs_drop(&runs, 0, 200);
    lm_runs_drop(&runs, 0, 300);
    UNIT_CHECK(runs.member_count == 500 && lm_runs_find(&runs, 500) == 300);
    lm_os_unmap(runs.area.base, footprint);
    return true;
}

int main(void)
{
    static const struct {
        size_t capacity;
        int steps;
    } sets[] = {{1, 20},      {63, 300},    {256, 1000},  {257, 1000},   {1000, 1500}, {4096, 1500},
                {4099, 1500}, {20000, 800}, {70001, 400}, {400000, 100}, {1100000, 30}};
    lm_os_init();
    uint64_t random = tap_seed();
    UNIT_TRUTH(each_single_run_is_found);
    UNIT_TRUTH(putting_and_dropping_twice_counts_once);
    for (size_t i = 0; i < UNIT_COUNT_OF(sets); i++)
        tap_ok(agrees_with_bytes(sets[i].capacity, sets[i].steps, &random),
               "run_find_is_the_lowest_that_fits in a set of %zu", sets[i].capacity);
    return tap_done();
}
