/* SPDX-License-Identifier: MIT
 *
 * space/marks.h - one mark per unit, counted, and found from the high end. The caller holds the
 * lock.
 *
 *   M1  count = number of marks
 *   M2  no word at or above `top` has a mark
 */
#ifndef LM_SPACE_MARKS_H
#define LM_SPACE_MARKS_H

#include "space/runs.h"

struct lm_marks {
    /* [c] its memory holds the words and nothing else, once the first ones are too few */
    struct lm_area area;
    /* [l] first_words, or the area's; NULL before lm_marks_extend */
    uint64_t *words;
    /* [l] */
    size_t count;
    size_t top;
    uint64_t first_words[LM_RUN_FIRST * LM_RUN_WORDS];
};

/* Units [0, count) may be marked now. */
bool lm_marks_extend(struct lm_marks *marks, size_t count);
void lm_marks_put(struct lm_marks *marks, size_t first, size_t count);
/* Result: how many were marked. */
size_t lm_marks_drop(struct lm_marks *marks, size_t first, size_t count);
/* The upper end, at most `limit` long, of the highest run of marks; count 0 if there is none. */
struct lm_run lm_marks_find_last(struct lm_marks *marks, size_t limit);

/* The word of units 64 * index and on; for those that compare whole sets. */
LM_INLINE uint64_t *lm_marks_word(const struct lm_marks *marks, size_t index)
{
    return marks->words + index;
}

/* Are all marked units members? */
bool lm_marks_are_within(const struct lm_marks *marks, const struct lm_runs *members);
/* In a fork's child: what is no member loses its mark, then M1 and M2 anew. */
void lm_marks_rebuild(struct lm_marks *marks, const struct lm_runs *members);

#endif
