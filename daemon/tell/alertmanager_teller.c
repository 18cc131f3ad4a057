#include "tell/alertmanager_teller.h"

#include "base/clock.h"
#include "config/config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIME_BYTES = 32, REPEATS_MISSED = 4 };

struct tw_alertmanager_teller {
    const struct tw_config *config;
    struct tw_teller_events events;
    struct tw_http_post *post;
    struct tw_outbox_row *rows; /* being told */
    size_t count;
    size_t at;       /* of those sent one by one */
    size_t sent;     /* in the request that is under way */
    bool one_by_one; /* together they were refused */
    uint64_t begun_ms;
    uv_idle_t failed; /* fires when nothing could be sent: never from inside a call */

    void (*closed)(void *context);
    void *closed_context;
};

/* -- what is told ---------------------------------------------------------------------------------------- */

/* As tell_time of sql/0016_outbox.sql has it: of one length, so that texts compare as times do. */
static void time_text(int64_t time_us, char out[TIME_BYTES])
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t used = strftime(out, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + used, TIME_BYTES - used, ".%06dZ", (int)(time_us % 1000000));
}

static const char *text_of(const json_t *message, const char *name)
{
    const char *text = json_string_value(json_object_get(message, name));
    return text ? text : "";
}

static const char *earlier(const char *left, const char *right)
{
    return strcmp(left, right) < 0 ? left : right;
}

static const char *later(const char *left, const char *right)
{
    return strcmp(left, right) > 0 ? left : right;
}

static json_t *labels_of(const json_t *message)
{
    static const char *const copied[] = {"entity", "severity", "kind"};
    json_t *labels = json_object();
    json_object_set_new(labels, "alertname", json_string(text_of(message, "rule")));
    for (size_t at = 0; at < sizeof copied / sizeof copied[0]; at++)
        json_object_set_new(labels, copied[at], json_string(text_of(message, copied[at])));
    return labels;
}

/* Annotations are texts; a number is written as it stands in the message. */
static json_t *annotations_of(const json_t *message)
{
    static const char *const copied[] = {"reason", "name", "measure"};
    char line[160];
    json_t *notes = json_object();
    json_int_t alert = json_integer_value(json_object_get(message, "alert"));
    for (size_t at = 0; at < sizeof copied / sizeof copied[0]; at++)
        json_object_set_new(notes, copied[at], json_string(text_of(message, copied[at])));
    snprintf(line, sizeof line, "%.4f", json_number_value(json_object_get(message, "value")));
    json_object_set_new(notes, "value", json_string(line));
    snprintf(line, sizeof line, "%" JSON_INTEGER_FORMAT,
        json_integer_value(json_object_get(message, "documents")));
    json_object_set_new(notes, "documents", json_string(line));
    if (alert == 0)
        return notes;
    snprintf(line, sizeof line, "%" JSON_INTEGER_FORMAT, alert);
    json_object_set_new(notes, "alert", json_string(line));
    snprintf(line, sizeof line,
        "SELECT * FROM tapewatch.alert_documents WHERE alert_id = %" JSON_INTEGER_FORMAT, alert);
    json_object_set_new(notes, "query", json_string(line));
    return notes;
}

static json_t *alert_of(const struct tw_outbox_row *row, const char *now, const char *ends)
{
    json_t *message = json_loadb(row->message.bytes, row->message.length, 0, NULL);
    if (!message)
        return NULL;
    const char *step = text_of(message, "step");
    bool resolved = strcmp(step, "resolved") == 0 || strcmp(step, "closed") == 0;
    const char *starts = earlier(text_of(message, "opened_time"), text_of(message, "opened_at"));
    json_t *alert = json_object();
    json_object_set_new(alert, "labels", labels_of(message));
    json_object_set_new(alert, "annotations", annotations_of(message));
    json_object_set_new(alert, "startsAt", json_string(starts));
    json_object_set_new(alert, "endsAt",
        json_string(resolved ? later(starts, earlier(text_of(message, "step_time"), now)) : ends));
    json_decref(message);
    return alert;
}

char *tw_alertmanager_body(const struct tw_outbox_row *rows, size_t count, int64_t now_us, int64_t repeat_us)
{
    char now[TIME_BYTES];
    char ends[TIME_BYTES];
    json_t *list = json_array();
    time_text(now_us, now);
    time_text(now_us + REPEATS_MISSED * repeat_us, ends);
    for (size_t at = 0; at < count; at++) {
        json_t *alert = alert_of(&rows[at], now, ends);
        if (!alert || json_array_append_new(list, alert) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    char *text = json_dumps(list, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(list);
    return text;
}

char *tw_alertmanager_url(const char *server, const char *path)
{
    size_t length = strlen(server);
    while (length > 0 && server[length - 1] == '/')
        length--;
    size_t size = length + strlen(path) + 1;
    char *url = malloc(size);
    if (url)
        snprintf(url, size, "%.*s%s", (int)length, server, path);
    return url;
}

/* -- telling --------------------------------------------------------------------------------------------- */

static void finish(struct tw_alertmanager_teller *teller, const struct tw_error *trouble)
{
    teller->rows = NULL;
    teller->events.delivered(teller->events.context, trouble);
}

static void on_failed(uv_idle_t *idle)
{
    struct tw_alertmanager_teller *teller = idle->data;
    struct tw_error err;
    uv_idle_stop(idle);
    tw_fail_passing(&err, TW_INTERNAL, "tell", NULL, "out of memory, or a message that is no JSON");
    finish(teller, &err);
}

static void send_rows(struct tw_alertmanager_teller *teller)
{
    teller->sent = teller->one_by_one ? 1 : teller->count;
    char *body = tw_alertmanager_body(
        teller->rows + teller->at, teller->sent, tw_wall_us(), teller->config->tell.repeat_ms * 1000);
    if (body)
        tw_http_post_send(teller->post, tw_text_of(body));
    else
        uv_idle_start(&teller->failed, on_failed);
    free(body);
}

static void deliver(void *self, struct tw_outbox_row *rows, size_t count)
{
    struct tw_alertmanager_teller *teller = self;
    teller->rows = rows;
    teller->count = count;
    teller->at = 0;
    teller->one_by_one = false;
    teller->begun_ms = tw_now_ms();
    send_rows(teller);
}

enum tw_telling tw_alertmanager_outcome(const struct tw_http_answer *answer)
{
    const long status = answer->status;
    if (status == 413)
        return TW_TELLING_REFUSED;
    if (tw_http_is_page(answer->body))
        return TW_TELLING_WAITS;
    if (status == 400 || status == 422)
        return TW_TELLING_REFUSED;
    return status >= 200 && status < 300 ? TW_TELLING_TOLD : TW_TELLING_WAITS;
}

static void fail_by(
    struct tw_alertmanager_teller *teller, const struct tw_http_answer *answer, struct tw_error *err)
{
    const char *server = teller->config->tell.alertmanager;
    if (answer->status == 0)
        tw_fail_passing(err, TW_SERVER, server, "start it, or correct tell.alertmanager; it is tried again",
            "Alertmanager does not answer: %s", answer->trouble);
    else
        tw_fail_passing(err, TW_SERVER, server,
            "see that tell.alertmanager is the address of an Alertmanager that lets this host in",
            "it answers HTTP %ld: %.*s", answer->status, (int)answer->body.length, answer->body.bytes);
}

static void on_answered(void *context, const struct tw_http_answer *answer)
{
    struct tw_alertmanager_teller *teller = context;
    struct tw_error err;
    const enum tw_telling outcome = tw_alertmanager_outcome(answer);
    if (outcome == TW_TELLING_REFUSED && teller->sent > 1) {
        teller->one_by_one = true;
        send_rows(teller);
        return;
    }
    if (outcome == TW_TELLING_WAITS) {
        fail_by(teller, answer, &err);
        finish(teller, &err);
        return;
    }
    for (size_t end = teller->at + teller->sent; teller->at < end; teller->at++) {
        struct tw_outbox_row *row = &teller->rows[teller->at];
        row->outcome = outcome;
        if (outcome == TW_TELLING_REFUSED)
            snprintf(row->answer, sizeof row->answer, "HTTP %ld: %s", answer->status, answer->body.bytes);
    }
    if (teller->at == teller->count) {
        finish(teller, NULL);
    } else if (tw_now_ms() - teller->begun_ms < TW_TELLER_DEADLINE_MS) {
        send_rows(teller);
    } else {
        tw_fail_passing(&err, TW_SERVER, teller->config->tell.alertmanager, "none needed: it goes on",
            "the deadline is over before all were sent one by one");
        finish(teller, &err);
    }
}

/* -- begin and end --------------------------------------------------------------------------------------- */

static bool begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    const struct tw_teller_events *events, void **out, struct tw_error *err)
{
    struct tw_alertmanager_teller *teller = calloc(1, sizeof *teller);
    char *url = tw_alertmanager_url(config->tell.alertmanager, "/api/v2/alerts");
    struct tw_http_post_events heard = {teller, on_answered};
    bool done = false;
    (void)log;
    if (!teller || !url)
        tw_fail(err, TW_INTERNAL, "tell", NULL, "out of memory");
    else
        done = tw_http_url_check(config->tell.alertmanager, "tell.alertmanager", err) &&
               tw_http_post_begin(loop, url, TW_TELLER_DEADLINE_MS, &heard, &teller->post, err);
    free(url);
    if (!done) {
        free(teller);
        return false;
    }
    teller->config = config;
    teller->events = *events;
    uv_idle_init(loop, &teller->failed);
    teller->failed.data = teller;
    *out = teller;
    return true;
}

static void on_idle_closed(uv_handle_t *handle)
{
    struct tw_alertmanager_teller *teller = handle->data;
    void (*closed)(void *context) = teller->closed;
    void *context = teller->closed_context;
    free(teller);
    if (closed)
        closed(context);
}

static void on_post_closed(void *context)
{
    struct tw_alertmanager_teller *teller = context;
    uv_close((uv_handle_t *)&teller->failed, on_idle_closed);
}

static void end(void *self, void (*closed)(void *context), void *context)
{
    struct tw_alertmanager_teller *teller = self;
    teller->closed = closed;
    teller->closed_context = context;
    uv_idle_stop(&teller->failed);
    tw_http_post_end(teller->post, on_post_closed, teller);
}

static bool is_wanted(const struct tw_config *config)
{
    return config->tell.alertmanager[0] != '\0';
}

const struct tw_teller_kind tw_alertmanager_teller_kind = {
    .repeats = true,
    .is_wanted = is_wanted,
    .begin = begin,
    .deliver = deliver,
    .end = end,
};
