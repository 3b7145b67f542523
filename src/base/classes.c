/* SPDX-License-Identifier: MIT
 *
 * base/classes.c - the tables of base/classes.h.
 */
#include "base/classes.h"

#include "base/options.h"
#include "base/tuning.h"

struct lm_class lm_class_table[LM_CLASSES];
_Atomic(uint8_t) lm_class_of[LM_CLASS_TABLE];

/* A class that may be split, and the one below it, which has no requests until then. */
struct pair {
    /* [a] What was asked for lately, in quanta above the pair below; 0: nothing, or 256, which happens
     * only where nothing is split by itself. A note that two threads write at once is lost. */
    _Atomic(uint8_t) notes[LM_CLASS_NOTES];
    /* [a] the note to be written next */
    _Atomic(uint8_t) next;
    /* [a] who sets it, chooses the lower class's size. A fork in the midst of that leaves a part of the
     * requests with the upper class. */
    _Atomic(bool) is_split;
};

static struct pair pairs[LM_CLASSES / 2];

static void set_size(unsigned class, uint32_t size)
{
    lm_class_table[class].size = size;
    lm_class_table[class].reciprocal = (uint32_t)(((UINT64_C(1) << 32) + size - 1) / size);
}

static uint32_t quanta_above_pair_below(unsigned class, uint32_t size)
{
    return (size - lm_class_table[class - 2].size + LM_QUANTUM - 1) / LM_QUANTUM;
}

void lm_class_note(unsigned class, size_t size)
{
    struct pair *pair = &pairs[class / 2];
    if (!lm_class_can_split(class) || load_relaxed(&pair->is_split))
        return;
    unsigned next = load_relaxed(&pair->next);
    store_relaxed(&pair->notes[next], (uint8_t)quanta_above_pair_below(class, (uint32_t)size));
    store_relaxed(&pair->next, (uint8_t)((next + 1) % LM_CLASS_NOTES));
}

/* Quanta that the noted requests would waste together. */
static uint32_t waste_of(const uint8_t *notes, uint32_t middle, uint32_t high)
{
    uint32_t waste = 0;
    for (size_t i = 0; i < LM_CLASS_NOTES; i++)
        waste += notes[i] == 0 ? 0 : (notes[i] <= middle ? middle : high) - notes[i];
    return waste;
}

/* Where to split, in quanta above the pair below: half way, unless what was asked for lately gains by
 * another place. */
static uint32_t choose_middle(unsigned class)
{
    uint8_t notes[LM_CLASS_NOTES];
    uint32_t high = quanta_above_pair_below(class, lm_class_table[class].size);
    uint32_t low = lm_class_table[class - 2].size / LM_QUANTUM;
    uint32_t half_way = high / 2;
    uint32_t middle = half_way;
    uint32_t total = 0;
    for (size_t i = 0; i < LM_CLASS_NOTES; i++) {
        notes[i] = load_relaxed(&pairs[class / 2].notes[i]);
        total += notes[i] == 0 ? 0 : low + notes[i];
    }
    uint32_t before = waste_of(notes, half_way, high);
    uint32_t least = before;
    for (size_t i = 0; i < LM_CLASS_NOTES; i++) {
        uint32_t waste = waste_of(notes, notes[i], high);
        bool is_new = notes[i] != 0 && notes[i] < high;
        if (is_new && waste < least && waste + total / LM_CLASS_GAIN_SHARE <= before) {
            middle = notes[i];
            least = waste;
        }
    }
    return middle;
}

LM_COLD void lm_class_split(unsigned class)
{
    struct pair *pair = &pairs[class / 2];
    bool was_split = false;
    if (!lm_class_can_split(class) || load_relaxed(&pair->is_split) ||
        !cas_acquire(&pair->is_split, &was_split, true))
        return;
    uint32_t low = lm_class_table[class - 2].size / LM_QUANTUM;
    uint32_t quanta = low + choose_middle(class);
    set_size(class - 1, quanta * LM_QUANTUM);
    keep_order_for_fork();
    /* partner: lm_class_for, by whose answer others find the size */
    for (; quanta > low; quanta--)
        store_release(&lm_class_of[quanta], (uint8_t)(class - 1));
}

void lm_classes_init(void)
{
    unsigned quanta = 0;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        bool is_exact = class < LM_CLASSES_EXACT;
        uint32_t low = is_exact ? 128 : (uint32_t)128 << (class / 8 - 1);
        set_size(class, is_exact ? (class + 1) * LM_QUANTUM : low + low / 8 * (class % 8 + 1));
        store_relaxed(&pairs[class / 2].is_split, false);
        for (size_t i = 0; i < LM_CLASS_NOTES; i++)
            store_relaxed(&pairs[class / 2].notes[i], 0);
        unsigned end = lm_class_table[class].size / LM_QUANTUM;
        if (is_exact || lm_class_can_split(class))
            for (; quanta <= end; quanta++)
                store_relaxed(&lm_class_of[quanta], (uint8_t) class);
    }
    for (unsigned class = 0; class < LM_CLASSES && lm_options.class_split == 0; class ++)
        lm_class_split(class);
}
