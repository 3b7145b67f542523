/* SPDX-License-Identifier: MIT
 * The C doors of the recorder: every call goes to the next library's function of that name, an
 * acquisition is told to the stream behind the real call, a release before it.
 * Owns the table of real functions, and the arena that serves until the table stands. */
#include "trace/recorder/recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* dlsym and the loader may allocate before the real malloc is known; those few blocks live here
 * for good and are not recorded. Each has its size in the 16 bytes before it. */
enum { ARENA_SIZE = 64 * 1024, ARENA_ALIGN = 16 };

static struct {
    _Alignas(ARENA_ALIGN) unsigned char bytes[ARENA_SIZE];
    size_t used;
} arena;

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    size_t (*usable_size)(void *);
    void (*free_sized)(void *, size_t);
    void (*free_aligned_sized)(void *, size_t, size_t);
    _Atomic int state;
} real;

enum { UNRESOLVED, RESOLVING, RESOLVED };

static bool resolve_slowly(void)
{
    int state = atomic_load_explicit(&real.state, memory_order_acquire);
    if (state == RESOLVED)
        return true;
    if (state == RESOLVING)
        return false;
    atomic_store_explicit(&real.state, RESOLVING, memory_order_relaxed);
    real.malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    real.calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    real.realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    real.free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    real.posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    real.memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
    real.aligned_alloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
    real.valloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "valloc");
    real.pvalloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "pvalloc");
    real.usable_size = (size_t(*)(void *))dlsym(RTLD_NEXT, "malloc_usable_size");
    real.free_sized = (void (*)(void *, size_t))dlsym(RTLD_NEXT, "free_sized");
    real.free_aligned_sized =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_NEXT, "free_aligned_sized");
    atomic_store_explicit(&real.state, RESOLVED, memory_order_release);
    return true;
}

static inline bool is_resolved(void)
{
    if (__builtin_expect(atomic_load_explicit(&real.state, memory_order_acquire) == RESOLVED, 1))
        return true;
    return resolve_slowly();
}

static bool is_in_arena(const void *block)
{
    const unsigned char *at = block;
    return at >= arena.bytes && at < arena.bytes + ARENA_SIZE;
}

static void *take_from_arena(size_t size)
{
    size_t total = ARENA_ALIGN + ((size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1));
    if (size > ARENA_SIZE || arena.used + total > ARENA_SIZE) {
        errno = ENOMEM;
        return NULL;
    }
    unsigned char *block = arena.bytes + arena.used + ARENA_ALIGN;
    arena.used += total;
    memcpy(block - ARENA_ALIGN, &size, sizeof size);
    return block;
}

static size_t arena_block_size(const void *block)
{
    size_t size;
    memcpy(&size, (const unsigned char *)block - ARENA_ALIGN, sizeof size);
    return size;
}

size_t fb_real_usable_size(void *block)
{
    return real.usable_size == NULL ? 0 : real.usable_size(block);
}

static uint8_t log2_of(size_t alignment)
{
    return alignment == 0 ? 0 : (uint8_t)(63 - __builtin_clzl(alignment));
}

/* A block the real allocator gave: tell it, unless the real allocator itself had asked. */
static void *acquired(void *block, enum fb_kind kind, size_t size, size_t alignment)
{
    fb_record_acquire(kind, block, size, log2_of(alignment));
    fb_self.busy = false;
    return block;
}

static bool enter(void)
{
    if (fb_self.busy)
        return false;
    fb_self.busy = true;
    return true;
}

void *malloc(size_t size)
{
    if (!is_resolved())
        return take_from_arena(size);
    if (!enter())
        return real.malloc(size);
    return acquired(real.malloc(size), FB_KIND_MALLOC, size, 0);
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    bool overflows = __builtin_mul_overflow(count, size, &total);
    if (!is_resolved())
        return overflows ? NULL : take_from_arena(total);
    if (!enter())
        return real.calloc(count, size);
    return acquired(real.calloc(count, size), FB_KIND_CALLOC, overflows ? SIZE_MAX : total, 0);
}

static void *move_from_arena(void *block, size_t size)
{
    size_t kept = arena_block_size(block);
    void *fresh = malloc(size);
    if (fresh != NULL)
        memcpy(fresh, block, kept < size ? kept : size);
    return fresh;
}

void *realloc(void *block, size_t size)
{
    if (is_in_arena(block) || !is_resolved())
        return block == NULL ? take_from_arena(size) : move_from_arena(block, size);
    if (!enter())
        return real.realloc(block, size);
    if (block == NULL)
        return acquired(real.realloc(NULL, size), FB_KIND_MALLOC, size, 0);
    struct fb_event event = fb_record_resize_begin(block, size);
    void *fresh = real.realloc(block, size);
    fb_record_resize_end(&event, fresh);
    fb_self.busy = false;
    return fresh;
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, total);
}

void free(void *block)
{
    if (block == NULL || is_in_arena(block) || !is_resolved())
        return;
    if (enter()) {
        fb_record_release(block);
        real.free(block);
        fb_self.busy = false;
    } else {
        real.free(block);
    }
}

void free_sized(void *block, size_t size);
void free_sized(void *block, size_t size)
{
    if (real.free_sized == NULL || block == NULL || is_in_arena(block) || !enter()) {
        free(block);
        return;
    }
    fb_record_release(block);
    real.free_sized(block, size);
    fb_self.busy = false;
}

void free_aligned_sized(void *block, size_t alignment, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    if (real.free_aligned_sized == NULL || block == NULL || is_in_arena(block) || !enter()) {
        free(block);
        return;
    }
    fb_record_release(block);
    real.free_aligned_sized(block, alignment, size);
    fb_self.busy = false;
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (!is_resolved() || real.posix_memalign == NULL)
        return ENOMEM;
    if (!enter())
        return real.posix_memalign(block, alignment, size);
    int failure = real.posix_memalign(block, alignment, size);
    if (failure != EINVAL)
        acquired(failure == 0 ? *block : NULL, FB_KIND_ALIGNED, size, alignment);
    fb_self.busy = false;
    return failure;
}

static void *call_aligned(void *(*function)(size_t, size_t), size_t alignment, size_t size)
{
    if (!is_resolved() || function == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    if (!enter())
        return function(alignment, size);
    return acquired(function(alignment, size), FB_KIND_ALIGNED, size, alignment);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    return is_resolved() ? call_aligned(real.memalign, alignment, size) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return is_resolved() ? call_aligned(real.aligned_alloc, alignment, size) : NULL;
}

static void *call_page_aligned(void *(*function)(size_t), size_t size, size_t recorded_size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (function == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    if (!enter())
        return function(size);
    return acquired(function(size), FB_KIND_ALIGNED, recorded_size, page);
}

void *valloc(size_t size)
{
    return is_resolved() ? call_page_aligned(real.valloc, size, size) : NULL;
}

void *pvalloc(size_t size);
void *pvalloc(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded = size > SIZE_MAX - page ? size : (size + page - 1) & ~(page - 1);
    return is_resolved() ? call_page_aligned(real.pvalloc, size, rounded) : NULL;
}
