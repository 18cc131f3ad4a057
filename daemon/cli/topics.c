#include "cli/topics.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char brokers_cure[] = "see whether the brokers of bootstrap.servers run and let us in";

/* Partitions that a broker leads: others take no record yet. */
static int count_led(const struct rd_kafka_metadata_topic *topic)
{
    int led = 0;
    for (int at = 0; at < topic->partition_cnt; at++)
        led += topic->partitions[at].leader >= 0;
    return led;
}

static bool ask_partitions(
    rd_kafka_t *kafka, const char *topic, int timeout_ms, int *partitions, int *led, struct tw_error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    *partitions = *led = 0;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    if (!handle)
        return tw_fail(err, TW_USAGE, topic, "name a topic of at most 249 letters, digits, '.', '_' and '-'",
            "no name for a topic");
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 0, handle, &metadata, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        *partitions = code == RD_KAFKA_RESP_ERR_NO_ERROR ? metadata->topics[0].partition_cnt : 0;
        *led = code == RD_KAFKA_RESP_ERR_NO_ERROR ? count_led(&metadata->topics[0]) : 0;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(handle);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return tw_fail(
            err, TW_SERVER, topic, "create it, or let --partitions N do so", "the topic does not exist");
    return tw_fail(err, TW_SERVER, "kafka", brokers_cure, "%s", rd_kafka_err2str(code));
}

bool tw_topic_partitions(
    rd_kafka_t *kafka, const char *topic, int timeout_ms, int *partitions, struct tw_error *err)
{
    int led;
    return ask_partitions(kafka, topic, timeout_ms, partitions, &led, err);
}

/* The answer says "made" a moment before every broker knows it, and leads each partition. */
static bool wait_for_leaders(rd_kafka_t *kafka, const char *topic, int timeout_ms, struct tw_error *err)
{
    uint64_t until = tw_now_ms() + (uint64_t)timeout_ms;
    for (int found = 0, led = 0; tw_now_ms() < until;) {
        if (ask_partitions(kafka, topic, timeout_ms, &found, &led, err) && found > 0 && led == found) {
            *err = (struct tw_error){0};
            return true;
        }
        rd_kafka_poll(kafka, 50);
    }
    return tw_fail(err, TW_SERVER, topic, brokers_cure, "made, but without a leader after %d ms", timeout_ms);
}

static bool read_answer(rd_kafka_queue_t *queue, const char *topic, int timeout_ms, struct tw_error *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms);
    rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    char what[256] = "";
    size_t count = 0;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        code = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
        const char *said = count == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL;
        snprintf(what, sizeof what, "%s", said ? said : rd_kafka_err2str(code));
    } else {
        snprintf(what, sizeof what, "%s", event ? rd_kafka_event_error_string(event) : "no answer");
    }
    if (event)
        rd_kafka_event_destroy(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return true;
    return tw_fail(err, TW_SERVER, topic,
        "create it by the broker's own tool; on the development broker: tapewatch dev topic",
        "cannot be made: %s", what);
}

bool tw_topic_make(rd_kafka_t *kafka, const char *topic, int partitions, int timeout_ms, struct tw_error *err)
{
    char why[256];
    rd_kafka_NewTopic_t *wish = rd_kafka_NewTopic_new(topic, partitions, -1, why, sizeof why);
    if (!wish)
        return tw_fail(err, TW_USAGE, topic, NULL, "%s", why);
    rd_kafka_NewTopic_set_config(wish, "retention.ms", "-1");
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof why);
    rd_kafka_CreateTopics(kafka, &wish, 1, options, queue);
    bool done = read_answer(queue, topic, timeout_ms + 1000, err);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wish);
    return done && wait_for_leaders(kafka, topic, timeout_ms, err);
}

static bool fail_partition(const char *topic, int32_t number, rd_kafka_resp_err_t code, struct tw_error *err)
{
    char where[300];
    snprintf(where, sizeof where, "%s, partition %d", topic, (int)number);
    return tw_fail(err, TW_SERVER, where, brokers_cure, "the brokers do not tell its offsets: %s",
        rd_kafka_err2str(code));
}

bool tw_topic_ends(rd_kafka_t *kafka, const char *topic, const int32_t *numbers, size_t count, int timeout_ms,
    int64_t *offsets, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++) {
        int64_t first;
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(kafka, topic, numbers[at], &first, &offsets[at], timeout_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return fail_partition(topic, numbers[at], code, err);
    }
    return true;
}

/* Brokers count stamps in milliseconds: a part of one is rounded up, so that no earlier record comes in. */
bool tw_topic_offsets_at(rd_kafka_t *kafka, const char *topic, const int32_t *numbers, size_t count,
    int64_t time_us, int timeout_ms, int64_t *offsets, struct tw_error *err)
{
    int64_t time_ms = time_us / 1000 + (time_us % 1000 > 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t at = 0; at < count; at++)
        rd_kafka_topic_partition_list_add(list, topic, numbers[at])->offset = time_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(kafka, list, timeout_ms);
    bool done = code == RD_KAFKA_RESP_ERR_NO_ERROR || tw_fail(err, TW_SERVER, topic, brokers_cure,
                                                          "no offsets by time: %s", rd_kafka_err2str(code));
    for (size_t at = 0; done && at < count; at++) {
        const rd_kafka_topic_partition_t *found = &list->elems[at];
        offsets[at] = found->offset;
        if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            done = fail_partition(topic, numbers[at], found->err, err);
        else if (found->offset < 0) /* none so late */
            done = tw_topic_ends(kafka, topic, &numbers[at], 1, timeout_ms, &offsets[at], err);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return done;
}

/* Big-endian numbers of the consumer protocol's member metadata: version int16, topics int32, each int16
 * length and bytes (Kafka protocol guide, "ConsumerProtocolSubscription"). Whatever ends early holds no more
 * topics. */
struct reader {
    const unsigned char *bytes;
    size_t left;
};

static bool read_number(struct reader *reader, size_t bytes, uint32_t *out)
{
    if (reader->left < bytes)
        return false;
    *out = 0;
    for (size_t at = 0; at < bytes; at++)
        *out = *out << 8 | reader->bytes[at];
    reader->bytes += bytes;
    reader->left -= bytes;
    return true;
}

static bool subscribes(const void *metadata, int size, const char *topic)
{
    struct reader reader = {metadata, size > 0 ? (size_t)size : 0};
    uint32_t version;
    uint32_t count;
    if (!read_number(&reader, 2, &version) || !read_number(&reader, 4, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t length;
        if (!read_number(&reader, 2, &length) || reader.left < length)
            return false;
        if (length == strlen(topic) && memcmp(reader.bytes, topic, length) == 0)
            return true;
        reader.bytes += length;
        reader.left -= length;
    }
    return false;
}

/* A broker that is young, or busy, knows its groups a moment later: it is asked again until time is over. */
static rd_kafka_resp_err_t list_groups(
    rd_kafka_t *kafka, int timeout_ms, const struct rd_kafka_group_list **out)
{
    uint64_t until = tw_now_ms() + (uint64_t)timeout_ms;
    for (;;) {
        rd_kafka_resp_err_t code = rd_kafka_list_groups(kafka, NULL, out, timeout_ms);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return code;
        if (*out) /* of a part of the brokers */
            rd_kafka_group_list_destroy(*out);
        *out = NULL;
        if (tw_now_ms() >= until)
            return code;
        rd_kafka_poll(kafka, 200);
    }
}

bool tw_topic_readers(rd_kafka_t *kafka, const char *topic, int timeout_ms, char group[TW_GROUP_NAME_BYTES],
    struct tw_error *err)
{
    const struct rd_kafka_group_list *list = NULL;
    group[0] = '\0';
    rd_kafka_resp_err_t code = list_groups(kafka, timeout_ms, &list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return tw_fail(err, TW_SERVER, topic, "--into-live writes without asking",
            "the brokers do not tell who reads it: %s", rd_kafka_err2str(code));
    for (int at = 0; at < list->group_cnt && !group[0]; at++)
        for (int member = 0; member < list->groups[at].member_cnt && !group[0]; member++)
            if (subscribes(list->groups[at].members[member].member_metadata,
                    list->groups[at].members[member].member_metadata_size, topic))
                snprintf(group, TW_GROUP_NAME_BYTES, "%s", list->groups[at].group);
    rd_kafka_group_list_destroy(list);
    return true;
}
