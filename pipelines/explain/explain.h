/* explain: the words that made the model decide.
 *   in    a classifier, only read; a document with `text` and tokens (river.h: tw_river_prepare); of which
 *         company, or of the document itself
 *   out   the label, its logit with the words and without them, and a weight for each whole word: they add
 *         up to logit - base
 *
 *     tw_explainer_open              once; shared by all threads
 *     tw_explain_workspace_new       once a worker; kept beside that of classify.h, it may run at any time
 *     tw_explain                     a text at a time
 *
 * What is explained. The label is that of the largest logit, of the document's head or, for a company, of the
 * head for entities at that company's tokens, exactly as classify.h reads them: `logit` is that logit, before
 * any temperature. Of a model without a head for entities a company's logits are the document's; of one with
 * nothing but that head the document is an entity that is the whole text. `base` is the same logit when each
 * token of the text is [UNK], a word that nobody knows, while [CLS], [SEP] and all positions stay: of [UNK],
 * [PAD] and [MASK] it named the words best whose removal moves the score (tests/bench/bench_explain). A
 * weight is the sum of the weights of a word's tokens (attribute/attribute of nn: integrated gradients).
 * Above 0: the word spoke for the label; below: against it.
 *
 * A text of several windows (score/text_windows.h) has the label of its joined scores (score/join.h), which
 * no single logit decides. Explained is the window that speaks most for that label, by its weight in the
 * joining and the probability that it gives: `logit` and `base` are that window's, and its words alone are
 * listed.
 *
 * Words are those of whole_words.h, as far as the model reads. A token that reaches over two words makes
 * them one. A word that has no token (nothing but what the tokenizer drops) is not listed.
 *
 * 8-bit weights have no gradients. Such a model decides the label itself, as ever; base, logit and weights
 * are those of its weights in fp32 (attribute/widen of nn), which are made once, when it is opened, and
 * differ in about the second decimal from what `classify` prints. The constant model reads no words: it is
 * refused.
 *
 * Bounds: attribute/attribute.h says what memory a workspace takes and what a text costs at most: 8,192
 * tokens encoded and taken back, 16 times a text of 512. `error` is what numbers leave between
 * the sum of weights and logit - base; when it could not be made small, `settled` is false. */
#ifndef TW_EXPLAIN_H
#define TW_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "document.h"
#include "format/labels.h"

struct tw_classifier;
struct tw_explainer;
struct tw_explain_workspace;
struct tw_pulse;

#define TW_EXPLAIN_DOCUMENT UINT32_MAX

struct tw_explained_word {
    uint32_t begin, end; /* bytes of the document's text */
    double weight;
};

struct tw_explanation {
    enum tw_class label;
    float base, logit;
    const struct tw_explained_word *words; /* in the order of the text */
    uint32_t word_count;
    double error;
    bool settled;
};

/* `classifier` outlives it. TW_CONFIG for the constant model; TW_INTERNAL without memory. */
TW_MUST_USE bool tw_explainer_open(
    const struct tw_classifier *classifier, struct tw_explainer **out, struct tw_error *err);
/* NULL is fine. */
void tw_explainer_close(struct tw_explainer *explainer);

/* One thread's scratch; the explainer outlives it. TW_INTERNAL when memory is refused. */
TW_MUST_USE bool tw_explain_workspace_new(
    const struct tw_explainer *explainer, struct tw_explain_workspace **out, struct tw_error *err);
/* NULL is fine. */
void tw_explain_workspace_free(struct tw_explain_workspace *workspace);

/* From now on each pass through the model is a step of that pulse (base/pulse.h), and an explanation that is
 * asked to stop ends with TW_INTERRUPTED before the next one: a whole one takes seconds where processors are
 * busy. NULL: nobody watches. */
void tw_explain_watch(struct tw_explain_workspace *workspace, struct tw_pulse *pulse);

/* Which of the document's entities has this symbol, in any spelling that link reads (symbols.h); UINT32_MAX:
 * none. `entities` as the document was linked with. */
struct tw_automaton;
uint32_t tw_explain_entity(const struct tw_automaton *entities, const struct tw_document *document,
    struct tw_text symbol, struct tw_arena *arena);

/* Explains the document (TW_EXPLAIN_DOCUMENT), or its entity number `nth`, whose reading is document.readings
 * of that number. Words are placed in the arena and die with it. TW_FULL when it is too small; TW_CONFIG for
 * weights that make no numbers; TW_INTERNAL when a kernel fails; TW_INTERRUPTED when the pulse said stop. */
TW_MUST_USE bool tw_explain(const struct tw_explainer *explainer, struct tw_explain_workspace *workspace,
    const struct tw_document *document, uint32_t nth, struct tw_arena *arena, struct tw_explanation *out,
    struct tw_error *err);

/* The words by how much they moved the logit, most first, up to `count`: their numbers into `order`. Returns
 * how many; those of weight 0 are left out. */
uint32_t tw_explanation_top(const struct tw_explanation *explanation, uint32_t count, uint32_t *order);

#endif
