/* dev: what is needed to try Tapewatch without a Kafka. `dev broker` is librdkafka's mock cluster in this
 * process: in memory, loopback only, gone when it ends. It keeps 5 MiB a partition and drops the oldest
 * without a word, so it is for a first run and never for a promise. It has no CreateTopics: `dev topic` asks
 * it through a socket beside its address file. A topic that nobody made has four partitions from its first
 * use. */
#include "cli/command.h"
#include "observe/control.h"

#include "base/file.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 512, ASK_TIMEOUT_MS = 10000 };

struct options {
    const char *address_file;
    const char *topic;
    int64_t partitions;
};

struct broker {
    const struct options *options;
    uv_loop_t loop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    struct tw_control *control;
    rd_kafka_t *kafka;
    rd_kafka_mock_cluster_t *cluster;
};

static const char topic_verb[] = "topic ";

/* What the mock's own client says is about itself. */
static void ignore_line(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    (void)kafka;
    (void)level;
    (void)facility;
    (void)text;
}

static bool make_cluster(struct broker *broker, struct tw_error *err)
{
    char why[512];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(settings, ignore_line);
    broker->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    if (!broker->kafka) {
        rd_kafka_conf_destroy(settings);
        return tw_fail(err, TW_INTERNAL, "dev broker", NULL, "%s", why);
    }
    broker->cluster = rd_kafka_mock_cluster_new(broker->kafka, 1);
    return broker->cluster ||
           tw_fail(err, TW_INTERNAL, "dev broker", NULL, "the mock cluster cannot be made");
}

static void free_cluster(struct broker *broker)
{
    if (broker->cluster)
        rd_kafka_mock_cluster_destroy(broker->cluster);
    if (broker->kafka)
        rd_kafka_destroy(broker->kafka);
}

static void make_topic(void *context, const char *verb, struct tw_control_request *request)
{
    struct broker *broker = context;
    if (strncmp(verb, topic_verb, strlen(topic_verb)) != 0) {
        tw_control_answer(request, 2, "no such verb; cure: topic NAME\n");
        return;
    }
    rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(
        broker->cluster, verb + strlen(topic_verb), (int)broker->options->partitions, 1);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        tw_control_answer(request, 0, "");
    else
        tw_control_answer(request, 70, rd_kafka_err2str(code));
}

static void end_came(uv_signal_t *handle, int number)
{
    (void)number;
    struct broker *broker = handle->data;
    tw_control_end(broker->control);
    broker->control = NULL;
    uv_close((uv_handle_t *)&broker->terminate, NULL);
    uv_close((uv_handle_t *)&broker->interrupt, NULL);
}

static bool open_control(struct broker *broker, struct tw_error *err)
{
    char path[PATH_BYTES];
    struct tw_control_handler handler = {.context = broker, .request = make_topic};
    if (!broker->options->address_file)
        return true;
    if ((size_t)snprintf(path, sizeof path, "%s.control", broker->options->address_file) >= sizeof path)
        return tw_fail(err, TW_USAGE, broker->options->address_file, "give a shorter path", "path too long");
    return tw_control_begin(&broker->loop, path, &handler, &broker->control, err);
}

/* Written whole or not at all, so that whoever waits for the file never reads half an address. */
static bool tell_address(const struct broker *broker, struct tw_error *err)
{
    char line[PATH_BYTES];
    const char *address = rd_kafka_mock_cluster_bootstraps(broker->cluster);
    int length = snprintf(line, sizeof line, "%s\n", address);
    const char *file = broker->options->address_file;
    if (file && !tw_file_write(file, (struct tw_text){line, (size_t)length}, err))
        return false;
    printf("development broker at %s, in memory\n", address);
    fflush(stdout);
    return true;
}

static void watch_signals(struct broker *broker)
{
    uv_signal_init(&broker->loop, &broker->terminate);
    uv_signal_init(&broker->loop, &broker->interrupt);
    broker->terminate.data = broker;
    broker->interrupt.data = broker;
    uv_signal_start(&broker->terminate, end_came, SIGTERM);
    uv_signal_start(&broker->interrupt, end_came, SIGINT);
}

static bool run_broker(const struct options *options, struct tw_error *err)
{
    struct broker broker = {.options = options};
    if (uv_loop_init(&broker.loop) != 0)
        return tw_fail(err, TW_INTERNAL, "dev broker", NULL, "cannot open the event loop");
    watch_signals(&broker);
    bool done = make_cluster(&broker, err) && open_control(&broker, err) && tell_address(&broker, err);
    if (!done)
        end_came(&broker.terminate, 0);
    uv_run(&broker.loop, UV_RUN_DEFAULT);
    uv_loop_close(&broker.loop);
    free_cluster(&broker);
    if (done && options->address_file)
        unlink(options->address_file);
    return done;
}

static bool ask_topic(const struct options *options, struct tw_error *err)
{
    char path[PATH_BYTES];
    char verb[300];
    int status = 0;
    char *text = NULL;
    snprintf(path, sizeof path, "%s.control", options->address_file);
    snprintf(verb, sizeof verb, "%s%s", topic_verb, options->topic);
    if (!tw_control_ask(path, verb, ASK_TIMEOUT_MS, &status, &text, err))
        return false;
    bool done = status == 0 || tw_fail(err, TW_INTERNAL, options->topic, NULL, "%s", text);
    free(text);
    return done;
}

static int run_dev_broker(const struct tw_command_line *line, struct tw_error *err)
{
    return run_broker(line->options, err) ? 0 : tw_command_failed(err);
}

static int run_dev_topic(const struct tw_command_line *line, struct tw_error *err)
{
    return ask_topic(line->options, err) ? 0 : tw_command_failed(err);
}

static const struct tw_option broker_rows[] = {
    {"address-file", 0, "FILE", TW_INTO_PATH(struct options, address_file),
        .help = "where the broker writes its host:port, whole or not at all; dev topic finds it there"},
    {"partitions", 0, "N", TW_INTO_COUNT(struct options, partitions), .least = 1, .most = 1000,
        .fallback = "16", .help = "of each topic that dev topic makes"},
};

static const struct tw_option topic_rows[] = {
    {.value = "NAME", TW_INTO_TEXT(struct options, topic), .required = true, .help = "of the new topic"},
    {"address-file", 0, "FILE", TW_INTO_PATH(struct options, address_file), .required = true,
        .help = "the one that the broker was given"},
};

const struct tw_command tw_command_dev_broker = {
    .name = "dev broker",
    .group = "dev",
    .summary = "a development broker, in memory",
    .rows = broker_rows,
    .count = sizeof broker_rows / sizeof broker_rows[0],
    .bytes = sizeof(struct options),
    .run = run_dev_broker,
};

const struct tw_command tw_command_dev_topic = {
    .name = "dev topic",
    .group = "dev",
    .summary = "make a topic on it",
    .rows = topic_rows,
    .count = sizeof topic_rows / sizeof topic_rows[0],
    .bytes = sizeof(struct options),
    .run = run_dev_topic,
};
