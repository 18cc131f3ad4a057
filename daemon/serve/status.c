#include "serve/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "observe/notify.h"
#include "read/time_text.h"
#include "serve/daemon.h"

bool tw_status_ready(const struct tw_daemon *daemon, char *why, size_t size)
{
    char reasons[TW_STATUS_WHY_BYTES - 128];
    if (!tw_daemon_is_open(daemon)) {
        snprintf(why, size, "stopping\n"); /* rooms may be gone already */
        return false;
    }
    bool store = tw_store_ready(daemon->store);
    bool source = tw_source_ready(daemon->source, reasons, sizeof reasons);
    bool evaluator = tw_evaluator_ready(daemon->evaluator);
    snprintf(why, size, "%s%s%s", store ? "" : "PostgreSQL is not to be had\n",
        evaluator || !store ? "" : "rules are not evaluated: see the log\n", reasons);
    return store && evaluator && source;
}

static void set_gauges(struct tw_daemon *daemon)
{
    tw_gauge_set(&daemon->metrics, TW_GAUGE_IN_FLIGHT_BYTES, (double)daemon->flow.bytes);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_BATCHES_OUT, daemon->flow.batches);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_WORKERS_BUSY, tw_pool_busy(daemon->pool));
}

static void tell_systemd(struct tw_daemon *daemon, bool ready, const char *why)
{
    uint64_t documents = daemon->metrics.counters[TW_COUNT_DOCUMENTS];
    if (ready)
        tw_notify_status("%.0f partitions, lag %.0f, %" PRIu64 " documents, %" PRIu64 "/s",
            daemon->metrics.gauges[TW_GAUGE_PARTITIONS], daemon->metrics.gauges[TW_GAUGE_LAG], documents,
            documents - daemon->last_documents);
    else
        tw_notify_status("not ready: %s", why);
    daemon->last_documents = documents;
}

void tw_status_second(struct tw_daemon *daemon, bool ready, const char *why)
{
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
        TW_COUNT_LATE, TW_COUNT_REPEATS, TW_COUNT_GAPS, TW_COUNT_FENCED, TW_COUNT_ALERTS_OPENED};
    static const enum tw_gauge gauges[] = {
        TW_GAUGE_LAG, TW_GAUGE_STRANDED, TW_GAUGE_IN_FLIGHT_BYTES, TW_GAUGE_BATCHES_OUT, TW_GAUGE_SHARDS};
    for (size_t at = 0; at < sizeof counters / sizeof counters[0]; at++)
        add_number(status, tw_counter_name(counters[at]), (double)metrics->counters[counters[at]]);
    for (size_t at = 0; at < sizeof gauges / sizeof gauges[0]; at++)
        add_number(status, tw_gauge_name(gauges[at]), metrics->gauges[gauges[at]]);
}

char *tw_status_text(const struct tw_daemon *daemon)
{
    char why[TW_STATUS_WHY_BYTES];
    bool ready = tw_status_ready(daemon, why, sizeof why);
    json_t *status = json_object();
    json_t *list = json_array();
    json_object_set_new(status, "ready", json_boolean(ready));
    add_text(status, "why", why);
    add_numbers(status, &daemon->metrics);
    for (struct tw_partition *at = daemon->source ? tw_source_partitions(daemon->source) : NULL; at;
         at = at->next)
        add_partition(list, at);
    json_object_set_new(status, "partitions", list);
    char *text = json_dumps(status, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(status);
    return text;
}
