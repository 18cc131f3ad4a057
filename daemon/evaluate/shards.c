#include "evaluate/shards.h"

#include "document.h"
#include "postgres/wire.h"
#include "version.h"

bool tw_shards_begin(struct tw_shards *shards, struct tw_error *err)
{
    tw_shards_lose(shards);
    if (uv_random(NULL, NULL, shards->member, sizeof shards->member, 0, NULL) != 0)
        return tw_fail(err, TW_INTERNAL, "evaluate", "see getrandom(2)", "no random numbers");
    return true;
}

void tw_shards_lose(struct tw_shards *shards)
{
    for (int shard = 0; shard < TW_SHARDS; shard++)
        shards->shards[shard] = (struct tw_shard){.evaluated_us = TW_NO_TIME};
    shards->unsure = false; /* rows without a session that stands are anybody's */
    shards->unheard = false;
}

/* -- statements ------------------------------------------------------------------------------------------ */

void tw_shards_send_beat(const struct tw_shards *shards, const struct tw_session *session, int64_t alive_ms)
{
    const char *version = tw_version();
    const char *values[] = {(const char *)shards->member, session->owner, version};
    const int lengths[] = {sizeof shards->member, (int)strlen(session->owner), (int)strlen(version)};
    char since[8];
    const char *alive[] = {since};
    const int alive_length[] = {8};
    tw_put_int64(since, alive_ms);
    tw_connection_send(session->connection, TW_MEMBER_BEAT, values, lengths);
    tw_connection_send(session->connection, TW_SILENT_END, alive, alive_length);
    tw_connection_send(session->connection, TW_MEMBERS_READ, alive, alive_length);
}

void tw_shards_send_leave(const struct tw_shards *shards, const struct tw_session *session)
{
    const char *values[] = {(const char *)shards->member};
    const int lengths[] = {sizeof shards->member};
    tw_connection_send(session->connection, TW_MEMBER_LEAVE, values, lengths);
}

/* Numbers of shards, as an array of int2. */
struct numbers {
    char bytes[TW_ARRAY_HEADER_BYTES + TW_SHARDS * (TW_CELL_HEADER_BYTES + 2)];
    int length;
};

static void put_number(struct numbers *numbers, uint32_t *count, int shard)
{
    char *cell = tw_array_cell(numbers->bytes, (*count)++, 2);
    tw_put_int32(cell - TW_CELL_HEADER_BYTES, 2);
    tw_put_int16(cell, (int16_t)shard);
}

static void finish_numbers(struct numbers *numbers, uint32_t count)
{
    tw_put_array_header(numbers->bytes, TW_OID_INT2, count, false);
    numbers->length = (int)(TW_ARRAY_HEADER_BYTES + count * (TW_CELL_HEADER_BYTES + 2));
}

static void send_give(
    const struct tw_shards *shards, const struct tw_session *session, const struct numbers *given)
{
    const char *values[] = {given->bytes, (const char *)shards->member};
    const int lengths[] = {given->length, sizeof shards->member};
    tw_connection_send(session->connection, TW_SHARDS_GIVE, values, lengths);
}

void tw_shards_send_takes(struct tw_shards *shards, const struct tw_session *session, int64_t alive_ms)
{
    struct numbers given, wanted;
    uint32_t given_count = 0, wanted_count = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        struct tw_shard *at = &shards->shards[shard];
        if (!at->wanted) {
            put_number(&given, &given_count, shard);
            at->hold = TW_SHARD_FREE;
        } else if (at->hold == TW_SHARD_FREE) {
            put_number(&wanted, &wanted_count, shard);
        }
    }
    finish_numbers(&given, given_count);
    finish_numbers(&wanted, wanted_count);
    char alive[8];
    const char *values[] = {
        wanted.bytes, (const char *)shards->member, (const char *)session->token, session->owner, alive};
    const int lengths[] = {
        wanted.length, sizeof shards->member, sizeof session->token, (int)strlen(session->owner), 8};
    tw_put_int64(alive, alive_ms);
    send_give(shards, session, &given);
    tw_connection_send(session->connection, TW_SHARDS_TAKE, values, lengths);
}

void tw_shards_send_release(struct tw_shards *shards, const struct tw_session *session)
{
    struct numbers given;
    uint32_t count = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        put_number(&given, &count, shard);
        shards->shards[shard].hold = TW_SHARD_FREE;
    }
    finish_numbers(&given, count);
    send_give(shards, session, &given);
}

/* -- answers --------------------------------------------------------------------------------------------- */

static void deal(struct tw_shards *shards, const PGresult *members)
{
    int count = PQntuples(members);
    int place = -1;
    for (int row = 0; row < count; row++)
        if (memcmp(PQgetvalue(members, row, 0), shards->member, sizeof shards->member) == 0)
            place = row;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        shards->shards[shard].wanted = place >= 0 && shard % count == place;
    shards->unheard = place < 0;
}

static void note_takes(struct tw_shards *shards, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        int16_t number = tw_get_int16(PQgetvalue(result, row, 0));
        if (number < 0 || number >= TW_SHARDS)
            continue;
        struct tw_shard *shard = &shards->shards[number];
        shard->epoch = tw_get_int64(PQgetvalue(result, row, 1));
        shard->evaluated_us =
            PQgetisnull(result, row, 2) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, row, 2));
        shard->hold = TW_SHARD_HELD;
    }
}

void tw_shards_row(struct tw_shards *shards, enum tw_statement statement, const PGresult *result)
{
    if (statement == TW_MEMBERS_READ)
        deal(shards, result);
    else if (statement == TW_SHARDS_TAKE)
        note_takes(shards, result);
}

void tw_shards_not_taken(struct tw_shards *shards)
{
    for (int shard = 0; shard < TW_SHARDS; shard++)
        shards->shards[shard].hold = TW_SHARD_FREE;
    shards->unsure = true;
}

void tw_shards_taken(struct tw_shards *shards)
{
    shards->unsure = false;
}

/* -- books ----------------------------------------------------------------------------------------------- */

bool tw_shards_unsettled(const struct tw_shards *shards)
{
    for (int shard = 0; shard < TW_SHARDS; shard++)
        if (shards->shards[shard].wanted != (shards->shards[shard].hold == TW_SHARD_HELD))
            return true;
    return shards->unsure || shards->unheard;
}

int tw_shards_held(const struct tw_shards *shards)
{
    int held = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        held += shards->shards[shard].hold == TW_SHARD_HELD;
    return held;
}

bool tw_shards_choose(
    const struct tw_shards *shards, const bool *among, uint32_t most, struct tw_shards_chosen *chosen)
{
    *chosen = (struct tw_shards_chosen){.from_us = INT64_MAX};
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        const struct tw_shard *at = &shards->shards[shard];
        if (among[shard] && at->hold == TW_SHARD_HELD && at->evaluated_us < chosen->from_us)
            chosen->from_us = at->evaluated_us;
    }
    for (int shard = 0; shard < TW_SHARDS && chosen->count < most; shard++) {
        const struct tw_shard *at = &shards->shards[shard];
        if (!among[shard] || at->hold != TW_SHARD_HELD || at->evaluated_us != chosen->from_us)
            continue;
        chosen->numbers[chosen->count] = (int16_t)shard;
        chosen->epochs[chosen->count++] = at->epoch;
    }
    return chosen->count > 0;
}

void tw_shards_moved(struct tw_shards *shards, const struct tw_shards_chosen *chosen, int64_t to_us)
{
    for (uint32_t at = 0; at < chosen->count; at++)
        shards->shards[chosen->numbers[at]].evaluated_us = to_us;
}
