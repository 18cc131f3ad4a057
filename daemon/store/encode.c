#include "store/encode.h"

#include "alert/shard.h"
#include "time/bars.h"
#include "time/watermark.h"

#define US_PER_DAY INT64_C(86400000000)
/* 10000-01-01, the first day that has no four-digit year. */
#define TOO_LATE_US INT64_C(253402300800000000)

/* -- arrays: a table of columns, each with its type and the function that reads a row's cell ------------------ */

struct cell {
    bool null;
    int64_t integer;
    float number;
    struct tw_text text;
};

/* What the cells are read from. */
struct encoder {
    const struct tw_encode_options *options;
    const struct tw_batch *batch;
    const struct tw_encode_part *part;
    struct tw_arena *arena;
    struct tw_encoded *out;
    struct tw_document *const documents;
    const uint32_t *stored; /* indices of documents that get a row */
    const uint32_t *scores; /* indices of scores */
    const struct tw_bar_row *bars;
    const uint32_t *headlines;
};

typedef void read_cell(const struct encoder *encoder, uint32_t row, struct cell *cell);

struct column {
    int32_t element; /* type of an element */
    int width;       /* bytes of one; 0: a text */
    read_cell *read;
};

static void put_fixed(char *to, const struct column *column, const struct cell *cell)
{
    tw_put_int32(to, column->width);
    to += TW_CELL_HEADER_BYTES;
    if (column->element == TW_OID_FLOAT4)
        tw_put_float(to, cell->number);
    else if (column->element == TW_OID_TIMESTAMPTZ)
        tw_put_time(to, cell->integer);
    else if (column->width == 8)
        tw_put_int64(to, cell->integer);
    else if (column->width == 4)
        tw_put_int32(to, (int32_t)cell->integer);
    else if (column->width == 2)
        tw_put_int16(to, (int16_t)cell->integer);
    else
        *to = (char)cell->integer;
}

static char *fixed_array(
    const struct encoder *encoder, const struct column *column, uint32_t first, uint32_t count, int *length)
{
    size_t step = TW_CELL_HEADER_BYTES + (size_t)column->width;
    size_t bytes = TW_ARRAY_HEADER_BYTES + count * step;
    char *array = tw_arena_take(encoder->arena, bytes);
    struct cell cell = {0};
    if (!array)
        return NULL;
    tw_put_array_header(array, column->element, count, false);
    for (uint32_t row = 0; row < count; row++) {
        column->read(encoder, first + row, &cell);
        put_fixed(array + TW_ARRAY_HEADER_BYTES + row * step, column, &cell);
    }
    *length = (int)bytes;
    return array;
}

static char *text_array(
    const struct encoder *encoder, const struct column *column, uint32_t first, uint32_t count, int *length)
{
    size_t bytes = TW_ARRAY_HEADER_BYTES + (size_t)count * TW_CELL_HEADER_BYTES;
    bool nulls = false;
    struct cell cell = {0};
    for (uint32_t row = 0; row < count; row++) {
        cell.null = false;
        column->read(encoder, first + row, &cell);
        nulls = nulls || cell.null;
        bytes += cell.null ? 0 : cell.text.length;
    }
    /* A message to the server holds a gigabyte at most; what is larger does not fit any arena either. */
    char *array = bytes < (1U << 30) ? tw_arena_take(encoder->arena, bytes) : NULL;
    if (!array)
        return NULL;
    tw_put_array_header(array, column->element, count, nulls);
    char *to = array + TW_ARRAY_HEADER_BYTES;
    for (uint32_t row = 0; row < count; row++) {
        cell.null = false;
        column->read(encoder, first + row, &cell);
        to = tw_put_text_cell(to, cell.text, cell.null);
    }
    *length = (int)bytes;
    return array;
}

static bool fill_columns(const struct encoder *encoder, struct tw_call *call, int parameter,
    const struct column *columns, size_t column_count, uint32_t first)
{
    for (size_t column = 0; column < column_count; column++, parameter++) {
        int *length = &call->lengths[parameter];
        call->values[parameter] = columns[column].width > 0
                                      ? fixed_array(encoder, &columns[column], first, call->rows, length)
                                      : text_array(encoder, &columns[column], first, call->rows, length);
        if (!call->values[parameter])
            return false;
    }
    return true;
}

/* -- documents ----------------------------------------------------------------------------------------------- */

static const struct tw_document *document_of(const struct encoder *encoder, uint32_t row)
{
    return &encoder->documents[encoder->stored[row]];
}

static void document_offset(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = document_of(encoder, row)->message->offset;
}

static void document_time(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = document_of(encoder, row)->event_us;
}

static void document_time_source(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = (int64_t)document_of(encoder, row)->time_source;
}

static void document_negative(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->number = document_of(encoder, row)->score.negative;
}

static void document_neutral(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->number = document_of(encoder, row)->score.neutral;
}

static void document_positive(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->number = document_of(encoder, row)->score.positive;
}

static void document_sentiment(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = document_of(encoder, row)->score.sentiment;
}

static void document_tokens(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = document_of(encoder, row)->token_count;
}

static void document_repairs(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = document_of(encoder, row)->repairs;
}

static void document_truncated(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = document_of(encoder, row)->truncated;
}

/* Below the watermark as the documents before it in this batch left it. */
static void document_late(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    uint32_t index = encoder->stored[row];
    int64_t before_us = tw_watermark_of_partition(
        TW_NO_TIME, encoder->batch->rows.latest_us[index], encoder->options->lateness_us);
    cell->integer = tw_watermark_is_late(encoder->documents[index].event_us, before_us);
}

static void text_or_null(struct tw_text text, struct cell *cell)
{
    cell->text = text;
    cell->null = text.length == 0;
}

static void document_id(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    text_or_null(document_of(encoder, row)->id, cell);
}

static void document_source(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    text_or_null(document_of(encoder, row)->source, cell);
}

static void document_language(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    text_or_null(document_of(encoder, row)->language, cell);
}

/* The cleaned text is title, one space, body; stored apart. */
static void document_title(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    const struct tw_document *document = document_of(encoder, row);
    cell->text = (struct tw_text){document->text.bytes, document->title_length};
}

static void document_body(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    const struct tw_document *document = document_of(encoder, row);
    size_t begin = document->title_length;
    if (begin > 0 && begin < document->text.length)
        begin++;
    cell->text = (struct tw_text){document->text.bytes + begin, document->text.length - begin};
}

static const struct column document_columns[] = {
    {TW_OID_INT8, 8, document_offset},
    {TW_OID_TIMESTAMPTZ, 8, document_time},
    {TW_OID_INT2, 2, document_time_source},
    {TW_OID_FLOAT4, 4, document_negative},
    {TW_OID_FLOAT4, 4, document_neutral},
    {TW_OID_FLOAT4, 4, document_positive},
    {TW_OID_INT2, 2, document_sentiment},
    {TW_OID_INT4, 4, document_tokens},
    {TW_OID_INT4, 4, document_repairs},
    {TW_OID_BOOL, 1, document_truncated},
    {TW_OID_BOOL, 1, document_late},
    {TW_OID_TEXT, 0, document_id},
    {TW_OID_TEXT, 0, document_source},
    {TW_OID_TEXT, 0, document_language},
    {TW_OID_TEXT, 0, document_title},
    {TW_OID_TEXT, 0, document_body},
};
enum { LATE_PARAMETER = 14 };

/* -- scores, bars, headlines ------------------------------------------------------------------------------------ */

static const struct tw_score_row *score_of(const struct encoder *encoder, uint32_t row)
{
    return &encoder->batch->rows.scores[encoder->scores[row]];
}

static void score_offset(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->documents[score_of(encoder, row)->document].message->offset;
}

static void score_time(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->documents[score_of(encoder, row)->document].event_us;
}

static void score_entity(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->text = score_of(encoder, row)->symbol;
}

static void score_mentions(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = score_of(encoder, row)->mentions;
}

static void score_negative(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->number = score_of(encoder, row)->score.negative;
}

static void score_neutral(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->number = score_of(encoder, row)->score.neutral;
}

static void score_positive(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->number = score_of(encoder, row)->score.positive;
}

static void score_sentiment(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = score_of(encoder, row)->score.sentiment;
}

static void score_from_document(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = score_of(encoder, row)->from_document;
}

static const struct column score_columns[] = {
    {TW_OID_INT8, 8, score_offset},
    {TW_OID_TIMESTAMPTZ, 8, score_time},
    {TW_OID_TEXT, 0, score_entity},
    {TW_OID_INT4, 4, score_mentions},
    {TW_OID_FLOAT4, 4, score_negative},
    {TW_OID_FLOAT4, 4, score_neutral},
    {TW_OID_FLOAT4, 4, score_positive},
    {TW_OID_INT2, 2, score_sentiment},
    {TW_OID_BOOL, 1, score_from_document},
};

static void bar_start(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->bars[row].bar_us;
}

static void bar_entity(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->text = encoder->bars[row].symbol;
}

static void bar_shard(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = tw_shard_of(encoder->bars[row].symbol);
}

static void bar_count(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->bars[row].count;
}

static void bar_sum(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->bars[row].sum;
}

static void bar_squares(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->bars[row].sum_of_squares;
}

static void bar_negative(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->bars[row].negative_sum;
}

static const struct column bar_columns[] = {
    {TW_OID_TIMESTAMPTZ, 8, bar_start},
    {TW_OID_TEXT, 0, bar_entity},
    {TW_OID_INT2, 2, bar_shard},
    {TW_OID_INT8, 8, bar_count},
    {TW_OID_INT8, 8, bar_sum},
    {TW_OID_INT8, 8, bar_squares},
    {TW_OID_INT8, 8, bar_negative},
};

static const struct tw_headline_row *headline_of(const struct encoder *encoder, uint32_t row)
{
    return &encoder->batch->rows.headlines[encoder->headlines[row]];
}

static void headline_offset(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->documents[headline_of(encoder, row)->document].message->offset;
}

static void headline_time(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->documents[headline_of(encoder, row)->document].event_us;
}

static void headline_rule(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->text = headline_of(encoder, row)->rule;
}

static void headline_entity(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->text = encoder->batch->rows.scores[headline_of(encoder, row)->score].symbol;
}

static void headline_shard(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = tw_shard_of(encoder->batch->rows.scores[headline_of(encoder, row)->score].symbol);
}

static void headline_sentiment(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->integer = encoder->batch->rows.scores[headline_of(encoder, row)->score].score.sentiment;
}

static void headline_keyword(const struct encoder *encoder, uint32_t row, struct cell *cell)
{
    cell->text = headline_of(encoder, row)->keyword;
}

static const struct column headline_columns[] = {
    {TW_OID_INT8, 8, headline_offset},
    {TW_OID_TIMESTAMPTZ, 8, headline_time},
    {TW_OID_TEXT, 0, headline_rule},
    {TW_OID_TEXT, 0, headline_entity},
    {TW_OID_INT2, 2, headline_shard},
    {TW_OID_INT2, 2, headline_sentiment},
    {TW_OID_TEXT, 0, headline_keyword},
};

/* -- which rows ----------------------------------------------------------------------------------------------- */

static bool is_skipped(const struct encoder *encoder, uint32_t document)
{
    return encoder->part->skip && encoder->part->skip[document];
}

static bool has_table(const struct tw_document *document)
{
    return document->event_us >= 0 && document->event_us < TOO_LATE_US;
}

/* A document that gets a row of documents, in this part. */
static bool is_stored(const struct encoder *encoder, uint32_t index)
{
    const struct tw_document *document = &encoder->documents[index];
    return index >= encoder->part->first && index < encoder->part->first + encoder->part->count &&
           document->fate == TW_FATE_STORED && !encoder->part->refusal && has_table(document) &&
           !is_skipped(encoder, index);
}

static bool is_dead(const struct encoder *encoder, uint32_t index)
{
    const struct tw_document *document = &encoder->documents[index];
    if (is_skipped(encoder, index) || document->fate == TW_FATE_TICK)
        return false;
    return document->fate == TW_FATE_DEAD_LETTER || encoder->part->refusal || !has_table(document);
}

static void add_day(struct encoder *encoder, int64_t event_us)
{
    int32_t day = (int32_t)(event_us / US_PER_DAY);
    struct tw_encoded *out = encoder->out;
    for (uint32_t at = out->day_count; at-- > 0;)
        if (out->days[at] == day)
            return;
    out->days[out->day_count++] = day;
}

static bool choose_documents(struct encoder *encoder)
{
    uint32_t *stored = tw_arena_array(encoder->arena, encoder->part->count, sizeof *stored);
    encoder->out->days = tw_arena_array(encoder->arena, encoder->part->count, sizeof(int32_t));
    encoder->stored = stored;
    if (!stored || !encoder->out->days)
        return false;
    for (uint32_t at = 0; at < encoder->part->count; at++) {
        uint32_t index = encoder->part->first + at;
        const struct tw_document *document = &encoder->documents[index];
        encoder->out->tick_count += document->fate == TW_FATE_TICK;
        encoder->out->dead_count += is_dead(encoder, index);
        if (!is_stored(encoder, index))
            continue;
        stored[encoder->out->document_count++] = index;
        add_day(encoder, document->event_us);
        if (document->event_us < encoder->out->earliest_us)
            encoder->out->earliest_us = document->event_us;
    }
    return true;
}

static bool choose_scores(struct encoder *encoder)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    uint32_t *scores = tw_arena_array(encoder->arena, rows->score_count, sizeof *scores);
    encoder->scores = scores;
    if (!scores)
        return false;
    for (uint32_t at = 0; at < rows->score_count; at++)
        if (is_stored(encoder, rows->scores[at].document))
            scores[encoder->out->score_count++] = at;
    return true;
}

/* Headlines chosen, their number in *count. */
static bool choose_headlines(struct encoder *encoder, uint32_t *count)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    uint32_t *headlines = tw_arena_array(encoder->arena, rows->headline_count, sizeof *headlines);
    encoder->headlines = headlines;
    *count = 0;
    if (!headlines)
        return false;
    for (uint32_t at = 0; at < rows->headline_count; at++)
        if (is_stored(encoder, rows->headlines[at].document))
            headlines[(*count)++] = at;
    return true;
}

static bool is_whole(const struct encoder *encoder)
{
    const struct tw_encode_part *part = encoder->part;
    return part->first == 0 && part->count == encoder->batch->rows.document_count && !part->skip &&
           !part->refusal && encoder->out->score_count == encoder->batch->rows.score_count;
}

/* The batch's own bars when all of it is encoded; else summed anew from the scores that are left. */
static bool choose_bars(struct encoder *encoder, uint32_t *count, struct tw_error *err)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    struct tw_bar_row *bars = NULL;
    if (is_whole(encoder)) {
        encoder->bars = rows->bars;
        *count = rows->bar_count;
        return true;
    }
    struct tw_score_row *left = tw_arena_array(encoder->arena, encoder->out->score_count, sizeof *left);
    if (!left)
        return tw_arena_fail(encoder->arena, err);
    for (uint32_t at = 0; at < encoder->out->score_count; at++)
        left[at] = rows->scores[encoder->scores[at]];
    if (!tw_bars_sum(left, encoder->out->score_count, rows->documents, rows->document_count, encoder->arena,
            &bars, count, err))
        return false;
    encoder->bars = bars;
    return true;
}

/* -- entities, each once -------------------------------------------------------------------------------------- */

static uint64_t entity_key(const struct tw_linked_entity *entity)
{
    return XXH3_64bits_withSeed(entity->name.bytes, entity->name.length,
        XXH3_64bits(entity->symbol.bytes, entity->symbol.length) + entity->listed);
}

/* `seen` is a table of keys with open addressing, at most half full. */
static bool see(uint64_t *seen, size_t capacity, uint64_t key)
{
    size_t slot = (size_t)key & (capacity - 1);
    while (seen[slot] != 0 && seen[slot] != key)
        slot = (slot + 1) & (capacity - 1);
    if (seen[slot] == key)
        return false;
    seen[slot] = key;
    return true;
}

static bool choose_entities(struct encoder *encoder)
{
    size_t capacity = 16;
    while (capacity < 2 * (size_t)encoder->out->score_count + 2)
        capacity *= 2;
    uint64_t *seen = tw_arena_array(encoder->arena, capacity, sizeof *seen);
    struct tw_encoded_entity *entities =
        tw_arena_array(encoder->arena, encoder->out->score_count, sizeof *entities);
    encoder->out->entities = entities;
    if (!seen || !entities)
        return false;
    for (uint32_t row = 0; row < encoder->out->document_count; row++) {
        const struct tw_document *document = document_of(encoder, row);
        for (uint32_t at = 0; at < document->entity_count; at++) {
            const struct tw_linked_entity *entity = &document->entities[at];
            uint64_t key = entity_key(entity);
            if (encoder->out->entity_count == encoder->out->score_count || !see(seen, capacity, key))
                continue;
            entities[encoder->out->entity_count++] = (struct tw_encoded_entity){
                key, entity->symbol, entity->name, tw_shard_of(entity->symbol), entity->listed};
        }
    }
    return true;
}

/* -- calls ---------------------------------------------------------------------------------------------------- */

static void set_parameter(struct tw_call *call, int parameter, const char *value, int length)
{
    call->values[parameter] = value;
    call->lengths[parameter] = length;
}

static struct tw_call *next_call(struct encoder *encoder, enum tw_statement statement, uint32_t rows)
{
    struct tw_call *call = &encoder->out->calls[encoder->out->call_count++];
    call->statement = statement;
    call->rows = rows;
    set_parameter(call, 0, encoder->out->topic_id, 2);
    set_parameter(call, 1, encoder->out->partition, 4);
    return call;
}

static int set_origin(const struct encoder *encoder, struct tw_call *call)
{
    set_parameter(call, 2, encoder->out->model_id, 2);
    set_parameter(call, 3, encoder->out->arrived_at, 8);
    return 4;
}

static uint32_t rows_of_call(const struct encoder *encoder, uint32_t first, uint32_t count)
{
    uint32_t most = encoder->options->rows_per_statement;
    return count - first < most ? count - first : most;
}

static uint32_t call_count(const struct encoder *encoder, uint32_t rows)
{
    uint32_t most = encoder->options->rows_per_statement;
    return rows / most + (rows % most != 0);
}

static void count_late(struct encoder *encoder, const struct tw_call *call)
{
    for (uint32_t row = 0; row < call->rows; row++)
        encoder->out->late_count += *tw_array_cell(call->late, row, 1) != 0;
}

static bool encode_documents(struct encoder *encoder)
{
    uint32_t count = encoder->out->document_count;
    for (uint32_t first = 0; first < count;) {
        uint32_t rows = rows_of_call(encoder, first, count);
        struct tw_call *call = next_call(encoder, TW_DOCUMENTS_INSERT, rows);
        int parameter = set_origin(encoder, call);
        call->documents = tw_arena_array(encoder->arena, rows, sizeof *call->documents);
        if (!call->documents)
            return false;
        memcpy(call->documents, encoder->stored + first, rows * sizeof *call->documents);
        if (!fill_columns(encoder, call, parameter, document_columns,
                sizeof document_columns / sizeof document_columns[0], first))
            return false;
        call->late = (char *)(uintptr_t)call->values[LATE_PARAMETER];
        count_late(encoder, call);
        first += rows;
    }
    return true;
}

static bool encode_rows(struct encoder *encoder, enum tw_statement statement, uint32_t count,
    const struct column *columns, size_t column_count)
{
    for (uint32_t first = 0; first < count;) {
        uint32_t rows = rows_of_call(encoder, first, count);
        struct tw_call *call = next_call(encoder, statement, rows);
        int parameter = statement == TW_SCORES_INSERT ? set_origin(encoder, call) : 2;
        if (!fill_columns(encoder, call, parameter, columns, column_count, first))
            return false;
        first += rows;
    }
    return true;
}

/* -- dead letters, one a call: they are few, and their headers are ragged ------------------------------------------ */

static const struct tw_error *refusal_of(
    const struct encoder *encoder, const struct tw_document *document, const char **stage)
{
    static const struct tw_error no_table = {.code = TW_REFUSED,
        .where = "event time",
        .what = "not within the years 1970 to 9999",
        .cure = "correct the time of the message"};
    *stage = encoder->part->refusal ? "store" : "decode";
    if (encoder->part->refusal)
        return encoder->part->refusal;
    return document->fate == TW_FATE_DEAD_LETTER && document->refusal ? document->refusal : &no_table;
}

static void set_text(struct tw_call *call, int parameter, const char *text)
{
    set_parameter(call, parameter, text, (int)strlen(text));
}

/* NULL when empty and absent. */
static void set_bytes(struct tw_call *call, int parameter, struct tw_text bytes, bool present)
{
    if (present)
        set_parameter(call, parameter, bytes.length ? bytes.bytes : "", (int)bytes.length);
}

static bool set_headers(const struct encoder *encoder, struct tw_call *call, const struct tw_message *message)
{
    uint32_t count = message->header_count;
    struct tw_text *texts = tw_arena_array(encoder->arena, (size_t)count * 2, sizeof *texts);
    if (!texts)
        return false;
    for (uint32_t at = 0; at < count; at++) {
        texts[at] = message->headers[at].name;
        texts[count + at] = message->headers[at].value;
    }
    call->values[11] = tw_array_text(encoder->arena, TW_OID_BYTEA, texts, count, &call->lengths[11]);
    call->values[12] = tw_array_text(encoder->arena, TW_OID_BYTEA, texts + count, count, &call->lengths[12]);
    return call->values[11] && call->values[12];
}

static bool encode_dead_letter(struct encoder *encoder, uint32_t index)
{
    const struct tw_document *document = &encoder->documents[index];
    const struct tw_message *message = document->message;
    const char *stage;
    const struct tw_error *refusal = refusal_of(encoder, document, &stage);
    struct tw_call *call = next_call(encoder, TW_DEAD_LETTER_INSERT, 1);
    char *numbers = tw_arena_take(encoder->arena, 16);
    call->documents = tw_arena_array(encoder->arena, 1, sizeof *call->documents);
    if (!numbers || !call->documents)
        return false;
    call->documents[0] = index;
    tw_put_int64(numbers, message->offset);
    tw_put_time(numbers + 8, message->stamp_us);
    set_parameter(call, 2, encoder->out->arrived_at, 8);
    set_parameter(call, 3, numbers, 8);
    if (message->stamp_us >= 0 && message->stamp_us < TOO_LATE_US)
        set_parameter(call, 4, numbers + 8, 8);
    set_text(call, 5, stage);
    set_text(call, 6, refusal->where);
    set_text(call, 7, refusal->what);
    set_text(call, 8, refusal->cure);
    set_bytes(call, 9, message->key, message->key.length > 0);
    set_bytes(call, 10, message->payload, message->has_value);
    return set_headers(encoder, call, message);
}

static bool encode_dead_letters(struct encoder *encoder)
{
    const struct tw_encode_part *part = encoder->part;
    if (encoder->out->dead_count == 0)
        return true;
    for (uint32_t index = part->first; index < part->first + part->count; index++)
        if (is_dead(encoder, index) && !encode_dead_letter(encoder, index))
            return false;
    return true;
}

/* -- the whole ------------------------------------------------------------------------------------------------- */

/* Highest watermark-moving time of the batch up to the end of the part: what stands before the next document. */
static int64_t highest_after(const struct encoder *encoder)
{
    uint32_t end = encoder->part->first + encoder->part->count;
    const struct tw_rows *rows = &encoder->batch->rows;
    return end < rows->document_count ? rows->latest_us[end] : rows->highest_us;
}

static bool encode_all(struct encoder *encoder, struct tw_error *err)
{
    uint32_t bars = 0;
    uint32_t headlines = 0;
    struct tw_encoded *out = encoder->out;
    if (!choose_documents(encoder) || !choose_scores(encoder) || !choose_headlines(encoder, &headlines) ||
        !choose_entities(encoder))
        return tw_arena_fail(encoder->arena, err);
    if (!choose_bars(encoder, &bars, err))
        return false;
    out->calls = tw_arena_array(encoder->arena,
        (size_t)call_count(encoder, out->document_count) + call_count(encoder, out->score_count) +
            call_count(encoder, bars) + call_count(encoder, headlines) + out->dead_count,
        sizeof *out->calls);
    if (!out->calls || !encode_documents(encoder) ||
        !encode_rows(encoder, TW_SCORES_INSERT, out->score_count, score_columns,
            sizeof score_columns / sizeof score_columns[0]) ||
        !encode_rows(encoder, TW_BARS_ADD, bars, bar_columns, sizeof bar_columns / sizeof bar_columns[0]) ||
        !encode_rows(encoder, TW_HEADLINES_INSERT, headlines, headline_columns,
            sizeof headline_columns / sizeof headline_columns[0]) ||
        !encode_dead_letters(encoder))
        return tw_arena_fail(encoder->arena, err);
    return true;
}

bool tw_encode_part(const struct tw_encode_options *options, const struct tw_batch *batch,
    const struct tw_encode_part *part, struct tw_arena *arena, struct tw_encoded **out, struct tw_error *err)
{
    *out = tw_arena_array(arena, 1, sizeof **out);
    struct encoder encoder = {.options = options,
        .batch = batch,
        .part = part,
        .arena = arena,
        .out = *out,
        .documents = batch->rows.documents};
    if (!*out)
        return tw_arena_fail(arena, err);
    if (options->rows_per_statement == 0 || part->first > batch->rows.document_count ||
        part->count > batch->rows.document_count - part->first)
        return tw_fail(err, TW_INTERNAL, "encode", NULL, "no such part of the batch");
    (*out)->earliest_us = INT64_MAX;
    (*out)->highest_us = highest_after(&encoder);
    (*out)->model_sha256 = options->model_sha256;
    (*out)->arrival_day = (int32_t)(batch->arrived_us / US_PER_DAY);
    tw_put_int32((*out)->partition, batch->partition->number);
    tw_put_time((*out)->arrived_at, batch->arrived_us);
    return encode_all(&encoder, err);
}

bool tw_encode_rows(const struct tw_encode_options *options, const struct tw_batch *batch, uint32_t first,
    uint32_t count, struct tw_arena *arena, struct tw_encoded **out, struct tw_error *err)
{
    struct tw_encode_part part = {.first = first, .count = count};
    return tw_encode_part(options, batch, &part, arena, out, err);
}

void tw_encoded_set_ids(struct tw_encoded *encoded, int16_t topic_id, int16_t model_id)
{
    tw_put_int16(encoded->topic_id, topic_id);
    tw_put_int16(encoded->model_id, model_id);
}

void tw_encoded_mark_late(
    struct tw_encoded *encoded, const struct tw_document *documents, int64_t threshold_us)
{
    if (encoded->earliest_us >= threshold_us)
        return;
    for (uint32_t at = 0; at < encoded->call_count; at++) {
        struct tw_call *call = &encoded->calls[at];
        for (uint32_t row = 0; call->late && row < call->rows; row++) {
            char *flag = tw_array_cell(call->late, row, 1);
            if (*flag || documents[call->documents[row]].event_us >= threshold_us)
                continue;
            *flag = 1;
            encoded->late_count++;
        }
    }
}
