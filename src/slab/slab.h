/* SPDX-License-Identifier: MIT
 *
 * slab/slab.h - units cut into equal slots, and the bitmaps that say which slots are free.
 *
 * A slab's descriptor lies in metadata, never beside the slots:
 *
 *   line 0        | header 32 | free bits: one word per 64 slots ...          |
 *   next line     | remote nodes: {bits 8, next 4, slab 4} per 64 slots ...   |
 *
 * A slot is in exactly one state:
 *   free      its free bit is set                                   (the slab's heap)
 *   used      a live block, or in a magazine or an outbox
 *   returned  its remote bit is set: a stranger freed it            (anyone, atomically)
 *
 *   S1  used = slots - number of free bits
 *   S2  no slot has both its free bit and its remote bit set, unless the caller freed it twice
 *   S3  a remote node is in some heap's inbox, or on its way there, exactly while its bits != 0.
 *       So a slab with a returned slot still counts it as used and cannot be destroyed under the
 *       hands of the thread that is delivering the node.
 *   S4  all units' tags are owner << 8 | class, and their detail is the slab's index
 */
#ifndef LM_SLAB_SLAB_H
#define LM_SLAB_SLAB_H

#include "base/atomics.h"
#include "base/bits.h"
#include "base/tuning.h"
#include "space/metadata.h"
#include "space/window.h"

/* A node's index counts these; the metadata area is at most 64 GiB. */
#define LM_REMOTE_LOG2 4

struct lm_remote {
    /* [a] slots of this word that strangers freed */
    _Atomic(uint64_t) bits;
    /* [o] of whoever holds the node: the thread that made bits non-zero, then the inbox */
    uint32_t next;
    /* [c] metadata index of the slab */
    uint32_t slab;
};

struct lm_slab {
    /* [c] first unit */
    uint32_t unit;
    /* [a] id of the heap that owns the slab; changes only under that heap's lock */
    _Atomic(uint32_t) owner;
    /* [l] the owner's lock, like all below marked so: place in the owner's bin */
    uint32_t place;
    /* [l] S1 */
    uint32_t used;
    /* [c] */
    uint32_t slots;
    /* [c] */
    uint16_t class;
    /* [c] units of the slab */
    uint16_t units;
    /* [c] words of the bitmaps */
    uint16_t words;
    /* [l] enum lm_slab_heat */
    uint8_t heat;
    /* [l] pages that the last sweep returned and that no slot has been taken from since */
    uint8_t swept_pages;
    /* [c] byte offset from the descriptor to the remote nodes */
    uint32_t remote_offset;
    /* [l] */
    uint64_t free[];
};

_Static_assert(sizeof(struct lm_slab) == 32, "four words of bitmap share the header's line");
_Static_assert(sizeof(struct lm_remote) == 1 << LM_REMOTE_LOG2, "nodes are indexed by 16 bytes");

/* How long it is since the slab gave a slot away; the sweeper's clock. */
enum lm_slab_heat {
    /* since the sweeper last came by */
    LM_SLAB_HOT,
    /* not since then */
    LM_SLAB_COLD,
    /* cold, and its empty pages are with the kernel */
    LM_SLAB_SWEPT,
};

/* One slot: which word, which bit. */
struct lm_slot {
    struct lm_slab *slab;
    uint32_t word;
    uint64_t bit;
};

/* Units of a slab of this class: the least; and as many as leave little behind the last slot, for
 * classes of at most half a unit. */
size_t lm_slab_units(unsigned class);
size_t lm_slab_tight_units(unsigned class);

/* Makes a slab of units that the caller took, all slots free. NULL if metadata is out. */
struct lm_slab *lm_slab_create(unsigned class, size_t unit, size_t units, uint32_t owner);
/* All slots are free. The units are the caller's again, their tags LM_TAG_FREE. */
void lm_slab_destroy(struct lm_slab *slab);
/* Gives the slab to another heap: owner and tags. Both heaps' locks. */
void lm_slab_hand_over(struct lm_slab *slab, uint32_t owner);

/* Takes up to `count` free slots, lowest first, and stores their addresses at out[0], out[-1], ...
 * Result: how many. */
size_t lm_slab_refill(struct lm_slab *slab, void **out, size_t count);

/* Frees the slots of `mask` in one word. False if one of them was free already. */
bool lm_slab_put(struct lm_slab *slab, uint32_t word, uint64_t mask);

/* Finds the slot of a pointer whose unit belongs to a slab. False: p is not the start of a slot. */
bool lm_slab_find(const void *p, size_t unit, struct lm_slot *slot);

/* Address of a slot. */
LM_INLINE char *lm_slab_address(const struct lm_slab *slab, uint32_t slot)
{
    return lm_unit_address(slab->unit) + (size_t)slot * lm_class_table[slab->class].size;
}

LM_INLINE struct lm_slab *lm_slab_of_unit(size_t unit)
{
    /* relaxed: whoever passed the pointer here ordered the slab's creation before */
    return lm_metadata_at(load_relaxed(lm_unit_detail(unit)));
}

LM_INLINE struct lm_remote *lm_slab_remote(struct lm_slab *slab, uint32_t word)
{
    return (struct lm_remote *)(void *)((char *)slab + slab->remote_offset) + word;
}

LM_INLINE uint32_t lm_remote_index(const struct lm_remote *node)
{
    return (uint32_t)((size_t)((const char *)node - lm_metadata.base) >> LM_REMOTE_LOG2);
}

LM_INLINE struct lm_remote *lm_remote_at(uint32_t index)
{
    return (struct lm_remote *)(void *)(lm_metadata.base + ((size_t)index << LM_REMOTE_LOG2));
}

LM_INLINE uint32_t lm_remote_word(const struct lm_remote *node, struct lm_slab *slab)
{
    return (uint32_t)(node - lm_slab_remote(slab, 0));
}

/* Returns to the kernel the pages of a slab that hold no used slot. Result: bytes, not counting pages
 * that were gone already. */
size_t lm_slab_sweep(struct lm_slab *slab);

/* Checked builds: S1, S4. */
void lm_slab_verify(struct lm_slab *slab);

#endif
