#include "source/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "source/kafka.h"

enum { SETTLE_MS = 1000 }; /* for fetchers to stop */

struct tw_group_topic {
    const char *name;
    bool missing;
};

static const char *const names[] = {
    [TW_GROUP_OUTSIDE] = "outside",
    [TW_GROUP_TAKING] = "taking",
    [TW_GROUP_ASSIGNED] = "assigned",
    [TW_GROUP_SETTLING] = "settling",
    [TW_GROUP_CLOSING] = "closing",
    [TW_GROUP_FREEING] = "freeing",
    [TW_GROUP_FREED] = "freed",
    [TW_GROUP_ABANDONED] = "abandoned",
};
_Static_assert(sizeof names / sizeof names[0] == TW_GROUP_STATES, "a word for each state");

static const uint32_t moves[TW_GROUP_STATES] = {
    [TW_GROUP_OUTSIDE] = TW_MOVE(TW_GROUP_TAKING) | TW_MOVE(TW_GROUP_CLOSING),
    [TW_GROUP_TAKING] = TW_MOVE(TW_GROUP_ASSIGNED) | TW_MOVE(TW_GROUP_SETTLING) | TW_MOVE(TW_GROUP_OUTSIDE) |
                        TW_MOVE(TW_GROUP_CLOSING),
    [TW_GROUP_ASSIGNED] = TW_MOVE(TW_GROUP_SETTLING) | TW_MOVE(TW_GROUP_OUTSIDE) | TW_MOVE(TW_GROUP_CLOSING),
    [TW_GROUP_SETTLING] = TW_MOVE(TW_GROUP_ASSIGNED) | TW_MOVE(TW_GROUP_OUTSIDE) | TW_MOVE(TW_GROUP_CLOSING),
    [TW_GROUP_CLOSING] = TW_MOVE(TW_GROUP_FREEING) | TW_MOVE(TW_GROUP_ABANDONED),
    [TW_GROUP_FREEING] = TW_MOVE(TW_GROUP_FREED) | TW_MOVE(TW_GROUP_ABANDONED),
};
const struct tw_machine tw_group_machine = {"group", names, moves, TW_GROUP_STATES};

static void move(struct tw_group *group, enum tw_group_state state, const char *why)
{
    tw_machine_tell(&tw_group_machine, group->log, TW_DEBUG, group->state, state, why);
    group->state = state;
}

/* -- topics ---------------------------------------------------------------------------------------------- */

static void mark_topic(struct tw_group *group, const char *name, bool missing)
{
    for (uint32_t at = 0; at < group->topic_count; at++) {
        struct tw_group_topic *topic = &group->topics[at];
        if (strcmp(topic->name, name) != 0 || topic->missing == missing)
            continue;
        topic->missing = missing;
        if (missing)
            tw_log(group->log, TW_WARNING, "source", "topic missing", tw_string("topic", name),
                tw_string("what", "the topic does not exist; waiting for it"),
                tw_string("cure", "create the topic, or correct kafka.topics"));
        else
            tw_log(group->log, TW_INFO, "source", "topic found", tw_string("topic", name));
    }
}

const char *tw_group_missing_topic(const struct tw_group *group, uint32_t *at)
{
    while (*at < group->topic_count)
        if (group->topics[(*at)++].missing)
            return group->topics[*at - 1].name;
    return NULL;
}

static bool copy_topics(struct tw_group *group, struct tw_error *err)
{
    const struct tw_strings *topics = &group->config->kafka.topics;
    group->topics = calloc(topics->count + 1, sizeof *group->topics);
    if (!group->topics)
        return tw_fail(err, TW_INTERNAL, "source", NULL, "out of memory");
    group->topic_count = topics->count;
    for (uint32_t at = 0; at < topics->count; at++)
        group->topics[at].name = topics->items[at];
    return true;
}

/* -- assignments ----------------------------------------------------------------------------------------- */

bool tw_group_is_member(const struct tw_group *group)
{
    return group->state == TW_GROUP_TAKING || group->state == TW_GROUP_ASSIGNED ||
           group->state == TW_GROUP_SETTLING;
}

bool tw_group_takes_assignment(const struct tw_group *group)
{
    return group->state == TW_GROUP_TAKING ||
           (group->state == TW_GROUP_SETTLING && tw_now_ms() >= group->settled_ms);
}

void tw_group_print_list(rd_kafka_topic_partition_list_t *list, char text[TW_GROUP_LIST_BYTES])
{
    size_t used = 0;
    const char *topic = "";
    text[0] = '\0';
    rd_kafka_topic_partition_list_sort(list, NULL, NULL);
    for (int at = 0; at < list->cnt && used < TW_GROUP_LIST_BYTES; at++) {
        const rd_kafka_topic_partition_t *first = &list->elems[at];
        bool is_new = strcmp(topic, first->topic) != 0;
        while (at + 1 < list->cnt && strcmp(list->elems[at + 1].topic, first->topic) == 0 &&
               list->elems[at + 1].partition == list->elems[at].partition + 1)
            at++;
        used += (size_t)snprintf(text + used, TW_GROUP_LIST_BYTES - used, "%s%s%s%d",
            used == 0 ? ""
            : is_new  ? "; "
                      : ", ",
            is_new ? first->topic : "", is_new ? " " : "", first->partition);
        if (&list->elems[at] != first && used < TW_GROUP_LIST_BYTES)
            used +=
                (size_t)snprintf(text + used, TW_GROUP_LIST_BYTES - used, "-%d", list->elems[at].partition);
        topic = first->topic;
    }
}

/* The one line of a rebalance; a change of our own is no rebalance. */
static void tell_rebalanced(struct tw_group *group, const rd_kafka_topic_partition_list_t *list)
{
    char text[TW_GROUP_LIST_BYTES] = "";
    rd_kafka_topic_partition_list_t *sorted = rd_kafka_topic_partition_list_copy(list);
    if (sorted)
        tw_group_print_list(sorted, text);
    tw_log(group->log, group->state == TW_GROUP_TAKING ? TW_INFO : TW_DEBUG, "source", "rebalanced",
        tw_int("partitions", list->cnt), tw_string("reading", text),
        tw_string("group", group->config->kafka.group),
        tw_int("ms", (int64_t)(tw_now_ms() - group->assigned_ms)));
    if (sorted)
        rd_kafka_topic_partition_list_destroy(sorted);
}

bool tw_group_assign(struct tw_group *group, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = rd_kafka_assign(group->kafka, list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        tell_rebalanced(group, list);
        move(group, TW_GROUP_ASSIGNED, "partitions and offsets told");
        return true;
    }
    tw_log(group->log, TW_WARNING, "source", "assignment refused, tried again",
        tw_string("what", rd_kafka_err2str(code)));
    group->settled_ms = tw_now_ms() + SETTLE_MS;
    if (group->state != TW_GROUP_SETTLING)
        move(group, TW_GROUP_SETTLING, "assignment refused");
    return false;
}

void tw_group_settle(struct tw_group *group)
{
    if (group->state != TW_GROUP_ASSIGNED)
        return;
    group->settled_ms = tw_now_ms() + SETTLE_MS;
    move(group, TW_GROUP_SETTLING, "a change of our own");
    rd_kafka_assign(group->kafka, NULL);
}

/* The group went on without us, as when rows could not be taken for longer than a session, and librdkafka
 * calls another assignment ours without having revoked the one before. */
static void forget_assignment(struct tw_group *group)
{
    tw_log(group->log, TW_WARNING, "source", "assignment replaced: the one before was not revoked",
        tw_string("group", group->config->kafka.group));
    move(group, TW_GROUP_OUTSIDE, "assignment replaced");
    group->events.revoked(group->events.context, true);
}

static void assigned(struct tw_group *group, const rd_kafka_topic_partition_list_t *list)
{
    if (tw_group_is_member(group))
        forget_assignment(group);
    group->refusal = TW_GROUP_NOT_REFUSED;
    group->assigned_ms = tw_now_ms();
    tw_log(group->log, TW_DEBUG, "source", "assignment received", tw_int("partitions", list->cnt));
    for (int at = 0; at < list->cnt; at++)
        mark_topic(group, list->elems[at].topic, false);
    move(group, TW_GROUP_TAKING, "assignment received");
    group->events.assigned(group->events.context, list);
}

static void revoked(struct tw_group *group, bool lost)
{
    tw_log(group->log, lost ? TW_WARNING : TW_DEBUG, "source",
        lost ? "assignment lost: thrown out of the group" : "assignment revoked",
        tw_string("group", group->config->kafka.group));
    if (tw_group_is_member(group))
        move(group, TW_GROUP_OUTSIDE, lost ? "assignment lost" : "revoked");
    group->events.revoked(group->events.context, lost);
    rd_kafka_assign(group->kafka, NULL);
}

static void rebalanced(
    rd_kafka_t *kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *context)
{
    struct tw_group *group = context;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && group->state == TW_GROUP_CLOSING) {
        /* It was on its way when we said goodbye: nobody is left to take rows. */
        rd_kafka_assign(kafka, NULL);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assigned(group, list);
        return;
    }
    if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        tw_log(
            group->log, TW_WARNING, "source", "rebalance failed", tw_string("what", rd_kafka_err2str(code)));
    revoked(group, rd_kafka_assignment_lost(kafka));
}

/* -- what librdkafka says of the whole ------------------------------------------------------------------- */

static void note_refusal(struct tw_group *group, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        group->refusal = TW_GROUP_LOG_IN_REFUSED;
    else if (code == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL)
        group->refusal = TW_GROUP_MIXED;
}

/* librdkafka tries again for ever, and names but a code. */
static void tell_mixed(const struct tw_group *group)
{
    tw_log(group->log, TW_ERROR, "source", "group refused: its members assign partitions otherwise",
        tw_string("group", group->config->kafka.group),
        tw_string("what", "no partition.assignment.strategy of this daemon is one of theirs"),
        tw_string("cure", "end the members that are none of tapewatch's (kafka-consumer-groups.sh --describe "
                          "--members names them), or set another kafka.group"));
}

void tw_group_tell_error(struct tw_group *group, const rd_kafka_message_t *message)
{
    uint64_t unsaid;
    tw_count(group->metrics, TW_COUNT_KAFKA_ERRORS, 1);
    note_refusal(group, message->err);
    if (!tw_repeats_tell(&group->repeats, message->err, tw_now_ms(), &unsaid))
        return;
    if (message->err == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL)
        tell_mixed(group);
    tw_log(group->log, TW_WARNING, "source", "kafka error",
        tw_string("topic", message->rkt ? rd_kafka_topic_name(message->rkt) : ""),
        tw_int("partition", message->partition), tw_string("code", rd_kafka_err2name(message->err)),
        tw_string("what", rd_kafka_message_errstr(message)), tw_int("repeated", (int64_t)unsaid));
}

static void take_message(struct tw_group *group, rd_kafka_message_t *message)
{
    if (!message->err) {
        group->events.message(group->events.context, message);
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        mark_topic(group, message->rkt ? rd_kafka_topic_name(message->rkt) : "", true);
    else
        tw_group_tell_error(group, message);
    rd_kafka_message_destroy(message);
}

static void take_goodbyes(struct tw_group *group)
{
    for (rd_kafka_event_t *event; (event = rd_kafka_queue_poll(group->goodbyes, 0));) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) /* no callback on a queue of one's own */
            rebalanced(
                group->kafka, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event), group);
        rd_kafka_event_destroy(event);
    }
}

void tw_group_poll(struct tw_group *group)
{
    if (group->state == TW_GROUP_CLOSING)
        take_goodbyes(group);
    if (group->state >= TW_GROUP_CLOSING)
        return;
    for (rd_kafka_message_t *message; (message = rd_kafka_consumer_poll(group->kafka, 0));)
        take_message(group, message);
}

static void tell_fatal(struct tw_group *group)
{
    char text[400];
    struct tw_error err = {0};
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(group->kafka, text, sizeof text);
    tw_fail(&err, TW_INTERNAL, "kafka", "restart; if it comes again, read the broker's log",
        "fatal error %s: %s", rd_kafka_err2name(code), text);
    group->events.fatal(group->events.context, &err);
}

/* Called by librdkafka from inside rd_kafka_consumer_poll, so on the loop. */
static void kafka_error(rd_kafka_t *kafka, int code, const char *reason, void *context)
{
    (void)kafka;
    struct tw_group *group = context;
    struct tw_error err = {0};
    uint64_t unsaid;
    tw_count(group->metrics, TW_COUNT_KAFKA_ERRORS, 1);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        tell_fatal(group);
        return;
    }
    note_refusal(group, (rd_kafka_resp_err_t)code);
    if (!tw_repeats_tell(&group->repeats, code, tw_now_ms(), &unsaid))
        return;
    if (code == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL)
        tell_mixed(group);
    tw_log(group->log, TW_WARNING, "source", "kafka error",
        tw_string("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)), tw_string("what", reason),
        tw_int("repeated", (int64_t)unsaid));
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION &&
        tw_kafka_blame_library(group->config, rd_kafka_version(), rd_kafka_version_str(), &err))
        tw_log_error(group->log, "source", "log-in refused", &err);
}

/* Called as kafka_error is. Returns 0: the text stays librdkafka's. */
static int kafka_statistics(rd_kafka_t *kafka, char *json, size_t length, void *context)
{
    (void)kafka;
    struct tw_group *group = context;
    group->events.statistics(group->events.context, json, length);
    return 0;
}

/* Called on librdkafka's own threads: the log is safe there, nothing else here would be. */
static void kafka_line(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    const struct tw_group *group = rd_kafka_opaque(kafka);
    static const enum tw_level levels[] = {TW_ERROR, TW_ERROR, TW_ERROR, TW_ERROR, TW_WARNING, TW_NOTICE,
        TW_DEBUG, TW_DEBUG};                                     /* by syslog's numbers */
    if (level < 0 || level > 7 || strcmp(facility, "FAIL") == 0) /* that comes as an error, too */
        level = 7;
    tw_log(group->log, levels[level], "librdkafka", text, tw_string("facility", facility));
}

/* -- begin ----------------------------------------------------------------------------------------------- */

static bool make_consumer(struct tw_group *group, struct tw_error *err)
{
    rd_kafka_conf_t *settings = NULL;
    if (!tw_kafka_settings(group->config, TW_KAFKA_CONSUMER, &settings, err))
        return false;
    rd_kafka_conf_set_opaque(settings, group);
    rd_kafka_conf_set_log_cb(settings, kafka_line);
    rd_kafka_conf_set_error_cb(settings, kafka_error);
    rd_kafka_conf_set_rebalance_cb(settings, rebalanced);
    rd_kafka_conf_set_stats_cb(settings, kafka_statistics);
    if (!tw_kafka_new(TW_KAFKA_CONSUMER, settings, &group->kafka, err))
        return false;
    rd_kafka_poll_set_consumer(group->kafka);
    return true;
}

static bool subscribe(struct tw_group *group, struct tw_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)group->topic_count);
    for (uint32_t at = 0; at < group->topic_count; at++)
        rd_kafka_topic_partition_list_add(list, group->topics[at].name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(group->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    rd_kafka_destroy(group->kafka);
    return tw_fail(err, TW_CONFIG, "kafka.topics", "name at least one topic", "cannot subscribe: %s",
        rd_kafka_err2str(code));
}

bool tw_group_begin(struct tw_group *group, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_group_events *events, struct tw_error *err)
{
    *group = (struct tw_group){.config = config, .log = log, .metrics = metrics, .events = *events};
    if (copy_topics(group, err) && make_consumer(group, err) && subscribe(group, err))
        return true;
    free(group->topics);
    return false;
}

/* The consumer's queue lives as long as the consumer; our reference to it is needed for a moment only. */
static void wake_by_group(struct tw_group *group, bool on)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(group->kafka);
    if (!queue)
        return;
    rd_kafka_queue_cb_event_enable(queue, on ? group->wake : NULL, on ? group->wake_context : NULL);
    rd_kafka_queue_destroy(queue);
}

void tw_group_watch(struct tw_group *group, void (*wake)(rd_kafka_t *kafka, void *context), void *context)
{
    group->wake = wake;
    group->wake_context = context;
    wake_by_group(group, true);
}

/* -- end ------------------------------------------------------------------------------------------------- */

void tw_group_leave(struct tw_group *group)
{
    wake_by_group(group, false);
    group->goodbyes = rd_kafka_queue_new(group->kafka);
    rd_kafka_queue_cb_event_enable(group->goodbyes, group->wake, group->wake_context);
    move(group, TW_GROUP_CLOSING, "the daemon ends");
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(group->kafka, group->goodbyes);
    if (error) {
        tw_log(group->log, TW_WARNING, "source", "closing refused",
            tw_string("what", rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);
    }
}

bool tw_group_has_left(const struct tw_group *group)
{
    return group->state == TW_GROUP_CLOSING && rd_kafka_consumer_closed(group->kafka);
}

static void destroy_consumer(uv_work_t *work)
{
    struct tw_group *group = work->data;
    rd_kafka_destroy(group->kafka);
}

static void consumer_destroyed(uv_work_t *work, int status)
{
    struct tw_group *group = work->data;
    (void)status;
    if (group->state != TW_GROUP_FREEING)
        return; /* too late: it was abandoned */
    move(group, TW_GROUP_FREED, "librdkafka has ended");
    group->freed(group->freed_context);
}

void tw_group_free_consumer(
    struct tw_group *group, uv_loop_t *loop, void (*freed)(void *context), void *context)
{
    rd_kafka_queue_cb_event_enable(group->goodbyes, NULL, NULL);
    rd_kafka_queue_destroy(group->goodbyes);
    group->freed = freed;
    group->freed_context = context;
    group->freeing.data = group;
    move(group, TW_GROUP_FREEING, "the group knows that we left");
    uv_queue_work(loop, &group->freeing, destroy_consumer, consumer_destroyed);
}

void tw_group_abandon(struct tw_group *group)
{
    move(group, TW_GROUP_ABANDONED, "not ended in time");
}

void tw_group_end(struct tw_group *group)
{
    free(group->topics);
}
