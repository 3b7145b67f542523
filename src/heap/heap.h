/* SPDX-License-Identifier: MIT
 *
 * heap/heap.h - what one thread owns: magazines, slabs, an outbox. And the two hot paths.
 *
 * A heap has two parts. The control is a cache line that lives for ever, so that a stranger who
 * frees a block can always reach the owner; its number is the heap's id. The body is pages
 * that only the owner touches; a parked heap without slabs gives them back.
 *
 *   control   | lock | state | inbox ... |            strangers push remote nodes to the inbox
 *   body      | magazines[72] | filter | first slots of magazines | outbox | bins |
 *   magazine  | newest | top | end | capacity ...     slots | NULL | oldest | ... | second newest | - | ... | - |
 *                                                                                                 ^top      ^end
 *
 *   H1  newest is the magazine's newest block, NULL if it is empty. The others lie in the slots below `top`, slot
 *       0 holds NULL, and the slot at `top` is where the newest block goes when a newer one comes
 *   H2  `end` is the last slot; a magazine of capacity 0 has none, and top == end == NULL
 *   H3  every block in a magazine is used (S1) in a slab of this class, of this heap, of a commons, or open
 *   H4  a bin's `partial` bit is set exactly while that slab has a free slot; `vacant` alone exactly
 *       while the place holds no slab; both while all that is free in the slab is with the kernel, and
 *       no slot was put since that was seen
 *   H5  the body is the owner thread's alone while the heap is LIVE, except that bins and slabs are
 *       also guarded by the control's lock: the owner takes it on every slow path, so that others
 *       (trim, statistics) may look while they hold it
 *   H6  in a veiled magazine NULL lies among the blocks, or is the newest: the next malloc that comes to it takes
 *       the slow path, which lifts the veil (heap/veil.c)
 */
#ifndef LM_HEAP_HEAP_H
#define LM_HEAP_HEAP_H

#include "base/options.h"
#include "base/tuning.h"
#include "os/lock.h"
#include "slab/slab.h"
#include "space/units.h"

enum lm_heap_state {
    /* a commons that nobody has needed yet */
    LM_HEAP_UNBORN,
    /* belongs to a thread */
    LM_HEAP_LIVE,
    /* its thread is gone; waits for another */
    LM_HEAP_PARKED,
    /* a fork caught it in the middle of a slow path; never touched again */
    LM_HEAP_LOST,
    /* never a thread's; see heap/commons.h */
    LM_HEAP_COMMON,
};

struct lm_heap;

struct lm_heap_control {
    /* rank HEAP */
    struct lm_lock lock;
    /* [a] enum lm_heap_state */
    _Atomic(uint32_t) state;
    /* [a] index of the newest remote node, 0 if none */
    _Atomic(uint32_t) inbox;
    /* [l] registry lock: id of the next parked heap */
    uint32_t next_parked;
    /* [l] own lock: slabs in all bins */
    uint32_t slab_count;
    /* [a] about how many nodes wait in the inbox; relaxed, a hint */
    _Atomic(uint32_t) backlog;
    /* [c] its number */
    uint32_t id;
    /* [c] */
    struct lm_heap *body;
    /* [l] own lock: the body's pages were given back */
    bool is_dormant;
    /* [l] own lock: its holder only sweeps, so a fork finds a heap that is whole */
    bool is_swept;
    /* [a] parked below those that keep their pages for the next threads. Relaxed: set under the registry's lock while
     * nobody can take the heap, cleared under its own by who has taken it. */
    _Atomic(bool) is_sunken;
    /* [l] own lock: what a visitor saw last; see heap/idle.c */
    uint32_t seen_steps;
    uint32_t seen_used;
    uint32_t still_since_ms;
    uint8_t padding[8];
};

_Static_assert(sizeof(struct lm_heap_control) == 64, "a control is one cache line");

/* The newest block lies apart from its slot, so a malloc behind a free waits for one store and not for two in a row
 * (decision 051). */
struct lm_magazine {
    /* [o] H1 */
    void *newest;
    /* [o] H1; atomic only so that statistics may look */
    _Atomic(void **) top;
    /* [o] H2 */
    void **end;
    /* [o] blocks it can hold; one less than a power of two, or 0: not opened yet, or never */
    uint16_t capacity;
    /* [o] slow paths since it last grew or was looked at */
    uint8_t pressure;
    /* [o] flushes since the last refill */
    uint8_t flushes;
    /* [o] which of the heap's first_slots is its own, once it is open */
    uint8_t first;
    /* [o] blocks of a commons that it may still take or give; 0: promoted */
    uint8_t share;
    /* [o] H6; atomic only so that statistics may look */
    _Atomic(bool) is_veiled;
    /* [o] blocks that may still be guests although nothing is wasted; see heap/hosts.c */
    uint8_t guests;
};

_Static_assert(sizeof(struct lm_magazine) == 32, "two magazines share a cache line");

/* A window has 2^26 units at most, so a bin has 2^20 words. */
enum { LM_BIN_FIRST = 4, LM_BIN_HINT_BITS = 21, LM_BIN_HINT = (1 << LM_BIN_HINT_BITS) - 1 };

/* The slabs of one class. A place is a number; the lowest partly used place serves first, and new
 * slabs take the lowest vacant place, so that high places drain. */
struct lm_bin {
    /* [l] metadata index of the slab at each place */
    uint32_t *slabs;
    /* [l] one bit per place, H4: first the words of `partial`, then as many of `vacant`; with both bits a
     * partly used slab serves last */
    uint64_t *words;
    /* [l] places; 0 until the first slab */
    uint32_t capacity;
    /* [l] units of all its slabs */
    uint32_t units;
    /* [l] no word below these has a place that is ready to serve, that serves last, that is vacant */
    uint64_t ready_hint : LM_BIN_HINT_BITS;
    uint64_t last_hint : LM_BIN_HINT_BITS;
    uint64_t vacant_hint : LM_BIN_HINT_BITS;
    /* [l] what slabs and words point at until more is needed */
    uint32_t first_slabs[LM_BIN_FIRST];
    uint64_t first_words[2];
};

_Static_assert(sizeof(struct lm_bin) == 64, "a bin is one cache line");

/* What lay in a magazine when it was last looked at, and what came into it since. */
struct lm_magazine_look {
    /* [o] blocks */
    uint16_t count;
    /* [o] a hash of the newest one's address */
    uint16_t newest;
    /* [o] blocks that refills brought since the last flush, and whether a refill came before that */
    uint16_t drawn;
    bool has_swung : 1;
    /* [o] early epochs in which growth still says that it should not have shrunk */
    uint8_t trial : 2;
    /* [o] log2 of the idle early epochs in a row after which it shrinks, and how many there were */
    uint8_t patience : 3;
    uint8_t idle;
};

/* Frees into one bitmap word of a stranger's slab. The slab lives as long as one of them waits here. */
struct lm_outbox_entry {
    /* [o] the word's slots: address and bytes */
    const char *start;
    uint32_t size;
    uint32_t class;
    /* [o] */
    struct lm_remote *node;
    uint64_t mask;
};

/* The hole sweep of partly used slabs: waste = slab_size - used_size - spent_size. */
struct lm_sweep {
    /* [l] own lock, all: bytes of all slabs' slots, of the used ones, and of free ones from which a
     * sweep can win nothing more (lm_slab_spent_size) */
    size_t slab_size;
    size_t used_size;
    size_t spent_size;
    /* bytes of waste that are left alone; bytes swept and taken again since judged_ms */
    size_t bound;
    size_t regretted;
    uint64_t judged_ms;
    /* bytes swept for nothing, as far as the time until paid_ms does not pay for them */
    size_t debt;
    uint64_t paid_ms;
    /* where the sweeper's hand stands, and, in microseconds, when it began its round */
    uint64_t began_us;
    uint32_t class;
    uint32_t place;
};

/* See heap/stock.h. */
struct lm_stock {
    /* [l] own lock, all: first units of the runs of each length, the newest last */
    uint32_t runs[LM_STOCK_LONGEST][LM_STOCK_DEPTH];
    uint8_t counts[LM_STOCK_LONGEST];
    /* the fewest of each length since the last epoch */
    uint8_t idle[LM_STOCK_LONGEST];
};

/* Where the search for room for guests goes on. */
struct lm_host_hand {
    /* [l] own lock, all */
    uint32_t class;
    uint32_t place;
    /* slabs that may be looked at, as of the millisecond; at first that is long ago */
    uint32_t credit;
    uint32_t credit_ms;
};

enum lm_host {
    LM_HOST_NONE,
    /* those in first_hosts */
    LM_HOST_FIRST,
    LM_HOST_ANY,
};

/* The block that realloc moved last; see core/resize.c. */
struct lm_growth {
    /* [o] all; it may be gone */
    const void *block;
    /* how many times in a row it moved to grow */
    uint32_t moves;
    /* 1 + the unit of the last block that got room while it was small, 0: none did */
    uint32_t early;
};

struct lm_heap {
    struct lm_magazine magazines[LM_CLASSES];
    /* [o] all bits that our slabs' tags lack, but for the class: or-ed to a unit's tag it gives LM_LOOK_TAKES
     * or above only if the tag is ours or LM_TAG_OPEN; or LM_FILTER_CLOSED */
    uint64_t filter;
    /* [c] */
    struct lm_heap_control *control;
    /* [o] enum lm_host: which slabs of this class may have had guests since the heap's birth, so that their blocks may
     * be larger than the class says */
    uint8_t hosts[LM_CLASSES];
    /* [o] bytes that magazines may hold beyond their first capacities */
    size_t magazine_size;
    /* [l] own lock: milliseconds: when idle magazines were last looked for, and slow paths since then */
    uint64_t last_epoch;
    uint32_t slow_paths;
    /* [o] first_slots in use */
    uint32_t opened;
    /* [o] slabs that have had first guests: 1 + their units, 0: none; see heap/hosts.c */
    uint32_t first_hosts[LM_FIRST_HOSTS];
    /* [o] the millisecond in which it was closed last */
    uint32_t closed_ms;
    struct lm_growth growth;
    /* [o] bytes that a magazine may keep while its thread goes on freeing; see heap/ebb.c */
    uint32_t ebb_bound;
    /* [o] something was given back for that reason, and nothing taken since */
    bool has_ebbed;
    struct lm_sweep sweep;
    /* [l] own lock: units in `stock` */
    uint32_t stock_units;
    /* [o] units that `near` may hold in all; 0: it is empty */
    uint32_t near_most;
    /* [o] bytes of the blocks that the outbox holds back */
    size_t outbox_size;
    /* [o] one bit per entry that is not empty */
    uint64_t outbox_used;
    /* [o] in the order in which classes are used, so that a thread of few classes has few pages */
    void *first_slots[LM_CLASSES][LM_MAGAZINE_FIRST + 1];
    /* From here on only threads that free strangers' blocks or have slabs of their own write. */
    struct lm_outbox_entry outbox[LM_OUTBOX_ENTRIES];
    /* [o] see heap/stock.h; atomic only so that statistics may look */
    _Atomic(uint64_t) near[LM_NEAR_RUNS];
    /* [o] which one goes next */
    uint32_t near_turn;
    struct lm_stock stock;
    struct lm_host_hand host_hand;
    struct lm_magazine_look looks[LM_CLASSES];
    struct lm_bin bins[LM_CLASSES];
};

_Static_assert(offsetof(struct lm_heap, first_slots) <= 2560,
               "a thread of two dozen classes needs one page of its heap");

/* What a thread without a heap points at: its magazines are empty and full at once. Read-only, and no
 * more than the front of a heap, down to `hosts`: nobody looks further. */
extern LM_HIDDEN struct lm_heap_front lm_heap_none;

LM_INLINE struct lm_heap *lm_heap_nobodys(void)
{
    return (struct lm_heap *)(uintptr_t)&lm_heap_none; // NOLINT
}

struct lm_thread {
    /* [o] */
    struct lm_heap *heap;
    /* [o] the thread's exit has begun; it gets no heap of its own any more */
    bool is_leaving;
    /* [o] what registry.forks was when its present birth, loan or parking began */
    uint32_t forks;
};

extern LM_HIDDEN _Thread_local struct lm_thread lm_thread
    __attribute__((tls_model("initial-exec")));

/* Slow halves. refill: a block of the class, or NULL if memory is out. flush: the heap owns p's
 * slab and lm_magazine_give would not take it. */
void *lm_heap_refill(struct lm_heap *heap, unsigned class);
/* The same for a request that has no use for more alignment than LM_QUANTUM: where much memory lies idle
 * the block may be a guest (heap/hosts.c). */
void *lm_heap_refill_anywhere(struct lm_heap *heap, unsigned class);
void lm_heap_flush(struct lm_heap *heap, unsigned class, void *p);

/* A heap is closed now and then, for the sake of a slow path (heap/veil.c). Whoever finds it so opens it and, when
 * the block that came is in its magazine, veils them all. */
void lm_heap_open(struct lm_heap *heap);
void lm_heap_veil(struct lm_heap *heap);

/* Frees a block whose slab belongs to another heap, which may be a commons, and is not to be kept. The
 * first heap may be nobody's. */
void lm_heap_free_remote(struct lm_heap *heap, void *p, size_t unit);

/* Delivers what the outbox holds. Takes no lock but tries those of parked heaps. */
void lm_outbox_flush(struct lm_heap *heap);

/* Where blocks of one page go. Most often those that are freed one after the other are neighbours, or of
 * a few classes by turns. */
LM_INLINE size_t lm_outbox_number(const void *p)
{
    uintptr_t page = (uintptr_t)p >> 12;
    return (page ^ page >> 6) & (LM_OUTBOX_ENTRIES - 1);
}

/* A heap that sends nothing does not even read its entries: that is a fault each, and with some kernels a page. */
LM_INLINE bool lm_outbox_has(const struct lm_heap *heap, size_t number)
{
    return (heap->outbox_used >> number & 1) != 0;
}

/* Frees a stranger's block if there is an entry for it; false if not, or if it was freed already. What
 * else may be wrong with it its owner will see. */
LM_INLINE bool lm_outbox_add(struct lm_heap *heap, const void *p)
{
    size_t number = lm_outbox_number(p);
    struct lm_outbox_entry *entry = &heap->outbox[number];
    if (!lm_outbox_has(heap, number))
        return false;
    size_t offset = (size_t)((const char *)p - entry->start);
    uint32_t slot;
    if (offset >= entry->size || !lm_class_slot_at(entry->class, (uint32_t)offset, &slot))
        return false;
    uint64_t bit = UINT64_C(1) << slot;
    if (lm_unlikely((entry->mask & bit) != 0))
        return false;
    entry->mask |= bit;
    heap->outbox_size += lm_class_table[entry->class].size;
    if (lm_unlikely(heap->outbox_size >= LM_OUTBOX_BYTES))
        lm_outbox_flush(heap);
    return true;
}

/* True if the slot at p, the start of one, is free or was returned by a stranger. Blocks in
 * magazines and outboxes count as used. */
bool lm_heap_is_free(const void *p, size_t unit);

/* size <= LM_SMALL_MAX. NULL: the magazine is empty, refill it. */
LM_INLINE void *lm_heap_take(struct lm_heap *heap, size_t class)
{
    struct lm_magazine *magazine = keep_address(&heap->magazines[class]);
    void *p = load_result(&magazine->newest);
    if (lm_likely(p != NULL)) {
        void **top = load_hot(&magazine->top) - 1;
        store_hot(&magazine->top, top);
        magazine->newest = *top;
    }
    return p;
}

/* Slot 0. */
LM_INLINE void **lm_magazine_slots(const struct lm_magazine *magazine)
{
    return magazine->end - magazine->capacity;
}

/* Blocks in it. */
LM_INLINE uint32_t lm_magazine_count(const struct lm_magazine *magazine)
{
    bool is_veiled = load_relaxed(&magazine->is_veiled);
    return (uint32_t)(load_relaxed(&magazine->top) - lm_magazine_slots(magazine)) - is_veiled;
}

/* What the tag of p's unit says to this heap: if the heap's magazines take p, this and the class, else
 * something below. */
#define LM_LOOK_TAKES (UINT64_MAX << LM_TAG_CLASS_BITS)
/* With this filter no magazine takes anything: the heap is closed. */
#define LM_FILTER_CLOSED 0

LM_INLINE uint64_t lm_heap_look(const struct lm_heap *heap, const void *p)
{
    size_t unit = lm_unit_of(p);
    /* relaxed: see lm_window_units */
    if (lm_unlikely(unit >= load_hot(&lm_window_units)))
        return 0;
    return load_wide(&lm_window.map[unit]) | heap->filter;
}

/* The magazine that takes p, by such a look. In one addition: &magazines[look - LM_LOOK_TAKES] would be two. */
LM_INLINE struct lm_magazine *lm_heap_magazine(struct lm_heap *heap, uint64_t look)
{
    uintptr_t least = (uintptr_t)LM_LOOK_TAKES * sizeof *heap->magazines;
    return keep_address((struct lm_magazine *)((uintptr_t)heap->magazines +
                                               look * sizeof *heap->magazines - least)); // NOLINT
}

/* Is this heap the owner of the unit's slab? */
LM_INLINE bool lm_heap_owns(const struct lm_heap *heap, size_t unit)
{
    /* relaxed: it becomes ours, and somebody else's, only under our lock */
    return load_relaxed(&lm_slab_of_unit(unit)->owner) == heap->control->id;
}

/* The same as below where there may be guests: only if p is the start of a block. */
size_t lm_heap_usable_in_host(const struct lm_heap *heap, unsigned class, const void *p);

/* Bytes of the block at p, which is not proved to be one; 0: that takes a closer look. */
LM_INLINE size_t lm_heap_usable(const struct lm_heap *heap, const void *p)
{
    uint64_t look = lm_heap_look(heap, p);
    if (lm_unlikely(look < LM_LOOK_TAKES))
        return 0;
    size_t class = look - LM_LOOK_TAKES;
    /* An open slab has no guests. */
    if (lm_unlikely(heap->hosts[class] != LM_HOST_NONE) && lm_unit_tag(lm_unit_of(p)) < LM_TAG_OPEN)
        return lm_heap_usable_in_host(heap, (unsigned)class, p);
    return lm_class_table[class].size;
}

/* False: the magazine is full, or p is the block that was freed last: flush it. */
LM_INLINE bool lm_magazine_give(struct lm_magazine *magazine, void *p)
{
    void **top = load_hot(&magazine->top);
    void *newest = magazine->newest;
    if (lm_unlikely(top == magazine->end || newest == p))
        return false;
    magazine->newest = p;
    *top = newest;
    /* The child of a fork in between drops what a thread had as its newest block, and takes the one below. */
    keep_order_for_fork();
    store_hot(&magazine->top, top + 1);
    return true;
}

#endif
