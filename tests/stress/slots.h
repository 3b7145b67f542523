/* SPDX-License-Identifier: MIT
 *
 * slots.h - the blocks of the stress test: a table that all threads share, each slot empty or with
 * one block whose size and pattern stand in the slot and not in the block, so that tiny blocks are
 * checked as strictly as large ones.
 *
 * A slot belongs to the thread that has taken it; take and give are atomic.
 */
#ifndef LM_STRESS_SLOTS_H
#define LM_STRESS_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
    /* [a] acquired by the thread that uses the rest */
    atomic_bool taken;
    /* NULL: empty */
    unsigned char *block;
    size_t size;
    size_t alignment;
    uint64_t mark;
};

/* One operation on a slot that the caller has taken. `random` is the caller's sequence. True if
 * everything was as it should be; else a line on standard error has said what was not. */
bool slot_work(struct slot *slot, uint64_t *random);

/* Checks and frees. */
bool slot_empty(struct slot *slot);

bool slot_try_take(struct slot *slot);
void slot_give(struct slot *slot);

/* Bytes in all slots' blocks, of this process. */
size_t slots_live(void);
/* Above this many bytes slot_work only frees. */
void slots_set_limit(size_t bytes);

#endif
