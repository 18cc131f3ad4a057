/* temperature: logits to probabilities that mean what they say.
 *
 *     p = softmax(z / T(z)),   T(z) = base x h(z)^exponent
 *
 * h(z) is the entropy of softmax(z) over ln TW_CLASSES: from 1 (of no mind) to 0 (sure), here at least 0.001.
 * With exponent 0 this is temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks",
 * section 4.2). An exponent above 0 makes what is sure surer and what is unsure less so, for heads whose
 * logits saturate: one temperature cannot serve both (Balanya, Maronas and Ramos 2022, "Adaptive Temperature
 * Scaling for Robust Calibration of Deep Neural Networks", their HTS, with a power for a softplus). The
 * largest logit stays the largest probability. */
#ifndef TW_TEMPERATURE_H
#define TW_TEMPERATURE_H

#include "format/shape.h"

/* h(z)^-exponent, by which logits are multiplied before they are divided by the base. */
double tw_temperature_scale(const double logits[TW_CLASSES], double exponent);

/* Computed in double; finite logits of any size give finite probabilities. */
void tw_temperature_apply(
    const double logits[TW_CLASSES], struct tw_temperature temperature, float probs[TW_CLASSES]);

#endif
