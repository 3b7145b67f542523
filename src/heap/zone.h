/* SPDX-License-Identifier: MIT
 *
 * heap/zone.h - the huge zone's address space: granules of 2 MiB, taken as slots.
 *
 * Owns which granules are free, and a word for each that tells whose the slot is that starts there. What
 * lies in a slot is heap/huge.c's, the only caller.
 */
#ifndef LM_HEAP_ZONE_H
#define LM_HEAP_ZONE_H

#include "base/atomics.h"
#include "os/os.h"
#include "space/window.h"

#define LM_NO_SLOT SIZE_MAX

/* First granule of a slot of `granules`, whose first `size` bytes are committed. LM_NO_SLOT: address
 * space or memory is out. */
size_t lm_zone_take(size_t granules, size_t alignment, size_t size);
/* Its pages are gone already. */
void lm_zone_give(size_t granule, size_t granules);
/* Slots in use. */
size_t lm_zone_slots(void);

char *lm_zone_address(size_t granule);
/* The word for p's granule, NULL if p cannot be the start of a slot. */
_Atomic(uint32_t) *lm_zone_word(const void *p);
/* True if p lies in no slot. */
bool lm_zone_is_free(const void *p);

/* [from, to) of a slot. */
enum lm_os_map lm_zone_commit(char *start, size_t from, size_t to);
void lm_zone_decommit(char *start, size_t size);

void lm_zone_after_fork(void);

LM_INLINE bool lm_is_in_huge_zone(const void *p)
{
    return (uintptr_t)p - lm_window.zone < lm_window.zone_size;
}

#endif
