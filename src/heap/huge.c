/* SPDX-License-Identifier: MIT
 *
 * heap/huge.c - see heap/huge.h.
 */
#include "heap/huge.h"

#include "base/bits.h"
#include "base/options.h"
#include "os/lock.h"
#include "os/os.h"
#include "space/granules.h"
#include "space/metadata.h"
#include "space/units.h"

#include <string.h>

/* Touched by the block's holder alone, and by whoever frees it; but while it is lent, `usable` and `touched`
 * under the lock. */
struct huge {
    /* [c] */
    char *start;
    /* [c] the slot, in granules */
    size_t granule;
    size_t granules;
    /* [o] bytes, Z1 */
    size_t usable;
    size_t committed;
    /* [o] bytes from the start on that may hold something, Z3 */
    size_t touched;
    /* [o] has headroom; asks for huge pages; is kept warm */
    bool is_growing;
    /* [o] its pages may lie in several mappings of the kernel: it cannot be moved */
    bool is_pieced;
    /* [a] it has a warm tail, which others may take from it. Set by the owner, cleared by a release under the
     * lock whose partner is the owner's acquire; who reads an old value only takes the lock in vain. */
    _Atomic(bool) is_lent;
};

/* What is in no block's use. */
static struct {
    /* rank HUGE */
    struct lm_lock lock;
    /* [l] slots that growing blocks left, with their pages; the newest last */
    struct huge *slots[LM_WARM_SLOTS];
    /* [l] the block that took one over last, if it still has the tail */
    struct huge *lent;
    /* [l] bytes touched in the slots */
    size_t size;
    /* [l] milliseconds: when the last one came or went */
    uint64_t since;
    /* [a] relaxed: written under the lock; who looks without it asks again with it. Slots; bytes touched in
     * one of them at most; is something lent. */
    _Atomic(uint32_t) count;
    _Atomic(size_t) most;
    _Atomic(bool) has_lent;
} warm = {.lock = LM_LOCK_OF(LM_RANK_HUGE)};

/* [a] relaxed: a statistic */
static _Atomic(size_t) total;

static size_t whole_pages(size_t size)
{
    return lm_round_up(size, lm_os.page_size);
}

/* What is added wraps around where it is less. */
static void count(size_t added)
{
    lm_units_count_huge(add_relaxed(&total, added) + added);
}

static void give_slot(struct huge *huge)
{
    lm_zone_decommit(huge->start, huge->committed);
    lm_zone_give(huge->granule, huge->granules);
    lm_metadata_give(huge, sizeof *huge);
}

static void forget_loan_locked(void)
{
    struct huge *huge = warm.lent;
    warm.lent = NULL;
    store_relaxed(&warm.has_lent, false);
    /* partner: the acquire in begin_change and lm_huge_give */
    store_release(&huge->is_lent, false);
}

/* The tail that a block did not reach goes back. */
static size_t end_loan_locked(void)
{
    bool is_zero;
    struct huge *huge = warm.lent;
    if (huge == NULL)
        return 0;
    size_t tail = huge->touched - huge->usable;
    if (tail != 0 && lm_os_purge(huge->start + huge->usable, tail, &is_zero) && is_zero)
        huge->touched = huge->usable;
    forget_loan_locked();
    return tail;
}

static void sum_up_locked(uint32_t slots)
{
    size_t most = 0;
    warm.size = 0;
    for (uint32_t i = 0; i < slots; i++) {
        most = lm_max(most, warm.slots[i]->touched);
        warm.size += warm.slots[i]->touched;
    }
    store_relaxed(&warm.most, most);
    store_relaxed(&warm.count, slots);
}

static struct huge *take_out_locked(uint32_t at)
{
    uint32_t slots = load_relaxed(&warm.count) - 1;
    struct huge *huge = warm.slots[at];
    memmove(&warm.slots[at], &warm.slots[at + 1], (slots - at) * sizeof huge);
    sum_up_locked(slots);
    lm_units_drop_huge(huge->touched);
    return huge;
}

/* A block that realloc made grow is often followed by another one. False: the slot is still the
 * caller's. */
static bool keep_warm(struct huge *huge)
{
    struct huge *oldest = NULL;
    bool is_worth_it = huge->is_growing && lm_options.magazines && lm_options.purge_delay_ms != 0;
    if (!is_worth_it || lm_window.is_virtual || lm_units_have_limit())
        return false;
    uint64_t now_ms = lm_os_clock_ms();
    lm_lock_take(&warm.lock);
    if (load_relaxed(&warm.count) == LM_WARM_SLOTS)
        oldest = take_out_locked(0);
    bool is_kept = lm_units_keep_huge(huge->touched);
    if (is_kept) {
        uint32_t slots = load_relaxed(&warm.count);
        warm.slots[slots] = huge;
        warm.since = now_ms;
        sum_up_locked(slots + 1);
    }
    lm_lock_give(&warm.lock);
    if (oldest != NULL)
        give_slot(oldest);
    return is_kept;
}

/* The warmest slot, if that is warm enough; else NULL. */
static struct huge *take_warm_locked(size_t size)
{
    uint32_t slots = load_relaxed(&warm.count);
    size_t most = load_relaxed(&warm.most);
    if (slots == 0 || most < size)
        return NULL;
    uint32_t at = slots - 1;
    while (warm.slots[at]->touched != most)
        at--;
    return take_out_locked(at);
}

bool lm_huge_has_warm(size_t size)
{
    return load_relaxed(&warm.most) / 2 >= size;
}

size_t lm_huge_cool(void)
{
    size_t cooled = 0;
    struct huge *huge;
    do {
        lm_lock_take(&warm.lock);
        cooled += end_loan_locked();
        huge = take_warm_locked(0);
        lm_lock_give(&warm.lock);
        if (huge != NULL) {
            cooled += huge->touched;
            give_slot(huge);
        }
    } while (huge != NULL);
    return cooled;
}

size_t lm_huge_warm_size(void)
{
    lm_lock_take(&warm.lock);
    size_t size = warm.size + (warm.lent == NULL ? 0 : warm.lent->touched - warm.lent->usable);
    lm_lock_give(&warm.lock);
    return size;
}

void lm_huge_tick(uint64_t now_ms)
{
    if (lm_likely(load_relaxed(&warm.count) == 0 && !load_relaxed(&warm.has_lent)))
        return;
    lm_lock_take(&warm.lock);
    bool is_due = now_ms - warm.since >= LM_DEMAND_WINDOW_MS;
    lm_lock_give(&warm.lock);
    if (is_due)
        lm_huge_cool();
}

void *lm_huge_take(size_t size, size_t alignment, enum lm_huge_fit fit)
{
    size_t usable = whole_pages(size);
    size_t headroom = fit == LM_HUGE_GROWING ? LM_HUGE_HEADROOM : 1;
    struct huge *huge = lm_metadata_take(sizeof *huge);
    if (huge == NULL || size > lm_window.zone_size)
        goto no_slot;
    size_t granule = LM_NO_SLOT;
    for (; headroom > 0 && granule == LM_NO_SLOT; headroom /= 2) {
        size_t slot = usable * headroom;
        if (headroom == LM_HUGE_HEADROOM)
            slot = lm_max(slot, LM_HUGE_SLOT_LEAST);
        huge->granules = lm_round_up(slot, LM_GRANULE_SIZE) >> LM_GRANULE_LOG2;
        granule = lm_zone_take(huge->granules, alignment, usable);
    }
    if (granule == LM_NO_SLOT)
        goto no_slot;
    huge->granule = granule;
    huge->start = lm_zone_address(granule);
    huge->usable = usable;
    huge->committed = usable;
    huge->touched = usable;
    huge->is_growing = fit == LM_HUGE_GROWING;
    count(usable);
    /* partner: the acquire in find */
    store_release(lm_zone_word(huge->start), lm_metadata_index(huge));
    return huge->start;
no_slot:
    if (huge != NULL)
        lm_metadata_give(huge, sizeof *huge);
    return NULL;
}

static struct huge *find(const void *p)
{
    _Atomic(uint32_t) *word = lm_zone_word(p);
    /* partner: the release in lm_huge_take and take_over */
    uint32_t index = word == NULL ? 0 : load_acquire(word);
    return index == 0 ? NULL : lm_metadata_at(index);
}

/* Of a block that is lent. */
static void return_loan(struct huge *huge)
{
    lm_lock_take(&warm.lock);
    if (warm.lent == huge)
        forget_loan_locked();
    lm_lock_give(&warm.lock);
}

bool lm_huge_give(void *p)
{
    _Atomic(uint32_t) *word = lm_zone_word(p);
    /* Of two frees that race, one finds the index. */
    uint32_t index = word == NULL ? 0 : exchange_acq_rel(word, 0u);
    if (index == 0)
        return false;
    struct huge *huge = lm_metadata_at(index);
    count(0 - huge->usable);
    /* partner: the release in forget_loan_locked */
    if (load_acquire(&huge->is_lent))
        return_loan(huge);
    if (!keep_warm(huge))
        give_slot(huge);
    return true;
}

bool lm_huge_is_free(const void *p)
{
    bool is_warm = false;
    lm_lock_take(&warm.lock);
    for (uint32_t i = 0; i < load_relaxed(&warm.count); i++) {
        size_t slot = warm.slots[i]->granules << LM_GRANULE_LOG2;
        is_warm |= (uintptr_t)p - (uintptr_t)warm.slots[i]->start < slot;
    }
    lm_lock_give(&warm.lock);
    return is_warm || lm_zone_is_free(p);
}

size_t lm_huge_usable(const void *p)
{
    const struct huge *huge = find(p);
    return huge == NULL ? 0 : huge->usable;
}

size_t lm_huge_total(void)
{
    return load_relaxed(&total);
}

/* The holder has the block alone, unless it is lent. */
static bool begin_change(struct huge *huge)
{
    /* partner: the release in forget_loan_locked */
    bool is_lent = load_acquire(&huge->is_lent);
    if (is_lent)
        lm_lock_take(&warm.lock);
    return is_lent;
}

static void end_change(bool is_lent)
{
    if (is_lent)
        lm_lock_give(&warm.lock);
}

static void grow_usable(struct huge *huge, size_t usable)
{
    count(usable - huge->usable);
    bool is_lent = begin_change(huge);
    size_t touched = huge->touched;
    huge->usable = usable;
    huge->touched = lm_max(touched, usable);
    end_change(is_lent);
    if (usable > touched)
        lm_units_count_fresh(touched, usable);
}

/* Of what was just committed, [from, to) of a growing block; what lies below `usable` will be written next. */
static void want_huge_pages(struct huge *huge, size_t from, size_t usable, size_t to)
{
    from = lm_round_up(lm_max(from, LM_HUGE_PAGES_FROM), LM_GRANULE_SIZE);
    to &= ~(LM_GRANULE_SIZE - 1);
    if (!huge->is_growing || from >= lm_min(usable, to) || lm_options.huge_pages_from == 0)
        return;
    lm_granules_want(huge->start + from, huge->start + to);
    huge->is_pieced = true;
}

/* Twice what is committed, so that growing by small steps calls the kernel a few times only; but whole granules, and
 * none of those that may be huge pages before one of them is needed. */
static size_t wanted_size(const struct huge *huge, size_t usable)
{
    size_t wanted = lm_round_up(lm_max(usable, 2 * huge->committed), LM_GRANULE_SIZE);
    if (usable <= LM_HUGE_PAGES_FROM)
        wanted = lm_min(wanted, LM_HUGE_PAGES_FROM);
    return lm_min(wanted, huge->granules << LM_GRANULE_LOG2);
}

static bool grow_in_slot(struct huge *huge, size_t usable)
{
    size_t slot = huge->granules << LM_GRANULE_LOG2;
    size_t wanted = wanted_size(huge, usable);
    if (usable > slot)
        return false;
    if (usable > huge->committed) {
        if (lm_zone_commit(huge->start, huge->committed, wanted) != LM_OS_MAPPED) {
            wanted = usable;
            if (lm_zone_commit(huge->start, huge->committed, wanted) != LM_OS_MAPPED)
                return false;
        }
        want_huge_pages(huge, huge->committed, usable, wanted);
        huge->committed = wanted;
    }
    grow_usable(huge, usable);
    return true;
}

/* Z3: the tail goes back to the kernel, or is cleared if the kernel keeps it. */
static void shrink_in_slot(struct huge *huge, size_t usable)
{
    bool is_zero;
    count(usable - huge->usable);
    bool is_lent = begin_change(huge);
    size_t tail = huge->touched - usable;
    if (tail != 0 && (!lm_os_purge(huge->start + usable, tail, &is_zero) || !is_zero))
        memset(huge->start + usable, 0, tail);
    huge->touched = usable;
    huge->usable = usable;
    end_change(is_lent);
}

/* The first slot of a growing block lasts long, so this is rare. */
static void *copy_to_larger(struct huge *huge, size_t size)
{
    void *to = lm_huge_take(size, lm_os.page_size, LM_HUGE_GROWING);
    if (to == NULL)
        return NULL;
    memcpy(to, huge->start, huge->usable);
    lm_huge_give(huge->start);
    return to;
}

static void *move_in(void *from, size_t from_size, size_t size, enum lm_huge_source *source)
{
    if (lm_zone_slots() >= LM_HUGE_SLOTS)
        return NULL;
    void *to = lm_huge_take(size, lm_os.page_size, LM_HUGE_GROWING);
    if (to == NULL)
        return NULL;
    struct huge *huge = find(to);
    /* of what comes along */
    size_t pages_size = from_size;
    bool is_one_piece = lm_window_is_alike(lm_unit_of(from), from_size >> lm_unit_log2);
    switch (is_one_piece ? lm_os_move(from, to, from_size) : LM_OS_STAYED) {
    case LM_OS_SOURCE_LOST:
        *source = LM_SOURCE_LOST;
        break;
    case LM_OS_MOVED:
        *source = LM_SOURCE_EMPTY;
        break;
    case LM_OS_STAYED:
        memcpy(to, from, from_size);
        pages_size = 0;
        break;
    case LM_OS_TARGET_LOST:
        /* The slot's address space may be somebody else's: it is never used again. */
        store_relaxed(lm_zone_word(to), 0u);
        return NULL;
    }
    lm_units_count_fresh(pages_size, huge->usable);
    huge->is_pieced = true;
    want_huge_pages(huge, from_size, huge->usable, huge->committed);
    return to;
}

/* A slot that another growing block left, with `size` warm bytes at least. */
static struct huge *borrow_slot(size_t size)
{
    uint64_t now_ms = lm_os_clock_ms();
    lm_lock_take(&warm.lock);
    struct huge *huge = take_warm_locked(size);
    if (huge != NULL) {
        end_loan_locked();
        huge->usable = 0;
        store_relaxed(&huge->is_lent, true);
        warm.lent = huge;
        store_relaxed(&warm.has_lent, true);
        warm.since = now_ms;
    }
    lm_lock_give(&warm.lock);
    return huge;
}

/* A block of `size` bytes in a slot with `warm_size` warm bytes at least. NULL: there is none, or it has no
 * room. */
static struct huge *take_over(size_t size, size_t warm_size)
{
    struct huge *huge = borrow_slot(warm_size);
    if (huge == NULL)
        return NULL;
    if (!grow_in_slot(huge, whole_pages(size))) {
        return_loan(huge);
        give_slot(huge);
        return NULL;
    }
    /* partner: the acquire in find */
    store_release(lm_zone_word(huge->start), lm_metadata_index(huge));
    return huge;
}

void *lm_huge_resize(void *p, size_t size)
{
    struct huge *huge = find(p);
    size_t usable = whole_pages(size);
    if (usable < huge->usable)
        shrink_in_slot(huge, usable);
    if (usable <= huge->usable)
        return p;
    if (grow_in_slot(huge, usable))
        return p;
    if (huge->is_pieced)
        return copy_to_larger(huge, size);
    enum lm_huge_source source = LM_SOURCE_KEPT;
    void *moved = move_in(p, huge->usable, size, &source);
    if (moved != NULL && source != LM_SOURCE_LOST) {
        /* There is nothing warm in what it leaves. */
        huge->is_growing = source == LM_SOURCE_KEPT;
        lm_huge_give(p);
    }
    return moved;
}

void *lm_huge_move_in(void *from, size_t from_size, size_t size, enum lm_huge_source *source)
{
    *source = LM_SOURCE_KEPT;
    /* Its pages are there: to copy costs less than to fault in anew those that a move takes away. */
    struct huge *huge = take_over(size, from_size);
    if (huge == NULL)
        return move_in(from, from_size, size, source);
    memcpy(huge->start, from, from_size);
    return huge->start;
}

void lm_huge_after_fork(void)
{
    if (lm_lock_is_held(&warm.lock)) {
        /* One of them may be somebody's already. */
        lm_units_drop_huge(warm.size);
        sum_up_locked(0);
        warm.lent = NULL;
        store_relaxed(&warm.has_lent, false);
    }
    lm_lock_reset(&warm.lock);
    lm_zone_after_fork();
}
