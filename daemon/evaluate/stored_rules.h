/* stored_rules: the rule sets as the database holds them, and the one that the configuration wants there.
 *
 *     tw_stored_rules_want(&stored, rules, err)         at the start, and after a reload
 *     tw_stored_rules_send_wanted(&stored, session)     when `wanted` is; then tw_stored_rules_sent(&stored)
 *     tw_stored_rules_add_read(&stored, &list)          which sets still decide anything, and the newer ones
 *     tw_stored_rules_row(&stored, statement, result, err)      its results
 *     tw_stored_rules_settle(&stored)                   all are known; false: not yet, ask again
 *
 * A set decides the edges from the one from which it holds on to the next set's. Those that decide nothing
 * any more for any shard are forgotten, and not read; the table keeps them for as long as an alert or a step
 * of one refers to them (sql/, prune_rule_sets). So rules look back as far as the sets that count do, not as
 * any set ever did.
 *
 * WATCH LISTS. Where rules are held to some, what is wanted is the set that the file gives with the lists as
 * they stand (rules/rules.h, tw_rules_watch). So it is known only when the lists have been read, and another
 * one is wanted whenever they have changed: each look brings them when they have. Changes take effect with
 * the set that they make: tw_stored_rules_send_wanted has them dated in the same transaction. A daemon whose
 * rules are not the last stored ones leaves both to the one whose they are; but what its own file gives with
 * the lists is its own, whoever of several daemons has stored it first.
 *
 * A set that this program cannot read stops the evaluation: it is never passed over. Sets are kept while the
 * session lasts; the next server may be a standby that lagged, with fewer of them
 * (tw_stored_rules_forget). */
#ifndef TW_STORED_RULES_H
#define TW_STORED_RULES_H

#include "alert/alerts.h"
#include "evaluate/statement_list.h"
#include "observe/log.h"
#include "postgres/session.h"

struct tw_stored_rules {
    struct tw_rule_span *sets;  /* with rule_set_id, in its order, and so of the edge from which each holds */
    struct tw_rule_set **owned; /* the same sets, to be freed */
    uint32_t count;
    char *wanted; /* canonical text to be stored; NULL: it is, or none was ever wanted */
    char wanted_hash[65];
    char sent_hash[65]; /* of the rules on their way: a reload may replace the wanted ones meanwhile */
    bool again;         /* sets count that were forgotten: "evaluated to" has gone back */

    struct tw_rule_set *base;    /* wanted rules held to watch lists, as their file has them; else NULL */
    struct tw_watch_lists lists; /* as last read */
    struct tw_arena texts;       /* of `lists`; begun when the first come */
    int64_t lists_version;       /* of `lists`, from 1 on; 0: there were none, or they are not read */
    bool lists_read;
    bool lists_changed;                  /* by the last look: tell of it */
    int64_t sent_version, dated_version; /* whose changes are being dated, or are */
    int32_t compared;                    /* set that was found not to be ours, with the lists as last read */
    struct tw_error refused;             /* why the lists make no set; TW_OK: they do */
};

/* These are to be the last set stored; copied. NULL: none, which is a set too. TW_INTERNAL for want of
 * memory. */
TW_MUST_USE bool tw_stored_rules_want(
    struct tw_stored_rules *stored, const struct tw_rule_set *rules, struct tw_error *err);

/* The wanted rules go to the table; there must be some. */
void tw_stored_rules_send_wanted(struct tw_stored_rules *stored, const struct tw_session *session);
/* What was sent stands in the table. Others may be wanted meanwhile: `wanted` says so. */
void tw_stored_rules_sent(struct tw_stored_rules *stored);

/* Asks which set is the first that counts, for the sets after the last one known, and for watch lists when
 * they have changed. Afterwards other rules may be wanted. */
void tw_stored_rules_add_read(const struct tw_stored_rules *stored, struct tw_statement_list *list);
/* Takes an answer of TW_RULE_SETS_FIRST, TW_RULE_SETS_READ or TW_WATCHED_READ in. TW_CONFIG for rules that
 * this program cannot read, TW_INTERNAL and TW_FULL for want of memory; what came before stays. */
TW_MUST_USE bool tw_stored_rules_row(struct tw_stored_rules *stored, enum tw_statement statement,
    const PGresult *result, struct tw_error *err);
/* Whether all sets that count are known. When not, all are forgotten: they will be read. */
bool tw_stored_rules_settle(struct tw_stored_rules *stored);

/* When the last look brought watch lists that rules are held to: tells so, of lists that nobody stands on,
 * and why no set can be made with them. */
void tw_stored_rules_tell(struct tw_stored_rules *stored, const struct tw_log *log);

/* Number of the last set known; 0: none. */
int32_t tw_stored_rules_last(const struct tw_stored_rules *stored);
/* The last set stored is another one than was wanted here, and stored: another daemon has put it there, and
 * it is in force for all. */
bool tw_stored_rules_are_others(const struct tw_stored_rules *stored);
/* From which edge the rules hold that are wanted; false until they are known to be the last stored. */
bool tw_stored_rules_hold(const struct tw_stored_rules *stored, int64_t *from_us);
/* The longest time that a rule of a set that counts looks back: on bars, on days, on alerts that are past, on
 * documents that it spoke for. */
int64_t tw_stored_rules_longest_window_us(const struct tw_stored_rules *stored);
int64_t tw_stored_rules_longest_days_us(const struct tw_stored_rules *stored);
int64_t tw_stored_rules_longest_past_us(const struct tw_stored_rules *stored);
int64_t tw_stored_rules_longest_spoken_us(const struct tw_stored_rules *stored);

/* Nothing is known of what the database holds; what is wanted stays wanted. */
void tw_stored_rules_forget(struct tw_stored_rules *stored);
/* Frees all. */
void tw_stored_rules_end(struct tw_stored_rules *stored);

#endif
