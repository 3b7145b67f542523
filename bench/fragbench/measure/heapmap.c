/* SPDX-License-Identifier: MIT
 * heapmap.c: a picture of the address space; see heapmap.h.
 */
#include "measure/heapmap.h"
#include "base/json.h"
#include "measure/blocks.h"

#include <string.h>

enum { TEXT_MAX = 2000, SIZE_CLASSES = 48 };

struct drawing {
    struct fb_json json;
    size_t cell_size;
    uintptr_t cell; /* the cell being summed; 0 before the first */
    uint64_t resident, held, live;
    uintptr_t segment_start, segment_end;
    char glyph; /* the run being counted */
    unsigned run;
    size_t length;
    char text[TEXT_MAX + 32];
};

static void run_flush(struct drawing *d)
{
    if (d->run == 0)
        return;
    if (d->run > 1)
        d->length += (size_t)sprintf(d->text + d->length, "%c*%u,", d->glyph, d->run);
    else
        d->length += (size_t)sprintf(d->text + d->length, "%c,", d->glyph);
    d->run = 0;
}

static void segment_flush(struct drawing *d)
{
    run_flush(d);
    if (d->length == 0)
        return;
    char address[24];
    snprintf(address, sizeof address, "%jx", (uintmax_t)d->segment_start);
    d->text[d->length - 1] = '\0';
    fb_json_array(&d->json, NULL);
    fb_json_text(&d->json, NULL, address);
    fb_json_text(&d->json, NULL, d->text);
    fb_json_close(&d->json);
    d->length = 0;
}

static void cell_flush(struct drawing *d)
{
    if (d->resident == 0)
        return;
    uint64_t tenths = d->live * 10 / d->resident;
    char glyph = d->held == 0 ? 'e' : (char)('0' + (tenths > 9 ? 9 : tenths));
    bool is_next = d->length + d->run != 0 && d->cell == d->segment_end;
    if (!is_next || d->length > TEXT_MAX) {
        segment_flush(d);
        d->segment_start = d->cell;
    }
    if (glyph != d->glyph)
        run_flush(d);
    d->glyph = glyph;
    d->run++;
    d->segment_end = d->cell + d->cell_size;
    d->resident = d->held = d->live = 0;
}

static void draw_page(void *context, const struct fb_page *page)
{
    struct drawing *d = context;
    if (page->owner != FB_PAGES_HEAP)
        return;
    uintptr_t cell = page->address / d->cell_size * d->cell_size;
    if (cell != d->cell)
        cell_flush(d);
    d->cell = cell;
    d->resident += fb_page_size();
    d->held += page->held;
    d->live += page->live;
}

void fb_heapmap_print(FILE *out, const struct fb_heapmap_frame *frame,
                      const struct fb_block *blocks, size_t count)
{
    struct drawing d = {.cell_size = frame->pages_per_cell * fb_page_size()};
    struct fb_blocks_facts facts;
    fb_json_begin(&d.json, out);
    fb_json_text(&d.json, "kind", "map");
    fb_json_text(&d.json, "label", frame->label);
    fb_json_text(&d.json, "phase", frame->phase);
    fb_json_real(&d.json, "settle_s", frame->settle_s, 1);
    fb_json_count(&d.json, "work", frame->work);
    fb_json_count(&d.json, "cell", d.cell_size);
    fb_json_array(&d.json, "segments");
    fb_blocks_walk(blocks, count, draw_page, &d, &facts);
    cell_flush(&d);
    segment_flush(&d);
    fb_json_end(&d.json);
}

void fb_sizes_print(FILE *out, const char *label, const struct fb_block *blocks, size_t count)
{
    uint64_t counts[SIZE_CLASSES] = {0}, bytes[SIZE_CLASSES] = {0};
    for (size_t i = 0; i < count; i++) {
        if (blocks[i].address == 0 || blocks[i].requested == 0)
            continue;
        int log2 = 63 - __builtin_clzll(blocks[i].requested);
        counts[log2]++;
        bytes[log2] += blocks[i].requested;
    }
    struct fb_json json;
    fb_json_begin(&json, out);
    fb_json_text(&json, "kind", "sizes");
    fb_json_text(&json, "label", label);
    fb_json_array(&json, "classes");
    for (unsigned i = 0; i < SIZE_CLASSES; i++) {
        if (counts[i] == 0)
            continue;
        fb_json_array(&json, NULL);
        fb_json_count(&json, NULL, i);
        fb_json_count(&json, NULL, counts[i]);
        fb_json_count(&json, NULL, bytes[i]);
        fb_json_close(&json);
    }
    fb_json_end(&json);
}
