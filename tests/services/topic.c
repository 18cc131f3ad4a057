/* topic: makes, fills and asks topics of a test broker, in milliseconds where Kafka's own tool takes a JVM's
 * start. tests/services/topic compiles it and documents its use. Exit status 0 done, 1 refused by the broker,
 * 2 usage, 69 no answer. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

enum { TIMEOUT_MS = 30000, DONE = 0, REFUSED = 1, USAGE = 2, NO_ANSWER = 69 };

static char *bootstrap(void)
{
    char *servers = getenv("TW_BOOTSTRAP");
    if (servers == NULL || *servers == '\0') {
        fprintf(stderr, "topic: TW_BOOTSTRAP is not set; cure: export TW_BOOTSTRAP=$(cat DIR/bootstrap)\n");
        exit(USAGE);
    }
    return servers;
}

static void delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "topic: not delivered: %s\n", rd_kafka_err2str(message->err));
        exit(NO_ANSWER);
    }
}

/* A producer; `transactions` names the one that has transactions, or is NULL. */
static rd_kafka_t *client(const char *transactions)
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *codec = getenv("TW_COMPRESSION");
    const char *const settings[][2] = {{"bootstrap.servers", bootstrap()}, {"log_level", "3"},
        {"message.max.bytes", "115000000"}, {"linger.ms", "20"}, {"compression.type", codec ? codec : "lz4"},
        {"queue.buffering.max.kbytes", "262144"}, {"acks", "all"}};
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    if (transactions != NULL)
        rd_kafka_conf_set(conf, "transactional.id", transactions, why, sizeof why);
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        if (rd_kafka_conf_set(conf, settings[s][0], settings[s][1], why, sizeof why) != RD_KAFKA_CONF_OK) {
            fprintf(stderr, "topic: %s\n", why);
            exit(USAGE);
        }
    }
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (kafka == NULL) {
        fprintf(stderr, "topic: %s\n", why);
        exit(NO_ANSWER);
    }
    return kafka;
}

static bool parse(const char *text, long long *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* Waits for the answer of an admin request and says what the broker said of the one topic in it. */
static int answer(rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "topic: %s\n", event == NULL ? "no answer" : rd_kafka_event_error_string(event));
        return NO_ANSWER;
    }
    size_t count = 0;
    const rd_kafka_topic_result_t **results = NULL;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DELETETOPICS_RESULT) {
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    } else {
        results =
            rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
    }
    int status = count == 1 ? DONE : REFUSED;
    for (size_t r = 0; r < count; r++) {
        if (rd_kafka_topic_result_error(results[r]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            const char *said = rd_kafka_topic_result_error_string(results[r]);
            fprintf(stderr, "topic: %s: %s\n", rd_kafka_topic_result_name(results[r]),
                said != NULL ? said : rd_kafka_err2str(rd_kafka_topic_result_error(results[r])));
            status = REFUSED;
        }
    }
    rd_kafka_event_destroy(event);
    return status;
}

/* A topic is made when its metadata names every partition with a leader, which is a moment after the
 * answer. */
static int wait_for_leaders(rd_kafka_t *kafka, const char *name, int partitions)
{
    for (int try = 0; try < 100; try++) {
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka, name, NULL);
        int led = 0;
        if (rd_kafka_metadata(kafka, 0, topic, &metadata, TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            for (int p = 0; metadata->topic_cnt == 1 && p < metadata->topics[0].partition_cnt; p++) {
                led += metadata->topics[0].partitions[p].leader >= 0;
            }
            rd_kafka_metadata_destroy(metadata);
        }
        rd_kafka_topic_destroy(topic);
        if (led >= partitions) {
            return DONE;
        }
        rd_kafka_poll(kafka, 50);
    }
    fprintf(stderr, "topic: %s: no leader for every partition\n", name);
    return NO_ANSWER;
}

static int create(int argc, char **argv)
{
    long long partitions = 0;
    if (argc < 2 || !parse(argv[1], &partitions) || partitions < 1 || partitions > 10000) {
        return USAGE;
    }
    char why[512];
    rd_kafka_t *kafka = client(NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[0], (int)partitions, 1, why, sizeof why);
    if (topic == NULL) {
        fprintf(stderr, "topic: %s\n", why);
        return USAGE;
    }
    for (int a = 2; a < argc; a++) {
        char *equals = strchr(argv[a], '=');
        if (equals == NULL) {
            return USAGE;
        }
        *equals = '\0';
        rd_kafka_NewTopic_set_config(topic, argv[a], equals + 1);
    }
    rd_kafka_CreateTopics(kafka, &topic, 1, NULL, queue);
    int status = answer(queue);
    if (status == DONE) {
        status = wait_for_leaders(kafka, argv[0], (int)partitions);
    }
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
    return status;
}

static int grow(int argc, char **argv)
{
    long long partitions = 0;
    if (argc != 2 || !parse(argv[1], &partitions) || partitions < 1 || partitions > 10000) {
        return USAGE;
    }
    char why[512];
    rd_kafka_t *kafka = client(NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_NewPartitions_t *wish = rd_kafka_NewPartitions_new(argv[0], (size_t)partitions, why, sizeof why);
    if (wish == NULL) {
        fprintf(stderr, "topic: %s\n", why);
        return USAGE;
    }
    rd_kafka_CreatePartitions(kafka, &wish, 1, NULL, queue);
    int status = answer(queue);
    if (status == DONE) {
        status = wait_for_leaders(kafka, argv[0], (int)partitions);
    }
    rd_kafka_NewPartitions_destroy(wish);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
    return status;
}

static int drop(int argc, char **argv)
{
    if (argc != 1) {
        return USAGE;
    }
    rd_kafka_t *kafka = client(NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[0]);
    rd_kafka_DeleteTopics(kafka, &topic, 1, NULL, queue);
    int status = answer(queue);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
    return status;
}

/* One line a partition: its number, its first offset and the one after its last. */
static int offsets(int argc, char **argv)
{
    if (argc != 1) {
        return USAGE;
    }
    rd_kafka_t *kafka = client(NULL);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka, argv[0], NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 0, topic, &metadata, TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "topic: %s: %s\n", argv[0], rd_kafka_err2str(code));
        return NO_ANSWER;
    }
    const struct rd_kafka_metadata_topic *found = &metadata->topics[0];
    int status = found->err == RD_KAFKA_RESP_ERR_NO_ERROR ? DONE : REFUSED;
    if (status == REFUSED) {
        fprintf(stderr, "topic: %s: %s\n", argv[0], rd_kafka_err2str(found->err));
    }
    for (int p = 0; status == DONE && p < found->partition_cnt; p++) {
        int64_t low = 0;
        int64_t high = 0;
        code = rd_kafka_query_watermark_offsets(
            kafka, argv[0], found->partitions[p].id, &low, &high, TIMEOUT_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fprintf(stderr, "topic: %s: %s\n", argv[0], rd_kafka_err2str(code));
            status = NO_ANSWER;
            break;
        }
        printf("%d %lld %lld\n", found->partitions[p].id, (long long)low, (long long)high);
    }
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(kafka);
    return status;
}

/* Bytes of which two hundred are like no other record's and the rest nothing: they come to some 250
 * compressed. */
static void fill(unsigned char *bytes, long long count, long long record)
{
    uint64_t state = (uint64_t)record * 0x9E3779B97F4A7C15u + 1;
    for (long long at = 0; at < count && at < 200; at++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[at] = (unsigned char)(state >> 56);
    }
}

/* COUNT records in partition 0 that are heavy by their headers, key or value, compressed with zstd. */
static int heavy(int argc, char **argv)
{
    long long count = 0, bytes = 0;
    if (argc != 4 || !parse(argv[1], &count) || !parse(argv[3], &bytes) || bytes < 1) {
        return USAGE;
    }
    const bool header = strcmp(argv[2], "header") == 0, key = strcmp(argv[2], "key") == 0;
    const bool value = strcmp(argv[2], "value") == 0;
    unsigned char *much = calloc(1, (size_t)bytes);
    if ((!header && !key && !value) || much == NULL) {
        free(much);
        return USAGE;
    }
    setenv("TW_COMPRESSION", "zstd", 1);
    rd_kafka_t *kafka = client(NULL);
    for (long long at = 0; at < count; at++) {
        char text[400];
        fill(much, bytes, at);
        const int length =
            snprintf(text, sizeof text, "{\"id\":\"%s-%lld\",\"text\":\"$HVY profit fell\"}", argv[0], at);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
        rd_kafka_header_add(headers, "heavy", -1, much, header ? (ssize_t)bytes : 1);
        rd_kafka_resp_err_t code;
        while ((code = rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC(argv[0]), RD_KAFKA_V_PARTITION(0),
                    RD_KAFKA_V_VALUE(value ? (void *)much : text, value ? (size_t)bytes : (size_t)length),
                    RD_KAFKA_V_KEY(much, key ? (size_t)bytes : 0), RD_KAFKA_V_HEADERS(headers),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
               RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_poll(kafka, 100);
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fprintf(stderr, "topic: %s\n", rd_kafka_err2str(code));
            return REFUSED;
        }
        rd_kafka_poll(kafka, 0);
    }
    free(much);
    if (rd_kafka_flush(kafka, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return NO_ANSWER;
    }
    printf("%lld\n", count);
    rd_kafka_destroy(kafka);
    return DONE;
}

/* A record in partition 0 with a key and no value, as compacted topics hold for what was deleted. */
static int tombstone(int argc, char **argv)
{
    if (argc != 2)
        return USAGE;
    rd_kafka_t *kafka = client(NULL);
    const rd_kafka_resp_err_t code = rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC(argv[0]),
        RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(argv[1], strlen(argv[1])),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_flush(kafka, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return NO_ANSWER;
    }
    rd_kafka_destroy(kafka);
    return DONE;
}

/* Standard input's lines become records, whole and byte for byte, partitions in turn unless one is named. */
static int produce(int argc, char **argv)
{
    long long partition = -1;
    long long stamp_ms = 0; /* the time of sending */
    if (argc < 1 || argc > 3 || (argc >= 2 && !parse(argv[1], &partition)) ||
        (argc == 3 && !parse(argv[2], &stamp_ms))) {
        return USAGE;
    }
    rd_kafka_t *kafka = client(NULL);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, argv[0], NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(kafka, 0, handle, &metadata, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        metadata->topics[0].partition_cnt < 1) {
        fprintf(stderr, "topic: %s: not there\n", argv[0]);
        return REFUSED;
    }
    const int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    char *line = NULL;
    size_t room = 0;
    long long count = 0;
    for (ssize_t length = 0; (length = getline(&line, &room, stdin)) >= 0; count++) {
        if (length > 0 && line[length - 1] == '\n') {
            length--;
        }
        const int32_t target = partition >= 0 ? (int32_t)partition : (int32_t)(count % partitions);
        while (
            rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC(argv[0]), RD_KAFKA_V_PARTITION(target),
                RD_KAFKA_V_VALUE(line, (size_t)length), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_TIMESTAMP((int64_t)stamp_ms), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_poll(kafka, 100);
        }
        rd_kafka_poll(kafka, 0);
    }
    free(line);
    const rd_kafka_resp_err_t code = rd_kafka_flush(kafka, TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "topic: %s\n", rd_kafka_err2str(code));
        return NO_ANSWER;
    }
    printf("%lld\n", count);
    rd_kafka_destroy(kafka);
    return DONE;
}

static int transaction_failed(rd_kafka_error_t *error)
{
    fprintf(stderr, "topic: %s\n", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return NO_ANSWER;
}

/* Standard input's lines become the records of one transaction, which is committed or aborted
 * SECONDS later. */
static int transact(int argc, char **argv)
{
    long long partition = 0, seconds = 0;
    if (argc != 4 || !parse(argv[1], &partition) || !parse(argv[3], &seconds) ||
        (strcmp(argv[2], "commit") != 0 && strcmp(argv[2], "abort") != 0))
        return USAGE;
    rd_kafka_t *kafka = client(argv[0]);
    rd_kafka_error_t *error = rd_kafka_init_transactions(kafka, TIMEOUT_MS);
    if (error || (error = rd_kafka_begin_transaction(kafka)))
        return transaction_failed(error);
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length = 0; (length = getline(&line, &room, stdin)) >= 0;)
        if (rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC(argv[0]), RD_KAFKA_V_PARTITION((int32_t)partition),
                RD_KAFKA_V_VALUE(line, (size_t)length - (line[length - 1] == '\n')),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return REFUSED;
    free(line);
    if (rd_kafka_flush(kafka, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NO_ANSWER;
    printf("open\n");
    fflush(stdout);
    sleep((unsigned)seconds);
    error = strcmp(argv[2], "commit") == 0 ? rd_kafka_commit_transaction(kafka, TIMEOUT_MS)
                                           : rd_kafka_abort_transaction(kafka, TIMEOUT_MS);
    if (error)
        return transaction_failed(error);
    rd_kafka_destroy(kafka);
    return DONE;
}

static const struct {
    const char *verb;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"create", create},
    {"grow", grow},
    {"delete", drop},
    {"offsets", offsets},
    {"produce", produce},
    {"heavy", heavy},
    {"tombstone", tombstone},
    {"transact", transact},
};

int main(int argc, char **argv)
{
    for (size_t v = 0; argc > 1 && v < sizeof verbs / sizeof *verbs; v++) {
        if (strcmp(argv[1], verbs[v].verb) == 0) {
            const int status = verbs[v].run(argc - 2, argv + 2);
            if (status != USAGE) {
                return status;
            }
        }
    }
    fprintf(stderr,
        "topic: unknown use; cure: create NAME PARTITIONS [KEY=VALUE...] | grow NAME PARTITIONS | "
        "delete NAME | offsets NAME | produce NAME [PARTITION [STAMP_MS]] | "
        "heavy NAME COUNT header|key|value BYTES | tombstone NAME KEY | "
        "transact NAME PARTITION commit|abort SECONDS\n");
    return USAGE;
}
