#include "evaluate/unfiled_queue.h"

#include "postgres/wire.h"
#include "store/unfiled.h"

#include <stdlib.h>

enum { UNFILED_ID, TOPIC_ID, TOPIC, PARTITION, DOCUMENTS, OFFSET, TIME, SKETCHES }; /* of TW_UNFILED_READ */

/* -- order ----------------------------------------------------------------------------------------------- */

static int compare_numbers(int64_t one, int64_t other)
{
    return one < other ? -1 : one > other;
}

static int compare_documents(const void *left, const void *right)
{
    const struct tw_queued_document *one = left;
    const struct tw_queued_document *other = right;
    int order = compare_numbers(one->time_us, other->time_us);
    if (order == 0)
        order = tw_text_compare(one->topic, other->topic);
    if (order == 0)
        order = compare_numbers(one->partition, other->partition);
    return order != 0 ? order : compare_numbers(one->offset, other->offset);
}

/* -- reading --------------------------------------------------------------------------------------------- */

/* The first document of a row that waits, without its sketch. */
static struct tw_queued_document first_of(const PGresult *rows, uint32_t row)
{
    int at = (int)row;
    return (struct tw_queued_document){.time_us = tw_get_time(PQgetvalue(rows, at, TIME)),
        .offset = tw_get_int64(PQgetvalue(rows, at, OFFSET)),
        .topic = tw_get_text(rows, at, TOPIC),
        .partition = tw_get_int32(PQgetvalue(rows, at, PARTITION)),
        .topic_id = tw_get_int16(PQgetvalue(rows, at, TOPIC_ID)),
        .row = row};
}

static uint32_t documents_of(const PGresult *rows, uint32_t row)
{
    int32_t documents = tw_get_int32(PQgetvalue(rows, (int)row, DOCUMENTS));
    return documents > 0 ? (uint32_t)documents : 0;
}

/* Documents before the first that waits are filed. */
TW_MUST_USE static bool read_row(struct tw_unfiled_queue *queue, uint32_t row, struct tw_error *err)
{
    const struct tw_queued_document first = first_of(queue->rows, row);
    struct tw_text rest = tw_get_text(queue->rows, (int)row, SKETCHES);
    uint32_t left = documents_of(queue->rows, row);
    if (left == 0)
        return tw_unfiled_refuse(err);
    while (rest.length > 0) {
        struct tw_unfiled_document document;
        struct tw_queued_document waiting = first;
        if (!tw_unfiled_next(&rest, &document, err))
            return false;
        waiting.time_us = document.event_us;
        waiting.offset = document.offset;
        waiting.sketch = document.sketch;
        if (compare_documents(&waiting, &first) < 0)
            continue;
        if (left-- == 0)
            break;
        queue->documents[queue->count++] = waiting;
    }
    return (left == 0 && rest.length == 0) || tw_unfiled_refuse(err);
}

/* Documents up to the first of the row that was not read: it may be one that waits twice. */
static uint32_t count_filed(const struct tw_unfiled_queue *queue)
{
    uint32_t filed = queue->count;
    if (!queue->more)
        return filed;
    const struct tw_queued_document unread = first_of(queue->rows, queue->row_count);
    while (filed > 0 && compare_documents(&queue->documents[filed - 1], &unread) > 0)
        filed--;
    return filed;
}

bool tw_unfiled_queue_read(struct tw_unfiled_queue *queue, const PGresult *rows, uint32_t most,
    struct tw_arena *arena, struct tw_error *err)
{
    size_t room = 0;
    uint32_t row_count = (uint32_t)PQntuples(rows);
    *queue = (struct tw_unfiled_queue){
        .rows = rows, .row_count = row_count < most ? row_count : most, .more = row_count > most};
    for (uint32_t row = 0; row < queue->row_count; row++)
        room += documents_of(rows, row);
    queue->documents = tw_arena_array(arena, room, sizeof *queue->documents);
    if (!queue->documents)
        return tw_arena_fail(arena, err);
    for (uint32_t row = 0; row < queue->row_count; row++)
        if (!read_row(queue, row, err))
            return false;
    if (queue->count > 0)
        qsort(queue->documents, queue->count, sizeof *queue->documents, compare_documents);
    queue->filed = count_filed(queue);
    return true;
}

/* -- what becomes of the rows ---------------------------------------------------------------------------- */

/* By row: how many documents wait on, and the first of them. */
struct rest {
    uint32_t documents;
    const struct tw_queued_document *first;
};

static void measure_rests(const struct tw_unfiled_queue *queue, struct rest *rests)
{
    for (uint32_t at = queue->count; at-- > queue->filed;) { /* the first one comes last */
        const struct tw_queued_document *waiting = &queue->documents[at];
        rests[waiting->row].first = waiting;
        rests[waiting->row].documents++;
    }
}

/* What is put of rows. */
struct columns {
    int64_t *whole, *cut, *offsets, *times_us;
    int32_t *documents;
    uint32_t whole_count, cut_count;
};

static bool make_columns(struct columns *columns, size_t rows, struct tw_arena *arena)
{
    *columns = (struct columns){.whole = tw_arena_array(arena, rows, sizeof *columns->whole),
        .cut = tw_arena_array(arena, rows, sizeof *columns->cut),
        .offsets = tw_arena_array(arena, rows, sizeof *columns->offsets),
        .times_us = tw_arena_array(arena, rows, sizeof *columns->times_us),
        .documents = tw_arena_array(arena, rows, sizeof *columns->documents)};
    return !arena->full;
}

static void fill_columns(
    struct columns *columns, const struct tw_unfiled_queue *queue, const struct rest *rests)
{
    for (uint32_t row = 0; row < queue->row_count; row++) {
        int64_t id = tw_get_int64(PQgetvalue(queue->rows, (int)row, UNFILED_ID));
        if (rests[row].documents == 0) {
            columns->whole[columns->whole_count++] = id;
            continue;
        }
        columns->cut[columns->cut_count] = id;
        columns->documents[columns->cut_count] = (int32_t)rests[row].documents;
        columns->offsets[columns->cut_count] = rests[row].first->offset;
        columns->times_us[columns->cut_count++] = rests[row].first->time_us;
    }
}

void tw_unfiled_queue_put(const struct tw_unfiled_queue *queue, struct tw_statement_list *list)
{
    struct columns columns;
    struct rest *rests = tw_arena_array(list->arena, queue->row_count, sizeof *rests);
    if (!rests || !make_columns(&columns, queue->row_count, list->arena)) {
        list->full = true;
        return;
    }
    measure_rests(queue, rests);
    fill_columns(&columns, queue, rests);
    tw_statement_put_time(list, first_of(queue->rows, 0).time_us);
    tw_statement_put_time(list, first_of(queue->rows, queue->row_count - 1).time_us);
    tw_statement_put_int64s(list, columns.whole, columns.whole_count);
    tw_statement_put_int64s(list, columns.cut, columns.cut_count);
    tw_statement_put_int32s(list, columns.documents, columns.cut_count);
    tw_statement_put_int64s(list, columns.offsets, columns.cut_count);
    tw_statement_put_times(list, columns.times_us, columns.cut_count);
}

void tw_unfiled_queue_put_none(struct tw_statement_list *list)
{
    tw_statement_put_null(list);
    tw_statement_put_null(list);
    tw_statement_put_int64s(list, NULL, 0);
    tw_statement_put_int64s(list, NULL, 0);
    tw_statement_put_int32s(list, NULL, 0);
    tw_statement_put_int64s(list, NULL, 0);
    tw_statement_put_times(list, NULL, 0);
}
