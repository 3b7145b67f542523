/* SPDX-License-Identifier: MIT
 *
 * slab/guest.c - blocks of another class in neighbouring slots of a slab.
 *
 *   slots     | block | free | guest ............... | block | free ...
 *   free        0       1      0      0      0         0       1
 *   joined      0       0      0      1      1         0       0
 *
 * A guest is freed like a block of its host's class; who takes its first slot back takes all. The
 * owner's lock is held, except where strangers ask about a block that they have.
 */
#include "slab/slab.h"

/* Where runs of at least `count` ones begin. */
static uint64_t starts_of_runs(uint64_t bits, unsigned count)
{
    for (unsigned have = 1; have < count && bits != 0;) {
        unsigned more = (unsigned)lm_min(have, count - have);
        bits &= bits >> more;
        have += more;
    }
    return bits;
}

/* The first slot from `slot` on at which `slots` of them may lie on no page that is with the kernel: this
 * one, or one behind such pages. */
static uint32_t next_resident(const struct lm_slab *slab, uint32_t slot, unsigned slots)
{
    uint32_t size = lm_class_table[slab->class].size;
    uint32_t first = slot * size >> lm_os.page_log2;
    uint32_t last = ((slot + slots) * size - 1) >> lm_os.page_log2;
    uint64_t swept = slab->swept >> first & lm_bits_ones(last - first + 1);
    if (swept == 0)
        return slot;
    uint32_t behind = first + lm_bits_lowest(swept);
    while (slab->swept >> behind & 1)
        behind++;
    bool is_start = lm_class_slot_at(slab->class, behind << lm_os.page_log2, &slot);
    return slot + !is_start;
}

static void *take_at(struct lm_slab *slab, uint32_t word, unsigned bit, unsigned slots)
{
    uint64_t mask = lm_bits_ones(slots) << bit;
    _Atomic(uint64_t) *joined = lm_slab_joined(slab, word);
    store_relaxed(joined, load_relaxed(joined) | (mask & (mask - 1)));
    uint16_t guests = load_relaxed(&slab->guests);
    store_relaxed(&slab->guests, (uint16_t)(guests + 1));
    if (guests == 0)
        lm_slab_tag(slab);
    slab->free[word] &= ~mask;
    slab->used += slots;
    slab->heat = LM_SLAB_HOT;
    return lm_slab_address(slab, word * 64 + bit);
}

void *lm_guest_take(struct lm_slab *slab, unsigned slots)
{
    if (slab->words > LM_SLAB_GUEST_WORDS || slab->slots - slab->used < slots)
        return NULL;
    for (uint32_t word = 0; word < slab->words; word++) {
        uint64_t starts = starts_of_runs(slab->free[word], slots);
        while (starts != 0) {
            unsigned bit = lm_bits_lowest(starts);
            uint32_t next = next_resident(slab, word * 64 + bit, slots) - word * 64;
            if (next == bit)
                return take_at(slab, word, bit, slots);
            starts &= next < 64 ? ~lm_bits_ones(next) : 0;
        }
    }
    return NULL;
}

/* The slots joined to those of `mask`. The sum carries through each run of joined slots that begins
 * behind one of them; between two runs lies the first slot of the second. */
static uint64_t joined_to(uint64_t joined, uint64_t mask)
{
    return joined & ~(joined + (mask << 1 & joined));
}

bool lm_guest_part(struct lm_slab *slab, uint32_t word, uint64_t *mask)
{
    _Atomic(uint64_t) *words = lm_slab_joined(slab, word);
    uint64_t joined = load_relaxed(words);
    if ((joined & *mask) != 0)
        return false;
    unsigned parting = lm_bits_count(*mask << 1 & joined);
    if (parting == 0)
        return true;
    uint64_t followers = joined_to(joined, *mask);
    store_relaxed(words, joined & ~followers);
    uint16_t guests = load_relaxed(&slab->guests);
    store_relaxed(&slab->guests, (uint16_t)(guests - parting));
    if (guests == parting)
        lm_slab_tag(slab);
    *mask |= followers;
    return true;
}

size_t lm_guest_size(const struct lm_slot *slot)
{
    size_t size = lm_class_table[slot->slab->class].size;
    if (lm_likely(!lm_slab_has_guests(slot->slab)))
        return size;
    uint64_t joined = load_relaxed(lm_slab_joined(slot->slab, slot->word));
    uint64_t behind = joined >> lm_bits_lowest(slot->bit) >> 1;
    return (1 + lm_bits_lowest(~behind)) * size;
}
