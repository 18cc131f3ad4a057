/* reloading: a reload as the daemon goes through it (reload.h reads and tells, here it takes effect).
 *
 *     tw_reloading_begin      at the start: the configuration was taken
 *     tw_reloading_run        SIGHUP, `tapewatch reload`: the files are read on a thread of libuv's
 *                             (a million entities take seconds); then all of it takes effect on
 *                             the loop, or nothing; logged, counted, told
 *     tw_reloading_second     each second: are the new rules stored? Then who asked is told from
 *                             when they hold
 *     tw_reloading_end        before the rooms close: nobody waits any more
 *
 * A request is answered when the files are read, if it is refused or the rules are as before, else when
 * PostgreSQL has stored them, or after 10 s without that. One that comes while files are being read is
 * refused; a signal then is not forgotten: they are read once more. */
#ifndef TW_RELOADING_H
#define TW_RELOADING_H

#include <stdbool.h>
#include <stdint.h>

struct tw_config;
struct tw_control_request;
struct tw_daemon;
struct tw_log;
struct tw_problems;
struct tw_reload;
struct tw_reload_reading;

struct tw_reloading {
    struct tw_reload *taken;           /* the last that took effect; NULL: none since the start */
    struct tw_reload_reading *reading; /* files that a thread is reading; NULL: none */
    bool again;                        /* a signal came meanwhile: once more after that */
    uint64_t due_ms;                   /* until when the edge of its rules is waited for; 0: it is not */
    struct tw_control_request *asks;   /* who waits for it; NULL: nobody */
};

void tw_reloading_begin(struct tw_daemon *daemon);

/* `asks` is answered, now or later; NULL for a signal. */
void tw_reloading_run(struct tw_daemon *daemon, struct tw_control_request *asks);

void tw_reloading_second(struct tw_daemon *daemon);

/* Answers who waits; what is still being read will not take effect. What was taken stays until
 * tw_reloading_free. */
void tw_reloading_end(struct tw_daemon *daemon);

/* Frees what was taken, when no room is left that could read it. */
void tw_reloading_free(struct tw_daemon *daemon);

/* Each problem as an event of its own. */
void tw_reloading_log(const struct tw_log *log, const struct tw_problems *problems);

/* The configuration of the start, with what reloads changed. */
const struct tw_config *tw_reloading_config(const struct tw_daemon *daemon);

#endif
