/* SPDX-License-Identifier: MIT
 *
 * observe/report.c - see observe/report.h.
 */
#include "observe/report.h"

#include "observe/snapshot.h"
#include "os/fatal.h"

static void add_padded(struct lm_line *line, size_t number, size_t width)
{
    struct lm_line digits = {.length = 0};
    lm_line_add_number(&digits, number);
    for (size_t length = digits.length; length < width; length++)
        lm_line_add(line, " ");
    lm_line_add_bytes(line, digits.text, digits.length);
}

static void print_total(const char *name, size_t bytes)
{
    struct lm_line line = {.length = 0};
    add_padded(&line, bytes, 16);
    lm_line_add(&line, "  ");
    lm_line_add(&line, name);
    lm_line_add(&line, "\n");
    lm_line_print(&line);
}

static void print_class(size_t size, const struct lm_class_count *count)
{
    struct lm_line line = {.length = 0};
    add_padded(&line, size, 8);
    add_padded(&line, count->slabs, 8);
    add_padded(&line, count->slots, 10);
    add_padded(&line, count->used - count->cached, 10);
    add_padded(&line, count->cached, 8);
    lm_line_add(&line, "\n");
    lm_line_print(&line);
}

void lm_report_print(void)
{
    struct lm_snapshot now;
    lm_snapshot_take(&now);
    struct lm_line line = {.length = 0};
    lm_line_add(&line, "libmalloc statistics, in bytes:\n");
    lm_line_print(&line);
    print_total("live: in the program's hands, rounded up to size classes", now.live);
    print_total("cached: free blocks in magazines", now.cached);
    print_total("slabs: memory cut into size classes", now.slabs);
    print_total("large: blocks above the largest class", now.large);
    print_total("huge: blocks in the huge zone", now.huge);
    print_total("dirty: free and still resident, will be purged", now.dirty);
    print_total("metadata: the allocator's bookkeeping", now.metadata);
    print_total("committed: may be touched", now.committed);
    print_total("reserved: address space only", now.reserved);
    print_total("heaps (a number)", now.heaps);
    line.length = 0;
    lm_line_add(&line, "   class   slabs     slots      live  cached\n");
    lm_line_print(&line);
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        if (now.classes[class].slabs != 0)
            print_class(lm_class_table[class].size, &now.classes[class]);
}

static void write_classes(FILE *stream, const struct lm_snapshot *now)
{
    fprintf(stream, "<sizes>\n");
    for (unsigned class = 0; class < LM_CLASSES; class ++) {
        const struct lm_class_count *count = &now->classes[class];
        if (count->slabs != 0)
            fprintf(
                stream,
                "  <class size=\"%u\" slabs=\"%zu\" slots=\"%zu\" live=\"%zu\" cached=\"%zu\"/>\n",
                lm_class_table[class].size, count->slabs, count->slots, count->used - count->cached,
                count->cached);
    }
    fprintf(stream, "</sizes>\n");
}

int lm_report_write_xml(FILE *stream)
{
    struct lm_snapshot now;
    lm_snapshot_take(&now);
    fprintf(stream, "<malloc version=\"libmalloc-1\">\n");
    fprintf(stream, "<heaps count=\"%zu\" parked=\"%zu\"/>\n", now.heaps, now.parked_heaps);
    write_classes(stream, &now);
    fprintf(stream, "<total type=\"live\" size=\"%zu\"/>\n", now.live);
    fprintf(stream, "<total type=\"cached\" size=\"%zu\"/>\n", now.cached);
    fprintf(stream, "<total type=\"slabs\" size=\"%zu\"/>\n", now.slabs);
    fprintf(stream, "<total type=\"large\" size=\"%zu\"/>\n", now.large);
    fprintf(stream, "<total type=\"huge\" size=\"%zu\"/>\n", now.huge);
    fprintf(stream, "<total type=\"dirty\" size=\"%zu\"/>\n", now.dirty);
    fprintf(stream, "<total type=\"metadata\" size=\"%zu\"/>\n", now.metadata);
    fprintf(stream, "<system type=\"current\" size=\"%zu\"/>\n", now.committed);
    fprintf(stream, "<aspace type=\"total\" size=\"%zu\"/>\n", now.reserved);
    fprintf(stream, "</malloc>\n");
    return ferror(stream) ? -1 : 0;
}
