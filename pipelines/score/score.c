#include "score/score.h"

#include <math.h>

int32_t tw_sentiment_of(float negative, float positive)
{
    /* The default rounding mode, which nobody here changes, is to the nearest, half to even. */
    return (int32_t)lrint(10000.0 * ((double)positive - (double)negative));
}

struct tw_score tw_score_of_probabilities(const float probabilities[TW_CLASSES])
{
    return (struct tw_score){.negative = probabilities[TW_NEGATIVE],
        .neutral = probabilities[TW_NEUTRAL],
        .positive = probabilities[TW_POSITIVE],
        .sentiment = tw_sentiment_of(probabilities[TW_NEGATIVE], probabilities[TW_POSITIVE])};
}

struct tw_score tw_score_of(const float logits[TW_CLASSES], struct tw_temperature temperature)
{
    const double row[TW_CLASSES] = {
        (double)logits[TW_NEGATIVE], (double)logits[TW_NEUTRAL], (double)logits[TW_POSITIVE]};
    float probabilities[TW_CLASSES];
    tw_temperature_apply(row, temperature, probabilities);
    return tw_score_of_probabilities(probabilities);
}

uint32_t tw_label_of(const struct tw_score *score)
{
    const float probabilities[TW_CLASSES] = {
        [TW_NEGATIVE] = score->negative, [TW_NEUTRAL] = score->neutral, [TW_POSITIVE] = score->positive};
    uint32_t best = 0;
    for (uint32_t label = 1; label < TW_CLASSES; label++)
        if (probabilities[label] > probabilities[best])
            best = label;
    return best;
}
