/* filing: documents filed with their stories (stories/stories.h), as the server sees it: what is asked, what
 * is written. One turn's worth at a time, by whoever has shard 0; rules follow it (turn_exchange.h).
 *
 *     tw_filing_look(&filing, &list)                 how far documents are filed
 *     tw_filing_follow(&filing, shard)               before each turn: whether filing is ours
 *     tw_filing_choose(&filing, watermark_us)        what to do next
 *     tw_filing_read(&filing, &list)                 its rows
 *     tw_filing_run(&filing, &list, err)             on a worker; of documents filed, the statements
 *     tw_filing_write(&filing, &list)                the move, behind all else
 *     tw_filing_done(&filing)                        it is committed, or what was recalled is read
 *     tw_filing_clear(&filing)                       at the end of each turn, whatever became of it
 *
 * Documents wait in the table `unfiled`, with what a worker saw of them (stories/sketch.h), until event time
 * has passed them: they are filed in the order of event time, whatever order they came in (unfiled_queue.h).
 * One that comes late is filed when it comes.
 *
 * THE MACHINE. What has been filed within 24 hours is in memory; after a restart it is read from the tables:
 *
 *     OTHERS     shard 0 is not held here, or stories are not filed at all
 *     UNREAD     nothing of what was filed is in memory
 *     READING    it is being read, piece by piece
 *     WHOLE      it is in memory: documents may be filed
 *
 *     OTHERS --shard 0 is held--> UNREAD --times of stories are read--> READING --all is read--> WHOLE
 *     OTHERS --shard 0 is held, nothing was ever filed--> WHOLE
 *     UNREAD --shard 0 is not held--> OTHERS       READING --shard 0 is not held--> OTHERS
 *     WHOLE --shard 0 is not held--> OTHERS
 *     READING --a piece failed--> UNREAD           READING --shard 0 was taken anew--> UNREAD
 *     WHOLE --shard 0 was taken anew, or filed to another time--> UNREAD
 *
 * MEMORY. stories.most_documents, and the arena of the turn. */
#ifndef TW_FILING_H
#define TW_FILING_H

#include "config/config.h"
#include "evaluate/shards.h"
#include "evaluate/statement_list.h"
#include "observe/log.h"
#include "observe/machine.h"
#include "observe/metrics.h"
#include "stories/stories.h"

extern const struct tw_machine tw_filing_machine;

enum tw_filing_state { TW_FILING_OTHERS, TW_FILING_UNREAD, TW_FILING_READING, TW_FILING_WHOLE };

enum tw_filing_work { TW_FILE_NOTHING, TW_FILE_RECALL, TW_FILE_DOCUMENTS };

struct tw_filing {
    bool enabled;
    const struct tw_log *log;         /* borrowed, as is the next */
    const struct tw_session *session; /* whose token the fence names */
    enum tw_filing_state state;
    struct tw_stories stories; /* of READING and WHOLE */
    int64_t epoch;             /* of shard 0, while it is held */
    int64_t filed_to_us;       /* as last looked; TW_NO_TIME: nothing was ever filed */
    int64_t filed;             /* number of the last document filed */
    bool looked;
    int64_t known_to_us; /* what is in memory is filed to there, */
    int64_t known_filed; /* and to that number */
    int64_t recalled;    /* READING: number of the last document read */
    uint32_t most;       /* documents a turn; fewer while turns do not fit */
    uint32_t a_row;      /* documents that a row of the last turn held */
    uint32_t most_documents;
    bool forgotten_told; /* that documents left memory before their time */

    /* of the turn */
    enum tw_filing_work work;
    int64_t to_us;
    PGresult *rows;
    bool failed;        /* what is in memory is of no use */
    uint32_t row_count; /* documents filed */
    uint32_t copies;    /* those whose story was told before */
    uint32_t forgotten; /* documents that left memory before their time */
};

/* Nothing is held; what is lent must outlive it. */
void tw_filing_begin(struct tw_filing *filing, const struct tw_config *config, const struct tw_log *log,
    const struct tw_session *session);
/* Frees all; a zeroed one is safe to end. */
void tw_filing_end(struct tw_filing *filing);
/* The session is gone: nothing is known. */
void tw_filing_lose(struct tw_filing *filing);

/* Asks how far documents are filed. */
void tw_filing_look(const struct tw_filing *filing, struct tw_statement_list *list);
/* Takes a result in; true when it is kept. Other rooms' statements are left alone. */
bool tw_filing_row(struct tw_filing *filing, enum tw_statement statement, PGresult *result);

/* Shard 0 is held, or not. */
void tw_filing_follow(struct tw_filing *filing, const struct tw_shard *shard);
/* What to do next, given how far event time has come. */
enum tw_filing_work tw_filing_choose(struct tw_filing *filing, int64_t watermark_us);
/* Up to where rules may be evaluated, at the most: `watermark_us`, where stories are not filed. */
int64_t tw_filing_bound(const struct tw_filing *filing, int64_t watermark_us);

/* Lists the questions for the turn's rows. */
void tw_filing_read(const struct tw_filing *filing, struct tw_statement_list *list);
/* Lists the fence. */
void tw_filing_fence(const struct tw_filing *filing, struct tw_statement_list *list);
/* On a worker: files the rows, or recalls them. TW_FULL when the arena is, TW_INTERNAL for want of memory,
 * TW_CONFIG for rows that this program cannot read. */
TW_MUST_USE bool tw_filing_run(
    struct tw_filing *filing, struct tw_statement_list *list, struct tw_error *err);
/* The turn did not fit: the next one will be smaller. False when it cannot be. */
bool tw_filing_is_smaller(struct tw_filing *filing);
/* Lists the move. */
void tw_filing_write(const struct tw_filing *filing, struct tw_statement_list *list);
/* It is committed, or what was recalled is in memory. */
void tw_filing_done(struct tw_filing *filing);
/* Forgets the turn, and what of it was not committed. */
void tw_filing_clear(struct tw_filing *filing);

/* Counts what was filed. Forgotten too early, what comes again is taken for news: whoever looks after the
 * daemon hears of it, once. */
void tw_filing_note(struct tw_filing *filing, struct tw_metrics *metrics);

#endif
