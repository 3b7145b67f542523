/* SPDX-License-Identifier: MIT
 *
 * os/os.h - the operating system as a small contract. Porting the allocator is rewriting os/.
 *
 * Every call leaves errno as it was. Addresses and sizes are multiples of the page size.
 * After start-up only mmap, munmap, mremap, mprotect, madvise and futex are called (and clock_gettime, once, and
 * where the vDSO has none): programs that
 * lock themselves into seccomp kill everything else.
 */
#ifndef LM_OS_OS_H
#define LM_OS_OS_H

#include "base/compiler.h"

struct lm_os {
    /* [c] bytes of a page, and log2 of it */
    size_t page_size;
    unsigned page_log2;
};

extern LM_HIDDEN struct lm_os lm_os;

void lm_os_init(void);

/* Sets address space aside: no access, no charge, no part of a core dump. NULL if the kernel refuses. */
void *lm_os_reserve(size_t size);
/* Makes reserved space readable and writable; its pages read as zero. */
bool lm_os_commit(void *address, size_t size);
/* Takes committed space back to the state of a fresh reservation. */
bool lm_os_decommit(void *address, size_t size);

enum lm_os_map { LM_OS_MAPPED, LM_OS_TAKEN, LM_OS_REFUSED };
/* Maps zero pages at exactly this address, which nobody reserved. TAKEN: someone else lives there;
 * REFUSED: no memory or a limit. */
enum lm_os_map lm_os_map_at(void *address, size_t size);
void lm_os_unmap(void *address, size_t size);

/* Returns the pages to the kernel; the range stays committed. *is_zero tells whether it reads as
 * zero now (probed once). False if the pages stayed. */
bool lm_os_purge(void *address, size_t size, bool *is_zero);

/* Asks for huge pages in a committed range, or not to make any there from now on; a wish, the kernel may
 * ignore it. */
void lm_os_want_huge_pages(void *address, size_t size, bool is_wanted);

enum lm_os_move {
    /* `from` stays committed and reads as zero */
    LM_OS_MOVED,
    /* moved, but `from` is somebody else's address space now, or nobody's */
    LM_OS_SOURCE_LOST,
    /* nothing moved; `to` is committed */
    LM_OS_STAYED,
    /* nothing moved; `to` is not there any more */
    LM_OS_TARGET_LOST,
};
/* Moves pages between committed ranges. `from` must be of one piece: committed by one call or by
 * several that ask for the same, and never the target of a move. */
enum lm_os_move lm_os_move(void *from, void *to, size_t size);

/* Names a range for /proc/PID/maps; false if this kernel cannot. Start-up only. */
bool lm_os_name(void *address, size_t size, const char *name);

/* Names the calling thread, for ps and debuggers. */
void lm_os_name_thread(const char *name);

/* For os/ alone: a system call. The result, or -errno. */
long lm_os_call(long number, long a, long b, long c, long d, long e);

/* os/clock.c */

/* At start: where the kernel's own function is. */
void lm_os_find_clock(void);
/* Milliseconds of a monotonic clock, coarse (4 ms) and cheap. */
uint64_t lm_os_clock_ms(void);
/* Microseconds of the same clock, exact: 25 ns where the kernel need not be called for it. */
uint64_t lm_os_clock_us(void);
/* Microseconds that this thread has run. */
uint64_t lm_os_thread_us(void);

/* An address in the region where the kernel places mappings by itself. Start-up only. */
uintptr_t lm_os_mapping_hint(void);

/* Waits while *word == value, or until woken; may return at any time. */
void lm_os_wait(_Atomic(uint32_t) *word, uint32_t value);
/* The same, and not longer than that. */
void lm_os_wait_for(_Atomic(uint32_t) *word, uint32_t value, size_t milliseconds);
void lm_os_wake_one(_Atomic(uint32_t) *word);

/* Torture builds: the n-th coming call that asks for memory fails; 0 = none; or all of them do. */
#define LM_OS_FAIL_ALL UINT32_MAX
extern LM_HIDDEN _Atomic(uint32_t) lm_os_fail_countdown;

#endif
