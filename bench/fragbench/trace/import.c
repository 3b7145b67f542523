/* SPDX-License-Identifier: MIT
 * `fragbench import`: the AOSP memory_replay text format into a trace. Lines are
 *     TID: malloc P SIZE          TID: calloc P COUNT SIZE     TID: realloc NEW OLD SIZE
 *     TID: memalign P ALIGN SIZE  TID: free P                  TID: thread_done 0x0
 * with two times in nanoseconds behind them in newer traces, which are not used: the order of the
 * lines is the order of the trace. Owns the reading of lines; the coding is encode.c's. */
#include "trace/commands.h"

#include "base/die.h"
#include "base/options.h"
#include "base/quiet.h"
#include "trace/chunk.h"
#include "trace/encode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 512, NUMBERS_MAX = 5 };

struct import_thread {
    uint64_t tid;
    struct fb_encoder encoder;
};

struct import {
    const char *input;
    const char *output;
    FILE *out;
    struct fb_packer packer;
    /* struct import_thread *, numbered from 1 in order of appearance. */
    struct fb_quiet_array threads;
    struct import_thread *last;
    uint64_t line;
    uint64_t ops;
    uint64_t skipped;
};

static _Noreturn void refuse(const struct import *import, const char *what)
{
    fclose(import->out);
    unlink(import->output);
    fb_die("import: %s line %llu: %s", import->input, (unsigned long long)import->line, what);
}

static void write_out(struct import *import, const void *data, size_t size)
{
    if (fwrite(data, 1, size, import->out) != size)
        fb_die_errno("import: %s", import->output);
}

static void flush_thread(struct import *import, struct import_thread *thread)
{
    struct fb_slot *slot = thread->encoder.slot;
    if (slot->used[FB_COLUMN_OP] == 0)
        return;
    size_t size = fb_packer_pack_slot(&import->packer, slot);
    if (size == 0)
        fb_die("import: zstd failed");
    write_out(import, import->packer.output, size);
    slot->sequence++;
    fb_encoder_begin(&thread->encoder, import->line, 0);
}

static struct import_thread *thread_of(struct import *import, uint64_t tid)
{
    struct import_thread **threads = import->threads.data;
    if (import->last != NULL && import->last->tid == tid)
        return import->last;
    for (size_t i = 0; i < import->threads.count; i++)
        if (threads[i]->tid == tid)
            return import->last = threads[i];
    struct import_thread *thread = fb_quiet_map("import thread", sizeof *thread);
    *(struct import_thread **)fb_quiet_array_push(&import->threads) = thread;
    thread->tid = tid;
    thread->encoder.slot = fb_quiet_map("import slot", FB_SLOT_SIZE);
    thread->encoder.slot->thread = (uint32_t)import->threads.count;
    fb_encoder_begin(&thread->encoder, import->line, 0);
    return import->last = thread;
}

static void put(struct import *import, uint64_t tid, struct fb_event *event)
{
    struct import_thread *thread = thread_of(import, tid);
    event->stamp = import->line;
    event->end_stamp = import->line;
    if (fb_encoder_is_full(&thread->encoder))
        flush_thread(import, thread);
    fb_encode(&thread->encoder, event);
    import->ops++;
}

static unsigned parse_numbers(const char *text, uint64_t numbers[NUMBERS_MAX])
{
    unsigned count = 0;
    while (count < NUMBERS_MAX) {
        char *end;
        errno = 0;
        numbers[count] = strtoull(text, &end, 0);
        if (end == text || errno != 0)
            break;
        count++;
        text = end;
    }
    return count;
}

static uint8_t log2_of(uint64_t alignment)
{
    return alignment == 0 ? 0 : (uint8_t)(63 - __builtin_clzll(alignment));
}

/* Make the event of one line; false when there is nothing to put (free of NULL). */
static bool build_event(const struct import *import, const char *verb, const uint64_t *n,
                        unsigned count, struct fb_event *event)
{
    bool is_resize = strcmp(verb, "realloc") == 0;
    unsigned wanted = strcmp(verb, "free") == 0 || strcmp(verb, "thread_done") == 0 ? 1
                      : strcmp(verb, "malloc") == 0                                 ? 2
                                                                                    : 3;
    if (count < wanted)
        refuse(import, "too few numbers");
    *event = (struct fb_event){.address = n[0], .size = n[1]};
    if (strcmp(verb, "malloc") == 0) {
        event->kind = FB_KIND_MALLOC;
    } else if (strcmp(verb, "calloc") == 0) {
        event->kind = FB_KIND_CALLOC;
        if (__builtin_mul_overflow(n[1], n[2], &event->size))
            refuse(import, "count times size is too large");
    } else if (strcmp(verb, "memalign") == 0) {
        event->kind = FB_KIND_ALIGNED;
        event->align_log2 = log2_of(n[1]);
        event->size = n[2];
    } else if (is_resize) {
        event->kind = n[1] == 0 ? FB_KIND_MALLOC : FB_KIND_REALLOC;
        event->address = n[1] == 0 ? n[0] : n[1];
        event->new_address = n[0];
        event->size = n[2];
        if (n[0] == 0 && n[1] != 0)
            event->kind = n[2] == 0 ? FB_KIND_FREE : FB_KIND_FAILED;
    } else if (strcmp(verb, "free") == 0) {
        event->kind = FB_KIND_FREE;
    } else if (strcmp(verb, "thread_done") == 0) {
        event->kind = FB_KIND_DEATH;
        return true;
    } else {
        refuse(import, "not one of malloc, calloc, realloc, memalign, free, thread_done");
    }
    if (event->kind <= FB_KIND_ALIGNED && event->address == 0)
        event->kind = FB_KIND_FAILED;
    return event->kind != FB_KIND_FREE || event->address != 0;
}

static void read_line(struct import *import, const char *text)
{
    unsigned long long tid;
    char verb[16];
    int used = 0;
    uint64_t numbers[NUMBERS_MAX] = {0};
    struct fb_event event;
    if (sscanf(text, " %llu: %15s%n", &tid, verb, &used) != 2)
        refuse(import, "not 'THREAD: operation numbers', as memory_replay writes it");
    unsigned count = parse_numbers(text + used, numbers);
    if (build_event(import, verb, numbers, count, &event))
        put(import, tid, &event);
    else
        import->skipped++;
}

static void read_all(struct import *import, FILE *in)
{
    char text[LINE_SIZE];
    while (fgets(text, sizeof text, in) != NULL) {
        import->line++;
        if (strchr(text, '\n') == NULL && !feof(in))
            refuse(import, "the line is too long; is this a text trace?");
        if (text[strspn(text, " \t\r\n")] != '\0')
            read_line(import, text);
    }
    if (ferror(in))
        fb_die_errno("import: %s", import->input);
}

static void open_output(struct import *import)
{
    size_t size = fb_packer_workspace_size();
    import->out = fopen(import->output, "wb");
    if (import->out == NULL)
        fb_die_errno("import: -o %s", import->output);
    if (!fb_packer_open(&import->packer, fb_quiet_map("packer", size)))
        fb_die("import: zstd does not take its workspace");
    fb_quiet_array_open(&import->threads, "import threads", sizeof(struct import_thread *));
    fprintf(import->out,
            "{\"format\":\"%s\",\"version\":%d,\"order\":\"global\",\"shift\":0,\"pid\":0,"
            "\"page_size\":4096,\"forked_from\":\"\",\"program\":\"imported\"}\n",
            FB_TRACE_FORMAT_NAME, FB_TRACE_VERSION);
}

int fb_cmd_import(int argc, char **argv)
{
    struct import import = {.output = NULL};
    const struct fb_option options[] = {
        {"output", 'o', FB_OPTION_TEXT, &import.output, "FILE", "the trace to write", NULL},
    };
    const struct fb_command_line line = {"import trace.txt|- -o app.ftr", FB_OPERANDS_ANYWHERE,
                                         options, 1};
    if (fb_options_parse(&line, argc, argv) != 1 || import.output == NULL)
        fb_die("import: fragbench import trace.txt -o app.ftr");
    import.input = argv[1];
    FILE *in = strcmp(import.input, "-") == 0 ? stdin : fopen(import.input, "r");
    if (in == NULL)
        fb_die_errno("import: %s", import.input);
    open_output(&import);
    read_all(&import, in);
    for (size_t i = 0; i < import.threads.count; i++)
        flush_thread(&import, ((struct import_thread **)import.threads.data)[i]);
    write_out(&import, import.packer.output, fb_packer_pack_end(&import.packer, 0, 0, 0));
    if (fclose(import.out) != 0)
        fb_die_errno("import: %s", import.output);
    fprintf(stderr, "fragbench: %s: %llu operations, %zu threads\n", import.output,
            (unsigned long long)import.ops, import.threads.count);
    return 0;
}
