/* SPDX-License-Identifier: MIT
 *
 * base/atomics.h - C11 atomics whose names carry the memory order.
 *
 * There is no default order: each use says what it publishes or receives, and a comment at the use
 * names the partner.
 */
#ifndef LM_BASE_ATOMICS_H
#define LM_BASE_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>

#define load_relaxed(at)         atomic_load_explicit((at), memory_order_relaxed)
#define load_acquire(at)         atomic_load_explicit((at), memory_order_acquire)
#define load_ordered(at)         atomic_load_explicit((at), memory_order_seq_cst)
#define store_relaxed(at, value) atomic_store_explicit((at), (value), memory_order_relaxed)
#define store_release(at, value) atomic_store_explicit((at), (value), memory_order_release)
#define store_ordered(at, value) atomic_store_explicit((at), (value), memory_order_seq_cst)

#define add_relaxed(at, value)      atomic_fetch_add_explicit((at), (value), memory_order_relaxed)
#define sub_relaxed(at, value)      atomic_fetch_sub_explicit((at), (value), memory_order_relaxed)
#define or_acq_rel(at, value)       atomic_fetch_or_explicit((at), (value), memory_order_acq_rel)
#define exchange_acquire(at, value) atomic_exchange_explicit((at), (value), memory_order_acquire)
#define exchange_release(at, value) atomic_exchange_explicit((at), (value), memory_order_release)
#define exchange_acq_rel(at, value) atomic_exchange_explicit((at), (value), memory_order_acq_rel)

/* Relaxed too, for the two hot paths. Compilers give the address of a C11 atomic a register of its
 * own; what is spelled here is the same to the machine without that. TSan needs the C11 spelling.
 *   load_hot     of what is used once, or what nobody else writes: the compiler may read it twice
 *   load_hot_acquire  the same, for an index by which the rest is found
 *   load_wide    reads 32 bits once, as 64
 *   load_result  a plain load of what the function will probably return, into the register for that
 *   store_hot    only the owner writes; the others may look
 *   keep_address  the address in a register of its own: from a base and a constant, without an index, processors
 *                forward a store to the load behind it at once (decision 051) */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define load_hot(at)         (*(__typeof__(load_relaxed(at)) *)(at))
#define load_hot_acquire(at) load_hot(at)
#define load_wide(at)                                                                              \
    __extension__({                                                                                \
        uint64_t value_;                                                                           \
        __asm__("mov %1, %k0" : "=r"(value_) : "m"(*(at)));                                        \
        value_;                                                                                    \
    })
#define load_result(at)                                                                            \
    __extension__({                                                                                \
        __typeof__(*(at)) value_;                                                                  \
        __asm__("mov %1, %0" : "=a"(value_) : "m"(*(at)));                                         \
        value_;                                                                                    \
    })
#define store_hot(at, value) ((void)(*(__typeof__(load_relaxed(at)) *)(at) = (value)))
#define keep_address(at)                                                                           \
    __extension__({                                                                                \
        __typeof__(at) at_ = (at);                                                                 \
        __asm__("" : "+r"(at_));                                                                   \
        at_;                                                                                       \
    })
#else
#define load_hot(at)         load_relaxed(at)
#define load_hot_acquire(at) load_acquire(at)
#define load_wide(at)        ((uint64_t)load_relaxed(at))
#define load_result(at)      (*(at))
#define store_hot(at, value) store_relaxed(at, value)
#define keep_address(at)     (at)
#endif

/* On failure *expected receives the present value. */
#define cas_acquire(at, expected, value)                                                           \
    atomic_compare_exchange_strong_explicit((at), (expected), (value), memory_order_acquire,       \
                                            memory_order_relaxed)
#define cas_ordered(at, expected, value)                                                           \
    atomic_compare_exchange_strong_explicit((at), (expected), (value), memory_order_seq_cst,       \
                                            memory_order_relaxed)

/* What is written before stays before what is written after, for the child of a fork that another
 * thread makes in between. The compiler is all that has to be told: fork revokes the right to write a
 * page at a time, and a write that faults holds back those that follow it. */
#define keep_order_for_fork() atomic_signal_fence(memory_order_seq_cst)

#endif
