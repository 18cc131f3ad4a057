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
    tw_connection_send(session->connection, TW_MEMBERS_READ, alive, alive_length);
}

void tw_shards_send_leave(const struct tw_shards *shards, const struct tw_session *session)
{
    const char *values[] = {(const char *)shards->member};
    const int lengths[] = {sizeof shards->member};
    tw_connection_send(session->connection, TW_MEMBER_LEAVE, values, lengths);
}

static void send_lock(const struct tw_session *session, enum tw_statement statement, int32_t shard)
{
    char number[4];
    const char *values[] = {number};
    const int lengths[] = {4};
    tw_put_int32(number, shard);
    tw_connection_send(session->connection, statement, values, lengths);
}

void tw_shards_send_locks(struct tw_shards *shards, const struct tw_session *session)
{
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        struct tw_shard *at = &shards->shards[shard];
        if (at->wanted == (at->hold != TW_SHARD_FREE))
            continue;
        send_lock(session, at->wanted ? TW_SHARD_LOCK : TW_SHARD_UNLOCK, shard);
        at->hold = TW_SHARD_FREE; /* a lock is one when its answer says so */
    }
}

void tw_shards_send_takes(const struct tw_shards *shards, const struct tw_session *session)
{
    char number[2];
    const char *values[] = {number, (const char *)session->token, session->owner};
    const int lengths[] = {2, sizeof session->token, (int)strlen(session->owner)};
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        if (shards->shards[shard].hold != TW_SHARD_LOCKED)
            continue;
        tw_put_int16(number, (int16_t)shard);
        tw_connection_send(session->connection, TW_SHARD_TAKE, values, lengths);
    }
}

void tw_shards_send_release(struct tw_shards *shards, const struct tw_session *session)
{
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        if (shards->shards[shard].hold != TW_SHARD_FREE)
            send_lock(session, TW_SHARD_UNLOCK, shard);
        shards->shards[shard].hold = TW_SHARD_FREE;
    }
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
}

static void note_lock(struct tw_shards *shards, const PGresult *result)
{
    if (PQntuples(result) != 1 || !*PQgetvalue(result, 0, 0))
        return;
    int32_t shard = tw_get_int32(PQgetvalue(result, 0, 1));
    if (shard >= 0 && shard < TW_SHARDS)
        shards->shards[shard].hold = TW_SHARD_LOCKED;
}

static void note_take(struct tw_shards *shards, const PGresult *result)
{
    if (PQntuples(result) != 1)
        return;
    struct tw_shard *shard = &shards->shards[tw_get_int16(PQgetvalue(result, 0, 0)) % TW_SHARDS];
    shard->epoch = tw_get_int64(PQgetvalue(result, 0, 1));
    shard->evaluated_us = PQgetisnull(result, 0, 2) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, 2));
    shard->hold = TW_SHARD_HELD;
}

void tw_shards_row(struct tw_shards *shards, enum tw_statement statement, const PGresult *result)
{
    if (statement == TW_MEMBERS_READ)
        deal(shards, result);
    else if (statement == TW_SHARD_LOCK)
        note_lock(shards, result);
    else if (statement == TW_SHARD_TAKE)
        note_take(shards, result);
}

void tw_shards_not_taken(struct tw_shards *shards)
{
    for (int shard = 0; shard < TW_SHARDS; shard++)
        if (shards->shards[shard].hold == TW_SHARD_HELD)
            shards->shards[shard].hold = TW_SHARD_LOCKED;
}

/* -- books ----------------------------------------------------------------------------------------------- */

enum tw_shards_need tw_shards_need(const struct tw_shards *shards)
{
    enum tw_shards_need need = TW_SHARDS_SETTLED;
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        const struct tw_shard *at = &shards->shards[shard];
        if (at->wanted != (at->hold != TW_SHARD_FREE))
            return TW_SHARDS_NEED_LOCKS;
        if (at->hold == TW_SHARD_LOCKED)
            need = TW_SHARDS_NEED_TAKES;
    }
    return need;
}

int tw_shards_held(const struct tw_shards *shards)
{
    int held = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        held += shards->shards[shard].hold == TW_SHARD_HELD;
    return held;
}

bool tw_shards_choose(const struct tw_shards *shards, struct tw_shards_chosen *chosen)
{
    *chosen = (struct tw_shards_chosen){.from_us = INT64_MAX};
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        const struct tw_shard *at = &shards->shards[shard];
        if (at->hold == TW_SHARD_HELD && at->evaluated_us < chosen->from_us)
            chosen->from_us = at->evaluated_us;
    }
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        const struct tw_shard *at = &shards->shards[shard];
        if (at->hold != TW_SHARD_HELD || at->evaluated_us != chosen->from_us)
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
