/* hosts: the hosts of a conninfo to the addresses that libpq connects to, looked up without blocking the
 * loop.
 *
 *     tw_hosts_begin(&hosts, loop, log, "store", resolved, connection);
 *     tw_hosts_ask(&hosts, "db1,db2", "5432");     libpq's lists, one host after the other (lookup.h)
 *     ... resolved(connection, NULL)               hosts.addresses has names, numbers and ports
 *     tw_hosts_leave(&hosts);                      the answer is not wanted any more
 *     tw_hosts_end(&hosts, closed, connection);
 *
 * A host that is not found is logged and passed over; it fails when none has an address. A question that
 * nobody wants any more stays out, since nothing can call it back: when hosts are asked for again meanwhile,
 * its answer serves that. All on the loop's thread; memory is the caller's, who keeps it until `closed`. */
#ifndef TW_HOSTS_H
#define TW_HOSTS_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "observe/log.h"
#include "postgres/addresses.h"
#include "postgres/lookup.h"

struct tw_hosts {
    uv_loop_t *loop;
    const struct tw_log *log;
    const char *room; /* of its log lines */
    void (*resolved)(void *context, const struct tw_error *err);
    void *context;
    struct tw_addresses addresses;
    struct tw_lookup *lookup; /* a host's name is being looked up */
    bool wanted;              /* somebody waits for the answer */
    uint32_t open;            /* lookups whose handles are not gone */
    void (*closed)(void *context);
    void *closed_context;
};

/* Nothing is asked yet. `resolved` is told once for each tw_hosts_ask that is not left, perhaps from inside
 * of it: err is NULL, or passing. What is lent must outlive it. */
void tw_hosts_begin(struct tw_hosts *hosts, uv_loop_t *loop, const struct tw_log *log, const char *room,
    void (*resolved)(void *context, const struct tw_error *err), void *context);

/* Asks for all hosts of the list; a question that is still out serves this one. */
void tw_hosts_ask(struct tw_hosts *hosts, const char *list, const char *ports);

/* Nobody waits any more. */
void tw_hosts_leave(struct tw_hosts *hosts);

/* `closed` comes when every handle is gone: at once, when none is open. */
void tw_hosts_end(struct tw_hosts *hosts, void (*closed)(void *context), void *context);

#endif
