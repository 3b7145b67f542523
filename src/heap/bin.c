/* SPDX-License-Identifier: MIT
 *
 * heap/bin.c - see heap/bin.h.
 *
 * Order by place and not by address: any lasting order makes allocations crowd in the low slabs and
 * lets the high ones drain, and a bit per place finds the lowest in one or two steps.
 */
#include "heap/bin.h"

#include <string.h>

static uint32_t word_count(uint32_t capacity)
{
    return (capacity + 63) / 64;
}

static uint64_t *partial_words(const struct lm_bin *bin)
{
    return bin->words;
}

static uint64_t *vacant_words(const struct lm_bin *bin)
{
    return bin->words + word_count(bin->capacity);
}

/* Both bits of a place: its slab serves last. */
static uint64_t vacant_in(const struct lm_bin *bin, uint32_t word)
{
    return vacant_words(bin)[word] & ~partial_words(bin)[word];
}

static uint64_t ready_in(const struct lm_bin *bin, uint32_t word)
{
    return partial_words(bin)[word] & ~vacant_words(bin)[word];
}

static size_t arrays_size(uint32_t capacity)
{
    return 2 * word_count(capacity) * sizeof(uint64_t) + capacity * sizeof(uint32_t);
}

static void give_arrays(struct lm_bin *bin)
{
    if (bin->capacity > LM_BIN_FIRST)
        lm_metadata_give(bin->words, arrays_size(bin->capacity));
}

void lm_bin_reset(struct lm_bin *bin)
{
    give_arrays(bin);
    memset(bin, 0, sizeof *bin);
}

static void start(struct lm_bin *bin)
{
    bin->slabs = bin->first_slabs;
    bin->words = bin->first_words;
    bin->capacity = LM_BIN_FIRST;
    vacant_words(bin)[0] = lm_bits_ones(LM_BIN_FIRST);
}

/* All places are taken. */
static bool grow(struct lm_bin *bin)
{
    if (bin->capacity == 0) {
        start(bin);
        return true;
    }
    uint32_t capacity = bin->capacity == LM_BIN_FIRST ? 64 : bin->capacity * 4;
    uint64_t *words = lm_metadata_take(arrays_size(capacity));
    if (words == NULL)
        return false;
    uint32_t old_words = word_count(bin->capacity);
    uint64_t *vacant = words + word_count(capacity);
    uint32_t *slabs = (uint32_t *)(void *)(vacant + word_count(capacity));
    memcpy(words, bin->words, old_words * sizeof *words);
    memcpy(slabs, bin->slabs, bin->capacity * sizeof *slabs);
    memcpy(vacant, vacant_words(bin), old_words * sizeof *vacant);
    memset(vacant + old_words, 0xFF, (word_count(capacity) - old_words) * sizeof *vacant);
    if (bin->capacity % 64 != 0)
        vacant[old_words - 1] |= ~lm_bits_ones(bin->capacity % 64);
    bin->vacant_hint = bin->capacity / 64 & LM_BIN_HINT;
    give_arrays(bin);
    bin->words = words;
    bin->slabs = slabs;
    bin->capacity = capacity;
    return true;
}

/* The lowest word with a vacant place, or the number of words. */
static uint32_t find_vacancy(struct lm_bin *bin)
{
    uint32_t words = word_count(bin->capacity);
    uint32_t word = bin->vacant_hint;
    while (word < words && vacant_in(bin, word) == 0)
        word++;
    bin->vacant_hint = word & LM_BIN_HINT;
    return word;
}

bool lm_bin_add(struct lm_bin *bin, struct lm_slab *slab)
{
    uint32_t word = find_vacancy(bin);
    if (word == word_count(bin->capacity)) {
        if (!grow(bin))
            return false;
        word = bin->vacant_hint;
    }
    unsigned bit = lm_bits_lowest(vacant_in(bin, word));
    uint32_t place = word * 64 + bit;
    vacant_words(bin)[word] &= ~(UINT64_C(1) << bit);
    bin->slabs[place] = lm_metadata_index(slab);
    slab->place = place;
    bin->units += slab->units;
    if (slab->used < slab->slots)
        lm_bin_mark_partial(bin, slab);
    return true;
}

void lm_bin_remove(struct lm_bin *bin, struct lm_slab *slab)
{
    uint32_t word = slab->place / 64;
    uint64_t bit = UINT64_C(1) << slab->place % 64;
    partial_words(bin)[word] &= ~bit;
    vacant_words(bin)[word] |= bit;
    bin->units -= slab->units;
    if (word < bin->vacant_hint)
        bin->vacant_hint = word & LM_BIN_HINT;
}

/* None is ready. */
LM_NOINLINE static struct lm_slab *lowest_of_the_last(struct lm_bin *bin)
{
    uint32_t words = word_count(bin->capacity);
    uint32_t word = bin->last_hint;
    while (word < words && partial_words(bin)[word] == 0)
        word++;
    bin->last_hint = word & LM_BIN_HINT;
    if (word == words)
        return NULL;
    return lm_metadata_at(bin->slabs[word * 64 + lm_bits_lowest(partial_words(bin)[word])]);
}

/* Asked several times per slow path, mostly in vain. */
struct lm_slab *lm_bin_partial(struct lm_bin *bin)
{
    uint32_t words = word_count(bin->capacity);
    uint32_t word = bin->ready_hint;
    if (word < words) {
        while (word < words && ready_in(bin, word) == 0)
            word++;
        bin->ready_hint = word & LM_BIN_HINT;
        if (word < words)
            return lm_metadata_at(bin->slabs[word * 64 + lm_bits_lowest(ready_in(bin, word))]);
    }
    return lm_likely(bin->last_hint >= words) ? NULL : lowest_of_the_last(bin);
}

void lm_bin_mark_full(struct lm_bin *bin, const struct lm_slab *slab)
{
    uint64_t bit = UINT64_C(1) << slab->place % 64;
    partial_words(bin)[slab->place / 64] &= ~bit;
    vacant_words(bin)[slab->place / 64] &= ~bit;
}

void lm_bin_mark_partial(struct lm_bin *bin, const struct lm_slab *slab)
{
    uint32_t word = slab->place / 64;
    uint64_t bit = UINT64_C(1) << slab->place % 64;
    vacant_words(bin)[word] &= ~bit;
    partial_words(bin)[word] |= bit;
    if (word < bin->ready_hint)
        bin->ready_hint = word & LM_BIN_HINT;
}

void lm_bin_mark_last(struct lm_bin *bin, const struct lm_slab *slab)
{
    uint32_t word = slab->place / 64;
    uint64_t bit = UINT64_C(1) << slab->place % 64;
    /* A fork may interrupt a sweep by another thread, and the heap counts as whole. */
    if (word < bin->last_hint)
        bin->last_hint = word & LM_BIN_HINT;
    keep_order_for_fork();
    vacant_words(bin)[word] |= bit;
}

struct lm_slab *lm_bin_next(const struct lm_bin *bin, uint32_t *place)
{
    for (; *place < bin->capacity; (*place)++)
        if ((vacant_in(bin, *place / 64) >> *place % 64 & 1) == 0)
            return lm_metadata_at(bin->slabs[*place]);
    return NULL;
}

struct lm_slab *lm_bin_next_partial(const struct lm_bin *bin, uint32_t *place)
{
    while (*place < bin->capacity) {
        uint64_t left = partial_words(bin)[*place / 64] >> *place % 64;
        if (left != 0) {
            *place += lm_bits_lowest(left);
            return lm_metadata_at(bin->slabs[*place]);
        }
        *place = (*place | 63) + 1;
    }
    return NULL;
}

/* Places that one verification looks at. */
enum { VERIFY_MOST = 256 };

void lm_bin_verify(const struct lm_bin *bin, unsigned class, uint32_t owner)
{
    /* relaxed: any place will do */
    static _Atomic(uint32_t) hand;
    if (!lm_checked)
        return;
    /* Of many slabs a few at a time, or a large heap would never get done. */
    uint32_t first =
        bin->capacity <= VERIFY_MOST ? 0 : add_relaxed(&hand, 1u) * VERIFY_MOST % bin->capacity;
    uint32_t end = (uint32_t)lm_min(first + VERIFY_MOST, bin->capacity);
    uint32_t units = 0;
    for (uint32_t place = first; place < end; place++) {
        if ((vacant_in(bin, place / 64) >> place % 64 & 1) != 0)
            continue;
        bool is_partial = (partial_words(bin)[place / 64] >> place % 64 & 1) != 0;
        bool is_ready = (ready_in(bin, place / 64) >> place % 64 & 1) != 0;
        struct lm_slab *slab = lm_metadata_at(bin->slabs[place]);
        LM_INVARIANT(slab->place == place);
        LM_INVARIANT(slab->class == class);
        units += slab->units;
        LM_INVARIANT(load_relaxed(&slab->owner) == owner);
        LM_INVARIANT(is_partial == (slab->used < slab->slots));
        LM_INVARIANT(!is_ready || bin->ready_hint <= place / 64);
        LM_INVARIANT(is_ready || !is_partial || bin->last_hint <= place / 64);
        LM_INVARIANT(is_ready || !is_partial || slab->heat == LM_SLAB_SWEPT);
        lm_slab_verify(slab);
    }
    LM_INVARIANT(end - first < bin->capacity ? units <= bin->units : units == bin->units);
}
