/* explain_stored: a document that was stored, read once more, and the words that made the model decide about
 * one company.
 *   in    title and body as they were stored (cleaned); a company's symbol; the river that reads documents
 *   out   the explanation (explain.h), the company's relevance (link/relevance.h), and words as JSON
 *
 *     tw_stored_read(&stored, &river, &arena, &document, err)       linked and cut as when it came
 *     tw_stored_explain(&stored, &river, explainer, workspace, &document, &arena, &reason, err)
 *     tw_stored_pattern(&stored, &document, begin, end, &arena, &words, err)
 *
 * The text is not cleaned a second time. The company counts as named by the message's `symbols`, which are
 * not stored; where no word of the text is its own any more, because the entities file has changed since,
 * the document as a whole is explained, and the reason says so. */
#ifndef TW_EXPLAIN_STORED_H
#define TW_EXPLAIN_STORED_H

#include "explain/explain.h"
#include "river.h"

/* Words that are told of one text: those that moved the logit most. */
enum { TW_STORED_WORDS = 12 };

struct tw_stored {
    struct tw_text title, body;
    struct tw_text symbol;
    uint32_t source_weight; /* that its source had when it came (link/source_weights.h) */
};

struct tw_stored_reason {
    struct tw_explanation explanation;
    bool of_entity; /* else the document as a whole */
    struct tw_text
        words; /* JSON: [{"word":...,"begin":...,"end":...,"weight":...}], the first moved it most */
};

/* Reads the document anew. TW_FULL; TW_REFUSED for a text that cannot be read any more. */
TW_MUST_USE bool tw_stored_read(const struct tw_stored *stored, const struct tw_river *river,
    struct tw_arena *arena, struct tw_document *document, struct tw_error *err);

/* How far it is about the company by the weight that its source had, 0 to TW_RELEVANCE_WHOLE; -1: it names
 * it no more. TW_FULL. */
TW_MUST_USE bool tw_stored_relevance(const struct tw_stored *stored, const struct tw_river *river,
    const struct tw_document *document, struct tw_arena *arena, int32_t *relevance, struct tw_error *err);

/* Errors as of tw_explain. All of `reason` lives in the arena. */
TW_MUST_USE bool tw_stored_explain(const struct tw_stored *stored, const struct tw_river *river,
    const struct tw_explainer *explainer, struct tw_explain_workspace *workspace,
    const struct tw_document *document, struct tw_arena *arena, struct tw_stored_reason *reason,
    struct tw_error *err);

/* Bytes [begin, end) of the text as the one word of such a list, without a weight. TW_REFUSED when they are
 * no piece of the text; TW_FULL. */
TW_MUST_USE bool tw_stored_pattern(const struct tw_document *document, uint32_t begin, uint32_t end,
    struct tw_arena *arena, struct tw_text *words, struct tw_error *err);

#endif
