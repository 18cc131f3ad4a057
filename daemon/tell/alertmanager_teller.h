/* alertmanager_teller: alerts to a Prometheus Alertmanager (tell.alertmanager), by its API v2. It routes to
 * mail, chat and pagers, groups, inhibits and silences: nothing of that is done here.
 *
 *     labels       alertname (the rule), entity, severity, kind. The same labels are the same alert: a
 *                  headline that was announced and the alert opened of it are one
 *     annotations  reason, value, measure, documents, name, alert (its number), query (SQL for documents)
 *     startsAt     the event time at which it opened; not after the wall clock of its opening
 *     endsAt       announced, opened, updated, repeated: now and four times tell.repeat, as by Prometheus:
 *                  when nobody tells of it any more, it ends by itself
 *                  resolved: the event time at which it was, not after now and not before startsAt;
 *                  closed by people: when they did
 *
 * OUTCOMES. 2xx: told. 400, 413 and 422 are about what was sent: rows are then sent one by one, and the one
 * that is refused alone is the row's refusal, with the answer. Everything else (no answer within the
 * deadline, 3xx, 401, 403, 404, 429, 5xx) is about the server, the way to it or the address: trouble, and
 * passes. So is whatever comes as a web page, 413 aside: an Alertmanager answers with JSON or with nothing, a
 * web server in its place takes everything with 200, or refuses everything with 400 (HTTP sent to its port
 * for HTTPS), and alerts would be told to nobody, one by one. */
#ifndef TW_ALERTMANAGER_TELLER_H
#define TW_ALERTMANAGER_TELLER_H

#include "tell/http_post.h"
#include "tell/teller.h"

/* See teller.h. `begin` fails with TW_CONFIG for an address that will not do. */
extern const struct tw_teller_kind tw_alertmanager_teller_kind;

/* An array with the alerts of these rows, as API v2 takes them, malloc'ed; NULL when out of memory, or when a
 * message is none of ours. Pure. */
char *tw_alertmanager_body(const struct tw_outbox_row *rows, size_t count, int64_t now_us, int64_t repeat_us);

/* What an answer means for the rows that were sent: TOLD; REFUSED, one of them or all; WAITS: trouble.
 * Pure. */
enum tw_telling tw_alertmanager_outcome(const struct tw_http_answer *answer);

/* The address of `path` below a server's own, malloc'ed; NULL when out of memory. */
char *tw_alertmanager_url(const char *server, const char *path);

#endif
