/* SPDX-License-Identifier: MIT
 * Opening and checking a trace; see reader.h. */
#include "trace/reader.h"

#include "base/die.h"
#include "base/json.h"
#include "trace/chunk.h"
#include "trace/finish.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void map_file(struct fb_reader *reader)
{
    struct stat status;
    int file = open(reader->path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0)
        fb_die_errno("%s", reader->path);
    if (!S_ISREG(status.st_mode))
        fb_die("%s: not a regular file; a trace is written by fragbench record", reader->path);
    if (status.st_size == 0)
        fb_die("%s: empty file; the recording has not even begun", reader->path);
    reader->size = (uint64_t)status.st_size;
    void *memory = mmap(NULL, (size_t)reader->size, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        fb_die_errno("%s: cannot map", reader->path);
    close(file);
    reader->bytes = memory;
}

static uint64_t read_header(struct fb_reader *reader)
{
    static char line[FB_TRACE_HEADER_MAX + 1];
    char format[32];
    uint64_t version = 0;
    uint64_t room = reader->size < FB_TRACE_HEADER_MAX ? reader->size : FB_TRACE_HEADER_MAX;
    const uint8_t *end = memchr(reader->bytes, '\n', (size_t)room);
    uint64_t length = end == NULL ? 0 : (uint64_t)(end - reader->bytes);
    memcpy(line, reader->bytes, (size_t)length);
    line[length] = '\0';
    if (!fb_json_get_text(line, "format", format, sizeof format) ||
        strcmp(format, FB_TRACE_FORMAT_NAME) != 0)
        fb_die("%s: not a trace (no fragbench header); a trace is written by fragbench record",
               reader->path);
    if (!fb_json_get_count(line, "version", &version) || version != FB_TRACE_VERSION)
        fb_die("%s: trace version %llu, this fragbench reads version %d", reader->path,
               (unsigned long long)version, FB_TRACE_VERSION);
    fb_json_get_text(line, "order", reader->order, sizeof reader->order);
    fb_json_get_text(line, "program", reader->program, sizeof reader->program);
    fb_json_get_text(line, "forked_from", reader->forked_from, sizeof reader->forked_from);
    fb_json_get_count(line, "pid", &reader->pid);
    if (!fb_json_get_count(line, "page_size", &reader->page_size))
        reader->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    return length + 1;
}

static bool is_sound(const uint8_t *bytes, uint64_t size, uint64_t offset,
                     struct fb_chunk_header *header)
{
    if (size - offset < sizeof *header)
        return false;
    memcpy(header, bytes + offset, sizeof *header);
    if (memcmp(header->magic, FB_CHUNK_MAGIC, sizeof header->magic) != 0)
        return false;
    if (header->stored_size > size - offset - sizeof *header)
        return false;
    return fb_chunk_crc(header, bytes + offset + sizeof *header) == header->crc;
}

uint64_t fb_reader_next_chunk(const uint8_t *bytes, uint64_t size, uint64_t offset,
                              struct fb_chunk_header *header)
{
    while (offset < size) {
        if (is_sound(bytes, size, offset, header))
            return offset;
        const uint8_t *next = memmem(bytes + offset + 1, (size_t)(size - offset - 1),
                                     FB_CHUNK_MAGIC, strlen(FB_CHUNK_MAGIC));
        if (next == NULL)
            break;
        offset = (uint64_t)(next - bytes);
    }
    return size;
}

static void add_chunk(struct fb_reader *reader, uint64_t offset,
                      const struct fb_chunk_header *header)
{
    if (header->kind == FB_CHUNK_END) {
        reader->is_ended = true;
        reader->stopped = header->ops;
        reader->end_stamp = header->base_stamp;
        reader->end_ns = header->base_ns;
    }
    if (header->kind != FB_CHUNK_OPS)
        return;
    if (header->thread >= FB_THREADS_MAX) {
        reader->damaged_chunks++;
        reader->dropped_bytes += sizeof *header + header->stored_size;
        return;
    }
    struct fb_chunk_place *place = fb_quiet_array_push(&reader->chunks);
    *place = (struct fb_chunk_place){
        .offset = offset,
        .thread = header->thread,
        .sequence = header->sequence,
        .ops = header->ops,
        .stored_size = header->stored_size,
        .base_stamp = header->base_stamp,
        .base_ns = header->base_ns,
    };
}

static void list_chunks(struct fb_reader *reader, uint64_t offset)
{
    struct fb_chunk_header header;
    fb_quiet_array_open(&reader->chunks, "chunks", sizeof(struct fb_chunk_place));
    while (offset < reader->size) {
        uint64_t next = fb_reader_next_chunk(reader->bytes, reader->size, offset, &header);
        if (next != offset) {
            reader->damaged_chunks++;
            reader->dropped_bytes += next - offset;
        }
        if (next == reader->size)
            break;
        add_chunk(reader, next, &header);
        offset = next + sizeof header + header.stored_size;
    }
}

/* A process killed between writing a chunk and emptying its slot leaves it twice. */
static bool is_before(const struct fb_chunk_place *a, const struct fb_chunk_place *b)
{
    if (a->thread != b->thread)
        return a->thread < b->thread;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence;
    return a->offset < b->offset;
}

/* Shell sort: qsort would take its workspace from the allocator that a replay measures. */
static void sort_places(struct fb_chunk_place *places, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct fb_chunk_place place = places[i];
            size_t at = i;
            for (; at >= gap && is_before(&place, &places[at - gap]); at -= gap)
                places[at] = places[at - gap];
            places[at] = place;
        }
    }
}

static void drop_doubles(struct fb_reader *reader)
{
    struct fb_chunk_place *places = reader->chunks.data;
    size_t kept = 0;
    for (size_t i = 0; i < reader->chunks.count; i++) {
        if (kept > 0 && places[kept - 1].thread == places[i].thread &&
            places[kept - 1].sequence == places[i].sequence)
            continue;
        places[kept++] = places[i];
        reader->ops += places[i].ops;
    }
    reader->chunks.count = kept;
}

static void calibrate(struct fb_reader *reader)
{
    const struct fb_chunk_place *places = reader->chunks.data;
    const struct fb_chunk_place *first = places;
    uint64_t last_stamp = reader->end_stamp;
    uint64_t last_ns = reader->end_ns;
    reader->ns_per_stamp = strcmp(reader->order, "clock") == 0 ? 1u << FB_STAMP_SHIFT : 0;
    if (reader->chunks.count == 0 || strcmp(reader->order, "tsc") != 0)
        return;
    for (size_t i = 0; i < reader->chunks.count; i++) {
        if (places[i].base_stamp < first->base_stamp)
            first = &places[i];
        if (places[i].base_stamp > last_stamp) {
            last_stamp = places[i].base_stamp;
            last_ns = places[i].base_ns;
        }
    }
    if (last_stamp > first->base_stamp && last_ns > first->base_ns)
        reader->ns_per_stamp =
            (double)(last_ns - first->base_ns) / (double)(last_stamp - first->base_stamp);
}

static void tell_damage(const struct fb_reader *reader)
{
    if (reader->damaged_chunks > 0)
        fb_warn("%s: damaged: %llu bytes in %llu places dropped, %llu operations could be read",
                reader->path, (unsigned long long)reader->dropped_bytes,
                (unsigned long long)reader->damaged_chunks, (unsigned long long)reader->ops);
    else if (!reader->is_ended && !reader->is_live)
        fb_warn("%s: the end is missing (cut off?); %llu operations could be read", reader->path,
                (unsigned long long)reader->ops);
    if (reader->is_live)
        fb_warn("%s: process %llu still records into it; this is what stands so far", reader->path,
                (unsigned long long)reader->pid);
    if (reader->stopped != 0)
        fb_warn("%s: recording had stopped early: %s; the trace holds what was before",
                reader->path, strerror((int)reader->stopped));
}

void fb_reader_open(struct fb_reader *reader, const char *path)
{
    bool is_live = fb_trace_finish(path) == FB_FINISH_LIVE;
    *reader = (struct fb_reader){.path = path, .is_live = is_live};
    map_file(reader);
    list_chunks(reader, read_header(reader));
    sort_places(reader->chunks.data, reader->chunks.count);
    drop_doubles(reader);
    calibrate(reader);
    tell_damage(reader);
}

const struct fb_chunk_place *fb_reader_chunk(const struct fb_reader *reader, size_t index)
{
    return (const struct fb_chunk_place *)reader->chunks.data + index;
}

struct fb_chunk_header fb_reader_header(const struct fb_reader *reader,
                                        const struct fb_chunk_place *place)
{
    struct fb_chunk_header header;
    memcpy(&header, reader->bytes + place->offset, sizeof header);
    return header;
}

void fb_reader_close(struct fb_reader *reader)
{
    munmap((void *)reader->bytes, (size_t)reader->size);
    fb_quiet_array_close(&reader->chunks);
}
