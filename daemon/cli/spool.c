#include "cli/spool.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/topics.h"
#include "read/decode.h"
#include "source/kafka.h"
#include "source/message.h"

enum { ANSWER_MS = 15000, SILENCE_MS = 30000, POLL_MS = 200, TELL_MS = 10000, LEVEL = 3 };
#define SCRATCH_BYTES ((size_t)8 << 30) /* address space: one record and what is made of it */
#define KEEP_BYTES ((size_t)4 << 20)

static const char brokers_cure[] = "see whether the brokers of bootstrap.servers run and let us in";
static const char disk_cure[] = "free space on the disk, then go on with --resume";

struct range {
    int64_t from, to;
};

struct tw_spool {
    const struct tw_spool_options *options;
    rd_kafka_t *kafka;
    struct range *ranges; /* [partitions] */
    int partitions;
    uint64_t documents, refused, told_ms;
    struct tw_arena scratch;
    /* What is written. */
    char path[PATH_MAX], partial[PATH_MAX];
    FILE *file;
    ZSTD_CCtx *packer;
    char *packed;
    size_t packed_room;
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory to read a topic");
}

/* ---- life ---- */

static void ignore_line(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    (void)kafka;
    (void)level;
    (void)facility;
    (void)text; /* what matters comes back as an error of a call */
}

static bool open_client(struct tw_spool *spool, struct tw_error *err)
{
    rd_kafka_conf_t *settings = NULL;
    const char *brokers = spool->options->brokers;
    char why[256];
    if (!tw_kafka_settings(spool->options->config, TW_KAFKA_CONSUMER, &settings, err))
        return false;
    if (brokers[0] &&
        rd_kafka_conf_set(settings, "bootstrap.servers", brokers, why, sizeof why) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(settings);
        return tw_fail(err, TW_USAGE, "--brokers", NULL, "%s", why);
    }
    rd_kafka_conf_set_log_cb(settings, ignore_line);
    if (!tw_kafka_new(TW_KAFKA_CONSUMER, settings, &spool->kafka, err))
        return false;
    rd_kafka_poll_set_consumer(spool->kafka);
    return true;
}

bool tw_spool_new(const struct tw_spool_options *options, struct tw_spool **out, struct tw_error *err)
{
    struct tw_spool *spool = calloc(1, sizeof *spool);
    *out = NULL;
    if (!spool)
        return out_of_memory(err);
    spool->options = options;
    if (!tw_arena_begin(&spool->scratch, SCRATCH_BYTES, err) || !open_client(spool, err)) {
        tw_spool_free(spool);
        return false;
    }
    *out = spool;
    return true;
}

static void end_file(struct tw_spool *spool)
{
    if (spool->file)
        fclose(spool->file);
    if (spool->partial[0])
        unlink(spool->partial);
    ZSTD_freeCCtx(spool->packer);
    free(spool->packed);
    spool->file = NULL;
    spool->packer = NULL;
    spool->packed = NULL;
    spool->partial[0] = '\0';
}

void tw_spool_free(struct tw_spool *spool)
{
    if (!spool)
        return;
    end_file(spool);
    if (spool->kafka) {
        rd_kafka_consumer_close(spool->kafka);
        rd_kafka_destroy(spool->kafka);
    }
    free(spool->ranges);
    tw_arena_end(&spool->scratch);
    free(spool);
}

/* ---- what is there ---- */

static bool count_partitions(struct tw_spool *spool, struct tw_error *err)
{
    const char *topic = spool->options->topic;
    if (tw_topic_partitions(spool->kafka, topic, ANSWER_MS, &spool->partitions, err))
        return true;
    if (err->code == TW_SERVER && strcmp(err->where, topic) == 0)
        snprintf(err->cure, sizeof err->cure, "name a topic that the brokers have");
    return false;
}

bool tw_spool_inspect(struct tw_spool *spool, struct tw_error *err)
{
    const char *topic = spool->options->topic;
    int64_t records = 0;
    if (!count_partitions(spool, err))
        return false;
    spool->ranges = calloc((size_t)spool->partitions, sizeof *spool->ranges);
    if (!spool->ranges)
        return out_of_memory(err);
    for (int at = 0; at < spool->partitions; at++) {
        struct range *range = &spool->ranges[at];
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(spool->kafka, topic, at, &range->from, &range->to, ANSWER_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return tw_fail(
                err, TW_SERVER, topic, brokers_cure, "partition %d: %s", at, rd_kafka_err2str(code));
        records += range->to - range->from;
    }
    if (records == 0)
        return tw_fail(err, TW_CONFIG, topic, "publish into it first: tapewatch replay ARCHIVE --topic NAME",
            "the topic holds no record");
    return true;
}

/* ---- the file ---- */

static bool open_file(struct tw_spool *spool, const char *folder, struct tw_error *err)
{
    spool->packer = ZSTD_createCCtx();
    spool->packed_room = ZSTD_CStreamOutSize();
    spool->packed = malloc(spool->packed_room);
    if (!spool->packer || !spool->packed)
        return out_of_memory(err);
    ZSTD_CCtx_setParameter(spool->packer, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(spool->packer, ZSTD_c_checksumFlag, 1);
    if (!tw_path_join(spool->path, sizeof spool->path, folder, "topic.jsonl.zst", err))
        return false;
    char partial[PATH_MAX];
    if (!tw_path_join(partial, sizeof partial, folder, "topic.jsonl.zst.partial", err))
        return false;
    spool->file = fopen(partial, "wbe");
    if (!spool->file)
        return tw_fail_errno(
            err, TW_OUTPUT, partial, "name a folder that can be written to", "cannot be created");
    memcpy(spool->partial, partial, sizeof partial);
    return true;
}

/* Hands bytes to the packer, and what it gives back to the file; `mode` ends the frame. */
static bool pack(struct tw_spool *spool, struct tw_text bytes, ZSTD_EndDirective mode, struct tw_error *err)
{
    ZSTD_inBuffer in = {bytes.bytes, bytes.length, 0};
    for (size_t left = 1; left > 0 || in.pos < in.size;) {
        ZSTD_outBuffer out = {spool->packed, spool->packed_room, 0};
        left = ZSTD_compressStream2(spool->packer, &out, &in, mode);
        if (ZSTD_isError(left))
            return tw_fail(err, TW_INTERNAL, spool->path, NULL, "zstd: %s", ZSTD_getErrorName(left));
        if (fwrite(spool->packed, 1, out.pos, spool->file) != out.pos)
            return tw_fail_errno(err, TW_IO, spool->path, disk_cure, "cannot be written");
        if (mode == ZSTD_e_continue && in.pos == in.size)
            return true;
    }
    return true;
}

static bool close_file(struct tw_spool *spool, struct tw_error *err)
{
    if (!pack(spool, (struct tw_text){"", 0}, ZSTD_e_end, err))
        return false;
    if (fflush(spool->file) != 0 || fsync(fileno(spool->file)) != 0 ||
        rename(spool->partial, spool->path) != 0)
        return tw_fail_errno(err, TW_IO, spool->path, disk_cure, "cannot be written");
    spool->partial[0] = '\0';
    return true;
}

static bool write_ranges(const struct tw_spool *spool, const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    json_t *partitions = json_array();
    for (int at = 0; at < spool->partitions; at++)
        json_array_append_new(
            partitions, json_pack("{s:i, s:I, s:I}", "partition", at, "from",
                            (json_int_t)spool->ranges[at].from, "to", (json_int_t)spool->ranges[at].to));
    json_t *told = json_pack("{s:s, s:I, s:o}", "topic", spool->options->topic, "refused",
        (json_int_t)spool->refused, "partitions", partitions);
    char *text = told ? json_dumps(told, JSON_INDENT(2)) : NULL;
    json_decref(told);
    if (!text)
        return out_of_memory(err);
    bool written = tw_path_join(path, sizeof path, folder, "topic.json", err) &&
                   tw_file_write(path, tw_text_of(text), err);
    free(text);
    return written;
}

/* ---- records ---- */

static bool refuse(struct tw_spool *spool, const rd_kafka_message_t *message, const struct tw_error *why,
    struct tw_error *err)
{
    char where[200];
    snprintf(where, sizeof where, "%.120s [%" PRId32 "] offset %" PRId64, spool->options->topic,
        message->partition, message->offset);
    *err = *why;
    err->code = TW_REFUSED;
    tw_error_in(err, where);
    if (!spool->options->skip_refused || !spool->options->watch->on_refused)
        return false;
    spool->refused++;
    spool->options->watch->on_refused(spool->options->watch->context, err);
    *err = (struct tw_error){0};
    return true;
}

static bool write_document(struct tw_spool *spool, const rd_kafka_message_t *message,
    const struct tw_document *document, struct tw_error *err)
{
    char id[320];
    snprintf(id, sizeof id, "%.250s/%" PRId32 "/%" PRId64, spool->options->topic, message->partition,
        message->offset);
    struct tw_text title = document->title, body = document->body;
    json_t *line = json_pack("{s:s, s:s%, s:s%}", "id", id, "title", title.bytes ? title.bytes : "",
        title.length, "body", body.bytes ? body.bytes : "", body.length);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!text)
        return out_of_memory(err);
    bool written = pack(spool, tw_text_of(text), ZSTD_e_continue, err) &&
                   pack(spool, (struct tw_text){"\n", 1}, ZSTD_e_continue, err);
    free(text);
    spool->documents++;
    return written;
}

static bool take(struct tw_spool *spool, rd_kafka_message_t *from, struct tw_error *err)
{
    struct tw_message message;
    struct tw_document document;
    memset(&message, 0, sizeof message);
    tw_arena_reset(&spool->scratch, KEEP_BYTES);
    if (!tw_message_take(from, &message, &spool->scratch, err) ||
        !tw_decode(spool->options->config->decode, &message, &spool->scratch, &document, err))
        return false;
    if (tw_fate_stores_nothing(document.fate))
        return true;
    if (document.fate == TW_FATE_DEAD_LETTER)
        return refuse(spool, from, document.refusal, err);
    return write_document(spool, from, &document, err);
}

/* ---- partitions ---- */

/* What is polled, as the loop over a partition sees it. */
enum step { NOTHING, RECORD, END, FAILED };

static enum step classify(
    const struct tw_spool *spool, const rd_kafka_message_t *message, int partition, struct tw_error *err)
{
    if (!message || message->partition != partition)
        return NOTHING;
    switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return message->offset < spool->ranges[partition].to ? RECORD : END;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        return END;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        tw_fail(err, TW_SERVER, spool->options->topic, "begin anew",
            "partition %d: the topic's retention overtook the reading", partition);
        return FAILED;
    default:
        return NOTHING; /* the client tries again; silence has its own end */
    }
}

static bool check_patience(
    const struct tw_spool *spool, uint64_t heard_ms, int partition, struct tw_error *err)
{
    const struct tw_run_watch *watch = spool->options->watch;
    if (watch->stopped && watch->stopped(watch->context))
        return tw_fail(err, TW_INTERRUPTED, spool->options->topic, "go on with --resume: it reads it anew",
            "interrupted while the topic was read");
    if (tw_now_ms() - heard_ms < SILENCE_MS)
        return true;
    return tw_fail(err, TW_SERVER, spool->options->topic, brokers_cure, "partition %d: no answer for %d s",
        partition, SILENCE_MS / 1000);
}

static void tell_progress(struct tw_spool *spool)
{
    uint64_t now_ms = tw_now_ms();
    if (spool->told_ms == 0)
        spool->told_ms = now_ms;
    if (now_ms - spool->told_ms < TELL_MS)
        return;
    spool->told_ms = now_ms;
    tw_run_report_line(spool->options->watch, "%s: %" PRIu64 " documents read so far", spool->options->topic,
        spool->documents);
}

static bool read_assigned(struct tw_spool *spool, int partition, struct tw_error *err)
{
    for (uint64_t heard_ms = tw_now_ms();;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(spool->kafka, POLL_MS);
        enum step step = classify(spool, message, partition, err);
        bool taken = step == RECORD ? take(spool, message, err) : step != FAILED;
        bool last = step == END || (step == RECORD && message->offset + 1 >= spool->ranges[partition].to);
        if (step == RECORD)
            heard_ms = tw_now_ms();
        if (message)
            rd_kafka_message_destroy(message);
        if (!taken || last)
            return taken;
        tell_progress(spool);
        if (!check_patience(spool, heard_ms, partition, err))
            return false;
    }
}

static bool read_partition(struct tw_spool *spool, int partition, struct tw_error *err)
{
    const struct range *range = &spool->ranges[partition];
    if (range->from >= range->to)
        return true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, spool->options->topic, partition)->offset = range->from;
    rd_kafka_resp_err_t code = rd_kafka_assign(spool->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return tw_fail(err, TW_SERVER, spool->options->topic, brokers_cure, "partition %d: %s", partition,
            rd_kafka_err2str(code));
    bool read = read_assigned(spool, partition, err);
    rd_kafka_assign(spool->kafka, NULL);
    return read;
}

bool tw_spool_write(struct tw_spool *spool, const char *folder, struct tw_error *err)
{
    bool written = open_file(spool, folder, err);
    for (int at = 0; written && at < spool->partitions; at++)
        written = read_partition(spool, at, err);
    if (written && spool->documents == 0)
        written = tw_fail(err, TW_CONFIG, spool->options->topic,
            "publish into it first: tapewatch replay ARCHIVE --topic NAME", "the topic holds no document");
    written = written && write_ranges(spool, folder, err) && close_file(spool, err);
    if (written)
        tw_run_report_line(spool->options->watch, "%s: %" PRIu64 " documents read from %d partitions",
            spool->options->topic, spool->documents, spool->partitions);
    end_file(spool);
    return written;
}
