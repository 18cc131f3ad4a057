#include "evaluate/turn_exchange.h"

#include "postgres/wire.h"

enum {
    KEEP_BYTES = 4 << 20,
    LEAST_BYTES = 1 << 20,
    BARS_AT_ONCE = 50000,
    PIECE_AT_ONCE = 100000,
    LATE_AT_ONCE = 20000,
    STALE_US = 5000000
};

bool tw_turn_exchange_begin(struct tw_turn_exchange *exchange, const struct tw_config *config,
    const struct tw_log *log, const struct tw_session *session, struct tw_stored_rules *rules,
    struct tw_error *err)
{
    size_t memory = (size_t)config->evaluate.memory_bytes;
    *exchange = (struct tw_turn_exchange){.config = config,
        .session = session,
        .rules = rules,
        .most_shards = TW_SHARDS,
        .most_bars = BARS_AT_ONCE};
    tw_windows_begin(&exchange->windows, memory);
    tw_filing_begin(&exchange->filing, config, log, session);
    return tw_arena_begin(&exchange->arena, memory / 4 < LEAST_BYTES ? LEAST_BYTES : memory / 4, err);
}

static void free_answers(struct tw_turn_exchange *exchange)
{
    for (int stream = 0; stream < TW_TURN_STREAMS; stream++)
        PQclear(exchange->rows.answers[stream]);
    PQclear(exchange->answers.bars);
    PQclear(exchange->answers.late);
    PQclear(exchange->answers.days);
    PQclear(exchange->answers.late_days);
    exchange->answers = (struct tw_turn_answers){0};
    exchange->rows = (struct tw_turn_rows){0};
}

void tw_turn_exchange_end(struct tw_turn_exchange *exchange)
{
    free_answers(exchange);
    tw_windows_forget(&exchange->windows);
    tw_filing_end(&exchange->filing);
    tw_arena_end(&exchange->arena);
}

void tw_turn_exchange_clear(struct tw_turn_exchange *exchange)
{
    free_answers(exchange);
    tw_filing_clear(&exchange->filing);
    exchange->list = (struct tw_statement_list){0};
    exchange->positions = (struct tw_positions){.watermark_us = TW_NO_TIME};
    exchange->chosen.count = 0;
    exchange->turn = (struct tw_turn){0};
    exchange->trouble = (struct tw_error){0};
    tw_arena_reset(&exchange->arena, KEEP_BYTES);
}

void tw_turn_exchange_lose(struct tw_turn_exchange *exchange)
{
    tw_turn_exchange_clear(exchange);
    tw_stored_rules_forget(exchange->rules);
    tw_windows_forget(&exchange->windows);
    tw_filing_lose(&exchange->filing);
}

/* -- answers --------------------------------------------------------------------------------------------- */

static bool take_positions(struct tw_turn_exchange *exchange, const PGresult *result, struct tw_error *err)
{
    const struct tw_watermark_options options = {.lateness_us = exchange->config->watermark.lateness_us,
        .idle_after_us = exchange->config->watermark.idle_after_us,
        .stale_after_us = STALE_US};
    return tw_positions_row(
        &exchange->positions, &exchange->config->kafka.topics, result, &options, &exchange->arena, err);
}

/* An interval with all in one bar is not cut shorter than that bar. */
static void take_cut(struct tw_turn_exchange *exchange, const PGresult *result)
{
    if (PQntuples(result) != 1)
        return;
    int64_t cut_us = tw_get_time(PQgetvalue(result, 0, 0));
    int64_t least_us = exchange->from_us + TW_BAR_US;
    exchange->to_us = cut_us > least_us ? cut_us : least_us;
}

/* Where an answer is kept; NULL when it is not. */
static PGresult **place_of(struct tw_turn_exchange *exchange, enum tw_statement statement)
{
    switch (statement) {
    case TW_BARS_READ:
        return &exchange->answers.bars;
    case TW_LATE_READ:
        return &exchange->answers.late;
    case TW_DAYS_READ:
        return &exchange->answers.days;
    case TW_LATE_DONE:
        return &exchange->answers.late_days;
    case TW_PAST_READ:
        return &exchange->rows.answers[TW_TURN_PAST];
    case TW_EVENTS_READ:
        return &exchange->rows.answers[TW_TURN_EVENTS];
    case TW_ALERTS_READ:
        return &exchange->rows.answers[TW_TURN_ALERTS];
    default:
        return NULL;
    }
}

bool tw_turn_exchange_row(struct tw_turn_exchange *exchange, enum tw_statement statement, PGresult *result)
{
    struct tw_error err = {0};
    bool taken = true;
    PGresult **place = place_of(exchange, statement);
    if (tw_filing_row(&exchange->filing, statement, result))
        return true;
    if (place)
        *place = result;
    else if (statement == TW_BARS_CUT)
        take_cut(exchange, result);
    else if (statement == TW_POSITIONS_READ)
        taken = take_positions(exchange, result, &err);
    else if (statement == TW_RULE_SETS_FIRST || statement == TW_RULE_SETS_READ ||
             statement == TW_WATCHED_READ)
        taken = tw_stored_rules_row(exchange->rules, statement, result, &err);
    if (!taken && exchange->trouble.code == TW_OK)
        exchange->trouble = err;
    return place != NULL;
}

static struct tw_look_back look_back_of(const struct tw_turn_exchange *exchange)
{
    return (struct tw_look_back){.bars_us = tw_stored_rules_longest_window_us(exchange->rules),
        .days_us = tw_stored_rules_longest_days_us(exchange->rules)};
}

/* -- what to do next ------------------------------------------------------------------------------------- */

void tw_turn_exchange_look(struct tw_turn_exchange *exchange)
{
    tw_statement_list_begin(&exchange->list, &exchange->arena);
    tw_positions_add_read(&exchange->config->kafka.topics, &exchange->list);
    tw_stored_rules_add_read(exchange->rules, &exchange->list);
    tw_filing_look(&exchange->filing, &exchange->list);
}

/* Bars have closed for shards that may be evaluated: those of them that are furthest behind. */
static bool choose_turn(struct tw_turn_exchange *exchange, const struct tw_shards *shards)
{
    bool among[TW_SHARDS];
    for (int shard = 0; shard < TW_SHARDS; shard++)
        among[shard] = tw_windows_is_whole(&exchange->windows, shards, shard);
    if (!tw_shards_choose(shards, among, exchange->most_shards, &exchange->chosen))
        return false;
    int64_t from = exchange->chosen.from_us;
    exchange->from_us = from == TW_NO_TIME ? 0 : from; /* event times begin in 1970 */
    int64_t bound_us = tw_filing_bound(&exchange->filing, exchange->positions.watermark_us);
    exchange->to_us = tw_watermark_close(from, bound_us);
    return exchange->to_us > from && exchange->to_us > 0;
}

/* Windows that are not whole: those of them that are furthest from it. */
static bool choose_piece(struct tw_turn_exchange *exchange, const struct tw_shards *shards)
{
    bool among[TW_SHARDS];
    int64_t least_us = INT64_MAX;
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        among[shard] = shards->shards[shard].hold == TW_SHARD_HELD &&
                       !tw_windows_is_whole(&exchange->windows, shards, shard);
        if (among[shard] && exchange->windows.shards[shard].to_us < least_us)
            least_us = exchange->windows.shards[shard].to_us;
    }
    for (int shard = 0; shard < TW_SHARDS; shard++)
        among[shard] = among[shard] && exchange->windows.shards[shard].to_us == least_us;
    if (!tw_shards_choose(shards, among, TW_SHARDS, &exchange->chosen))
        return false;
    exchange->from_us = least_us;
    exchange->to_us = exchange->chosen.from_us;
    return true;
}

/* Pieces and turns take turns. */
static enum tw_turn_work choose_for_rules(
    struct tw_turn_exchange *exchange, const struct tw_shards *shards, uint64_t now_ms)
{
    bool piece_is_next = exchange->for_rules != TW_TURN_PIECE;
    enum tw_turn_work work = TW_TURN_NOTHING;
    if (piece_is_next && choose_piece(exchange, shards))
        work = TW_TURN_PIECE;
    else if (choose_turn(exchange, shards))
        work = TW_TURN_TURN;
    else if (!piece_is_next && choose_piece(exchange, shards))
        work = TW_TURN_PIECE;
    exchange->for_rules = work;
    exchange->for_rules_ms = now_ms;
    return work;
}

bool tw_turn_exchange_choose(
    struct tw_turn_exchange *exchange, const struct tw_shards *shards, uint64_t now_ms)
{
    if (!tw_stored_rules_settle(exchange->rules))
        return false;
    struct tw_look_back back = look_back_of(exchange);
    tw_windows_follow(&exchange->windows, shards, &back);
    tw_filing_follow(&exchange->filing, &shards->shards[0]);
    exchange->unread = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        exchange->unread += shards->shards[shard].hold == TW_SHARD_HELD &&
                            !tw_windows_is_whole(&exchange->windows, shards, shard);
    bool files = tw_filing_choose(&exchange->filing, exchange->positions.watermark_us) != TW_FILE_NOTHING;
    bool rules_are_due = now_ms >= exchange->for_rules_ms + (uint64_t)exchange->config->evaluate.interval_ms;
    bool has_filed = exchange->work == TW_TURN_FILING; /* turns that fail keep nobody from filing, either */
    exchange->work = TW_TURN_NOTHING;
    if (!files || (has_filed && rules_are_due))
        exchange->work = choose_for_rules(exchange, shards, now_ms);
    if (files && exchange->work == TW_TURN_NOTHING)
        exchange->work = TW_TURN_FILING;
    return exchange->work != TW_TURN_NOTHING;
}

bool tw_turn_exchange_is_unfiled(const struct tw_turn_exchange *exchange)
{
    int64_t filed_us = exchange->filing.filed_to_us;
    return exchange->filing.enabled &&
           tw_watermark_close(filed_us, exchange->positions.watermark_us) > filed_us;
}

/* -- questions ------------------------------------------------------------------------------------------- */

static void put_chosen(struct tw_turn_exchange *exchange)
{
    tw_statement_put_int16s(&exchange->list, exchange->chosen.numbers, exchange->chosen.count);
}

static void put_interval(struct tw_turn_exchange *exchange)
{
    tw_statement_put_time(&exchange->list, exchange->from_us);
    tw_statement_put_time(&exchange->list, exchange->to_us);
    put_chosen(exchange);
}

bool tw_turn_exchange_may_be_cut(const struct tw_turn_exchange *exchange)
{
    return exchange->work != TW_TURN_FILING && exchange->to_us - exchange->from_us > TW_BAR_US;
}

void tw_turn_exchange_cut(struct tw_turn_exchange *exchange)
{
    struct tw_statement_list *list = &exchange->list;
    tw_statement_list_begin(list, &exchange->arena);
    tw_statement_add(list, TW_BARS_CUT);
    put_interval(exchange);
    tw_statement_put_int64(list, exchange->work == TW_TURN_PIECE ? PIECE_AT_ONCE : exchange->most_bars);
}

static void ask_for_days(struct tw_turn_exchange *exchange)
{
    int16_t unread[TW_SHARDS];
    uint32_t count = tw_windows_days_unread(&exchange->windows, &exchange->chosen, unread);
    int64_t evaluated_us = exchange->chosen.from_us;
    if (count == 0)
        return;
    tw_statement_add(&exchange->list, TW_DAYS_READ);
    tw_statement_put_int16s(&exchange->list, unread, count);
    tw_statement_put_time(&exchange->list, evaluated_us - tw_stored_rules_longest_days_us(exchange->rules));
}

/* Only where a rule counts them. */
static void ask_for_past_alerts(struct tw_turn_exchange *exchange)
{
    int64_t past_us = tw_stored_rules_longest_past_us(exchange->rules);
    if (past_us == 0)
        return;
    tw_statement_add(&exchange->list, TW_PAST_READ);
    put_chosen(exchange);
    tw_statement_put_time(&exchange->list, exchange->from_us - past_us);
    tw_statement_put_time(&exchange->list, exchange->from_us);
}

/* Late bars first: what they do not show of the interval itself, the bars, which are read later, do. */
void tw_turn_exchange_read(struct tw_turn_exchange *exchange)
{
    struct tw_statement_list *list = &exchange->list;
    bool turn = exchange->work == TW_TURN_TURN;
    tw_statement_list_begin(list, &exchange->arena);
    if (exchange->work == TW_TURN_FILING) {
        tw_filing_read(&exchange->filing, list);
        return;
    }
    if (turn) {
        tw_statement_add(list, TW_LATE_READ);
        put_chosen(exchange);
        tw_statement_put_time(list, exchange->from_us - tw_stored_rules_longest_window_us(exchange->rules));
        tw_statement_put_int64(list, LATE_AT_ONCE);
    }
    tw_statement_add(list, TW_BARS_READ);
    put_interval(exchange);
    if (!turn) {
        ask_for_days(exchange);
        return;
    }
    tw_statement_add(list, TW_EVENTS_READ);
    tw_statement_put_time(list, exchange->to_us);
    put_chosen(exchange);
    tw_statement_put_time(list, exchange->from_us - tw_stored_rules_longest_spoken_us(exchange->rules));
    tw_statement_put_time(list, exchange->from_us);
    tw_statement_add(list, TW_ALERTS_READ);
    put_chosen(exchange);
    ask_for_past_alerts(exchange);
}

/* Shards, epochs, token and "evaluated to": what fence and move check alike. */
static void put_fence(struct tw_turn_exchange *exchange)
{
    put_chosen(exchange);
    tw_statement_put_int64s(&exchange->list, exchange->chosen.epochs, exchange->chosen.count);
    tw_statement_put_bytes(&exchange->list, exchange->session->token, sizeof exchange->session->token);
    tw_statement_put_time(&exchange->list, exchange->chosen.from_us);
}

/* The late bars that were read are gone with this turn, and are in their days. */
static void put_late_done(struct tw_turn_exchange *exchange)
{
    enum { LATE_ID = 7 };
    const PGresult *late = exchange->answers.late;
    int count = PQntuples(late);
    int64_t *numbers = tw_arena_array(&exchange->arena, (size_t)count, sizeof *numbers);
    if (count == 0)
        return;
    exchange->list.full = exchange->list.full || !numbers;
    if (!numbers)
        return;
    for (int row = 0; row < count; row++)
        numbers[row] = tw_get_int64(PQgetvalue(late, row, LATE_ID));
    tw_statement_add(&exchange->list, TW_LATE_DONE);
    tw_statement_put_int64s(&exchange->list, numbers, (uint32_t)count);
    tw_statement_put_time(&exchange->list, exchange->from_us);
}

void tw_turn_exchange_prepare(struct tw_turn_exchange *exchange)
{
    if (exchange->work == TW_TURN_PIECE)
        return;
    tw_statement_list_begin(&exchange->list, &exchange->arena);
    if (exchange->work == TW_TURN_FILING) {
        tw_filing_fence(&exchange->filing, &exchange->list);
        return;
    }
    tw_statement_add(&exchange->list, TW_SHARDS_FENCE);
    put_fence(exchange);
    put_late_done(exchange);
    exchange->turn = (struct tw_turn){.sets = exchange->rules->sets,
        .set_count = exchange->rules->count,
        .from_us = exchange->from_us,
        .to_us = exchange->to_us,
        .arena = &exchange->arena};
    exchange->rows.statements = &exchange->list;
    exchange->rows.stories = exchange->filing.enabled;
    tw_turn_rows_attach(&exchange->rows, &exchange->turn);
}

/* -- on a worker ----------------------------------------------------------------------------------------- */

/* What the freshest rows say of an entity; its bars may be older than that. */
static void list_entities(struct tw_turn_exchange *exchange, enum tw_turn_stream stream)
{
    const PGresult *rows = exchange->rows.answers[stream];
    for (int row = 0; row < PQntuples(rows); row++) {
        struct tw_text symbol = {PQgetvalue(rows, row, 0), (size_t)PQgetlength(rows, row, 0)};
        tw_recent_list(
            &exchange->windows.shards[tw_shard_of(symbol)].bars, symbol, *PQgetvalue(rows, row, 1) != 0);
    }
}

static bool gather_windows(struct tw_turn_exchange *exchange, struct tw_error *err)
{
    const struct tw_recent_bars *bars[TW_SHARDS];
    const struct tw_recent_bars *days[TW_SHARDS];
    uint32_t count = exchange->chosen.count;
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_shard_window *window = &exchange->windows.shards[exchange->chosen.numbers[at]];
        bars[at] = &window->bars;
        days[at] = &window->days;
    }
    return tw_recent_rows_begin(&exchange->rows.bars, bars, count, &exchange->arena, err) &&
           tw_recent_rows_begin(&exchange->rows.days, days, count, &exchange->arena, err);
}

bool tw_turn_exchange_run(struct tw_turn_exchange *exchange, struct tw_error *err)
{
    struct tw_windows *windows = &exchange->windows;
    if (exchange->work == TW_TURN_FILING)
        return tw_filing_run(&exchange->filing, &exchange->list, err);
    if (!tw_windows_put(windows, &exchange->chosen, exchange->from_us, exchange->answers.bars, err))
        return false;
    if (exchange->work != TW_TURN_TURN)
        return tw_windows_put_days(windows, &exchange->chosen, exchange->answers.days, err);
    if (!tw_windows_put_late(windows, &exchange->chosen, exchange->from_us, exchange->answers.late, err))
        return false;
    list_entities(exchange, TW_TURN_EVENTS);
    list_entities(exchange, TW_TURN_ALERTS);
    return gather_windows(exchange, err) && tw_turn_run(&exchange->turn, err) &&
           tw_turn_rows_add_days(&exchange->rows, err);
}

bool tw_turn_exchange_is_smaller(struct tw_turn_exchange *exchange)
{
    bool smallest = exchange->most_shards == 1 && exchange->most_bars == 1;
    if (exchange->arena.full && exchange->work == TW_TURN_FILING)
        return tw_filing_is_smaller(&exchange->filing);
    if (!exchange->arena.full || smallest)
        return false;
    exchange->most_shards = exchange->most_shards > 1 ? exchange->most_shards / 2 : 1;
    exchange->most_bars = exchange->most_bars > 1 ? exchange->most_bars / 2 : 1;
    return true;
}

/* -- afterwards ------------------------------------------------------------------------------------------ */

void tw_turn_exchange_write(struct tw_turn_exchange *exchange)
{
    struct tw_statement_list *list = &exchange->list;
    tw_positions_add_check(&exchange->positions, list);
    if (exchange->work == TW_TURN_FILING) {
        tw_filing_write(&exchange->filing, list);
        return;
    }
    tw_statement_add(list, TW_SHARDS_MOVE);
    put_fence(exchange);
    tw_statement_put_time(list, exchange->to_us);
    tw_statement_put_int32(list, tw_stored_rules_last(exchange->rules));
}

bool tw_turn_exchange_is_to_be_written(const struct tw_turn_exchange *exchange)
{
    return exchange->work == TW_TURN_TURN ||
           (exchange->work == TW_TURN_FILING && exchange->filing.work == TW_FILE_DOCUMENTS);
}

void tw_turn_exchange_done(struct tw_turn_exchange *exchange, struct tw_shards *shards)
{
    struct tw_look_back back = look_back_of(exchange);
    if (exchange->work == TW_TURN_FILING) {
        tw_filing_done(&exchange->filing);
        return;
    }
    if (back.days_us > 0)
        tw_windows_add_days(&exchange->windows, exchange->answers.late_days, exchange->rows.added,
            exchange->rows.added_count);
    tw_windows_moved(&exchange->windows, &exchange->chosen, exchange->to_us, &back);
    if (exchange->work != TW_TURN_TURN)
        return;
    tw_shards_moved(shards, &exchange->chosen, exchange->to_us);
    exchange->most_shards = exchange->most_shards < TW_SHARDS / 2 ? exchange->most_shards * 2 : TW_SHARDS;
    exchange->most_bars = exchange->most_bars < BARS_AT_ONCE / 2 ? exchange->most_bars * 2 : BARS_AT_ONCE;
}
