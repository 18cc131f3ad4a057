#include "store/refresh.h"

#include "base/clock.h"
#include "postgres/wire.h"

#include <stdlib.h>
#include <string.h>

static bool is_taken(const struct tw_store *store, const struct tw_partition *partition)
{
    return partition->store == store && partition->epoch > 0 && partition->state != TW_PARTITION_LEAVING &&
           partition->state != TW_PARTITION_TAKING;
}

static struct tw_refresh_row row_of(const struct tw_partition *partition, uint64_t now_ms)
{
    struct tw_refresh_row row = {.assignment = partition->assignment,
        .epoch = partition->epoch,
        .end_offset = partition->end_offset,
        .silent_ms = now_ms > partition->last_message_ms ? (int64_t)(now_ms - partition->last_message_ms) : 0,
        .number = partition->number,
        .topic_id = partition->topic_id,
        .caught_up = tw_partition_is_quiet(partition)};
    memcpy(row.token, partition->token, TW_TOKEN_BYTES);
    return row;
}

bool tw_refresh_gather(struct tw_refresh *refresh, const struct tw_store *store,
    const struct tw_partition *first, struct tw_error *err)
{
    size_t count = 0;
    uint64_t now_ms = tw_now_ms();
    for (const struct tw_partition *at = first; at; at = at->next)
        count += is_taken(store, at);
    if (count > refresh->capacity) {
        struct tw_refresh_row *rows = realloc(refresh->rows, count * sizeof *rows);
        if (!rows)
            return tw_fail(err, TW_INTERNAL, "refresh", NULL, "out of memory");
        refresh->rows = rows;
        refresh->capacity = count;
    }
    refresh->count = 0;
    for (const struct tw_partition *at = first; at; at = at->next)
        if (is_taken(store, at))
            refresh->rows[refresh->count++] = row_of(at, now_ms);
    return true;
}

static void send_row(struct tw_connection *connection, const struct tw_refresh_row *row)
{
    char numbers[2 + 4 + 8 + 8 + 8 + 1];
    const char *values[] = {numbers, numbers + 2, numbers + 6, (const char *)row->token, numbers + 30,
        row->end_offset < 0 ? NULL : numbers + 14, numbers + 22};
    const int lengths[] = {2, 4, 8, TW_TOKEN_BYTES, 1, 8, 8};
    tw_put_int16(numbers, row->topic_id);
    tw_put_int32(numbers + 2, row->number);
    tw_put_int64(numbers + 6, row->epoch);
    tw_put_int64(numbers + 14, row->end_offset);
    tw_put_int64(numbers + 22, row->silent_ms);
    numbers[30] = row->caught_up;
    tw_connection_send(connection, TW_POSITION_REFRESH, values, lengths);
}

void tw_refresh_send(
    struct tw_refresh *refresh, struct tw_connection *connection, const struct tw_exchange *exchange)
{
    refresh->answered = 0;
    tw_connection_begin_exchange(connection, exchange);
    tw_connection_send(connection, TW_EVALUATED_READ, NULL, NULL);
    for (size_t at = 0; at < refresh->count; at++)
        send_row(connection, &refresh->rows[at]);
    tw_connection_sync(connection);
}

void tw_refresh_answer(struct tw_refresh *refresh, PGresult *result)
{
    if (refresh->answered < refresh->count)
        refresh->rows[refresh->answered++].fenced = strcmp(PQcmdTuples(result), "0") == 0;
}

uint64_t tw_refresh_fenced(const struct tw_refresh *refresh, size_t *at)
{
    while (*at < refresh->answered) {
        const struct tw_refresh_row *row = &refresh->rows[(*at)++];
        if (row->fenced)
            return row->assignment;
    }
    return 0;
}

void tw_refresh_end(struct tw_refresh *refresh)
{
    free(refresh->rows);
    *refresh = (struct tw_refresh){0};
}
