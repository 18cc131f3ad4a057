#include "tell/kafka_teller.h"

#include "config/config.h"
#include "source/kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { LOOK_MS = 1000 };

struct tw_kafka_teller {
    const char *topic_name;
    struct tw_teller_events events;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *reports; /* the client's main queue */
    uv_async_t wake;
    uv_timer_t look;
    uv_work_t destroying;

    size_t pending; /* records whose report is still to come */
    bool delivering;
    struct tw_error trouble;   /* of this delivery; TW_OK: none */
    struct tw_kafka_word said; /* last, since all of a delivery was told */

    int open; /* handles, and the destroying */
    void (*closed)(void *context);
    void *closed_context;
};

/* Rule and entity are told in order: they share a partition. May run on a thread of librdkafka's; the row
 * stays until its report. */
static int32_t choose_partition(const rd_kafka_topic_t *topic, const void *key, size_t length, int32_t count,
    void *topic_opaque, void *message_opaque)
{
    const struct tw_outbox_row *row = message_opaque;
    (void)topic;
    (void)key;
    (void)length;
    (void)topic_opaque;
    return (int32_t)(XXH3_64bits(row->partition_by.bytes, row->partition_by.length) % (uint64_t)count);
}

/* Asked again, the broker would say the same of this record. */
static bool is_the_records_fault(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_MSG ||
           code == RD_KAFKA_RESP_ERR_INVALID_RECORD || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static const struct cure {
    rd_kafka_resp_err_t code;
    enum tw_code means;
    const char *text;
} cures[] = {
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, TW_PERMISSION,
        "allow the daemon's user to write to the topic"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, TW_SERVER, "make the topic, or name another as tell.kafka_topic"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, TW_SERVER,
        "make the topic, or name another as tell.kafka_topic"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, TW_PERMISSION,
        "correct the log-in under kafka.properties and kafka.secrets, then restart the daemon"},
    {RD_KAFKA_RESP_ERR__SSL, TW_PERMISSION,
        "correct what kafka.properties say of TLS, or the broker's certificate"},
    {RD_KAFKA_RESP_ERR__FATAL, TW_INTERNAL, "restart the daemon: librdkafka has given up"},
};

static const struct cure *cure_of(rd_kafka_resp_err_t code)
{
    static const struct cure usual = {
        .means = TW_SERVER, .text = "start the broker that leads it, or see its log; it is tried again"};
    for (size_t at = 0; at < sizeof cures / sizeof cures[0]; at++)
        if (cures[at].code == code)
            return &cures[at];
    return &usual;
}

void tw_kafka_trouble(const char *topic, int32_t partition, rd_kafka_resp_err_t code,
    const struct tw_kafka_word *said, struct tw_error *err)
{
    bool unheard = code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && said->text[0];
    const struct cure *cure = cure_of(unheard ? said->code : code);
    char number[32] = "";
    char where[300];
    if (partition >= 0)
        snprintf(number, sizeof number, " partition %" PRId32, partition);
    snprintf(where, sizeof where, "%s%s", topic, number);
    tw_fail_passing(err, cure->means, where, cure->text, "%s%s%s", rd_kafka_err2str(code),
        unheard ? ": " : "", unheard ? said->text : "");
}

static void end_row(
    struct tw_kafka_teller *teller, struct tw_outbox_row *row, int32_t partition, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        row->outcome = TW_TELLING_TOLD;
    } else if (is_the_records_fault(code)) {
        row->outcome = TW_TELLING_REFUSED;
        snprintf(row->answer, sizeof row->answer, "%s", rd_kafka_err2str(code));
    } else if (teller->trouble.code == TW_OK) {
        tw_kafka_trouble(teller->topic_name, partition, code, &teller->said, &teller->trouble);
    }
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct tw_kafka_teller *teller = opaque;
    (void)client;
    teller->pending--;
    end_row(teller, message->_private, message->partition, message->err);
}

/* Its words are kept for the row's trouble: alone they are told by the source already. That all brokers are
 * down comes behind the reason why the last of them is, and says less. */
static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct tw_kafka_teller *teller = opaque;
    (void)client;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && teller->said.text[0])
        return;
    teller->said.code = (rd_kafka_resp_err_t)code;
    snprintf(teller->said.text, sizeof teller->said.text, "%s", reason);
}

static void look(struct tw_kafka_teller *teller)
{
    if (!teller->client)
        return;
    rd_kafka_poll(teller->client, 0);
    if (!teller->delivering || teller->pending > 0)
        return;
    teller->delivering = false;
    if (teller->trouble.code == TW_OK)
        teller->said = (struct tw_kafka_word){0}; /* no broker is away any more */
    teller->events.delivered(teller->events.context, teller->trouble.code != TW_OK ? &teller->trouble : NULL);
}

static void on_wake(uv_async_t *handle)
{
    look(handle->data);
}

static void on_look(uv_timer_t *timer)
{
    look(timer->data);
}

/* On a thread of librdkafka's. */
static void wake_loop(rd_kafka_t *client, void *opaque)
{
    struct tw_kafka_teller *teller = opaque;
    (void)client;
    uv_async_send(&teller->wake);
}

static void deliver(void *self, struct tw_outbox_row *rows, size_t count)
{
    struct tw_kafka_teller *teller = self;
    teller->delivering = true;
    teller->trouble = (struct tw_error){0};
    for (size_t at = 0; at < count; at++) {
        struct tw_outbox_row *row = &rows[at];
        if (rd_kafka_produce(teller->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                (void *)(uintptr_t)row->message.bytes, row->message.length, row->key.bytes, row->key.length,
                row) == 0)
            teller->pending++;
        else
            end_row(teller, row, RD_KAFKA_PARTITION_UA, rd_kafka_last_error());
    }
    if (teller->pending == 0)
        uv_async_send(&teller->wake);
}

/* -- begin and end --------------------------------------------------------------------------------------- */

/* Deadline and order are ours, whatever kafka.properties say of them; a topic that is not there is to be
 * known as such before the deadline. */
static bool set_ours(rd_kafka_conf_t *settings, struct tw_error *err)
{
    static const struct {
        const char *name;
        int value;
    } ours[] = {
        {"message.timeout.ms", TW_TELLER_DEADLINE_MS},
        {"topic.metadata.propagation.max.ms", TW_TELLER_DEADLINE_MS / 2},
        {"max.in.flight.requests.per.connection", 1},
    };
    char value[16];
    char why[256];
    for (size_t at = 0; at < sizeof ours / sizeof ours[0]; at++) {
        snprintf(value, sizeof value, "%d", ours[at].value);
        if (rd_kafka_conf_set(settings, ours[at].name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
            return tw_fail(
                err, TW_CONFIG, "kafka.properties", "see librdkafka's CONFIGURATION.md", "%s", why);
    }
    return true;
}

static bool make_settings(const struct tw_config *config, rd_kafka_conf_t **out, struct tw_error *err)
{
    if (!tw_kafka_settings(config, TW_KAFKA_PRODUCER, out, err))
        return false;
    rd_kafka_conf_set_log_cb(*out, NULL);
    if (set_ours(*out, err))
        return true;
    rd_kafka_conf_destroy(*out);
    return false;
}

bool tw_kafka_teller_check(const struct tw_config *config, struct tw_error *err)
{
    rd_kafka_conf_t *settings;
    rd_kafka_t *client;
    if (!make_settings(config, &settings, err))
        return false;
    (void)rd_kafka_conf_set(settings, "bootstrap.servers", "", NULL, 0); /* nobody is asked */
    if (!tw_kafka_new(TW_KAFKA_PRODUCER, settings, &client, err))
        return false;
    rd_kafka_destroy(client);
    return true;
}

static bool open_client(struct tw_kafka_teller *teller, const struct tw_config *config, struct tw_error *err)
{
    rd_kafka_conf_t *settings;
    if (!make_settings(config, &settings, err))
        return false;
    rd_kafka_conf_set_dr_msg_cb(settings, on_report);
    rd_kafka_conf_set_error_cb(settings, on_error);
    rd_kafka_conf_set_opaque(settings, teller);
    return tw_kafka_new(TW_KAFKA_PRODUCER, settings, &teller->client, err);
}

static bool open_topic(struct tw_kafka_teller *teller, struct tw_error *err)
{
    rd_kafka_topic_conf_t *settings = rd_kafka_default_topic_conf_dup(teller->client);
    rd_kafka_topic_conf_set_partitioner_cb(settings, choose_partition);
    teller->topic = rd_kafka_topic_new(teller->client, teller->topic_name, settings);
    if (teller->topic)
        return true;
    rd_kafka_topic_conf_destroy(settings);
    return tw_fail(err, TW_CONFIG, "tell.kafka_topic", "name a topic as Kafka does", "%s: %s",
        teller->topic_name, rd_kafka_err2str(rd_kafka_last_error()));
}

static bool begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    const struct tw_teller_events *events, void **out, struct tw_error *err)
{
    struct tw_kafka_teller *teller = calloc(1, sizeof *teller);
    (void)log;
    if (!teller)
        return tw_fail(err, TW_INTERNAL, "tell", NULL, "out of memory");
    teller->topic_name = config->tell.kafka_topic;
    teller->events = *events;
    if (!open_client(teller, config, err) || !open_topic(teller, err)) {
        if (teller->client)
            rd_kafka_destroy(teller->client);
        free(teller);
        return false;
    }
    uv_async_init(loop, &teller->wake, on_wake);
    uv_timer_init(loop, &teller->look);
    teller->wake.data = teller;
    teller->look.data = teller;
    teller->destroying.data = teller;
    teller->open = 3;
    teller->reports = rd_kafka_queue_get_main(teller->client);
    rd_kafka_queue_cb_event_enable(teller->reports, wake_loop, teller);
    uv_timer_start(&teller->look, on_look, LOOK_MS, LOOK_MS);
    *out = teller;
    return true;
}

static void one_closed(struct tw_kafka_teller *teller)
{
    if (--teller->open > 0)
        return;
    void (*closed)(void *context) = teller->closed;
    void *context = teller->closed_context;
    free(teller);
    if (closed)
        closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

/* It joins threads, one of which may be in the middle of a connection attempt. */
static void destroy(uv_work_t *work)
{
    struct tw_kafka_teller *teller = work->data;
    rd_kafka_purge(teller->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_topic_destroy(teller->topic);
    rd_kafka_destroy(teller->client);
}

/* Nobody wakes the loop any more: its handle may go. */
static void on_destroyed(uv_work_t *work, int status)
{
    struct tw_kafka_teller *teller = work->data;
    (void)status;
    teller->client = NULL;
    uv_close((uv_handle_t *)&teller->wake, on_handle_closed);
    uv_close((uv_handle_t *)&teller->look, on_handle_closed);
    one_closed(teller);
}

static void end(void *self, void (*closed)(void *context), void *context)
{
    struct tw_kafka_teller *teller = self;
    teller->closed = closed;
    teller->closed_context = context;
    teller->delivering = false;
    uv_timer_stop(&teller->look);
    rd_kafka_queue_cb_event_enable(teller->reports, NULL, NULL);
    rd_kafka_queue_destroy(teller->reports);
    uv_queue_work(teller->wake.loop, &teller->destroying, destroy, on_destroyed);
}

static bool is_wanted(const struct tw_config *config)
{
    return config->tell.kafka_topic[0] != '\0';
}

const struct tw_teller_kind tw_kafka_teller_kind = {
    .repeats = false,
    .is_wanted = is_wanted,
    .begin = begin,
    .deliver = deliver,
    .end = end,
};
