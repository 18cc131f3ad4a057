#include "score/join.h"

#include "score/score.h"

#include <math.h>

static const double least_opinion = 0.001;

double tw_join_weight(const struct tw_score *window, double kind)
{
    const double opinion = fmax(1.0 - (double)window->neutral, least_opinion);
    return kind * opinion * opinion;
}

void tw_join_add(struct tw_join *join, const struct tw_score *window, double kind)
{
    const double weight = tw_join_weight(window, kind);
    join->sums[TW_NEGATIVE] += weight * (double)window->negative;
    join->sums[TW_NEUTRAL] += weight * (double)window->neutral;
    join->sums[TW_POSITIVE] += weight * (double)window->positive;
    join->weight += weight;
}

struct tw_score tw_join_score(const struct tw_join *join)
{
    float probabilities[TW_CLASSES];
    for (uint32_t label = 0; label < TW_CLASSES; label++)
        probabilities[label] = (float)(join->sums[label] / join->weight);
    return tw_score_of_probabilities(probabilities);
}
