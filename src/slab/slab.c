/* SPDX-License-Identifier: MIT
 *
 * slab/slab.c - see slab/slab.h.
 */
#include "slab/slab.h"

#include "base/options.h"
#include "os/os.h"

static size_t descriptor_size(uint32_t words, uint32_t *remote_offset)
{
    uint32_t bitmaps = words <= LM_SLAB_GUEST_WORDS ? 2 * words : words;
    size_t local = lm_round_up(sizeof(struct lm_slab) + bitmaps * sizeof(uint64_t), LM_CACHE_LINE);
    *remote_offset = (uint32_t)local;
    return local + words * sizeof(struct lm_remote);
}

size_t lm_slab_units(unsigned class)
{
    size_t units = lm_units_for(lm_class_table[class].size);
    return lm_power_of_two_above(units);
}

size_t lm_slab_tight_units(unsigned class, size_t held)
{
    size_t size = lm_class_table[class].size;
    size_t best = lm_slab_units(class);
    size_t best_tail = (best << lm_unit_log2) % size;
    size_t share = lm_min(held / LM_SLAB_TAILS, LM_SLAB_TAIL_SHARE);
    if (held < LM_SLAB_TIGHT_FROM || size > lm_unit_size / 2)
        return best;
    for (size_t units = best; units << lm_unit_log2 <= LM_SLAB_MOST; units++) {
        size_t tail = (units << lm_unit_log2) % size;
        if (tail * share <= units << lm_unit_log2)
            return units;
        if (tail * best < best_tail * units) {
            best = units;
            best_tail = tail;
        }
    }
    return best;
}

uint32_t lm_slab_tag_for(uint32_t owner, unsigned class)
{
    bool is_open =
        lm_class_table[class].size >= LM_OPEN_LEAST && owner > LM_COMMONS && lm_options.magazines;
    return (is_open ? LM_TAG_OPEN : lm_tag_of_owner(owner)) | class;
}

static uint32_t tag_of(const struct lm_slab *slab)
{
    uint32_t owner = load_relaxed(&slab->owner);
    if (lm_slab_has_guests(slab))
        return lm_tag_of_owner(owner) | slab->class;
    return lm_slab_tag_for(owner, slab->class);
}

static void tag_units(const struct lm_slab *slab, uint32_t tag, uint32_t detail)
{
    for (size_t unit = slab->unit; unit < slab->unit + slab->units; unit++) {
        store_relaxed(lm_unit_detail(unit), detail);
        store_relaxed(&lm_window.map[unit], tag);
    }
}

void lm_slab_tag(const struct lm_slab *slab)
{
    tag_units(slab, tag_of(slab), lm_metadata_index(slab));
}

struct lm_slab *lm_slab_create(unsigned class, size_t unit, size_t units, uint32_t owner)
{
    uint32_t slots = (uint32_t)((units << lm_unit_log2) / lm_class_table[class].size);
    uint32_t words = (slots + 63) / 64;
    uint32_t remote_offset;
    struct lm_slab *slab = lm_metadata_take(descriptor_size(words, &remote_offset));
    if (slab == NULL)
        return NULL;
    slab->unit = (uint32_t)unit;
    store_relaxed(&slab->owner, owner);
    slab->slots = (uint16_t)slots;
    slab->class = (uint8_t) class;
    slab->units = (uint8_t)units;
    slab->words = (uint8_t)words;
    slab->remote_offset = remote_offset;
    for (uint32_t word = 0; word < words; word++) {
        slab->free[word] = lm_bits_ones((unsigned)lm_min(64, slots - word * 64));
        lm_slab_remote(slab, word)->slab = lm_metadata_index(slab);
    }
    lm_slab_tag(slab);
    return slab;
}

void lm_slab_destroy(struct lm_slab *slab)
{
    LM_INVARIANT(slab->used == 0);
    tag_units(slab, LM_TAG_FREE, 0);
    uint32_t remote_offset;
    lm_metadata_give(slab, descriptor_size(slab->words, &remote_offset));
}

void lm_slab_hand_over(struct lm_slab *slab, uint32_t owner)
{
    store_relaxed(&slab->owner, owner);
    lm_slab_tag(slab);
}

bool lm_slab_put(struct lm_slab *slab, uint32_t word, uint64_t mask)
{
    if (lm_unlikely((slab->free[word] & mask) != 0))
        return false;
    slab->free[word] |= mask;
    slab->used -= lm_bits_count(mask);
    if (slab->heat == LM_SLAB_SWEPT)
        slab->heat = LM_SLAB_COLD;
    return true;
}

bool lm_slab_find(const void *p, size_t unit, struct lm_slot *found)
{
    struct lm_slab *slab = lm_slab_of_unit(unit);
    uint32_t offset = (uint32_t)((const char *)p - lm_unit_address(slab->unit));
    uint32_t slot;
    bool is_start = lm_class_slot_at(slab->class, offset, &slot);
    found->slab = slab;
    found->word = slot / 64;
    found->bit = UINT64_C(1) << slot % 64;
    if (lm_unlikely(lm_slab_has_guests(slab)) && slot < slab->slots)
        is_start &= (load_relaxed(lm_slab_joined(slab, found->word)) & found->bit) == 0;
    return is_start && slot < slab->slots;
}

/* Slots [first, end). */
static bool are_slots_free(const struct lm_slab *slab, uint32_t first, uint32_t end)
{
    uint64_t wanted = UINT64_MAX << first % 64;
    for (uint32_t word = first / 64; word < end / 64; word++) {
        if ((~slab->free[word] & wanted) != 0)
            return false;
        wanted = UINT64_MAX;
    }
    wanted &= lm_bits_ones(end % 64);
    return wanted == 0 || (~slab->free[end / 64] & wanted) == 0;
}

/* The slots that have a byte on a page: [*first, result), as if the slab went on behind its last slot. */
static uint32_t slots_on_page(const struct lm_slab *slab, unsigned page, uint32_t *first)
{
    uint64_t reciprocal = lm_class_table[slab->class].reciprocal;
    uint64_t offset = (uint64_t)page << lm_os.page_log2;
    *first = (uint32_t)(offset * reciprocal >> 32);
    return (uint32_t)((offset + lm_os.page_size - 1) * reciprocal >> 32) + 1;
}

/* Past the last slot there is nothing to keep. */
LM_COLD static bool is_page_empty(const struct lm_slab *slab, unsigned page)
{
    uint32_t first;
    uint32_t end = (uint32_t)lm_min(slots_on_page(slab, page, &first), slab->slots);
    return first >= end || are_slots_free(slab, first, end);
}

/* After slots were taken. */
static void note_returned_pages(struct lm_slab *slab)
{
    for (uint32_t left = slab->swept; left != 0; left &= left - 1) {
        unsigned page = lm_bits_lowest(left);
        if (!is_page_empty(slab, page))
            slab->swept &= ~(UINT32_C(1) << page);
    }
}

/* The addresses of `count` neighbours, two at a time: every block comes by here. */
static void **list_run(void **out, char *p, uint32_t size, size_t count)
{
    for (; count >= 2; count -= 2) {
        out[0] = p;
        out[-1] = p + size;
        out -= 2;
        p += 2 * size;
    }
    if (count != 0)
        *out-- = p;
    return out;
}

/* The slots of a word that lie on pages which went back to the kernel, in whole or in part. */
LM_COLD static uint64_t swept_slots(const struct lm_slab *slab, uint32_t word)
{
    uint32_t start = word * 64;
    uint64_t swept = 0;
    for (uint32_t left = slab->swept; left != 0; left &= left - 1) {
        uint32_t first;
        uint32_t end =
            (uint32_t)lm_min(slots_on_page(slab, lm_bits_lowest(left), &first), start + 64);
        first = (uint32_t)lm_max(first, start);
        if (first < end)
            swept |= lm_bits_ones(end - first) << (first - start);
    }
    return swept;
}

bool lm_slab_has_resident(const struct lm_slab *slab)
{
    for (uint32_t word = 0; word < slab->words; word++)
        if ((slab->free[word] & ~swept_slots(slab, word)) != 0)
            return true;
    return false;
}

/* Takes slots that are not in `kept`, as lm_slab_refill does. Result: how many are still wanted. */
LM_INLINE size_t take_from_word(struct lm_slab *slab, uint32_t word, uint64_t kept, void **out,
                                size_t left)
{
    uint32_t size = lm_class_table[slab->class].size;
    char *start = lm_unit_address(slab->unit) + (size_t)word * 64 * size;
    uint64_t bits = slab->free[word] & ~kept;
    while (bits != 0 && left > 0) {
        unsigned first = lm_bits_lowest(bits);
        uint64_t gaps = ~(bits >> first);
        size_t run = lm_min(gaps == 0 ? 64 : lm_bits_lowest(gaps), left);
        out = list_run(out, start + (size_t)first * size, size, run);
        bits &= ~(lm_bits_ones((unsigned)run) << first);
        left -= run;
    }
    slab->free[word] = bits | (slab->free[word] & kept);
    return left;
}

/* The same for the whole slab; only where its pages are there, if that is asked for. */
LM_INLINE size_t take_slots(struct lm_slab *slab, bool is_picky, void **out, size_t count)
{
    size_t left = count;
    for (uint32_t word = 0; word < slab->words && left > 0; word++) {
        uint64_t kept = is_picky ? swept_slots(slab, word) : 0;
        left = take_from_word(slab, word, kept, out - (count - left), left);
    }
    slab->used += (uint32_t)(count - left);
    slab->heat = LM_SLAB_HOT;
    return count - left;
}

/* Of a slab that has pages with the kernel. */
LM_COLD static size_t refill_swept(struct lm_slab *slab, void **out, size_t count)
{
    size_t got = take_slots(slab, true, out, count);
    if (got == 0)
        got = take_slots(slab, false, out, count);
    note_returned_pages(slab);
    /* What is free is with the kernel: there is nothing to sweep until a slot is put. */
    if (slab->used < slab->slots && !lm_slab_has_resident(slab))
        slab->heat = LM_SLAB_SWEPT;
    return got;
}

size_t lm_slab_refill(struct lm_slab *slab, void **out, size_t count)
{
    if (lm_unlikely(slab->swept != 0))
        return refill_swept(slab, out, count);
    return take_slots(slab, false, out, count);
}

static uint32_t empty_pages(const struct lm_slab *slab)
{
    uint32_t pages = (uint32_t)slab->units << (lm_unit_log2 - lm_os.page_log2);
    uint32_t empty = 0;
    for (uint32_t page = 0; page < pages; page++)
        if (is_page_empty(slab, page))
            empty |= UINT32_C(1) << page;
    return empty;
}

LM_COLD size_t lm_slab_sweep(struct lm_slab *slab)
{
    uint32_t before = slab->swept;
    if (slab->heat == LM_SLAB_SWEPT)
        return 0;
    for (uint32_t left = empty_pages(slab) & ~slab->swept; left != 0;) {
        unsigned first = lm_bits_lowest(left);
        unsigned count = lm_bits_lowest(~((uint64_t)left >> first));
        uint32_t run = (uint32_t)(lm_bits_ones(count) << first);
        bool is_zero;
        /* What the kernel keeps will be tried again. */
        if (lm_os_purge(lm_unit_address(slab->unit) + ((size_t)first << lm_os.page_log2),
                        (size_t)count << lm_os.page_log2, &is_zero))
            slab->swept |= run;
        left &= ~run;
    }
    slab->heat = LM_SLAB_SWEPT;
    return (size_t)lm_bits_count(slab->swept & ~before) << lm_os.page_log2;
}

void lm_slab_verify(struct lm_slab *slab)
{
    if (!lm_checked)
        return;
    uint32_t free = 0;
    for (uint32_t word = 0; word < slab->words; word++)
        free += lm_bits_count(slab->free[word]);
    LM_INVARIANT(slab->used + free == slab->slots);
    unsigned guests = 0;
    for (uint32_t word = 0; lm_slab_has_guests(slab) && word < slab->words; word++) {
        uint64_t joined = load_relaxed(lm_slab_joined(slab, word));
        LM_INVARIANT((joined & slab->free[word]) == 0 && (joined & 1) == 0);
        guests += lm_bits_count(joined & ~(joined << 1));
    }
    LM_INVARIANT(guests == load_relaxed(&slab->guests));
    uint32_t tag = tag_of(slab);
    for (size_t unit = slab->unit; unit < slab->unit + slab->units; unit++) {
        LM_INVARIANT(lm_unit_tag(unit) == tag);
        LM_INVARIANT(lm_slab_of_unit(unit) == slab);
    }
}
