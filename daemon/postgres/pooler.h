/* pooler: does a pooler stand between us and PostgreSQL that lends its sessions for a transaction at a time?
 *
 * A session of our own is what settings, prepared statements and the locks of shards hang on. Behind
 * pgbouncer before 1.21 the first prepared statement fails; later versions make them anew wherever they are
 * wanted, so that all seems well while settings and locks are lost. So it is not asked which statements
 * work, but whether two of them meet the same session.
 *
 *     tw_pooler_suspected(connection, pid)     costs nothing; suspects a pooler that lends for good as well
 *     tw_pooler_check(&options, err)           blocks for seconds: not on the loop
 *     tw_pooler_ask(loop, &options, ...)       the same beside the loop
 *
 * What could not be learned is no leave to go on: a pooler with a single session, asked by several at once,
 * once passed for one that fits. It is an error that passes, and is asked again.
 *
 * `check --connect` and connection.h both ask here. */
#ifndef TW_POOLER_H
#define TW_POOLER_H

#include <uv.h>

#include "postgres/postgres.h"

struct tw_pooler_question;

/* Did somebody else log us in? `pid` is what pg_backend_pid() gives: a pooler names a process of its own
 * invention when it lets us in, PostgreSQL names itself. */
bool tw_pooler_suspected(const PGconn *connection, const char *pid);

/* Makes two connections and has one sit in a transaction on the session that the other had. TW_CONFIG when
 * they share sessions; an error that passes when the connections cannot be made, or when the pooler has no
 * session free for them within 12 s: then nothing is known. */
TW_MUST_USE bool tw_pooler_check(const struct tw_postgres_options *options, struct tw_error *err);

/* tw_pooler_check on a thread of libuv's. `answered` comes once, on the loop, within the time that two
 * connections take; `unfit` is tw_pooler_check's error, NULL when sessions are our own. What `options` points
 * to must outlive that. The handle names the question in the answer and is gone after it; NULL: not asked,
 * for want of memory. */
const struct tw_pooler_question *tw_pooler_ask(uv_loop_t *loop, const struct tw_postgres_options *options,
    void (*answered)(void *context, const struct tw_pooler_question *question, const struct tw_error *unfit),
    void *context);

#endif
