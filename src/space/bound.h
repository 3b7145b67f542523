/* SPDX-License-Identifier: MIT
 *
 * space/bound.h - the bound of dirty memory, which learns.
 *
 * What is kept beyond it goes back to the kernel. The bound starts low and doubles when units that went back are
 * wanted again, in quantity and within the same demand window; it comes down by an eighth per window. Owns the
 * figures, knows no unit; in the caller's lock.
 */
#ifndef LM_SPACE_BOUND_H
#define LM_SPACE_BOUND_H

#include "base/compiler.h"

#include <stdint.h>

/* Units, but for the times.
 *
 *   B1  most <= enough, and most is between what base/tuning.h calls least and most
 *   B2  regretted <= patience whenever nobody is at it
 */
struct lm_bound {
    size_t most;
    /* what went back because of it in this demand window */
    size_t overflowed;
    /* a bound that would have kept all of that, and a quarter more: the next time it is not the same to the unit */
    size_t enough;
    /* how much of it was taken again */
    size_t regretted;
    /* so much is regretted before the bound doubles; it grows with time */
    size_t patience;
    /* milliseconds: when patience was gained, and when the bound was judged */
    uint64_t patient_since;
    uint64_t judged_since;
};

/* One that is all zeroes. (Neighbours that are set make clang read a pair of constants, a page at each start.) */
void lm_bound_init(struct lm_bound *bound);
void lm_bound_verify(const struct lm_bound *bound);

/* `count` units go back because of the bound. */
void lm_bound_overflow(struct lm_bound *bound, size_t count);
/* `count` clean units are taken: were they dirty a moment ago? Many at once count like many one by one. */
void lm_bound_regret(struct lm_bound *bound, size_t count);
/* A look: patience grows, and after a demand window the bound is judged. */
void lm_bound_tick(struct lm_bound *bound, uint64_t now_ms);
/* In a fork's child whose parent was just changing it. */
void lm_bound_mend(struct lm_bound *bound);

#endif
