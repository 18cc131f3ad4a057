/* statements: every statement that the daemon's connections send, named, with its types; nothing else
 * is sent.
 *
 * They are prepared once a connection (connection.h) and take and give PostgreSQL's binary format only. A
 * statement belongs to the store's connection, to the evaluator's, or to those that tell. What each may lock
 * stands beside it: in a commit the fence comes first and locks nothing, the offset's row
 * is locked last. */
#ifndef TW_STATEMENTS_H
#define TW_STATEMENTS_H

#include <libpq-fe.h>

enum tw_statement {
    /* store */
    TW_DAYS_KNOWN,
    TW_DAYS_ENSURE,
    TW_MODEL_REGISTER,
    TW_ENTITIES_STORE,
    TW_ENTITIES_LIST,
    TW_ENTITIES_UNLIST,
    TW_PARTITION_TAKE,
    TW_BLOCKERS_END,
    TW_POSITION_READ_LOCKED,
    TW_POSITION_REFRESH,
    TW_EVALUATED_READ,
    TW_FENCE,
    TW_DOCUMENTS_INSERT,
    TW_SCORES_INSERT,
    TW_BARS_ADD,
    TW_EVENTS_INSERT,
    TW_HEADLINES_INSERT,
    TW_DEAD_LETTER_INSERT,
    TW_AHEAD_TICKS_INSERT,
    TW_UNFILED_INSERT,
    TW_LATE_NOTE,
    TW_POSITION_MOVE,
    TW_DOCUMENTS_COMPARE,
    TW_DEAD_LETTER_COMPARE,
    TW_REMAINS_FIND,
    TW_AHEAD_TICKS_READ,
    /* evaluator */
    TW_MEMBER_BEAT,
    TW_SILENT_END,
    TW_MEMBERS_READ,
    TW_MEMBER_LEAVE,
    TW_SHARDS_GIVE,
    TW_SHARDS_TAKE,
    TW_RULE_SET_STORE,
    TW_RULE_SETS_FIRST,
    TW_RULE_SETS_READ,
    TW_WATCHED_READ,
    TW_WATCHED_DATE,
    TW_POSITIONS_READ,
    TW_BARS_CUT,
    TW_LATE_READ,
    TW_BARS_READ,
    TW_DAYS_READ,
    TW_EVENTS_READ,
    TW_ALERTS_READ,
    TW_PAST_READ,
    TW_SHARDS_FENCE,
    TW_LATE_DONE,
    TW_DAYS_ADD,
    TW_ALERT_STORE,
    TW_ALERT_STEP_STORE,
    TW_EVENT_DONE,
    TW_IDLE_CHECK,
    TW_SHARDS_MOVE,
    TW_FILED_READ,
    TW_STORY_TIMES_READ,
    TW_STORIES_READ,
    TW_UNFILED_READ,
    TW_FILING_FENCE,
    TW_STORIES_FILE,
    TW_COPY_BARS_ADD,
    TW_COPIES_LATE,
    TW_FILING_MOVE,
    /* tell */
    TW_TELL_LEASE,
    TW_TELL_LEAVE,
    TW_OUTBOX_READ,
    TW_OPEN_READ,
    TW_OUTBOX_DONE,
    /* evidence */
    TW_EVIDENCE_GIVE_UP,
    TW_EVIDENCE_GIVE_BACK,
    TW_EVIDENCE_TAKE,
    TW_EVIDENCE_STORE,
    TW_EVIDENCE_END,
    TW_STATEMENTS
};

enum { TW_FOR_STORE = 1, TW_FOR_EVALUATOR = 2, TW_FOR_TELL = 4, TW_FOR_EVIDENCE = 8 };
enum { TW_STATEMENT_PARAMETERS = 32 };

struct tw_statement_row {
    const char *name;
    int connections; /* TW_FOR_STORE and others */
    int parameter_count;
    Oid types[TW_STATEMENT_PARAMETERS];
    const char *sql; /* NULL: it carries rows, and is written from their columns (store/row_statements.h) */
};

extern const struct tw_statement_row tw_statements[TW_STATEMENTS];

#endif
