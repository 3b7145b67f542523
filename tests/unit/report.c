/* SPDX-License-Identifier: MIT
 *
 * observe/snapshot and observe/report: the numbers add up, and the XML is well-formed.
 */
#include "unit.h"

#include "observe/report.h"
#include "observe/snapshot.h"

/* SIZE: no block of it is a guest. */
enum { SMALL = 1001, SIZE = 50, LARGE = 5, HUGE = 2 };

static void *small[SMALL];
static void *large[LARGE];
static void *huge[HUGE];
static char text[200000];

static void take_blocks(void)
{
    for (int i = 0; i < SMALL; i++)
        small[i] = lm_malloc(SIZE);
    for (int i = 0; i < LARGE; i++)
        large[i] = lm_malloc(LM_LARGE_MOST / 4);
    for (int i = 0; i < HUGE; i++)
        huge[i] = lm_malloc(64 * LM_MIB);
}

static void free_blocks(void)
{
    for (int i = 0; i < SMALL; i++)
        lm_free(small[i]);
    for (int i = 0; i < LARGE; i++)
        lm_free(large[i]);
    for (int i = 0; i < HUGE; i++)
        lm_free(huge[i]);
}

static size_t sum_of(void *const *blocks, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += lm_usable_size(blocks[i]);
    return sum;
}

static bool totals_are_what_was_allocated(void)
{
    struct lm_snapshot before;
    struct lm_snapshot now;
    lm_snapshot_take(&before);
    UNIT_CHECK(before.live == 0 && before.large == 0 && before.huge == 0);
    take_blocks();
    lm_snapshot_take(&now);
    UNIT_CHECK(now.large == sum_of(large, LARGE));
    UNIT_CHECK(now.huge == sum_of(huge, HUGE));
    UNIT_CHECK(now.live == sum_of(small, SMALL) + now.large + now.huge);
    UNIT_CHECK(now.slabs >= sum_of(small, SMALL) + now.cached);
    UNIT_CHECK(now.committed >= now.slabs + now.large + now.huge + now.dirty + now.metadata);
    size_t cached = 0;
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        cached += now.classes[class].cached * lm_class_table[class].size;
    UNIT_CHECK(now.cached == cached && cached > 0);
    UNIT_CHECK(now.reserved >= now.committed && now.heaps == 1 && now.parked_heaps == 0);
    const struct lm_class_count *count = &now.classes[lm_class_for(SIZE)];
    UNIT_CHECK(count->used - count->cached == SMALL && count->slots >= count->used);
    UNIT_CHECK(count->size == count->slabs * lm_slab_units(lm_class_for(SIZE)) * lm_unit_size);
    free_blocks();
    lm_snapshot_take(&now);
    UNIT_CHECK(now.live == 0 && now.large == 0 && now.huge == 0);
    UNIT_CHECK(now.dirty > 0);
    lm_trim();
    lm_snapshot_take(&now);
    UNIT_CHECK(now.dirty == 0 && now.cached == 0 && now.slabs == 0);
    return true;
}

static void *leave_one(void *unused)
{
    small[0] = lm_malloc(SIZE);
    return unused;
}

static bool heaps_of_other_threads_are_counted(void)
{
    struct lm_snapshot now;
    unit_in_threads(1, leave_one, NULL);
    lm_snapshot_take(&now);
    UNIT_CHECK(now.heaps == 2 && now.parked_heaps == 1 && now.live == lm_usable_size(small[0]));
    lm_free(small[0]);
    return true;
}

static bool write_xml(void)
{
    FILE *stream = fmemopen(text, sizeof text, "w");
    bool is_written = stream != NULL && lm_report_write_xml(stream) == 0;
    if (stream != NULL)
        fclose(stream);
    return is_written;
}

/* Reads name="value" pairs up to the end of a tag; NULL if they are none. */
static const char *skip_attributes(const char *at)
{
    while (*at == ' ') {
        at++;
        size_t name = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        if (name == 0 || at[name] != '=' || at[name + 1] != '"')
            return NULL;
        at += name + 2;
        at += strcspn(at, "\"<>&");
        if (*at++ != '"')
            return NULL;
    }
    return at;
}

/* A reader for XML as simple as ours: tags, attributes, blanks between. */
static bool is_well_formed(const char *at)
{
    char open[8][32];
    int depth = 0;
    int roots = 0;
    while (*(at += strspn(at, " \n")) != '\0') {
        UNIT_CHECK_THAT(*at++ == '<', "near %.40s", at);
        bool is_end = *at == '/';
        at += is_end;
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        UNIT_CHECK(length > 0 && length < sizeof open[0]);
        char name[32] = {0};
        memcpy(name, at, length);
        at = skip_attributes(at + length);
        UNIT_CHECK(at != NULL && depth < 8);
        bool is_empty = *at == '/';
        at += is_empty;
        UNIT_CHECK(*at++ == '>' && !(is_end && is_empty));
        roots += depth == 0 && !is_end;
        if (is_end)
            UNIT_CHECK(depth > 0 && strcmp(open[--depth], name) == 0);
        else if (!is_empty)
            memcpy(open[depth++], name, sizeof name);
    }
    return depth == 0 && roots == 1;
}

static bool the_report_is_well_formed_xml(void)
{
    UNIT_CHECK(write_xml() && is_well_formed(text));
    take_blocks();
    UNIT_CHECK(write_xml() && is_well_formed(text));
    UNIT_CHECK(strstr(text, "<malloc version=") == text);
    char expected[100];
    snprintf(expected, sizeof expected, "<total type=\"huge\" size=\"%zu\"/>", sum_of(huge, HUGE));
    UNIT_CHECK_THAT(strstr(text, expected) != NULL, "%s", expected);
    snprintf(expected, sizeof expected, " live=\"%d\"", SMALL);
    UNIT_CHECK(strstr(text, expected) != NULL);
    free_blocks();
    return true;
}

static bool a_bad_stream_is_said_to_be_bad(void)
{
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL)
        return true;
    setvbuf(full, NULL, _IONBF, 0);
    bool is_bad = lm_report_write_xml(full) == -1;
    fclose(full);
    return is_bad;
}

static void print_report(void)
{
    lm_report_print();
}

static bool the_printed_report_names_all_totals(void)
{
    static const char *const names[] = {
        "live: ",     "cached: ",
        "slabs: ",    "large: ",
        "huge: ",     "dirty: ",
        "metadata: ", "committed: ",
        "reserved: ", "   class   slabs     slots      live  cached\n"};
    bool is_aborted;
    take_blocks();
    unit_capture(print_report, text, sizeof text, &is_aborted);
    free_blocks();
    UNIT_CHECK(!is_aborted && strstr(text, "libmalloc statistics, in bytes:\n") == text);
    for (size_t i = 0; i < UNIT_COUNT_OF(names); i++)
        UNIT_CHECK_THAT(strstr(text, names[i]) != NULL, "no %s", names[i]);
    return true;
}

int main(void)
{
    unit_start();
    lm_free(lm_malloc(1));
    UNIT_TRUTH(totals_are_what_was_allocated);
    UNIT_TRUTH(the_report_is_well_formed_xml);
    UNIT_TRUTH(the_printed_report_names_all_totals);
    UNIT_TRUTH(a_bad_stream_is_said_to_be_bad);
    UNIT_TRUTH(heaps_of_other_threads_are_counted);
    return tap_done();
}
