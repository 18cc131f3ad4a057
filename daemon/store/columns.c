#include "store/columns.h"

#include "alert/shard.h"
#include "events/taxonomy.h"
#include "postgres/wire.h"
#include "time/watermark.h"

#include <stddef.h>

/* -- documents --------------------------------------------------------------------------------- */

static const struct tw_document *document_of(const struct tw_chosen_rows *rows, uint32_t row)
{
    return &rows->batch->rows.documents[rows->documents[row]];
}

static void document_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = document_of(rows, row)->message->offset;
}

static void document_time(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = document_of(rows, row)->event_us;
}

static void document_time_source(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = (int64_t)document_of(rows, row)->time_source;
}

static void document_negative(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->number = document_of(rows, row)->score.negative;
}

static void document_neutral(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->number = document_of(rows, row)->score.neutral;
}

static void document_positive(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->number = document_of(rows, row)->score.positive;
}

static void document_sentiment(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = document_of(rows, row)->score.sentiment;
}

static void document_tokens(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = document_of(rows, row)->token_count;
}

static void document_repairs(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = document_of(rows, row)->repairs;
}

static void document_truncated(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = document_of(rows, row)->truncated;
}

/* Below the watermark as the documents before it in this batch left it. */
static void document_late(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    uint32_t index = rows->documents[row];
    int64_t before_us =
        tw_watermark_of_partition(TW_NO_TIME, rows->batch->rows.latest_us[index], rows->lateness_us);
    cell->integer = tw_watermark_is_late(rows->batch->rows.documents[index].event_us, before_us);
}

/* Decided once, and stored: a later reading of the same record holds to it (prepare.h). */
static void document_ahead(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = !document_of(rows, row)->moves_watermark;
}

static void text_or_null(struct tw_text text, struct tw_sql_cell *cell)
{
    cell->text = text;
    cell->null = text.length == 0;
}

static void document_id(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    text_or_null(document_of(rows, row)->id, cell);
}

static void document_source(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    text_or_null(document_of(rows, row)->source, cell);
}

static void document_language(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    text_or_null(document_of(rows, row)->language, cell);
}

/* The cleaned text is title, one space, body; stored apart. */
static void document_title(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    const struct tw_document *document = document_of(rows, row);
    cell->text = (struct tw_text){document->text.bytes, document->title_length};
}

static void document_body(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    const struct tw_document *document = document_of(rows, row);
    size_t begin = document->title_length;
    if (begin > 0 && begin < document->text.length)
        begin++;
    cell->text = (struct tw_text){document->text.bytes + begin, document->text.length - begin};
}

/* -- scores, bars, events, headlines ------------------------------------------------------------------- */

static const struct tw_score_row *score_of(const struct tw_chosen_rows *rows, uint32_t row)
{
    return &rows->batch->rows.scores[rows->scores[row]];
}

static void score_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.documents[score_of(rows, row)->document].message->offset;
}

static void score_time(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.documents[score_of(rows, row)->document].event_us;
}

static void score_entity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = score_of(rows, row)->symbol;
}

static void score_mentions(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->relevance.mentions;
}

static void score_relevance(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->relevance.relevance;
}

static void score_share(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->relevance.share;
}

static void score_source_weight(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->relevance.source;
}

static void score_others(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    uint32_t others = score_of(rows, row)->relevance.others;
    cell->integer = others < INT16_MAX ? others : INT16_MAX;
}

/* -1 where only the message's symbols name it. */
static void score_first_byte(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    uint32_t first = score_of(rows, row)->relevance.first;
    cell->integer = first <= INT32_MAX ? (int64_t)first : -1;
}

static void score_in_title(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->relevance.in_title;
}

static void score_negative(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->number = score_of(rows, row)->score.negative;
}

static void score_neutral(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->number = score_of(rows, row)->score.neutral;
}

static void score_positive(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->number = score_of(rows, row)->score.positive;
}

static void score_sentiment(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->score.sentiment;
}

static void score_from_document(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = score_of(rows, row)->from_document;
}

static void bar_start(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->bars[row].bar_us;
}

static void bar_entity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = rows->bars[row].symbol;
}

static void bar_shard(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = tw_shard_of(rows->bars[row].symbol);
}

static void bar_count(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->bars[row].count;
}

static void bar_sum(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->bars[row].sum;
}

static void bar_squares(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->bars[row].sum_of_squares;
}

static void bar_negative(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->bars[row].negative_sum;
}

/* An event row with its document and its type. */
struct told {
    const struct tw_document *document;
    const struct tw_event *event;
    const struct tw_event_type *type;
};

static struct told event_of(const struct tw_chosen_rows *rows, uint32_t row)
{
    const struct tw_rows *all = &rows->batch->rows;
    const struct tw_event_row *event_row = &all->events[rows->events[row]];
    const struct tw_document *document = &all->documents[event_row->document];
    const struct tw_event *event = &document->events[event_row->event];
    return (struct told){document, event, &all->taxonomy->types[event->type]};
}

static void event_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = event_of(rows, row).document->message->offset;
}

static void event_time(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = event_of(rows, row).document->event_us;
}

static void event_number(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.events[rows->events[row]].event;
}

static void event_type(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = event_of(rows, row).type->name;
}

static void event_entity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    const struct told told = event_of(rows, row);
    cell->null = told.event->entity == TW_EVENT_OF_NOBODY;
    if (!cell->null)
        cell->text = told.document->entities[told.event->entity].symbol;
}

static void event_polarity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = event_of(rows, row).type->polarity;
}

static void event_severity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = tw_text_of(tw_severity_names[event_of(rows, row).type->severity]);
}

static void event_begin(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = event_of(rows, row).event->begin;
}

static void event_end(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = event_of(rows, row).event->end;
}

static void event_in_title(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    const struct told told = event_of(rows, row);
    cell->integer = told.event->begin < told.document->title_length;
}

static void event_version(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    (void)row;
    cell->integer = rows->batch->rows.taxonomy->version;
}

static const struct tw_headline_row *headline_of(const struct tw_chosen_rows *rows, uint32_t row)
{
    return &rows->batch->rows.headlines[rows->headlines[row]];
}

static void headline_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.documents[headline_of(rows, row)->document].message->offset;
}

static void headline_time(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.documents[headline_of(rows, row)->document].event_us;
}

static void headline_rule(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = headline_of(rows, row)->rule;
}

static void headline_entity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = rows->batch->rows.scores[headline_of(rows, row)->score].symbol;
}

static void headline_shard(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = tw_shard_of(rows->batch->rows.scores[headline_of(rows, row)->score].symbol);
}

static void headline_sentiment(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.scores[headline_of(rows, row)->score].score.sentiment;
}

static void headline_relevance(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.scores[headline_of(rows, row)->score].relevance.relevance;
}

static void headline_source_weight(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.scores[headline_of(rows, row)->score].relevance.source;
}

static void headline_keyword(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = headline_of(rows, row)->keyword;
}

static void headline_kind(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = tw_text_of(headline_of(rows, row)->kind);
}

static void headline_severity(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = tw_text_of(tw_severity_names[headline_of(rows, row)->severity]);
}

static void headline_value(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = headline_of(rows, row)->value;
}

static void headline_stories(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = headline_of(rows, row)->stories;
}

static void headline_watch(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    struct tw_text watch = headline_of(rows, row)->watch;
    cell->text = watch.length > 0 ? watch : tw_text_of("");
}

static void headline_event_type(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    text_or_null(headline_of(rows, row)->event_type, cell);
}

/* -- dead letters ------------------------------------------------------------------------------ */

static const struct tw_document *dead_letter_of(const struct tw_chosen_rows *rows, uint32_t row)
{
    return &rows->batch->rows.documents[rows->dead_letters[row]];
}

static const struct tw_error *refusal_of(const struct tw_chosen_rows *rows, uint32_t row)
{
    return rows->refusal ? rows->refusal : dead_letter_of(rows, row)->refusal;
}

static void ahead_tick_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->batch->rows.documents[rows->ahead_ticks[row]].message->offset;
}

static void dead_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = dead_letter_of(rows, row)->message->offset;
}

static void dead_stamp(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = dead_letter_of(rows, row)->message->stamp_us;
    cell->null = cell->integer < 0 || cell->integer >= TW_TIMES_END_US;
}

static void dead_stage(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    (void)row;
    cell->text = tw_text_of(rows->refusal ? "store" : "decode");
}

static void dead_where(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = tw_text_of(refusal_of(rows, row)->where);
}

static void dead_what(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = tw_text_of(refusal_of(rows, row)->what);
}

static void dead_cure(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = tw_text_of(refusal_of(rows, row)->cure);
}

static void dead_key(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    text_or_null(dead_letter_of(rows, row)->message->key, cell);
}

static void dead_payload(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    const struct tw_message *message = dead_letter_of(rows, row)->message;
    cell->text = message->payload;
    cell->null = !message->has_value;
}

/* Names or values of the message's headers. */
static void dead_headers(
    const struct tw_chosen_rows *rows, uint32_t row, bool values, struct tw_sql_cell *cell)
{
    const struct tw_message *message = dead_letter_of(rows, row)->message;
    struct tw_text *list = tw_arena_array(rows->arena, message->header_count, sizeof *list);
    cell->list = list;
    cell->list_count = message->header_count;
    for (uint32_t at = 0; list && at < message->header_count; at++)
        list[at] = values ? message->headers[at].value : message->headers[at].name;
}

static void dead_header_names(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    dead_headers(rows, row, false, cell);
}

static void dead_header_values(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    dead_headers(rows, row, true, cell);
}

/* -- documents that wait to be filed ----------------------------------------------------------- */

static void unfiled_offset(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->unfiled[row].first_offset;
}

static void unfiled_time(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->unfiled[row].first_us;
}

static void unfiled_documents(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->integer = rows->unfiled[row].documents;
}

static void unfiled_sketches(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell)
{
    cell->text = rows->unfiled[row].bytes;
}

/* -- the tables -------------------------------------------------------------------------------- */

/* clang-format off */
#define ROW(column, oid, function) .name = #column, .type = (oid), .read = (function)
#define SHARED(column, oid) .name = #column, .type = (oid), .shared = offsetof(struct tw_shared_values, column)
#define SERVER(column, text) .name = #column, .sql = (text)

static const struct tw_sql_column document_columns[] = {
    {SHARED(topic_id, TW_OID_INT2), .compare = TW_COMPARE_KEY},
    {SHARED(partition, TW_OID_INT4), .compare = TW_COMPARE_KEY},
    {SHARED(model_id, TW_OID_INT2)},
    {SHARED(arrived_at, TW_OID_TIMESTAMPTZ)},
    {SERVER(available_at, "now()")},
    {ROW(kafka_offset, TW_OID_INT8, document_offset), .compare = TW_COMPARE_KEY},
    {ROW(event_time, TW_OID_TIMESTAMPTZ, document_time), .compare = TW_COMPARE_KEY},
    {ROW(time_source, TW_OID_INT2, document_time_source),
        .sql = "('{payload,header,kafka}'::tapewatch.time_source[])[1 + ?]"},
    {ROW(negative, TW_OID_FLOAT4, document_negative)},
    {ROW(neutral, TW_OID_FLOAT4, document_neutral)},
    {ROW(positive, TW_OID_FLOAT4, document_positive)},
    {ROW(sentiment, TW_OID_INT2, document_sentiment)},
    {ROW(tokens, TW_OID_INT4, document_tokens)},
    {ROW(repairs, TW_OID_INT4, document_repairs)},
    {ROW(truncated, TW_OID_BOOL, document_truncated)},
    {ROW(late, TW_OID_BOOL, document_late)},
    {ROW(id, TW_OID_TEXT, document_id), .compare = TW_COMPARE_VALUE},
    {ROW(source, TW_OID_TEXT, document_source)},
    {ROW(language, TW_OID_TEXT, document_language)},
    {ROW(title, TW_OID_TEXT, document_title), .compare = TW_COMPARE_VALUE},
    {ROW(body, TW_OID_TEXT, document_body), .compare = TW_COMPARE_VALUE},
    {ROW(ahead, TW_OID_BOOL, document_ahead), .recall = true},
};

static const struct tw_sql_column score_columns[] = {
    {SHARED(topic_id, TW_OID_INT2)},
    {SHARED(partition, TW_OID_INT4)},
    {SHARED(model_id, TW_OID_INT2)},
    {SHARED(arrived_at, TW_OID_TIMESTAMPTZ)},
    {SERVER(available_at, "now()")},
    {ROW(kafka_offset, TW_OID_INT8, score_offset)},
    {ROW(event_time, TW_OID_TIMESTAMPTZ, score_time)},
    {ROW(entity, TW_OID_TEXT, score_entity)},
    {ROW(mentions, TW_OID_INT4, score_mentions)},
    {ROW(relevance, TW_OID_INT2, score_relevance)},
    {ROW(share, TW_OID_INT2, score_share)},
    {ROW(others, TW_OID_INT2, score_others)},
    {ROW(first_byte, TW_OID_INT4, score_first_byte)},
    {ROW(in_title, TW_OID_BOOL, score_in_title)},
    {ROW(negative, TW_OID_FLOAT4, score_negative)},
    {ROW(neutral, TW_OID_FLOAT4, score_neutral)},
    {ROW(positive, TW_OID_FLOAT4, score_positive)},
    {ROW(sentiment, TW_OID_INT2, score_sentiment)},
    {ROW(from_document, TW_OID_BOOL, score_from_document)},
    {ROW(source_weight, TW_OID_INT2, score_source_weight)},
};

static const struct tw_sql_column bar_columns[] = {
    {SHARED(topic_id, TW_OID_INT2)},
    {SHARED(partition, TW_OID_INT4)},
    {ROW(bar_start, TW_OID_TIMESTAMPTZ, bar_start)},
    {ROW(entity, TW_OID_TEXT, bar_entity)},
    {ROW(shard, TW_OID_INT2, bar_shard)},
    {ROW(scores, TW_OID_INT8, bar_count), .sum = true},
    {ROW(sum, TW_OID_INT8, bar_sum), .sum = true},
    {ROW(sum_of_squares, TW_OID_INT8, bar_squares), .sum = true},
    {ROW(negative_sum, TW_OID_INT8, bar_negative), .sum = true},
};

static const struct tw_sql_column event_columns[] = {
    {SHARED(topic_id, TW_OID_INT2)},
    {SHARED(partition, TW_OID_INT4)},
    {SERVER(available_at, "now()")},
    {ROW(kafka_offset, TW_OID_INT8, event_offset)},
    {ROW(event_time, TW_OID_TIMESTAMPTZ, event_time)},
    {ROW(number, TW_OID_INT2, event_number)},
    {ROW(type, TW_OID_TEXT, event_type)},
    {ROW(entity, TW_OID_TEXT, event_entity)},
    {ROW(polarity, TW_OID_INT2, event_polarity)},
    {ROW(severity, TW_OID_TEXT, event_severity)},
    {ROW(begin_byte, TW_OID_INT4, event_begin)},
    {ROW(end_byte, TW_OID_INT4, event_end)},
    {ROW(in_title, TW_OID_BOOL, event_in_title)},
    {ROW(events_version, TW_OID_INT4, event_version)},
};

static const struct tw_sql_column alert_event_columns[] = {
    {SHARED(topic_id, TW_OID_INT2)},
    {SHARED(partition, TW_OID_INT4)},
    {SERVER(available_at, "now()")},
    {ROW(kafka_offset, TW_OID_INT8, headline_offset)},
    {ROW(event_time, TW_OID_TIMESTAMPTZ, headline_time)},
    {ROW(rule, TW_OID_TEXT, headline_rule)},
    {ROW(entity, TW_OID_TEXT, headline_entity)},
    {ROW(shard, TW_OID_INT2, headline_shard)},
    {ROW(sentiment, TW_OID_INT2, headline_sentiment)},
    {ROW(keyword, TW_OID_TEXT, headline_keyword)},
    {ROW(kind, TW_OID_TEXT, headline_kind)},
    {ROW(severity, TW_OID_TEXT, headline_severity)},
    {ROW(value, TW_OID_INT2, headline_value)},
    {ROW(event_type, TW_OID_TEXT, headline_event_type)},
    {ROW(stories, TW_OID_INT2, headline_stories)},
    {ROW(watch, TW_OID_TEXT, headline_watch)},
    {ROW(relevance, TW_OID_INT2, headline_relevance)},
    {ROW(source_weight, TW_OID_INT2, headline_source_weight)},
};

static const struct tw_sql_column dead_letter_columns[] = {
    {SHARED(topic_id, TW_OID_INT2), .compare = TW_COMPARE_KEY},
    {SHARED(partition, TW_OID_INT4), .compare = TW_COMPARE_KEY},
    {SHARED(arrived_at, TW_OID_TIMESTAMPTZ)},
    {SERVER(available_at, "now()")},
    {ROW(kafka_offset, TW_OID_INT8, dead_offset), .compare = TW_COMPARE_KEY},
    {ROW(stamp_time, TW_OID_TIMESTAMPTZ, dead_stamp)},
    {ROW(stage, TW_OID_TEXT, dead_stage)},
    {ROW(error_where, TW_OID_TEXT, dead_where)},
    {ROW(error_what, TW_OID_TEXT, dead_what)},
    {ROW(error_cure, TW_OID_TEXT, dead_cure)},
    {ROW(key, TW_OID_BYTEA, dead_key)},
    {ROW(payload, TW_OID_BYTEA, dead_payload), .compare = TW_COMPARE_VALUE},
    {ROW(header_names, TW_OID_BYTEA_ARRAY, dead_header_names)},
    {ROW(header_values, TW_OID_BYTEA_ARRAY, dead_header_values)},
};

static const struct tw_sql_column ahead_tick_columns[] = {
    {SHARED(topic_id, TW_OID_INT2)},
    {SHARED(partition, TW_OID_INT4)},
    {SHARED(arrived_at, TW_OID_TIMESTAMPTZ)},
    {ROW(kafka_offset, TW_OID_INT8, ahead_tick_offset)},
};

static const struct tw_sql_column unfiled_columns[] = {
    {SHARED(topic_id, TW_OID_INT2)},
    {SHARED(partition, TW_OID_INT4)},
    {ROW(kafka_offset, TW_OID_INT8, unfiled_offset)},
    {ROW(event_time, TW_OID_TIMESTAMPTZ, unfiled_time)},
    {ROW(documents, TW_OID_INT4, unfiled_documents)},
    {ROW(sketches, TW_OID_BYTEA, unfiled_sketches)},
};

#define COLUMNS(columns) columns, sizeof (columns) / sizeof (columns)[0]

const struct tw_sql_table tw_sql_tables[TW_SQL_TABLES] = {
    [TW_SQL_DOCUMENTS] =
        {"documents", TW_DOCUMENTS_INSERT, TW_DOCUMENTS_COMPARE, false, NULL, COLUMNS(document_columns)},
    [TW_SQL_SCORES] = {"scores", TW_SCORES_INSERT, TW_STATEMENTS, false, NULL, COLUMNS(score_columns)},
    [TW_SQL_BARS] = {"bars", TW_BARS_ADD, TW_STATEMENTS, false, "bar_start, entity, topic_id, partition",
        COLUMNS(bar_columns)},
    [TW_SQL_ALERT_EVENTS] =
        {"alert_events", TW_HEADLINES_INSERT, TW_STATEMENTS, false, NULL, COLUMNS(alert_event_columns)},
    [TW_SQL_EVENTS] = {"events", TW_EVENTS_INSERT, TW_STATEMENTS, false, NULL, COLUMNS(event_columns)},
    [TW_SQL_DEAD_LETTERS] = {"dead_letters", TW_DEAD_LETTER_INSERT, TW_DEAD_LETTER_COMPARE, true, NULL,
        COLUMNS(dead_letter_columns)},
    [TW_SQL_AHEAD_TICKS] =
        {"ahead_ticks", TW_AHEAD_TICKS_INSERT, TW_STATEMENTS, false, NULL, COLUMNS(ahead_tick_columns)},
    [TW_SQL_UNFILED] = {"unfiled", TW_UNFILED_INSERT, TW_STATEMENTS, false, NULL, COLUMNS(unfiled_columns)},
};
/* clang-format on */

int tw_sql_parameter(const struct tw_sql_table *table, const char *column)
{
    int parameter = 0;
    for (uint32_t at = 0; at < table->column_count; at++) {
        if (strcmp(table->columns[at].name, column) == 0)
            return table->columns[at].type ? parameter : -1;
        parameter += table->columns[at].type != 0;
    }
    return -1;
}

int tw_sql_compared(const struct tw_sql_table *table, int *from)
{
    int count = 0;
    int parameter = 0;
    for (uint32_t at = 0; at < table->column_count; at++) {
        if (table->columns[at].compare != TW_COMPARE_NOT)
            from[count++] = parameter;
        parameter += table->columns[at].type != 0;
    }
    return count;
}
