#include "source/queues.h"

#include <string.h>

#include "base/clock.h"
#include "source/message.h"

enum {
    ROUND_MESSAGES = 256, /* read from one partition before the next has its turn */
    PASS_MESSAGES = 4096, /* read before the loop's other handles have theirs */
    GAP_LINES_APART_MS = 1000,
    UNPACK_MOST = 6, /* times that a batch is fetched which librdkafka cannot unpack, twice a second */
    SKIP_MOST = 3,   /* and one that it skips: each time all partitions are assigned anew */
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

/* Does it stand behind a batch that could not be read? When a checksum does not fit, librdkafka tells it and
 * goes on behind that batch: what comes from there is fetched again, after it. */
static bool is_behind_damage(const struct tw_owned_partition *partition, int64_t offset)
{
    return partition->unreadable_count > 0 && offset > partition->unreadable_offset &&
           offset > partition->base.expected_offset;
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
    if (is_behind_damage(partition, message->offset)) {
        rd_kafka_message_destroy(message);
        return true;
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
    partition->unreadable_count = 0;
    partition->base.caught_up = false;
    tw_count(queues->metrics, TW_COUNT_MESSAGES, 1);
    tw_count(queues->metrics, TW_COUNT_BYTES, message->len);
    return queues->message(queues->context, &partition->base, message);
}

/* Told the first time, for another fetch may bring it whole, and given up when it comes no better. Counted
 * from one record to the next: behind a damaged batch librdkafka may take anything for another one. */
static void take_unreadable(
    struct tw_queues *queues, struct tw_owned_partition *partition, const rd_kafka_message_t *message)
{
    bool skipped = message->err != RD_KAFKA_RESP_ERR__BAD_COMPRESSION;
    if (++partition->unreadable_count == 1) {
        partition->unreadable_offset = message->offset;
        queues->error(queues->context, message);
    }
    if (partition->unreadable_count >= (skipped ? SKIP_MOST : UNPACK_MOST))
        queues->unreadable(queues->context, &partition->base, message);
    else if (skipped)
        queues->skipped(queues->context, &partition->base);
}

static void take_end(
    struct tw_queues *queues, struct tw_owned_partition *partition, const rd_kafka_message_t *message)
{
    if (message->offset <= partition->check_offset) { /* shorter than what is stored of it */
        queues->offset_refused(queues->context, &partition->base);
        return;
    }
    if (is_behind_damage(partition, message->offset))
        return;
    partition->check_offset = -1;
    partition->at_end = true;
    partition->end_event_offset = message->offset;
    partition->base.answered_ms = tw_now_ms(); /* by a fetch that found nothing */
    partition->base.end_offset = message->offset;
}

static void take_error(
    struct tw_queues *queues, struct tw_owned_partition *partition, rd_kafka_message_t *message)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        take_end(queues, partition, message);
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        queues->offset_refused(queues->context, &partition->base);
        break;
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION: /* packed bytes that are broken */
    case RD_KAFKA_RESP_ERR__BAD_MSG:         /* a checksum that does not fit */
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED: /* packed in a way that the library does not know */
        take_unreadable(queues, partition, message);
        break;
    default:
        queues->error(queues->context, message);
        break;
    }
    rd_kafka_message_destroy(message);
}

/* One partition's turn, until a batch was cut from it; *more tells whether something may be left in its
 * queue. Returns messages read. Reading stops with `stopped`: whoever asks for it is heard at once. */
static uint32_t read_partition(struct tw_queues *queues, struct tw_owned_partition *partition, bool *more)
{
    uint32_t count = 0;
    const uint32_t out = partition->base.batches_out;
    while (count < ROUND_MESSAGES && !queues->stopped && partition->queue &&
           partition->base.batches_out == out) {
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

/* Who follows the one with that assignment, in a circle; the first, should it be gone. */
static struct tw_partition *next_of(const struct tw_partitions *partitions, uint64_t assignment)
{
    struct tw_partition *at = tw_partitions_find(partitions, assignment);
    return at && at->next ? at->next : partitions->first;
}

/* A turn for each, beginning behind the one that had the last: were it always the first, a backlog of that
 * one would keep the others waiting, and with them the watermark. */
static uint32_t read_round(struct tw_queues *queues, const struct tw_partitions *partitions, bool *more)
{
    uint32_t count = 0;
    struct tw_partition *begin = next_of(partitions, queues->last_turn), *at = begin;
    do {
        queues->last_turn = at->assignment;
        if (is_read(at))
            count += read_partition(queues, tw_owned(at), more);
        at = at->next ? at->next : partitions->first;
    } while (at != begin && !queues->stopped);
    return count;
}

bool tw_queues_read(struct tw_queues *queues, const struct tw_partitions *partitions)
{
    uint32_t count = 0;
    bool more = partitions->first != NULL;
    while (more && count < PASS_MESSAGES && !queues->stopped) {
        more = false;
        count += read_round(queues, partitions, &more);
    }
    return more && !queues->stopped;
}

/* Those before it may still stand in the partition's own queue, and what is paused takes nothing: read out of
 * its turn, or dropped, it would look like a gap, and what is left out would never be read. */
static void take_stray(
    struct tw_queues *queues, struct tw_owned_partition *partition, rd_kafka_message_t *message)
{
    int64_t missing = 0;
    bool in_turn = is_read(&partition->base) && partition->check_offset < 0 &&
                   tw_partition_guard(&partition->base, message->offset, &missing) != TW_GUARD_GAP;
    if (in_turn) {
        take_message(queues, partition, message);
        return;
    }
    rd_kafka_message_destroy(message);
    queues->skipped(queues->context, &partition->base);
}

void tw_queues_take(
    struct tw_queues *queues, const struct tw_partitions *partitions, rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
    for (struct tw_partition *at = partitions->first; at; at = at->next)
        if (at->number == message->partition && tw_partition_is_read(at) && strcmp(at->topic, topic) == 0) {
            take_stray(queues, tw_owned(at), message);
            return;
        }
    rd_kafka_message_destroy(message);
}
