/* SPDX-License-Identifier: MIT
 * Command lines of the subcommands: a table of options, one parser, one --help.
 * Owns the spelling rules (--name=value, --name value, -n value) and the error lines.
 * Any subcommand may call it; it allocates nothing. */
#ifndef FB_BASE_OPTIONS_H
#define FB_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fb_option_kind {
    FB_OPTION_FLAG,   /* bool *, no value */
    FB_OPTION_TEXT,   /* const char ** */
    FB_OPTION_COUNT,  /* uint64_t *, decimal or 0x */
    FB_OPTION_SIZE,   /* uint64_t *, bytes with K, M, G or T behind it */
    FB_OPTION_REAL,   /* double * */
    FB_OPTION_CHOICE, /* int *, index into choices */
    FB_OPTION_LIST,   /* struct fb_text_list *, the option may be repeated */
};

enum { FB_TEXT_LIST_MAX = 64 };

struct fb_text_list {
    size_t count;
    const char *texts[FB_TEXT_LIST_MAX];
};

struct fb_option {
    /* Long name without its dashes. */
    const char *name;
    /* One-letter name, or 0. */
    char letter;
    enum fb_option_kind kind;
    void *target;
    /* What --help calls the value; NULL for a flag. */
    const char *value;
    const char *help;
    /* FB_OPTION_CHOICE only: the accepted words, NULL-terminated. */
    const char *const *choices;
};

/* Where operands may stand. FB_OPERANDS_LAST stops at the first one, for `record prog -x`. */
enum fb_operand_place { FB_OPERANDS_ANYWHERE, FB_OPERANDS_LAST };

struct fb_command_line {
    /* "replay TRACE [options]", as --help prints it behind "usage: fragbench ". */
    const char *usage;
    enum fb_operand_place operands;
    const struct fb_option *options;
    size_t option_count;
};

/* Parse argv[1..]; argv[0] is the subcommand. Leaves the operands in argv[1..n] and returns n.
 * Dies on a bad line; prints help and exits 0 on --help. "--" ends the options. */
int fb_options_parse(const struct fb_command_line *line, int argc, char **argv);

/* True when all of the text is a number; a size may end in K, M, G or T (powers of 1024). */
bool fb_parse_count(const char *text, uint64_t *value);
bool fb_parse_size(const char *text, uint64_t *value);
bool fb_parse_real(const char *text, double *value);

#endif
