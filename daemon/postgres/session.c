#include "postgres/session.h"

#include "config/config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void tw_session_set(struct tw_session *session, const char *name, int64_t milliseconds)
{
    assert(session->setting_count < TW_SESSION_SETTINGS);
    struct tw_session_setting *setting = &session->settings[session->setting_count++];
    setting->name = name;
    snprintf(setting->value, sizeof setting->value, "%" PRId64, milliseconds);
}

static void name_owner(struct tw_session *session)
{
    char host[256];
    if (gethostname(host, sizeof host) != 0)
        snprintf(host, sizeof host, "unknown");
    host[sizeof host - 1] = '\0';
    snprintf(session->owner, sizeof session->owner, "%s:%ld", host, (long)getpid());
}

bool tw_session_begin(struct tw_session *session, uv_loop_t *loop, const struct tw_session_options *options,
    const struct tw_log *log, const struct tw_connection_events *events, struct tw_error *err)
{
    struct tw_connection_options lent = {.conninfo = options->config->store.conninfo,
        .password_file = options->config->store.password_file,
        .application = options->application,
        .room = options->room,
        .statements = options->statements,
        .rows = options->rows,
        .settings = session->settings,
        .setting_count = session->setting_count,
        .retry_most_ms = (uint64_t)options->config->store.retry_most_ms,
        .answer_most_ms = (uint64_t)options->config->store.answer_most_ms};
    name_owner(session);
    if (!tw_connection_begin(loop, &lent, log, events, &session->connection, err))
        return false;
    uv_timer_init(loop, &session->timer);
    session->timer.data = events->context;
    session->open = 2;
    return true;
}

bool tw_session_new_token(struct tw_session *session, struct tw_error *err)
{
    unsigned char token[TW_TOKEN_BYTES];
    if (uv_random(NULL, NULL, token, sizeof token, 0, NULL) != 0)
        return tw_fail(err, TW_INTERNAL, "random numbers", "see getrandom(2)", "the system has none");
    memcpy(session->token, token, sizeof token);
    return true;
}

static void one_closed(struct tw_session *session)
{
    if (--session->open == 0 && session->closed)
        session->closed(session->closed_context);
}

static void on_connection_closed(void *context)
{
    one_closed(context);
}

static void on_timer_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

void tw_session_end(struct tw_session *session, void (*closed)(void *context), void *context)
{
    session->ending = true;
    session->closed = closed;
    session->closed_context = context;
    session->timer.data = session; /* the user's callbacks come no more */
    uv_close((uv_handle_t *)&session->timer, on_timer_closed);
    tw_connection_end(session->connection, on_connection_closed, session);
}
