#include "serve/reloading.h"

#include "base/clock.h"
#include "observe/control.h"
#include "observe/notify.h"
#include "serve/daemon.h"
#include "serve/loaded.h"
#include "serve/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOLD_MS = 10000 };

const struct tw_config *tw_reloading_config(const struct tw_daemon *daemon)
{
    return daemon->reloading.taken ? &daemon->reloading.taken->config : daemon->config;
}

static void note_taken(struct tw_daemon *daemon)
{
    tw_gauge_set(&daemon->metrics, TW_GAUGE_RELOAD_SUCCESS, 1);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_RELOAD_SUCCESS_AT, (double)tw_wall_us() / 1e6);
}

/* A counter that is to come stands at 0 first: else its first event would not be seen as an increase. */
static void announce_events(struct tw_daemon *daemon)
{
    const struct tw_taxonomy *events = tw_load_events(daemon->shared);
    for (uint32_t type = 0; events && type < events->type_count; type++)
        tw_count_events(&daemon->metrics, events->types[type].name, 0);
}

void tw_reloading_begin(struct tw_daemon *daemon)
{
    note_taken(daemon);
    announce_events(daemon);
    tw_source_counts_take(&daemon->sources, tw_load_sources(daemon->shared));
}

/* ---- telling ---- */

static void answer(struct tw_daemon *daemon, int status, char *text)
{
    if (daemon->reloading.asks)
        tw_control_answer(daemon->reloading.asks, text ? status : tw_exit_status(TW_INTERNAL),
            text ? text : "out of memory\n");
    daemon->reloading.asks = NULL;
    free(text);
}

/* The words of what was taken last, for whoever asked. */
static void tell(struct tw_daemon *daemon, enum tw_reload_hold hold, int64_t from_us)
{
    const struct tw_reload *taken = daemon->reloading.taken;
    char *changes = tw_reload_changes(taken, hold, from_us);
    char *text = NULL;
    if (changes && asprintf(&text, "%s\nrules %u, entities %u, events %s\n", changes, taken->rule_count,
                       taken->entity_count, taken->events_now) < 0)
        text = NULL;
    static const char *const events[] = {[TW_RELOAD_UNKNOWN] = "reloaded",
        [TW_RELOAD_LATER] = "new rules are not stored yet",
        [TW_RELOAD_FROM] = "new rules are stored"};
    tw_log(&daemon->log, TW_INFO, "daemon", events[hold], tw_string("changes", changes ? changes : ""),
        tw_int("rules", taken->rule_count), tw_int("entities", taken->entity_count),
        tw_string("events", taken->events_now));
    free(changes);
    if (hold != TW_RELOAD_UNKNOWN || taken->rules.length == 0)
        answer(daemon, 0, text);
    else
        free(text);
}

void tw_reloading_second(struct tw_daemon *daemon)
{
    int64_t from_us;
    if (daemon->reloading.due_ms == 0)
        return;
    if (tw_evaluator_rules_hold(daemon->evaluator, &from_us)) {
        daemon->reloading.due_ms = 0;
        tell(daemon, TW_RELOAD_FROM, from_us);
    } else if (tw_now_ms() >= daemon->reloading.due_ms) {
        daemon->reloading.due_ms = 0;
        tell(daemon, TW_RELOAD_LATER, 0);
    }
}

static void tell_who_waits(struct tw_daemon *daemon)
{
    if (daemon->reloading.due_ms == 0)
        return;
    daemon->reloading.due_ms = 0;
    tell(daemon, TW_RELOAD_LATER, 0);
}

void tw_reloading_free(struct tw_daemon *daemon)
{
    tw_reload_free(daemon->reloading.taken);
    daemon->reloading.taken = NULL;
}

/* ---- taking ---- */

void tw_reloading_log(const struct tw_log *log, const struct tw_problems *problems)
{
    for (const struct tw_problem *at = problems->first; at; at = at->next) {
        char where[256];
        tw_problem_place(at, where, sizeof where);
        tw_log(log, TW_ERROR, "daemon", "mistake", tw_string("where", where),
            tw_string("what", at->what.bytes), tw_string("cure", at->cure.bytes));
    }
}

static void refuse(struct tw_daemon *daemon, struct tw_reload *reload, const struct tw_error *err)
{
    tw_gauge_set(&daemon->metrics, TW_GAUGE_RELOAD_SUCCESS, 0);
    tw_count(&daemon->metrics, TW_COUNT_RELOADS_REFUSED, 1);
    if (reload)
        tw_reloading_log(&daemon->log, &reload->problems);
    tw_log_error(&daemon->log, "daemon", "reload refused: everything stays as it was", err);
    answer(daemon, tw_exit_status(err->code), tw_reload_refusal(reload, err));
}

/* From here on batches are made with the new whole, and the evaluator stores the new rules. */
static bool take_effect(struct tw_daemon *daemon, struct tw_reload *reload, struct tw_error *err)
{
    if (!tw_evaluator_set_rules(daemon->evaluator, tw_load_rules(reload->shared), err))
        return false;
    tw_source_counts_take(&daemon->sources, tw_load_sources(reload->shared));
    if (tw_load_entities(reload->shared) || tw_load_entities(daemon->shared))
        tw_stores_list(daemon->stores, reload->shared, tw_load_entities(reload->shared));
    tw_pool_swap(daemon->pool, reload->shared);
    if (daemon->evidence)
        tw_evidence_swap(daemon->evidence, reload->shared);
    tw_shared_leave(daemon->shared);
    daemon->shared = reload->shared;
    reload->shared = NULL;
    tw_reload_free(daemon->reloading.taken);
    daemon->reloading.taken = reload;
    announce_events(daemon);
    return true;
}

/* Who has not been ready yet is not by having read its configuration anew. */
static bool has_been_ready(const struct tw_daemon *daemon)
{
    return daemon->phase == TW_DAEMON_READY || daemon->phase == TW_DAEMON_UNREADY;
}

static void conclude(struct tw_daemon *daemon, struct tw_reload *reload, struct tw_error *err)
{
    if (reload && err->code == TW_OK && take_effect(daemon, reload, err)) {
        tw_count(&daemon->metrics, TW_COUNT_RELOADS, 1);
        note_taken(daemon);
        if (reload->rules.length > 0)
            daemon->reloading.due_ms = tw_now_ms() + HOLD_MS;
        tell(daemon, TW_RELOAD_UNKNOWN, 0);
    } else {
        refuse(daemon, reload, err);
        tw_reload_free(reload);
    }
    if (has_been_ready(daemon))
        tw_notify_ready();
}

/* -- reading, beside the loop ---------------------------------------------------------------------------- */

/* What the thread has; the holds keep what it compares with, also when the daemon closes meanwhile. */
struct tw_reload_reading {
    uv_work_t work;
    struct tw_daemon *daemon;
    const struct tw_config *config;
    struct tw_shared *model;
    struct tw_shared *shared;
    struct tw_reload *reload;
    struct tw_error err; /* TW_OK: read, and nothing is wrong with it */
};

static void read_files(uv_work_t *work)
{
    struct tw_reload_reading *reading = work->data;
    struct tw_reload_from from = {reading->config, reading->model, reading->shared};
    struct tw_error err = {0};
    if (!tw_reload_read(&from, &reading->reload, &err))
        reading->err = err;
}

static void files_read(uv_work_t *work, int status)
{
    struct tw_reload_reading *reading = work->data;
    struct tw_daemon *daemon = reading->daemon;
    (void)status;
    daemon->reloading.reading = NULL;
    if (tw_daemon_is_open(daemon))
        conclude(daemon, reading->reload, &reading->err);
    else
        tw_reload_free(reading->reload);
    tw_shared_leave(reading->model);
    tw_shared_leave(reading->shared);
    free(reading);
    if (daemon->reloading.again && tw_daemon_is_open(daemon))
        tw_reloading_run(daemon, NULL);
}

static bool begin_reading(struct tw_daemon *daemon, struct tw_error *err)
{
    struct tw_reload_reading *reading = calloc(1, sizeof *reading);
    if (!reading)
        return tw_fail(err, TW_INTERNAL, "reload", NULL, "out of memory");
    reading->work.data = reading;
    reading->daemon = daemon;
    reading->config = tw_reloading_config(daemon);
    reading->model = tw_shared_use(daemon->model);
    reading->shared = tw_shared_use(daemon->shared);
    daemon->reloading.reading = reading;
    daemon->reloading.again = false;
    uv_queue_work(&daemon->loop.uv, &reading->work, read_files, files_read);
    return true;
}

void tw_reloading_run(struct tw_daemon *daemon, struct tw_control_request *asks)
{
    struct tw_error err = {0};
    if (daemon->reloading.reading) {
        daemon->reloading.again = daemon->reloading.again || !asks;
        if (asks)
            tw_control_answer(asks, tw_exit_status(TW_HELD),
                "another reload is being read; cure: ask again when it is done\n");
        return;
    }
    tell_who_waits(daemon); /* for an earlier one: what is known of it */
    daemon->reloading.asks = asks;
    if (has_been_ready(daemon))
        tw_notify_reloading();
    if (!tw_daemon_is_open(daemon))
        tw_fail(&err, TW_HELD, NULL, "start it again", "the daemon is stopping");
    else if (begin_reading(daemon, &err))
        return;
    conclude(daemon, NULL, &err);
}

void tw_reloading_end(struct tw_daemon *daemon)
{
    daemon->reloading.again = false;
    tell_who_waits(daemon);
    if (daemon->reloading.asks)
        answer(daemon, tw_exit_status(TW_HELD), strdup("the daemon is stopping; cure: start it again\n"));
}
