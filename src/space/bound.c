/* SPDX-License-Identifier: MIT
 *
 * space/bound.c - see space/bound.h.
 */
#include "space/bound.h"

#include "base/bits.h"
#include "base/tuning.h"
#include "space/window.h"

static size_t least(void)
{
    return LM_DIRTY_LEAST >> lm_unit_log2;
}

static size_t greatest(void)
{
    return LM_DIRTY_MOST >> lm_unit_log2;
}

void lm_bound_init(struct lm_bound *bound)
{
    bound->most = least();
    bound->enough = least();
    bound->patience = least() / 4;
}

void lm_bound_verify(const struct lm_bound *bound)
{
    LM_INVARIANT(bound->most <= bound->enough); /* B1 */
    LM_INVARIANT(least() <= bound->most && bound->most <= greatest());
    LM_INVARIANT(bound->regretted <= bound->patience); /* B2 */
}

void lm_bound_overflow(struct lm_bound *bound, size_t count)
{
    bound->overflowed += count;
    bound->enough += count + count / 4;
}

/* What time allows of regrets is the price of a small heap; beyond it the bound doubles, but to no more than would
 * have kept all. */
LM_COLD void lm_bound_regret(struct lm_bound *bound, size_t count)
{
    while (count != 0 && bound->overflowed != 0) {
        size_t again =
            lm_min(lm_min(count, bound->overflowed), bound->patience - bound->regretted + 1);
        count -= again;
        bound->overflowed -= again;
        bound->regretted += again;
        if (bound->regretted <= bound->patience)
            continue;
        bound->regretted = 0;
        bound->patience = bound->most / 4;
        bound->most = lm_min(2 * bound->most, lm_min(bound->enough, greatest()));
    }
}

static void gain_patience(struct lm_bound *bound, uint64_t now_ms)
{
    /* The first look only notes the time. */
    uint64_t since = bound->patient_since == 0 ? now_ms : bound->patient_since;
    size_t gain = lm_min(now_ms - since, LM_DEMAND_WINDOW_MS) * LM_DIRTY_PATIENCE_GAIN;
    size_t most = bound->regretted + (LM_DIRTY_PATIENCE_MOST >> lm_unit_log2);
    bound->patience = lm_min(bound->patience + (gain >> lm_unit_log2), most);
    bound->patient_since = now_ms;
}

/* The demand window is over, and perhaps some more that nobody looked at. */
static void judge(struct lm_bound *bound, uint64_t now_ms)
{
    uint64_t windows = (now_ms - bound->judged_since) / LM_DEMAND_WINDOW_MS;
    bound->judged_since = now_ms;
    bound->overflowed = 0;
    bound->regretted = 0;
    for (; windows > 0 && bound->most > least(); windows--)
        bound->most = lm_max(bound->most - lm_max(bound->most / 8, 1), least());
    bound->enough = bound->most;
}

void lm_bound_tick(struct lm_bound *bound, uint64_t now_ms)
{
    gain_patience(bound, now_ms);
    /* Whoever asked for the time before others may come after them. */
    if (now_ms >= bound->judged_since + LM_DEMAND_WINDOW_MS)
        judge(bound, now_ms);
}

LM_COLD void lm_bound_mend(struct lm_bound *bound)
{
    bound->enough = lm_max(bound->enough, bound->most);
    bound->regretted = lm_min(bound->regretted, bound->patience);
}
