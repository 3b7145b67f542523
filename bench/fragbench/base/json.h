/* SPDX-License-Identifier: MIT
 * JSON lines: a writer that allocates nothing, and a reader of flat fields.
 * Owns quoting and commas. The text goes to a FILE; fb_json_quiet_stdout() keeps that FILE's
 * buffer out of the allocator under test. */
#ifndef FB_BASE_JSON_H
#define FB_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { FB_JSON_DEPTH_MAX = 8 };

struct fb_json {
    FILE *out;
    unsigned depth;
    /* The bracket that closes each open level, and whether it has a member already. */
    char closers[FB_JSON_DEPTH_MAX];
    bool has_member[FB_JSON_DEPTH_MAX];
};

/* One line is one object: begin, members, end (which writes the newline and flushes). */
void fb_json_begin(struct fb_json *json, FILE *out);
void fb_json_end(struct fb_json *json);

/* Members; key is NULL inside an array. */
void fb_json_text(struct fb_json *json, const char *key, const char *value);
void fb_json_count(struct fb_json *json, const char *key, uint64_t value);
void fb_json_number(struct fb_json *json, const char *key, int64_t value);
void fb_json_real(struct fb_json *json, const char *key, double value, int decimals);
void fb_json_flag(struct fb_json *json, const char *key, bool value);
void fb_json_null(struct fb_json *json, const char *key);
void fb_json_object(struct fb_json *json, const char *key);
void fb_json_array(struct fb_json *json, const char *key);
/* Close the innermost object or array. */
void fb_json_close(struct fb_json *json);

/* Give stdout a buffer in memfd memory. Call it first thing in a measured process. */
void fb_json_quiet_stdout(void);

/* Read one member of a flat object; false when it is not there or of another type.
 * The text is cut to size; escapes other than \" and \\ are kept as they stand. */
bool fb_json_get_count(const char *line, const char *key, uint64_t *value);
bool fb_json_get_real(const char *line, const char *key, double *value);
bool fb_json_get_text(const char *line, const char *key, char *text, size_t size);

#endif
