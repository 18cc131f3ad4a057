/* spool: a topic's retained range into a file, for runs that read it more than once (pretrain.h).
 *   in    the configuration (kafka, decode), a topic
 *   out   FOLDER/topic.json
 *             {"topic":..,"refused":..,"partitions":[{"partition":0,"from":0,"to":42},..]}
 *         FOLDER/topic.jsonl.zst
 *             {"id":"topic/partition/offset","title":..,"body":..}, partition by partition, offsets rising:
 *             the same range gives the same lines. It appears last, whole.
 *
 *     struct tw_spool *spool;
 *     if (!tw_spool_new(&options, &spool, err)) return false;
 *     tw_spool_inspect(spool, err);                 // what is there now: from where to where
 *     tw_spool_write(spool, folder, err);        // blocking, for as long as it takes
 *     tw_spool_free(spool);
 *
 * No group is joined, no offset is kept or moved. Only committed transactions are read; a transaction that is
 * open when the run begins ends its partition's range. Records are decoded as the daemon does it, headers
 * included; control records of `replay` are passed over. A record without text is refused ("topic [partition]
 * offset n"): it ends the reading, or is told and counted.
 *
 * Errors: TW_SERVER when brokers do not answer for 30 s or the topic is not there; TW_CONFIG for a topic
 * without a record; TW_REFUSED; TW_INTERRUPTED when told to stop; TW_OUTPUT, TW_IO for the file, of which
 * nothing is left then. */
#ifndef TW_SPOOL_H
#define TW_SPOOL_H

#include "config/config.h"
#include "run/run_watch.h"

struct tw_spool;

struct tw_spool_options {
    const struct tw_config *config;
    const char *topic;
    const char *brokers;              /* in place of the configuration's bootstrap.servers; "": those */
    const struct tw_run_watch *watch; /* stopped, told, refused */
    bool skip_refused;
};

/* `options` and what they point to outlive the spool. Nothing is asked of the brokers yet. */
TW_MUST_USE bool tw_spool_new(
    const struct tw_spool_options *options, struct tw_spool **out, struct tw_error *err);
/* NULL is fine. */
void tw_spool_free(struct tw_spool *spool);

/* Asks the brokers from where to where each partition is retained now; that is the range. */
TW_MUST_USE bool tw_spool_inspect(struct tw_spool *spool, struct tw_error *err);
/* Reads the range and writes both files. */
TW_MUST_USE bool tw_spool_write(struct tw_spool *spool, const char *folder, struct tw_error *err);

#endif
