#include "source/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "config/config.h"
#include "source/answers.h"
#include "source/group.h"
#include "source/lag.h"
#include "source/offset_range.h"
#include "source/partitions.h"
#include "source/queues.h"
#include "source/reasons.h"
#include "timestamps/time_text.h"

enum {
    RETAKE_LEAST_MS = 1000, /* after a fence: Kafka may be about to tell us that it is not ours */
    RETAKE_MOST_MS = 60000, /* two groups on one table would else fence each other without end */
    STALL_MS = 2500,        /* a loop that stood still for so long has missed what became of its topics */
};

struct tw_source {
    uv_loop_t *loop;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_source_events events;

    struct tw_group group;
    struct tw_partitions partitions;
    struct tw_queues queues;
    struct tw_offset_range range;
    struct tw_answers answers;
    uv_async_t wake;
    uv_timer_t limit;   /* of leaving */
    uint32_t handles;   /* open ones of these two */
    bool fatal;         /* events.fatal was called */
    uint64_t second_ms; /* monotonic: when tw_source_second was last called; 0: never */

    void (*closed)(void *context, bool cleanly);
    void *closed_context;
};

static void wake_loop(rd_kafka_t *kafka, void *context)
{
    (void)kafka;
    struct tw_source *source = context;
    uv_async_send(&source->wake);
}

static void fail(void *context, const struct tw_error *err)
{
    struct tw_source *source = context;
    if (source->fatal)
        return;
    source->fatal = true;
    source->events.fatal(source->events.context, err);
}

/* What cannot be gone on without: else Kafka would call a partition ours that nobody reads. */
static void fail_for(struct tw_source *source, const struct tw_partition *partition, const char *what)
{
    struct tw_error err;
    char where[300];
    snprintf(where, sizeof where, "topic %s partition %" PRId32, partition->topic, partition->number);
    tw_fail(&err, TW_INTERNAL, where, "give the process more memory", "%s", what);
    fail(source, &err);
}

/* -- partitions come and go ------------------------------------------------------------------------------ */

/* NULL when memory is refused, which is fatal. */
static struct tw_owned_partition *add_partition(
    struct tw_source *source, const char *topic, int32_t number, enum tw_partition_state state)
{
    struct tw_owned_partition *partition = tw_partitions_add(&source->partitions, topic, number, state);
    struct tw_error err;
    if (partition)
        return partition;
    tw_fail(&err, TW_INTERNAL, "source", "give the process more memory", "out of memory for a partition");
    fail(source, &err);
    return NULL;
}

static void leave(struct tw_source *source, struct tw_partition *partition, const char *why)
{
    if (partition->state == TW_PARTITION_LEAVING)
        return;
    tw_queue_close(tw_owned(partition));
    tw_partition_move(partition, TW_PARTITION_LEAVING, why, source->log);
    source->events.leaving(source->events.context, partition);
}

static void leave_all(struct tw_source *source, const char *why)
{
    for (struct tw_partition *at = source->partitions.first; at; at = at->next)
        leave(source, at, why);
}

/* Frees those that left and have nothing out. Never called while the list is being walked. */
static void sweep(struct tw_source *source)
{
    for (struct tw_partition *at = source->partitions.first, *next; at; at = next) {
        next = at->next;
        if (at->state != TW_PARTITION_LEAVING || at->batches_out > 0)
            continue;
        source->events.gone(source->events.context, at);
        tw_partitions_remove(&source->partitions, at);
    }
}

/* The same partition as a new entry, with an epoch to come; the old one leaves. */
static void take_anew(struct tw_source *source, struct tw_partition *old, const char *why)
{
    struct tw_owned_partition *partition =
        add_partition(source, old->topic, old->number, TW_PARTITION_TAKING);
    leave(source, old, why);
    if (partition)
        source->events.take(source->events.context, &partition->base);
}

/* Kafka says that it is ours, its row that it is another's: taken by another daemon, or moved by `reset`.
 * A pause that grew is forgotten when the row was ours for as long as the longest one: then nobody fights
 * for it. */
static void fence_off(struct tw_source *source, struct tw_partition *old)
{
    uint64_t now = tw_now_ms();
    if (!tw_partition_is_readable(old) && old->state != TW_PARTITION_STRANDED)
        return;
    bool peace = now - tw_owned(old)->taken_at_ms > RETAKE_MOST_MS;
    uint64_t pause_ms = peace || tw_owned(old)->retake_ms == 0 ? RETAKE_LEAST_MS : tw_owned(old)->retake_ms;
    struct tw_owned_partition *partition =
        add_partition(source, old->topic, old->number, TW_PARTITION_FENCED);
    leave(source, old, "fenced off: the row is another's");
    if (!partition)
        return;
    partition->take_at_ms = now + pause_ms;
    partition->retake_ms = pause_ms * 2 < RETAKE_MOST_MS ? pause_ms * 2 : RETAKE_MOST_MS;
    tw_log(source->log, TW_WARNING, "source", "fenced off: taking it again if Kafka lets us",
        tw_string("topic", old->topic), tw_int("partition", old->number),
        tw_int("pause_ms", (int64_t)pause_ms));
}

/* -- assignment ------------------------------------------------------------------------------------------ */

/* The whole of it, for the eager protocol knows nothing less. Partitions that are read already go on at
 * the next offset; what was fetched of them is fetched again. */
static rd_kafka_topic_partition_list_t *list_readable(struct tw_source *source)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (struct tw_partition *at = source->partitions.first; at; at = at->next) {
        if (!tw_partition_is_readable(at))
            continue;
        if (!tw_queue_open(tw_owned(at), source->group.kafka, wake_loop, source))
            fail_for(source, at, "librdkafka has no queue for it");
        int64_t offset = tw_owned(at)->check_offset >= 0 ? tw_owned(at)->check_offset : at->expected_offset;
        rd_kafka_topic_partition_list_add(list, at->topic, at->number)->offset =
            offset >= 0 ? offset : RD_KAFKA_OFFSET_BEGINNING;
    }
    return list;
}

/* When librdkafka waits for it, or fetchers have stopped, and no row is being taken. */
static void assign_when_due(struct tw_source *source)
{
    if (!tw_group_takes_assignment(&source->group) ||
        tw_partitions_count(&source->partitions, TW_PARTITION_TAKING) > 0)
        return;
    rd_kafka_topic_partition_list_t *list = list_readable(source);
    bool assigned = tw_group_assign(&source->group, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (struct tw_partition *at = source->partitions.first; assigned && at; at = at->next)
        if (at->state == TW_PARTITION_TAKEN)
            tw_partition_move(at, source->queues.stopped ? TW_PARTITION_PAUSED : TW_PARTITION_READING,
                "assigned at its offset", source->log);
}

void tw_source_taken(
    struct tw_source *source, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err)
{
    if (partition->state != TW_PARTITION_TAKING || partition->assignment != assignment)
        return;
    if (err) {
        fail(source, err);
        return;
    }
    partition->expected_offset = partition->row_offset;
    partition->cut_offset = partition->row_offset;
    tw_owned(partition)->check_offset = partition->row_mark.known ? partition->row_offset - 1 : -1;
    tw_owned(partition)->taken_at_ms = tw_now_ms();
    tw_partition_move(partition, TW_PARTITION_TAKEN, "the row is ours", source->log);
    tw_group_settle(&source->group);
    assign_when_due(source);
}

/* All of them are added before the first is taken: they are assigned together. */
static void on_assigned(void *context, const rd_kafka_topic_partition_list_t *list)
{
    struct tw_source *source = context;
    for (int at = 0; at < list->cnt; at++)
        add_partition(source, list->elems[at].topic, list->elems[at].partition, TW_PARTITION_TAKING);
    for (struct tw_partition *at = source->partitions.first; at; at = at->next)
        if (at->state == TW_PARTITION_TAKING)
            source->events.take(source->events.context, at);
    assign_when_due(source); /* of nothing, it may be */
}

static void on_revoked(void *context, bool lost)
{
    leave_all(context, lost ? "assignment lost" : "revoked");
}

/* -- a stored offset that the broker does not have ------------------------------------------------------- */

static void strand(struct tw_source *source, struct tw_partition *partition, const char *what,
    const struct tw_offset_bounds *bounds)
{
    char cure[512];
    snprintf(cure, sizeof cure,
        "tapewatch reset --topic %s --partition %" PRId32 " --to-beginning --force --dry-run, then --execute",
        partition->topic, partition->number);
    tw_log(source->log, TW_ERROR, "source", "partition stranded", tw_string("topic", partition->topic),
        tw_int("partition", partition->number), tw_string("what", what),
        tw_int("stored", partition->row_offset), tw_int("first", bounds->first), tw_int("end", bounds->end),
        tw_string("cure", cure));
    tw_queue_close(tw_owned(partition));
    tw_partition_move(partition, TW_PARTITION_STRANDED, what, source->log);
}

/* The topic of that name is not the one that was read, or its end was cut off and written anew: what stands
 * from the stored offset on may be read, what stands before it was never seen. */
static void strand_other(
    struct tw_source *source, struct tw_partition *partition, const struct tw_record_mark *found)
{
    static const char what[] =
        "the record before the stored offset is another one: the topic was made anew, cut off or restored";
    char cure[640];
    char stamps[2][TW_TIME_TEXT_BYTES] = {"none", "none"};
    if (partition->row_mark.stamp_us != TW_NO_TIME)
        tw_time_text(partition->row_mark.stamp_us, stamps[0]);
    if (found->stamp_us != TW_NO_TIME)
        tw_time_text(found->stamp_us, stamps[1]);
    snprintf(cure, sizeof cure,
        "give a topic that was made anew another name, for what is stored keeps its offsets; or say where "
        "to read on: tapewatch reset --topic %s --partition %" PRId32
        " --to-offset N --force --dry-run, then --execute",
        partition->topic, partition->number);
    tw_log(source->log, TW_ERROR, "source", "partition stranded", tw_string("topic", partition->topic),
        tw_int("partition", partition->number), tw_string("what", what),
        tw_int("stored", partition->row_offset), tw_string("stamp_stored", stamps[0]),
        tw_string("stamp_found", stamps[1]), tw_string("cure", cure));
    tw_queue_close(tw_owned(partition));
    tw_partition_move(partition, TW_PARTITION_STRANDED, what, source->log);
}

static void jump(struct tw_source *source, struct tw_partition *partition, int64_t offset)
{
    struct tw_owned_partition *owned = tw_owned(partition);
    int64_t skipped = offset - partition->expected_offset;
    tw_count(source->metrics, TW_COUNT_GAPS, skipped > 0 ? (uint64_t)skipped : 0);
    tw_log(source->log, TW_WARNING, "source", "stored offset is gone: reading goes on elsewhere",
        tw_string("topic", partition->topic), tw_int("partition", partition->number),
        tw_int("stored", partition->expected_offset), tw_int("offset", offset),
        tw_string("policy", tw_out_of_range_names[source->config->kafka.out_of_range]));
    /* One jump behind another is one. */
    if (owned->jumped_offset != partition->expected_offset)
        owned->jumped_from = partition->expected_offset;
    owned->jumped_offset = offset;
    partition->expected_offset = offset;
}

static void act_on_bounds(
    struct tw_source *source, struct tw_partition *partition, const struct tw_offset_bounds *bounds)
{
    switch (tw_offset_range_decide(source->config->kafka.out_of_range, partition->expected_offset, bounds)) {
    case TW_OFFSET_BEYOND:
        strand(source, partition, "the stored offset is beyond the partition's end: the topic was made anew",
            bounds);
        return;
    case TW_OFFSET_DELETED:
        strand(source, partition, "the stored offset was deleted by the topic's retention", bounds);
        return;
    case TW_OFFSET_TO_FIRST:
        jump(source, partition, bounds->first);
        break;
    case TW_OFFSET_TO_END:
        jump(source, partition, bounds->end);
        break;
    case TW_OFFSET_WITHIN: /* it is there after all, if not the record before it */
        break;
    }
    tw_owned(partition)->check_offset = -1;
    tw_group_settle(&source->group);
}

static void on_bounds(void *context, uint64_t assignment, const struct tw_offset_bounds *bounds)
{
    struct tw_source *source = context;
    struct tw_partition *partition = tw_partitions_find(&source->partitions, assignment);
    if (source->group.state == TW_GROUP_CLOSING)
        uv_async_send(&source->wake); /* it may be what the end has waited for */
    if (source->group.state >= TW_GROUP_CLOSING || !partition || !tw_partition_is_readable(partition))
        return;
    if (bounds)
        act_on_bounds(source, partition, bounds);
    else
        take_anew(source, partition, "the broker did not tell its offsets");
}

/* -- messages -------------------------------------------------------------------------------------------- */

static bool on_message(void *context, struct tw_partition *partition, rd_kafka_message_t *message)
{
    struct tw_source *source = context;
    return source->events.message(source->events.context, partition, message);
}

static void on_offset_refused(void *context, struct tw_partition *partition)
{
    struct tw_source *source = context;
    if (!tw_offset_range_ask(&source->range, partition))
        fail_for(source, partition, "its offsets cannot be asked for: no memory, or no thread");
}

static void on_other_record(void *context, struct tw_partition *partition, const struct tw_record_mark *found)
{
    struct tw_source *source = context;
    strand_other(source, partition, found);
    tw_group_settle(&source->group); /* what is fetched of it is of no use */
}

/* librdkafka has gone on behind it: it is assigned once more where we are. */
static void on_skipped(void *context, struct tw_partition *partition)
{
    struct tw_source *source = context;
    (void)partition;
    tw_group_settle(&source->group);
}

/* It would be fetched for ever, and nothing behind it ever read. When it holds the record that was stored
 * last, that one cannot be compared any more, which proves nothing: the partition may be readable from its
 * row on. */
static void on_unreadable(void *context, struct tw_partition *partition, const rd_kafka_message_t *message)
{
    struct tw_source *source = context;
    char cure[512];
    if (tw_owned(partition)->check_offset >= 0) {
        tw_owned(partition)->check_offset = -1;
        tw_owned(partition)->unreadable_count = 0;
        tw_group_settle(&source->group);
        return;
    }
    snprintf(cure, sizeof cure,
        "tapewatch reset --topic %s --partition %" PRId32
        " --past-unreadable --force --dry-run, then --execute",
        partition->topic, partition->number);
    tw_log(source->log, TW_ERROR, "source", "partition stranded", tw_string("topic", partition->topic),
        tw_int("partition", partition->number), tw_string("what", "a batch of records cannot be read"),
        tw_int("first", tw_owned(partition)->unreadable_offset), tw_int("stored", partition->row_offset),
        tw_string("why", rd_kafka_message_errstr(message)), tw_string("cure", cure));
    tw_queue_close(tw_owned(partition));
    tw_partition_move(partition, TW_PARTITION_STRANDED, "a batch of records cannot be read", source->log);
    tw_group_settle(&source->group); /* assigned without it: librdkafka fetches it no more */
}

static void on_error(void *context, const rd_kafka_message_t *message)
{
    struct tw_source *source = context;
    tw_group_tell_error(&source->group, message);
}

/* A message that librdkafka put into the group's queue. */
static void on_stray(void *context, rd_kafka_message_t *message)
{
    struct tw_source *source = context;
    tw_queues_take(&source->queues, &source->partitions, message);
}

static void on_statistics(void *context, const char *json, size_t length)
{
    struct tw_source *source = context;
    tw_answers_note(&source->answers, &source->partitions, json, length, tw_now_ms());
}

static void go_on_leaving(struct tw_source *source);

/* This process stood still, and tw_source_second, which sees to that, has not been called yet. */
static bool has_stalled(const struct tw_source *source)
{
    return source->second_ms > 0 && tw_now_ms() - source->second_ms >= STALL_MS;
}

static void woken(uv_async_t *handle)
{
    struct tw_source *source = handle->data;
    tw_group_poll(&source->group);
    if (source->group.state >= TW_GROUP_CLOSING)
        go_on_leaving(source);
    else if (has_stalled(source))
        return;
    else if (tw_queues_read(&source->queues, &source->partitions))
        uv_async_send(&source->wake); /* the queue's event comes for an EMPTY queue only */
    else if (!source->queues.stopped)
        source->events.drained(source->events.context);
    sweep(source);
}

/* -- begin ----------------------------------------------------------------------------------------------- */

static bool open_handles(struct tw_source *source, struct tw_error *err)
{
    if (uv_async_init(source->loop, &source->wake, woken) != 0)
        return tw_fail(err, TW_INTERNAL, "source", NULL, "no handle for Kafka's wake-up");
    uv_timer_init(source->loop, &source->limit);
    source->wake.data = source;
    source->limit.data = source;
    source->handles = 2;
    return true;
}

bool tw_source_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_source_events *events, struct tw_source **out,
    struct tw_error *err)
{
    struct tw_source *source = calloc(1, sizeof *source);
    if (!source)
        return tw_fail(err, TW_INTERNAL, "source", NULL, "out of memory");
    const struct tw_group_events heard = {.context = source,
        .assigned = on_assigned,
        .revoked = on_revoked,
        .message = on_stray,
        .statistics = on_statistics,
        .fatal = fail};
    source->loop = loop;
    source->config = config;
    source->log = log;
    source->metrics = metrics;
    source->events = *events;
    if (!tw_group_begin(&source->group, config, log, metrics, &heard, err)) {
        free(source);
        return false;
    }
    if (!open_handles(source, err)) {
        rd_kafka_destroy(source->group.kafka);
        tw_group_end(&source->group);
        free(source);
        return false;
    }
    tw_answers_begin(&source->answers, source->group.kafka);
    source->range = (struct tw_offset_range){
        .loop = loop, .kafka = source->group.kafka, .context = source, .answered = on_bounds};
    source->queues = (struct tw_queues){.log = log,
        .metrics = metrics,
        .context = source,
        .message = on_message,
        .offset_refused = on_offset_refused,
        .other_record = on_other_record,
        .skipped = on_skipped,
        .unreadable = on_unreadable,
        .error = on_error};
    *out = source;
    tw_group_watch(&source->group, wake_loop, source);
    return true;
}

/* -- what the daemon asks -------------------------------------------------------------------------------- */

static void move_all(
    struct tw_source *source, enum tw_partition_state from, enum tw_partition_state to, const char *why)
{
    for (struct tw_partition *at = source->partitions.first; at; at = at->next)
        if (at->state == from)
            tw_partition_move(at, to, why, source->log);
}

void tw_source_stop(struct tw_source *source)
{
    if (source->queues.stopped)
        return;
    source->queues.stopped = true;
    tw_count(source->metrics, TW_COUNT_PAUSES, 1);
    move_all(source, TW_PARTITION_READING, TW_PARTITION_PAUSED, "above the high mark");
}

void tw_source_go(struct tw_source *source)
{
    if (!source->queues.stopped)
        return;
    source->queues.stopped = false;
    move_all(source, TW_PARTITION_PAUSED, TW_PARTITION_READING, "below the low mark");
    uv_async_send(&source->wake);
}

void tw_source_cut(struct tw_source *source, struct tw_partition *partition)
{
    (void)source;
    partition->batches_out++;
}

void tw_source_fenced(struct tw_source *source, uint64_t assignment)
{
    struct tw_partition *partition = tw_partitions_find(&source->partitions, assignment);
    if (!partition)
        return;
    tw_count(source->metrics, TW_COUNT_FENCED, 1);
    fence_off(source, partition);
    sweep(source);
}

void tw_source_done(struct tw_source *source, struct tw_partition *partition, enum tw_batch_end end)
{
    partition->batches_out--;
    if (end == TW_BATCH_STORED)
        tw_owned(partition)->retake_ms = 0;
    if (end == TW_BATCH_FENCED)
        fence_off(source, partition);
    sweep(source);
}

struct tw_partition *tw_source_partitions(struct tw_source *source)
{
    return source->partitions.first;
}

static void take_again(struct tw_source *source)
{
    uint64_t now = tw_now_ms();
    for (struct tw_partition *at = source->partitions.first; at; at = at->next) {
        if (at->state != TW_PARTITION_FENCED || now < tw_owned(at)->take_at_ms)
            continue;
        tw_partition_move(at, TW_PARTITION_TAKING, "pause over", source->log);
        source->events.take(source->events.context, at);
    }
}

/* While nothing was heard of a broker, or this process stood still, a topic may have been made anew under
 * its name and grown past our offsets: librdkafka goes on in the middle of it without a word. So those
 * partitions are taken anew, with the record that was stored last of each. */
static void doubt_silence(struct tw_source *source)
{
    uint64_t now = tw_now_ms();
    bool stalled = has_stalled(source);
    uint32_t doubted = 0;
    source->second_ms = now;
    if (source->group.state != TW_GROUP_ASSIGNED && source->group.state != TW_GROUP_SETTLING)
        return;
    for (struct tw_partition *at = source->partitions.first, *next; at; at = next) {
        bool silent = tw_answers_silence_ms(tw_owned(at), now) > source->answers.limit_ms;
        next = at->next;
        tw_owned(at)->doubtful = tw_owned(at)->doubtful || silent || stalled;
        if (silent || !tw_owned(at)->doubtful || !tw_partition_is_readable(at) || at->row_offset <= 0)
            continue;
        take_anew(source, at, "it was not heard of for a while");
        doubted++;
    }
    if (doubted > 0)
        tw_log(source->log, TW_NOTICE, "source", "partitions are taken anew after a silence",
            tw_int("partitions", doubted),
            tw_string("why", stalled ? "this process stood still" : "its broker did not answer"));
}

void tw_source_second(struct tw_source *source)
{
    if (source->group.state >= TW_GROUP_CLOSING)
        return;
    doubt_silence(source);
    if (source->group.state == TW_GROUP_SETTLING)
        assign_when_due(source);
    woken(&source->wake); /* whatever the events say: who does not poll is thrown out of the group */
    take_again(source);
    tw_answers_second(&source->answers, &source->partitions, source->log, source->metrics, tw_now_ms());
    tw_lag_note(&source->partitions, source->group.kafka, source->metrics);
    tw_lag_tell(&source->partitions, source->group.kafka);
    sweep(source);
}

int32_t tw_source_topic_size(const struct tw_source *source, const char *topic)
{
    return tw_answers_partitions(&source->answers, topic);
}

bool tw_source_ready(const struct tw_source *source, char *why, size_t size)
{
    return tw_reasons_write(&source->group, &source->partitions, why, size);
}

bool tw_source_is_member(const struct tw_source *source)
{
    return tw_group_is_member(&source->group);
}

/* -- end ------------------------------------------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
    struct tw_source *source = handle->data;
    if (--source->handles > 0)
        return;
    void (*closed)(void *context, bool cleanly) = source->closed;
    void *context = source->closed_context;
    bool cleanly = source->group.state == TW_GROUP_FREED;
    /* librdkafka left behind may still call wake_loop and the log: then the source stays too. */
    if (cleanly) {
        tw_group_end(&source->group);
        tw_answers_end(&source->answers);
        free(source);
    }
    closed(context, cleanly);
}

static void close_handles(void *context)
{
    struct tw_source *source = context;
    uv_close((uv_handle_t *)&source->wake, handle_closed);
    uv_close((uv_handle_t *)&source->limit, handle_closed);
}

static void limit_reached(uv_timer_t *timer)
{
    struct tw_source *source = timer->data;
    tw_log(source->log, TW_WARNING, "source", "librdkafka did not close in time; left behind",
        tw_string("what", "PostgreSQL holds the truth: nothing is lost"));
    tw_group_abandon(&source->group);
    close_handles(source);
}

static void go_on_leaving(struct tw_source *source)
{
    if (!tw_group_has_left(&source->group) || tw_offset_range_open(&source->range) > 0)
        return;
    leave_all(source, "closed");
    sweep(source);
    tw_group_free_consumer(&source->group, source->loop, close_handles, source);
}

void tw_source_end(
    struct tw_source *source, uint64_t limit_ms, void (*closed)(void *context, bool cleanly), void *context)
{
    source->closed = closed;
    source->closed_context = context;
    tw_lag_tell(&source->partitions, source->group.kafka);
    tw_group_leave(&source->group);
    uv_update_time(source->loop);
    uv_timer_start(&source->limit, limit_reached, limit_ms, 0);
    uv_async_send(&source->wake);
}
