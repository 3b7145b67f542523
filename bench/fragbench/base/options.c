/* SPDX-License-Identifier: MIT
 * The command line parser; see options.h. */
#include "base/options.h"

#include "base/die.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fb_parse_count(const char *text, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return errno == 0 && *end == '\0';
}

bool fb_parse_size(const char *text, uint64_t *value)
{
    static const char suffixes[] = "KMGT";
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 0);
    unsigned shift = 0;
    const char *suffix = *end == '\0' ? NULL : strchr(suffixes, toupper((unsigned char)*end));
    if (suffix != NULL) {
        shift = 10u * (unsigned)(suffix - suffixes + 1);
        end++;
    }
    if (errno != 0 || *end != '\0' || number > (UINT64_MAX >> shift))
        return false;
    *value = (uint64_t)number << shift;
    return true;
}

bool fb_parse_real(const char *text, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0';
}

static void print_help(const struct fb_command_line *line)
{
    printf("usage: fragbench %s\n", line->usage);
    for (size_t i = 0; i < line->option_count; i++) {
        const struct fb_option *option = &line->options[i];
        char left[64];
        char letter[8] = "    ";
        if (option->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", option->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name,
                 option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value);
        printf("  %-30s %s\n", left, option->help);
    }
}

static void set_choice(const struct fb_option *option, const char *command, const char *value)
{
    char known[256] = "";
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *(int *)option->target = i;
            return;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", option->choices[i]);
    }
    fb_die("%s: --%s '%s' is none of: %s", command, option->name, value, known);
}

static void set_number(const struct fb_option *option, const char *command, const char *value)
{
    bool read;
    if (option->kind == FB_OPTION_COUNT)
        read = fb_parse_count(value, option->target);
    else if (option->kind == FB_OPTION_SIZE)
        read = fb_parse_size(value, option->target);
    else
        read = fb_parse_real(value, option->target);
    if (!read)
        fb_die("%s: --%s '%s' is not a %s", command, option->name, value,
               option->kind == FB_OPTION_SIZE ? "size (a number, then K, M, G or T)" : "number");
}

static void set_option(const struct fb_option *option, const char *command, const char *value)
{
    struct fb_text_list *list = option->target;
    switch (option->kind) {
    case FB_OPTION_FLAG:
        *(bool *)option->target = true;
        break;
    case FB_OPTION_TEXT:
        *(const char **)option->target = value;
        break;
    case FB_OPTION_CHOICE:
        set_choice(option, command, value);
        break;
    case FB_OPTION_LIST:
        if (list->count == FB_TEXT_LIST_MAX)
            fb_die("%s: more than %d of --%s", command, FB_TEXT_LIST_MAX, option->name);
        list->texts[list->count++] = value;
        break;
    case FB_OPTION_COUNT:
    case FB_OPTION_SIZE:
    case FB_OPTION_REAL:
        set_number(option, command, value);
        break;
    }
}

/* Find the option that `word` spells; *inlined is the value glued to it, or NULL. */
static const struct fb_option *find_option(const struct fb_command_line *line, const char *word,
                                           const char **inlined)
{
    *inlined = NULL;
    for (size_t i = 0; i < line->option_count; i++) {
        const struct fb_option *option = &line->options[i];
        if (word[1] == '-') {
            size_t length = strlen(option->name);
            if (strncmp(word + 2, option->name, length) != 0)
                continue;
            if (word[2 + length] != '\0' && word[2 + length] != '=')
                continue;
            *inlined = word[2 + length] == '=' ? word + 3 + length : NULL;
            return option;
        }
        if (option->letter != 0 && word[1] == option->letter) {
            *inlined = word[2] == '\0' ? NULL : word + 2;
            return option;
        }
    }
    return NULL;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int fb_options_parse(const struct fb_command_line *line, int argc, char **argv)
{
    int operands = 0;
    int i = 1;
    for (; i < argc; i++) {
        const char *word = argv[i];
        const char *value;
        if (strcmp(word, "--") == 0) {
            i++;
            break;
        }
        if (word[0] != '-' || word[1] == '\0') {
            if (line->operands == FB_OPERANDS_LAST)
                break;
            argv[++operands] = argv[i];
            continue;
        }
        const struct fb_option *option = find_option(line, word, &value);
        if (option == NULL && is_help(word)) {
            print_help(line);
            exit(0);
        }
        if (option == NULL)
            fb_die("%s: unknown option '%s'; see fragbench %s --help", argv[0], word, argv[0]);
        if (option->kind == FB_OPTION_FLAG && value != NULL)
            fb_die("%s: --%s takes no value", argv[0], option->name);
        if (option->kind != FB_OPTION_FLAG && value == NULL && ++i == argc)
            fb_die("%s: --%s wants a value (%s)", argv[0], option->name, option->value);
        if (option->kind != FB_OPTION_FLAG && value == NULL)
            value = argv[i];
        set_option(option, argv[0], value);
    }
    for (; i < argc; i++)
        argv[++operands] = argv[i];
    return operands;
}
