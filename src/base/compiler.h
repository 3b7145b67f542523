/* SPDX-License-Identifier: MIT
 *
 * base/compiler.h - the compiler's words, and the two switches of a checked build.
 *
 * Owns no state. Anyone may include it.
 */
#ifndef LM_BASE_COMPILER_H
#define LM_BASE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef LM_CONFIG_CHECKED
#define LM_CONFIG_CHECKED 0
#endif
#ifndef LM_CONFIG_TORTURE
#define LM_CONFIG_TORTURE 0
#endif

enum {
    /* Invariants are verified at both ends of every slow path. */
    lm_checked = LM_CONFIG_CHECKED || LM_CONFIG_TORTURE,
    /* Constants are shrunk and operating-system calls can be told to fail. */
    lm_torture = LM_CONFIG_TORTURE,
};

#define lm_likely(x)   __builtin_expect(!!(x), 1)
#define lm_unlikely(x) __builtin_expect(!!(x), 0)
#define LM_COLD        __attribute__((cold, noinline))
#define LM_NOINLINE    __attribute__((noinline))
#define LM_INLINE      static inline __attribute__((always_inline))
/* For every extern object: without it compilers look its address up in the GOT, whatever the flags. */
#define LM_HIDDEN __attribute__((visibility("hidden")))
/* For what every process reads and nobody writes: read-only in the end, and not among the constants, of which the
 * kernel would map 16 pages for it. */
#define LM_NEAR       __attribute__((section(".data.rel.ro")))
#define LM_NORETURN   __attribute__((noreturn))
#define LM_CACHE_LINE 64

/* Defined in os/fatal.c: says where and aborts. */
LM_NORETURN void lm_invariant_failed(const char *claim, const char *file, int line);

/* We erred, not the caller. Costs nothing in a normal build. */
#define LM_INVARIANT(claim)                                                                        \
    do {                                                                                           \
        if (lm_checked && lm_unlikely(!(claim)))                                                   \
            lm_invariant_failed(#claim, __FILE__, __LINE__);                                       \
    } while (0)

#endif
