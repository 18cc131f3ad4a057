#include "postgres/hosts.h"

#include <netdb.h>

void tw_hosts_begin(struct tw_hosts *hosts, uv_loop_t *loop, const struct tw_log *log, const char *room,
    void (*resolved)(void *context, const struct tw_error *err), void *context)
{
    *hosts =
        (struct tw_hosts){.loop = loop, .log = log, .room = room, .resolved = resolved, .context = context};
}

static void on_lookup_closed(void *context)
{
    struct tw_hosts *hosts = context;
    if (--hosts->open == 0 && hosts->closed)
        hosts->closed(hosts->closed_context);
}

static void end_lookup(struct tw_hosts *hosts)
{
    tw_lookup_end(hosts->lookup, on_lookup_closed, hosts);
    hosts->lookup = NULL;
}

static void answer(struct tw_hosts *hosts, const struct tw_error *err)
{
    hosts->wanted = false;
    hosts->resolved(hosts->context, err);
}

static void ask_next(struct tw_hosts *hosts);

static void on_answered(void *context, int status, const struct addrinfo *found)
{
    struct tw_hosts *hosts = context;
    bool wanted = hosts->wanted;
    for (const struct addrinfo *at = found; wanted && at; at = at->ai_next) {
        char number[64];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST) == 0)
            tw_addresses_add(&hosts->addresses, number);
    }
    if (wanted && status != 0)
        tw_log(hosts->log, TW_WARNING, hosts->room, "host not found",
            tw_string("host", hosts->addresses.host), tw_string("why", gai_strerror(status)));
    end_lookup(hosts);
    if (wanted)
        ask_next(hosts);
}

static void ask_next(struct tw_hosts *hosts)
{
    struct tw_error err;
    if (!tw_addresses_next(&hosts->addresses)) {
        if (hosts->addresses.found > 0) {
            answer(hosts, NULL);
            return;
        }
        tw_fail_passing(
            &err, TW_SERVER, "PostgreSQL", "see the host in the conninfo", "no address for any host of it");
        answer(hosts, &err);
        return;
    }
    if (tw_lookup_begin(hosts->loop, hosts->addresses.host, on_answered, hosts, &hosts->lookup)) {
        hosts->open++;
        return;
    }
    tw_fail_passing(&err, TW_INTERNAL, "PostgreSQL", "give the process more memory or threads",
        "the host's name cannot be looked up: no memory, or no thread");
    answer(hosts, &err);
}

void tw_hosts_ask(struct tw_hosts *hosts, const char *list, const char *ports)
{
    hosts->wanted = true;
    if (hosts->lookup)
        return; /* the last question is still out: its answer serves this one */
    tw_addresses_begin(&hosts->addresses, list, ports);
    ask_next(hosts);
}

void tw_hosts_leave(struct tw_hosts *hosts)
{
    hosts->wanted = false;
}

void tw_hosts_end(struct tw_hosts *hosts, void (*closed)(void *context), void *context)
{
    hosts->wanted = false;
    hosts->closed = closed;
    hosts->closed_context = context;
    if (hosts->lookup)
        end_lookup(hosts);
    if (hosts->open == 0)
        closed(context);
}
