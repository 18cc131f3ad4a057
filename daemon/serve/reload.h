/* reload: the configuration's file read anew for a daemon that runs: what it may take under way, what it
 * may not, and why nothing of it can be taken.
 *
 *     tw_reload_read(&from, &reload, err)          nothing is changed yet; false: refused as a whole
 *     ... the daemon puts reload->shared and reload->config in the place of its own ...
 *     tw_reload_changes(reload, hold, from_us)     what changed, in words
 *     tw_reload_free(reload)                       when the next one has taken its place
 *
 * The words, on one line, and what stands now on another:
 *
 *     rules: bad-news.below -2.5 → -2.0 from 14:31:10; watermark.idle_after needs a restart
 *     rules 3, entities 1010, events version 1 (3fa4...)
 *
 * Rules hold from the edge of a bar, in event time, that PostgreSQL decides when it stores them
 * (evaluator.h); so the words can be told only then. */
#ifndef TW_RELOAD_H
#define TW_RELOAD_H

#include "config/config.h"
#include "config/config_changes.h"
#include "files/problems.h"
#include "serve/loaded.h"
#include "shared.h"

/* What the daemon runs with. */
struct tw_reload_from {
    const struct tw_config *config;
    struct tw_shared *model;
    const struct tw_shared *shared;
};

struct tw_reload {
    struct tw_arena arena;            /* of all below */
    struct tw_config config;          /* the running one, with what the file may change */
    struct tw_config_changes changes; /* of keys */
    struct tw_text rules;             /* differences between the rules; empty: none */
    char entities[96];                /* "1010 → 1012"; empty: the file is the same */
    char events[128]; /* "version 1 (5c…) → version 2 (0a…)"; empty: the file is the same */
    uint32_t rule_count, entity_count; /* as they are now */
    char events_now[TW_EVENTS_NAME_BYTES];
    struct tw_shared *shared; /* entities, events and rules anew: a hold, for the daemon to take or leave */
    struct tw_problems problems; /* why it was refused: all that is wrong, with places */
};

/* Reads the file that `from->config` was read from, and the files that it names. *out is made in any case
 * but for want of memory, and is the caller's to free; false when nothing of it may be taken: err then has
 * the first reason (TW_CONFIG, TW_IO, TW_PERMISSION). */
TW_MUST_USE bool tw_reload_read(
    const struct tw_reload_from *from, struct tw_reload **out, struct tw_error *err);

/* From when the rules hold. */
enum tw_reload_hold {
    TW_RELOAD_UNKNOWN, /* nobody asks */
    TW_RELOAD_LATER,   /* not stored yet */
    TW_RELOAD_FROM,    /* from_us */
};

/* What changed, one line without its end, malloc'ed for the caller to free; NULL when out of memory. */
char *tw_reload_changes(const struct tw_reload *reload, enum tw_reload_hold hold, int64_t from_us);

/* Why it was refused: each problem with its place, its line and a caret; err's line when there is none, or
 * no reload. malloc'ed, for the caller to free; NULL when out of memory. */
char *tw_reload_refusal(struct tw_reload *reload, const struct tw_error *err);

/* Frees all but what was taken out of it. NULL is nothing. */
void tw_reload_free(struct tw_reload *reload);

#endif
