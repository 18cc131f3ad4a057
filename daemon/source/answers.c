#include "source/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { SILENT_MS = 5000, TELL_AGAIN_MS = 60000, NO_BROKER = -1 };

void tw_answers_begin(struct tw_answers *answers, rd_kafka_t *kafka)
{
    char text[32] = "500";
    size_t size = sizeof text;
    (void)!rd_kafka_conf_get(rd_kafka_conf(kafka), "fetch.wait.max.ms", text, &size);
    *answers = (struct tw_answers){.limit_ms = SILENT_MS + 2 * strtoull(text, NULL, 10)};
}

/* -- statistics ------------------------------------------------------------------------------------------ */

static int64_t number_in(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* The broker of that number, as it is fetched from; NULL when there is none. The group's coordinator has a
 * connection of its own ("logical"), and librdkafka's own queue is called a broker, too ("internal"). */
static const json_t *find_broker(json_t *brokers, int64_t number)
{
    const char *name;
    json_t *broker;
    json_object_foreach(brokers, name, broker)
    {
        const char *source = json_string_value(json_object_get(broker, "source"));
        bool is_server = source && strcmp(source, "logical") != 0 && strcmp(source, "internal") != 0;
        if (is_server && number_in(broker, "nodeid") == number)
            return broker;
    }
    return NULL;
}

static bool stayed_up(const json_t *broker, uint64_t for_ms)
{
    const char *state = json_string_value(json_object_get(broker, "state"));
    int64_t age_us = number_in(broker, "stateage");
    return state && strcmp(state, "UP") == 0 && age_us > 0 && (uint64_t)age_us / 1000 >= for_ms;
}

/* What statistics say of one partition: nothing unless it is fetched from a broker. */
static void note_partition(const struct tw_answers *answers, struct tw_owned_partition *partition,
    const json_t *told, json_t *brokers, uint64_t now_ms)
{
    const char *fetches = json_string_value(json_object_get(told, "fetch_state"));
    bool active = fetches && strcmp(fetches, "active") == 0;
    int32_t number = active ? (int32_t)number_in(told, "broker") : NO_BROKER;
    const json_t *broker = number >= 0 ? find_broker(brokers, number) : NULL;
    int64_t sent = number_in(json_object_get(broker, "req"), "Fetch");
    const json_t *stable = json_object_get(told, "ls_offset");
    partition->stable_offset = json_is_integer(stable) ? json_integer_value(stable) : -1;
    bool same = broker && number == partition->fetch_broker && answers->noted_ms > 0;
    if (same && sent > partition->fetches_sent && stayed_up(broker, now_ms - answers->noted_ms) &&
        answers->noted_ms > partition->base.answered_ms)
        partition->base.answered_ms = answers->noted_ms;
    partition->fetch_broker = broker ? number : NO_BROKER;
    partition->fetches_sent = sent;
}

/* Of a topic that is not told of, nothing is known any more. */
static void note_sizes(struct tw_answers *answers, json_t *topics)
{
    const char *topic;
    json_t *told;
    free(answers->sizes);
    answers->size_count = 0;
    answers->sizes = calloc(json_object_size(topics) + 1, sizeof *answers->sizes);
    json_object_foreach(topics, topic, told)
    {
        const json_t *partitions = json_object_get(told, "partitions");
        size_t count = json_object_size(partitions);
        count -=
            json_object_get(partitions, "-1") != NULL; /* librdkafka's own, for what has no partition yet */
        if (!answers->sizes || count == 0)
            continue;
        struct tw_topic_size *size = &answers->sizes[answers->size_count++];
        snprintf(size->topic, sizeof size->topic, "%s", topic);
        size->partitions = (int32_t)count;
    }
}

int32_t tw_answers_partitions(const struct tw_answers *answers, const char *topic)
{
    for (uint32_t at = 0; at < answers->size_count; at++)
        if (strcmp(answers->sizes[at].topic, topic) == 0)
            return answers->sizes[at].partitions;
    return 0;
}

void tw_answers_end(struct tw_answers *answers)
{
    free(answers->sizes);
    *answers = (struct tw_answers){0};
}

void tw_answers_note(struct tw_answers *answers, struct tw_partitions *partitions, const char *json,
    size_t length, uint64_t now_ms)
{
    json_t *statistics = json_loadb(json, length, 0, NULL);
    json_t *brokers = json_object_get(statistics, "brokers");
    json_t *topics = json_object_get(statistics, "topics");
    note_sizes(answers, topics);
    for (struct tw_partition *at = partitions->first; at; at = at->next) {
        char number[16];
        snprintf(number, sizeof number, "%d", at->number);
        const json_t *of_topic = json_object_get(json_object_get(topics, at->topic), "partitions");
        note_partition(answers, tw_owned(at), json_object_get(of_topic, number), brokers, now_ms);
    }
    answers->noted_ms = now_ms;
    json_decref(statistics);
}

/* -- each second ----------------------------------------------------------------------------------------- */

uint64_t tw_answers_silence_ms(const struct tw_owned_partition *partition, uint64_t now_ms)
{
    const struct tw_partition *base = &partition->base;
    if (base->state != TW_PARTITION_READING || partition->asked_ms == 0)
        return 0;
    uint64_t since_ms = base->answered_ms > partition->asked_ms ? base->answered_ms : partition->asked_ms;
    return now_ms > since_ms ? now_ms - since_ms : 0;
}

/* From when on it has been read without a break: before, nothing was asked. */
static void note_asked(struct tw_owned_partition *partition, uint64_t now_ms)
{
    if (partition->base.state != TW_PARTITION_READING)
        partition->asked_ms = 0;
    else if (partition->asked_ms == 0)
        partition->asked_ms = now_ms;
}

static void tell(struct tw_answers *answers, const struct tw_partition *first, uint32_t silent,
    const struct tw_log *log, uint64_t now_ms)
{
    bool began = silent > 0 && answers->silent == 0;
    if (silent == 0 && answers->silent > 0)
        tw_log(log, TW_INFO, "source", "every broker answers again");
    if (silent == 0 || (!began && now_ms - answers->told_ms < TELL_AGAIN_MS))
        return;
    answers->told_ms = now_ms;
    tw_log(log, TW_WARNING, "source", "a broker does not answer: its partitions hold event time back",
        tw_int("partitions", silent), tw_string("first", first->topic), tw_int("partition", first->number),
        tw_string("cure", "see the broker and the network to it"));
}

void tw_answers_second(struct tw_answers *answers, struct tw_partitions *partitions, const struct tw_log *log,
    struct tw_metrics *metrics, uint64_t now_ms)
{
    const struct tw_partition *first = NULL;
    uint32_t silent = 0;
    for (struct tw_partition *at = partitions->first; at; at = at->next) {
        note_asked(tw_owned(at), now_ms);
        at->broker_answers = at->state == TW_PARTITION_READING && at->answered_ms > 0 &&
                             now_ms - at->answered_ms <= answers->limit_ms;
        if (tw_answers_silence_ms(tw_owned(at), now_ms) <= answers->limit_ms)
            continue;
        silent++;
        first = at;
    }
    tell(answers, first, silent, log, now_ms);
    answers->silent = silent;
    tw_gauge_set(metrics, TW_GAUGE_UNANSWERED, silent);
}
