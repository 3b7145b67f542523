/* SPDX-License-Identifier: MIT
 *
 * base/bits.h - powers of two and 64-bit words.
 */
#ifndef LM_BASE_BITS_H
#define LM_BASE_BITS_H

#include "base/compiler.h"

/* Index of the lowest set bit; word != 0. */
LM_INLINE unsigned lm_bits_lowest(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

/* Index of the highest set bit; word != 0. */
LM_INLINE unsigned lm_bits_highest(uint64_t word)
{
    return 63u - (unsigned)__builtin_clzll(word);
}

/* By halves: the baseline processor has no instruction for it, and the compiler's would be a call.
 */
LM_INLINE unsigned lm_bits_count(uint64_t word)
{
    word = word - ((word >> 1) & UINT64_C(0x5555555555555555));
    word = (word & UINT64_C(0x3333333333333333)) + ((word >> 2) & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (unsigned)((word * UINT64_C(0x0101010101010101)) >> 56);
}

/* Of a part of `mask`, which has `count` ones and most often is in it as a whole or not at all. */
LM_INLINE size_t lm_bits_count_part(uint64_t part, uint64_t mask, size_t count)
{
    if (lm_likely(part == mask))
        return count;
    return part == 0 ? 0 : lm_bits_count(part);
}

/* `count` ones from bit 0; count <= 64. */
LM_INLINE uint64_t lm_bits_ones(unsigned count)
{
    return count == 0 ? 0 : ~UINT64_C(0) >> (64u - count);
}

LM_INLINE bool lm_is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* `alignment` is a power of two; the caller has excluded overflow. */
LM_INLINE size_t lm_round_up(size_t value, size_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* The least power of two >= value; 1 <= value <= 2^63. */
LM_INLINE size_t lm_power_of_two_above(size_t value)
{
    return value <= 1 ? 1 : (size_t)1 << (64 - __builtin_clzll(value - 1));
}

LM_INLINE size_t lm_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

LM_INLINE size_t lm_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
