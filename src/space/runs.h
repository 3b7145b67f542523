/* SPDX-License-Identifier: MIT
 *
 * space/runs.h - a set of numbered things (units, granules) that finds runs of neighbours.
 *
 * The truth is one bit per member. Above it stand nodes that summarise 256 bits, then 16 nodes
 * each, so that the lowest run of a length is found in a few steps and a change touches a few
 * nodes:
 *
 *   upper[3]            .            one node per 16^4 blocks
 *   upper[0]   [.............]       one node per 16 blocks
 *   blocks     [bits x 256 | node]   one block per 256 members
 *
 * A small set touches no memory but its own: the first few blocks lie in the struct, and levels are
 * in use only as far up as they have more than one node below them to sum up.
 *
 *   R1  node.start = members from its low end on, node.end = members up to its high end,
 *       node.most = longest run inside; all counted in members
 *   R2  a node whose blocks do not exist yet counts them as empty
 *   R3  levels above `top` are not in use, and level `top` has at most LM_RUN_FANOUT nodes; at first
 *       that is the blocks themselves
 *
 * A change that is interrupted (fork) leaves bits that are individually right and nodes that
 * lm_runs_rebuild mends. The caller holds the lock.
 */
#ifndef LM_SPACE_RUNS_H
#define LM_SPACE_RUNS_H

#include "base/tuning.h"
#include "space/area.h"

enum {
    LM_RUN_WORDS = 4,
    LM_RUN_BLOCK = LM_RUN_WORDS * 64,
    LM_RUN_FANOUT_LOG2 = 4,
    LM_RUN_FANOUT = 1 << LM_RUN_FANOUT_LOG2,
    LM_RUN_UPPER_LEVELS = 4,
};

#define LM_NO_RUN SIZE_MAX

struct lm_run_node {
    uint32_t start;
    uint32_t most;
    uint32_t end;
};

struct lm_run_block {
    uint64_t bits[LM_RUN_WORDS];
    struct lm_run_node node;
    /* longest run inside each word: the part of a node that takes long to find */
    uint8_t most[LM_RUN_WORDS];
};

struct lm_runs {
    /* [c] where the levels live once the first blocks are too few; upper levels first, then the
     * blocks */
    struct lm_area area;
    struct lm_run_node *upper[LM_RUN_UPPER_LEVELS];
    /* [c] bytes of the upper levels */
    size_t upper_size;
    /* [l] first_blocks, or behind the upper levels */
    struct lm_run_block *blocks;
    /* [l] blocks that exist */
    size_t block_count;
    /* [l] members */
    size_t member_count;
    /* [l] R3; 0 is the blocks' own level */
    unsigned top;
    struct lm_run_block first_blocks[LM_RUN_FIRST];
};

struct lm_run {
    size_t first;
    size_t count;
};

/* Bytes of address space for a set of up to `capacity` things. */
size_t lm_runs_footprint(size_t capacity);
/* runs->area.base and .reserved are set. */
void lm_runs_init(struct lm_runs *runs, size_t capacity);
/* Things [0, count) may become members now. */
bool lm_runs_extend(struct lm_runs *runs, size_t count);

/* First of the lowest run of at least `count` members, or LM_NO_RUN. */
size_t lm_runs_find(const struct lm_runs *runs, size_t count);
/* First of the lowest run of at least `room` members, or of the one that ends at `top`, where there is as much room as is
 * needed, if that has at least `count`; or LM_NO_RUN. */
size_t lm_runs_find_roomy(const struct lm_runs *runs, size_t count, size_t room, size_t top);
/* How many members follow from `first` on, or end before `end`, counted up to `limit`. */
size_t lm_runs_length(const struct lm_runs *runs, size_t first, size_t limit);
size_t lm_runs_length_below(const struct lm_runs *runs, size_t end, size_t limit);
/* How many of [first, first + count) are members. */
size_t lm_runs_members(const struct lm_runs *runs, size_t first, size_t count);

/* Members may be put again and non-members dropped: both are idempotent. */
void lm_runs_put(struct lm_runs *runs, size_t first, size_t count);
void lm_runs_drop(struct lm_runs *runs, size_t first, size_t count);

/* Recomputes all nodes and the count from the bits. */
void lm_runs_rebuild(struct lm_runs *runs);
/* Checked builds: R1 for all nodes. */
void lm_runs_verify(const struct lm_runs *runs);

#endif
