/* teller: one whom alerts are told to, as the outbox sees it (outbox.h): Kafka (kafka_teller.h) or an
 * Alertmanager (alertmanager_teller.h).
 *
 *     kind->begin(loop, config, log, &events, &teller, err)
 *     kind->deliver(teller, rows, count)      one delivery at a time
 *     ... events.delivered, once, from the loop: each row has its outcome ...
 *     kind->end(teller, closed, context)      whatever is under way; events.delivered comes no more
 *
 * A row stays where it is until events.delivered. Its outcome is WAITS before; TOLD when the target has
 * taken it; REFUSED, with the answer, when the target will not have this row, however often it is asked.
 * What still WAITS afterwards is told again later, and `trouble` says why it was not. A delivery that is not
 * answered within TW_TELLER_DEADLINE_MS has failed. */
#ifndef TW_TELLER_H
#define TW_TELLER_H

#include <uv.h>

#include "observe/log.h"
#include "observe/metrics.h"

#include "base/text.h"

struct tw_config;

enum { TW_TELLER_DEADLINE_MS = 10000, TW_TELLER_ANSWER_BYTES = 256 };

enum tw_telling { TW_TELLING_WAITS, TW_TELLING_TOLD, TW_TELLING_REFUSED };

struct tw_outbox_row {
    int64_t id;                  /* of the outbox; 0: an open alert that is repeated */
    int64_t alert;               /* 0: none, a headline that is announced */
    struct tw_text key;          /* stable: told twice, it is the same message */
    struct tw_text partition_by; /* rule and entity: what has the same is told in order */
    struct tw_text message;      /* JSON */
    enum tw_telling outcome;
    char answer[TW_TELLER_ANSWER_BYTES]; /* of a target that refused it */
};

struct tw_teller_events {
    void *context;
    /* The delivery is over. `trouble`: why rows wait still; NULL: none does. */
    void (*delivered)(void *context, const struct tw_error *trouble);
};

struct tw_teller_kind {
    bool repeats; /* open alerts are told again and again (tell.repeat) */
    /* Does the configuration name such a target? */
    bool (*is_wanted)(const struct tw_config *config);
    bool (*begin)(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
        const struct tw_teller_events *events, void **out, struct tw_error *err);
    void (*deliver)(void *teller, struct tw_outbox_row *rows, size_t count);
    void (*end)(void *teller, void (*closed)(void *context), void *context);
};

#endif
