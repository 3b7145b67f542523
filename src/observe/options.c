/* SPDX-License-Identifier: MIT
 *
 * observe/options.c - see observe/options.h.
 */
#include "observe/options.h"

#include "base/bits.h"
#include "base/tuning.h"
#include "os/fatal.h"

#include <string.h>

enum type { SIZE, NUMBER, FLAG, CHOICE };

struct option {
    const char *name;
    enum type type;
    /* a size_t for SIZE and NUMBER, a bool for FLAG and CHOICE */
    void *value;
    /* SIZE and NUMBER: the valid range */
    size_t least;
    size_t most;
    /* CHOICE: the words for false and true */
    const char *off;
    const char *on;
    const char *range;
    const char *meaning;
};

static bool help;

static const struct option options[] = {
    {"window", SIZE, &lm_options.window, 64 * LM_MIB, 64 * LM_TIB, NULL, NULL, "64M to 64T",
     "address space to reserve, in bytes or with K, M, G, T; the default is 1T"},
    {"purge_delay_ms", NUMBER, &lm_options.purge_delay_ms, 0, 3600000, NULL, NULL, "0 to 3600000",
     "milliseconds between looks at idle memory; 0 returns it at once"},
    {"class_split", SIZE, &lm_options.class_split, 0, 64 * LM_TIB, NULL, NULL, "0 to 64T",
     "a size class of which one thread holds so many bytes is split in two; 0 splits all at once"},
    {"huge_pages_from", SIZE, &lm_options.huge_pages_from, 0, 64 * LM_TIB, NULL, NULL, "0 to 64T",
     "a heap of so many bytes that still grows asks for huge pages; 0: never"},
    {"magazines", FLAG, &lm_options.magazines, 0, 0, "false", "true", "true or false",
     "per-thread caches; without them every call is slow and finds misuse at once"},
    {"realloc_zero", CHOICE, &lm_options.realloc_zero_alloc, 0, 0, "free", "alloc", "free or alloc",
     "what realloc(p, 0) does: free p, or return a block of size 0"},
    {"memory_limit", SIZE, &lm_options.memory_limit, 0, 64 * LM_TIB, NULL, NULL, "0 to 64T",
     "bytes; near them memory goes back sooner; 0: as RLIMIT_AS and RLIMIT_DATA say"},
    {"cgroup_limit", FLAG, &lm_options.cgroup_limit, 0, 0, "false", "true", "true or false",
     "the limit of the process's memory control group counts too"},
    {"background_purge", FLAG, &lm_options.background_purge, 0, 0, "false", "true", "true or false",
     "a thread returns memory while the program is idle"},
    {"deepbind", FLAG, &lm_options.deepbind, 0, 0, "false", "true", "true or false",
     "dlopen obeys RTLD_DEEPBIND, which binds a plugin to libc's malloc"},
    {"stats_print", FLAG, &lm_options.stats_print, 0, 0, "false", "true", "true or false",
     "print malloc_stats() when the program exits"},
    {"help", FLAG, &help, 0, 0, "false", "true", "true or false", "print this list"},
};

enum { OPTIONS = sizeof options / sizeof options[0] };

/* A piece of the option text. */
struct word {
    const char *text;
    size_t length;
};

static bool is_word(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

static void begin(struct lm_line *line)
{
    line->length = 0;
    lm_line_add(line, "libmalloc: LIBMALLOC_CONF: ");
}

static unsigned suffix_log2(char suffix)
{
    switch (suffix) {
    case 'K':
    case 'k':
        return 10;
    case 'M':
    case 'm':
        return 20;
    case 'G':
    case 'g':
        return 30;
    case 'T':
    case 't':
        return 40;
    default:
        return 0;
    }
}

/* Decimal digits, and a suffix where sizes are meant. */
static bool parse_number(struct word word, enum type type, size_t *result)
{
    size_t number = 0;
    size_t at = 0;
    for (; at < word.length && word.text[at] >= '0' && word.text[at] <= '9'; at++) {
        if (number > SIZE_MAX / 10 - 1)
            return false;
        number = number * 10 + (size_t)(word.text[at] - '0');
    }
    if (at == 0)
        return false;
    unsigned shift = 0;
    if (at + 1 == word.length && type == SIZE) {
        shift = suffix_log2(word.text[at]);
        at += shift != 0;
    }
    if (at != word.length || number > SIZE_MAX >> shift)
        return false;
    *result = number << shift;
    return true;
}

static bool set(const struct option *option, struct word value)
{
    if (option->type == FLAG || option->type == CHOICE) {
        bool is_on = is_word(value, option->on);
        if (!is_on && !is_word(value, option->off))
            return false;
        *(bool *)option->value = is_on;
        return true;
    }
    size_t number;
    if (!parse_number(value, option->type, &number))
        return false;
    if (number < option->least || number > option->most)
        return false;
    *(size_t *)option->value = number;
    return true;
}

LM_COLD static void complain_of_value(const struct option *option, struct word value)
{
    struct lm_line line;
    begin(&line);
    lm_line_add(&line, "bad value \"");
    lm_line_add_bytes(&line, value.text, lm_min(value.length, 64));
    lm_line_add(&line, "\" for ");
    lm_line_add(&line, option->name);
    lm_line_add(&line, ": it takes ");
    lm_line_add(&line, option->range);
    lm_line_add(&line, "; using the default\n");
    lm_line_print(&line);
}

LM_COLD static void complain_of_name(struct word name)
{
    struct lm_line line;
    begin(&line);
    lm_line_add(&line, "unknown option \"");
    lm_line_add_bytes(&line, name.text, lm_min(name.length, 64));
    lm_line_add(&line, "\": the options are");
    for (size_t i = 0; i < OPTIONS; i++) {
        lm_line_add(&line, i == 0 ? " " : ", ");
        lm_line_add(&line, options[i].name);
    }
    lm_line_add(&line, "\n");
    lm_line_print(&line);
}

static void add_value(struct lm_line *line, const struct option *option)
{
    if (option->type == FLAG || option->type == CHOICE)
        lm_line_add(line, *(const bool *)option->value ? option->on : option->off);
    else
        lm_line_add_number(line, *(const size_t *)option->value);
}

/* In the same words as the README's table. The values shown are those in force before the text. */
LM_COLD static void print_help(void)
{
    struct lm_line line = {.length = 0};
    lm_line_add(&line,
                "libmalloc: LIBMALLOC_CONF=\"name:value,name:value\"; name:default (range)\n");
    lm_line_print(&line);
    for (size_t i = 0; i < OPTIONS; i++) {
        line.length = 0;
        lm_line_add(&line, "  ");
        lm_line_add(&line, options[i].name);
        lm_line_add(&line, ":");
        add_value(&line, &options[i]);
        lm_line_add(&line, " (");
        lm_line_add(&line, options[i].range);
        lm_line_add(&line, ") ");
        lm_line_add(&line, options[i].meaning);
        lm_line_add(&line, "\n");
        lm_line_print(&line);
    }
}

static void read_pair(struct word pair)
{
    const char *colon = memchr(pair.text, ':', pair.length);
    struct word name = {pair.text, colon == NULL ? pair.length : (size_t)(colon - pair.text)};
    struct word value = {"", 0};
    if (colon != NULL)
        value = (struct word){colon + 1, pair.length - name.length - 1};
    for (size_t i = 0; i < OPTIONS; i++) {
        if (!is_word(name, options[i].name))
            continue;
        if (!set(&options[i], value))
            complain_of_value(&options[i], value);
        return;
    }
    complain_of_name(name);
}

/* Help shows defaults, so it is looked for before anything is set. */
static bool asks_for_help(const char *text)
{
    return strstr(text, "help:true") != NULL;
}

void lm_options_read(const char *text)
{
    if (text == NULL)
        return;
    if (asks_for_help(text))
        print_help();
    while (*text != '\0') {
        struct word pair = {text, strcspn(text, ",")};
        if (pair.length != 0)
            read_pair(pair);
        text += pair.length;
        text += *text == ',';
    }
}
