#include "evaluate/filing.h"

#include "evaluate/unfiled_queue.h"
#include "postgres/wire.h"
#include "store/unfiled.h"
#include "stories/sketch.h"
#include "time/bars.h"
#include "time/watermark.h"

/* A statement carries few documents: what the server takes out of its arrays fits into work_mem, and mostly
 * into its processor's cache. */
enum { DOCUMENTS_AT_ONCE = 5000, DOCUMENTS_A_STATEMENT = 1000, RECALLED_AT_ONCE = 10000 };

/* -- the machine ----------------------------------------------------------------------------------------- */

static const char *const names[] = {
    [TW_FILING_OTHERS] = "others",
    [TW_FILING_UNREAD] = "unread",
    [TW_FILING_READING] = "reading",
    [TW_FILING_WHOLE] = "whole",
};

static const uint32_t moves[] = {
    [TW_FILING_OTHERS] = TW_MOVE(TW_FILING_UNREAD) | TW_MOVE(TW_FILING_WHOLE),
    [TW_FILING_UNREAD] = TW_MOVE(TW_FILING_READING) | TW_MOVE(TW_FILING_OTHERS),
    [TW_FILING_READING] = TW_MOVE(TW_FILING_WHOLE) | TW_MOVE(TW_FILING_UNREAD) | TW_MOVE(TW_FILING_OTHERS),
    [TW_FILING_WHOLE] = TW_MOVE(TW_FILING_UNREAD) | TW_MOVE(TW_FILING_OTHERS),
};

const struct tw_machine tw_filing_machine = {"file", names, moves, sizeof moves / sizeof moves[0]};

/* The only place where the state changes. */
static void move(struct tw_filing *filing, enum tw_filing_state state, const char *why)
{
    tw_machine_tell(&tw_filing_machine, filing->log, TW_DEBUG, filing->state, state, why);
    filing->state = state;
}

/* -- begin and end --------------------------------------------------------------------------------------- */

void tw_filing_begin(struct tw_filing *filing, const struct tw_config *config, const struct tw_log *log,
    const struct tw_session *session)
{
    *filing = (struct tw_filing){.enabled = config->stories.enabled,
        .log = log,
        .session = session,
        .filed_to_us = TW_NO_TIME,
        .most = DOCUMENTS_AT_ONCE,
        .a_row = TW_UNFILED_DOCUMENTS,
        .most_documents = (uint32_t)config->stories.most_documents};
}

void tw_filing_end(struct tw_filing *filing)
{
    PQclear(filing->rows);
    filing->rows = NULL;
    tw_stories_end(&filing->stories);
}

/* Nothing is in memory. */
static void leave(struct tw_filing *filing, enum tw_filing_state state, const char *why)
{
    tw_stories_end(&filing->stories);
    if (filing->state != state)
        move(filing, state, why);
}

void tw_filing_lose(struct tw_filing *filing)
{
    leave(filing, TW_FILING_OTHERS, "the session is lost");
    tw_filing_clear(filing);
    filing->looked = false;
}

/* -- what to do next ------------------------------------------------------------------------------------- */

void tw_filing_look(const struct tw_filing *filing, struct tw_statement_list *list)
{
    if (filing->enabled)
        tw_statement_add(list, TW_FILED_READ);
}

bool tw_filing_row(struct tw_filing *filing, enum tw_statement statement, PGresult *result)
{
    enum { FILED_TO, FILED };
    if (statement == TW_FILED_READ && PQntuples(result) == 1) {
        filing->looked = true;
        filing->filed_to_us =
            PQgetisnull(result, 0, FILED_TO) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, FILED_TO));
        filing->filed = tw_get_int64(PQgetvalue(result, 0, FILED));
        return false;
    }
    if (statement != TW_UNFILED_READ && statement != TW_STORIES_READ && statement != TW_STORY_TIMES_READ)
        return false;
    filing->rows = result;
    return true;
}

/* Whoever had the shard meanwhile has filed what is not in memory here. */
static bool is_stale(const struct tw_filing *filing, const struct tw_shard *shard)
{
    return filing->epoch != shard->epoch ||
           (filing->state == TW_FILING_WHOLE &&
               (filing->known_to_us != filing->filed_to_us || filing->known_filed != filing->filed));
}

/* Where nothing was ever filed nothing need be read. */
static void take_up(struct tw_filing *filing)
{
    struct tw_error ignored; /* for want of memory: it stays unread, and the first piece says so */
    struct tw_stories_options options = tw_stories_defaults();
    options.most_documents = filing->most_documents;
    filing->known_to_us = filing->filed_to_us;
    filing->known_filed = filing->filed;
    if (filing->filed == 0 && tw_stories_begin(&filing->stories, &options, &ignored))
        move(filing, TW_FILING_WHOLE, "shard 0 is held, nothing was ever filed");
    else
        move(filing, TW_FILING_UNREAD, "shard 0 is held");
}

void tw_filing_follow(struct tw_filing *filing, const struct tw_shard *shard)
{
    if (!filing->enabled || !filing->looked)
        return;
    if (shard->hold != TW_SHARD_HELD) {
        leave(filing, TW_FILING_OTHERS, "shard 0 is not held");
        return;
    }
    if (filing->state != TW_FILING_OTHERS && is_stale(filing, shard))
        leave(filing, TW_FILING_UNREAD, "shard 0 was taken anew, or filed to another time");
    filing->epoch = shard->epoch;
    if (filing->state == TW_FILING_OTHERS)
        take_up(filing);
}

enum tw_filing_work tw_filing_choose(struct tw_filing *filing, int64_t watermark_us)
{
    filing->work = TW_FILE_NOTHING;
    if (filing->state == TW_FILING_UNREAD || filing->state == TW_FILING_READING)
        filing->work = TW_FILE_RECALL;
    filing->to_us = tw_watermark_close(filing->filed_to_us, watermark_us);
    if (filing->state == TW_FILING_WHOLE && filing->to_us > filing->filed_to_us && filing->to_us > 0)
        filing->work = TW_FILE_DOCUMENTS;
    return filing->work;
}

int64_t tw_filing_bound(const struct tw_filing *filing, int64_t watermark_us)
{
    return filing->enabled && filing->filed_to_us < watermark_us ? filing->filed_to_us : watermark_us;
}

/* Rows of so many documents as are filed at once, by what the last ones held. */
static uint32_t most_rows(const struct tw_filing *filing)
{
    uint32_t rows = filing->most / filing->a_row;
    return rows > 0 ? rows : 1;
}

/* -- questions ------------------------------------------------------------------------------------------- */

/* What was filed from there on is compared with what comes. */
static int64_t window_us(const struct tw_filing *filing)
{
    return filing->known_to_us - tw_stories_defaults().window_us;
}

void tw_filing_read(const struct tw_filing *filing, struct tw_statement_list *list)
{
    if (filing->work == TW_FILE_DOCUMENTS) {
        tw_statement_add(list, TW_UNFILED_READ);
        tw_statement_put_time(list, filing->to_us);
        tw_statement_put_int64(list, (int64_t)most_rows(filing) + 1); /* where what is not read begins */
    } else if (filing->state == TW_FILING_UNREAD) {
        tw_statement_add(list, TW_STORY_TIMES_READ);
        tw_statement_put_time(list, filing->filed_to_us - tw_stories_defaults().window_us);
        tw_statement_put_time(list, filing->filed_to_us - TW_STORY_LONGEST_US);
    } else {
        tw_statement_add(list, TW_STORIES_READ);
        tw_statement_put_time(list, window_us(filing));
        tw_statement_put_int64(list, filing->recalled);
        tw_statement_put_int64(list, RECALLED_AT_ONCE);
    }
}

static void put_fence(const struct tw_filing *filing, struct tw_statement_list *list)
{
    tw_statement_put_int64(list, filing->epoch);
    tw_statement_put_bytes(list, filing->session->token, sizeof filing->session->token);
    tw_statement_put_time(list, filing->filed_to_us);
    tw_statement_put_int64(list, filing->filed);
}

void tw_filing_fence(const struct tw_filing *filing, struct tw_statement_list *list)
{
    if (filing->work != TW_FILE_DOCUMENTS)
        return;
    tw_statement_add(list, TW_FILING_FENCE);
    put_fence(filing, list);
}

void tw_filing_write(const struct tw_filing *filing, struct tw_statement_list *list)
{
    tw_statement_add(list, TW_FILING_MOVE);
    put_fence(filing, list);
    tw_statement_put_time(list, filing->to_us);
    tw_statement_put_int64(list, filing->filed + filing->row_count);
}

/* -- on a worker: a document ----------------------------------------------------------------------------- */

/* A row as stories take it; what it points to is in the arena. */
struct read_row {
    struct tw_sketch sketch;
    struct tw_story_telling telling;
};

TW_MUST_USE static bool read_row(struct tw_text sketch, int64_t time_us, struct tw_arena *arena,
    struct read_row *out, struct tw_error *err)
{
    return tw_sketch_read(sketch, arena, &out->sketch, err) &&
           tw_sketch_tell(&out->sketch, time_us, 0, arena, &out->telling, err);
}

/* -- on a worker: what was filed once -------------------------------------------------------------------- */

enum { STORY, STORY_TIME, EVENT_TIME, NUMBER, SKETCH }; /* columns of both answers, as far as they go */

static struct tw_story story_of(const PGresult *rows, int row)
{
    return (struct tw_story){
        tw_get_int64(PQgetvalue(rows, row, STORY)), tw_get_time(PQgetvalue(rows, row, STORY_TIME))};
}

TW_MUST_USE static bool recall_times(struct tw_filing *filing, struct tw_error *err)
{
    struct tw_stories_options options = tw_stories_defaults();
    options.most_documents = filing->most_documents;
    tw_stories_end(&filing->stories);
    if (!tw_stories_begin(&filing->stories, &options, err))
        return false;
    for (int row = 0; row < PQntuples(filing->rows); row++) {
        struct tw_story story = story_of(filing->rows, row);
        int64_t time_us = tw_get_time(PQgetvalue(filing->rows, row, EVENT_TIME));
        if (!tw_stories_recall_time(&filing->stories, &story, time_us, err))
            return false;
    }
    return true;
}

TW_MUST_USE static bool recall_documents(
    struct tw_filing *filing, struct tw_arena *arena, struct tw_error *err)
{
    for (int row = 0; row < PQntuples(filing->rows); row++) {
        size_t mark = tw_arena_mark(arena);
        struct tw_story story = story_of(filing->rows, row);
        struct read_row read;
        if (!read_row(tw_get_text(filing->rows, row, SKETCH),
                tw_get_time(PQgetvalue(filing->rows, row, EVENT_TIME)), arena, &read, err))
            return false;
        read.telling.number = tw_get_int64(PQgetvalue(filing->rows, row, NUMBER));
        if (!tw_stories_recall(&filing->stories, &read.telling, &story, err))
            return false;
        filing->recalled = read.telling.number;
        tw_arena_rewind(arena, mark);
    }
    return true;
}

/* -- on a worker: documents filed ------------------------------------------------------------------------ */

/* The columns of TW_STORIES_FILE, and what copies bring into bars. */
struct filed {
    int16_t *topics;
    int32_t *partitions;
    int64_t *offsets, *times_us, *numbers, *stories, *begun_us;
    int32_t *novelty, *copies[TW_STORY_SPANS];
    struct tw_text *sketches;
    int32_t *told_rows; /* places in the columns */
    struct tw_text *told;
    uint32_t told_count;
    struct tw_bar_row *bars; /* a row for each of `told` */
};

TW_MUST_USE static bool make_columns(
    struct filed *filed, size_t rows, size_t entities, struct tw_arena *arena, struct tw_error *err)
{
    *filed = (struct filed){
        .topics = tw_arena_array(arena, rows, sizeof *filed->topics),
        .partitions = tw_arena_array(arena, rows, sizeof *filed->partitions),
        .offsets = tw_arena_array(arena, rows, sizeof *filed->offsets),
        .times_us = tw_arena_array(arena, rows, sizeof *filed->times_us),
        .numbers = tw_arena_array(arena, rows, sizeof *filed->numbers),
        .stories = tw_arena_array(arena, rows, sizeof *filed->stories),
        .begun_us = tw_arena_array(arena, rows, sizeof *filed->begun_us),
        .novelty = tw_arena_array(arena, rows, sizeof *filed->novelty),
        .sketches = tw_arena_array(arena, rows, sizeof *filed->sketches),
        .told_rows = tw_arena_array(arena, entities, sizeof *filed->told_rows),
        .told = tw_arena_array(arena, entities, sizeof *filed->told),
        .bars = tw_arena_array(arena, entities, sizeof *filed->bars),
    };
    for (int span = 0; span < TW_STORY_SPANS; span++)
        filed->copies[span] = tw_arena_array(arena, rows, sizeof *filed->copies[span]);
    return !arena->full || tw_arena_fail(arena, err);
}

static void put_told(struct filed *filed, uint32_t row, const struct read_row *read, const bool *told)
{
    for (uint32_t at = 0; at < read->sketch.entity_count; at++) {
        const struct tw_sketch_entity *entity = &read->sketch.entities[at];
        if (!told[at])
            continue;
        filed->told_rows[filed->told_count] = (int32_t)row;
        filed->told[filed->told_count] = entity->symbol;
        filed->bars[filed->told_count++] = tw_sketch_bar(entity, read->telling.time_us);
    }
}

static void put_row(struct filed *filed, const struct tw_unfiled_queue *queue, uint32_t row, int64_t number,
    const struct tw_story_verdict *verdict)
{
    const struct tw_queued_document *waiting = &queue->documents[row];
    filed->topics[row] = waiting->topic_id;
    filed->partitions[row] = waiting->partition;
    filed->offsets[row] = waiting->offset;
    filed->times_us[row] = waiting->time_us;
    filed->numbers[row] = number;
    filed->stories[row] = verdict->story;
    filed->begun_us[row] = verdict->begun_us;
    filed->novelty[row] = verdict->novelty;
    for (int span = 0; span < TW_STORY_SPANS; span++)
        filed->copies[span][row] = (int32_t)verdict->copies[span];
    filed->sketches[row] = waiting->sketch;
}

TW_MUST_USE static bool read_all(const struct tw_filing *filing, const struct tw_unfiled_queue *queue,
    struct tw_arena *arena, struct read_row *read, size_t *entities, struct tw_error *err)
{
    for (uint32_t row = 0; row < queue->filed; row++) {
        const struct tw_queued_document *waiting = &queue->documents[row];
        if (!read_row(waiting->sketch, waiting->time_us, arena, &read[row], err))
            return false;
        read[row].telling.number = filing->filed + row + 1;
        *entities += read[row].sketch.entity_count;
    }
    return true;
}

TW_MUST_USE static bool file_all(struct tw_filing *filing, const struct tw_unfiled_queue *queue,
    struct read_row *read, struct filed *filed, struct tw_arena *arena, struct tw_error *err)
{
    uint64_t forgotten = filing->stories.forgotten;
    for (uint32_t row = 0; row < queue->filed; row++) {
        struct tw_story_verdict verdict;
        bool *told = tw_arena_array(arena, read[row].telling.entity_count, sizeof *told);
        if (!told)
            return tw_arena_fail(arena, err);
        if (!tw_stories_file(&filing->stories, &read[row].telling, &verdict, told, err))
            return false;
        put_row(filed, queue, row, read[row].telling.number, &verdict);
        put_told(filed, row, &read[row], told);
        filing->copies += verdict.story != read[row].telling.number;
    }
    filing->row_count = queue->filed;
    filing->forgotten = (uint32_t)(filing->stories.forgotten - forgotten);
    return true;
}

/* -- on a worker: statements ----------------------------------------------------------------------------- */

/* Counts those of `places` that lie before `end` from `begin` on, as WITH ORDINALITY does, from 1; they begin
 * at *at, which goes behind them. Returns how many. */
static uint32_t count_from(int32_t *places, uint32_t count, uint32_t *at, uint32_t begin, uint32_t end)
{
    uint32_t first = *at;
    for (; *at < count && (uint32_t)places[*at] < end; ++*at)
        places[*at] = places[*at] - (int32_t)begin + 1;
    return *at - first;
}

/* Documents [begin, end), and of them those that the story told before from *told on. */
static void put_documents(
    struct filed *filed, uint32_t begin, uint32_t end, uint32_t *told, struct tw_statement_list *list)
{
    uint32_t count = end - begin, first_told = *told;
    uint32_t told_count = count_from(filed->told_rows, filed->told_count, told, begin, end);
    tw_statement_put_int16s(list, filed->topics + begin, count);
    tw_statement_put_int32s(list, filed->partitions + begin, count);
    tw_statement_put_int64s(list, filed->offsets + begin, count);
    tw_statement_put_times(list, filed->times_us + begin, count);
    tw_statement_put_int64s(list, filed->numbers + begin, count);
    tw_statement_put_int64s(list, filed->stories + begin, count);
    tw_statement_put_times(list, filed->begun_us + begin, count);
    tw_statement_put_int32s(list, filed->novelty + begin, count);
    for (int span = 0; span < TW_STORY_SPANS; span++)
        tw_statement_put_int32s(list, filed->copies[span] + begin, count);
    tw_statement_put_byteas(list, filed->sketches + begin, count);
    tw_statement_put_int32s(list, filed->told_rows + first_told, told_count);
    tw_statement_put_texts(list, filed->told + first_told, told_count);
}

/* The first statement says what becomes of the rows. */
static void put_stories(
    const struct tw_unfiled_queue *queue, struct filed *filed, struct tw_statement_list *list)
{
    uint32_t told = 0;
    for (uint32_t begin = 0, end; begin < queue->filed; begin = end) {
        uint32_t left = queue->filed - begin;
        end = begin + (left < DOCUMENTS_A_STATEMENT ? left : DOCUMENTS_A_STATEMENT);
        tw_statement_add(list, TW_STORIES_FILE);
        if (begin == 0)
            tw_unfiled_queue_put(queue, list);
        else
            tw_unfiled_queue_put_none(list);
        put_documents(filed, begin, end, &told, list);
    }
}

/* Bars, shards and entities; of bars that begin before `before_us` alone. Returns how many. */
static uint32_t put_keys(struct tw_statement_list *list, enum tw_statement statement,
    const struct tw_bar_row *bars, uint32_t count, int64_t before_us)
{
    uint32_t kept = 0;
    int64_t *times_us = tw_arena_array(list->arena, count, sizeof *times_us);
    int16_t *shards = tw_arena_array(list->arena, count, sizeof *shards);
    struct tw_text *symbols = tw_arena_array(list->arena, count, sizeof *symbols);
    if (!times_us || !shards || !symbols) {
        list->full = true;
        return 0;
    }
    for (uint32_t at = 0; at < count; at++) {
        if (bars[at].bar_us >= before_us)
            continue;
        times_us[kept] = bars[at].bar_us;
        shards[kept] = tw_shard_of(bars[at].symbol);
        symbols[kept++] = bars[at].symbol;
    }
    if (kept == 0)
        return 0;
    tw_statement_add(list, statement);
    tw_statement_put_times(list, times_us, kept);
    tw_statement_put_int16s(list, shards, kept);
    tw_statement_put_texts(list, symbols, kept);
    return kept;
}

static void put_sums(struct tw_statement_list *list, const struct tw_bar_row *bars, uint32_t count)
{
    int64_t *sums[4];
    for (int sum = 0; sum < 4; sum++)
        sums[sum] = tw_arena_array(list->arena, count, sizeof *sums[sum]);
    if (!sums[0] || !sums[1] || !sums[2] || !sums[3]) {
        list->full = true;
        return;
    }
    for (uint32_t at = 0; at < count; at++) {
        sums[0][at] = bars[at].count;
        sums[1][at] = bars[at].sum;
        sums[2][at] = bars[at].sum_of_squares;
        sums[3][at] = bars[at].negative_sum;
    }
    for (int sum = 0; sum < 4; sum++)
        tw_statement_put_int64s(list, sums[sum], count);
}

TW_MUST_USE static bool put_copies(
    const struct tw_filing *filing, struct filed *filed, struct tw_statement_list *list, struct tw_error *err)
{
    size_t merged = 0;
    if (!tw_bars_merge(filed->bars, filed->told_count, &merged, err))
        return false;
    if (put_keys(list, TW_COPY_BARS_ADD, filed->bars, (uint32_t)merged, INT64_MAX) > 0)
        put_sums(list, filed->bars, (uint32_t)merged);
    if (filing->filed_to_us != TW_NO_TIME)
        (void)put_keys(list, TW_COPIES_LATE, filed->bars, (uint32_t)merged, filing->filed_to_us);
    return true;
}

/* Where not all was read, documents of the last one's bar may be left. */
static void cut(struct tw_filing *filing, const struct tw_unfiled_queue *queue)
{
    if (!queue->more)
        return;
    int64_t to_us = tw_bar_start(queue->documents[queue->filed - 1].time_us);
    filing->to_us = to_us > filing->filed_to_us ? to_us : filing->filed_to_us;
}

TW_MUST_USE static bool file_documents(
    struct tw_filing *filing, struct tw_statement_list *list, struct tw_error *err)
{
    struct filed filed;
    struct tw_unfiled_queue queue;
    size_t entities = 0;
    if (!tw_unfiled_queue_read(&queue, filing->rows, most_rows(filing), list->arena, err))
        return false;
    if (queue.filed == 0)
        return true;
    struct read_row *read = tw_arena_array(list->arena, queue.filed, sizeof *read);
    if (!read)
        return tw_arena_fail(list->arena, err);
    if (!read_all(filing, &queue, list->arena, read, &entities, err) ||
        !make_columns(&filed, queue.filed, entities, list->arena, err) ||
        !file_all(filing, &queue, read, &filed, list->arena, err))
        return false;
    put_stories(&queue, &filed, list);
    if (!put_copies(filing, &filed, list, err))
        return false;
    cut(filing, &queue);
    filing->a_row = queue.count / queue.row_count;
    return !list->full || tw_arena_fail(list->arena, err);
}

bool tw_filing_run(struct tw_filing *filing, struct tw_statement_list *list, struct tw_error *err)
{
    bool run = false;
    if (filing->work == TW_FILE_DOCUMENTS)
        return file_documents(filing, list, err);
    if (filing->state == TW_FILING_UNREAD)
        run = recall_times(filing, err);
    else
        run = recall_documents(filing, list->arena, err);
    filing->failed = !run;
    return run;
}

bool tw_filing_is_smaller(struct tw_filing *filing)
{
    if (filing->work != TW_FILE_DOCUMENTS || filing->most == 1)
        return false;
    filing->most /= 2;
    return true;
}

/* -- afterwards ------------------------------------------------------------------------------------------ */

static void recalled(struct tw_filing *filing)
{
    if (filing->state == TW_FILING_UNREAD) {
        filing->known_to_us = filing->filed_to_us;
        filing->known_filed = filing->filed;
        filing->recalled = 0;
        move(filing, TW_FILING_READING, "times of stories are read");
    } else if (PQntuples(filing->rows) < RECALLED_AT_ONCE) {
        tw_stories_keep(&filing->stories);
        move(filing, TW_FILING_WHOLE, "all is read");
    }
}

void tw_filing_done(struct tw_filing *filing)
{
    if (filing->work != TW_FILE_DOCUMENTS) {
        recalled(filing);
        return;
    }
    tw_stories_keep(&filing->stories);
    filing->filed_to_us = filing->known_to_us = filing->to_us;
    filing->filed = filing->known_filed = filing->filed + filing->row_count;
    filing->most = filing->most < DOCUMENTS_AT_ONCE / 2 ? filing->most * 2 : DOCUMENTS_AT_ONCE;
}

void tw_filing_clear(struct tw_filing *filing)
{
    PQclear(filing->rows);
    filing->rows = NULL;
    if (filing->failed)
        leave(filing, TW_FILING_UNREAD, "a piece failed");
    else if (filing->state == TW_FILING_WHOLE)
        tw_stories_undo(&filing->stories);
    filing->failed = false;
    filing->work = TW_FILE_NOTHING;
    filing->row_count = filing->copies = filing->forgotten = 0;
}

void tw_filing_note(struct tw_filing *filing, struct tw_metrics *metrics)
{
    tw_count(metrics, TW_COUNT_STORIES_FILED, filing->row_count);
    tw_count(metrics, TW_COUNT_STORIES_COPIES, filing->copies);
    tw_count(metrics, TW_COUNT_STORIES_FORGOTTEN, filing->forgotten);
    if (filing->forgotten == 0 || filing->forgotten_told)
        return;
    filing->forgotten_told = true;
    tw_log(filing->log, TW_WARNING, "evaluate", "stories are forgotten before 24 hours are over",
        tw_int("most_documents", (int64_t)filing->most_documents),
        tw_string("cure", "raise stories.most_documents (tapewatch.yaml)"));
}
