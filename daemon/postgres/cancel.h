/* cancel: asks the server to give up what a connection's backend is at.
 *
 *     tw_postgres_cancel(pg);      returns at once
 *
 * libpq's PQcancel blocks for as long as the network lets it (a second connection is made), so it runs on a
 * thread of its own, which nobody waits for and which touches nothing but a copy of the server's address
 * and key. Whether the backend obeyed shows at the connection itself: its statement ends with 57014
 * (query_canceled), or nothing comes and the caller drops the connection. */
#ifndef TW_CANCEL_H
#define TW_CANCEL_H

#include <libpq-fe.h>

/* Sends the request in the background. Without memory or threads nothing is sent: the caller's limit of
 * patience holds either way. */
void tw_postgres_cancel(PGconn *pg);

#endif
