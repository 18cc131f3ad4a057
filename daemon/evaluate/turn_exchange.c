#include "evaluate/turn_exchange.h"

#include "postgres/wire.h"

enum { ARENA_BYTES = 256 << 20, KEEP_BYTES = 4 << 20, BARS_AT_ONCE = 50000, STALE_US = 5000000 };

bool tw_turn_exchange_begin(struct tw_turn_exchange *exchange, const struct tw_config *config,
    const struct tw_session *session, struct tw_stored_rules *rules, struct tw_error *err)
{
    *exchange = (struct tw_turn_exchange){.config = config, .session = session, .rules = rules};
    return tw_arena_begin(&exchange->arena, ARENA_BYTES, err);
}

static void free_answers(struct tw_turn_exchange *exchange)
{
    for (int stream = 0; stream < TW_TURN_STREAMS; stream++)
        PQclear(exchange->rows.answers[stream]);
    exchange->rows = (struct tw_turn_rows){0};
}

void tw_turn_exchange_end(struct tw_turn_exchange *exchange)
{
    free_answers(exchange);
    tw_arena_end(&exchange->arena);
}

void tw_turn_exchange_clear(struct tw_turn_exchange *exchange)
{
    free_answers(exchange);
    exchange->list = (struct tw_statement_list){0};
    exchange->positions = (struct tw_positions){.watermark_us = TW_NO_TIME};
    exchange->chosen.count = 0;
    exchange->turn = (struct tw_turn){0};
    exchange->trouble = (struct tw_error){0};
    tw_arena_reset(&exchange->arena, KEEP_BYTES);
}

/* Rules look at edges after this. Never evaluated: event times begin in 1970 (contracts, "Time"). */
static int64_t from_us(const struct tw_turn_exchange *exchange)
{
    return exchange->chosen.from_us == TW_NO_TIME ? 0 : exchange->chosen.from_us;
}

/* -- answers --------------------------------------------------------------------------------------------- */

static bool take_positions(struct tw_turn_exchange *exchange, const PGresult *result, struct tw_error *err)
{
    const struct tw_watermark_options options = {.lateness_us = exchange->config->watermark.lateness_us,
        .idle_after_us = exchange->config->watermark.idle_after_us,
        .stale_after_us = STALE_US};
    return tw_positions_row(&exchange->positions, result, &options, &exchange->arena, err);
}

/* An interval with all in one bar is not cut shorter than that bar. */
static void take_cut(struct tw_turn_exchange *exchange, const PGresult *result)
{
    if (PQntuples(result) != 1)
        return;
    int64_t cut_us = tw_get_time(PQgetvalue(result, 0, 0));
    int64_t least_us = from_us(exchange) + TW_BAR_US;
    exchange->to_us = cut_us > least_us ? cut_us : least_us;
}

static bool keep(struct tw_turn_exchange *exchange, enum tw_turn_stream stream, PGresult *result)
{
    exchange->rows.answers[stream] = result;
    return true;
}

bool tw_turn_exchange_row(struct tw_turn_exchange *exchange, enum tw_statement statement, PGresult *result)
{
    struct tw_error err = {0};
    bool taken = true;
    if (statement == TW_BARS_READ)
        return keep(exchange, TW_TURN_BARS, result);
    if (statement == TW_EVENTS_READ)
        return keep(exchange, TW_TURN_EVENTS, result);
    if (statement == TW_ALERTS_READ)
        return keep(exchange, TW_TURN_ALERTS, result);
    if (statement == TW_BARS_CUT)
        take_cut(exchange, result);
    else if (statement == TW_POSITIONS_READ)
        taken = take_positions(exchange, result, &err);
    else if (statement == TW_RULE_SETS_READ)
        taken = tw_stored_rules_row(exchange->rules, result, &err);
    if (!taken && exchange->trouble.code == TW_OK)
        exchange->trouble = err;
    return false;
}

/* -- questions ------------------------------------------------------------------------------------------- */

void tw_turn_exchange_look(struct tw_turn_exchange *exchange)
{
    tw_statement_list_begin(&exchange->list, &exchange->arena);
    tw_positions_add_read(&exchange->config->kafka.topics, &exchange->list);
    tw_stored_rules_add_read(exchange->rules, &exchange->list);
}

bool tw_turn_exchange_choose(struct tw_turn_exchange *exchange, const struct tw_shards *shards)
{
    if (!tw_shards_choose(shards, &exchange->chosen))
        return false;
    int64_t from = exchange->chosen.from_us; /* may be TW_NO_TIME */
    exchange->to_us = tw_watermark_close(from, exchange->positions.watermark_us);
    return exchange->to_us > from && exchange->to_us > 0;
}

static void put_chosen(struct tw_turn_exchange *exchange)
{
    tw_statement_put_int16s(&exchange->list, exchange->chosen.numbers, exchange->chosen.count);
}

void tw_turn_exchange_cut(struct tw_turn_exchange *exchange)
{
    struct tw_statement_list *list = &exchange->list;
    tw_statement_list_begin(list, &exchange->arena);
    tw_statement_add(list, TW_BARS_CUT);
    tw_statement_put_time(list, from_us(exchange));
    tw_statement_put_time(list, exchange->to_us);
    put_chosen(exchange);
    tw_statement_put_int64(list, BARS_AT_ONCE);
}

void tw_turn_exchange_read(struct tw_turn_exchange *exchange)
{
    struct tw_statement_list *list = &exchange->list;
    tw_statement_list_begin(list, &exchange->arena);
    tw_statement_add(list, TW_BARS_READ);
    tw_statement_put_time(list, from_us(exchange) - tw_stored_rules_longest_window_us(exchange->rules));
    tw_statement_put_time(list, exchange->to_us);
    put_chosen(exchange);
    tw_statement_add(list, TW_EVENTS_READ);
    tw_statement_put_time(list, exchange->to_us);
    put_chosen(exchange);
    tw_statement_add(list, TW_ALERTS_READ);
    put_chosen(exchange);
}

/* Shards, epochs, token and "evaluated to": what fence and move check alike. */
static void put_fence(struct tw_turn_exchange *exchange)
{
    put_chosen(exchange);
    tw_statement_put_int64s(&exchange->list, exchange->chosen.epochs, exchange->chosen.count);
    tw_statement_put_bytes(&exchange->list, exchange->session->token, sizeof exchange->session->token);
    tw_statement_put_time(&exchange->list, exchange->chosen.from_us);
}

void tw_turn_exchange_prepare(struct tw_turn_exchange *exchange)
{
    tw_statement_list_begin(&exchange->list, &exchange->arena);
    tw_statement_add(&exchange->list, TW_SHARDS_FENCE);
    put_fence(exchange);
    exchange->turn = (struct tw_turn){.sets = exchange->rules->sets,
        .set_count = exchange->rules->count,
        .from_us = from_us(exchange),
        .to_us = exchange->to_us,
        .arena = &exchange->arena};
    exchange->rows.statements = &exchange->list;
    tw_turn_rows_attach(&exchange->rows, &exchange->turn);
}

void tw_turn_exchange_write(struct tw_turn_exchange *exchange)
{
    struct tw_statement_list *list = &exchange->list;
    tw_positions_add_check(&exchange->positions, list);
    tw_statement_add(list, TW_SHARDS_MOVE);
    put_fence(exchange);
    tw_statement_put_time(list, exchange->to_us);
    tw_statement_put_int32(list, tw_stored_rules_last(exchange->rules));
}
