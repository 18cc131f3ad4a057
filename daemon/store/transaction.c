#include "store/transaction.h"

#include "postgres/wire.h"
#include "source/message.h"
#include "time/watermark.h"

/* Parameters of the fence and the move; libpq copies them when they are sent. */
struct parameters {
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
    char numbers[64];
};

static void set(struct parameters *parameters, int at, const char *value, int length)
{
    parameters->values[at] = value;
    parameters->lengths[at] = length;
}

/* Topic, partition, epoch, token and offset: how the fence and the move begin. */
static void set_fence(const struct tw_batch_part *part, struct parameters *parameters)
{
    char *numbers = parameters->numbers;
    *parameters = (struct parameters){0};
    tw_put_int64(numbers, part->batch->partition->epoch);
    tw_put_int64(numbers + 8, part->begin_offset);
    set(parameters, 0, part->encoded->shared.topic_id, 2);
    set(parameters, 1, part->encoded->shared.partition, 4);
    set(parameters, 2, numbers, 8);
    set(parameters, 3, (const char *)part->batch->partition->token, TW_TOKEN_BYTES);
    set(parameters, 4, numbers + 8, 8);
}

static void send_fence(struct tw_connection *connection, const struct tw_batch_part *part)
{
    struct parameters parameters;
    set_fence(part, &parameters);
    tw_connection_send(connection, TW_FENCE, parameters.values, parameters.lengths);
}

/* What the last record is told by, for whoever takes the partition next: one hash a transaction. */
static void set_mark(const struct tw_batch_part *part, struct parameters *parameters, int first)
{
    char *numbers = parameters->numbers + 48;
    if (!part->last)
        return;
    struct tw_record_mark mark = tw_message_mark(part->last);
    tw_put_time(numbers, mark.stamp_us);
    tw_put_int64(numbers + 8, mark.hash);
    if (mark.stamp_us != TW_NO_TIME)
        set(parameters, first, numbers, 8);
    set(parameters, first + 1, numbers + 8, 8);
}

static void send_move(struct tw_connection *connection, const struct tw_batch_part *part,
    const struct tw_transaction_options *options)
{
    struct parameters parameters;
    char *numbers = parameters.numbers;
    const struct tw_encoded *encoded = part->encoded;
    int64_t watermark_us = tw_watermark_of_partition(TW_NO_TIME, encoded->highest_us, options->lateness_us);
    set_fence(part, &parameters);
    tw_put_int64(numbers + 16, part->end_offset);
    tw_put_time(numbers + 24, watermark_us);
    tw_put_time(numbers + 32, encoded->earliest_us);
    tw_put_time(numbers + 40, options->evaluated_us);
    set(&parameters, 5, numbers + 16, 8);
    if (watermark_us != TW_NO_TIME)
        set(&parameters, 6, numbers + 24, 8);
    if (encoded->earliest_us != INT64_MAX)
        set(&parameters, 7, numbers + 32, 8);
    if (options->evaluated_us != TW_NO_TIME)
        set(&parameters, 8, numbers + 40, 8);
    set_mark(part, &parameters, 9);
    tw_connection_send(connection, TW_POSITION_MOVE, parameters.values, parameters.lengths);
}

/* The batch's bars that a late document is in, as far as they begin before what has passed; the server knows
 * how far that is, and refuses the transaction where more has passed than was assumed here. */
static void send_late(
    struct tw_connection *connection, const struct tw_batch_part *part, const struct tw_call *call)
{
    static const char *const names[] = {"topic_id", "partition", NULL, "bar_start", "shard", "entity"};
    const char *values[6];
    int lengths[6];
    char earliest[8];
    tw_put_time(earliest, part->encoded->earliest_us);
    for (int at = 0; at < 6; at++) {
        int from = names[at] ? tw_sql_parameter(&tw_sql_tables[TW_SQL_BARS], names[at]) : -1;
        values[at] = from < 0 ? earliest : call->values[from];
        lengths[at] = from < 0 ? (int)sizeof earliest : call->lengths[from];
    }
    tw_connection_send(connection, TW_LATE_NOTE, values, lengths);
}

void tw_transaction_send(struct tw_connection *connection, const struct tw_batch_part *part,
    const struct tw_transaction_options *options, const struct tw_exchange *exchange)
{
    const struct tw_partition *partition = part->batch->partition;
    struct tw_encoded *encoded = part->encoded;
    int64_t passed_us = options->evaluated_us > partition->row_watermark_us ? options->evaluated_us
                                                                            : partition->row_watermark_us;
    tw_encoded_set_ids(encoded, partition->topic_id, options->model_id);
    tw_encoded_mark_late(encoded, part->batch->rows.documents, passed_us);
    tw_connection_begin_exchange(connection, exchange);
    send_fence(connection, part);
    for (uint32_t at = 0; at < encoded->call_count; at++)
        tw_connection_send(
            connection, encoded->calls[at].statement, encoded->calls[at].values, encoded->calls[at].lengths);
    for (uint32_t at = 0; at < encoded->call_count && encoded->earliest_us < passed_us; at++)
        if (encoded->calls[at].statement == TW_BARS_ADD)
            send_late(connection, part, &encoded->calls[at]);
    send_move(connection, part, options);
    tw_connection_sync(connection);
}
