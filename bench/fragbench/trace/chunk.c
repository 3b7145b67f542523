/* SPDX-License-Identifier: MIT
 * Chunks: compression and checksum; see chunk.h. */
#define ZSTD_STATIC_LINKING_ONLY
#include "trace/chunk.h"

#include <string.h>
#include <zstd.h>

enum { STAGING_SIZE = FB_SLOT_SIZE, OUTPUT_SIZE = 2 * FB_SLOT_SIZE };

static uint32_t crc_update(uint32_t crc, const void *data, size_t size)
{
    /* Half-byte table of the IEEE polynomial: 16 words, so nothing has to be set up. */
    static const uint32_t nibbles[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                         0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                         0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                         0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t *at = data;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return crc;
}

uint32_t fb_crc32(const void *data, size_t size)
{
    return ~crc_update(~0u, data, size);
}

uint32_t fb_chunk_crc(const struct fb_chunk_header *header, const void *payload)
{
    const size_t skipped = offsetof(struct fb_chunk_header, kind);
    uint32_t crc = crc_update(~0u, (const uint8_t *)header + skipped, sizeof *header - skipped);
    return ~crc_update(crc, payload, header->stored_size);
}

size_t fb_packer_workspace_size(void)
{
    return ZSTD_estimateCCtxSize(FB_ZSTD_LEVEL) + STAGING_SIZE + OUTPUT_SIZE;
}

int fb_packer_open(struct fb_packer *packer, void *workspace)
{
    size_t context_size = ZSTD_estimateCCtxSize(FB_ZSTD_LEVEL);
    packer->output = workspace;
    packer->context =
        ZSTD_initStaticCCtx((uint8_t *)workspace + OUTPUT_SIZE + STAGING_SIZE, context_size);
    return packer->context != NULL;
}

static size_t seal(struct fb_packer *packer, const struct fb_chunk_header *draft)
{
    struct fb_chunk_header header = *draft;
    uint8_t *payload = packer->output + sizeof header;
    memcpy(header.magic, FB_CHUNK_MAGIC, sizeof header.magic);
    header.crc = fb_chunk_crc(&header, payload);
    memcpy(packer->output, &header, sizeof header);
    return sizeof header + header.stored_size;
}

size_t fb_packer_pack_slot(struct fb_packer *packer, const struct fb_slot *slot)
{
    const uint8_t *columns[FB_COLUMNS] = {slot->op_bytes, slot->size_bytes, slot->address_bytes,
                                          slot->time_bytes};
    uint8_t *staging = packer->output + OUTPUT_SIZE;
    uint8_t *payload = packer->output + sizeof(struct fb_chunk_header);
    size_t raw_size = 0;
    struct fb_chunk_header header = {
        .kind = FB_CHUNK_OPS,
        .ops = atomic_load_explicit(&slot->ops, memory_order_acquire),
        .thread = slot->thread,
        .sequence = slot->sequence,
        .base_stamp = slot->base_stamp,
        .base_ns = slot->base_ns,
    };
    const uint32_t rooms[FB_COLUMNS] = {FB_SLOT_OPS, FB_SLOT_SIZE_BYTES, FB_SLOT_ADDRESS_BYTES,
                                        FB_SLOT_TIME_BYTES};
    for (int i = 0; i < FB_COLUMNS; i++) {
        /* The slot may come from a process that wrote where it should not. */
        if (slot->used[i] > rooms[i] || header.ops > FB_SLOT_OPS)
            return 0;
        memcpy(staging + raw_size, columns[i], slot->used[i]);
        raw_size += slot->used[i];
        header.column_size[i] = slot->used[i];
    }
    size_t stored =
        ZSTD_compressCCtx(packer->context, payload, OUTPUT_SIZE - sizeof(struct fb_chunk_header),
                          staging, raw_size, FB_ZSTD_LEVEL);
    if (ZSTD_isError(stored))
        return 0;
    header.stored_size = (uint32_t)stored;
    return seal(packer, &header);
}

size_t fb_packer_pack_end(struct fb_packer *packer, uint32_t stopped, uint64_t stamp, uint64_t ns)
{
    struct fb_chunk_header header = {
        .kind = FB_CHUNK_END, .ops = stopped, .base_stamp = stamp, .base_ns = ns};
    return seal(packer, &header);
}
