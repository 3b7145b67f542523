/* SPDX-License-Identifier: MIT
 * The delta coder; see encode.h, and doc/trace-format.md for the coding itself. */
#include "trace/encode.h"

#include <string.h>

enum { OP_INDEX_BITS = 13 };

static_assert(FB_SLOT_OPS <= 1 << OP_INDEX_BITS, "an operation's index fits a table entry");

void fb_encoder_begin(struct fb_encoder *encoder, uint64_t base_stamp, uint64_t base_ns)
{
    struct fb_slot *slot = encoder->slot;
    atomic_store_explicit(&slot->ops, 0, memory_order_relaxed);
    memset(slot->used, 0, sizeof slot->used);
    slot->base_stamp = base_stamp;
    slot->base_ns = base_ns;
    encoder->last_stamp = base_stamp;
    encoder->last_acquired = 0;
    encoder->last_released = 0;
    memset(encoder->table, 0, sizeof encoder->table);
}

bool fb_encoder_is_full(const struct fb_encoder *encoder)
{
    const struct fb_slot *slot = encoder->slot;
    return slot->used[FB_COLUMN_OP] == FB_SLOT_OPS ||
           slot->used[FB_COLUMN_SIZE] > FB_SLOT_SIZE_BYTES - FB_COLUMN_RESERVE ||
           slot->used[FB_COLUMN_ADDRESS] > FB_SLOT_ADDRESS_BYTES - FB_COLUMN_RESERVE ||
           slot->used[FB_COLUMN_TIME] > FB_SLOT_TIME_BYTES - FB_COLUMN_RESERVE;
}

static void put_varint(uint8_t *column, uint32_t *used, uint64_t value)
{
    uint32_t at = *used;
    while (value >= 0x80) {
        column[at++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    column[at++] = (uint8_t)value;
    *used = at;
}

static void put_size(struct fb_slot *slot, uint64_t value)
{
    put_varint(slot->size_bytes, &slot->used[FB_COLUMN_SIZE], value);
}

static uint64_t *table_entry(struct fb_encoder *encoder, uint64_t address)
{
    uint64_t hash = (address >> 3) * 0x9e3779b97f4a7c15u;
    return &encoder->table[hash >> (64 - FB_BACK_TABLE_LOG2)];
}

static void remember(struct fb_encoder *encoder, uint64_t address, uint32_t op)
{
    *table_entry(encoder, address) = address << OP_INDEX_BITS | op;
}

/* True, and a distance written, when an operation of this chunk has mentioned the address. */
static bool put_back(struct fb_encoder *encoder, uint64_t address, uint32_t op)
{
    struct fb_slot *slot = encoder->slot;
    uint64_t entry = *table_entry(encoder, address);
    if (entry == 0 || (entry ^ address << OP_INDEX_BITS) >> OP_INDEX_BITS != 0)
        return false;
    uint32_t earlier = (uint32_t)(entry & ((1u << OP_INDEX_BITS) - 1));
    put_varint(slot->address_bytes, &slot->used[FB_COLUMN_ADDRESS], op - earlier);
    return true;
}

/* Step from *last to the address, in units of 8 bytes where that goes. */
static void put_step(struct fb_slot *slot, uint64_t *last, uint64_t address)
{
    int64_t step = (int64_t)(address - *last);
    uint64_t code;
    if ((step & 7) == 0) {
        int64_t units = step / 8;
        code = ((uint64_t)units << 1 ^ (uint64_t)(units >> 63)) << 1;
    } else {
        code = ((uint64_t)step << 1 ^ (uint64_t)(step >> 63)) << 1 | 1;
    }
    put_varint(slot->address_bytes, &slot->used[FB_COLUMN_ADDRESS], code);
}

static uint8_t put_times(struct fb_encoder *encoder, const struct fb_event *event)
{
    struct fb_slot *slot = encoder->slot;
    bool has_end = event->kind == FB_KIND_REALLOC || event->kind == FB_KIND_REALLOC_TOUCHED;
    /* A stamp never runs backwards within a thread, whatever the clock does. */
    uint64_t stamp = event->stamp > encoder->last_stamp ? event->stamp : encoder->last_stamp;
    uint64_t end = has_end && event->end_stamp > stamp ? event->end_stamp : stamp;
    uint64_t step = stamp - encoder->last_stamp;
    if (end == encoder->last_stamp)
        return 0;
    put_varint(slot->time_bytes, &slot->used[FB_COLUMN_TIME], step);
    if (has_end)
        put_varint(slot->time_bytes, &slot->used[FB_COLUMN_TIME], end - stamp);
    encoder->last_stamp = end;
    return FB_OP_TIME;
}

static uint8_t put_release(struct fb_encoder *encoder, const struct fb_event *event, uint32_t op)
{
    uint8_t flags = 0;
    if (put_back(encoder, event->address, op))
        flags = FB_OP_BACK;
    else
        put_step(encoder->slot, &encoder->last_released, event->address);
    encoder->last_released = event->address;
    if (event->kind == FB_KIND_FREE_TOUCHED || event->kind == FB_KIND_REALLOC_TOUCHED)
        put_size(encoder->slot, event->touched);
    return flags;
}

static uint8_t put_acquire(struct fb_encoder *encoder, uint64_t address, uint32_t op, uint8_t back)
{
    uint8_t flags = 0;
    if (put_back(encoder, address, op))
        flags = back;
    else
        put_step(encoder->slot, &encoder->last_acquired, address);
    encoder->last_acquired = address;
    return flags;
}

void fb_encode(struct fb_encoder *encoder, const struct fb_event *event)
{
    struct fb_slot *slot = encoder->slot;
    uint32_t op = slot->used[FB_COLUMN_OP];
    uint8_t flags = put_times(encoder, event);
    switch (event->kind) {
    case FB_KIND_MALLOC:
    case FB_KIND_CALLOC:
    case FB_KIND_ALIGNED:
        put_size(slot, event->size);
        if (event->kind == FB_KIND_ALIGNED)
            put_size(slot, event->align_log2);
        flags |= put_acquire(encoder, event->address, op, FB_OP_BACK);
        remember(encoder, event->address, op);
        break;
    case FB_KIND_REALLOC:
    case FB_KIND_REALLOC_TOUCHED:
        flags |= put_release(encoder, event, op);
        put_size(slot, event->size);
        if (event->new_address != event->address) {
            flags |= FB_OP_MOVED;
            flags |= put_acquire(encoder, event->new_address, op, FB_OP_NEW_BACK);
        }
        remember(encoder, event->new_address, op);
        break;
    case FB_KIND_FREE:
    case FB_KIND_FREE_TOUCHED:
        flags |= put_release(encoder, event, op);
        remember(encoder, event->address, op);
        break;
    case FB_KIND_BIRTH:
    case FB_KIND_FAILED:
    case FB_KIND_FORK:
        put_size(slot, event->size);
        break;
    case FB_KIND_DEATH:
    case FB_KIND_COUNT:
        break;
    }
    slot->op_bytes[op] = (uint8_t)(event->kind | flags);
    slot->used[FB_COLUMN_OP] = op + 1;
    /* Pairs with the read in trace/finish.c: an operation counts once all of it stands. */
    atomic_store_explicit(&slot->ops, op + 1, memory_order_release);
}
