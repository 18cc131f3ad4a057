#include "model/temperature.h"

#include <math.h>

#define LEAST_ENTROPY 1e-3

/* softmax(logits x scale). */
static void shares_of(const double logits[TW_CLASSES], double scale, double shares[TW_CLASSES])
{
    double highest = -INFINITY, sum = 0.0;
    for (size_t class = 0; class < TW_CLASSES; class ++)
        highest = fmax(highest, logits[class] * scale);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        sum += shares[class] = exp(logits[class] * scale - highest);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        shares[class] /= sum;
}

double tw_temperature_scale(const double logits[TW_CLASSES], double exponent)
{
    double shares[TW_CLASSES], entropy = 0.0;
    if (!(exponent > 0.0))
        return 1.0;
    shares_of(logits, 1.0, shares);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        entropy -= shares[class] > 0.0 ? shares[class] * log(shares[class]) : 0.0;
    return pow(fmax(entropy / log(TW_CLASSES), LEAST_ENTROPY), -exponent);
}

void tw_temperature_apply(
    const double logits[TW_CLASSES], struct tw_temperature temperature, float probs[TW_CLASSES])
{
    double shares[TW_CLASSES];
    shares_of(logits, tw_temperature_scale(logits, (double)temperature.exponent) / (double)temperature.base,
        shares);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        probs[class] = (float)shares[class];
}
