#include "serve/reloading.h"

#include "base/clock.h"
#include "observe/control.h"
#include "observe/notify.h"
#include "serve/daemon.h"
#include "serve/loaded.h"
#include "serve/reload.h"

#include <stdio.h>
#include <stdlib.h>

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

void tw_reloading_begin(struct tw_daemon *daemon)
{
    note_taken(daemon);
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
    if (changes &&
        asprintf(&text, "%s\nrules %u, entities %u\n", changes, taken->rule_count, taken->entity_count) < 0)
        text = NULL;
    static const char *const events[] = {[TW_RELOAD_UNKNOWN] = "reloaded",
        [TW_RELOAD_LATER] = "new rules are not stored yet",
        [TW_RELOAD_FROM] = "new rules are stored"};
    tw_log(&daemon->log, TW_INFO, "daemon", events[hold], tw_string("changes", changes ? changes : ""),
        tw_int("rules", taken->rule_count), tw_int("entities", taken->entity_count));
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

void tw_reloading_end(struct tw_daemon *daemon)
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
    if (tw_load_entities(reload->shared) || tw_load_entities(daemon->shared))
        tw_store_list(daemon->store, reload->shared, tw_load_entities(reload->shared));
    tw_pool_swap(daemon->pool, reload->shared);
    tw_shared_leave(daemon->shared);
    daemon->shared = reload->shared;
    reload->shared = NULL;
    tw_reload_free(daemon->reloading.taken);
    daemon->reloading.taken = reload;
    return true;
}

void tw_reloading_run(struct tw_daemon *daemon, struct tw_control_request *asks)
{
    struct tw_reload_from from = {tw_reloading_config(daemon), daemon->model, daemon->shared};
    struct tw_reload *reload = NULL;
    struct tw_error err = {0};
    tw_reloading_end(daemon); /* who still waits for an earlier one is told what is known of it */
    daemon->reloading.asks = asks;
    if (!tw_daemon_is_open(daemon)) {
        tw_fail(&err, TW_HELD, NULL, "start it again", "the daemon is stopping");
        refuse(daemon, NULL, &err);
        return;
    }
    tw_notify_reloading();
    if (tw_reload_read(&from, &reload, &err) && take_effect(daemon, reload, &err)) {
        tw_count(&daemon->metrics, TW_COUNT_RELOADS, 1);
        note_taken(daemon);
        if (reload->rules.length > 0)
            daemon->reloading.due_ms = tw_now_ms() + HOLD_MS;
        tell(daemon, TW_RELOAD_UNKNOWN, 0);
    } else {
        refuse(daemon, reload, &err);
        tw_reload_free(reload);
    }
    tw_notify_ready();
}
