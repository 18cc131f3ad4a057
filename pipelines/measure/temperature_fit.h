/* temperature_fit: base and exponent by which logits are tempered so that probabilities mean what they say
 * (model/temperature.h has the formula).
 *
 * Both minimise the negative log likelihood of the labels. For an exponent the likelihood is concave in 1 /
 * base, so that Newton's steps with bisection find it; base is kept within [0.05, 20]. The exponent is sought
 * within [0, 1] by golden section, at the price of exponent^2 / 2 once, and stays 0 where that is no worse:
 * of few records nothing is made of chance. Each label is doubted a little (1 in rows + 2), or a head without
 * an error would be made certain. The same order of rows gives the same bits. */
#ifndef TW_TEMPERATURE_FIT_H
#define TW_TEMPERATURE_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "document.h"
#include "format/shape.h"

/* `logits` [rows, TW_CLASSES] by enum tw_class; labels below 0 are passed over. Base 1, exponent 0 when there
 * is nothing to fit. */
struct tw_temperature tw_temperature_fit(const float *logits, const int32_t *labels, size_t rows);

/* The same with the exponent left at 0: what logits are divided by. */
double tw_temperature_fit_base(const float *logits, const int32_t *labels, size_t rows);

/* The mean negative log likelihood; 0 without labels. */
double tw_temperature_loss(
    const float *logits, const int32_t *labels, size_t rows, struct tw_temperature temperature);

#endif
