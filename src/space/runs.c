/* SPDX-License-Identifier: MIT
 *
 * space/runs.c - see space/runs.h.
 */
#include "space/runs.h"

#include "base/atomics.h"
#include "base/bits.h"

#include <string.h>

/* Level 0 is the blocks' own nodes, level n is upper[n - 1]. */
enum { LEVELS = LM_RUN_UPPER_LEVELS + 1 };

static const struct lm_run_node no_member;

static size_t level_size(unsigned level)
{
    return (size_t)LM_RUN_BLOCK << (level * LM_RUN_FANOUT_LOG2);
}

static size_t level_count(const struct lm_runs *runs, unsigned level)
{
    unsigned shift = level * LM_RUN_FANOUT_LOG2;
    return (runs->block_count + ((size_t)1 << shift) - 1) >> shift;
}

static struct lm_run_node *node_at(const struct lm_runs *runs, unsigned level, size_t index)
{
    return level == 0 ? &runs->blocks[index].node : &runs->upper[level - 1][index];
}

static bool is_same_node(struct lm_run_node a, struct lm_run_node b)
{
    return a.start == b.start && a.most == b.most && a.end == b.end;
}

static size_t upper_footprint(size_t blocks)
{
    size_t nodes = 0;
    for (unsigned level = 1; level < LEVELS; level++) {
        blocks = (blocks + LM_RUN_FANOUT - 1) / LM_RUN_FANOUT;
        nodes += blocks;
    }
    return lm_round_up(nodes * sizeof(struct lm_run_node), LM_CACHE_LINE);
}

size_t lm_runs_footprint(size_t capacity)
{
    size_t blocks = (capacity + LM_RUN_BLOCK - 1) / LM_RUN_BLOCK;
    return upper_footprint(blocks) + blocks * sizeof(struct lm_run_block);
}

void lm_runs_init(struct lm_runs *runs, size_t capacity)
{
    size_t blocks = (capacity + LM_RUN_BLOCK - 1) / LM_RUN_BLOCK;
    runs->upper_size = upper_footprint(blocks);
    struct lm_run_node *node = (struct lm_run_node *)(void *)runs->area.base;
    for (unsigned level = 1; level < LEVELS; level++) {
        blocks = (blocks + LM_RUN_FANOUT - 1) / LM_RUN_FANOUT;
        runs->upper[level - 1] = node;
        node += blocks;
    }
    runs->blocks = runs->first_blocks;
    runs->block_count = 0;
    runs->member_count = 0;
    runs->top = 0;
}

/* For words of many runs. */
static unsigned longest_by_halving(uint64_t word)
{
    /* starts[i] marks where runs of at least 2^i ones begin. */
    uint64_t starts[7];
    unsigned top = 0;
    starts[0] = word;
    while (top < 6) {
        uint64_t next = starts[top] & (starts[top] >> (1u << top));
        if (next == 0)
            break;
        starts[++top] = next;
    }
    unsigned length = 1u << top;
    uint64_t at = starts[top];
    for (unsigned i = top; i-- > 0 && length < 64;) {
        uint64_t longer = at & (starts[i] >> length);
        if (longer != 0) {
            at = longer;
            length += 1u << i;
        }
    }
    return length;
}

/* Most words hold a run or two. */
static unsigned longest_in_word(uint64_t word)
{
    unsigned longest = 0;
    for (int runs = 0; word != 0; runs++) {
        if (runs == 3)
            return (unsigned)lm_max(longest, longest_by_halving(word));
        word >>= lm_bits_lowest(word);
        if (~word == 0)
            return 64;
        unsigned ones = lm_bits_lowest(~word);
        longest = (unsigned)lm_max(longest, ones);
        word >>= ones;
    }
    return longest;
}

/* Appends `next` (of `next_size` things) to `whole` (of `size` things so far). */
static struct lm_run_node join(struct lm_run_node whole, size_t size, struct lm_run_node next,
                               size_t next_size)
{
    struct lm_run_node joined = whole;
    if (whole.start == size)
        joined.start = whole.start + next.start;
    uint32_t crossing = whole.end + next.start;
    if (crossing > joined.most)
        joined.most = crossing;
    if (next.most > joined.most)
        joined.most = next.most;
    joined.end = next.end == next_size ? whole.end + next.end : next.end;
    return joined;
}

static struct lm_run_node word_node(uint64_t word, uint8_t most)
{
    if (word == 0 || ~word == 0)
        return (struct lm_run_node){most, most, most};
    return (struct lm_run_node){lm_bits_lowest(~word), most, 63 - lm_bits_highest(~word)};
}

static struct lm_run_node block_node(const struct lm_run_block *block)
{
    struct lm_run_node node = word_node(block->bits[0], block->most[0]);
    for (unsigned i = 1; i < LM_RUN_WORDS; i++)
        node = join(node, i * 64, word_node(block->bits[i], block->most[i]), 64);
    return node;
}

static struct lm_run_node parent_node(const struct lm_runs *runs, unsigned level, size_t index)
{
    size_t size = level_size(level - 1);
    size_t child = index << LM_RUN_FANOUT_LOG2;
    size_t count = lm_min(level_count(runs, level - 1) - child, LM_RUN_FANOUT);
    size_t stride = level == 1 ? sizeof(struct lm_run_block) : sizeof(struct lm_run_node);
    const char *next = (const char *)node_at(runs, level - 1, child);
    struct lm_run_node node = *(const struct lm_run_node *)(const void *)next;
    for (size_t i = 1; i < count; i++) {
        next += stride;
        node = join(node, i * size, *(const struct lm_run_node *)(const void *)next, size);
    }
    return count == LM_RUN_FANOUT ? node : join(node, count * size, no_member, size);
}

/* Bits of blocks [first, last] changed. */
static void update_nodes(struct lm_runs *runs, size_t first, size_t last)
{
    bool is_changed = false;
    for (size_t block = first; block <= last; block++) {
        struct lm_run_node node = block_node(&runs->blocks[block]);
        is_changed |= !is_same_node(node, runs->blocks[block].node);
        runs->blocks[block].node = node;
    }
    for (unsigned level = 1; level <= runs->top && is_changed; level++) {
        is_changed = false;
        first >>= LM_RUN_FANOUT_LOG2;
        last >>= LM_RUN_FANOUT_LOG2;
        for (size_t index = first; index <= last; index++) {
            struct lm_run_node node = parent_node(runs, level, index);
            is_changed |= !is_same_node(node, *node_at(runs, level, index));
            *node_at(runs, level, index) = node;
        }
    }
}

/* Level n as if it had never been in use. */
LM_COLD static void make_level(struct lm_runs *runs, unsigned level)
{
    for (size_t index = 0; index < level_count(runs, level); index++)
        *node_at(runs, level, index) = parent_node(runs, level, index);
}

/* Room for so many blocks in the area. A fork in between finds the old blocks, which are whole. */
static bool leave_first_blocks(struct lm_runs *runs, size_t blocks)
{
    if (blocks <= LM_RUN_FIRST)
        return true;
    if (!lm_area_extend(&runs->area, runs->upper_size + blocks * sizeof(struct lm_run_block)))
        return false;
    if (runs->blocks != runs->first_blocks)
        return true;
    struct lm_run_block *in_area =
        (struct lm_run_block *)(void *)(runs->area.base + runs->upper_size);
    memcpy(in_area, runs->first_blocks, sizeof runs->first_blocks);
    keep_order_for_fork();
    runs->blocks = in_area;
    keep_order_for_fork();
    return true;
}

bool lm_runs_extend(struct lm_runs *runs, size_t count)
{
    size_t blocks = (count + LM_RUN_BLOCK - 1) / LM_RUN_BLOCK;
    if (blocks <= runs->block_count)
        return true;
    if (!leave_first_blocks(runs, blocks))
        return false;
    runs->block_count = blocks;
    while (level_count(runs, runs->top) > LM_RUN_FANOUT && runs->top < LEVELS - 1) {
        make_level(runs, runs->top + 1);
        runs->top++;
    }
    return true;
}

static uint64_t *word_of(const struct lm_runs *runs, size_t member)
{
    return &runs->blocks[member / LM_RUN_BLOCK].bits[member / 64 % LM_RUN_WORDS];
}

static void set_word(struct lm_runs *runs, size_t member, uint64_t word)
{
    *word_of(runs, member) = word;
    runs->blocks[member / LM_RUN_BLOCK].most[member / 64 % LM_RUN_WORDS] =
        (uint8_t)longest_in_word(word);
}

/* The part of [first, first + count) that lies in first's word, as a mask; *covered = its length.
 */
static uint64_t word_mask(size_t first, size_t count, size_t *covered)
{
    unsigned bit = (unsigned)(first % 64);
    *covered = lm_min(count, 64 - bit);
    return lm_bits_ones((unsigned)*covered) << bit;
}

void lm_runs_put(struct lm_runs *runs, size_t first, size_t count)
{
    size_t covered;
    for (size_t at = first; at < first + count; at += covered) {
        uint64_t mask = word_mask(at, first + count - at, &covered);
        uint64_t word = *word_of(runs, at);
        runs->member_count += lm_bits_count_part(mask & ~word, mask, covered);
        set_word(runs, at, word | mask);
    }
    update_nodes(runs, first / LM_RUN_BLOCK, (first + count - 1) / LM_RUN_BLOCK);
}

void lm_runs_drop(struct lm_runs *runs, size_t first, size_t count)
{
    size_t covered;
    for (size_t at = first; at < first + count; at += covered) {
        uint64_t mask = word_mask(at, first + count - at, &covered);
        uint64_t word = *word_of(runs, at);
        runs->member_count -= lm_bits_count_part(mask & word, mask, covered);
        set_word(runs, at, word & ~mask);
    }
    update_nodes(runs, first / LM_RUN_BLOCK, (first + count - 1) / LM_RUN_BLOCK);
}

LM_COLD size_t lm_runs_members(const struct lm_runs *runs, size_t first, size_t count)
{
    size_t covered;
    size_t members = 0;
    for (size_t at = first; at < first + count; at += covered) {
        uint64_t mask = word_mask(at, first + count - at, &covered);
        members += lm_bits_count(*word_of(runs, at) & mask);
    }
    return members;
}

LM_COLD size_t lm_runs_length(const struct lm_runs *runs, size_t first, size_t limit)
{
    size_t end = lm_min(first + limit, runs->block_count * LM_RUN_BLOCK);
    size_t at = first;
    while (at < end) {
        uint64_t gaps = ~*word_of(runs, at) >> (at % 64);
        if (gaps != 0) {
            at += lm_bits_lowest(gaps);
            /* zeroes shifted in from above are not gaps: they were complemented before */
            break;
        }
        at += 64 - at % 64;
    }
    return at < end ? at - first : (end > first ? end - first : 0);
}

/* The lowest run of `count` members within one block whose node promises it. */
static size_t find_in_block(const struct lm_run_block *block, size_t count)
{
    size_t run = 0;
    for (unsigned word = 0; word < LM_RUN_WORDS; word++) {
        uint64_t left = block->bits[word];
        unsigned at = 0;
        while (at < 64) {
            uint64_t rest = left >> at;
            if (rest == 0) {
                run = 0;
                break;
            }
            unsigned gap = lm_bits_lowest(rest);
            if (gap != 0)
                run = 0;
            at += gap;
            uint64_t inverse = ~(left >> at);
            unsigned ones = inverse == 0 ? 64 : lm_bits_lowest(inverse);
            ones = (unsigned)lm_min(ones, 64 - at);
            if (run + ones >= count)
                return word * 64 + at - run;
            run += ones;
            at += ones;
        }
    }
    return LM_NO_RUN;
}

/* Scans nodes [index, end) of a level; *inside tells whether to descend into the result. */
static size_t scan_level(const struct lm_runs *runs, unsigned level, size_t index, size_t end,
                         size_t count, size_t *position)
{
    size_t size = level_size(level);
    size_t run = 0;
    for (; index < end; index++) {
        const struct lm_run_node *node = node_at(runs, level, index);
        if (run + node->start >= count) {
            *position = index * size - run;
            return LM_NO_RUN;
        }
        if (node->most >= count)
            return index;
        run = node->end == size ? run + size : node->end;
    }
    *position = LM_NO_RUN;
    return LM_NO_RUN;
}

size_t lm_runs_find(const struct lm_runs *runs, size_t count)
{
    size_t position = LM_NO_RUN;
    size_t index = 0;
    size_t end = level_count(runs, runs->top);
    for (unsigned level = runs->top;; level--) {
        index = scan_level(runs, level, index, end, count, &position);
        if (index == LM_NO_RUN)
            return position;
        if (level == 0)
            return index * LM_RUN_BLOCK + find_in_block(&runs->blocks[index], count);
        index <<= LM_RUN_FANOUT_LOG2;
        end = lm_min(index + LM_RUN_FANOUT, level_count(runs, level - 1));
    }
}

size_t lm_runs_length_below(const struct lm_runs *runs, size_t end, size_t limit)
{
    size_t first = end;
    while (first > 0 && end - first < limit) {
        unsigned bit = (unsigned)((first - 1) % 64);
        uint64_t gaps = ~(*word_of(runs, first - 1) << (63 - bit));
        unsigned ones = gaps == 0 ? 64 : (unsigned)__builtin_clzll(gaps);
        first -= lm_min(ones, bit + 1);
        if (ones <= bit)
            break;
    }
    return lm_min(end - first, limit);
}

size_t lm_runs_find_roomy(const struct lm_runs *runs, size_t count, size_t room, size_t top)
{
    size_t first = lm_runs_find(runs, room);
    if (first != LM_NO_RUN)
        return first;
    size_t at_top = lm_runs_length_below(runs, top, room);
    return at_top >= count ? top - at_top : LM_NO_RUN;
}

LM_COLD void lm_runs_rebuild(struct lm_runs *runs)
{
    runs->member_count = 0;
    for (size_t block = 0; block < runs->block_count; block++) {
        for (unsigned i = 0; i < LM_RUN_WORDS; i++) {
            uint64_t word = runs->blocks[block].bits[i];
            runs->blocks[block].most[i] = (uint8_t)longest_in_word(word);
            runs->member_count += lm_bits_count(word);
        }
        runs->blocks[block].node = block_node(&runs->blocks[block]);
    }
    for (unsigned level = 1; level <= runs->top; level++)
        make_level(runs, level);
}

void lm_runs_verify(const struct lm_runs *runs)
{
    for (size_t word = 0; word < runs->block_count * LM_RUN_WORDS; word++)
        LM_INVARIANT(runs->blocks[word / LM_RUN_WORDS].most[word % LM_RUN_WORDS] ==
                     longest_in_word(*word_of(runs, word * 64)));
    for (size_t block = 0; block < runs->block_count; block++)
        LM_INVARIANT(is_same_node(runs->blocks[block].node, block_node(&runs->blocks[block])));
    for (unsigned level = 1; level <= runs->top; level++)
        for (size_t index = 0; index < level_count(runs, level); index++)
            LM_INVARIANT(
                is_same_node(*node_at(runs, level, index), parent_node(runs, level, index)));
}
