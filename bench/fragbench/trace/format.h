/* SPDX-License-Identifier: MIT
 * The bytes of a trace file and of its live sidecar; doc/trace-format.md tells the same in words.
 * Owns the layouts and the constants. Used by the recorder library and by the tool. */
#ifndef FB_TRACE_FORMAT_H
#define FB_TRACE_FORMAT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#define FB_TRACE_FORMAT_NAME "fragbench-trace"
#define FB_SIDECAR_SUFFIX    ".live"
/* How the launcher tells the recorder what to write: path of the trace, and its order. */
#define FB_ENV_TRACE "FRAGBENCH_TRACE"
#define FB_ENV_ORDER "FRAGBENCH_ORDER"

enum {
    FB_TRACE_VERSION = 1,
    /* The JSON header line, its newline included, is no longer than this. */
    FB_TRACE_HEADER_MAX = 8192,
    /* Stamps count 2^shift ticks of the TSC or nanoseconds. Two events on one address that fall
     * into one stamp are told apart by the block's state, so the shift costs no order. */
    FB_STAMP_SHIFT = 7,
    /* From this size on, a free tells how many pages the program had touched. */
    FB_TOUCHED_FROM = 64 * 1024,
    FB_ZSTD_LEVEL = 3,
    /* Thread numbers are below; a higher one is damage. */
    FB_THREADS_MAX = 1 << 21,
};

/* One operation's first byte: kind in the low nibble, flags above. */
enum fb_kind {
    FB_KIND_MALLOC,
    FB_KIND_CALLOC,
    FB_KIND_ALIGNED,
    FB_KIND_REALLOC,
    FB_KIND_FREE,
    FB_KIND_BIRTH,
    FB_KIND_DEATH,
    /* An allocation that returned NULL. */
    FB_KIND_FAILED,
    /* REALLOC and FREE with a count of touched pages. */
    FB_KIND_REALLOC_TOUCHED,
    FB_KIND_FREE_TOUCHED,
    FB_KIND_FORK,
    FB_KIND_COUNT,
};

enum {
    FB_OP_KIND = 0x0f,
    /* The (old) address is a distance back to an earlier operation of this chunk. */
    FB_OP_BACK = 0x10,
    /* The time column has this operation's step; without it the step is 0. */
    FB_OP_TIME = 0x20,
    /* REALLOC: the block has moved, a new address follows. */
    FB_OP_MOVED = 0x40,
    /* REALLOC: that new address is a distance back. */
    FB_OP_NEW_BACK = 0x80,
};

enum fb_column { FB_COLUMN_OP, FB_COLUMN_SIZE, FB_COLUMN_ADDRESS, FB_COLUMN_TIME, FB_COLUMNS };

enum fb_chunk_kind { FB_CHUNK_OPS = 1, FB_CHUNK_END = 2 };

/* A chunk on disk: this header, then stored_size bytes, a zstd frame of the four columns one
 * behind the other. All numbers are little-endian. */
struct fb_chunk_header {
    char magic[4];
    /* CRC-32 (IEEE) of everything behind this field, the payload included. */
    uint32_t crc;
    uint32_t kind;
    uint32_t stored_size;
    /* Operations in the chunk; in an END chunk, the errno that stopped recording, or 0. */
    uint32_t ops;
    uint32_t thread;
    /* Counts the chunks of one thread from 0. */
    uint32_t sequence;
    uint32_t reserved;
    /* The same moment on both clocks: the base of the time column, and CLOCK_MONOTONIC. In an END
     * chunk the moment of finishing, or 0 where stamps are no time. */
    uint64_t base_stamp;
    uint64_t base_ns;
    uint32_t column_size[FB_COLUMNS];
};

static_assert(sizeof(struct fb_chunk_header) == 64, "a chunk header is 64 bytes");

#define FB_CHUNK_MAGIC   "FTCH"
#define FB_SIDECAR_MAGIC "FTRLIVE1"

/* The live sidecar: a header page, then slots. Each recorded thread encodes into one slot, which
 * is shared memory of a file, so whatever ends the process (exit, exec, a signal) loses nothing:
 * `finish` moves the slots into the trace.
 *
 *   0        4096      4096 + 64 KiB
 *   +--------+---------+---------+---
 *   | header | slot 0  | slot 1  | ...
 *   +--------+---------+---------+---
 */
enum {
    FB_SIDECAR_HEADER_SIZE = 4096,
    FB_SLOT_SIZE = 64 * 1024,
    FB_SLOT_OPS = 8192,
    FB_SLOT_SIZE_BYTES = 16384,
    FB_SLOT_ADDRESS_BYTES = 24576,
    FB_SLOT_TIME_BYTES = 16256,
    /* No operation writes more than this into one column. */
    FB_COLUMN_RESERVE = 32,
};

struct fb_sidecar_header {
    char magic[8];
    uint32_t pid;
    /* Set by the next program image of the same process, after exec. */
    _Atomic uint32_t abandoned;
    /* Field 22 of /proc/PID/stat, so that a reused pid is told from the recorded process. */
    uint64_t start_time;
    _Atomic uint32_t slots;
    /* errno that stopped recording, or 0. */
    _Atomic uint32_t stopped;
    /* enum fb_order of the stamps. */
    uint32_t order;
};

struct fb_slot {
    /* Operations encoded; the last thing written for each. 0 in a slot that nobody uses. */
    _Atomic uint32_t ops;
    uint32_t thread;
    uint32_t sequence;
    uint32_t used[FB_COLUMNS];
    uint64_t base_stamp;
    uint64_t base_ns;
    uint8_t reserved[80];
    uint8_t op_bytes[FB_SLOT_OPS];
    uint8_t size_bytes[FB_SLOT_SIZE_BYTES];
    uint8_t address_bytes[FB_SLOT_ADDRESS_BYTES];
    uint8_t time_bytes[FB_SLOT_TIME_BYTES];
};

static_assert(sizeof(struct fb_slot) == FB_SLOT_SIZE, "a slot fills its 64 KiB");

#endif
