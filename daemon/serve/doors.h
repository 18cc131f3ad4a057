/* doors: what `serve` answers, and to whom.
 *
 *     http       /metrics: counters and gauges; /readyz: status.h says whether it is ready, and why not;
 *                /healthz (observe/http.h)
 *     control    the socket of `tapewatch reload`, `status`, `config`: one verb a request (observe/control.h)
 *
 * A verb that is none is answered with those there are, status 2. While rooms are ending, `config` says that
 * the daemon is stopping. All on the loop. */
#ifndef TW_DOORS_H
#define TW_DOORS_H

#include "base/error.h"

struct tw_daemon;

/* Opens those that the configuration names, when every room that they ask is open. As tw_http_begin and
 * tw_control_begin. */
TW_MUST_USE bool tw_doors_open(struct tw_daemon *daemon, struct tw_error *err);

/* Shuts them; those that are shut stay so. */
void tw_doors_close(struct tw_daemon *daemon);

#endif
