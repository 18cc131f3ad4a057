/* ask: texts that an audit has made up to what the model says of them, by the rooms of the daemon.
 *   in    texts, the companies that each is asked about
 *   out   a score for each text and for each company in it
 *
 *     struct tw_audit_text texts[] = {{.text = tw_text_of("Acme halts output")}};
 *     tw_audit_ask(&river, texts, 1, err)
 *
 * A company that is not found in its text is read in the whole of it, as evaluate does. One thread. Errors:
 * those of river.h. */
#ifndef TW_AUDIT_ASK_H
#define TW_AUDIT_ASK_H

#include "river.h"

enum { TW_AUDIT_NAMES = 8 }; /* companies of one text */

struct tw_audit_text {
    struct tw_text text;
    struct tw_text names[TW_AUDIT_NAMES];
    uint32_t name_count;
    /* What is found out. */
    struct tw_score score, name_scores[TW_AUDIT_NAMES];
};

/* Fills the scores. */
TW_MUST_USE bool tw_audit_ask(
    const struct tw_river *river, struct tw_audit_text *texts, size_t count, struct tw_error *err);

#endif
