/* replay: an archive to a topic, in the order of event time, at its own pace times --speed.
 *
 * Records go to the partitions in turn (or by --key), as they stand in the archive. Whenever event time has
 * moved by half the lateness, a record without value and with the header `tw-time` goes to every partition,
 * so that a partition that is short of records does not hold the watermark back. At the end one more: the
 * last event time plus the lateness plus one bar, so that the last bar is closed and its alerts can open;
 * further time is not made up, so an alert of the end stays open as it would in life. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/tape.h"
#include "cli/topics.h"
#include "config/config.h"
#include "source/kafka.h"
#include "terminal/table.h"
#include "timestamps/time_text.h"

#include "time/bars.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_BYTES = 8 << 20,
    ANSWER_MS = 15000,
    FLUSH_MS = 60000,
    PROGRESS_MS = 1000,
    POLL_EVERY = 64, /* records between looks at deliveries */
};
#define TAPE_BYTES ((size_t)16 << 30) /* address space for the archive's text */

enum key_by { KEY_NONE, KEY_ID, KEY_SYMBOL };

struct options {
    const char *archive;
    const char *topic;
    const char *config;
    const char *brokers;
    double speed;       /* 0: as fast as it goes */
    int64_t partitions; /* 0: the topic is there */
    int64_t repeat;
    int64_t at_most; /* documents a second; 0: no limit */
    bool distinct_ids;
    bool into_live;
    enum key_by key;
    enum tw_format format;
};

struct replay {
    const struct options *options;
    const struct tw_config *config;
    struct tw_tape tape;
    rd_kafka_t *kafka;
    int partitions;
    int next_partition;
    uint64_t documents;
    uint64_t ticks;
    uint64_t failed;
    rd_kafka_resp_err_t failure;
    int64_t ticked_us; /* event time of the last tick */
    uint64_t began_ms;
    uint64_t told_ms;
};

static void delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *context)
{
    (void)kafka;
    struct replay *replay = context;
    if (!message->err)
        return;
    replay->failed++;
    replay->failure = message->err;
}

static void tell_progress(struct replay *replay, bool last)
{
    uint64_t now = tw_now_ms();
    if (!last && now - replay->told_ms < PROGRESS_MS)
        return;
    bool terminal = isatty(STDERR_FILENO);
    uint64_t total = replay->tape.count * (uint64_t)replay->options->repeat;
    uint64_t elapsed_ms = now - replay->began_ms + 1;
    replay->told_ms = now;
    fprintf(stderr, "%sreplay: %" PRIu64 " of %" PRIu64 " documents (%" PRIu64 "%%), %" PRIu64 "/s%s",
        terminal ? "\r" : "", replay->documents, total, total ? replay->documents * 100 / total : 100,
        replay->documents * 1000 / elapsed_ms, terminal && !last ? "" : "\n");
}

static void wait_until(struct replay *replay, uint64_t due_ms)
{
    for (uint64_t now; (now = tw_now_ms()) < due_ms;) {
        rd_kafka_poll(replay->kafka, due_ms - now < 200 ? (int)(due_ms - now) : 200);
        tell_progress(replay, false);
    }
}

/* Its own pace, and no more a second than was asked for. */
static void keep_pace(struct replay *replay, const struct tw_tape_line *record)
{
    const struct options *options = replay->options;
    if (options->at_most > 0)
        wait_until(replay, replay->began_ms + replay->documents * 1000 / (uint64_t)options->at_most);
    if (options->speed > 0 && record->event_us != TW_NO_TIME)
        wait_until(replay, replay->began_ms + (uint64_t)((double)(record->event_us - replay->tape.first_us) /
                                                         1000 / options->speed));
}

static bool give_up(struct replay *replay, struct tw_error *err)
{
    if (replay->failed == 0)
        return true;
    return tw_fail(err, TW_IO, replay->options->topic,
        "see the broker's log; replay into a new topic: this one holds part of the archive",
        "%" PRIu64 " records were not delivered: %s", replay->failed, rd_kafka_err2str(replay->failure));
}

/* One record; waits while librdkafka's queue is full. `header` may be empty. */
static bool produce(struct replay *replay, int32_t partition, struct tw_text key, const void *value,
    size_t length, struct tw_text header, struct tw_error *err)
{
    for (;;) {
        rd_kafka_headers_t *headers = NULL;
        if (header.length > 0) {
            headers = rd_kafka_headers_new(1);
            rd_kafka_header_add(headers, "tw-time", -1, header.bytes, (ssize_t)header.length);
        }
        rd_kafka_vu_t fields[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = replay->options->topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value, length}},
            {.vtype = RD_KAFKA_VTYPE_KEY,
                .u.mem = {key.length > 0 ? (void *)(uintptr_t)key.bytes : NULL, key.length}},
            {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        };
        size_t count = sizeof fields / sizeof fields[0] - (headers ? 0 : 1);
        rd_kafka_error_t *error = rd_kafka_produceva(replay->kafka, fields, count);
        if (!error)
            return true;
        rd_kafka_resp_err_t code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        if (headers)
            rd_kafka_headers_destroy(headers);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return tw_fail(
                err, TW_IO, replay->options->topic, NULL, "cannot be written: %s", rd_kafka_err2str(code));
        rd_kafka_poll(replay->kafka, 100);
        tell_progress(replay, false);
        if (!give_up(replay, err))
            return false;
    }
}

/* Says to every partition how far event time has come. */
static bool tick(struct replay *replay, int64_t time_us, struct tw_error *err)
{
    char text[TW_TIME_TEXT_BYTES];
    struct tw_text header = {text, tw_time_text(time_us, text)};
    for (int partition = 0; partition < replay->partitions; partition++)
        if (!produce(replay, partition, (struct tw_text){0}, NULL, 0, header, err))
            return false;
    replay->ticks += (uint64_t)replay->partitions;
    replay->ticked_us = time_us;
    return true;
}

static bool tick_when_due(struct replay *replay, const struct tw_tape_line *record, struct tw_error *err)
{
    if (record->event_us == TW_NO_TIME)
        return true;
    if (replay->ticked_us == TW_NO_TIME)
        replay->ticked_us = record->event_us;
    int64_t moved_us = record->event_us - replay->ticked_us;
    return moved_us == 0 || moved_us < replay->config->watermark.lateness_us / 2 ||
           tick(replay, record->event_us, err);
}

static bool publish(
    struct replay *replay, const struct tw_tape_line *record, uint64_t round, struct tw_error *err)
{
    const struct options *options = replay->options;
    struct tw_text line = record->line;
    struct tw_text key = options->key == KEY_ID       ? record->id
                         : options->key == KEY_SYMBOL ? record->symbol
                                                      : (struct tw_text){0};
    char *renamed = NULL;
    if (options->distinct_ids &&
        (renamed = tw_tape_rename(record, replay->config->decode, round, &line.length)))
        line.bytes = renamed;
    else
        line = record->line;
    int32_t partition = RD_KAFKA_PARTITION_UA; /* by the key's hash */
    if (key.length == 0) {
        partition = replay->next_partition;
        replay->next_partition = (replay->next_partition + 1) % replay->partitions;
    }
    bool done = produce(replay, partition, key, line.bytes, line.length, (struct tw_text){0}, err);
    free(renamed);
    replay->documents += done;
    return done;
}

static bool publish_all(struct replay *replay, struct tw_error *err)
{
    replay->began_ms = tw_now_ms();
    replay->told_ms = replay->began_ms;
    replay->ticked_us = TW_NO_TIME;
    for (size_t at = 0; at < replay->tape.count; at++) {
        const struct tw_tape_line *record = &replay->tape.records[at];
        if (!tick_when_due(replay, record, err))
            return false;
        for (uint64_t round = 0; round < (uint64_t)replay->options->repeat; round++) {
            keep_pace(replay, record);
            if (!publish(replay, record, round, err))
                return false;
            if (replay->documents % POLL_EVERY == 0) {
                rd_kafka_poll(replay->kafka, 0);
                tell_progress(replay, false);
            }
        }
        if (!give_up(replay, err))
            return false;
    }
    int64_t last_us = replay->tape.last_us;
    return last_us == TW_NO_TIME ||
           tick(replay, last_us + replay->config->watermark.lateness_us + TW_BAR_US, err);
}

static bool flush(struct replay *replay, struct tw_error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(replay->kafka, FLUSH_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return tw_fail(err, TW_SERVER, "kafka", "see whether the brokers run",
            "%d records are still not delivered after %d s", rd_kafka_outq_len(replay->kafka),
            FLUSH_MS / 1000);
    return give_up(replay, err);
}

/* ---- before the first record ---- */

static void ignore_line(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    (void)kafka;
    (void)facility;
    if (level <= 3)
        fprintf(stderr, "tapewatch replay: kafka: %s\n", text);
}

static bool open_producer(struct replay *replay, struct tw_error *err)
{
    rd_kafka_conf_t *settings = NULL;
    char why[256];
    if (!tw_kafka_settings(replay->config, TW_KAFKA_PRODUCER, &settings, err))
        return false;
    if (replay->options->brokers && rd_kafka_conf_set(settings, "bootstrap.servers", replay->options->brokers,
                                        why, sizeof why) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(settings);
        return tw_fail(err, TW_USAGE, "--brokers", NULL, "%s", why);
    }
    rd_kafka_conf_set_opaque(settings, replay);
    rd_kafka_conf_set_log_cb(settings, ignore_line);
    rd_kafka_conf_set_dr_msg_cb(settings, delivered);
    return tw_kafka_new(TW_KAFKA_PRODUCER, settings, &replay->kafka, err);
}

static bool nobody_reads(struct replay *replay, struct tw_error *err)
{
    char group[TW_GROUP_NAME_BYTES];
    const char *topic = replay->options->topic;
    if (replay->options->into_live)
        return true;
    if (!tw_topic_readers(replay->kafka, topic, ANSWER_MS, group, err))
        return false;
    if (!group[0])
        return true;
    return tw_fail(err, TW_HELD, topic, "replay into a new topic, or say --into-live if that is meant",
        "group %s reads it now; an archive would be taken for news", group);
}

static bool prepare(struct replay *replay, struct tw_error *err)
{
    const struct options *options = replay->options;
    if (!open_producer(replay, err))
        return false;
    if (options->partitions > 0 &&
        !tw_topic_make(replay->kafka, options->topic, (int)options->partitions, ANSWER_MS, err))
        return false;
    return tw_topic_partitions(replay->kafka, options->topic, ANSWER_MS, &replay->partitions, err) &&
           nobody_reads(replay, err);
}

static void tell_refused(void *context, const char *archive, const struct tw_error *err)
{
    (void)context;
    char line[1200];
    tw_error_line(err, line, sizeof line);
    fprintf(stderr, "tapewatch replay: %s: %s\n", archive, line);
}

/* ---- result ---- */

static bool print_result(const struct replay *replay, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"topic", false}, {"partitions", true}, {"published", true},
        {"control", true}, {"refused", true}, {"seconds", true}};
    uint64_t elapsed_ms = tw_now_ms() - replay->began_ms;
    char numbers[5][32];
    snprintf(numbers[0], sizeof numbers[0], "%d", replay->partitions);
    snprintf(numbers[1], sizeof numbers[1], "%" PRIu64, replay->documents);
    snprintf(numbers[2], sizeof numbers[2], "%" PRIu64, replay->ticks);
    snprintf(numbers[3], sizeof numbers[3], "%" PRIu64, replay->tape.refused);
    snprintf(numbers[4], sizeof numbers[4], "%.3f", (double)elapsed_ms / 1000);
    if (replay->options->format == TW_FORMAT_JSON) {
        printf("{\"topic\":\"%s\",\"partitions\":%s,\"published\":%s,\"control\":%s,\"refused\":%s,"
               "\"seconds\":%s}\n",
            replay->options->topic, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        return true;
    }
    const char *values[] = {
        replay->options->topic, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
    struct tw_table *table = tw_table_new(columns, sizeof columns / sizeof columns[0]);
    if (!table)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    bool done =
        tw_table_add(table, values, err) && tw_table_print(table, replay->options->format, stdout, err);
    tw_table_free(table);
    return done;
}

static int run_replay(struct replay *replay, struct tw_error *err)
{
    bool done = tw_tape_load(replay->options->archive, replay->config->decode, TAPE_BYTES, tell_refused, NULL,
                    &replay->tape, err) &&
                prepare(replay, err) && publish_all(replay, err) && flush(replay, err);
    if (done) {
        char line[TW_INTAKE_LINE_BYTES];
        tell_progress(replay, true);
        if (tw_intake_line(&replay->tape.intake, line, sizeof line))
            fprintf(stderr, "tapewatch replay: as the daemon will read them: %s\n", line);
        done = print_result(replay, err);
    }
    int status = !done ? tw_command_failed(err) : replay->tape.refused > 0 ? 1 : 0;
    if (replay->kafka) {
        rd_kafka_purge(replay->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(replay->kafka);
    }
    tw_tape_free(&replay->tape);
    return status;
}

/* ---- command line ---- */

static bool take_speed(const char *text, void *place)
{
    char *end;
    double speed = 0;
    if (strcmp(text, "max") != 0) {
        errno = 0;
        speed = strtod(text, &end);
        if (errno != 0 || end == text || *end != '\0' || !(speed > 0 && speed < 1e9))
            return false;
    }
    *(double *)place = speed;
    return true;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_config config;
    const struct options *options = line->options;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    struct replay replay = {.options = options, .config = &config};
    int status = tw_command_config_load(options->config, true, &arena, &config, err)
                     ? run_replay(&replay, err)
                     : tw_command_failed(err);
    tw_arena_end(&arena);
    return status;
}

static const char *const keys[] = {[KEY_NONE] = "none", [KEY_ID] = "id", [KEY_SYMBOL] = "symbol", NULL};

static const struct tw_option rows[] = {
    {.value = "ARCHIVE",
        TW_INTO_PATH(struct options, archive),
        .group = "archive",
        .required = true,
        .help = "JSON Lines or a table (CSV, TSV), plain, gz or zst; - is standard input"},
    {"archive", 0, "ARCHIVE", TW_INTO_PATH(struct options, archive), .group = "archive", .help = "the same"},
    {"topic", 0, "NAME", TW_INTO_TEXT(struct options, topic), .required = true, .help = "where to"},
    TW_OPTION_CONFIG(struct options, config),
    {"brokers", 0, "LIST", TW_INTO_TEXT(struct options, brokers),
        .help = "host:port,... in place of the configuration's bootstrap.servers"},
    {"partitions", 0, "N", TW_INTO_COUNT(struct options, partitions), .least = 1, .most = 10000,
        .help = "make the topic, with so many, kept for ever"},
    {"speed", 0, "X", TW_INTO_CUSTOM(struct options, speed, take_speed), .wanted = "a number above 0, or max",
        .fallback = "1", .help = "times its own pace"},
    {"at-most", 0, "N", TW_INTO_COUNT(struct options, at_most), .least = 1, .most = 1000000000,
        .help = "documents a second at most"},
    {"repeat", 0, "N", TW_INTO_COUNT(struct options, repeat), .least = 1, .most = 1000000000, .fallback = "1",
        .help = "each document so many times"},
    {"distinct-ids", 0, NULL, TW_INTO_FLAG(struct options, distinct_ids),
        .help = "give each copy an id of its own"},
    {"key", 0, "WHAT", TW_INTO_CHOICE(struct options, key, keys), .fallback = "none",
        .help = "what chooses the partition; none: each in turn"},
    {"into-live", 0, NULL, TW_INTO_FLAG(struct options, into_live),
        .help = "write even if a daemon reads the topic now"},
    TW_OPTION_FORMAT(struct options, format),
};

const struct tw_command tw_command_replay = {
    .name = "replay",
    .group = "data",
    .summary = "an archive to a topic, at its own pace times --speed",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
