/* SPDX-License-Identifier: MIT
 *
 * space/metadata.c - see space/metadata.h.
 */
#include "space/metadata.h"

#include "base/bits.h"
#include "base/tuning.h"
#include "os/lock.h"
#include "os/os.h"
#include "space/runs.h"

#include <string.h>

enum {
    LINE = 1 << LM_METADATA_LOG2,
    SMALL_MOST = 2048,
    SIZES = SMALL_MOST / LINE,
    CHUNK_LOG2_LEAST = 14,
    CHUNK_LOG2_MOST = 16,
    SLOT_WORDS = (1 << CHUNK_LOG2_MOST) / LINE / 64,
    /* lines of the largest slot in the mixed chunk */
    MIXED_MOST = 8,
};

/* Lies in the first lines of a small chunk. */
struct chunk {
    /* [l] one bit per slot, by the line it starts at */
    uint64_t free[SLOT_WORDS];
    /* [l] numbers of the neighbours on the list, 0 at its ends */
    uint32_t next;
    uint32_t previous;
    /* [c] lines of a slot; 0 in the mixed chunk, which has slots of several sizes and one bit per line */
    uint16_t lines;
    /* [l] */
    uint16_t free_slots;
    /* [c] */
    uint16_t slots;
    /* [l] D2 */
    uint16_t epoch;
};

enum { HEADER_LINES = (sizeof(struct chunk) + LINE - 1) / LINE };

struct lm_metadata lm_metadata;

static struct {
    struct lm_lock lock;
    /* [l] */
    struct lm_area area;
    struct lm_runs free;
    /* [l] chunks that `free` knows */
    size_t known;
    /* [l] chunks in use */
    size_t used;
    /* [l] the mixed chunk; 0 before there is one */
    uint32_t mixed;
    /* [l] by lines: number of the first small chunk that has a free slot */
    uint32_t lists[SIZES + 1];
    /* [l] D2 */
    uint16_t epoch;
    /* [l] chunks that are free but count as used and still hold what they held */
    uint32_t kept[LM_METADATA_KEPT];
    uint32_t kept_count;
} state = {.lock = LM_LOCK_OF(LM_RANK_METADATA)};

/* 16 KiB, or a page where that is more, so that a chunk's pages are its own. */
static unsigned chunk_log2(void)
{
    return (unsigned)lm_max(CHUNK_LOG2_LEAST, lm_os.page_log2);
}

static size_t chunk_size(void)
{
    return (size_t)1 << chunk_log2();
}

/* Whole chunks in so many bytes. */
static size_t chunk_count(size_t size)
{
    return size >> chunk_log2();
}

static uint16_t lines_for(size_t size)
{
    return (uint16_t)(lm_round_up(size, LINE) / LINE);
}

size_t lm_metadata_index_footprint(size_t size)
{
    return lm_runs_footprint(chunk_count(size));
}

static struct chunk *chunk_at(size_t number)
{
    return (struct chunk *)(void *)(state.area.base + (number << chunk_log2()));
}

static uint32_t chunk_of(const void *block)
{
    return (uint32_t)((size_t)((const char *)block - state.area.base) >> chunk_log2());
}

static bool extend_locked(size_t count)
{
    size_t chunks = lm_max(state.known + count, lm_min(state.known + 4 + state.known / 8,
                                                       chunk_count(state.area.reserved)));
    if (chunks > chunk_count(state.area.reserved) || !lm_runs_extend(&state.free, chunks) ||
        !lm_area_extend(&state.area, chunks << chunk_log2()))
        return false;
    /* In this order a fork in between loses chunks instead of giving them twice. */
    size_t old = state.known;
    state.known = chunks;
    lm_runs_put(&state.free, old, chunks - old);
    return true;
}

bool lm_metadata_init(const struct lm_area *area, const struct lm_area *index)
{
    state.area = *area;
    state.free.area = *index;
    lm_metadata.base = area->base;
    lm_runs_init(&state.free, chunk_count(area->reserved));
    if (!extend_locked(1))
        return false;
    lm_runs_drop(&state.free, 0, 1);
    return true;
}

/* The first `cleared` bytes read as zero. */
static size_t take_chunks(size_t count, size_t cleared)
{
    if (count == 1 && state.kept_count != 0) {
        size_t number = state.kept[--state.kept_count];
        memset(chunk_at(number), 0, cleared);
        return number;
    }
    size_t first = lm_runs_find(&state.free, count);
    if (first == LM_NO_RUN && extend_locked(count))
        first = lm_runs_find(&state.free, count);
    if (first != LM_NO_RUN) {
        lm_runs_drop(&state.free, first, count);
        state.used += count;
    }
    return first;
}

/* Free chunks hold no pages, which also makes them read as zero when they are taken again. */
LM_COLD static void purge_chunks(size_t first, size_t count)
{
    bool is_zero;
    size_t size = count << chunk_log2();
    if (!lm_os_purge(chunk_at(first), size, &is_zero) || !is_zero)
        memset(chunk_at(first), 0, size);
    lm_runs_put(&state.free, first, count);
    state.used -= count;
}

/* Magazines that grow and shrink in turn need not call the kernel each time. */
static void give_chunks(size_t first, size_t count)
{
    if (count == 1 && state.kept_count < LM_METADATA_KEPT)
        state.kept[state.kept_count++] = (uint32_t)first;
    else
        purge_chunks(first, count);
}

LM_COLD void lm_metadata_trim(void)
{
    lm_lock_take(&state.lock);
    while (state.kept_count > 0)
        purge_chunks(state.kept[--state.kept_count], 1);
    lm_lock_give(&state.lock);
}

static void list_chunk(uint32_t number)
{
    struct chunk *chunk = chunk_at(number);
    uint32_t *list = &state.lists[chunk->lines];
    if (chunk->epoch != state.epoch) {
        /* A fork may have caught the chunk between its bits and their number. */
        chunk->free_slots = 0;
        for (unsigned word = 0; word < SLOT_WORDS; word++)
            chunk->free_slots = (uint16_t)(chunk->free_slots + lm_bits_count(chunk->free[word]));
    }
    chunk->epoch = state.epoch;
    chunk->previous = 0;
    chunk->next = *list;
    if (*list != 0)
        chunk_at(*list)->previous = number;
    *list = number;
}

static void unlist_chunk(struct chunk *chunk)
{
    if (chunk->previous != 0)
        chunk_at(chunk->previous)->next = chunk->next;
    else
        state.lists[chunk->lines] = chunk->next;
    if (chunk->next != 0)
        chunk_at(chunk->next)->previous = chunk->previous;
}

static bool add_small_chunk(uint16_t lines)
{
    size_t number = take_chunks(1, sizeof(struct chunk));
    if (number == LM_NO_RUN)
        return false;
    struct chunk *chunk = chunk_at(number);
    chunk->lines = lines;
    chunk->slots = (uint16_t)((chunk_size() / LINE - HEADER_LINES) / lines);
    chunk->free_slots = chunk->slots;
    for (uint16_t slot = 0; slot < chunk->slots; slot++) {
        unsigned line = (unsigned)HEADER_LINES + slot * lines;
        chunk->free[line / 64] |= UINT64_C(1) << line % 64;
    }
    list_chunk((uint32_t)number);
    return true;
}

static bool make_mixed_chunk(void)
{
    size_t number = take_chunks(1, sizeof(struct chunk));
    if (number == LM_NO_RUN)
        return false;
    struct chunk *chunk = chunk_at(number);
    for (size_t line = HEADER_LINES; line < chunk_size() / LINE; line++)
        chunk->free[line / 64] |= UINT64_C(1) << line % 64;
    state.mixed = (uint32_t)number;
    return true;
}

/* The first of `lines` free neighbours, all in one word of bits. */
static void *take_mixed(uint16_t lines)
{
    if (lines > MIXED_MOST || (state.mixed == 0 && !make_mixed_chunk()))
        return NULL;
    struct chunk *chunk = chunk_at(state.mixed);
    for (unsigned word = 0; word < SLOT_WORDS; word++) {
        uint64_t starts = chunk->free[word];
        for (unsigned more = 1; more < lines; more++)
            starts &= starts >> 1;
        if (starts == 0)
            continue;
        unsigned bit = lm_bits_lowest(starts);
        chunk->free[word] &= ~(lm_bits_ones(lines) << bit);
        return (char *)chunk + (size_t)(word * 64 + bit) * LINE;
    }
    return NULL;
}

static void *take_slot(uint16_t lines)
{
    /* A small process has a few slots of each size: together they touch one page, not one each. */
    void *mixed = state.lists[lines] == 0 ? take_mixed(lines) : NULL;
    if (mixed != NULL)
        return mixed;
    if (state.lists[lines] == 0 && !add_small_chunk(lines))
        return NULL;
    struct chunk *chunk = chunk_at(state.lists[lines]);
    unsigned word = 0;
    while (chunk->free[word] == 0)
        word++;
    unsigned line = word * 64 + lm_bits_lowest(chunk->free[word]);
    chunk->free[word] &= chunk->free[word] - 1;
    chunk->free_slots--;
    if (chunk->free_slots == 0)
        unlist_chunk(chunk);
    return (char *)chunk + (size_t)line * LINE;
}

/* An empty chunk stays if it is the only one of its size with room: it will soon be wanted. */
static void give_slot(void *block, unsigned lines)
{
    uint32_t number = chunk_of(block);
    struct chunk *chunk = chunk_at(number);
    unsigned line = (unsigned)((size_t)((char *)block - (char *)chunk) / LINE);
    if (chunk->lines == 0) {
        chunk->free[line / 64] |= lm_bits_ones(lines) << line % 64;
        return;
    }
    chunk->free[line / 64] |= UINT64_C(1) << line % 64;
    chunk->free_slots++;
    if (chunk->free_slots == 1 || chunk->epoch != state.epoch) {
        list_chunk(number);
    } else if (chunk->free_slots == chunk->slots && (chunk->next != 0 || chunk->previous != 0)) {
        unlist_chunk(chunk);
        give_chunks(number, 1);
    }
}

static void *take(size_t size, size_t cleared)
{
    void *block;
    lm_lock_take(&state.lock);
    if (size <= SMALL_MOST) {
        block = take_slot(lines_for(size));
    } else {
        size_t first = take_chunks(chunk_count(size + chunk_size() - 1), cleared);
        block = first == LM_NO_RUN ? NULL : (void *)chunk_at(first);
    }
    lm_lock_give(&state.lock);
    if (block != NULL && size <= SMALL_MOST)
        memset(block, 0, cleared);
    return block;
}

void *lm_metadata_take(size_t size)
{
    return take(size, size);
}

void *lm_metadata_take_unset(size_t size)
{
    return take(size, 0);
}

void lm_metadata_give(void *block, size_t size)
{
    lm_lock_take(&state.lock);
    if (size <= SMALL_MOST)
        give_slot(block, lines_for(size));
    else
        give_chunks(chunk_of(block), chunk_count(size + chunk_size() - 1));
    lm_lock_give(&state.lock);
}

LM_COLD size_t lm_metadata_size(void)
{
    lm_lock_take(&state.lock);
    size_t size = state.used << chunk_log2();
    lm_lock_give(&state.lock);
    return size;
}

/* Lists that another thread was changing are given up: their chunks come back one by one as
 * something in them is freed. */
LM_COLD void lm_metadata_after_fork(void)
{
    if (lm_lock_is_held(&state.lock)) {
        state.kept_count = 0;
        memset(state.lists, 0, sizeof state.lists);
        state.epoch++;
        lm_runs_rebuild(&state.free);
    }
    lm_lock_reset(&state.lock);
}
