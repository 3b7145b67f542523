/* SPDX-License-Identifier: MIT
 *
 * os/map.c - memory mappings and futexes of Linux.
 *
 * Owns the page size and what was learned about the kernel. Everything goes through lm_os_call, which
 * keeps errno.
 */
#include "os/os.h"

#include "base/atomics.h"
#include "base/bits.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

struct lm_os lm_os;
_Atomic(uint32_t) lm_os_fail_countdown;

enum { PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };
enum { READ_WRITE = PROT_READ | PROT_WRITE };

/* Knowledge about the kernel: 0 = not asked yet. A lost race asks twice. */
enum { UNKNOWN, YES, NO };
static _Atomic(uint32_t) purge_zeroes;
static _Atomic(uint32_t) can_keep_source;

long lm_os_call(long number, long a, long b, long c, long d, long e)
{
    int saved = errno;
    long result = syscall(number, a, b, c, d, e, 0);
    if (result == -1)
        result = -errno;
    errno = saved;
    return result;
}

/* Torture: this call is the one that was told to fail. */
static bool is_told_to_fail(void)
{
    if (!lm_torture)
        return false;
    uint32_t left = load_relaxed(&lm_os_fail_countdown);
    if (left == 0 || left == LM_OS_FAIL_ALL)
        return left != 0;
    store_relaxed(&lm_os_fail_countdown, left - 1);
    return left == 1;
}

static long map(void *address, size_t size, int protection, int flags)
{
    if (is_told_to_fail())
        return -ENOMEM;
    int saved = errno;
    void *result = mmap(address, size, protection, flags, -1, 0);
    long value = result == MAP_FAILED ? -errno : (long)result;
    errno = saved;
    return value;
}

static bool is_error(long result)
{
    return result < 0 && result >= -4095;
}

void lm_os_init(void)
{
    lm_os.page_size = getauxval(AT_PAGESZ);
    if (lm_os.page_size == 0)
        lm_os.page_size = 4096;
    lm_os.page_log2 = lm_bits_lowest(lm_os.page_size);
    lm_os_find_clock();
}

/* gdb's gcore writes every mapping out that is not excluded, also what nobody may read: a terabyte. */
static void dump(void *address, size_t size, bool is_wanted)
{
    int advice = is_wanted ? MADV_DODUMP : MADV_DONTDUMP;
    lm_os_call(SYS_madvise, (long)address, (long)size, advice, 0, 0);
}

/* [c] the largest reservation */
static struct {
    void *start;
    size_t size;
} reserved;

void *lm_os_reserve(size_t size)
{
    long result = map(NULL, size, PROT_NONE, PRIVATE);
    if (is_error(result))
        return NULL;
    dump((void *)result, size, false);
    if (size > reserved.size) {
        reserved.start = (void *)result;
        reserved.size = size;
    }
    return (void *)result;
}

void lm_os_want_huge_pages(void *address, size_t size, bool is_wanted)
{
    int advice = is_wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
    lm_os_call(SYS_madvise, (long)address, (long)size, advice, 0, 0);
}

static bool allow(void *address, size_t size)
{
    return lm_os_call(SYS_mprotect, (long)address, (long)size, READ_WRITE, 0, 0) == 0;
}

bool lm_os_commit(void *address, size_t size)
{
    if (is_told_to_fail())
        return false;
    if (lm_likely(allow(address, size))) {
        dump(address, size, true);
        return true;
    }
    /* The process may have as many mappings as it can, and what is dumped and what is not are two, as is what gets no
     * huge pages and the rest. The dump comes last, as mappings beside the window may look the same then. */
    lm_os_want_huge_pages(reserved.start, reserved.size, false);
    dump(reserved.start, reserved.size, true);
    return allow(address, size);
}

bool lm_os_decommit(void *address, size_t size)
{
    if (is_error(map(address, size, PROT_NONE, PRIVATE | MAP_FIXED)))
        return false;
    dump(address, size, false);
    return true;
}

LM_COLD enum lm_os_map lm_os_map_at(void *address, size_t size)
{
    long result = map(address, size, READ_WRITE, PRIVATE | MAP_FIXED_NOREPLACE);
    if (result == (long)address)
        return LM_OS_MAPPED;
    if (result == -EEXIST)
        return LM_OS_TAKEN;
    if (is_error(result))
        return LM_OS_REFUSED;
    /* A kernel before 4.17 took the address as a hint. */
    lm_os_unmap((void *)result, size);
    return LM_OS_TAKEN;
}

void lm_os_unmap(void *address, size_t size)
{
    lm_os_call(SYS_munmap, (long)address, (long)size, 0, 0, 0);
}

static bool drop_pages(void *address, size_t size)
{
    long result = lm_os_call(SYS_madvise, (long)address, (long)size, MADV_DONTNEED, 0, 0);
    if (result == -EINVAL)
        result = lm_os_call(SYS_madvise, (long)address, (long)size, MADV_DONTNEED_LOCKED, 0, 0);
    return result == 0;
}

LM_COLD bool lm_os_purge(void *address, size_t size, bool *is_zero)
{
    uint32_t known = load_relaxed(&purge_zeroes);
    LM_INVARIANT((uintptr_t)address % lm_os.page_size == 0 && size % lm_os.page_size == 0);
    /* Emulators and checkers may take the advice and keep the bytes: the first purge finds out. */
    if (known == UNKNOWN)
        *(volatile char *)address = 1;
    bool is_done = drop_pages(address, size);
    if (known == UNKNOWN && is_done) {
        known = *(volatile char *)address == 0 ? YES : NO;
        store_relaxed(&purge_zeroes, known);
    }
    *is_zero = is_done && known == YES;
    return is_done;
}

static bool remap(void *from, void *to, size_t size, int flags, int *error)
{
    int saved = errno;
    void *result = mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to);
    *error = errno;
    errno = saved;
    return result != MAP_FAILED;
}

static bool map_anew(void *address, size_t size)
{
    return !is_error(map(address, size, READ_WRITE, PRIVATE | MAP_FIXED));
}

/* Kernels before 6.17 unmap the target before they look at the source: put it back. */
static enum lm_os_move mend_target(void *to, size_t size)
{
    return map_anew(to, size) ? LM_OS_STAYED : LM_OS_TARGET_LOST;
}

/* qemu's user mode takes the source for unmapped all the same, and refuses to write there. */
static bool is_source_there(void *from)
{
    if (load_relaxed(&can_keep_source) == UNKNOWN) {
        long error = lm_os_call(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, (long)from, 0, 0, 0);
        if (error == 0)
            memset(from, 0, sizeof(struct timespec));
        store_relaxed(&can_keep_source, error == 0 ? YES : NO);
    }
    return load_relaxed(&can_keep_source) == YES;
}

LM_COLD enum lm_os_move lm_os_move(void *from, void *to, size_t size)
{
    int error;
    if (is_told_to_fail())
        return LM_OS_STAYED;
    if (load_relaxed(&can_keep_source) != NO) {
        if (remap(from, to, size, MREMAP_DONTUNMAP, &error))
            return is_source_there(from) || map_anew(from, size) ? LM_OS_MOVED : LM_OS_SOURCE_LOST;
        if (error != EINVAL)
            return mend_target(to, size);
        store_relaxed(&can_keep_source, NO);
    }
    /* Before 5.7 the source's address space goes with its pages: fill the gap, unless another
     * thread's mapping was faster. */
    if (!remap(from, to, size, 0, &error))
        return mend_target(to, size);
    return lm_os_map_at(from, size) == LM_OS_MAPPED ? LM_OS_MOVED : LM_OS_SOURCE_LOST;
}

bool lm_os_name(void *address, size_t size, const char *name)
{
    return lm_os_call(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, (long)address, (long)size,
                      (long)name) == 0;
}

void lm_os_name_thread(const char *name)
{
    lm_os_call(SYS_prctl, PR_SET_NAME, (long)name, 0, 0, 0);
}

LM_COLD uintptr_t lm_os_mapping_hint(void)
{
    void *probe = lm_os_reserve(lm_os.page_size);
    if (probe != NULL)
        lm_os_unmap(probe, lm_os.page_size);
    return (uintptr_t)probe;
}

void lm_os_wait(_Atomic(uint32_t) *word, uint32_t value)
{
    lm_os_call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)value, 0, 0);
}

LM_COLD void lm_os_wait_for(_Atomic(uint32_t) *word, uint32_t value, size_t milliseconds)
{
    struct timespec time = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    lm_os_call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)value, (long)&time, 0);
}

void lm_os_wake_one(_Atomic(uint32_t) *word)
{
    lm_os_call(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0);
}
