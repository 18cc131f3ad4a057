/* temperature: the one number by which logits are divided so that probabilities mean what they say.
 *
 * T minimises the negative log likelihood of labels under softmax(logits / T) (Guo et al. 2017, "On Calibration of Modern
 * Neural Networks", section 4.2). In 1/T the likelihood is concave, so that Newton's steps with bisection find it; T is kept
 * within [0.05, 20]. Order of rows changes T in its last digits only; the same order gives the same bits. */
#ifndef TW_TEMPERATURE_H
#define TW_TEMPERATURE_H

#include <stddef.h>
#include <stdint.h>

#include "document.h"
#include "format/config.h"

/* `logits` [rows, classes]; labels below 0 are passed over. 1 when there is nothing to fit. */
double tw_temperature_fit(const float *logits, const int32_t *labels, size_t rows, size_t classes);

/* The mean negative log likelihood at T; 0 without labels. */
double tw_temperature_loss(
    const float *logits, const int32_t *labels, size_t rows, size_t classes, double temperature);

/* softmax(logits / temperature), logits by enum tw_class. */
struct tw_score tw_temperature_score(const float logits[TW_CLASSES], double temperature);

#endif
