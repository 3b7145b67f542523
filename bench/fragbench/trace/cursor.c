/* SPDX-License-Identifier: MIT
 * One thread's place in the trace; see cursor.h. */
#include "trace/cursor.h"

#include "base/quiet.h"

static bool is_resize(const struct fb_event *event)
{
    return event->kind == FB_KIND_REALLOC || event->kind == FB_KIND_REALLOC_TOUCHED;
}

uint64_t fb_cursor_stamp(const struct fb_cursor *cursor, const struct fb_reader *reader)
{
    if (cursor->has_event) {
        bool has_release_ahead =
            cursor->event.new_address != cursor->event.address && !cursor->is_between;
        bool is_at_end = is_resize(&cursor->event) && !has_release_ahead;
        return is_at_end ? cursor->event.end_stamp : cursor->event.stamp;
    }
    if (cursor->next_chunk == cursor->end_chunk)
        return UINT64_MAX;
    return fb_reader_chunk(reader, cursor->next_chunk)->base_stamp;
}

static void open_next_chunk(struct fb_cursor *cursor, const struct fb_reader *reader,
                            struct fb_anomalies *anomalies)
{
    const struct fb_chunk_place *place = fb_reader_chunk(reader, cursor->next_chunk++);
    struct fb_chunk_header header = fb_reader_header(reader, place);
    if (cursor->decoder == NULL)
        cursor->decoder = fb_quiet_map("decoder", sizeof *cursor->decoder);
    if (place->sequence != cursor->expected_sequence)
        anomalies->gaps++;
    cursor->expected_sequence = place->sequence + 1;
    if (!fb_decoder_begin(cursor->decoder, &header,
                          reader->bytes + place->offset + sizeof header)) {
        anomalies->broken_chunks++;
        cursor->decoder->op = cursor->decoder->ops = 0;
    }
}

bool fb_cursor_load(struct fb_cursor *cursor, const struct fb_reader *reader,
                    struct fb_anomalies *anomalies)
{
    while (!cursor->has_event) {
        if (cursor->decoder != NULL && fb_decode(cursor->decoder, &cursor->event)) {
            cursor->has_event = true;
            break;
        }
        if (cursor->decoder != NULL && cursor->decoder->op < cursor->decoder->ops)
            anomalies->broken_chunks++;
        if (cursor->next_chunk == cursor->end_chunk)
            break;
        open_next_chunk(cursor, reader, anomalies);
    }
    if (!cursor->has_event && cursor->decoder != NULL) {
        fb_quiet_unmap(cursor->decoder, sizeof *cursor->decoder);
        cursor->decoder = NULL;
    }
    return cursor->has_event;
}
