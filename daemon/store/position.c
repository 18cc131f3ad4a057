#include "store/position.h"

#include "document.h"
#include "postgres/wire.h"

#include <string.h>

void tw_position_take(struct tw_connection *connection, const struct tw_partition *partition,
    const unsigned char *token, const char *owner, const struct tw_exchange *exchange)
{
    char number[4];
    const char *values[] = {partition->topic, number, (const char *)token, owner};
    const int lengths[] = {(int)strlen(partition->topic), 4, TW_TOKEN_BYTES, (int)strlen(owner)};
    tw_put_int32(number, partition->number);
    tw_connection_ask(connection, exchange, TW_PARTITION_TAKE, values, lengths);
}

void tw_position_taken(const PGresult *result, struct tw_partition *partition)
{
    if (PQntuples(result) != 1)
        return;
    partition->topic_id = tw_get_int16(PQgetvalue(result, 0, 0));
    partition->epoch = tw_get_int64(PQgetvalue(result, 0, 1));
    partition->row_offset = tw_get_int64(PQgetvalue(result, 0, 2));
    partition->highest_offset = tw_get_int64(PQgetvalue(result, 0, 3));
    partition->row_watermark_us =
        PQgetisnull(result, 0, 4) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, 4));
    bool known = !PQgetisnull(result, 0, 6);
    partition->row_mark = (struct tw_record_mark){.known = known,
        .stamp_us = PQgetisnull(result, 0, 5) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, 5)),
        .hash = known ? tw_get_int64(PQgetvalue(result, 0, 6)) : 0};
    partition->stood_ms = PQgetisnull(result, 0, 7) ? 0 : (uint64_t)tw_get_int64(PQgetvalue(result, 0, 7));
}

void tw_position_read(struct tw_connection *connection, const struct tw_partition *partition,
    const struct tw_exchange *exchange)
{
    char numbers[6];
    const char *values[] = {numbers, numbers + 2};
    const int lengths[] = {2, 4};
    tw_put_int16(numbers, partition->topic_id);
    tw_put_int32(numbers + 2, partition->number);
    tw_connection_ask(connection, exchange, TW_POSITION_READ_LOCKED, values, lengths);
}

enum tw_position_says tw_position_says(
    const PGresult *result, const struct tw_partition *partition, int64_t begin, int64_t end)
{
    if (PQntuples(result) != 1 || tw_get_int64(PQgetvalue(result, 0, 0)) != partition->epoch ||
        memcmp(PQgetvalue(result, 0, 1), partition->token, TW_TOKEN_BYTES) != 0)
        return TW_POSITION_IS_ANOTHERS;
    int64_t offset = tw_get_int64(PQgetvalue(result, 0, 2));
    if (offset == end)
        return TW_POSITION_IS_END;
    return offset == begin ? TW_POSITION_IS_BEGIN : TW_POSITION_IS_ELSEWHERE;
}

bool tw_position_is_held(const struct tw_refusal *refusal)
{
    return strcmp(refusal->code, "55P03") == 0 &&
           (refusal->statement == TW_PARTITION_TAKE || refusal->statement == TW_POSITION_MOVE ||
               refusal->statement == TW_POSITION_READ_LOCKED);
}

void tw_position_free(struct tw_connection *connection, const struct tw_partition *partition,
    const struct tw_exchange *exchange)
{
    char number[4];
    const char *values[] = {partition->topic, number};
    const int lengths[] = {(int)strlen(partition->topic), 4};
    tw_put_int32(number, partition->number);
    tw_connection_ask(connection, exchange, TW_BLOCKERS_END, values, lengths);
}
