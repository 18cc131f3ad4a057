/* score: what probabilities say of a text or a company, as it is stored: three of them, and the integer that
 * is summed.
 *
 *     score = tw_score_of(logits, temperature);             what a model said
 *     score = tw_score_of_probabilities(probabilities);     what was joined (join.h)
 *     label = tw_label_of(&score);
 *
 * Pure. */
#ifndef TW_SCORE_H
#define TW_SCORE_H

#include "document.h"
#include "format/labels.h"
#include "model/temperature.h"

/* Round half to even of 10,000 x (positive - negative). */
int32_t tw_sentiment_of(float negative, float positive);

/* Probabilities by enum tw_class, with their sentiment. */
struct tw_score tw_score_of_probabilities(const float probabilities[TW_CLASSES]);

/* Probabilities and sentiment of logits by enum tw_class (model/temperature.h). */
struct tw_score tw_score_of(const float logits[TW_CLASSES], struct tw_temperature temperature);

/* The enum tw_class of the largest probability; the first of equals. */
uint32_t tw_label_of(const struct tw_score *score);

#endif
