/* SPDX-License-Identifier: MIT
 *
 * slab/slab, for every class: the bitmaps against a shadow, pointers against all offsets, holes
 * against the kernel.
 */
#include "unit.h"

#include "os/os.h"
#include "slab/slab.h"
#include "space/units.h"

enum { MOST_SLOTS = 1024, OWNER = 7 };

static uint64_t seed;
static struct lm_slab *slab;
static bool is_used[MOST_SLOTS];
/* All truths hold for slabs of either size. */
static size_t (*units_of)(unsigned class) = lm_slab_units;

static bool create(unsigned class)
{
    size_t dirty;
    size_t unit = lm_units_take(units_of(class), 1, &dirty);
    UNIT_CHECK(unit != LM_NO_UNIT);
    slab = lm_slab_create(class, unit, units_of(class), OWNER);
    UNIT_CHECK(slab != NULL && slab->slots <= MOST_SLOTS);
    memset(is_used, 0, sizeof is_used);
    return true;
}

static void destroy(void)
{
    size_t unit = slab->unit;
    size_t units = slab->units;
    lm_slab_destroy(slab);
    lm_units_give(unit, units);
}

static size_t used_slots(void)
{
    size_t sum = 0;
    for (size_t slot = 0; slot < slab->slots; slot++)
        sum += is_used[slot];
    return sum;
}

static bool bitmap_agrees(void)
{
    for (size_t slot = 0; slot < slab->words * 64u; slot++) {
        bool is_free = (slab->free[slot / 64] >> slot % 64 & 1) != 0;
        UNIT_CHECK(is_free == (slot < slab->slots && !is_used[slot]));
    }
    UNIT_CHECK(slab->used == used_slots());
    lm_slab_verify(slab);
    return true;
}

/* Lowest first, from out[0] downward. */
static bool refill(size_t count)
{
    void *blocks[MOST_SLOTS + 1];
    size_t got = lm_slab_refill(slab, blocks + count, count);
    UNIT_CHECK(got == lm_min(count, slab->slots - used_slots()));
    size_t slot = 0;
    for (size_t i = 0; i < got; i++, slot++) {
        while (is_used[slot])
            slot++;
        UNIT_CHECK(blocks[count - i] == lm_slab_address(slab, (uint32_t)slot));
        is_used[slot] = true;
    }
    return true;
}

static bool put(size_t slot)
{
    bool was_used = is_used[slot];
    uint64_t bit = UINT64_C(1) << slot % 64;
    UNIT_CHECK(lm_slab_put(slab, (uint32_t)slot / 64, bit) == was_used);
    is_used[slot] = false;
    return true;
}

static bool slots_are_taken_lowest_first(void)
{
    uint64_t random = seed;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(create(class) && bitmap_agrees());
        for (int step = 0; step < 200; step++) {
            if (unit_below(&random, 4) == 0)
                UNIT_CHECK(refill(1 + unit_below(&random, slab->slots)));
            else
                UNIT_CHECK(put(unit_below(&random, slab->slots)));
            UNIT_CHECK(bitmap_agrees());
        }
        for (size_t slot = 0; slot < slab->slots; slot++)
            UNIT_CHECK(put(slot));
        destroy();
    }
    return true;
}

static bool slots_lie_inside_and_apart(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(create(class));
        size_t size = lm_class_table[class].size;
        size_t room = (size_t)slab->units << lm_unit_log2;
        UNIT_CHECK(slab->slots * size <= room && (slab->slots + 1) * size > room);
        UNIT_CHECK(units_of != lm_slab_units || lm_is_power_of_two(slab->units));
        UNIT_CHECK(lm_slab_address(slab, 0) == lm_unit_address(slab->unit));
        UNIT_CHECK(slab->slots == 1 ||
                   lm_slab_address(slab, 1) == lm_unit_address(slab->unit) + size);
        destroy();
    }
    return true;
}

static bool only_starts_of_slots_are_found(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(create(class));
        char *start = lm_unit_address(slab->unit);
        size_t size = lm_class_table[class].size;
        for (size_t offset = 0; offset < (size_t)slab->units << lm_unit_log2; offset++) {
            struct lm_slot found;
            size_t slot = offset / size;
            bool is_start = offset % size == 0 && slot < slab->slots;
            bool is_found = lm_slab_find(start + offset, lm_unit_of(start + offset), &found);
            UNIT_CHECK_THAT(is_found == is_start, "class %u offset %zu", class, offset);
            UNIT_CHECK(!is_found || (found.slab == slab && found.word == slot / 64 &&
                                     found.bit == UINT64_C(1) << slot % 64));
        }
        destroy();
    }
    return true;
}

static bool several_slots_of_a_word_are_put_at_once(void)
{
    UNIT_CHECK(create(0) && refill(200));
    UNIT_CHECK(lm_slab_put(slab, 1, 0xff00ff));
    UNIT_CHECK(slab->used == 200 - 16);
    UNIT_CHECK(!lm_slab_put(slab, 1, 0x10100) && slab->used == 200 - 16);
    lm_slab_verify(slab);
    UNIT_CHECK(lm_slab_put(slab, 1, ~UINT64_C(0xff00ff)) && lm_slab_put(slab, 0, ~UINT64_C(0)));
    UNIT_CHECK(lm_slab_put(slab, 2, ~UINT64_C(0)) && lm_slab_put(slab, 3, 0xff) && slab->used == 0);
    destroy();
    return true;
}

static bool remote_nodes_know_their_slab_and_word(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(create(class));
        UNIT_CHECK((uintptr_t)lm_slab_remote(slab, 0) % LM_CACHE_LINE == 0);
        UNIT_CHECK((char *)lm_slab_remote(slab, 0) >= (char *)&slab->free[slab->words]);
        for (uint32_t word = 0; word < slab->words; word++) {
            struct lm_remote *node = lm_slab_remote(slab, word);
            UNIT_CHECK(node->bits == 0 && lm_metadata_at(node->slab) == slab);
            UNIT_CHECK(lm_remote_at(lm_remote_index(node)) == node);
            UNIT_CHECK(lm_remote_word(node, slab) == word);
        }
        destroy();
    }
    return true;
}

/* What the hot path of free asks of a unit's tag. */
static bool passes(uint32_t tag, uint32_t owner)
{
    return (tag | (lm_tag_of_owner(owner) ^ LM_TAG_OPEN)) >= LM_TAG_OPEN;
}

static bool no_owners_tag_passes_for_anothers(void)
{
    for (uint32_t mine = 1; mine < 3000; mine++) {
        UNIT_CHECK(lm_tag_owner(lm_tag_of_owner(mine)) == mine && passes(LM_TAG_OPEN, mine));
        UNIT_CHECK(!passes(LM_TAG_FREE, mine) && !passes(LM_TAG_KEPT, mine));
        for (uint32_t other = 1; other < 3000; other++)
            UNIT_CHECK(passes(lm_tag_of_owner(other), mine) == (other == mine));
    }
    uint64_t random = seed;
    for (int i = 0; i < 1000000; i++) {
        uint32_t mine = (uint32_t)(1 + unit_below(&random, LM_HEAPS_MOST));
        uint32_t other = (uint32_t)(1 + unit_below(&random, LM_HEAPS_MOST));
        UNIT_CHECK_THAT(passes(lm_tag_of_owner(other), mine) == (other == mine), "%u for %u", other,
                        mine);
    }
    return lm_tag_owner(LM_TAG_OPEN) > LM_HEAPS_MOST + LM_CONTROLS_FIRST;
}

static uint32_t tag_for(uint32_t owner, unsigned class)
{
    bool is_open = lm_class_table[class].size >= LM_OPEN_LEAST && owner > LM_COMMONS;
    return (is_open ? LM_TAG_OPEN : lm_tag_of_owner(owner)) | class;
}

static bool units_carry_owner_and_class(void)
{
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        UNIT_CHECK(create(class));
        size_t unit = slab->unit;
        size_t units = slab->units;
        for (size_t i = 0; i < units; i++)
            UNIT_CHECK(lm_unit_tag(unit + i) == tag_for(OWNER, class) &&
                       lm_slab_of_unit(unit + i) == slab);
        lm_slab_hand_over(slab, OWNER + 1);
        for (size_t i = 0; i < units; i++)
            UNIT_CHECK(lm_unit_tag(unit + i) == tag_for(OWNER + 1, class));
        UNIT_CHECK(slab->owner == OWNER + 1);
        lm_slab_verify(slab);
        destroy();
        for (size_t i = 0; i < units; i++)
            UNIT_CHECK(lm_unit_tag(unit + i) == LM_TAG_FREE);
    }
    return true;
}

/* Which pages hold a byte of a used slot, the slow way. */
static void mark_needed(bool *is_needed)
{
    size_t size = lm_class_table[slab->class].size;
    for (size_t slot = 0; slot < slab->slots; slot++)
        for (size_t at = slot * size; is_used[slot] && at < (slot + 1) * size; at += 16)
            is_needed[at / UNIT_PAGE] = true;
}

static bool holes_are_what_no_used_slot_touches(uint64_t *random)
{
    char *start = lm_unit_address(slab->unit);
    size_t room = (size_t)slab->units << lm_unit_log2;
    bool is_needed[LM_SLAB_MOST / UNIT_PAGE] = {false};
    UNIT_CHECK(refill(slab->slots));
    unit_fill(start, room, 1);
    size_t share = 1 + unit_below(random, 64);
    for (size_t slot = 0; slot < slab->slots; slot++)
        if (unit_below(random, 64) < share)
            UNIT_CHECK(put(slot));
    mark_needed(is_needed);
    size_t purged = 0;
    for (size_t page = 0; page < room / UNIT_PAGE; page++)
        purged += is_needed[page] ? 0 : UNIT_PAGE;
    UNIT_CHECK(lm_slab_sweep(slab) == purged);
    for (size_t page = 0; page < room / UNIT_PAGE; page++) {
        char *at = start + page * UNIT_PAGE;
        bool is_there = unit_resident_pages(at, UNIT_PAGE) != 0;
        UNIT_CHECK_THAT(is_there == is_needed[page], "class %d page %zu", slab->class, page);
        UNIT_CHECK(!is_there || unit_is_filled(at, UNIT_PAGE, 1 + page * UNIT_PAGE / 8));
    }
    UNIT_CHECK(lm_slab_sweep(slab) == 0);
    for (size_t slot = 0; slot < slab->slots; slot++)
        UNIT_CHECK(put(slot));
    return true;
}

static bool purge_returns_exactly_the_holes(void)
{
    uint64_t random = seed + 1;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        for (int round = 0; round < 12; round++) {
            UNIT_CHECK(create(class) && holes_are_what_no_used_slot_touches(&random));
            destroy();
        }
    }
    return true;
}

/* Does a byte of the slot lie on a page that is with the kernel? */
static bool is_on_swept(size_t slot)
{
    size_t size = lm_class_table[slab->class].size;
    size_t first = slot * size / UNIT_PAGE;
    size_t last = ((slot + 1) * size - 1) / UNIT_PAGE;
    for (size_t page = first; page <= last; page++)
        if ((slab->swept >> page & 1) != 0)
            return true;
    return false;
}

static size_t free_slots_that_are_there(void)
{
    size_t count = 0;
    for (size_t slot = 0; slot < slab->slots; slot++)
        count += !is_used[slot] && !is_on_swept(slot);
    return count;
}

/* One refill of a swept slab: the lowest of those that are there, or else of the others. */
static bool refill_swept(size_t count)
{
    void *blocks[MOST_SLOTS + 1];
    size_t there = free_slots_that_are_there();
    size_t all = slab->slots - used_slots();
    bool is_swept[MOST_SLOTS];
    for (size_t slot = 0; slot < slab->slots; slot++)
        is_swept[slot] = is_on_swept(slot);
    UNIT_CHECK(lm_slab_has_resident(slab) == (there != 0));
    size_t got = lm_slab_refill(slab, blocks + count, count);
    UNIT_CHECK(got == lm_min(count, there != 0 ? there : all));
    size_t slot = 0;
    for (size_t i = 0; i < got; i++, slot++) {
        while (is_used[slot] || (there != 0 && is_swept[slot]))
            slot++;
        UNIT_CHECK(blocks[count - i] == lm_slab_address(slab, (uint32_t)slot));
        is_used[slot] = true;
    }
    bool is_spent = slab->swept != 0 && all != got && free_slots_that_are_there() == 0;
    UNIT_CHECK((slab->heat == LM_SLAB_SWEPT) == is_spent);
    return true;
}

static bool pages_that_are_there_serve_first(void)
{
    uint64_t random = seed + 2;
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        for (int round = 0; round < 12; round++) {
            UNIT_CHECK(create(class) && refill(slab->slots));
            size_t share = 1 + unit_below(&random, 64);
            for (size_t slot = 0; slot < slab->slots; slot++)
                if (unit_below(&random, 64) < share)
                    UNIT_CHECK(put(slot));
            lm_slab_sweep(slab);
            while (used_slots() < slab->slots && slab->swept != 0)
                UNIT_CHECK(refill_swept(1 + unit_below(&random, slab->slots)) && bitmap_agrees());
            for (size_t slot = 0; slot < slab->slots; slot++)
                UNIT_CHECK(put(slot));
            destroy();
        }
    }
    return true;
}

static bool a_slab_in_use_is_swept_again(void)
{
    UNIT_CHECK(create(20) && refill(slab->slots));
    UNIT_CHECK(lm_slab_sweep(slab) == 0);
    for (size_t slot = 1; slot < slab->slots; slot++)
        UNIT_CHECK(put(slot));
    UNIT_CHECK(lm_slab_sweep(slab) == 3 * UNIT_PAGE && lm_slab_sweep(slab) == 0);
    UNIT_CHECK(lm_slab_swept_size(slab) == 3 * UNIT_PAGE);
    /* What is gone already does not count again. */
    UNIT_CHECK(refill(1) && lm_slab_sweep(slab) == 0);
    UNIT_CHECK(lm_slab_swept_size(slab) == 3 * UNIT_PAGE);
    UNIT_CHECK(lm_slab_spent_size(slab) == (slab->slots - 2u) * lm_class_table[20].size);
    /* A page from which a slot is taken does; those that are there serve first. */
    UNIT_CHECK(refill(UNIT_PAGE / lm_class_table[20].size - 2));
    UNIT_CHECK(lm_slab_swept_size(slab) == 3 * UNIT_PAGE && slab->heat == LM_SLAB_SWEPT);
    UNIT_CHECK(refill(slab->slots) && lm_slab_swept_size(slab) == 0);
    for (size_t slot = 2; slot < slab->slots; slot++)
        UNIT_CHECK(put(slot));
    UNIT_CHECK(lm_slab_spent_size(slab) == 0);
    UNIT_CHECK(lm_slab_sweep(slab) == 3 * UNIT_PAGE);
    UNIT_CHECK(put(0) && put(1));
    destroy();
    return true;
}

/* The share of a slab that lies behind its last slot: one part in so many, rounded down. */
static size_t tail_part(unsigned class, size_t units)
{
    size_t room = units << lm_unit_log2;
    size_t tail = room % lm_class_table[class].size;
    return tail == 0 ? SIZE_MAX : room / tail;
}

static size_t best_part(unsigned class)
{
    size_t best = 0;
    size_t least = lm_slab_units(class);
    for (size_t units = least; units << lm_unit_log2 <= LM_SLAB_MOST; units++)
        best = lm_max(best, tail_part(class, units));
    return best;
}

/* The more there is of a class, the less may be left; as little as can be if that is too much. */
static bool tight_slabs_leave_little_behind(void)
{
    unsigned tight = 0;
    for (size_t held = 0; held <= 64 * LM_MIB; held += held / 4 + 1)
        for (unsigned class = 0; class < LM_CLASSES; class ++) {
            size_t size = lm_class_table[class].size;
            size_t least = lm_slab_units(class);
            size_t units = lm_slab_tight_units(class, held);
            size_t room = units << lm_unit_log2;
            UNIT_CHECK(units >= least && room <= LM_SLAB_MOST);
            if (size > lm_unit_size / 2 || held < LM_SLAB_TIGHT_FROM) {
                UNIT_CHECK(units == least);
                continue;
            }
            size_t part = lm_min(held / LM_SLAB_TAILS, LM_SLAB_TAIL_SHARE);
            UNIT_CHECK_THAT(tail_part(class, units) >= lm_min(part, best_part(class)),
                            "%zu units of %zu for %zu", units, size, held);
            tight += units > least;
        }
    UNIT_CHECK(tight > 100);
    return true;
}

static size_t units_of_much(unsigned class)
{
    return lm_slab_tight_units(class, 16 * LM_MIB);
}

static void run_truths(void)
{
    UNIT_TRUTH(slots_lie_inside_and_apart);
    UNIT_TRUTH(slots_are_taken_lowest_first);
    UNIT_TRUTH(only_starts_of_slots_are_found);
    UNIT_TRUTH(remote_nodes_know_their_slab_and_word);
    UNIT_TRUTH(no_owners_tag_passes_for_anothers);
    UNIT_TRUTH(units_carry_owner_and_class);
    UNIT_TRUTH(purge_returns_exactly_the_holes);
    UNIT_TRUTH(pages_that_are_there_serve_first);
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    /* The first purge of a process looks at a page; here it must not. */
    bool is_zero;
    size_t dirty;
    size_t unit = lm_units_take(1, 1, &dirty);
    lm_os_purge(lm_unit_address(unit), lm_unit_size, &is_zero);
    run_truths();
    UNIT_TRUTH(several_slots_of_a_word_are_put_at_once);
    UNIT_TRUTH(a_slab_in_use_is_swept_again);
    UNIT_TRUTH(tight_slabs_leave_little_behind);
    tap_diag("tight slabs");
    units_of = units_of_much;
    run_truths();
    return tap_done();
}
