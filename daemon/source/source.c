#include "source/source.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "document.h"
#include "source/kafka.h"

enum {
    ROUND_MESSAGES = 256,   /* read from one partition before the next has its turn */
    PASS_MESSAGES = 4096,   /* read before the loop's other handles have theirs */
    ASK_TIMEOUT_MS = 10000, /* for the broker's first and last offset */
    RETAKE_LEAST_MS = 1000, /* after a fence: Kafka may be about to tell us that it is not ours */
    RETAKE_MOST_MS = 60000, /* two groups on one table would else fence each other without end */
    MOST_REASONS = 16,      /* lines of /readyz, one a partition */
    GAP_LINES_APART_MS = 1000,
    SETTLE_MS = 1000, /* for fetchers to stop */
};

/* The source's own side of a partition; the rest of the daemon sees `base`. */
struct owned {
    struct tw_partition base; /* first: a pointer to one is a pointer to the other */
    rd_kafka_queue_t *queue;  /* NULL unless it is assigned */
    bool at_end;              /* end-of-partition event since the last message */
    bool ranging;             /* the broker is asked for its first and last offset */
    int64_t told_offset;      /* as committed to Kafka, for lag tools */
    int64_t jumped_offset;    /* where reading goes on after a jump, nothing cut is below it; -1: none */
    uint64_t take_at_ms;      /* FENCED: not before */
    uint64_t taken_at_ms;     /* when its row became ours; 0: not yet */
    uint64_t retake_ms;       /* how long it would be FENCED, doubled by each fence */
    uint64_t gap_line_ms;
    uint64_t gap_hidden; /* gaps since that line */
};

struct topic {
    const char *name;
    bool missing;
};

struct tw_source {
    uv_loop_t *loop;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_source_events events;

    rd_kafka_t *kafka;
    rd_kafka_queue_t *closing; /* rebalances of the last goodbye; NULL before it */
    uv_async_t wake;
    uv_timer_t limit;   /* of closing */
    uint32_t handles;   /* open ones of these two */
    uint32_t questions; /* to the broker, on libuv's threads: librdkafka must not be destroyed under them */

    struct topic *topics;
    uint32_t topic_count;
    struct tw_partition *first;
    uint64_t assignments; /* numbers the objects ever made */
    bool in_group;        /* Kafka has given us an assignment, be it empty */
    bool stopped;         /* too much in flight */
    bool refused;         /* a broker refused us (password, certificate, rights); said once */
    bool fatal;           /* events.fatal was called */
    bool assign_due;      /* librdkafka waits for our answer to an assignment */
    uint64_t reassign_ms; /* when to assign anew after a change of our own; 0: nothing to do */

    void (*closed)(void *context, bool cleanly);
    void *closed_context;
    bool destroyed; /* rd_kafka_destroy has returned */
    uv_work_t destroying;
};

const char *const tw_partition_state_names[] = {
    [TW_PARTITION_FENCED] = "fenced",
    [TW_PARTITION_TAKING] = "taking",
    [TW_PARTITION_TAKEN] = "taken",
    [TW_PARTITION_READING] = "reading",
    [TW_PARTITION_PAUSED] = "paused",
    [TW_PARTITION_STRANDED] = "stranded",
    [TW_PARTITION_LEAVING] = "leaving",
};
_Static_assert(sizeof tw_partition_state_names / sizeof tw_partition_state_names[0] == TW_PARTITION_STATES,
    "a word for each state");

static struct owned *own(struct tw_partition *partition)
{
    return (struct owned *)partition;
}

void tw_partition_move(
    struct tw_partition *partition, enum tw_partition_state state, const char *why, const struct tw_log *log)
{
    bool flow = (partition->state == TW_PARTITION_PAUSED || partition->state == TW_PARTITION_READING) &&
                (state == TW_PARTITION_PAUSED || state == TW_PARTITION_READING);
    tw_log(log, flow ? TW_DEBUG : TW_INFO, "source", "partition moved",
        tw_string("from", tw_partition_state_names[partition->state]),
        tw_string("to", tw_partition_state_names[state]), tw_string("why", why),
        tw_string("topic", partition->topic), tw_int("partition", partition->number),
        tw_int("offset", partition->expected_offset), tw_int("epoch", partition->epoch));
    partition->state = state;
}

enum tw_guard tw_source_guard(const struct tw_partition *partition, int64_t offset, int64_t *missing)
{
    *missing = 0;
    /* Without a row the first offset that exists is the right one, whatever its number. */
    if (partition->expected_offset < 0 || offset == partition->expected_offset)
        return TW_GUARD_NEXT;
    if (offset < partition->expected_offset)
        return TW_GUARD_REPEAT;
    *missing = offset - partition->expected_offset;
    return TW_GUARD_GAP;
}

enum tw_range tw_source_range(enum tw_out_of_range policy, int64_t stored, int64_t first, int64_t end)
{
    if (stored >= first && stored <= end)
        return TW_RANGE_WITHIN;
    if (stored > end)
        return TW_RANGE_STRANDED;
    if (policy == TW_OUT_OF_RANGE_EARLIEST)
        return TW_RANGE_FIRST;
    return policy == TW_OUT_OF_RANGE_LATEST ? TW_RANGE_END : TW_RANGE_STOP;
}

/* -- partitions ------------------------------------------------------------------------------------------ */

static void wake_loop(rd_kafka_t *kafka, void *context)
{
    (void)kafka;
    struct tw_source *source = context;
    uv_async_send(&source->wake);
}

static void fail(struct tw_source *source, const struct tw_error *err)
{
    if (source->fatal)
        return;
    source->fatal = true;
    source->events.fatal(source->events.context, err);
}

/* NULL when memory is refused: that is fatal, or Kafka would call a partition ours that nobody reads. */
static struct owned *add_partition(
    struct tw_source *source, const char *topic, int32_t number, enum tw_partition_state state)
{
    struct owned *partition = calloc(1, sizeof *partition);
    if (!partition) {
        struct tw_error err;
        tw_fail(&err, TW_INTERNAL, "source", "give the process more memory", "out of memory for a partition");
        fail(source, &err);
        return NULL;
    }
    snprintf(partition->base.topic, sizeof partition->base.topic, "%s", topic);
    partition->base.number = number;
    partition->base.state = state;
    partition->base.assignment = ++source->assignments;
    partition->base.row_offset = -1;
    partition->base.row_watermark_us = TW_NO_TIME;
    partition->base.expected_offset = -1;
    partition->base.cut_offset = -1;
    partition->base.end_offset = -1;
    partition->base.last_message_ms = tw_now_ms();
    partition->told_offset = -1;
    partition->jumped_offset = -1;
    partition->retake_ms = RETAKE_LEAST_MS;
    partition->base.next = source->first;
    source->first = &partition->base;
    return partition;
}

static void close_queue(struct owned *partition)
{
    if (!partition->queue)
        return;
    rd_kafka_queue_cb_event_enable(partition->queue, NULL, NULL);
    rd_kafka_queue_destroy(partition->queue);
    partition->queue = NULL;
}

static void leave(struct tw_source *source, struct tw_partition *partition, const char *why)
{
    if (partition->state == TW_PARTITION_LEAVING)
        return;
    close_queue(own(partition));
    tw_partition_move(partition, TW_PARTITION_LEAVING, why, source->log);
    source->events.leaving(source->events.context, partition);
}

/* Frees those that left and have nothing out. Never called while a list is being walked. */
static void sweep(struct tw_source *source)
{
    for (struct tw_partition **link = &source->first; *link;) {
        struct tw_partition *partition = *link;
        if (partition->state != TW_PARTITION_LEAVING || partition->batches_out > 0) {
            link = &partition->next;
            continue;
        }
        *link = partition->next;
        source->events.gone(source->events.context, partition);
        free(partition);
    }
}

/* The same partition as a new object, with an epoch to come; the old one leaves. */
static void take_anew(struct tw_source *source, struct owned *old, const char *why)
{
    struct owned *partition = add_partition(source, old->base.topic, old->base.number, TW_PARTITION_TAKING);
    leave(source, &old->base, why);
    if (partition)
        source->events.take(source->events.context, &partition->base);
}

static bool is_readable(const struct owned *partition)
{
    return partition->base.state == TW_PARTITION_READING || partition->base.state == TW_PARTITION_PAUSED ||
           partition->base.state == TW_PARTITION_TAKEN;
}

/* Kafka says that it is ours, its row that it is another's: taken by another daemon, or moved by `reset`. A pause that
 * grew is forgotten when the row was ours for as long as the longest one: then nobody fights for it. */
static void fence_off(struct tw_source *source, struct owned *old)
{
    uint64_t now = tw_now_ms();
    if (!is_readable(old) && old->base.state != TW_PARTITION_STRANDED)
        return;
    uint64_t pause_ms = now - old->taken_at_ms > RETAKE_MOST_MS ? RETAKE_LEAST_MS : old->retake_ms;
    struct owned *partition = add_partition(source, old->base.topic, old->base.number, TW_PARTITION_FENCED);
    leave(source, &old->base, "fenced off: the row is another's");
    if (!partition)
        return;
    partition->take_at_ms = now + pause_ms;
    partition->retake_ms = pause_ms * 2 < RETAKE_MOST_MS ? pause_ms * 2 : RETAKE_MOST_MS;
    tw_log(source->log, TW_WARNING, "source", "fenced off: taking it again if Kafka lets us",
        tw_string("topic", old->base.topic), tw_int("partition", old->base.number),
        tw_int("pause_ms", (int64_t)pause_ms));
}

/* -- assignment ------------------------------------------------------------------------------------------ */

static void open_queue(struct tw_source *source, struct owned *partition)
{
    if (partition->queue)
        return;
    partition->queue =
        rd_kafka_queue_get_partition(source->kafka, partition->base.topic, partition->base.number);
    if (!partition->queue)
        return;
    rd_kafka_queue_forward(partition->queue, NULL); /* before assign, or messages leak to the main queue */
    rd_kafka_queue_cb_event_enable(partition->queue, wake_loop, source);
}

/* Tells librdkafka what to read from where: the eager protocol knows the whole assignment only. Partitions that
 * are read already go on at the next offset; what was fetched of them is fetched again. */
static void assign_all(struct tw_source *source)
{
    source->assign_due = false;
    source->reassign_ms = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (struct tw_partition *at = source->first; at; at = at->next) {
        struct owned *partition = own(at);
        if (!is_readable(partition))
            continue;
        open_queue(source, partition);
        rd_kafka_topic_partition_list_add(list, at->topic, at->number)->offset =
            at->expected_offset >= 0 ? at->expected_offset : RD_KAFKA_OFFSET_BEGINNING;
        if (at->state == TW_PARTITION_TAKEN)
            tw_partition_move(at, source->stopped ? TW_PARTITION_PAUSED : TW_PARTITION_READING,
                "assigned at its offset", source->log);
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(source->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        tw_log(source->log, TW_WARNING, "source", "assignment refused",
            tw_string("what", rd_kafka_err2str(code)));
}

/* A change of our own: reading stops everywhere and begins anew when the fetchers have stopped. In two steps,
 * because librdkafka 2.0.2 aborts the process (rdkafka_assignment.c, "rktp_started") when a partition is taken
 * out of an assignment a second time before its fetcher has stopped from the first. */
static void assign_anew(struct tw_source *source)
{
    if (source->assign_due || source->reassign_ms != 0)
        return;
    source->reassign_ms = tw_now_ms() + SETTLE_MS;
    rd_kafka_assign(source->kafka, NULL);
}

static bool is_waiting_for_takes(const struct tw_source *source)
{
    for (const struct tw_partition *at = source->first; at; at = at->next)
        if (at->state == TW_PARTITION_TAKING)
            return true;
    return false;
}

void tw_source_taken(
    struct tw_source *source, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err)
{
    struct owned *taken = own(partition);
    if (partition->state != TW_PARTITION_TAKING || partition->assignment != assignment)
        return;
    if (err) {
        fail(source, err);
        return;
    }
    partition->expected_offset = partition->row_offset;
    partition->cut_offset = partition->row_offset;
    taken->taken_at_ms = tw_now_ms();
    tw_partition_move(partition, TW_PARTITION_TAKEN, "the row is ours", source->log);
    assign_anew(source);
    if (source->assign_due && !is_waiting_for_takes(source))
        assign_all(source);
}

static void mark_topic(struct tw_source *source, const char *name, bool missing)
{
    for (uint32_t at = 0; at < source->topic_count; at++) {
        struct topic *topic = &source->topics[at];
        if (strcmp(topic->name, name) != 0 || topic->missing == missing)
            continue;
        topic->missing = missing;
        if (missing)
            tw_log(source->log, TW_WARNING, "source", "topic missing", tw_string("topic", name),
                tw_string("what", "the topic does not exist; waiting for it"),
                tw_string("cure", "create the topic, or correct kafka.topics"));
        else
            tw_log(source->log, TW_INFO, "source", "topic found", tw_string("topic", name));
    }
}

static void assigned(struct tw_source *source, const rd_kafka_topic_partition_list_t *list)
{
    source->in_group = true;
    source->assign_due = true;
    tw_log(source->log, TW_INFO, "source", "assignment received", tw_int("partitions", list->cnt));
    for (int at = 0; at < list->cnt; at++) {
        /* All of them before the first answer: they are assigned together. */
        add_partition(source, list->elems[at].topic, list->elems[at].partition, TW_PARTITION_TAKING);
        mark_topic(source, list->elems[at].topic, false);
    }
    for (struct tw_partition *at = source->first; at; at = at->next)
        if (at->state == TW_PARTITION_TAKING)
            source->events.take(source->events.context, at);
    if (list->cnt == 0)
        assign_all(source);
}

static void revoked(struct tw_source *source, bool lost)
{
    source->in_group = false;
    source->assign_due = false;
    source->reassign_ms = 0;
    tw_log(source->log, lost ? TW_WARNING : TW_INFO, "source",
        lost ? "assignment lost: thrown out of the group" : "assignment revoked",
        tw_string("group", source->config->kafka.group));
    for (struct tw_partition *at = source->first; at; at = at->next)
        leave(source, at, lost ? "assignment lost" : "revoked");
    rd_kafka_assign(source->kafka, NULL);
}

static void rebalanced(
    rd_kafka_t *kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *context)
{
    struct tw_source *source = context;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && source->closing) {
        rd_kafka_assign(
            kafka, NULL); /* it was on its way when we said goodbye: nobody is left to take rows */
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assigned(source, list);
        return;
    }
    if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        tw_log(
            source->log, TW_WARNING, "source", "rebalance failed", tw_string("what", rd_kafka_err2str(code)));
    revoked(source, rd_kafka_assignment_lost(kafka));
}

/* -- a stored offset that the broker does not have ---------------------------------------------------------- */

struct range_question {
    uv_work_t work;
    struct tw_source *source;
    uint64_t assignment;
    char topic[256];
    int32_t number;
    rd_kafka_resp_err_t code;
    int64_t first;
    int64_t end;
};

static void ask_broker(uv_work_t *work)
{
    struct range_question *question = work->data;
    question->code = rd_kafka_query_watermark_offsets(question->source->kafka, question->topic,
        question->number, &question->first, &question->end, ASK_TIMEOUT_MS);
}

static void strand(
    struct tw_source *source, struct owned *partition, const char *what, int64_t first, int64_t end)
{
    char cure[512];
    snprintf(cure, sizeof cure,
        "tapewatch reset --topic %s --partition %" PRId32 " --to-beginning --force --dry-run, then --execute",
        partition->base.topic, partition->base.number);
    tw_log(source->log, TW_ERROR, "source", "partition stranded", tw_string("topic", partition->base.topic),
        tw_int("partition", partition->base.number), tw_string("what", what),
        tw_int("stored", partition->base.row_offset), tw_int("first", first), tw_int("end", end),
        tw_string("cure", cure));
    close_queue(partition);
    tw_partition_move(&partition->base, TW_PARTITION_STRANDED, what, source->log);
}

static void jump(struct tw_source *source, struct owned *partition, int64_t offset)
{
    int64_t skipped = offset - partition->base.expected_offset;
    tw_count(source->metrics, TW_COUNT_GAPS, skipped > 0 ? (uint64_t)skipped : 0);
    tw_log(source->log, TW_WARNING, "source", "stored offset is gone: reading goes on elsewhere",
        tw_string("topic", partition->base.topic), tw_int("partition", partition->base.number),
        tw_int("stored", partition->base.expected_offset), tw_int("offset", offset),
        tw_string("policy", tw_out_of_range_names[source->config->kafka.out_of_range]));
    /* The row stays until there is a message to move it; with nothing to cut, all is committed all the same. */
    if (partition->base.cut_offset == partition->base.expected_offset ||
        partition->jumped_offset == partition->base.expected_offset)
        partition->jumped_offset = offset;
    partition->base.expected_offset = offset;
}

static void act_on_range(struct tw_source *source, struct owned *partition, int64_t first, int64_t end)
{
    switch (
        tw_source_range(source->config->kafka.out_of_range, partition->base.expected_offset, first, end)) {
    case TW_RANGE_STRANDED:
        strand(source, partition, "the stored offset is beyond the partition's end: the topic was made anew",
            first, end);
        break;
    case TW_RANGE_STOP:
        strand(source, partition, "the stored offset was deleted by the topic's retention", first, end);
        break;
    case TW_RANGE_FIRST:
        jump(source, partition, first);
        assign_anew(source);
        break;
    case TW_RANGE_END:
        jump(source, partition, end);
        assign_anew(source);
        break;
    case TW_RANGE_WITHIN:
        assign_anew(source); /* it is there after all */
        break;
    }
}

static void broker_answered(uv_work_t *work, int status)
{
    struct range_question *question = work->data;
    struct tw_source *source = question->source;
    struct tw_partition *at = source->first;
    source->questions--;
    while (at && at->assignment != question->assignment)
        at = at->next;
    if (status == 0 && at && !source->closing && is_readable(own(at))) {
        own(at)->ranging = false;
        if (question->code == RD_KAFKA_RESP_ERR_NO_ERROR)
            act_on_range(source, own(at), question->first, question->end);
        else
            take_anew(source, own(at), "the broker did not tell its offsets");
    }
    free(question);
    if (source->closing && !uv_is_closing((uv_handle_t *)&source->wake))
        uv_async_send(&source->wake); /* it may be what the end has waited for */
}

static void ask_range(struct tw_source *source, struct owned *partition)
{
    if (partition->ranging)
        return;
    struct range_question *question = calloc(1, sizeof *question);
    if (!question)
        return;
    question->work.data = question;
    question->source = source;
    question->assignment = partition->base.assignment;
    snprintf(question->topic, sizeof question->topic, "%s", partition->base.topic);
    question->number = partition->base.number;
    partition->ranging = true;
    source->questions++;
    if (uv_queue_work(source->loop, &question->work, ask_broker, broker_answered) != 0) {
        partition->ranging = false;
        source->questions--;
        free(question);
    }
}

/* -- messages ---------------------------------------------------------------------------------------------- */

/* One line a second for each partition at most: a compacted topic has a gap at every other record. */
static void note_gap(struct tw_source *source, struct owned *partition, int64_t missing, int64_t offset)
{
    uint64_t now = tw_now_ms();
    tw_count(source->metrics, TW_COUNT_GAPS, (uint64_t)missing);
    partition->gap_hidden += (uint64_t)missing;
    if (now - partition->gap_line_ms < GAP_LINES_APART_MS)
        return;
    tw_log(source->log, TW_NOTICE, "source", "offsets without a message (markers, compaction or retention)",
        tw_string("topic", partition->base.topic), tw_int("partition", partition->base.number),
        tw_int("before", offset), tw_int("missing", (int64_t)partition->gap_hidden));
    partition->gap_line_ms = now;
    partition->gap_hidden = 0;
}

/* Returns false to stop reading for now. */
static bool take_message(struct tw_source *source, struct owned *partition, rd_kafka_message_t *message)
{
    int64_t missing = 0;
    enum tw_guard guard = tw_source_guard(&partition->base, message->offset, &missing);
    if (guard == TW_GUARD_REPEAT) {
        tw_count(source->metrics, TW_COUNT_REPEATS, 1);
        rd_kafka_message_destroy(message);
        return true;
    }
    if (guard == TW_GUARD_GAP)
        note_gap(source, partition, missing, message->offset);
    partition->base.expected_offset = message->offset + 1;
    partition->base.last_message_ms = tw_now_ms();
    partition->at_end = false;
    partition->base.caught_up = false;
    tw_count(source->metrics, TW_COUNT_MESSAGES, 1);
    tw_count(source->metrics, TW_COUNT_BYTES, message->len);
    return source->events.message(source->events.context, &partition->base, message);
}

static void end_reached(struct tw_source *source, struct owned *partition, rd_kafka_message_t *message)
{
    (void)source;
    partition->at_end = true;
    partition->base.end_offset = message->offset;
}

static void range_error(struct tw_source *source, struct owned *partition, rd_kafka_message_t *message)
{
    (void)message;
    ask_range(source, partition);
}

static const struct {
    rd_kafka_resp_err_t code;
    void (*act)(struct tw_source *source, struct owned *partition, rd_kafka_message_t *message);
} partition_errors[] = {
    {RD_KAFKA_RESP_ERR__PARTITION_EOF, end_reached},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, range_error},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, range_error},
};

static void note_error(struct tw_source *source, const rd_kafka_message_t *message)
{
    tw_count(source->metrics, TW_COUNT_KAFKA_ERRORS, 1);
    tw_log(source->log, TW_WARNING, "source", "kafka error",
        tw_string("topic", message->rkt ? rd_kafka_topic_name(message->rkt) : ""),
        tw_int("partition", message->partition), tw_string("code", rd_kafka_err2name(message->err)),
        tw_string("what", rd_kafka_message_errstr(message)));
}

static void take_error(struct tw_source *source, struct owned *partition, rd_kafka_message_t *message)
{
    for (size_t at = 0; at < sizeof partition_errors / sizeof partition_errors[0]; at++) {
        if (partition_errors[at].code != message->err)
            continue;
        partition_errors[at].act(source, partition, message);
        rd_kafka_message_destroy(message);
        return;
    }
    note_error(source, message);
    rd_kafka_message_destroy(message);
}

/* Reads a partition's queue for one round; *more tells whether something may be left in it. Returns messages read.
 * Reading stops with the source: whoever asks for the stop is heard at once. */
static uint32_t read_partition(struct tw_source *source, struct owned *partition, bool *more)
{
    uint32_t count = 0;
    while (count < ROUND_MESSAGES && !source->stopped) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(partition->queue, 0);
        if (!message)
            return count;
        count++;
        if (message->err) {
            take_error(source, partition, message);
            if (!partition->queue)
                return count;
        } else if (!take_message(source, partition, message)) {
            break;
        }
    }
    *more = true;
    return count;
}

static bool is_read(const struct tw_partition *partition)
{
    return partition->state == TW_PARTITION_READING && ((const struct owned *)partition)->queue;
}

/* Every partition in turn, until all are empty or it is time for the loop's other handles. */
static void read_messages(struct tw_source *source)
{
    uint32_t count = 0;
    bool more = true;
    while (more && count < PASS_MESSAGES && !source->stopped) {
        more = false;
        for (struct tw_partition *at = source->first; at && !source->stopped; at = at->next)
            if (is_read(at))
                count += read_partition(source, own(at), &more);
    }
    if (source->stopped)
        return; /* tw_source_go begins again */
    if (more)
        uv_async_send(&source->wake); /* the queue's event comes for an EMPTY queue only */
    else
        source->events.drained(source->events.context);
}

/* -- the group's own queue: rebalances, errors of the whole -------------------------------------------------- */

static struct owned *find(struct tw_source *source, const char *topic, int32_t number)
{
    for (struct tw_partition *at = source->first; at; at = at->next)
        if (at->number == number && is_read(at) && strcmp(at->topic, topic) == 0)
            return own(at);
    return NULL;
}

static void take_from_group(struct tw_source *source, rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
    struct owned *partition = find(source, topic, message->partition);
    if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        mark_topic(source, topic, true);
    else if (message->err)
        note_error(source, message);
    else if (partition) {
        take_message(source, partition, message);
        return;
    }
    rd_kafka_message_destroy(message);
}

static void serve_group(struct tw_source *source)
{
    for (rd_kafka_message_t *message; (message = rd_kafka_consumer_poll(source->kafka, 0));)
        take_from_group(source, message);
}

static void note_fatal(struct tw_source *source)
{
    char text[400];
    struct tw_error err = {0};
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(source->kafka, text, sizeof text);
    tw_fail(&err, TW_INTERNAL, "kafka", "restart; if it comes again, read the broker's log",
        "fatal error %s: %s", rd_kafka_err2name(code), text);
    fail(source, &err);
}

/* Called by librdkafka from inside rd_kafka_consumer_poll, so on the loop. */
static void kafka_error(rd_kafka_t *kafka, int code, const char *reason, void *context)
{
    (void)kafka;
    struct tw_source *source = context;
    tw_count(source->metrics, TW_COUNT_KAFKA_ERRORS, 1);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        note_fatal(source);
        return;
    }
    source->refused = source->refused || code == RD_KAFKA_RESP_ERR__AUTHENTICATION;
    tw_log(source->log, TW_WARNING, "source", "kafka error",
        tw_string("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)), tw_string("what", reason));
}

/* Called on librdkafka's own threads: the log is safe there, nothing else here would be. */
static void kafka_line(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    const struct tw_source *source = rd_kafka_opaque(kafka);
    static const enum tw_level levels[] = {TW_ERROR, TW_ERROR, TW_ERROR, TW_ERROR, TW_WARNING, TW_NOTICE,
        TW_DEBUG, TW_DEBUG}; /* by syslog's numbers */
    if (level < 0 || level > 7)
        level = 7;
    tw_log(source->log, levels[level], "librdkafka", text, tw_string("facility", facility));
}

static void serve_closing(struct tw_source *source);

static void woken(uv_async_t *handle)
{
    struct tw_source *source = handle->data;
    if (source->closing) {
        serve_closing(source);
        return;
    }
    serve_group(source);
    if (!source->stopped)
        read_messages(source);
    sweep(source);
}

/* -- begin ------------------------------------------------------------------------------------------------- */

static bool subscribe(struct tw_source *source, struct tw_error *err)
{
    const struct tw_strings *topics = &source->config->kafka.topics;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->count);
    for (uint32_t at = 0; at < topics->count; at++)
        rd_kafka_topic_partition_list_add(list, topics->items[at], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(source->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return tw_fail(err, TW_CONFIG, "kafka.topics", "name at least one topic", "cannot subscribe: %s",
            rd_kafka_err2str(code));
    return true;
}

static bool make_consumer(struct tw_source *source, struct tw_error *err)
{
    rd_kafka_conf_t *settings = NULL;
    if (!tw_kafka_settings(source->config, TW_KAFKA_CONSUMER, &settings, err))
        return false;
    rd_kafka_conf_set_opaque(settings, source);
    rd_kafka_conf_set_log_cb(settings, kafka_line);
    rd_kafka_conf_set_error_cb(settings, kafka_error);
    rd_kafka_conf_set_rebalance_cb(settings, rebalanced);
    if (!tw_kafka_new(TW_KAFKA_CONSUMER, settings, &source->kafka, err))
        return false;
    rd_kafka_poll_set_consumer(source->kafka);
    return true;
}

static bool copy_topics(struct tw_source *source, struct tw_error *err)
{
    const struct tw_strings *topics = &source->config->kafka.topics;
    source->topics = calloc(topics->count + 1, sizeof *source->topics);
    if (!source->topics)
        return tw_fail(err, TW_INTERNAL, "source", NULL, "out of memory");
    source->topic_count = topics->count;
    for (uint32_t at = 0; at < topics->count; at++)
        source->topics[at].name = topics->items[at];
    return true;
}

/* The consumer's queue lives as long as the consumer; our reference to it is needed for a moment only. */
static void watch_group(struct tw_source *source, bool on)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(source->kafka);
    if (!queue)
        return;
    rd_kafka_queue_cb_event_enable(queue, on ? wake_loop : NULL, on ? source : NULL);
    rd_kafka_queue_destroy(queue);
}

bool tw_source_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_source_events *events, struct tw_source **out,
    struct tw_error *err)
{
    struct tw_source *source = calloc(1, sizeof *source);
    if (!source)
        return tw_fail(err, TW_INTERNAL, "source", NULL, "out of memory");
    source->loop = loop;
    source->config = config;
    source->log = log;
    source->metrics = metrics;
    source->events = *events;
    if (!copy_topics(source, err) || !make_consumer(source, err) || !subscribe(source, err))
        goto failed;
    if (uv_async_init(loop, &source->wake, woken) != 0) {
        tw_fail(err, TW_INTERNAL, "source", NULL, "no handle for Kafka's wake-up");
        goto failed;
    }
    uv_timer_init(loop, &source->limit);
    source->wake.data = source;
    source->limit.data = source;
    source->handles = 2;
    *out = source;
    watch_group(source, true);
    return true;
failed:
    if (source->kafka)
        rd_kafka_destroy(source->kafka);
    free(source->topics);
    free(source);
    return false;
}

/* -- what the daemon asks ----------------------------------------------------------------------------------- */

static void move_all(
    struct tw_source *source, enum tw_partition_state from, enum tw_partition_state to, const char *why)
{
    for (struct tw_partition *at = source->first; at; at = at->next)
        if (at->state == from)
            tw_partition_move(at, to, why, source->log);
}

void tw_source_stop(struct tw_source *source)
{
    if (source->stopped)
        return;
    source->stopped = true;
    tw_count(source->metrics, TW_COUNT_PAUSES, 1);
    move_all(source, TW_PARTITION_READING, TW_PARTITION_PAUSED, "above the high mark");
}

void tw_source_go(struct tw_source *source)
{
    if (!source->stopped)
        return;
    source->stopped = false;
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
    for (struct tw_partition *at = source->first; at; at = at->next)
        if (at->assignment == assignment) {
            tw_count(source->metrics, TW_COUNT_FENCED, 1);
            fence_off(source, own(at));
            break;
        }
    sweep(source);
}

void tw_source_done(struct tw_source *source, struct tw_partition *partition, enum tw_batch_end end)
{
    struct owned *owned = own(partition);
    partition->batches_out--;
    if (end == TW_BATCH_STORED)
        owned->retake_ms = RETAKE_LEAST_MS;
    if (end == TW_BATCH_FENCED)
        fence_off(source, owned);
    sweep(source);
}

struct tw_partition *tw_source_partitions(struct tw_source *source)
{
    return source->first;
}

/* Caught up is what has been COMMITTED up to the end, not what has been read: the watermark of a partition with
 * documents still in flight must not be passed by the stream's. */
static void note_position(struct tw_source *source, struct owned *partition)
{
    struct tw_partition *base = &partition->base;
    int64_t low = 0;
    int64_t high = -1;
    base->caught_up =
        partition->at_end && base->batches_out == 0 &&
        (base->cut_offset == base->expected_offset || partition->jumped_offset == base->expected_offset);
    if (rd_kafka_get_watermark_offsets(source->kafka, base->topic, base->number, &low, &high) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        high > base->end_offset)
        base->end_offset = high;
}

static int64_t lag_of(const struct tw_partition *partition)
{
    if (partition->caught_up || partition->end_offset < 0)
        return 0;
    int64_t stored = partition->row_offset > 0 ? partition->row_offset : 0;
    return partition->end_offset > stored ? partition->end_offset - stored : 0;
}

static void set_gauges(struct tw_source *source)
{
    uint32_t readable = 0;
    uint32_t stranded = 0;
    int64_t lag = 0;
    for (struct tw_partition *at = source->first; at; at = at->next) {
        stranded += at->state == TW_PARTITION_STRANDED;
        if (at->state != TW_PARTITION_READING && at->state != TW_PARTITION_PAUSED)
            continue;
        readable++;
        note_position(source, own(at));
        lag += lag_of(at);
    }
    tw_gauge_set(source->metrics, TW_GAUGE_PARTITIONS, readable);
    tw_gauge_set(source->metrics, TW_GAUGE_STRANDED, stranded);
    tw_gauge_set(source->metrics, TW_GAUGE_LAG, (double)lag);
}

/* Advisory, for lag tools: PostgreSQL holds the truth, so nobody waits for the answer. */
static void tell_offsets(struct tw_source *source)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (struct tw_partition *at = source->first; at; at = at->next) {
        struct owned *partition = own(at);
        if (!partition->queue || at->row_offset <= partition->told_offset)
            continue;
        rd_kafka_topic_partition_list_add(list, at->topic, at->number)->offset = at->row_offset;
        partition->told_offset = at->row_offset;
    }
    if (list->cnt > 0)
        rd_kafka_commit(source->kafka, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

static void take_again(struct tw_source *source)
{
    uint64_t now = tw_now_ms();
    for (struct tw_partition *at = source->first; at; at = at->next) {
        if (at->state != TW_PARTITION_FENCED || now < own(at)->take_at_ms)
            continue;
        tw_partition_move(at, TW_PARTITION_TAKING, "pause over", source->log);
        source->events.take(source->events.context, at);
    }
}

void tw_source_second(struct tw_source *source)
{
    if (source->closing)
        return;
    if (source->reassign_ms != 0 && tw_now_ms() >= source->reassign_ms && !is_waiting_for_takes(source))
        assign_all(source);
    woken(&source->wake); /* whatever the events say: who does not poll is thrown out of the group */
    take_again(source);
    set_gauges(source);
    tell_offsets(source);
    sweep(source);
}

/* Lines of text as they are written into a buffer; those beyond MOST_REASONS are counted only. */
struct reasons {
    char *text;
    size_t size;
    size_t used;
    uint32_t count;
};

static void add_reason(struct reasons *reasons, const char *format, ...) TW_PRINTF(2, 3);
static void add_reason(struct reasons *reasons, const char *format, ...)
{
    va_list arguments;
    if (reasons->count++ >= MOST_REASONS || reasons->used >= reasons->size)
        return;
    va_start(arguments, format);
    int length = vsnprintf(reasons->text + reasons->used, reasons->size - reasons->used, format, arguments);
    va_end(arguments);
    reasons->used += length > 0 ? (size_t)length : 0;
}

static void add_partitions(
    struct reasons *reasons, const struct tw_source *source, enum tw_partition_state state, const char *what)
{
    for (const struct tw_partition *at = source->first; at; at = at->next)
        if (at->state == state)
            add_reason(reasons, "topic %s partition %" PRId32 " %s\n", at->topic, at->number, what);
}

/* The gravest first: the first line is what the log and STATUS= show. */
static void add_partition_reasons(struct reasons *reasons, const struct tw_source *source)
{
    for (const struct tw_partition *at = source->first; at; at = at->next)
        if (at->state == TW_PARTITION_STRANDED)
            add_reason(reasons, "topic %s partition %" PRId32 " is stranded at offset %" PRId64 "\n",
                at->topic, at->number, at->row_offset);
    add_partitions(
        reasons, source, TW_PARTITION_FENCED, "is fenced off: its row is another's, it is taken again");
    add_partitions(reasons, source, TW_PARTITION_TAKING, "is being taken");
}

bool tw_source_ready(const struct tw_source *source, char *why, size_t size)
{
    struct reasons reasons = {.text = why, .size = size};
    why[0] = '\0';
    for (uint32_t at = 0; at < source->topic_count; at++)
        if (source->topics[at].missing)
            add_reason(&reasons, "waiting for topic %s\n", source->topics[at].name);
    add_partition_reasons(&reasons, source);
    if (!source->in_group && source->refused)
        add_reason(&reasons, "refused by the broker\n");
    else if (!source->in_group)
        add_reason(&reasons, "joining group %s\n", source->config->kafka.group);
    if (reasons.count > MOST_REASONS && reasons.used < size)
        snprintf(why + reasons.used, size - reasons.used, "and %u more\n", reasons.count - MOST_REASONS);
    return reasons.count == 0;
}

/* -- end ---------------------------------------------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
    struct tw_source *source = handle->data;
    if (--source->handles > 0)
        return;
    void (*closed)(void *context, bool cleanly) = source->closed;
    void *context = source->closed_context;
    bool cleanly = source->destroyed;
    /* librdkafka left behind may still call wake_loop and the log: then the source stays too. */
    if (cleanly) {
        free(source->topics);
        free(source);
    }
    closed(context, cleanly);
}

static void close_handles(struct tw_source *source)
{
    uv_close((uv_handle_t *)&source->wake, handle_closed);
    uv_close((uv_handle_t *)&source->limit, handle_closed);
}

static void limit_reached(uv_timer_t *timer)
{
    struct tw_source *source = timer->data;
    tw_log(source->log, TW_WARNING, "source", "librdkafka did not close in time; left behind",
        tw_string("what", "PostgreSQL holds the truth: nothing is lost"));
    close_handles(source);
}

static void destroy_consumer(uv_work_t *work)
{
    struct tw_source *source = work->data;
    rd_kafka_destroy(source->kafka);
}

static void consumer_destroyed(uv_work_t *work, int status)
{
    (void)status;
    struct tw_source *source = work->data;
    if (uv_is_closing((uv_handle_t *)&source->limit))
        return; /* too late: it was left behind */
    source->destroyed = true;
    close_handles(source);
}

static void serve_closing(struct tw_source *source)
{
    if (source->destroying.data)
        return;
    for (rd_kafka_event_t *event; (event = rd_kafka_queue_poll(source->closing, 0));) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) /* no callback on a queue of one's own */
            rebalanced(source->kafka, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event),
                source);
        rd_kafka_event_destroy(event);
    }
    sweep(source);
    if (!rd_kafka_consumer_closed(source->kafka) || source->questions > 0)
        return;
    for (struct tw_partition *at = source->first; at; at = at->next)
        leave(source, at, "closed");
    sweep(source);
    rd_kafka_queue_cb_event_enable(source->closing, NULL, NULL);
    rd_kafka_queue_destroy(source->closing);
    source->destroying.data = source;
    uv_queue_work(source->loop, &source->destroying, destroy_consumer, consumer_destroyed);
}

void tw_source_end(
    struct tw_source *source, uint64_t limit_ms, void (*closed)(void *context, bool cleanly), void *context)
{
    source->closed = closed;
    source->closed_context = context;
    tell_offsets(source);
    watch_group(source, false);
    source->closing = rd_kafka_queue_new(source->kafka);
    rd_kafka_queue_cb_event_enable(source->closing, wake_loop, source);
    uv_update_time(source->loop);
    uv_timer_start(&source->limit, limit_reached, limit_ms, 0);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(source->kafka, source->closing);
    if (error) {
        tw_log(source->log, TW_WARNING, "source", "closing refused",
            tw_string("what", rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);
    }
    uv_async_send(&source->wake);
}
