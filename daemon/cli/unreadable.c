#include "cli/unreadable.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

bool tw_is_unreadable(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__BAD_COMPRESSION || code == RD_KAFKA_RESP_ERR__BAD_MSG ||
           code == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
}

/* There is nothing at that offset, or behind it. */
static bool is_end(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__PARTITION_EOF || code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
           code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

/* One partition, asked at one offset after another. */
struct probe {
    rd_kafka_topic_t *topic;
    const char *name;
    int32_t number;
    int timeout_ms;
    char *why; /* tw_unreadable.why, of the last batch that could not be read */
    size_t why_bytes;
};

/* What was the first to be told when a partition was read from an offset. */
struct told {
    int64_t
        first;  /* offset of a batch that cannot be read; -1: anything that can be gone on with, or the end */
    int64_t at; /* the offset of that record or end */
};

static bool ask_once(const struct probe *probe, int64_t offset, struct told *out, struct tw_error *err)
{
    char where[300];
    uint64_t until_ms = tw_now_ms() + (uint64_t)probe->timeout_ms;
    bool told = false;
    if (rd_kafka_consume_start(probe->topic, probe->number, offset) != 0)
        return tw_fail(err, TW_SERVER, probe->name, "see whether the brokers run", "cannot be read: %s",
            rd_kafka_err2str(rd_kafka_last_error()));
    while (!told && tw_now_ms() < until_ms) {
        rd_kafka_message_t *message = rd_kafka_consume(probe->topic, probe->number, 200);
        if (!message)
            continue;
        bool unreadable = tw_is_unreadable(message->err);
        told = message->err == RD_KAFKA_RESP_ERR_NO_ERROR || is_end(message->err) || unreadable;
        *out = (struct told){.first = unreadable ? message->offset : -1, .at = message->offset};
        if (unreadable)
            snprintf(probe->why, probe->why_bytes, "%s", rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consume_stop(probe->topic, probe->number);
    snprintf(where, sizeof where, "%s, partition %" PRId32, probe->name, probe->number);
    return told ||
           tw_fail(err, TW_SERVER, where, "see whether the partition has a leader",
               "no record and no error at offset %" PRId64 " within %d ms", offset, probe->timeout_ms);
}

/* The first offset of a batch that cannot be read, or -1. librdkafka goes on behind a batch whose checksum
 * does not fit, and under load what stands behind was told before the error: a jump to a later offset is
 * asked about again before it is taken for a gap, as compaction and transactions leave them. */
static bool ask(const struct probe *probe, int64_t offset, int64_t *first, struct tw_error *err)
{
    enum { MOST = 4 };
    struct told told = {.first = -1, .at = offset};
    bool jumped = true;
    for (int times = 0; times < MOST && jumped; times++) {
        if (!ask_once(probe, offset, &told, err))
            return false;
        jumped = told.first < 0 && told.at > offset;
    }
    *first = told.first;
    return true;
}

/* The offsets of the batch end between `inside`, which is one of them, and whatever lies ahead. */
static bool find_end(
    const struct probe *probe, int64_t batch, int64_t inside, int64_t *next, struct tw_error *err)
{
    int64_t outside = inside, found = batch;
    for (int64_t step = 1; found == batch; step *= 2) {
        inside = outside;
        outside += step;
        if (!ask(probe, outside, &found, err))
            return false;
    }
    while (outside - inside > 1) {
        int64_t middle = inside + (outside - inside) / 2;
        if (!ask(probe, middle, &found, err))
            return false;
        if (found == batch)
            inside = middle;
        else
            outside = middle;
    }
    *next = outside;
    return true;
}

void tw_unreadable_hurry(rd_kafka_conf_t *settings)
{
    rd_kafka_conf_set(settings, "fetch.wait.max.ms", "20", NULL, 0);
    rd_kafka_conf_set(settings, "fetch.error.backoff.ms", "20", NULL, 0);
}

bool tw_unreadable_find(rd_kafka_t *kafka, const char *topic, int32_t number, int64_t stored, int timeout_ms,
    struct tw_unreadable *out, struct tw_error *err)
{
    struct probe probe = {.topic = rd_kafka_topic_new(kafka, topic, NULL),
        .name = topic,
        .number = number,
        .timeout_ms = timeout_ms,
        .why = out->why,
        .why_bytes = sizeof out->why};
    *out = (struct tw_unreadable){.first = -1, .next = stored};
    if (!probe.topic)
        return tw_fail(err, TW_USAGE, topic, NULL, "no name for a topic");
    int64_t from = stored > 0 ? stored : 0;
    bool done = ask(&probe, from, &out->first, err) &&
                (out->first < 0 ||
                    find_end(&probe, out->first, from > out->first ? from : out->first, &out->next, err));
    rd_kafka_topic_destroy(probe.topic);
    return done;
}
