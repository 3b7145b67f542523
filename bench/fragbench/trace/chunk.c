/* SPDX-License-Identifier: MIT
 * Chunks: compression and checksum; see chunk.h. */
#define ZSTD_STATIC_LINKING_ONLY
#include "trace/chunk.h"

#include <string.h>
#include <zstd.h>

enum { STAGING_SIZE = FB_SLOT_SIZE, OUTPUT_SIZE = 2 * FB_SLOT_SIZE };

/* crc_tables[k][b]: the checksum of byte b with k zero bytes behind it. Built on first use; two
 * threads that build it at once write the same. */
static uint32_t crc_tables[8][256];

static void build_crc_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
        crc_tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int k = 1; k < 8; k++)
            crc_tables[k][byte] =
                crc_tables[k - 1][byte] >> 8 ^ crc_tables[0][crc_tables[k - 1][byte] & 0xff];
}

static uint32_t crc_update(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *at = data;
    if (crc_tables[7][255] == 0)
        build_crc_tables();
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word ^= crc;
        crc = crc_tables[7][word & 0xff] ^ crc_tables[6][word >> 8 & 0xff] ^
              crc_tables[5][word >> 16 & 0xff] ^ crc_tables[4][word >> 24 & 0xff] ^
              crc_tables[3][word >> 32 & 0xff] ^ crc_tables[2][word >> 40 & 0xff] ^
              crc_tables[1][word >> 48 & 0xff] ^ crc_tables[0][word >> 56];
    }
    for (; size > 0; size--, at++)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ *at) & 0xff];
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
