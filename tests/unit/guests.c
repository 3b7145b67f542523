/* SPDX-License-Identifier: MIT
 *
 * slab/guest and heap/hosts: blocks in slots of a smaller class, from their birth to their end.
 */
#include "unit.h"

#include "heap/bin.h"
#include "heap/owner.h"
#include "observe/snapshot.h"

enum { HOSTS = 40000, GUESTS = 6000, SMALL = 240, BIG = 950, KEEP = 16, STEPS = 4000 };

static uint64_t seed;
static void *hosts[HOSTS];
static void *guests[GUESTS];

/* What a model of one slab knows: slots of the block that begins here, 0 if none does. */
static unsigned lengths[64 * LM_SLAB_GUEST_WORDS];

static bool model_agrees(struct lm_slab *slab)
{
    unsigned used = 0;
    lm_slab_verify(slab);
    for (unsigned slot = 0; slot < slab->slots; slot++) {
        struct lm_slot found;
        const char *p = lm_slab_address(slab, slot);
        bool is_joined = slot < used;
        UNIT_CHECK(!is_joined || lengths[slot] == 0);
        UNIT_CHECK(lm_slab_find(p, lm_unit_of(p), &found) == !is_joined);
        if (lengths[slot] == 0)
            continue;
        UNIT_CHECK(lm_guest_size(&found) ==
                   lengths[slot] * (size_t)lm_class_table[slab->class].size);
        used = slot + lengths[slot];
    }
    return true;
}

static bool put_at(struct lm_slab *slab, unsigned slot)
{
    uint64_t mask = UINT64_C(1) << slot % 64;
    UNIT_CHECK(lm_guest_part(slab, slot / 64, &mask));
    UNIT_CHECK(lm_bits_count(mask) == lengths[slot]);
    lengths[slot] = 0;
    return lm_slab_put(slab, slot / 64, mask);
}

static bool take_into(struct lm_slab *slab, unsigned count)
{
    void *p = NULL;
    if (count > 1)
        p = lm_guest_take(slab, count);
    else
        lm_slab_refill(slab, &p, 1);
    if (p == NULL)
        return true;
    struct lm_slot at;
    UNIT_CHECK(lm_slab_find(p, lm_unit_of(p), &at));
    unsigned slot = at.word * 64 + lm_bits_lowest(at.bit);
    UNIT_CHECK(slot / 64 == (slot + count - 1) / 64 && slot + count <= slab->slots);
    lengths[slot] = count;
    return true;
}

static bool guests_come_and_go_whole(void)
{
    uint64_t random = seed;
    for (unsigned class = 2; class < 48; class += 3) {
        size_t dirty;
        size_t units = lm_slab_units(class);
        size_t unit = lm_units_take(units, 1, &dirty);
        struct lm_slab *slab = lm_slab_create(class, unit, units, 1);
        memset(lengths, 0, sizeof lengths);
        for (int step = 0; step < STEPS && slab->words <= LM_SLAB_GUEST_WORDS; step++) {
            unsigned slot = (unsigned)unit_below(&random, slab->slots);
            if (lengths[slot] != 0)
                UNIT_CHECK(put_at(slab, slot));
            else
                UNIT_CHECK(take_into(slab, 1 + (unsigned)unit_below(&random, 6)));
            if (step % 64 == 0)
                UNIT_CHECK(model_agrees(slab));
        }
        for (unsigned slot = 0; slot < slab->slots; slot++)
            if (lengths[slot] != 0)
                UNIT_CHECK(put_at(slab, slot));
        UNIT_CHECK(slab->used == 0 && !lm_slab_has_guests(slab));
        lm_slab_destroy(slab);
        lm_units_give(unit, units);
    }
    return true;
}

static bool a_joined_slot_begins_no_block(void)
{
    size_t dirty;
    size_t unit = lm_units_take(1, 1, &dirty);
    struct lm_slab *slab = lm_slab_create(15, unit, 1, 1);
    UNIT_CHECK(lm_guest_take(slab, 4) == lm_slab_address(slab, 0));
    UNIT_CHECK(lm_guest_take(slab, 3) == lm_slab_address(slab, 4));
    uint64_t inside = 2;
    UNIT_CHECK(!lm_guest_part(slab, 0, &inside) && inside == 2);
    uint64_t both = 1 | 1 << 4;
    UNIT_CHECK(lm_guest_part(slab, 0, &both) && both == 0x7F && lm_slab_put(slab, 0, both));
    lm_slab_destroy(slab);
    lm_units_give(unit, 1);
    return true;
}

static void take_hosts(void)
{
    for (int i = 0; i < HOSTS; i++)
        unit_fill(hosts[i] = lm_malloc(SMALL), SMALL, (uint64_t)i);
    for (int i = 0; i < HOSTS; i++)
        if (i % KEEP != 0)
            lm_free(hosts[i]);
}

static void take_guests(void)
{
    for (int i = 0; i < GUESTS; i++)
        unit_fill(guests[i] = lm_malloc(BIG), BIG, (uint64_t)i);
}

/* How many of them lie in slabs of smaller classes. */
static int count_guests(void)
{
    int count = 0;
    for (int i = 0; i < GUESTS; i++)
        count += (lm_unit_tag(lm_unit_of(guests[i])) & UINT8_MAX) < lm_class_for(BIG);
    return count;
}

/* What is told at a glance is true, or nothing is told. */
static bool size_is_told(const void *p, size_t size)
{
    size_t usable = lm_usable_size(p);
    size_t at_a_glance = lm_usable_fast(p);
    return usable >= size && (at_a_glance == 0 || at_a_glance == usable);
}

static bool all_are_whole(void)
{
    for (int i = 0; i < GUESTS; i++)
        UNIT_CHECK(unit_is_filled(guests[i], BIG, (uint64_t)i) && size_is_told(guests[i], BIG));
    for (int i = 0; i < HOSTS; i += KEEP)
        UNIT_CHECK(unit_is_filled(hosts[i], SMALL, (uint64_t)i) && size_is_told(hosts[i], SMALL));
    return true;
}

static void *free_guests(void *unused)
{
    for (int i = 0; i < GUESTS; i++)
        lm_free(guests[i]);
    return unused;
}

static void *free_hosts(void *unused)
{
    for (int i = 0; i < HOSTS; i += KEEP)
        lm_free(hosts[i]);
    return unused;
}

static bool nothing_is_left(void)
{
    lm_trim();
    UNIT_CHECK_THAT(lm_units_totals().in_use == 0, "%zu units in use", lm_units_totals().in_use);
    return lm_thread.heap->sweep.slab_size == 0 && lm_thread.heap->sweep.used_size == 0 &&
           lm_thread.heap->sweep.spent_size == 0;
}

static bool larger_blocks_move_into_holes(void)
{
    take_hosts();
    take_guests();
    UNIT_CHECK_THAT(count_guests() > GUESTS / 2, "%d of %d", count_guests(), GUESTS);
    UNIT_CHECK(all_are_whole());
    free_guests(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

static bool strangers_free_guests(void)
{
    take_hosts();
    take_guests();
    UNIT_CHECK(count_guests() > GUESTS / 2 && all_are_whole());
    unit_in_threads(1, free_guests, NULL);
    unit_in_threads(1, free_hosts, NULL);
    return nothing_is_left();
}

static void *take_all(void *unused)
{
    take_hosts();
    take_guests();
    return unused;
}

static bool guests_outlive_their_thread(void)
{
    /* Or this thread would get the other one's heap. */
    lm_free(lm_malloc(SMALL));
    unit_in_threads(1, take_all, NULL);
    UNIT_CHECK(count_guests() > GUESTS / 2 && all_are_whole());
    /* This thread adopts slabs. */
    for (int i = 1; i < HOSTS; i += KEEP)
        hosts[i] = lm_malloc(SMALL);
    UNIT_CHECK(all_are_whole());
    for (int i = 1; i < HOSTS; i += KEEP)
        lm_free(hosts[i]);
    free_guests(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

static bool a_guest_that_grows_keeps_its_content(void)
{
    take_hosts();
    take_guests();
    for (int i = 0; i < GUESTS; i++) {
        guests[i] = lm_realloc(guests[i], 3 * BIG);
        UNIT_CHECK(unit_is_filled(guests[i], BIG, (uint64_t)i));
    }
    free_guests(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

/* A search per block would double the time of a program whose larger blocks come and go. */
static bool guests_that_come_and_go_are_soon_too_many(void)
{
    size_t seen = 0;
    take_hosts();
    uint64_t start_ms = lm_os_clock_ms();
    for (int round = 0; round < 40; round++) {
        take_guests();
        seen += (size_t)count_guests();
        free_guests(NULL);
    }
    /* The clock is coarse. */
    size_t passed = (size_t)(lm_os_clock_ms() - start_ms) + LM_HOST_CREDIT_MS + 20;
    size_t most = passed * LM_HOST_CREDIT_GAIN / (LM_HOST_SEARCH + 1);
    free_hosts(NULL);
    UNIT_CHECK_THAT(seen <= most, "%zu guests instead of %zu", seen, most);
    return nothing_is_left();
}

static bool aligned_requests_are_no_guests(void)
{
    take_hosts();
    for (int i = 0; i < GUESTS; i++) {
        guests[i] = lm_memalign(512, BIG);
        UNIT_CHECK((uintptr_t)guests[i] % 512 == 0);
    }
    free_guests(NULL);
    free_hosts(NULL);
    return nothing_is_left();
}

/* What was a guest and is free may serve its host's class before its slots part. */
static bool sizes_change_places_for_long(void)
{
    uint64_t random = seed + 1;
    memset(hosts, 0, sizeof hosts);
    for (int step = 0; step < 60 * STEPS; step++) {
        size_t most = step / 20000 % 2 == 0 ? 300 : 3000;
        void **slot = &hosts[unit_below(&random, HOSTS / 4)];
        if (*slot != NULL)
            UNIT_CHECK(unit_is_filled(*slot, 16, (uint64_t)(slot - hosts)));
        lm_free(*slot);
        *slot =
            unit_below(&random, 3) == 0 ? NULL : lm_malloc(16 + unit_random_size(&random, most));
        if (*slot != NULL)
            unit_fill(*slot, lm_usable_size(*slot) & ~(size_t)7, (uint64_t)(slot - hosts));
    }
    for (int i = 0; i < HOSTS; i++)
        lm_free(hosts[i]);
    return nothing_is_left();
}

enum { SIZES = 12 };

static void *take_few(void *blocks)
{
    for (size_t i = 0; i < SIZES; i++)
        ((void **)blocks)[i] = lm_malloc(80 + 32 * i);
    return NULL;
}

/* By the way that realloc goes, which may say 0: it does not know. */
static bool is_seen_as(const void *p, size_t least, size_t most)
{
    size_t usable = lm_usable_fast(p);
    return usable == 0 || (usable >= least && usable <= most);
}

/* Before any other truth: the heap is new. */
static bool a_programs_first_blocks_share_a_slab(void)
{
    void *few[2][SIZES];
    static void *many[GUESTS];
    take_few(few[0]);
    UNIT_CHECK(unit_snapshot().slabs == lm_unit_size);
    for (size_t i = 0; i < SIZES; i++)
        UNIT_CHECK(lm_usable_size(few[0][i]) >= 80 + 32 * i);
    pthread_t thread;
    pthread_create(&thread, NULL, take_few, few[1]);
    pthread_join(thread, NULL);
    UNIT_CHECK(unit_snapshot().slabs > SIZES / 2 * lm_unit_size);
    for (size_t i = 0; i < GUESTS; i++)
        many[i] = lm_malloc(200);
    UNIT_CHECK(lm_usable_size(many[GUESTS - 1]) == lm_class_table[lm_class_for(200)].size);
    for (size_t i = 0; i < GUESTS; i++) {
        lm_free(many[i]);
        many[i] = lm_malloc(40);
        UNIT_CHECK(is_seen_as(many[i], 48, LM_FIRST_GUEST_BYTES));
    }
    for (size_t i = 0; i < GUESTS; i++)
        lm_free(many[i]);
    for (size_t i = 0; i < SIZES; i++)
        UNIT_CHECK(is_seen_as(few[0][i], 80 + 32 * i, 2 * (80 + 32 * i)));
    for (size_t i = 0; i < SIZES; i++) {
        lm_free(few[0][i]);
        lm_free(few[1][i]);
    }
    lm_trim();
    UNIT_CHECK(unit_snapshot().slabs == 0);
    return true;
}

int main(void)
{
    unit_start();
    seed = tap_seed();
    UNIT_TRUTH(a_programs_first_blocks_share_a_slab);
    UNIT_TRUTH(guests_come_and_go_whole);
    UNIT_TRUTH(a_joined_slot_begins_no_block);
    UNIT_TRUTH(guests_outlive_their_thread);
    UNIT_TRUTH(larger_blocks_move_into_holes);
    UNIT_TRUTH(strangers_free_guests);
    UNIT_TRUTH(a_guest_that_grows_keeps_its_content);
    UNIT_TRUTH(guests_that_come_and_go_are_soon_too_many);
    UNIT_TRUTH(aligned_requests_are_no_guests);
    UNIT_TRUTH(sizes_change_places_for_long);
    return tap_done();
}
