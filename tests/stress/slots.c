/* SPDX-License-Identifier: MIT
 *
 * slots.c - see slots.h: sizes, patterns, and what happens to a block in one operation.
 */
#include "slots.h"

#include "../tap.h"
#include "doors.h"

#include <string.h>

enum {
    WHOLE = 4096, /* bytes: blocks to here are checked to the last byte */
    SAMPLE = 64,  /* bytes at the start of each page, and at the end, of larger blocks */
};

static struct {
    atomic_size_t live;
    size_t limit;
} slots = {.limit = (size_t)256 << 20};

bool slot_try_take(struct slot *slot)
{
    return !atomic_exchange_explicit(&slot->taken, true, memory_order_acquire);
}

void slot_give(struct slot *slot)
{
    atomic_store_explicit(&slot->taken, false, memory_order_release);
}

size_t slots_live(void)
{
    return atomic_load_explicit(&slots.live, memory_order_relaxed);
}

void slots_set_limit(size_t bytes)
{
    slots.limit = bytes;
}

static unsigned char byte_at(uint64_t mark, size_t offset)
{
    return (unsigned char)((mark >> (offset % 8 * 8)) + (offset >> 3) * 5);
}

static void fill_range(const struct slot *slot, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        slot->block[i] = byte_at(slot->mark, i);
}

/* The offset of the first byte that is wrong in [from, to), or `to`. */
static size_t wrong_in_range(const struct slot *slot, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (slot->block[i] != byte_at(slot->mark, i))
            return i;
    return to;
}

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

static void fill(const struct slot *slot)
{
    if (slot->size <= WHOLE) {
        fill_range(slot, 0, slot->size);
        return;
    }
    for (size_t at = 0; at < slot->size; at += WHOLE)
        fill_range(slot, at, smaller(at + SAMPLE, slot->size));
    fill_range(slot, slot->size - SAMPLE, slot->size);
}

static bool complain(const struct slot *slot, const char *what, size_t offset)
{
    fprintf(stderr, "lm_stress: %s: block %p of %zu bytes, alignment %zu, offset %zu, mark %#llx\n",
            what, (void *)slot->block, slot->size, slot->alignment, offset,
            (unsigned long long)slot->mark);
    return false;
}

/* Whether the first `size` bytes hold what fill wrote for the slot's size. */
static bool holds(const struct slot *slot, size_t size)
{
    if (slot->size <= WHOLE) {
        size_t wrong = wrong_in_range(slot, 0, size);
        return wrong == size || complain(slot, "overwritten", wrong);
    }
    for (size_t at = 0; at < size; at += WHOLE) {
        size_t end = smaller(at + SAMPLE, size);
        size_t wrong = wrong_in_range(slot, at, end);
        if (wrong != end)
            return complain(slot, "overwritten", wrong);
    }
    if (size < slot->size)
        return true;
    size_t wrong = wrong_in_range(slot, size - SAMPLE, size);
    return wrong == size || complain(slot, "overwritten", wrong);
}

static bool is_zero(const struct slot *slot)
{
    for (size_t at = 0; at < slot->size; at += WHOLE) {
        size_t end = smaller(slot->size, at + (slot->size <= WHOLE ? WHOLE : SAMPLE));
        for (size_t i = at; i < end; i++)
            if (slot->block[i] != 0)
                return complain(slot, "calloc gave dirt", i);
    }
    return true;
}

/* 1 B to 4 MiB; three in four below 256 B, one in a thousand above 512 KiB. */
static size_t random_size(uint64_t *random)
{
    uint64_t kind = tap_random(random) % 1000;
    size_t most = (size_t)4 << 20;

    if (kind < 750)
        most = 256;
    else if (kind < 940)
        most = 4096;
    else if (kind < 990)
        most = (size_t)64 << 10;
    else if (kind < 999)
        most = (size_t)512 << 10;
    return (size_t)(tap_random(random) % most) + 1;
}

static void count(size_t more, size_t less)
{
    atomic_fetch_add_explicit(&slots.live, more - less, memory_order_relaxed);
}

static bool take_block(struct slot *slot, uint64_t *random)
{
    uint64_t kind = tap_random(random) % 16;
    bool is_clear = kind >= 10 && kind < 14;

    slot->size = random_size(random);
    slot->alignment = 16;
    slot->mark = tap_random(random);
    if (kind < 10) {
        slot->block = stress_malloc(slot->size);
    } else if (is_clear) {
        slot->block = stress_calloc(slot->size, 1);
    } else {
        slot->alignment = (size_t)16 << tap_random(random) % (kind == 14 ? 9 : 17);
        slot->block = stress_memalign(slot->alignment, slot->size);
    }
    if (slot->block == NULL)
        return complain(slot, "out of memory", 0);
    if (((uintptr_t)slot->block & (slot->alignment - 1)) != 0)
        return complain(slot, "misaligned", 0);
    if (stress_usable_size(slot->block) < slot->size)
        return complain(slot, "too small", stress_usable_size(slot->block));
    if (is_clear && !is_zero(slot))
        return false;
    count(slot->size, 0);
    fill(slot);
    return true;
}

static bool resize_block(struct slot *slot, uint64_t *random)
{
    size_t size = random_size(random);
    /* Half of all resizes are the growth of a buffer. */
    if (tap_random(random) % 2 == 0 && slot->size < (size_t)3 << 20)
        size = slot->size + slot->size / 2 + 1;
    size_t kept = smaller(size, slot->size);
    unsigned char *block = stress_realloc(slot->block, size);

    if (block == NULL)
        return complain(slot, "out of memory in realloc", size);
    slot->block = block;
    slot->alignment = 16;
    if (!holds(slot, kept))
        return complain(slot, "contents lost in realloc to a size of", size);
    count(size, slot->size);
    slot->size = size;
    fill(slot);
    return true;
}

bool slot_empty(struct slot *slot)
{
    if (slot->block == NULL)
        return true;
    if (!holds(slot, slot->size))
        return false;
    count(0, slot->size);
    stress_free(slot->block);
    slot->block = NULL;
    return true;
}

bool slot_work(struct slot *slot, uint64_t *random)
{
    bool is_full = slots_live() > slots.limit;

    if (slot->block == NULL)
        return is_full || take_block(slot, random);
    if (!is_full && tap_random(random) % 4 == 0)
        return holds(slot, slot->size) && resize_block(slot, random);
    return slot_empty(slot);
}
