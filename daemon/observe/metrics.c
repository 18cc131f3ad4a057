#include "observe/metrics.h"

#include "base/clock.h"
#include "read/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct description {
    const char *name;
    const char *help;
};

static const struct description counters[] = {
    [TW_COUNT_MESSAGES] = {"tapewatch_messages_total", "Messages received from Kafka."},
    [TW_COUNT_BYTES] = {"tapewatch_payload_bytes_total", "Payload bytes received from Kafka."},
    [TW_COUNT_REPEATS] = {"tapewatch_repeats_total", "Messages below the expected offset, dropped."},
    [TW_COUNT_GAPS] = {"tapewatch_gaps_total", "Offsets passed over without a message."},
    [TW_COUNT_DOCUMENTS] = {"tapewatch_documents_total", "Documents known to be committed."},
    [TW_COUNT_DEAD_LETTERS] = {"tapewatch_dead_letters_total", "Dead letters known to be committed."},
    [TW_COUNT_TICKS] = {"tapewatch_ticks_total", "Records without value that moved the watermark."},
    [TW_COUNT_TOMBSTONES] = {"tapewatch_tombstones_total",
        "Records that say that something was deleted: nothing is stored."},
    [TW_COUNT_LATE] = {"tapewatch_late_total", "Documents below the watermark."},
    [TW_COUNT_AHEAD] = {"tapewatch_ahead_total",
        "Documents and ticks whose time lies too far ahead to move the watermark."},
    [TW_COUNT_SCORES] = {"tapewatch_scores_total", "Score rows known to be committed."},
    [TW_COUNT_TOKENS] = {"tapewatch_tokens_total", "Tokens given to the model."},
    [TW_COUNT_CACHED] = {"tapewatch_score_cache_hits_total",
        "Documents whose scores were known from an equal text before them, of tapewatch_documents_total."},
    [TW_COUNT_REPAIRS] = {"tapewatch_repairs_total", "Byte sequences mended while decoding."},
    [TW_COUNT_DOUBTFUL_TIMES] = {"tapewatch_doubtful_times_total",
        "Event times that are numbers and lie before 1990."},
    [TW_COUNT_SYMBOLS_UNKNOWN] = {"tapewatch_symbols_unknown_total",
        "Symbols of messages that name no entity."},
    [TW_COUNT_SOURCES_OTHER] = {"tapewatch_sources_other_total",
        "Documents by a source that sources.weights does not name, or by none, where it names any."},
    [TW_COUNT_LINKS_DROPPED] = {"tapewatch_links_dropped_total",
        "Mentions of entities beyond what one document may hold: not scored."},
    [TW_COUNT_EVENTS_DROPPED] = {"tapewatch_events_dropped_total",
        "Matches of patterns beyond the 64 of a sentence, and events beyond the 32 of a document: not told."},
    [TW_COUNT_COMMITS] = {"tapewatch_commits_total", "Transactions known to be committed."},
    [TW_COUNT_COMMIT_RETRIES] = {"tapewatch_commit_retries_total", "Transactions tried again."},
    [TW_COUNT_ROWS_MISSING] = {"tapewatch_rows_missing_total",
        "Rows that PostgreSQL did not keep though it committed them: a trigger or a rule left them out."},
    [TW_COUNT_ENTITIES_REFUSED] = {"tapewatch_entities_refused_total",
        "Entities of documents and of the entities file that PostgreSQL refused for good: tapewatch.entities lacks them."},
    [TW_COUNT_COMMIT_SPLITS] = {"tapewatch_commit_splits_total",
        "Transactions split to find a bad document."},
    [TW_COUNT_FENCED] = {"tapewatch_fenced_total",
        "Batches and refreshes that found their partition's row another's."},
    [TW_COUNT_CONNECTIONS_LOST] = {"tapewatch_store_connections_lost_total",
        "Connections to PostgreSQL lost."},
    [TW_COUNT_PAUSES] = {"tapewatch_pauses_total", "Times reading stopped because too much was in flight."},
    [TW_COUNT_RELOADS] = {"tapewatch_reloads_total", "Reloads that took effect."},
    [TW_COUNT_RELOADS_REFUSED] = {"tapewatch_reloads_refused_total", "Reloads refused as a whole."},
    [TW_COUNT_ALERTS_OPENED] = {"tapewatch_alerts_opened_total", "Alerts opened by this daemon."},
    [TW_COUNT_ALERTS_UPDATED] = {"tapewatch_alerts_updated_total", "Alerts updated by this daemon."},
    [TW_COUNT_ALERTS_RESOLVED] = {"tapewatch_alerts_resolved_total", "Alerts resolved by this daemon."},
    [TW_COUNT_STORIES_FILED] = {"tapewatch_stories_filed_total", "Documents filed with their stories."},
    [TW_COUNT_STORIES_COPIES] = {"tapewatch_stories_copies_total",
        "Those of them whose story was told before."},
    [TW_COUNT_STORIES_FORGOTTEN] = {"tapewatch_stories_forgotten_total",
        "Documents that new ones were not compared with any more within 24 hours: beyond stories.most_documents."},
    [TW_COUNT_EVIDENCE_MADE] = {"tapewatch_evidence_total",
        "Steps of alerts, headlines and events whose evidence was stored by this daemon."},
    [TW_COUNT_EVIDENCE_FAILED] = {"tapewatch_evidence_failures_total",
        "Tries to explain one of them, or to store what was explained, that failed."},
    [TW_COUNT_EVIDENCE_GIVEN_UP] = {"tapewatch_evidence_given_up_total",
        "Steps of alerts, headlines and events left without evidence: tried three times, or not for ten minutes."},
    [TW_COUNT_BARS_EVALUATED] = {"tapewatch_bars_evaluated_total", "Closed bars that rules have looked at."},
    [TW_COUNT_KAFKA_ERRORS] = {"tapewatch_kafka_errors_total", "Errors reported by the Kafka client."},
};

static const struct description gauges[] = {
    [TW_GAUGE_UP_SINCE] = {"tapewatch_start_time_seconds", "Unix time at which the daemon started."},
    [TW_GAUGE_RELOAD_SUCCESS] = {"tapewatch_config_last_reload_success",
        "1 when the configuration was taken the last time that it was read."},
    [TW_GAUGE_RELOAD_SUCCESS_AT] = {"tapewatch_config_last_reload_success_timestamp_seconds",
        "Unix time at which the configuration was last taken."},
    [TW_GAUGE_READY] = {"tapewatch_ready", "1 when the daemon reads and stores."},
    [TW_GAUGE_IN_FLIGHT_BYTES] = {"tapewatch_in_flight_bytes",
        "Bytes read and not yet committed: payloads, keys, headers, and what workers made of them."},
    [TW_GAUGE_BATCHES_OUT] = {"tapewatch_batches_out", "Batches cut and not yet committed."},
    [TW_GAUGE_PARTITIONS] = {"tapewatch_partitions", "Partitions owned and readable."},
    [TW_GAUGE_STRANDED] = {"tapewatch_partitions_stranded",
        "Partitions that cannot be read on from their stored offset."},
    [TW_GAUGE_UNANSWERED] = {"tapewatch_partitions_unanswered",
        "Partitions that are read and whose broker does not answer: they hold event time back."},
    [TW_GAUGE_SHARDS] = {"tapewatch_shards", "Shards of entities whose rules this daemon evaluates."},
    [TW_GAUGE_WINDOWS] = {"tapewatch_window_bytes", "Memory of the bars that rules look back on."},
    [TW_GAUGE_WORKERS] = {"tapewatch_workers", "Worker threads."},
    [TW_GAUGE_WORKERS_BUSY] = {"tapewatch_workers_busy", "Worker threads at work."},
    [TW_GAUGE_LAG] = {"tapewatch_lag_messages", "Messages not yet committed, over owned partitions."},
    [TW_GAUGE_STREAM_WATERMARK] = {"tapewatch_watermark_seconds",
        "Event time up to which bars are closed, Unix."},
    [TW_GAUGE_UNCOMMITTED] = {"tapewatch_oldest_uncommitted_seconds",
        "How long records have waited without any being committed; 0 when none waits."},
    [TW_GAUGE_EVALUATION] = {"tapewatch_evaluation_behind_seconds",
        "How long bars below the watermark may have waited without any being evaluated."},
    [TW_GAUGE_SOURCES_UNMATCHED] = {"tapewatch_sources_unmatched",
        "Names of sources.weights that no document has come by since they stand there: misspelt, perhaps."},
    [TW_GAUGE_ENTITIES_WAITING] = {"tapewatch_entities_waiting",
        "Entities of the file that are still to be told to PostgreSQL."},
    [TW_GAUGE_RULES_OTHERS] = {"tapewatch_rules_of_others",
        "1 when other rules are in force than those of this daemon: another has stored its own since."},
    [TW_GAUGE_TIME_AHEAD] = {"tapewatch_event_time_ahead_seconds",
        "By how much event time that moves a watermark leads this machine's clock; 0: it does not."},
};

static const struct description histograms[] = {
    [TW_TIME_COMMIT] = {"tapewatch_commit_seconds", "Time of one transaction."},
    [TW_TIME_RIVER] = {"tapewatch_river_seconds", "Time of one batch in a worker."},
    [TW_TIME_STORED] = {"tapewatch_stored_seconds",
        "From a record's Kafka stamp to its commit, oldest of a batch."},
    [TW_TIME_EVIDENCE] = {"tapewatch_evidence_seconds",
        "From the commit of an alert's step, headline or event to its evidence."},
};

_Static_assert(sizeof counters / sizeof counters[0] == TW_COUNTERS, "a row for each counter");
_Static_assert(sizeof gauges / sizeof gauges[0] == TW_GAUGES, "a row for each gauge");
_Static_assert(sizeof histograms / sizeof histograms[0] == TW_HISTOGRAMS, "a row for each histogram");

static const double bounds[TW_HISTOGRAM_BUCKETS] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

static void observe(struct tw_histogram_counts *counts, double seconds)
{
    size_t bucket = 0;
    while (bucket < TW_HISTOGRAM_BUCKETS && seconds > bounds[bucket])
        bucket++;
    counts->buckets[bucket]++;
    counts->count++;
    counts->sum += seconds;
}

void tw_observe(struct tw_metrics *metrics, enum tw_histogram histogram, double seconds)
{
    observe(&metrics->histograms[histogram], seconds);
}

void tw_observe_stage(struct tw_metrics *metrics, enum tw_stage stage, double seconds)
{
    observe(&metrics->stages[stage], seconds);
}

void tw_count_events(struct tw_metrics *metrics, struct tw_text type, uint64_t by)
{
    uint32_t at = 0;
    while (at < metrics->event_types && !tw_text_equal(type, tw_text_of(metrics->events[at].type)))
        at++;
    if (at == TW_EVENT_SERIES)
        return;
    if (at == metrics->event_types) {
        snprintf(metrics->events[at].type, TW_EVENT_NAME_BYTES, "%.*s", (int)type.length, type.bytes);
        metrics->event_types++;
    }
    metrics->events[at].count += by;
}

const char *tw_counter_name(enum tw_counter counter)
{
    return counters[counter].name;
}

const char *tw_gauge_name(enum tw_gauge gauge)
{
    return gauges[gauge].name;
}

static void print_heading(FILE *to, const struct description *description, const char *type)
{
    fprintf(
        to, "# HELP %s %s\n# TYPE %s %s\n", description->name, description->help, description->name, type);
}

/* `stage`: the value of a label of that name; NULL: there is none. */
static void print_counts(
    FILE *to, const char *name, const char *stage, const struct tw_histogram_counts *counts)
{
    uint64_t cumulative = 0;
    char label[64] = "", alone[64] = "";
    if (stage) {
        snprintf(label, sizeof label, "stage=\"%s\",", stage);
        snprintf(alone, sizeof alone, "{stage=\"%s\"}", stage);
    }
    for (size_t bucket = 0; bucket < TW_HISTOGRAM_BUCKETS; bucket++) {
        cumulative += counts->buckets[bucket];
        fprintf(
            to, "%s_bucket{%sle=\"%g\"} %llu\n", name, label, bounds[bucket], (unsigned long long)cumulative);
    }
    fprintf(to, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, label, (unsigned long long)counts->count);
    fprintf(to, "%s_sum%s %.9g\n", name, alone, counts->sum);
    fprintf(to, "%s_count%s %llu\n", name, alone, (unsigned long long)counts->count);
}

static void print_histogram(FILE *to, const struct tw_metrics *metrics, size_t at)
{
    print_heading(to, &histograms[at], "histogram");
    print_counts(to, histograms[at].name, NULL, &metrics->histograms[at]);
}

const char *const tw_stage_names[TW_STAGES] = {
    [TW_STAGE_KAFKA] = "kafka",
    [TW_STAGE_GATHER] = "gather",
    [TW_STAGE_QUEUE] = "queue",
    [TW_STAGE_WORKER] = "worker",
    [TW_STAGE_ORDER] = "order",
    [TW_STAGE_LINE] = "line",
    [TW_STAGE_STORE] = "store",
};

static void print_stages(FILE *to, const struct tw_metrics *metrics)
{
    static const struct description description = {"tapewatch_stage_seconds",
        "Where the time of tapewatch_stored_seconds went, by stage, oldest of a batch."};
    print_heading(to, &description, "histogram");
    for (size_t stage = 0; stage < TW_STAGES; stage++)
        print_counts(to, description.name, tw_stage_names[stage], &metrics->stages[stage]);
}

enum series { SERIES_OFFSET, SERIES_LAG, SERIES_WATERMARK, SERIES_ANSWERED, SERIES_STRANDED, SERIES };

static const struct description partition_series[] = {
    [SERIES_OFFSET] = {"tapewatch_partition_next_offset", "Next offset, as committed in PostgreSQL."},
    [SERIES_LAG] = {"tapewatch_partition_lag_messages", "Messages of the partition not yet committed."},
    [SERIES_WATERMARK] = {"tapewatch_partition_watermark_seconds", "The partition's watermark, Unix."},
    [SERIES_ANSWERED] = {"tapewatch_partition_broker_answered_seconds",
        "How long ago its broker last answered a fetch; while reading pauses none is sent."},
    [SERIES_STRANDED] = {"tapewatch_partition_stranded",
        "1 when there is no reading on from the stored offset; see reset."},
};

/* The value of a series for a partition; false when it has none yet. */
static bool partition_value(const struct tw_partition *partition, enum series series, double *value)
{
    bool known = partition->row_offset >= 0;
    const struct {
        bool has;
        double value;
    } values[SERIES] = {
        [SERIES_OFFSET] = {known, (double)partition->row_offset},
        [SERIES_LAG] = {tw_partition_lag(partition) >= 0, (double)tw_partition_lag(partition)},
        [SERIES_WATERMARK] = {known && partition->row_watermark_us != INT64_MIN,
            (double)partition->row_watermark_us / 1e6},
        [SERIES_ANSWERED] = {partition->answered_ms > 0 && partition->state != TW_PARTITION_LEAVING,
            (double)(tw_now_ms() - partition->answered_ms) / 1e3},
        [SERIES_STRANDED] = {true, partition->state == TW_PARTITION_STRANDED},
    };
    *value = values[series].value;
    return values[series].has;
}

/* Beside a partition that is taken anew the entry that leaves stands until its batches are back; series of
 * the same labels may come once only, and the newest entry, which stands first, has the word. */
static bool is_superseded(const struct tw_partition *first, const struct tw_partition *partition)
{
    if (partition->state != TW_PARTITION_LEAVING)
        return false;
    for (const struct tw_partition *at = first; at != partition; at = at->next)
        if (at->number == partition->number && strcmp(at->topic, partition->topic) == 0)
            return true;
    return false;
}

static void print_partitions(FILE *to, const struct tw_partition *first)
{
    for (enum series series = 0; series < SERIES; series++) {
        bool heading = false;
        for (const struct tw_partition *at = first; at; at = at->next) {
            double value;
            if (is_superseded(first, at) || !partition_value(at, series, &value))
                continue;
            if (!heading)
                print_heading(to, &partition_series[series], "gauge");
            heading = true;
            /* A topic's name holds letters, digits, '.', '_' and '-' only: nothing to escape. */
            fprintf(to, "%s{topic=\"%s\",partition=\"%d\"} %.17g\n", partition_series[series].name, at->topic,
                at->number, value);
        }
    }
}

static void print_repairs(FILE *to, const struct tw_metrics *metrics)
{
    static const struct description description = {"tapewatch_decode_repairs_total",
        "Documents in which something was read for what it plainly is, or left out, by field."};
    print_heading(to, &description, "counter");
    for (size_t what = 0; what < TW_REPAIRS; what++)
        fprintf(to, "%s{field=\"%s\"} %llu\n", description.name, tw_repair_names[what],
            (unsigned long long)metrics->repairs[what]);
}

/* A type's name holds a-z, 0-9 and _ only. */
static void print_events(FILE *to, const struct tw_metrics *metrics)
{
    static const struct description description = {
        "tapewatch_events_total", "Events of documents known to be committed, by type."};
    if (metrics->event_types > 0)
        print_heading(to, &description, "counter");
    for (uint32_t at = 0; at < metrics->event_types; at++)
        fprintf(to, "%s{type=\"%s\"} %llu\n", description.name, metrics->events[at].type,
            (unsigned long long)metrics->events[at].count);
}

/* A label's value as the exposition format has it. */
static void print_label(FILE *to, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n')
            fputs("\\n", to);
        else if (*value == '"' || *value == '\\')
            fprintf(to, "\\%c", *value);
        else
            putc(*value, to);
    }
}

static void print_sources(FILE *to, const struct tw_metrics *metrics)
{
    static const struct description description = {"tapewatch_source_documents_total",
        "Documents known to be committed, by name of sources.weights that they come by."};
    if (metrics->source_count > 0)
        print_heading(to, &description, "counter");
    for (uint32_t at = 0; at < metrics->source_count; at++) {
        fprintf(to, "%s{source=\"", description.name);
        print_label(to, metrics->sources[at].name);
        fprintf(to, "\"} %llu\n", (unsigned long long)metrics->sources[at].documents);
    }
}

/* Of whichever daemon's partition, or of nobody's. */
static void print_held(FILE *to, const struct tw_metrics *metrics)
{
    static const struct description description = {"tapewatch_watermark_held_seconds",
        "For how long event time has waited for this one partition, though others are further."};
    if (metrics->held_seconds <= 0)
        return;
    print_heading(to, &description, "gauge");
    fprintf(to, "%s{topic=\"%s\",partition=\"%d\"} %.17g\n", description.name, metrics->held_topic,
        metrics->held_partition, metrics->held_seconds);
}

const char *const tw_tell_target_names[TW_TELL_TARGETS] = {
    [TW_TELL_KAFKA] = "kafka", [TW_TELL_ALERTMANAGER] = "alertmanager"};

/* Series by whom alerts are told to, of those that are configured. */
static const struct {
    struct description description;
    const char *type;
} tell_series[] = {
    {{"tapewatch_told_total", "Alerts told, repetitions of open ones included."}, "counter"},
    {{"tapewatch_tell_refused_total", "Alerts that will not be taken, and are not told again."}, "counter"},
    {{"tapewatch_tell_expired_total", "Alerts that waited longer than tell.keep, and are not told."},
        "counter"},
    {{"tapewatch_tell_failures_total", "Deliveries that failed, and are tried again."}, "counter"},
    {{"tapewatch_tell_waiting", "Alerts that wait to be told; 10000: or more."}, "gauge"},
    {{"tapewatch_tell_oldest_seconds", "Age of the oldest alert that waits to be told; 0: none does."},
        "gauge"},
};

static void print_tell(FILE *to, const struct tw_metrics *metrics)
{
    for (size_t series = 0; series < sizeof tell_series / sizeof tell_series[0]; series++) {
        bool heading = false;
        for (size_t target = 0; target < TW_TELL_TARGETS; target++) {
            const struct tw_tell_metrics *tell = &metrics->tell[target];
            const double values[] = {(double)tell->told, (double)tell->refused, (double)tell->expired,
                (double)tell->failures, tell->waiting, tell->oldest_seconds};
            if (!tell->on)
                continue;
            if (!heading)
                print_heading(to, &tell_series[series].description, tell_series[series].type);
            heading = true;
            fprintf(to, "%s{target=\"%s\"} %.17g\n", tell_series[series].description.name,
                tw_tell_target_names[target], values[series]);
        }
    }
}

char *tw_metrics_text(const struct tw_metrics *metrics, const struct tw_partition *first, size_t *length)
{
    char *text = NULL;
    *length = 0;
    FILE *to = open_memstream(&text, length);
    if (!to)
        return NULL;
    for (size_t at = 0; at < TW_COUNTERS; at++) {
        print_heading(to, &counters[at], "counter");
        fprintf(to, "%s %llu\n", counters[at].name, (unsigned long long)metrics->counters[at]);
    }
    print_repairs(to, metrics);
    print_events(to, metrics);
    print_sources(to, metrics);
    for (size_t at = 0; at < TW_GAUGES; at++) {
        print_heading(to, &gauges[at], "gauge");
        fprintf(to, "%s %.17g\n", gauges[at].name, metrics->gauges[at]);
    }
    for (size_t at = 0; at < TW_HISTOGRAMS; at++)
        print_histogram(to, metrics, at);
    print_stages(to, metrics);
    print_partitions(to, first);
    print_held(to, metrics);
    print_tell(to, metrics);
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
