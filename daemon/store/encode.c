#include "store/encode.h"

#include "alert/shard.h"
#include "postgres/wire.h"
#include "store/columns.h"
#include "time/bars.h"

#include <stdlib.h>

#define US_PER_DAY INT64_C(86400000000)
/* A message to the server holds a gigabyte at most; what is larger does not fit any arena either. */
#define MESSAGE_BYTES ((size_t)1 << 30)

struct encoder {
    const struct tw_encode_options *options;
    const struct tw_batch *batch;
    const struct tw_encode_part *part;
    struct tw_arena *arena;
    struct tw_encoded *out;
    struct tw_document *const documents;
    struct tw_chosen_rows chosen;
    uint32_t row_counts[TW_SQL_TABLES];
};

/* -- columns: arrays of many rows' values, or the value of a single row ------------------------ */

static void put_fixed(char *to, int32_t type, size_t width, const struct tw_sql_cell *cell)
{
    if (type == TW_OID_FLOAT4)
        tw_put_float(to, cell->number);
    else if (type == TW_OID_TIMESTAMPTZ)
        tw_put_time(to, cell->integer);
    else if (width == 8)
        tw_put_int64(to, cell->integer);
    else if (width == 4)
        tw_put_int32(to, (int32_t)cell->integer);
    else if (width == 2)
        tw_put_int16(to, (int16_t)cell->integer);
    else
        *to = (char)cell->integer;
}

static char *fixed_array(const struct encoder *encoder, const struct tw_sql_column *column, uint32_t first,
    uint32_t count, int *length)
{
    size_t width = (size_t)tw_type_width(column->type);
    size_t bytes = TW_ARRAY_HEADER_BYTES + count * (TW_CELL_HEADER_BYTES + width);
    char *array = tw_arena_take(encoder->arena, bytes);
    struct tw_sql_cell cell = {0};
    if (!array)
        return NULL;
    tw_put_array_header(array, column->type, count, false);
    for (uint32_t row = 0; row < count; row++) {
        char *to = tw_array_cell(array, row, width);
        tw_put_int32(to - TW_CELL_HEADER_BYTES, (int32_t)width);
        column->read(&encoder->chosen, first + row, &cell);
        put_fixed(to, column->type, width, &cell);
    }
    *length = (int)bytes;
    return array;
}

static char *text_array(const struct encoder *encoder, const struct tw_sql_column *column, uint32_t first,
    uint32_t count, int *length)
{
    size_t bytes = TW_ARRAY_HEADER_BYTES + (size_t)count * TW_CELL_HEADER_BYTES;
    bool nulls = false;
    struct tw_sql_cell cell = {0};
    for (uint32_t row = 0; row < count; row++) {
        cell.null = false;
        column->read(&encoder->chosen, first + row, &cell);
        nulls = nulls || cell.null;
        bytes += cell.null ? 0 : cell.text.length;
    }
    char *array = bytes < MESSAGE_BYTES ? tw_arena_take(encoder->arena, bytes) : NULL;
    if (!array)
        return NULL;
    tw_put_array_header(array, column->type, count, nulls);
    char *to = array + TW_ARRAY_HEADER_BYTES;
    for (uint32_t row = 0; row < count; row++) {
        cell.null = false;
        column->read(&encoder->chosen, first + row, &cell);
        to = tw_put_text_cell(to, cell.text, cell.null);
    }
    *length = (int)bytes;
    return array;
}

/* The value of one row as it is; NULL stays NULL. False when the arena is full. */
static bool single_value(const struct encoder *encoder, const struct tw_sql_column *column, uint32_t row,
    const char **value, int *length)
{
    size_t width = (size_t)tw_type_width(column->type);
    struct tw_sql_cell cell = {0};
    column->read(&encoder->chosen, row, &cell);
    if (cell.null)
        return true;
    if (column->type == TW_OID_BYTEA_ARRAY) {
        if (cell.list)
            *value = tw_array_text(encoder->arena, TW_OID_BYTEA, cell.list, cell.list_count, length);
        return *value != NULL;
    }
    if (width == 0) {
        *value = cell.text.length ? cell.text.bytes : "";
        *length = (int)cell.text.length;
        return true;
    }
    char *bytes = tw_arena_take(encoder->arena, width);
    if (bytes)
        put_fixed(bytes, column->type, width, &cell);
    *value = bytes;
    *length = (int)width;
    return bytes != NULL;
}

/* Rows [first, first + call->rows) of one column, as parameter `at` of the call. */
static bool fill_parameter(const struct encoder *encoder, const struct tw_sql_table *table,
    const struct tw_sql_column *column, uint32_t first, struct tw_call *call, int at)
{
    int *length = &call->lengths[at];
    if (!column->read) {
        call->values[at] = (const char *)&encoder->out->shared + column->shared;
        *length = tw_type_width(column->type);
        return true;
    }
    if (table->single)
        return single_value(encoder, column, first, &call->values[at], length);
    call->values[at] = tw_type_width(column->type) > 0
                           ? fixed_array(encoder, column, first, call->rows, length)
                           : text_array(encoder, column, first, call->rows, length);
    return call->values[at] != NULL;
}

static bool fill_parameters(
    const struct encoder *encoder, const struct tw_sql_table *table, uint32_t first, struct tw_call *call)
{
    int parameter = 0;
    for (uint32_t at = 0; at < table->column_count; at++) {
        const struct tw_sql_column *column = &table->columns[at];
        if (column->type && !fill_parameter(encoder, table, column, first, call, parameter++))
            return false;
    }
    return true;
}

/* -- which rows -------------------------------------------------------------------------------- */

static bool is_skipped(const struct encoder *encoder, uint32_t document)
{
    return encoder->part->skip && encoder->part->skip[document];
}

/* A document that gets a row of documents, in this part. */
static bool is_stored(const struct encoder *encoder, uint32_t index)
{
    const struct tw_document *document = &encoder->documents[index];
    return index >= encoder->part->first && index < encoder->part->first + encoder->part->count &&
           document->fate == TW_FATE_STORED && !encoder->part->refusal && !is_skipped(encoder, index);
}

static bool is_dead(const struct encoder *encoder, uint32_t index)
{
    const struct tw_document *document = &encoder->documents[index];
    if (is_skipped(encoder, index) || tw_fate_stores_nothing(document->fate))
        return false;
    return document->fate == TW_FATE_DEAD_LETTER || encoder->part->refusal;
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

/* Which documents get a row of documents, and which one of dead_letters; the days that they need. */
static bool choose_documents(struct encoder *encoder)
{
    struct tw_encoded *out = encoder->out;
    uint32_t *stored = tw_arena_array(encoder->arena, encoder->part->count, sizeof *stored);
    uint32_t *dead = tw_arena_array(encoder->arena, encoder->part->count, sizeof *dead);
    out->days = tw_arena_array(encoder->arena, encoder->part->count, sizeof *out->days);
    encoder->chosen.documents = stored;
    encoder->chosen.dead_letters = dead;
    if (!stored || !dead || !out->days)
        return false;
    for (uint32_t at = 0; at < encoder->part->count; at++) {
        uint32_t index = encoder->part->first + at;
        const struct tw_document *document = &encoder->documents[index];
        out->tick_count += document->fate == TW_FATE_TICK;
        if (is_dead(encoder, index))
            dead[out->dead_count++] = index;
        if (!is_stored(encoder, index))
            continue;
        stored[out->document_count++] = index;
        add_day(encoder, document->event_us);
        if (document->event_us < out->earliest_us)
            out->earliest_us = document->event_us;
    }
    encoder->row_counts[TW_SQL_DOCUMENTS] = out->document_count;
    encoder->row_counts[TW_SQL_DEAD_LETTERS] = out->dead_count;
    return true;
}

static bool choose_unfiled(struct encoder *encoder)
{
    struct tw_unfiled_run *runs;
    uint32_t *count = &encoder->row_counts[TW_SQL_UNFILED];
    if (!encoder->batch->rows.sketched)
        return true;
    bool gathered = tw_unfiled_gather(encoder->documents, encoder->chosen.documents,
        encoder->out->document_count, encoder->arena, &runs, count);
    encoder->chosen.unfiled = runs;
    return gathered;
}

/* A tick has no row of its own in which it could stand that it was too far ahead. */
static bool is_ahead_tick(const struct encoder *encoder, uint32_t index)
{
    const struct tw_document *document = &encoder->documents[index];
    return document->fate == TW_FATE_TICK && !document->moves_watermark && !encoder->part->refusal &&
           !is_skipped(encoder, index);
}

static bool choose_ahead_ticks(struct encoder *encoder)
{
    const struct tw_encode_part *part = encoder->part;
    uint32_t *ticks = tw_arena_array(encoder->arena, encoder->out->tick_count, sizeof *ticks);
    encoder->chosen.ahead_ticks = ticks;
    if (!ticks)
        return false;
    for (uint32_t index = part->first; index < part->first + part->count; index++)
        if (is_ahead_tick(encoder, index))
            ticks[encoder->row_counts[TW_SQL_AHEAD_TICKS]++] = index;
    return true;
}

/* A score by what it is sorted by: its symbol, whose first bytes mostly tell, and its place in the batch. */
struct placed_score {
    uint64_t first_bytes;
    struct tw_text symbol;
    uint32_t at;
};

static int compare_placed(const void *left, const void *right)
{
    const struct placed_score *one = left;
    const struct placed_score *other = right;
    if (one->first_bytes != other->first_bytes)
        return one->first_bytes < other->first_bytes ? -1 : 1;
    int order = tw_text_compare(one->symbol, other->symbol);
    if (order != 0)
        return order;
    return one->at < other->at ? -1 : 1;
}

/* The first eight bytes as one number that is ordered as the bytes are. */
static uint64_t first_bytes(struct tw_text symbol)
{
    uint64_t number = 0;
    for (size_t at = 0; at < 8; at++)
        number = number << 8 | (at < symbol.length ? (unsigned char)symbol.bytes[at] : 0);
    return number;
}

/* In the order of the key of scores: rows that follow each other fall onto the same page of its index, and a
 * company's rows onto the same pages of the table. */
static bool choose_scores(struct encoder *encoder)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    uint32_t *scores = tw_arena_array(encoder->arena, rows->score_count, sizeof *scores);
    struct placed_score *placed = tw_arena_array(encoder->arena, rows->score_count, sizeof *placed);
    uint32_t count = 0;
    encoder->chosen.scores = scores;
    if (!scores || !placed)
        return false;
    for (uint32_t at = 0; at < rows->score_count; at++)
        if (is_stored(encoder, rows->scores[at].document))
            placed[count++] =
                (struct placed_score){first_bytes(rows->scores[at].symbol), rows->scores[at].symbol, at};
    if (count > 0)
        qsort(placed, count, sizeof *placed, compare_placed);
    for (uint32_t at = 0; at < count; at++)
        scores[at] = placed[at].at;
    encoder->out->score_count = count;
    encoder->row_counts[TW_SQL_SCORES] = count;
    return true;
}

static bool choose_events(struct encoder *encoder)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    uint32_t *events = tw_arena_array(encoder->arena, rows->event_count, sizeof *events);
    encoder->chosen.events = events;
    if (!events)
        return false;
    for (uint32_t at = 0; at < rows->event_count; at++)
        if (is_stored(encoder, rows->events[at].document))
            events[encoder->row_counts[TW_SQL_EVENTS]++] = at;
    return true;
}

static bool choose_headlines(struct encoder *encoder)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    uint32_t *headlines = tw_arena_array(encoder->arena, rows->headline_count, sizeof *headlines);
    encoder->chosen.headlines = headlines;
    if (!headlines)
        return false;
    for (uint32_t at = 0; at < rows->headline_count; at++)
        if (is_stored(encoder, rows->headlines[at].document))
            headlines[encoder->row_counts[TW_SQL_ALERT_EVENTS]++] = at;
    return true;
}

static bool is_whole(const struct encoder *encoder)
{
    const struct tw_encode_part *part = encoder->part;
    return part->first == 0 && part->count == encoder->batch->rows.document_count && !part->skip &&
           !part->refusal && encoder->out->score_count == encoder->batch->rows.score_count;
}

/* The batch's own bars when all of it is encoded; else summed anew from the scores that are left. */
static bool choose_bars(struct encoder *encoder, struct tw_error *err)
{
    const struct tw_rows *rows = &encoder->batch->rows;
    struct tw_bar_row *bars = NULL;
    uint32_t *count = &encoder->row_counts[TW_SQL_BARS];
    if (is_whole(encoder)) {
        encoder->chosen.bars = rows->bars;
        *count = rows->bar_count;
        return true;
    }
    struct tw_score_row *left = tw_arena_array(encoder->arena, encoder->out->score_count, sizeof *left);
    if (!left)
        return tw_arena_fail(encoder->arena, err);
    for (uint32_t at = 0; at < encoder->out->score_count; at++)
        left[at] = rows->scores[encoder->chosen.scores[at]];
    if (!tw_bars_sum(left, encoder->out->score_count, rows->documents, rows->document_count, encoder->arena,
            &bars, count, err))
        return false;
    encoder->chosen.bars = bars;
    return true;
}

/* -- entities, each once ----------------------------------------------------------------------- */

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
        const struct tw_document *document = &encoder->documents[encoder->chosen.documents[row]];
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

/* -- calls ------------------------------------------------------------------------------------- */

static uint32_t rows_of_call(const struct encoder *encoder, const struct tw_sql_table *table)
{
    return table->single ? 1 : encoder->options->rows_per_statement;
}

static uint32_t calls_needed(const struct encoder *encoder)
{
    uint32_t calls = 0;
    for (int number = 0; number < TW_SQL_TABLES; number++) {
        uint32_t rows = encoder->row_counts[number];
        uint32_t most = rows_of_call(encoder, &tw_sql_tables[number]);
        calls += rows / most + (rows % most != 0);
    }
    return calls;
}

/* What only the commit may still change, or asks for: which documents these are, and where it says that
 * they are late. */
static bool keep_documents(struct encoder *encoder, const uint32_t *indices, struct tw_call *call)
{
    int late = tw_sql_parameter(&tw_sql_tables[TW_SQL_DOCUMENTS], "late");
    call->documents = tw_arena_array(encoder->arena, call->rows, sizeof *call->documents);
    if (!call->documents)
        return false;
    memcpy(call->documents, indices, call->rows * sizeof *call->documents);
    call->late = (char *)(uintptr_t)call->values[late];
    for (uint32_t row = 0; row < call->rows; row++)
        encoder->out->late_count += *tw_array_cell(call->late, row, 1) != 0;
    return true;
}

static bool encode_table(struct encoder *encoder, enum tw_sql_table_number number)
{
    const struct tw_sql_table *table = &tw_sql_tables[number];
    uint32_t count = encoder->row_counts[number];
    uint32_t most = rows_of_call(encoder, table);
    for (uint32_t first = 0; first < count;) {
        struct tw_call *call = &encoder->out->calls[encoder->out->call_count++];
        call->statement = table->insert;
        call->rows = count - first < most ? count - first : most;
        if (!fill_parameters(encoder, table, first, call))
            return false;
        if (number == TW_SQL_DOCUMENTS && !keep_documents(encoder, encoder->chosen.documents + first, call))
            return false;
        first += call->rows;
    }
    return true;
}

static bool encode_tables(struct encoder *encoder)
{
    for (int number = 0; number < TW_SQL_TABLES; number++)
        if (!encode_table(encoder, (enum tw_sql_table_number)number))
            return false;
    return true;
}

/* -- the whole --------------------------------------------------------------------------------- */

/* Highest watermark-moving time of the batch up to the end of the part: what stands before the next
 * document. */
static int64_t highest_after(const struct encoder *encoder)
{
    uint32_t end = encoder->part->first + encoder->part->count;
    const struct tw_rows *rows = &encoder->batch->rows;
    return end < rows->document_count ? rows->latest_us[end] : rows->highest_us;
}

static bool encode_all(struct encoder *encoder, struct tw_error *err)
{
    struct tw_encoded *out = encoder->out;
    if (!choose_documents(encoder) || !choose_unfiled(encoder) || !choose_ahead_ticks(encoder) ||
        !choose_scores(encoder) || !choose_events(encoder) || !choose_headlines(encoder) ||
        !choose_entities(encoder))
        return tw_arena_fail(encoder->arena, err);
    if (!choose_bars(encoder, err))
        return false;
    out->calls = tw_arena_array(encoder->arena, calls_needed(encoder), sizeof *out->calls);
    return (out->calls && encode_tables(encoder)) || tw_arena_fail(encoder->arena, err);
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
        .documents = batch->rows.documents,
        .chosen = {
            .batch = batch, .refusal = part->refusal, .lateness_us = options->lateness_us, .arena = arena}};
    if (!*out)
        return tw_arena_fail(arena, err);
    if (options->rows_per_statement == 0 || part->first > batch->rows.document_count ||
        part->count > batch->rows.document_count - part->first)
        return tw_fail(err, TW_INTERNAL, "encode", NULL, "no such part of the batch");
    (*out)->earliest_us = INT64_MAX;
    (*out)->highest_us = highest_after(&encoder);
    (*out)->model_sha256 = options->model_sha256;
    (*out)->kept = tw_arena_array(arena, batch->rows.document_count, sizeof *(*out)->kept);
    if (!(*out)->kept)
        return tw_arena_fail(arena, err);
    (*out)->arrival_day = (int32_t)(batch->arrived_us / US_PER_DAY);
    tw_put_int32((*out)->shared.partition, batch->partition->number);
    tw_put_time((*out)->shared.arrived_at, batch->arrived_us);
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
    tw_put_int16(encoded->shared.topic_id, topic_id);
    tw_put_int16(encoded->shared.model_id, model_id);
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

void tw_encoded_note_kept(struct tw_encoded *whole, const struct tw_encoded *part)
{
    for (uint32_t at = 0; at < part->call_count; at++) {
        const struct tw_call *call = &part->calls[at];
        for (uint32_t row = 0; call->documents && row < call->rows; row++)
            whole->kept[call->documents[row]] = 1;
    }
}
