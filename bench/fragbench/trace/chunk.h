/* SPDX-License-Identifier: MIT
 * A slot packed into a chunk: compression and checksum. Owns the packer's workspace, which the
 * caller maps, so that packing works inside malloc too. */
#ifndef FB_TRACE_CHUNK_H
#define FB_TRACE_CHUNK_H

#include "trace/format.h"

#include <stddef.h>

struct fb_packer {
    /* A ZSTD_CCtx in the caller's workspace. */
    void *context;
    /* Room for a header and a compressed slot. */
    uint8_t *output;
};

/* Bytes of workspace that a packer wants. */
size_t fb_packer_workspace_size(void);
/* False when zstd does not take the workspace. */
int fb_packer_open(struct fb_packer *packer, void *workspace);
/* Pack the slot; the chunk lies in packer->output. Returns its size, or 0 when zstd failed. */
size_t fb_packer_pack_slot(struct fb_packer *packer, const struct fb_slot *slot);
/* An END chunk: `stopped` is the errno that ended recording early, or 0; the two clocks are read
 * now, or both 0 where stamps are no time. */
size_t fb_packer_pack_end(struct fb_packer *packer, uint32_t stopped, uint64_t stamp, uint64_t ns);

uint32_t fb_crc32(const void *data, size_t size);
uint32_t fb_chunk_crc(const struct fb_chunk_header *header, const void *payload);

#endif
