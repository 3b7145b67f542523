/* SPDX-License-Identifier: MIT
 *
 * space/marks.c - see space/marks.h.
 */
#include "space/marks.h"

#include "base/atomics.h"
#include "base/bits.h"

#include <string.h>

bool lm_marks_extend(struct lm_marks *marks, size_t count)
{
    size_t size = (count + 63) / 64 * sizeof(uint64_t);
    if (marks->words == NULL)
        marks->words = marks->first_words;
    if (size <= sizeof marks->first_words)
        return true;
    if (!lm_area_extend(&marks->area, size))
        return false;
    if (marks->words == marks->first_words) {
        uint64_t *in_area = (uint64_t *)(void *)marks->area.base;
        memcpy(in_area, marks->first_words, sizeof marks->first_words);
        /* A fork in between finds the old words, which are whole. */
        keep_order_for_fork();
        marks->words = in_area;
    }
    return true;
}

/* The part of [first, end) in first's word; *next = where the rest begins. */
static uint64_t mask_of(size_t first, size_t end, size_t *next)
{
    *next = lm_min(end, (first | 63) + 1);
    return lm_bits_ones((unsigned)(*next - first)) << first % 64;
}

void lm_marks_put(struct lm_marks *marks, size_t first, size_t count)
{
    size_t next;
    for (size_t at = first; at < first + count; at = next) {
        uint64_t mask = mask_of(at, first + count, &next);
        uint64_t *word = lm_marks_word(marks, at / 64);
        marks->count += lm_bits_count_part(mask & ~*word, mask, next - at);
        *word |= mask;
    }
    marks->top = lm_max(marks->top, (first + count + 63) / 64);
}

size_t lm_marks_drop(struct lm_marks *marks, size_t first, size_t count)
{
    size_t next;
    size_t dropped = 0;
    for (size_t at = first; at < first + count; at = next) {
        uint64_t mask = mask_of(at, first + count, &next);
        uint64_t *word = lm_marks_word(marks, at / 64);
        dropped += lm_bits_count_part(mask & *word, mask, next - at);
        *word &= ~mask;
    }
    marks->count -= dropped;
    return dropped;
}

LM_COLD struct lm_run lm_marks_find_last(struct lm_marks *marks, size_t limit)
{
    while (marks->top > 0 && *lm_marks_word(marks, marks->top - 1) == 0)
        marks->top--;
    if (marks->top == 0)
        return (struct lm_run){0, 0};
    size_t end = (marks->top - 1) * 64 + lm_bits_highest(*lm_marks_word(marks, marks->top - 1)) + 1;
    size_t first = end;
    while (first > 0 && end - first < limit) {
        unsigned bit = (unsigned)((first - 1) % 64);
        uint64_t gaps = ~(*lm_marks_word(marks, (first - 1) / 64) << (63 - bit));
        unsigned ones = gaps == 0 ? 64 : 63 - lm_bits_highest(gaps);
        first -= lm_min(ones, bit + 1);
        if (ones <= bit)
            break;
    }
    first = lm_max(first, end - lm_min(limit, end));
    return (struct lm_run){first, end - first};
}

static uint64_t members_at(const struct lm_runs *members, size_t word)
{
    return members->blocks[word / LM_RUN_WORDS].bits[word % LM_RUN_WORDS];
}

bool lm_marks_are_within(const struct lm_marks *marks, const struct lm_runs *members)
{
    for (size_t word = 0; word < members->block_count * LM_RUN_WORDS; word++)
        if ((*lm_marks_word(marks, word) & ~members_at(members, word)) != 0)
            return false;
    return true;
}

LM_COLD void lm_marks_rebuild(struct lm_marks *marks, const struct lm_runs *members)
{
    marks->count = 0;
    marks->top = members->block_count * LM_RUN_WORDS;
    for (size_t word = 0; word < marks->top; word++) {
        *lm_marks_word(marks, word) &= members_at(members, word);
        marks->count += lm_bits_count(*lm_marks_word(marks, word));
    }
}
