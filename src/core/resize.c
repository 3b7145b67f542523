/* SPDX-License-Identifier: MIT
 *
 * core/resize.c - realloc: stay, stretch, move pages, and only then copy.
 */
#include "core/core.h"

#include "heap/huge.h"
#include "os/fatal.h"
#include "os/os.h"
#include "space/large.h"

#include <string.h>

enum kind { SMALL, LARGE, HUGE, FOREIGN };

struct place {
    enum kind kind;
    size_t unit;
    /* bytes; unknown for a stranger's block */
    size_t usable;
};

/* Above the committed units. */
static struct place locate_outside(const void *p)
{
    struct place place = {FOREIGN, lm_unit_of(p), 0};
    if (lm_is_in_huge_zone(p)) {
        place.usable = lm_huge_usable(p);
        if (place.usable != 0 || !lm_window.is_virtual)
            place.kind = HUGE;
    } else if (place.unit < lm_window.capacity && !lm_window.is_virtual) {
        place.kind = LARGE;
    }
    return place;
}

/* What p points at; usable is 0 if that is no block of ours. */
static struct place locate_quietly(const void *p)
{
    struct place place = {FOREIGN, lm_unit_of(p), 0};
    if (place.unit >= load_relaxed(&lm_window_units))
        return locate_outside(p);
    uint32_t tag = lm_unit_tag(place.unit);
    if (tag == LM_TAG_TAKEN)
        return place;
    struct lm_slot slot;
    place.kind = tag == LM_TAG_LARGE ? LARGE : SMALL;
    if (tag == LM_TAG_LARGE && p == lm_unit_address(place.unit))
        place.usable = lm_large_size(place.unit);
    else if (tag > UINT8_MAX && lm_slab_find(p, place.unit, &slot))
        place.usable = lm_guest_size(&slot);
    return place;
}

/* Dies if p is no block. */
static struct place locate(const char *door, const void *p)
{
    struct place place = locate_quietly(p);
    if (lm_unlikely(place.usable == 0 && place.kind != FOREIGN))
        lm_fatal(door, LM_INVALID_POINTER, p);
    /* Without magazines a block's state is known at once. */
    if (lm_unlikely(!lm_options.magazines) && place.kind == SMALL && lm_heap_is_free(p, place.unit))
        lm_fatal(door, LM_DOUBLE_FREE, p);
    return place;
}

size_t lm_usable_size(const void *p)
{
    if (p == NULL)
        return 0;
    struct place place = locate("malloc_usable_size", p);
    return place.kind == FOREIGN ? lm_foreign.usable_size(p) : place.usable;
}

bool lm_has_spare(const void *p)
{
    struct lm_slot slot;
    struct place place = locate_quietly(p);
    if (place.kind == LARGE)
        return place.usable <= lm_unit_size;
    return place.kind == SMALL && lm_slab_find(p, place.unit, &slot) &&
           lm_guest_size(&slot) != lm_class_table[slot.slab->class].size;
}

static void *copy_over(void *fresh, void *p, size_t size)
{
    memcpy(fresh, p, size);
    lm_free(p);
    return fresh;
}

static void *copy_to_new(void *p, size_t usable, size_t size)
{
    void *fresh = lm_malloc(size);
    /* A block that shrinks can always stay. */
    if (lm_unlikely(fresh == NULL))
        return size <= usable ? p : NULL;
    return copy_over(fresh, p, lm_min(usable, size));
}

/* What has grown will grow again: so it goes where that needs no further copy. */
static void *copy_to_room(void *p, size_t usable, size_t size)
{
    if (size <= usable || size < LM_GROW_ROOM_FROM || size > LM_GROW_COPY_MOST)
        return NULL;
    void *fresh = lm_large_take_roomy(size, size * LM_GROW_ROOM);
    return fresh == NULL ? NULL : copy_over(fresh, p, usable);
}

/* Of a block that is in the huge zone now. */
static void leave_units(size_t unit, enum lm_huge_source source)
{
    size_t count;
    switch (source) {
    case LM_SOURCE_KEPT:
        lm_large_give(unit);
        break;
    case LM_SOURCE_EMPTY:
        if (lm_large_claim(unit, &count))
            lm_units_give_clean(unit, count);
        break;
    case LM_SOURCE_LOST:
        lm_large_abandon(unit);
        break;
    }
}

/* Bytes. */
static size_t early_from(void)
{
    return lm_unit_size / 4;
}

/* May a large block that is to hold `size` bytes stay one? */
static bool stays_large(size_t usable, size_t size)
{
    if (size > LM_SMALL_MAX)
        return true;
    return usable <= lm_unit_size ? size >= early_from() : size > (usable - 1) / 2;
}

/* Without a copy of much; NULL if that is not possible. */
static void *stretch_large(void *p, const struct place *place, size_t size)
{
    bool fits_kind = size <= LM_LARGE_MOST && stays_large(place->usable, size);
    /* What has grown so far goes where huge pages can be had, or where its like left theirs. */
    bool is_leaving =
        size > place->usable &&
        (size > LM_HUGE_PAGES_FROM || (size > LM_GROW_COPY_MOST && lm_huge_has_warm(size)));
    if (fits_kind && !is_leaving && lm_large_resize(place->unit, size))
        return p;
    void *copied = is_leaving ? NULL : copy_to_room(p, place->usable, size);
    if (copied != NULL)
        return copied;
    if (size >= LM_MOVE_LEAST && size > place->usable) {
        enum lm_huge_source source;
        void *moved = lm_huge_move_in(p, place->usable, size, &source);
        if (moved != NULL) {
            leave_units(place->unit, source);
            return moved;
        }
    }
    return is_leaving && fits_kind && lm_large_resize(place->unit, size) ? p : NULL;
}

/* The failed copy has given back all that is cached, so what it was made for may work now. */
static void *resize_large(void *p, const struct place *place, size_t size)
{
    void *resized = stretch_large(p, place, size);
    if (resized == NULL)
        resized = copy_to_new(p, place->usable, size);
    return resized != NULL ? resized : stretch_large(p, place, size);
}

static void *resize_huge(void *p, const struct place *place, size_t size)
{
    /* What has become small leaves the zone. */
    if (size < LM_MOVE_LEAST / 2)
        return copy_to_new(p, place->usable, size);
    void *resized = lm_huge_resize(p, size);
    if (resized != NULL || size <= place->usable)
        return resized;
    resized = copy_to_new(p, place->usable, size);
    return resized != NULL ? resized : lm_huge_resize(p, size);
}

/* The block's class, which the caller knows, is that of its slab. (All that lm_slab_find proves would be
 * 15 % of a move.) */
static bool is_start_of_slot(const void *p)
{
    const struct lm_slab *slab = lm_slab_of_unit(lm_unit_of(p));
    uint32_t offset = (uint32_t)((const char *)p - lm_unit_address(slab->unit));
    uint32_t slot;
    return lm_class_slot_at(slab->class, offset, &slot);
}

/* Is the block that got room early still there, and still so small? Another one may be taken for it. */
static bool has_early(const struct lm_growth *growth)
{
    size_t unit = growth->early - (size_t)1;
    return growth->early != 0 && lm_unit_tag(unit) == LM_TAG_LARGE &&
           lm_large_size(unit) <= 2 * lm_unit_size;
}

/* A block that has moved again and again gets room while it is small. What it leaves of its unit is wasted if it
 * grows no further, so there is one such block at a time. */
static void *take_early(struct lm_growth *growth, size_t size)
{
    if (has_early(growth))
        return NULL;
    void *fresh = lm_large_take_roomy(size, LM_GROW_EARLY_ROOM);
    if (fresh != NULL)
        growth->early = 1 + (uint32_t)lm_unit_of(fresh);
    return fresh;
}

/* Copies a small block elsewhere. */
static void *move_small(void *p, size_t usable, size_t size)
{
    struct lm_heap *heap = lm_thread.heap;
    if (lm_unlikely(heap == lm_heap_nobodys()))
        return copy_to_new(p, usable, size);
    struct lm_growth *growth = &heap->growth;
    bool goes_on = growth->block == p && size > usable;
    growth->moves = goes_on ? growth->moves + 1 : 1;
    void *fresh = NULL;
    if (growth->moves >= LM_GROW_EARLY_MOVES && size >= early_from() && size < LM_GROW_ROOM_FROM)
        fresh = take_early(growth, size);
    fresh = fresh != NULL ? copy_over(fresh, p, usable) : copy_to_new(p, usable, size);
    growth->block = fresh;
    return fresh;
}

void *lm_realloc_move(void *p, size_t usable, size_t size)
{
    if (lm_unlikely(size >= LM_GROW_ROOM_FROM || size == 0 || !is_start_of_slot(p)))
        return NULL;
    return move_small(p, usable, size);
}

void *lm_realloc(void *p, size_t size)
{
    if (p == NULL)
        return lm_malloc(size);
    if (size > PTRDIFF_MAX)
        return NULL;
    /* Or a program that frees nothing would come here with every block that stays. */
    if (lm_unlikely(lm_thread.heap->filter == LM_FILTER_CLOSED)) {
        lm_heap_open(lm_thread.heap);
        lm_heap_veil(lm_thread.heap);
    }
    struct place place = locate("realloc", p);
    switch (place.kind) {
    case FOREIGN:
        return lm_foreign.realloc(p, size);
    case LARGE:
        return resize_large(p, &place, size);
    case HUGE:
        return resize_huge(p, &place, size);
    case SMALL:
        break;
    }
    if (lm_realloc_stays(place.usable, size))
        return p;
    void *copied = copy_to_room(p, place.usable, size);
    return copied != NULL ? copied : move_small(p, place.usable, size);
}
