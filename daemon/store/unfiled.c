#include "store/unfiled.h"

#include "postgres/wire.h"
#include "time/bars.h"

#include <stdlib.h>

enum { OFFSET = 0, EVENT_TIME = 8, LENGTH = 16, SKETCH = 20 }; /* where a document's parts begin */

/* -- rows of documents ----------------------------------------------------------------------------------- */

static int compare_documents(const void *left, const void *right)
{
    const struct tw_unfiled_document *one = left;
    const struct tw_unfiled_document *other = right;
    if (one->event_us != other->event_us)
        return one->event_us < other->event_us ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* How many of the documents go into one row, and how many bytes they take there. */
static uint32_t measure_run(const struct tw_unfiled_document *documents, uint32_t count, size_t *bytes)
{
    int64_t bar_us = tw_bar_start(documents->event_us);
    uint32_t taken = 0;
    *bytes = 0;
    for (; taken < count && taken < TW_UNFILED_DOCUMENTS; taken++) {
        size_t more = SKETCH + documents[taken].sketch.length;
        if (taken > 0 &&
            (*bytes + more > TW_UNFILED_BYTES || tw_bar_start(documents[taken].event_us) != bar_us))
            break;
        *bytes += more;
    }
    return taken;
}

static bool write_run(const struct tw_unfiled_document *documents, uint32_t count, size_t bytes,
    struct tw_arena *arena, struct tw_unfiled_run *run)
{
    char *to = tw_arena_take(arena, bytes);
    if (!to)
        return false;
    *run = (struct tw_unfiled_run){documents->event_us, documents->offset, count, {to, bytes}};
    for (uint32_t at = 0; at < count; at++) {
        struct tw_text sketch = documents[at].sketch;
        tw_put_int64(to + OFFSET, documents[at].offset);
        tw_put_time(to + EVENT_TIME, documents[at].event_us);
        tw_put_int32(to + LENGTH, (int32_t)sketch.length);
        memcpy(to + SKETCH, sketch.bytes, sketch.length);
        to += SKETCH + sketch.length;
    }
    return true;
}

bool tw_unfiled_gather(const struct tw_document *documents, const uint32_t *chosen, uint32_t count,
    struct tw_arena *arena, struct tw_unfiled_run **runs, uint32_t *run_count)
{
    struct tw_unfiled_document *sorted = tw_arena_array(arena, count, sizeof *sorted);
    *runs = tw_arena_array(arena, count, sizeof **runs);
    *run_count = 0;
    if (!sorted || !*runs)
        return false;
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_document *document = &documents[chosen[at]];
        sorted[at] =
            (struct tw_unfiled_document){document->event_us, document->message->offset, document->sketch};
    }
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_documents);
    for (uint32_t at = 0, taken; at < count; at += taken) {
        size_t bytes;
        taken = measure_run(sorted + at, count - at, &bytes);
        if (!write_run(sorted + at, taken, bytes, arena, &(*runs)[(*run_count)++]))
            return false;
    }
    return true;
}

/* -- documents of a row ---------------------------------------------------------------------------------- */

bool tw_unfiled_refuse(struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, "unfiled", "run the version of tapewatch that stored it, or a later one",
        "documents that wait to be filed are not stored as this program stores them");
}

bool tw_unfiled_next(struct tw_text *rest, struct tw_unfiled_document *document, struct tw_error *err)
{
    int32_t length = rest->length >= SKETCH ? tw_get_int32(rest->bytes + LENGTH) : -1;
    if (length < 0 || (size_t)length > rest->length - SKETCH)
        return tw_unfiled_refuse(err);
    *document = (struct tw_unfiled_document){tw_get_time(rest->bytes + EVENT_TIME),
        tw_get_int64(rest->bytes + OFFSET), {rest->bytes + SKETCH, (size_t)length}};
    rest->bytes += SKETCH + (size_t)length;
    rest->length -= SKETCH + (size_t)length;
    return true;
}
