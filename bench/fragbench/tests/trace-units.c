/* SPDX-License-Identifier: MIT
 * The coder, the table of live addresses and the merge of threads, each by itself: what the
 * clock of a real run brings about too rarely is made here by hand. */
#include "base/random.h"
#include "trace/chunk.h"
#include "trace/decode.h"
#include "trace/encode.h"
#include "trace/livemap.h"
#include "trace/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned tests;
static char path[] = "/tmp/fbunits.XXXXXX";
static struct fb_packer packer;

static void report(bool passed, const char *name)
{
    printf("%sok %u - %s\n", passed ? "" : "not ", ++tests, name);
}

static struct fb_event random_event(struct fb_random *random, const uint64_t *pool, size_t count,
                                    uint64_t *stamp)
{
    static const enum fb_kind kinds[] = {
        FB_KIND_MALLOC, FB_KIND_CALLOC, FB_KIND_ALIGNED,         FB_KIND_REALLOC,
        FB_KIND_FREE,   FB_KIND_BIRTH,  FB_KIND_REALLOC_TOUCHED, FB_KIND_FREE_TOUCHED,
        FB_KIND_FAILED, FB_KIND_DEATH};
    struct fb_event event = {.kind = kinds[fb_random_below(random, 10)],
                             .touched = FB_TOUCHED_UNKNOWN};
    *stamp += fb_random_below(random, 4) == 0 ? fb_random_below(random, 1000000) : 0;
    event.stamp = event.end_stamp = *stamp;
    bool is_resize = event.kind == FB_KIND_REALLOC || event.kind == FB_KIND_REALLOC_TOUCHED;
    bool is_free = event.kind == FB_KIND_FREE || event.kind == FB_KIND_FREE_TOUCHED;
    if (event.kind <= FB_KIND_FREE || is_resize || is_free)
        event.address = pool[fb_random_below(random, count)];
    if (is_resize) {
        event.new_address = pool[fb_random_below(random, count)];
        event.end_stamp += fb_random_below(random, 3);
        *stamp = event.end_stamp;
    }
    if (event.kind == FB_KIND_REALLOC_TOUCHED || event.kind == FB_KIND_FREE_TOUCHED)
        event.touched = (uint32_t)fb_random_below(random, 100000);
    if (!is_free && event.kind != FB_KIND_DEATH)
        event.size = fb_random_next(random) >> fb_random_below(random, 64);
    if (event.kind == FB_KIND_ALIGNED)
        event.align_log2 = (uint8_t)fb_random_below(random, 22);
    return event;
}

static bool is_same(const struct fb_event *a, const struct fb_event *b)
{
    return a->kind == b->kind && a->stamp == b->stamp && a->end_stamp == b->end_stamp &&
           a->address == b->address && a->new_address == b->new_address && a->size == b->size &&
           a->touched == b->touched && a->align_log2 == b->align_log2;
}

/* Fill chunks with random operations, pack, unpack, compare. */
static void coder_gives_back_what_it_took(uint64_t seed)
{
    static struct fb_encoder encoder;
    static struct fb_slot slot;
    static struct fb_decoder decoder;
    static struct fb_event events[FB_SLOT_OPS];
    static uint64_t pool[700];
    struct fb_random random = fb_random_seed(seed);
    bool passed = true;
    for (size_t i = 0; i < 700; i++)
        pool[i] = (fb_random_next(&random) >> 17) & ~(uint64_t)(i % 10 == 0 ? 0 : 15);
    for (int round = 0; round < 20 && passed; round++) {
        uint64_t stamp = fb_random_next(&random) >> 8;
        uint32_t count = 0;
        encoder.slot = &slot;
        fb_encoder_begin(&encoder, stamp, 0);
        while (!fb_encoder_is_full(&encoder)) {
            events[count] = random_event(&random, pool, 700, &stamp);
            fb_encode(&encoder, &events[count++]);
        }
        struct fb_chunk_header header;
        passed = fb_packer_pack_slot(&packer, &slot) > sizeof header;
        memcpy(&header, packer.output, sizeof header);
        passed = passed && header.crc == fb_chunk_crc(&header, packer.output + sizeof header) &&
                 fb_decoder_begin(&decoder, &header, packer.output + sizeof header);
        struct fb_event got;
        uint32_t read = 0;
        while (passed && fb_decode(&decoder, &got))
            passed = is_same(&got, &events[read++]);
        passed = passed && read == count;
    }
    report(passed, "coder_gives_back_what_it_took");
}

static void checksum_is_the_ieee_one(void)
{
    /* The check value of the polynomial's catalogue entry, and lengths around the step of 8. */
    static const char digits[] = "12345678901234567";
    bool passed = fb_crc32(digits, 9) == 0xcbf43926u && fb_crc32(digits, 0) == 0;
    for (size_t size = 0; size < sizeof digits; size++) {
        uint32_t crc = ~0u;
        for (size_t i = 0; i < 8 * size; i++) {
            if (i % 8 == 0)
                crc ^= (unsigned char)digits[i / 8];
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
        }
        passed = passed && fb_crc32(digits, size) == ~crc;
    }
    report(passed, "checksum_is_the_ieee_one");
}

static void livemap_agrees_with_a_plain_table(uint64_t seed)
{
    enum { ADDRESSES = 60000 };
    static uint32_t plain[ADDRESSES];
    struct fb_random random = fb_random_seed(seed);
    struct fb_livemap map;
    bool passed = true;
    fb_livemap_open(&map);
    memset(plain, 0xff, sizeof plain);
    for (uint32_t i = 0; i < 1000000 && passed; i++) {
        size_t at = fb_random_below(&random, ADDRESSES);
        uint64_t address = 16 * (at + 1);
        passed = fb_livemap_find(&map, address) == plain[at];
        if (plain[at] == FB_BLOCK_NONE) {
            fb_livemap_add(&map, address, i);
            plain[at] = i;
        } else if (fb_random_below(&random, 2) == 0) {
            passed = passed && fb_livemap_take(&map, address) == plain[at];
            plain[at] = FB_BLOCK_NONE;
        }
    }
    fb_livemap_close(&map);
    report(passed, "livemap_agrees_with_a_plain_table");
}

/* --- the merge ------------------------------------------------------------ */

struct line {
    uint32_t thread;
    enum fb_kind kind;
    uint64_t stamp;
    uint64_t address;
    uint64_t new_address;
    uint64_t end_stamp;
};

static void write_chunk(FILE *out, const struct line *lines, size_t count, uint32_t thread)
{
    static struct fb_encoder encoder;
    static struct fb_slot slot;
    encoder.slot = &slot;
    slot.thread = thread;
    slot.sequence = 0;
    fb_encoder_begin(&encoder, 0, 0);
    for (size_t i = 0; i < count; i++) {
        const struct fb_event event = {
            .kind = lines[i].kind,
            .stamp = lines[i].stamp,
            .end_stamp = lines[i].end_stamp,
            .address = lines[i].address,
            .new_address = lines[i].new_address,
            .size = 100,
        };
        if (lines[i].thread == thread)
            fb_encode(&encoder, &event);
    }
    if (slot.used[FB_COLUMN_OP] > 0)
        fwrite(packer.output, 1, fb_packer_pack_slot(&packer, &slot), out);
}

static void check_step(void *context, const struct fb_step *step)
{
    uint64_t *hash = context;
    *hash = *hash * 31 + step->thread * 16u + (uint64_t)step->kind;
}

/* Write the lines as a trace of threads 1 to 3, each chunk `copies` times, and merge it. */
static struct fb_merged merge(const struct line *lines, size_t count, unsigned copies)
{
    struct fb_reader reader;
    struct fb_merged merged;
    uint64_t hash = 0;
    FILE *out = fopen(path, "wb");
    fprintf(out, "{\"format\":\"%s\",\"version\":%d,\"order\":\"tsc\"}\n", FB_TRACE_FORMAT_NAME,
            FB_TRACE_VERSION);
    for (uint32_t thread = 1; thread <= 3; thread++)
        for (unsigned i = 0; i < copies; i++)
            write_chunk(out, lines, count, thread);
    fwrite(packer.output, 1, fb_packer_pack_end(&packer, 0, 0, 0), out);
    fclose(out);
    fb_reader_open(&reader, path);
    fb_merge(&reader, check_step, &hash, &merged);
    fb_reader_close(&reader);
    return merged;
}

static bool is_clean(const struct fb_merged *merged)
{
    return merged->anomalies.lost_frees == 0 && merged->anomalies.unknown_releases == 0 &&
           merged->anomalies.gaps == 0 && merged->anomalies.broken_chunks == 0;
}

#define MERGE(lines, copies) merge(lines, sizeof lines / sizeof lines[0], copies)

static void equal_stamps_are_told_apart_by_state(void)
{
    /* Thread 1 gets the address that thread 2 gives up, within one stamp; and the other way. */
    static const struct line lines[] = {{2, FB_KIND_MALLOC, 1, 0x1000, 0, 0},
                                        {1, FB_KIND_MALLOC, 10, 0x1000, 0, 0},
                                        {2, FB_KIND_FREE, 10, 0x1000, 0, 0},
                                        {1, FB_KIND_FREE, 20, 0x1000, 0, 0},
                                        {2, FB_KIND_MALLOC, 20, 0x1000, 0, 0}};
    struct fb_merged merged = MERGE(lines, 1);
    report(is_clean(&merged) && merged.steps == 5 && merged.live_blocks == 1,
           "equal_stamps_are_told_apart_by_state");
}

static void clocks_a_little_apart_do_no_harm(void)
{
    static const struct line lines[] = {{2, FB_KIND_MALLOC, 1, 0x1000, 0, 0},
                                        {1, FB_KIND_MALLOC, 90, 0x1000, 0, 0},
                                        {2, FB_KIND_FREE, 100, 0x1000, 0, 0}};
    struct fb_merged merged = MERGE(lines, 1);
    report(is_clean(&merged) && merged.steps == 3, "clocks_a_little_apart_do_no_harm");
}

static void a_moving_realloc_is_two_moments(void)
{
    /* Thread 2 gets the old address while thread 1 is still inside its realloc, and thread 3
     * had freed the new one meanwhile. */
    static const struct line lines[] = {{1, FB_KIND_MALLOC, 1, 0x1000, 0, 0},
                                        {3, FB_KIND_MALLOC, 2, 0x2000, 0, 0},
                                        {1, FB_KIND_REALLOC, 100, 0x1000, 0x2000, 300},
                                        {2, FB_KIND_MALLOC, 200, 0x1000, 0, 0},
                                        {3, FB_KIND_FREE, 210, 0x2000, 0, 0},
                                        {1, FB_KIND_FREE, 400, 0x2000, 0, 0},
                                        {2, FB_KIND_FREE, 400, 0x1000, 0, 0}};
    struct fb_merged merged = MERGE(lines, 1);
    report(is_clean(&merged) && merged.steps == 7 && merged.live_blocks == 0,
           "a_moving_realloc_is_two_moments");
}

static void a_chunk_that_stands_twice_counts_once(void)
{
    static const struct line lines[] = {{1, FB_KIND_MALLOC, 1, 0x1000, 0, 0},
                                        {2, FB_KIND_FREE, 9, 0x1000, 0, 0}};
    struct fb_merged merged = MERGE(lines, 2);
    report(is_clean(&merged) && merged.steps == 2, "a_chunk_that_stands_twice_counts_once");
}

static void what_does_not_fit_is_counted(void)
{
    static const struct line lines[] = {{1, FB_KIND_MALLOC, 1, 0x1000, 0, 0},
                                        {1, FB_KIND_MALLOC, 500, 0x1000, 0, 0},
                                        {2, FB_KIND_FREE, 900, 0x5000, 0, 0},
                                        {3, FB_KIND_REALLOC, 950, 0x6000, 0x7000, 960}};
    struct fb_merged merged = MERGE(lines, 1);
    report(merged.anomalies.lost_frees == 1 && merged.anomalies.unknown_releases == 2 &&
               merged.live_blocks == 2 && merged.live_size == 200,
           "what_does_not_fit_is_counted");
}

int main(void)
{
    const char *wish = getenv("LM_TEST_SEED");
    uint64_t seed = (uint64_t)getpid();
    if (wish != NULL)
        seed = strtoull(wish, NULL, 10);
    printf("# LM_TEST_SEED=%" PRIu64 "\n1..8\n", seed);
    fflush(stdout);
    int file = mkstemp(path);
    void *workspace = malloc(fb_packer_workspace_size());
    if (file < 0 || workspace == NULL || !fb_packer_open(&packer, workspace))
        return 99;
    close(file);
    coder_gives_back_what_it_took(seed);
    checksum_is_the_ieee_one();
    livemap_agrees_with_a_plain_table(seed);
    equal_stamps_are_told_apart_by_state();
    clocks_a_little_apart_do_no_harm();
    a_moving_realloc_is_two_moments();
    a_chunk_that_stands_twice_counts_once();
    what_does_not_fit_is_counted();
    unlink(path);
    free(workspace);
    return 0;
}
