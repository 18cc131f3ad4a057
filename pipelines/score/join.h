/* join: what the windows of a long text say, made one: the one rule by which they are joined.
 *   in    the probabilities that each window gives (text_windows.h), of the document or of one company
 *   out   one score
 *
 *     struct tw_join join = {0};
 *     tw_join_add(&join, &of_the_title, TW_JOIN_TITLE);
 *     for each other window: tw_join_add(&join, &its, 1.0);
 *     score = tw_join_score(&join);
 *
 * The formula, for the classes c:
 *
 *     P(c) = sum over windows of w P_window(c) / sum over windows of w
 *     w    = k (1 - P_window(neutral))^2
 *     k    = 1; for the title 32, for a company that the title names 4
 *
 * The document is joined over all of its windows, a company over those that name it.
 *   - A window speaks as far as it has something to say: one that is neutral says nothing, however many of
 *     them there are, so that background does not drown the news. 1 - P(neutral) is taken as 0.001 at least:
 *     when all are neutral the text is.
 *   - What the title says, thirty-two windows of a body that all say the opposite are needed to outweigh.
 *     A title that says nothing ("... third-quarter results") leaves it to the body.
 *   - A title that names two companies says less of each than the sentences that each has to itself.
 * Measured on stories of Reuters and others: deploy/docs/models.md. With a single window P is what it gives,
 * to the last bits of rounding; a text that is one window is not joined at all (classify.h). */
#ifndef TW_JOIN_H
#define TW_JOIN_H

#include "document.h"
#include "format/labels.h"

/* k of the formula, for a document and for a company. */
#define TW_JOIN_TITLE 32.0
#define TW_JOIN_TITLE_OF_ENTITY 4.0

struct tw_join {
    double sums[TW_CLASSES]; /* of w P_window, by enum tw_class */
    double weight;           /* of w */
};

/* w of the formula, for a window that counts for `kind` (k). */
double tw_join_weight(const struct tw_score *window, double kind);

/* Takes one more window. */
void tw_join_add(struct tw_join *join, const struct tw_score *window, double kind);

/* The probabilities of all that were added, one at least, and their sentiment. */
struct tw_score tw_join_score(const struct tw_join *join);

#endif
