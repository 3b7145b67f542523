/* SPDX-License-Identifier: MIT
 *
 * os/fatal: lines built without memory, and the end of a program.
 */
#include "unit.h"

#include "os/fatal.h"

static char text[4096];
static bool is_aborted;

static bool is_line(const struct lm_line *line, const char *expected)
{
    return line->length == strlen(expected) && memcmp(line->text, expected, line->length) == 0;
}

static bool numbers_are_written_in_full(void)
{
    struct lm_line line = {.length = 0};
    lm_line_add_number(&line, 0);
    lm_line_add(&line, " ");
    lm_line_add_number(&line, UINT64_MAX);
    lm_line_add(&line, " ");
    lm_line_add_hex(&line, 0);
    lm_line_add(&line, " ");
    lm_line_add_hex(&line, 0xfedcba9876543210u);
    return is_line(&line, "0 18446744073709551615 0x0 0xfedcba9876543210");
}

static bool random_numbers_read_back(void)
{
    uint64_t random = tap_seed();
    for (int round = 0; round < 20000; round++) {
        char expected[64];
        uint64_t number = tap_random(&random) >> unit_below(&random, 64);
        struct lm_line line = {.length = 0};
        lm_line_add_number(&line, number);
        lm_line_add_bytes(&line, "/rest", 1);
        lm_line_add_hex(&line, number);
        snprintf(expected, sizeof expected, "%llu/%#llx", (unsigned long long)number,
                 (unsigned long long)number);
        UNIT_CHECK_THAT(number == 0 || is_line(&line, expected), "%s", expected);
    }
    return true;
}

static bool what_does_not_fit_is_cut(void)
{
    struct lm_line line = {.length = 0};
    for (int i = 0; i < 200; i++)
        lm_line_add(&line, "abcdefg");
    lm_line_add_number(&line, 12345);
    UNIT_CHECK(line.length == sizeof line.text);
    for (size_t i = 0; i < line.length; i++)
        UNIT_CHECK(line.text[i] == "abcdefg"[i % 7]);
    return true;
}

static void print_two(void)
{
    struct lm_line line = {.length = 0};
    errno = EDOM;
    lm_line_add(&line, "one\n");
    lm_line_print(&line);
    line.length = 0;
    lm_line_add(&line, errno == EDOM ? "two\n" : "errno changed\n");
    lm_line_print(&line);
}

static bool lines_go_to_stderr(void)
{
    unit_capture(print_two, text, sizeof text, &is_aborted);
    UNIT_CHECK_THAT(strcmp(text, "one\ntwo\n") == 0, "%s", text);
    return !is_aborted;
}

static void die(void)
{
    lm_fatal("free", LM_DOUBLE_FREE, (void *)(uintptr_t)0x1230); // NOLINT
}

static bool a_crime_is_named_and_ends_the_program(void)
{
    unit_capture(die, text, sizeof text, &is_aborted);
    UNIT_CHECK_THAT(strcmp(text, "libmalloc: free: double free: 0x1230\n") == 0, "%s", text);
    return is_aborted;
}

static volatile int two = 2;

static void break_an_invariant(void)
{
    LM_INVARIANT(two == 3);
}

static bool an_invariant_is_checked_in_checked_builds_only(void)
{
    unit_capture(break_an_invariant, text, sizeof text, &is_aborted);
    UNIT_CHECK(is_aborted == (lm_checked != 0));
    bool is_named = strstr(text, "libmalloc: invariant failed: two == 3 at ") == text;
    return is_named == (lm_checked != 0);
}

int main(void)
{
    UNIT_TRUTH(numbers_are_written_in_full);
    UNIT_TRUTH(random_numbers_read_back);
    UNIT_TRUTH(what_does_not_fit_is_cut);
    UNIT_TRUTH(lines_go_to_stderr);
    UNIT_TRUTH(a_crime_is_named_and_ends_the_program);
    UNIT_TRUTH(an_invariant_is_checked_in_checked_builds_only);
    return tap_done();
}
