#include "serve/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe/notify.h"
#include "serve/daemon.h"
#include "serve/loaded.h"
#include "timestamps/time_text.h"
#include "version.h"

enum {
    LONG_UNANSWERED_MS = 3000, /* a question to PostgreSQL that is older may be what all wait for */
    LINE_BYTES = 640,
};

/* Reasons, a line each. */
struct reasons {
    char *text;
    size_t size;
    size_t used;
};

static void add_reason(struct reasons *reasons, const char *format, ...) TW_PRINTF(2, 3);
static void add_reason(struct reasons *reasons, const char *format, ...)
{
    va_list arguments;
    if (reasons->used >= reasons->size)
        return;
    va_start(arguments, format);
    int length = vsnprintf(reasons->text + reasons->used, reasons->size - reasons->used, format, arguments);
    va_end(arguments);
    reasons->used += length > 0 ? (size_t)length : 0;
}

static enum tw_backlog backlog_of(const struct tw_partition *partition)
{
    if (partition->state == TW_PARTITION_STRANDED || partition->state == TW_PARTITION_LEAVING)
        return TW_BACKLOG_NONE;
    int64_t lag = tw_partition_lag(partition);
    if (!tw_partition_is_read(partition) || lag < 0)
        return TW_BACKLOG_UNKNOWN;
    return lag > 0 ? TW_BACKLOG_WAITS : TW_BACKLOG_NONE;
}

static enum tw_backlog backlog(const struct tw_daemon *daemon)
{
    bool known = tw_source_is_member(daemon->source);
    if (daemon->flow.bytes > 0 || daemon->flow.batches > 0)
        return TW_BACKLOG_WAITS;
    for (const struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next) {
        enum tw_backlog one = backlog_of(at);
        if (one == TW_BACKLOG_WAITS)
            return one;
        known = known && one == TW_BACKLOG_NONE;
    }
    return known ? TW_BACKLOG_NONE : TW_BACKLOG_UNKNOWN;
}

static uint64_t uncommitted_ms(const struct tw_daemon *daemon)
{
    return tw_liveness_waited_ms(
        &daemon->liveness, backlog(daemon), daemon->metrics.counters[TW_COUNT_COMMITS], tw_now_ms());
}

/* What keeps records from being committed, as far as it shows, and the cure. */
static void find_obstacle(const struct tw_daemon *daemon, char *line, size_t size)
{
    const struct tw_error *trouble = tw_stores_trouble(daemon->stores);
    uint64_t unanswered_ms = tw_stores_unanswered_ms(daemon->stores);
    if (unanswered_ms > LONG_UNANSWERED_MS)
        snprintf(line, size,
            "PostgreSQL has not answered for %" PRIu64 " s; cure: see in pg_stat_activity what the session "
            "\"tapewatch store\" waits for, and that the server's storage is not frozen",
            unanswered_ms / 1000);
    else if (trouble)
        tw_error_line(trouble, line, size);
    else if (tw_stores_pending(daemon->stores) == 0 && tw_pool_out(daemon->pool) > 0)
        snprintf(line, size,
            "workers are still at the batches; cure: a smaller model, more processors, or less other load");
    else
        snprintf(
            line, size, "no record comes from Kafka; cure: see the brokers, and the log for what they say");
}

static void add_uncommitted(const struct tw_daemon *daemon, struct reasons *reasons)
{
    char line[LINE_BYTES];
    uint64_t waited_ms = uncommitted_ms(daemon);
    if (waited_ms < TW_LIVENESS_LIMIT_MS)
        return;
    find_obstacle(daemon, line, sizeof line);
    add_reason(reasons, "records wait and none was stored for %" PRIu64 " s: %s\n", waited_ms / 1000, line);
}

/* Of all that are left behind the first, and how many more. */
static void add_left_behind(const struct tw_daemon *daemon, struct reasons *reasons)
{
    uint64_t commits = daemon->metrics.counters[TW_COUNT_COMMITS], now_ms = tw_now_ms();
    uint32_t partitions = 0, behind = 0;
    const struct tw_partition *first = NULL;
    for (const struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next)
        partitions += tw_partition_is_read(at);
    for (const struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next) {
        if (!tw_liveness_is_left_behind(at, commits, partitions, now_ms))
            continue;
        first = first ? first : at;
        behind++;
    }
    if (!first)
        return;
    add_reason(reasons,
        "topic %s partition %" PRId32 " is left behind: its records wait, and none was stored for %" PRIu64
        " s, whoever had it; cure: see what the log says of it\n",
        first->topic, first->number, (now_ms - first->progress.since_ms) / 1000);
    if (behind > 1)
        add_reason(reasons, "and %" PRIu32 " more partitions\n", behind - 1);
}

/* What is stored and evaluated, but not as the configuration's files say: rules that are held to companies of
 * the entities file do not speak for one that is missing. */
static void add_files(const struct tw_daemon *daemon, struct reasons *reasons)
{
    char line[LINE_BYTES];
    const struct tw_error *unlisted = tw_stores_unlisted(daemon->stores);
    const struct tw_error *refused = tw_evaluator_rules_refused(daemon->evaluator);
    if (unlisted) {
        tw_error_line(unlisted, line, sizeof line);
        add_reason(reasons, "entities of the file are missing in the database, as if not listed: %s\n", line);
    }
    if (refused) {
        tw_error_line(refused, line, sizeof line);
        add_reason(reasons, "rules stay as they were before: %s\n", line);
    }
}

static const struct tw_bad_run *refused_of(const struct tw_partition *partition)
{
    return &partition->refused;
}

static const struct tw_bad_run *ahead_of(const struct tw_partition *partition)
{
    return &partition->ahead;
}

/* Of all whose every record is bad in that way the first, and how many more. */
static void add_bad(const struct tw_daemon *daemon,
    const struct tw_bad_run *run_of(const struct tw_partition *), const char *what, struct reasons *reasons)
{
    const struct tw_partition *first = NULL;
    uint32_t bad = 0;
    for (const struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next) {
        if (!tw_partition_is_read(at) || !tw_liveness_is_bad(run_of(at)))
            continue;
        first = first ? first : at;
        bad++;
    }
    if (!first)
        return;
    const struct tw_bad_run *run = run_of(first);
    add_reason(reasons,
        "topic %s partition %" PRId32 ": its last %" PRIu64 " records, over %" PRIu64 " s, %s: %s\n",
        first->topic, first->number, run->records, (run->last_ms - run->first_ms) / 1000, what, run->why);
    if (bad > 1)
        add_reason(reasons, "and so are those of %" PRIu32 " more partitions\n", bad - 1);
}

/* Records are committed, and nothing comes of them. */
static void add_records(const struct tw_daemon *daemon, struct reasons *reasons)
{
    add_bad(daemon, refused_of, "were all refused (tapewatch deadletters list)", reasons);
    add_bad(
        daemon, ahead_of, "were all too far ahead to move event time, so that no rule is evaluated", reasons);
}

/* It has no row, or one that nobody refreshes: a new one that the group has not dealt out, or one that it has
 * dealt to somebody who is no daemon of ours. */
static void add_unowned(const struct tw_daemon *daemon, struct reasons *reasons)
{
    const struct tw_held *unowned = &daemon->unowned;
    uint64_t unowned_ms = tw_held_ms(unowned, tw_evaluator_unowned(daemon->evaluator)->looked_ms);
    if (unowned_ms > 0)
        add_reason(reasons,
            "topic %s partition %" PRId32 ": no daemon that reads it was heard of for %" PRIu64
            " s; cure: see who else is in group %s (kafka-consumer-groups.sh --describe --members)\n",
            unowned->holder.topic, unowned->holder.number, unowned_ms / 1000, daemon->config->kafka.group);
}

static void add_evaluation(const struct tw_daemon *daemon, struct reasons *reasons)
{
    char line[LINE_BYTES];
    const struct tw_error *trouble = tw_evaluator_trouble(daemon->evaluator);
    uint64_t behind_ms = tw_evaluator_behind_ms(daemon->evaluator);
    uint64_t interval_ms = (uint64_t)daemon->config->evaluate.interval_ms; /* so long nobody looks */
    if (behind_ms < TW_LIVENESS_LIMIT_MS + interval_ms)
        return;
    if (trouble)
        tw_error_line(trouble, line, sizeof line);
    else
        snprintf(line, sizeof line,
            "its shards are another daemon's, or PostgreSQL does not answer; cure: see in "
            "pg_stat_activity the sessions \"tapewatch evaluate\" and what they wait for");
    add_reason(reasons, "no rule was evaluated for %" PRIu64 " s: %s\n", behind_ms / 1000, line);
}

bool tw_status_ready(const struct tw_daemon *daemon, char *why, size_t size)
{
    struct reasons all = {.text = why, .size = size};
    char reasons[TW_STATUS_WHY_BYTES / 2];
    char told[TW_STATUS_WHY_BYTES / 2];
    why[0] = '\0';
    if (!tw_daemon_is_open(daemon)) {
        snprintf(why, size, "stopping\n"); /* rooms may be gone already */
        return false;
    }
    bool store = tw_stores_ready(daemon->stores);
    bool source = tw_source_ready(daemon->source, reasons, sizeof reasons);
    bool evaluator = tw_evaluator_ready(daemon->evaluator);
    if (!store)
        add_reason(&all, "PostgreSQL is not to be had\n");
    else {
        add_uncommitted(daemon, &all);
        add_left_behind(daemon, &all);
        add_unowned(daemon, &all);
        add_records(daemon, &all);
        add_files(daemon, &all);
    }
    if (daemon->metrics.counters[TW_COUNT_ROWS_MISSING] > 0)
        add_reason(&all, "PostgreSQL kept %" PRIu64 " rows fewer than it was sent: see the log\n",
            daemon->metrics.counters[TW_COUNT_ROWS_MISSING]);
    if (store && !evaluator)
        add_reason(&all, "rules are not evaluated: see the log\n");
    else if (store)
        add_evaluation(daemon, &all);
    if (store && !tw_tell_ready(&daemon->tell, told, sizeof told))
        add_reason(&all, "%s", told);
    add_reason(&all, "%s", reasons);
    return store && evaluator && source && all.used == 0;
}

/* Seconds by which the highest event time that moved a partition's watermark leads the clock. */
static double time_ahead(const struct tw_daemon *daemon)
{
    int64_t highest_us = TW_NO_TIME;
    int64_t clock_us = tw_wall_us();
    for (const struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next)
        if (at->row_watermark_us > highest_us)
            highest_us = at->row_watermark_us;
    if (highest_us == TW_NO_TIME || highest_us + daemon->config->watermark.lateness_us <= clock_us)
        return 0;
    return (double)(highest_us + daemon->config->watermark.lateness_us - clock_us) / 1e6;
}

static void set_gauges(struct tw_daemon *daemon)
{
    tw_gauge_set(&daemon->metrics, TW_GAUGE_TIME_AHEAD, time_ahead(daemon));
    tw_gauge_set(&daemon->metrics, TW_GAUGE_IN_FLIGHT_BYTES, (double)daemon->flow.bytes);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_BATCHES_OUT, daemon->flow.batches);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_WORKERS_BUSY, tw_pool_busy(daemon->pool));
    tw_gauge_set(&daemon->metrics, TW_GAUGE_UNCOMMITTED, (double)uncommitted_ms(daemon) / 1e3);
    tw_gauge_set(
        &daemon->metrics, TW_GAUGE_EVALUATION, (double)tw_evaluator_behind_ms(daemon->evaluator) / 1e3);
}

static void tell_systemd(struct tw_daemon *daemon, bool ready, const char *why)
{
    uint64_t documents = daemon->metrics.counters[TW_COUNT_DOCUMENTS];
    daemon->documents_rate = documents - daemon->last_documents;
    if (ready)
        tw_notify_status("%.0f partitions, lag %.0f, %" PRIu64 " documents, %" PRIu64 "/s",
            daemon->metrics.gauges[TW_GAUGE_PARTITIONS], daemon->metrics.gauges[TW_GAUGE_LAG], documents,
            daemon->documents_rate);
    else
        tw_notify_status("not ready: %s", why);
    daemon->last_documents = documents;
}

void tw_status_second(struct tw_daemon *daemon, bool ready, const char *why)
{
    tw_liveness_note(
        &daemon->liveness, backlog(daemon), daemon->metrics.counters[TW_COUNT_COMMITS], tw_now_ms());
    for (struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next)
        tw_liveness_note_partition(at, daemon->metrics.counters[TW_COUNT_COMMITS], tw_now_ms());
    set_gauges(daemon);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_READY, ready);
    tell_systemd(daemon, ready, why);
}

static void add_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static void add_number(json_t *object, const char *name, double number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void add_partition(json_t *list, const struct tw_partition *partition)
{
    char watermark[TW_TIME_TEXT_BYTES] = "";
    int64_t lag = tw_partition_lag(partition);
    json_t *row = json_object();
    if (partition->row_watermark_us != TW_NO_TIME)
        tw_time_text(partition->row_watermark_us, watermark);
    add_text(row, "topic", partition->topic);
    add_number(row, "partition", partition->number);
    add_text(row, "state", tw_partition_state_names[partition->state]);
    add_number(row, "next_offset", (double)partition->row_offset);
    if (lag >= 0)
        add_number(row, "lag", (double)lag);
    add_text(row, "watermark", watermark);
    json_array_append_new(list, row);
}

static void add_numbers(json_t *status, const struct tw_metrics *metrics)
{
    static const enum tw_counter counters[] = {TW_COUNT_DOCUMENTS, TW_COUNT_DEAD_LETTERS, TW_COUNT_TICKS,
        TW_COUNT_LATE, TW_COUNT_AHEAD, TW_COUNT_REPEATS, TW_COUNT_GAPS, TW_COUNT_FENCED,
        TW_COUNT_ALERTS_OPENED};
    static const enum tw_gauge gauges[] = {TW_GAUGE_LAG, TW_GAUGE_STRANDED, TW_GAUGE_IN_FLIGHT_BYTES,
        TW_GAUGE_BATCHES_OUT, TW_GAUGE_SHARDS, TW_GAUGE_UNCOMMITTED, TW_GAUGE_EVALUATION,
        TW_GAUGE_TIME_AHEAD};
    for (size_t at = 0; at < sizeof counters / sizeof counters[0]; at++)
        add_number(status, tw_counter_name(counters[at]), (double)metrics->counters[counters[at]]);
    for (size_t at = 0; at < sizeof gauges / sizeof gauges[0]; at++)
        add_number(status, tw_gauge_name(gauges[at]), metrics->gauges[gauges[at]]);
}

/* Which daemon this is, and how it goes now. */
static void add_identity(json_t *status, const struct tw_daemon *daemon)
{
    const struct tw_rule_set *rules = daemon->shared ? tw_load_rules(daemon->shared) : NULL;
    const struct tw_taxonomy *events = daemon->shared ? tw_load_events(daemon->shared) : NULL;
    int64_t seconds = daemon->started_ms ? (int64_t)((tw_now_ms() - daemon->started_ms) / 1000) : 0;
    add_text(status, "version", tw_version());
    add_number(status, "up_seconds", (double)seconds);
    add_text(status, "model", daemon->model_facts.folder);
    add_text(status, "sha256", daemon->model_facts.sha256);
    add_text(status, "precision", daemon->model_facts.precision);
    add_number(status, "rules", rules ? rules->count : 0);
    add_number(status, "entities", daemon->shared ? tw_load_entity_count(daemon->shared) : 0);
    add_number(status, "events_version", events ? (double)events->version : 0);
    add_text(status, "events_sha256", events ? events->hash : "");
    add_number(status, "documents_a_second", (double)daemon->documents_rate);
}

/* In one line: status shows it in its table. */
static void add_held(json_t *status, const struct tw_daemon *daemon)
{
    const struct tw_held *held = &daemon->held;
    uint64_t held_ms = tw_held_ms(held, tw_now_ms());
    char why[128];
    char cure[512];
    char line[1024];
    if (held_ms == 0 || !daemon->source)
        return;
    tw_held_why(
        held, tw_source_topic_size(daemon->source, held->holder.topic), why, sizeof why, cure, sizeof cure);
    snprintf(line, sizeof line, "topic %s partition %" PRId32 " for %" PRIu64 " s: %s; cure: %s",
        held->holder.topic, held->holder.number, held_ms / 1000, why, cure);
    add_text(status, "held_by", line);
}

/* In one line: the batch that was the slowest of the last minute, and where its time went. */
static void add_slowest(json_t *status, const struct tw_daemon *daemon)
{
    char line[TW_STAGES_LINE_BYTES];
    const struct tw_slow_batch *slowest = tw_stages_slowest(&daemon->stages, tw_now_ms());
    if (!slowest)
        return;
    tw_stages_line(slowest, line, sizeof line);
    add_text(status, "slowest_batch", line);
}

/* In one line: names of sources.weights that nothing comes by. */
static void add_sources(json_t *status, const struct tw_daemon *daemon)
{
    char names[TW_SOURCE_COUNTS_NAMES_BYTES];
    char line[TW_SOURCE_COUNTS_NAMES_BYTES + 128];
    const uint32_t unmatched = tw_source_counts_unmatched(&daemon->sources, names, sizeof names);
    if (unmatched == 0)
        return;
    snprintf(line, sizeof line, "%s: %" PRIu32 " of %" PRIu32 " names, none in %" PRIu64 " documents", names,
        unmatched, daemon->sources.count, daemon->sources.documents);
    add_text(status, "sources_unmatched", line);
}

/* In one line each: whom alerts are told to, and what waits for them. */
static void add_tell(json_t *status, const struct tw_daemon *daemon)
{
    char name[64];
    char line[160];
    for (size_t target = 0; target < TW_TELL_TARGETS; target++) {
        const struct tw_tell_metrics *tell = &daemon->metrics.tell[target];
        if (!tell->on)
            continue;
        snprintf(name, sizeof name, "told_%s", tw_tell_target_names[target]);
        snprintf(line, sizeof line,
            "%" PRIu64 " told, %.0f wait (the oldest for %.0f s), %" PRIu64 " refused, %" PRIu64 " expired",
            tell->told, tell->waiting, tell->oldest_seconds, tell->refused, tell->expired);
        add_text(status, name, line);
    }
}

char *tw_status_text(const struct tw_daemon *daemon)
{
    char why[TW_STATUS_WHY_BYTES];
    bool ready = tw_status_ready(daemon, why, sizeof why);
    json_t *status = json_object();
    json_t *list = json_array();
    json_object_set_new(status, "ready", json_boolean(ready));
    add_text(status, "why", why);
    add_identity(status, daemon);
    add_numbers(status, &daemon->metrics);
    for (struct tw_partition *at = daemon->source ? tw_source_partitions(daemon->source) : NULL; at;
         at = at->next)
        add_partition(list, at);
    add_held(status, daemon);
    add_sources(status, daemon);
    add_slowest(status, daemon);
    add_tell(status, daemon);
    json_object_set_new(status, "partitions", list);
    char *text = json_dumps(status, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(status);
    return text;
}
