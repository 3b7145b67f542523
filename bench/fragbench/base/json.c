/* SPDX-License-Identifier: MIT
 * JSON lines; see json.h. */
#include "base/json.h"

#include "base/die.h"
#include "base/quiet.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void write_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void begin_member(struct fb_json *json, const char *key)
{
    if (json->has_member[json->depth])
        fputc(',', json->out);
    json->has_member[json->depth] = true;
    if (key != NULL) {
        write_quoted(json->out, key);
        fputc(':', json->out);
    }
}

static void open_level(struct fb_json *json, char opener, char closer)
{
    if (json->depth + 1 == FB_JSON_DEPTH_MAX)
        fb_die("JSON nested deeper than %d", FB_JSON_DEPTH_MAX);
    fputc(opener, json->out);
    json->depth++;
    json->closers[json->depth] = closer;
    json->has_member[json->depth] = false;
}

void fb_json_begin(struct fb_json *json, FILE *out)
{
    *json = (struct fb_json){.out = out};
    open_level(json, '{', '}');
}

void fb_json_end(struct fb_json *json)
{
    while (json->depth > 0)
        fb_json_close(json);
    fputc('\n', json->out);
    fflush(json->out);
}

void fb_json_text(struct fb_json *json, const char *key, const char *value)
{
    begin_member(json, key);
    write_quoted(json->out, value);
}

void fb_json_count(struct fb_json *json, const char *key, uint64_t value)
{
    begin_member(json, key);
    fprintf(json->out, "%llu", (unsigned long long)value);
}

void fb_json_number(struct fb_json *json, const char *key, int64_t value)
{
    begin_member(json, key);
    fprintf(json->out, "%lld", (long long)value);
}

void fb_json_real(struct fb_json *json, const char *key, double value, int decimals)
{
    begin_member(json, key);
    fprintf(json->out, "%.*f", decimals, value);
}

void fb_json_flag(struct fb_json *json, const char *key, bool value)
{
    begin_member(json, key);
    fputs(value ? "true" : "false", json->out);
}

void fb_json_null(struct fb_json *json, const char *key)
{
    begin_member(json, key);
    fputs("null", json->out);
}

void fb_json_object(struct fb_json *json, const char *key)
{
    begin_member(json, key);
    open_level(json, '{', '}');
}

void fb_json_array(struct fb_json *json, const char *key)
{
    begin_member(json, key);
    open_level(json, '[', ']');
}

void fb_json_close(struct fb_json *json)
{
    fputc(json->closers[json->depth], json->out);
    json->depth--;
}

void fb_json_quiet_stdout(void)
{
    enum { BUFFER_SIZE = 64 * 1024 };
    setvbuf(stdout, fb_quiet_map("stdout", BUFFER_SIZE), _IOFBF, BUFFER_SIZE);
}

/* Where the value of a top-level `key` starts, or NULL. */
static const char *find_value(const char *line, const char *key)
{
    size_t length = strlen(key);
    unsigned depth = 0;
    for (const char *at = line; *at != '\0'; at++) {
        if (*at == '{' || *at == '[')
            depth++;
        if (*at == '}' || *at == ']')
            depth--;
        if (*at != '"')
            continue;
        const char *start = ++at;
        while (*at != '\0' && *at != '"')
            at += *at == '\\' && at[1] != '\0' ? 2 : 1;
        if (*at == '\0')
            return NULL;
        if (depth == 1 && (size_t)(at - start) == length && memcmp(start, key, length) == 0 &&
            at[1] == ':')
            return at + 2;
    }
    return NULL;
}

bool fb_json_get_count(const char *line, const char *key, uint64_t *value)
{
    const char *at = find_value(line, key);
    if (at == NULL || !isdigit((unsigned char)*at))
        return false;
    errno = 0;
    *value = strtoull(at, NULL, 10);
    return errno == 0;
}

bool fb_json_get_real(const char *line, const char *key, double *value)
{
    const char *at = find_value(line, key);
    char *end;
    if (at == NULL)
        return false;
    *value = strtod(at, &end);
    return end != at;
}

bool fb_json_get_text(const char *line, const char *key, char *text, size_t size)
{
    const char *at = find_value(line, key);
    size_t used = 0;
    if (at == NULL || *at != '"')
        return false;
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (used + 1 < size)
            text[used++] = *at;
    }
    text[used] = '\0';
    return true;
}
