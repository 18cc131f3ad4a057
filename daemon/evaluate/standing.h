/* standing: how far the evaluation of the rules has come, and what is told of it: log, gauges, readiness.
 *
 *     tw_standing_begin            nothing is known yet, and the clock of `behind` runs
 *     tw_standing_looked           event time was read: its gauge, and the partition that holds it back
 *     tw_standing_unowned          and which partition nobody owns
 *     tw_standing_rules            and whose rules are in force
 *     tw_standing_even             evaluated as far as can be, or further than before: nothing is in the way
 *     tw_standing_refused          something was refused: it is in the way until the next _even
 *     tw_standing_reading, _read   windows are being read (said once it has taken two seconds), and are whole
 *     tw_standing_recalling        documents that were filed with stories are being read
 *     tw_standing_filing           documents were filed: rules may see them, which is no evaluation yet
 *     tw_standing_unfiled          bars have closed, and another does not file the documents of them
 *     tw_standing_shards, _memory  gauges
 *     tw_standing_written          a turn is committed: counted, and alerts said
 *     tw_standing_ended            daemons whose session was ended for their silence
 *
 * It decides nothing and sends nothing: evaluator.h calls it as the machine goes, and answers from it how far
 * behind it is and why. On the loop's thread. */
#ifndef TW_STANDING_H
#define TW_STANDING_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "alert/turn.h"
#include "base/error.h"
#include "evaluate/positions.h"
#include "observe/log.h"
#include "observe/metrics.h"

/* Does Kafka have that partition, and this daemon has not? */
typedef bool tw_is_there(void *context, const char *topic, const struct tw_unowned_partition *partition);

/* A partition that Kafka has, and that no daemon has taken, or none that was heard of lately. */
struct tw_unowned {
    struct tw_holder partition; /* topic empty: there is none */
    uint64_t looked_ms;         /* when that was found; 0: never */
};

struct tw_standing {
    const struct tw_log *log; /* borrowed, as is the next */
    struct tw_metrics *metrics;
    uint64_t even_ms;        /* when the shards were last found evaluated as far as can be, or came further */
    struct tw_error trouble; /* what was refused since then; TW_OK: nothing */
    uint64_t reading_ms;     /* when windows began to be read; 0: they are whole */
    bool reading_told;
    struct tw_holder holder; /* the partition that event time waits for, as last looked */
    struct tw_unowned unowned;
};

/* What is lent must outlive it. */
void tw_standing_begin(struct tw_standing *standing, const struct tw_log *log, struct tw_metrics *metrics);

/* Positions were read. */
void tw_standing_looked(struct tw_standing *standing, const struct tw_positions *positions);
/* Likewise. NULL: nobody knows what is there. */
void tw_standing_unowned(struct tw_standing *standing, const struct tw_positions *positions,
    const struct tw_strings *topics, tw_is_there *is_there, void *context);
/* Likewise: other rules than this daemon's own are in force, or its own; a change is logged. */
void tw_standing_rules(struct tw_standing *standing, bool are_others);
/* Nothing waits for this daemon that it could do, or it did some of it. */
void tw_standing_even(struct tw_standing *standing);
/* Logs the refusal under these words, and keeps it as what is in the way. */
void tw_standing_refused(struct tw_standing *standing, const char *what, const struct tw_error *err);

/* Windows are being read, and so many shards are to go. */
void tw_standing_reading(struct tw_standing *standing, uint32_t shards);
/* They are whole, with so many bars. Nothing when they have been. */
void tw_standing_read(struct tw_standing *standing, uint64_t bars);
/* Filed documents are being read, so many by now; `whole`: these are all. */
void tw_standing_recalling(struct tw_standing *standing, uint64_t documents, bool whole);

/* Documents were filed with stories. What is in the way of rules stays there. */
void tw_standing_filing(struct tw_standing *standing);
/* Rules wait for documents that another daemon has not filed since the last look. */
void tw_standing_unfiled(struct tw_standing *standing);

/* How many shards are held; a change is logged. */
void tw_standing_shards(struct tw_standing *standing, int held);
/* What windows take, in bytes. */
void tw_standing_memory(struct tw_standing *standing, uint64_t bytes);
/* A turn is committed. */
void tw_standing_written(struct tw_standing *standing, const struct tw_turn *done);
/* The rows of TW_SILENT_END: names of daemons. Whoever looks after one that hung must hear of it. */
void tw_standing_ended(const struct tw_standing *standing, const PGresult *result);

/* Milliseconds since the last _even. */
uint64_t tw_standing_behind_ms(const struct tw_standing *standing);
/* What is in the way; NULL: nothing. Lent until the loop goes on. */
const struct tw_error *tw_standing_trouble(const struct tw_standing *standing);

#endif
