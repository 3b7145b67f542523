/* SPDX-License-Identifier: MIT
 *
 * base/bits.h against the naive way.
 */
#include "unit.h"

static bool words_are_read_right(void)
{
    for (unsigned shift = 0; shift <= 48; shift += 3) {
        for (uint64_t pattern = 1; pattern < 65536; pattern++) {
            uint64_t word = pattern << shift;
            unsigned count = 0;
            unsigned lowest = 64;
            unsigned highest = 0;
            for (unsigned bit = shift; bit < shift + 16; bit++) {
                if ((word >> bit & 1) == 0)
                    continue;
                count++;
                lowest = lowest == 64 ? bit : lowest;
                highest = bit;
            }
            UNIT_CHECK(lm_bits_count(word) == count);
            UNIT_CHECK(lm_bits_lowest(word) == lowest);
            UNIT_CHECK(lm_bits_highest(word) == highest);
        }
    }
    return lm_bits_count(0) == 0 && lm_bits_count(~UINT64_C(0)) == 64;
}

static bool ones_have_their_count(void)
{
    uint64_t expected = 0;
    for (unsigned count = 0; count <= 64; count++) {
        UNIT_CHECK(lm_bits_ones(count) == expected);
        expected = expected << 1 | 1;
    }
    return true;
}

static bool rounding_goes_to_the_next_multiple(void)
{
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        for (size_t value = 0; value < 10000; value++) {
            size_t up = (value + alignment - 1) / alignment * alignment;
            UNIT_CHECK(lm_round_up(value, alignment) == up);
        }
    }
    return true;
}

static bool powers_of_two_are_told_apart(void)
{
    size_t above = 1;
    for (size_t value = 1; value < 200000; value++) {
        above = value > above ? above * 2 : above;
        UNIT_CHECK(lm_power_of_two_above(value) == above);
        UNIT_CHECK(lm_is_power_of_two(value) == (value == above));
    }
    for (unsigned bit = 2; bit < 63; bit++) {
        size_t power = (size_t)1 << bit;
        UNIT_CHECK(lm_power_of_two_above(power) == power);
        UNIT_CHECK(lm_power_of_two_above(power - 1) == power);
        UNIT_CHECK(lm_power_of_two_above(power + 1) == power * 2);
    }
    return !lm_is_power_of_two(0);
}

static bool the_smaller_and_the_larger_are_found(void)
{
    return lm_min(3, 5) == 3 && lm_min(5, 3) == 3 && lm_max(3, 5) == 5 && lm_max(5, 3) == 5;
}

int main(void)
{
    UNIT_TRUTH(words_are_read_right);
    UNIT_TRUTH(ones_have_their_count);
    UNIT_TRUTH(rounding_goes_to_the_next_multiple);
    UNIT_TRUTH(powers_of_two_are_told_apart);
    UNIT_TRUTH(the_smaller_and_the_larger_are_found);
    return tap_done();
}
