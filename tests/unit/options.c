/* SPDX-License-Identifier: MIT
 *
 * observe/options: what LIBMALLOC_CONF may say, and what it is told when it says something else.
 */
#include "unit.h"

#include "observe/options.h"

static const char *given;
static char text[8192];
static bool is_aborted;

static void read_given(void)
{
    lm_options_read(given);
}

/* Reads the options here, and in a child for what it prints. */
static bool says(const char *options, const char *expected)
{
    given = options;
    unit_capture(read_given, text, sizeof text, &is_aborted);
    lm_options_read(expected[0] == '\0' ? options : NULL);
    UNIT_CHECK(!is_aborted);
    if (expected[0] == '\0')
        UNIT_CHECK_THAT(text[0] == '\0', "%s: %s", options, text);
    else
        UNIT_CHECK_THAT(strstr(text, expected) != NULL, "%s: %s", options, text);
    return true;
}

static bool good_values_are_taken_in_silence(void)
{
    UNIT_CHECK(says("window:64G", "") && lm_options.window == 64 * LM_GIB);
    UNIT_CHECK(says("window:128m", "") && lm_options.window == 128 * LM_MIB);
    UNIT_CHECK(says("window:67108864", "") && lm_options.window == 64 * LM_MIB);
    UNIT_CHECK(says("window:1048576K", "") && lm_options.window == LM_GIB);
    UNIT_CHECK(says("window:64T", "") && lm_options.window == 64 * LM_TIB);
    UNIT_CHECK(says("purge_delay_ms:0", "") && lm_options.purge_delay_ms == 0);
    UNIT_CHECK(says("purge_delay_ms:3600000", "") && lm_options.purge_delay_ms == 3600000);
    UNIT_CHECK(says("class_split:0", "") && lm_options.class_split == 0);
    UNIT_CHECK(says("class_split:64T", "") && lm_options.class_split == 64 * LM_TIB);
    UNIT_CHECK(says("magazines:false", "") && !lm_options.magazines);
    UNIT_CHECK(says("magazines:true", "") && lm_options.magazines);
    UNIT_CHECK(says("realloc_zero:alloc", "") && lm_options.realloc_zero_alloc);
    UNIT_CHECK(says("realloc_zero:free", "") && !lm_options.realloc_zero_alloc);
    UNIT_CHECK(says("stats_print:true", "") && lm_options.stats_print);
    return says("stats_print:false", "") && !lm_options.stats_print;
}

static bool several_are_read_from_left_to_right(void)
{
    UNIT_CHECK(says("magazines:false,purge_delay_ms:5,window:1G", ""));
    UNIT_CHECK(!lm_options.magazines && lm_options.purge_delay_ms == 5);
    UNIT_CHECK(lm_options.window == LM_GIB);
    UNIT_CHECK(says("magazines:false,magazines:true", "") && lm_options.magazines);
    UNIT_CHECK(says(",,purge_delay_ms:7,,", "") && lm_options.purge_delay_ms == 7);
    return says("", "");
}

static bool bad_values_are_named_and_leave_the_default(void)
{
    static const char *const bad[] = {
        "window:1M",
        "window:65T",
        "window:",
        "window:abc",
        "window:-1",
        "window:1GG",
        "window:1.5G",
        "window:99999999999999999999",
        "window:64 G",
        "window:18446744073709551615T",
        "window:G",
        "window",
        "purge_delay_ms:1K",
        "purge_delay_ms:-1",
        "purge_delay_ms:3600001",
        "magazines:1",
        "magazines:TRUE",
        "magazines",
        "realloc_zero:true",
        "stats_print:yes",
    };
    for (size_t i = 0; i < UNIT_COUNT_OF(bad); i++) {
        char expected[200];
        size_t name = strcspn(bad[i], ":");
        const char *value = bad[i][name] == ':' ? bad[i] + name + 1 : "";
        snprintf(expected, sizeof expected,
                 "libmalloc: LIBMALLOC_CONF: bad value \"%s\" for %.*s: it takes ", value,
                 (int)name, bad[i]);
        UNIT_CHECK(says(bad[i], expected));
        UNIT_CHECK(strchr(text, '\n') == text + strlen(text) - 1);
    }
    return true;
}

/* In this process, to see that nothing was set. */
static bool a_bad_value_changes_nothing(void)
{
    struct lm_options before = lm_options;
    int null = dup(STDERR_FILENO);
    if (freopen("/dev/null", "w", stderr) == NULL)
        return false;
    lm_options_read("window:1M,purge_delay_ms:x,magazines:maybe,realloc_zero:,nonsense:1");
    dup2(null, STDERR_FILENO);
    close(null);
    return memcmp(&before, &lm_options, sizeof before) == 0;
}

static bool an_unknown_name_is_told_the_known_ones(void)
{
    UNIT_CHECK(says(
        "colour:red",
        "libmalloc: LIBMALLOC_CONF: unknown option \"colour\": the "
        "options are window, purge_delay_ms, class_split, huge_pages_from, magazines, "
        "realloc_zero, memory_limit, cgroup_limit, background_purge, deepbind, stats_print, help"));
    UNIT_CHECK(says("windows:1G", "unknown option \"windows\""));
    UNIT_CHECK(says("Window:1G", "unknown option \"Window\""));
    UNIT_CHECK(says(":", "unknown option \"\""));
    return says("a long name that goes on and on and on and on and on and on and on and on and on",
                "\"a long name that goes on and on and on and on and on and on and \":");
}

static bool a_mistake_does_not_hide_what_follows(void)
{
    UNIT_CHECK(says("colour:red,window:x", "bad value \"x\" for window"));
    return strstr(text, "unknown option \"colour\"") ==
           text + strlen("libmalloc: LIBMALLOC_CONF: ");
}

static bool help_lists_every_option_with_its_default(void)
{
    UNIT_CHECK(says("help:true", "libmalloc: LIBMALLOC_CONF="));
    UNIT_CHECK(strstr(text, "\n  window:") != NULL && strstr(text, "\n  magazines:") != NULL);
    UNIT_CHECK(strstr(text, "\n  purge_delay_ms:") != NULL &&
               strstr(text, "(0 to 3600000)") != NULL);
    UNIT_CHECK(strstr(text, "\n  realloc_zero:free (free or alloc)") != NULL);
    return strstr(text, "\n  stats_print:false (true or false)") != NULL;
}

static bool no_text_is_no_options(void)
{
    struct lm_options before = lm_options;
    lm_options_read(NULL);
    lm_options_read("");
    lm_options_read(",");
    return memcmp(&before, &lm_options, sizeof before) == 0;
}

int main(void)
{
    UNIT_TRUTH(no_text_is_no_options);
    UNIT_TRUTH(help_lists_every_option_with_its_default);
    UNIT_TRUTH(bad_values_are_named_and_leave_the_default);
    UNIT_TRUTH(a_bad_value_changes_nothing);
    UNIT_TRUTH(an_unknown_name_is_told_the_known_ones);
    UNIT_TRUTH(a_mistake_does_not_hide_what_follows);
    UNIT_TRUTH(good_values_are_taken_in_silence);
    UNIT_TRUTH(several_are_read_from_left_to_right);
    return tap_done();
}
