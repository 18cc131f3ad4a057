#include "explain/explain_shades.h"

#include <math.h>

static const double least_share = 0.1;

double tw_explain_most(const struct tw_explanation *explanation)
{
    double most = 0.0;
    for (uint32_t at = 0; at < explanation->word_count; at++)
        most = fmax(most, fabs(explanation->words[at].weight));
    return most;
}

int tw_explain_shade(double weight, double most)
{
    const double share = most > 0.0 ? fabs(weight) / most : 0.0;
    if (share < least_share)
        return 0;
    const int shade = 1 + (int)((share - least_share) / (1.0 - least_share) * TW_EXPLAIN_SHADES);
    const int held = shade < TW_EXPLAIN_SHADES ? shade : TW_EXPLAIN_SHADES;
    return weight < 0.0 ? -held : held;
}
