/* SPDX-License-Identifier: MIT
 *
 * heap/registry.h - all heaps: which thread has which, who waits for a thread, what happens in a
 * fork's child.
 *
 *   G1  controls 1 to count exist; none ever goes
 *   G2  a heap is on the parked stack exactly while its state is PARKED
 *
 * A signal handler may fork in the middle of a birth or a parking and return in the child, which goes
 * on from there: both look at their end whether that has happened, and make the stack anew.
 */
#ifndef LM_HEAP_REGISTRY_H
#define LM_HEAP_REGISTRY_H

#include "heap/heap.h"

/* Once, at start. False: no thread key is left. */
bool lm_registry_init(void);

/* The calling thread's heap, taken from the parked ones or made; NULL if memory is out or the
 * thread is leaving. */
struct lm_heap *lm_heap_birth(void);

/* The thread goes: its heap waits for another one. */
void lm_heap_leave(void *heap);

/* A heap for one call of a thread that is leaving; park it again with lm_heap_park. */
struct lm_heap *lm_heap_borrow(void);
void lm_heap_park(struct lm_heap *heap);

/* Each heap in turn, newest first; NULL starts and ends. */
struct lm_heap_control *lm_heap_next(struct lm_heap_control *control);

/* In all heaps: mail taken in, caches given back, and holes purged. The caller's magazines are
 * emptied too. Result: bytes returned to the kernel. */
size_t lm_heap_trim(void);

/* In a fork's child: other threads' heaps are parked, those caught in a slow path are lost. */
void lm_heap_after_fork(void);

#endif
