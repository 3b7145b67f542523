/* SPDX-License-Identifier: MIT
 * A trace file as a list of sound chunks. Owns the mapping of the file, its header line, and the
 * verdict on damage; says one line to stderr for each kind of damage. */
#ifndef FB_TRACE_READER_H
#define FB_TRACE_READER_H

#include "base/quiet.h"
#include "trace/format.h"

#include <stdbool.h>

struct fb_chunk_place {
    uint64_t offset;
    uint32_t thread;
    uint32_t sequence;
    uint32_t ops;
    uint32_t stored_size;
    uint64_t base_stamp;
    uint64_t base_ns;
};

struct fb_reader {
    const char *path;
    const uint8_t *bytes;
    uint64_t size;
    /* From the header line. */
    char order[16];
    char program[512];
    char forked_from[512];
    uint64_t pid;
    uint64_t page_size;
    /* struct fb_chunk_place, sorted by thread and sequence, no doubles. */
    struct fb_quiet_array chunks;
    uint64_t ops;
    uint64_t damaged_chunks;
    uint64_t dropped_bytes;
    /* An END chunk stands at the end; stopped is its errno. */
    bool is_ended;
    /* The process still records into it: its latest operations are not here yet. */
    bool is_live;
    uint32_t stopped;
    /* The two clocks when the trace was finished; 0 where stamps are no time. */
    uint64_t end_stamp;
    uint64_t end_ns;
    /* Nanoseconds of one stamp, from the chunks' two clocks; 0 where stamps are no time. */
    double ns_per_stamp;
};

/* Open and check the whole file; the sidecar of a dead process is moved in first.
 * Dies when it is no trace. */
void fb_reader_open(struct fb_reader *reader, const char *path);
const struct fb_chunk_place *fb_reader_chunk(const struct fb_reader *reader, size_t index);
/* The header of a chunk, copied out; its payload follows it in the file. */
struct fb_chunk_header fb_reader_header(const struct fb_reader *reader,
                                        const struct fb_chunk_place *place);
void fb_reader_close(struct fb_reader *reader);

/* Find the first sound chunk at or behind an offset; its header in *header, its offset returned,
 * or `size` when there is none. */
uint64_t fb_reader_next_chunk(const uint8_t *bytes, uint64_t size, uint64_t offset,
                              struct fb_chunk_header *header);

#endif
