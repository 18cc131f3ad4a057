#include "source/queues.h"

#include <string.h>

#include "base/clock.h"
#include "source/message.h"

enum {
    ROUND_MESSAGES = 256, /* read from one partition before the next has its turn */
    PASS_MESSAGES = 4096, /* read before the loop's other handles have theirs */
    GAP_LINES_APART_MS = 1000,
};

bool tw_queue_open(struct tw_owned_partition *partition, rd_kafka_t *kafka,
    void (*wake)(rd_kafka_t *kafka, void *context), void *context)
{
    if (partition->queue)
        return true;
    partition->queue = rd_kafka_queue_get_partition(kafka, partition->base.topic, partition->base.number);
    if (!partition->queue)
        return false;
    rd_kafka_queue_forward(partition->queue, NULL);
    rd_kafka_queue_cb_event_enable(partition->queue, wake, context);
    return true;
}

void tw_queue_close(struct tw_owned_partition *partition)
{
    if (!partition->queue)
        return;
    rd_kafka_queue_cb_event_enable(partition->queue, NULL, NULL);
    rd_kafka_queue_destroy(partition->queue);
    partition->queue = NULL;
}

static void note_gap(
    struct tw_queues *queues, struct tw_owned_partition *partition, int64_t missing, int64_t offset)
{
    uint64_t now = tw_now_ms();
    tw_count(queues->metrics, TW_COUNT_GAPS, (uint64_t)missing);
    partition->gap_hidden += (uint64_t)missing;
    if (now - partition->gap_line_ms < GAP_LINES_APART_MS)
        return;
    tw_log(queues->log, TW_NOTICE, "source", "offsets without a message (markers, compaction or retention)",
        tw_string("topic", partition->base.topic), tw_int("partition", partition->base.number),
        tw_int("before", offset), tw_int("missing", (int64_t)partition->gap_hidden));
    partition->gap_line_ms = now;
    partition->gap_hidden = 0;
}

/* Whether this is the record that was stored last, or another that stands in its place: no message to be
 * read. */
static bool is_checked(
    struct tw_queues *queues, struct tw_owned_partition *partition, rd_kafka_message_t *message)
{
    if (partition->check_offset < 0 || message->offset < partition->check_offset)
        return false;
    bool stands_there = message->offset == partition->check_offset;
    partition->check_offset = -1;
    if (!stands_there)
        return false;
    struct tw_record_mark found = tw_message_mark(message);
    if (!tw_record_marks_agree(&partition->base.row_mark, &found))
        queues->other_record(queues->context, &partition->base, &found);
    return true;
}

/* Returns false to stop reading for now. */
static bool take_message(
    struct tw_queues *queues, struct tw_owned_partition *partition, rd_kafka_message_t *message)
{
    int64_t missing = 0;
    if (is_checked(queues, partition, message)) {
        rd_kafka_message_destroy(message);
        return partition->queue != NULL;
    }
    enum tw_guard guard = tw_partition_guard(&partition->base, message->offset, &missing);
    if (guard == TW_GUARD_REPEAT) {
        tw_count(queues->metrics, TW_COUNT_REPEATS, 1);
        rd_kafka_message_destroy(message);
        return true;
    }
    if (guard == TW_GUARD_GAP)
        note_gap(queues, partition, missing, message->offset);
    partition->base.expected_offset = message->offset + 1;
    partition->base.last_message_ms = tw_now_ms();
    partition->at_end = false;
    partition->base.caught_up = false;
    tw_count(queues->metrics, TW_COUNT_MESSAGES, 1);
    tw_count(queues->metrics, TW_COUNT_BYTES, message->len);
    return queues->message(queues->context, &partition->base, message);
}

static void take_error(
    struct tw_queues *queues, struct tw_owned_partition *partition, rd_kafka_message_t *message)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (message->offset <= partition->check_offset) { /* shorter than what is stored of it */
            queues->offset_refused(queues->context, &partition->base);
            break;
        }
        partition->check_offset = -1;
        partition->at_end = true;
        partition->base.end_offset = message->offset;
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        queues->offset_refused(queues->context, &partition->base);
        break;
    default:
        queues->error(queues->context, message);
        break;
    }
    rd_kafka_message_destroy(message);
}

/* One partition's turn; *more tells whether something may be left in its queue. Returns messages read.
 * Reading stops with `stopped`: whoever asks for it is heard at once. */
static uint32_t read_partition(struct tw_queues *queues, struct tw_owned_partition *partition, bool *more)
{
    uint32_t count = 0;
    while (count < ROUND_MESSAGES && !queues->stopped) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(partition->queue, 0);
        if (!message)
            return count;
        count++;
        if (message->err)
            take_error(queues, partition, message);
        else if (!take_message(queues, partition, message))
            break;
    }
    *more = true;
    return count;
}

static bool is_read(struct tw_partition *partition)
{
    return partition->state == TW_PARTITION_READING && tw_owned(partition)->queue;
}

bool tw_queues_read(struct tw_queues *queues, const struct tw_partitions *partitions)
{
    uint32_t count = 0;
    bool more = true;
    while (more && count < PASS_MESSAGES && !queues->stopped) {
        more = false;
        for (struct tw_partition *at = partitions->first; at && !queues->stopped; at = at->next)
            if (is_read(at))
                count += read_partition(queues, tw_owned(at), &more);
    }
    return more && !queues->stopped;
}

void tw_queues_take(
    struct tw_queues *queues, const struct tw_partitions *partitions, rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
    for (struct tw_partition *at = partitions->first; at; at = at->next)
        if (at->number == message->partition && is_read(at) && strcmp(at->topic, topic) == 0) {
            take_message(queues, tw_owned(at), message);
            return;
        }
    rd_kafka_message_destroy(message);
}
