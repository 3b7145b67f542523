/* SPDX-License-Identifier: MIT
 * The decoder; see decode.h, and doc/trace-format.md for the coding. */
#define ZSTD_STATIC_LINKING_ONLY
#include "trace/decode.h"

#include "base/die.h"
#include "base/quiet.h"

#include <string.h>
#include <zstd.h>

/* One decompressor for all chunks, in quiet memory: zstd's own would come from the allocator that
 * a replay is about to measure. */
static ZSTD_DCtx *decompressor(void)
{
    static ZSTD_DCtx *context;
    if (context == NULL) {
        size_t size = ZSTD_estimateDCtxSize();
        context = ZSTD_initStaticDCtx(fb_quiet_map("zstd", size), size);
    }
    if (context == NULL)
        fb_die("zstd does not take its workspace");
    return context;
}

bool fb_decoder_begin(struct fb_decoder *decoder, const struct fb_chunk_header *header,
                      const void *payload)
{
    uint32_t end = 0;
    if (header->ops > FB_SLOT_OPS)
        return false;
    size_t size = ZSTD_decompressDCtx(decompressor(), decoder->bytes, sizeof decoder->bytes,
                                      payload, header->stored_size);
    if (ZSTD_isError(size))
        return false;
    for (int i = 0; i < FB_COLUMNS; i++) {
        if (header->column_size[i] > size - end)
            return false;
        decoder->at[i] = end;
        end += header->column_size[i];
        decoder->ends[i] = end;
    }
    decoder->op = 0;
    decoder->ops = header->ops;
    decoder->last_stamp = header->base_stamp;
    decoder->last_acquired = 0;
    decoder->last_released = 0;
    return header->column_size[FB_COLUMN_OP] >= header->ops;
}

static bool get_varint(struct fb_decoder *decoder, enum fb_column column, uint64_t *value)
{
    uint32_t at = decoder->at[column];
    unsigned shift = 0;
    *value = 0;
    while (at < decoder->ends[column] && shift < 64) {
        uint8_t byte = decoder->bytes[at++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte < 0x80) {
            decoder->at[column] = at;
            return true;
        }
    }
    return false;
}

static bool get_address(struct fb_decoder *decoder, bool is_back, uint64_t *last, uint64_t *address)
{
    uint64_t code;
    if (!get_varint(decoder, FB_COLUMN_ADDRESS, &code))
        return false;
    if (is_back) {
        if (code == 0 || code > decoder->op)
            return false;
        *address = decoder->addresses[decoder->op - code];
    } else {
        uint64_t zigzag = code >> 1;
        uint64_t step = zigzag >> 1 ^ (0 - (zigzag & 1));
        *address = *last + ((code & 1) != 0 ? step : step * 8);
    }
    *last = *address;
    /* No block lives at 0: such bytes are no work of the encoder. */
    return *address != 0;
}

static bool get_times(struct fb_decoder *decoder, struct fb_event *event, uint8_t flags)
{
    uint64_t step = 0;
    uint64_t length = 0;
    bool has_end = event->kind == FB_KIND_REALLOC || event->kind == FB_KIND_REALLOC_TOUCHED;
    if ((flags & FB_OP_TIME) != 0) {
        if (!get_varint(decoder, FB_COLUMN_TIME, &step))
            return false;
        if (has_end && !get_varint(decoder, FB_COLUMN_TIME, &length))
            return false;
    }
    event->stamp = decoder->last_stamp + step;
    event->end_stamp = event->stamp + length;
    decoder->last_stamp = event->end_stamp;
    return true;
}

static bool get_touched(struct fb_decoder *decoder, struct fb_event *event)
{
    uint64_t touched;
    if (!get_varint(decoder, FB_COLUMN_SIZE, &touched))
        return false;
    event->touched = (uint32_t)touched;
    return true;
}

static bool get_acquire(struct fb_decoder *decoder, struct fb_event *event, uint8_t flags)
{
    uint64_t align_log2 = 0;
    if (!get_varint(decoder, FB_COLUMN_SIZE, &event->size))
        return false;
    if (event->kind == FB_KIND_ALIGNED && !get_varint(decoder, FB_COLUMN_SIZE, &align_log2))
        return false;
    event->align_log2 = (uint8_t)(align_log2 & 63);
    return get_address(decoder, (flags & FB_OP_BACK) != 0, &decoder->last_acquired,
                       &event->address);
}

static bool get_resize(struct fb_decoder *decoder, struct fb_event *event, uint8_t flags)
{
    if (!get_address(decoder, (flags & FB_OP_BACK) != 0, &decoder->last_released, &event->address))
        return false;
    if (event->kind == FB_KIND_REALLOC_TOUCHED && !get_touched(decoder, event))
        return false;
    if (!get_varint(decoder, FB_COLUMN_SIZE, &event->size))
        return false;
    event->new_address = event->address;
    if ((flags & FB_OP_MOVED) == 0)
        return true;
    return get_address(decoder, (flags & FB_OP_NEW_BACK) != 0, &decoder->last_acquired,
                       &event->new_address);
}

static bool get_fields(struct fb_decoder *decoder, struct fb_event *event, uint8_t flags)
{
    switch (event->kind) {
    case FB_KIND_MALLOC:
    case FB_KIND_CALLOC:
    case FB_KIND_ALIGNED:
        return get_acquire(decoder, event, flags);
    case FB_KIND_REALLOC:
    case FB_KIND_REALLOC_TOUCHED:
        return get_resize(decoder, event, flags);
    case FB_KIND_FREE:
    case FB_KIND_FREE_TOUCHED:
        if (!get_address(decoder, (flags & FB_OP_BACK) != 0, &decoder->last_released,
                         &event->address))
            return false;
        return event->kind == FB_KIND_FREE || get_touched(decoder, event);
    case FB_KIND_BIRTH:
    case FB_KIND_FAILED:
    case FB_KIND_FORK:
        return get_varint(decoder, FB_COLUMN_SIZE, &event->size);
    case FB_KIND_DEATH:
        return true;
    case FB_KIND_COUNT:
        break;
    }
    return false;
}

bool fb_decode(struct fb_decoder *decoder, struct fb_event *event)
{
    if (decoder->op == decoder->ops)
        return false;
    uint8_t byte = decoder->bytes[decoder->at[FB_COLUMN_OP]];
    memset(event, 0, sizeof *event);
    event->kind = (enum fb_kind)(byte & FB_OP_KIND);
    event->touched = FB_TOUCHED_UNKNOWN;
    if (!get_times(decoder, event, byte) || !get_fields(decoder, event, byte))
        return false;
    bool is_resize = event->kind == FB_KIND_REALLOC || event->kind == FB_KIND_REALLOC_TOUCHED;
    decoder->addresses[decoder->op] = is_resize ? event->new_address : event->address;
    decoder->at[FB_COLUMN_OP]++;
    decoder->op++;
    return true;
}
