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
 *   S5  a guest is a block of another class in neighbouring slots of one word: all but the first are
 *       joined, and used. A slot that is not joined begins a block or is free.
 *   S4  all units' tags name the class, and the owner unless the slab is open (lm_slab_tag); their detail is
 *       the slab's index
 */
#ifndef LM_SLAB_SLAB_H
#define LM_SLAB_SLAB_H

#include "base/atomics.h"
#include "base/bits.h"
#include "base/tuning.h"
#include "os/os.h"
#include "space/metadata.h"
#include "space/window.h"

#include <string.h>

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
    /* [l] one bit per page: it went back to the kernel and no slot on it has been taken since */
    uint32_t swept;
    /* The next three are lm_slab_is_special's word.
     * [a] blocks of several slots; written under the lock, relaxed: whoever has such a block sees it */
    _Atomic(uint16_t) guests;
    /* [l] enum lm_slab_heat */
    uint8_t heat;
    /* [c] words of the bitmaps */
    uint8_t words;
    /* [c] byte offset from the descriptor to the remote nodes */
    uint32_t remote_offset;
    /* [c] */
    uint16_t slots;
    /* [c] */
    uint8_t class;
    /* [c] units of the slab */
    uint8_t units;
    /* [l] and behind these as many words of lm_slab_joined, if there are few */
    uint64_t free[];
};

_Static_assert(sizeof(struct lm_slab) == 32, "four words of bitmap share the header's line");
_Static_assert(offsetof(struct lm_slab, guests) % 4 == 0 &&
                   offsetof(struct lm_slab, heat) == offsetof(struct lm_slab, guests) + 2,
               "they share a word");
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

/* Units of a slab of this class: the least; and as many as leave little behind the last slot, if a heap
 * holds so many bytes of the class. */
size_t lm_slab_units(unsigned class);
size_t lm_slab_tight_units(unsigned class, size_t held);

/* Makes a slab of units that the caller took, all slots free. NULL if metadata is out. */
struct lm_slab *lm_slab_create(unsigned class, size_t unit, size_t units, uint32_t owner);
/* All slots are free. The units are the caller's again, their tags LM_TAG_FREE. */
void lm_slab_destroy(struct lm_slab *slab);
/* Gives the slab to another heap: owner and tags. Both heaps' locks. */
void lm_slab_hand_over(struct lm_slab *slab, uint32_t owner);

/* What the units of a slab without guests are tagged. */
uint32_t lm_slab_tag_for(uint32_t owner, unsigned class);
/* Tags its units, after what that depends on has changed. */
void lm_slab_tag(const struct lm_slab *slab);

/* Is there a free slot no part of which is on a page that is with the kernel? */
bool lm_slab_has_resident(const struct lm_slab *slab);
/* Takes up to `count` free slots, lowest first, and stores their addresses at out[0], out[-1], ...; as long as
 * lm_slab_has_resident, only such. Result: how many. */
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

/* Slabs with more words have no guests: their slots are tiny, and the metadata would not suffice. */
enum { LM_SLAB_GUEST_WORDS = 8 };

/* [a] S5, as guests. The slab has at most LM_SLAB_GUEST_WORDS words. */
LM_INLINE _Atomic(uint64_t) *lm_slab_joined(const struct lm_slab *slab, uint32_t word)
{
    return (_Atomic(uint64_t) *)(uintptr_t)(slab->free + slab->words) + word;
}

LM_INLINE bool lm_slab_has_guests(const struct lm_slab *slab)
{
    return load_relaxed(&slab->guests) != 0;
}

/* All bits of `guests` and that of `heat`, as they lie in one word. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LM_SLAB_SPECIAL (UINT16_MAX | (uint32_t)LM_SLAB_SWEPT << 16)
#else
#define LM_SLAB_SPECIAL ((uint32_t)UINT16_MAX << 16 | (uint32_t)LM_SLAB_SWEPT << 8)
#endif

/* Was it swept since a slot was put, or has it guests, so that putting one takes more than its bit? Two
 * fields in one look: this is asked for every block that was freed in no order. */
LM_INLINE bool lm_slab_is_special(const struct lm_slab *slab)
{
    uint32_t state;
    memcpy(&state, &slab->guests, sizeof state);
    return (state & LM_SLAB_SPECIAL) != 0;
}

/* In a special slab: does putting this slot take no more than its bit all the same? */
LM_INLINE bool lm_slab_is_plain_slot(const struct lm_slab *slab, uint32_t slot)
{
    /* Neither is it joined to the one before it nor the next one to it; guests lie in one word. */
    return slab->heat != LM_SLAB_SWEPT &&
           (load_relaxed(lm_slab_joined(slab, slot / 64)) >> slot % 64 & 3) == 0;
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
/* Bytes of pages that are with the kernel, not counting those behind the last slot. */
LM_INLINE size_t lm_slab_swept_size(const struct lm_slab *slab)
{
    if (lm_likely(slab->swept == 0))
        return 0;
    size_t size = (size_t)slab->slots * lm_class_table[slab->class].size;
    uint64_t pages = lm_bits_ones((unsigned)((size - 1) >> lm_os.page_log2) + 1);
    return (size_t)lm_bits_count(slab->swept & pages) << lm_os.page_log2;
}

/* Bytes of free slots from which a sweep can win nothing more. */
LM_INLINE size_t lm_slab_spent_size(const struct lm_slab *slab)
{
    if (slab->heat == LM_SLAB_SWEPT)
        return (size_t)(slab->slots - slab->used) * lm_class_table[slab->class].size;
    return lm_slab_swept_size(slab);
}

/* slab/guest.c */

/* Takes the lowest `slots` free neighbours, 2 to 64, that lie in one word and on pages that are not
 * with the kernel. NULL if there are none. */
void *lm_guest_take(struct lm_slab *slab, unsigned slots);
/* The caller is about to put the slots of `mask`, each the first of a block: the slots joined to them
 * come with them and are joined no more. False: one of them is not the first of a block. */
bool lm_guest_part(struct lm_slab *slab, uint32_t word, uint64_t *mask);
/* Bytes of the block that begins in a slot. Any thread, for a block that is in use. */
size_t lm_guest_size(const struct lm_slot *slot);

/* Checked builds: S1, S4, S5. */
void lm_slab_verify(struct lm_slab *slab);

#endif
