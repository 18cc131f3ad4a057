#include "train/loss.h"

#include <math.h>

static size_t highest_of(const float *row, size_t classes)
{
    size_t highest = 0;
    for (size_t at = 1; at < classes; at++)
        highest = row[at] > row[highest] ? at : highest;
    return highest;
}

static double log_sum_exp(const float *row, size_t classes, double temperature)
{
    double top = (double)row[highest_of(row, classes)] / temperature, sum = 0.0;
    for (size_t at = 0; at < classes; at++)
        sum += exp((double)row[at] / temperature - top);
    // cppcheck-suppress invalidFunctionArg ; the sum holds exp(0) of the highest row: it is 1 or more
    return top + log(sum);
}

static double class_weight(const struct tw_cross_entropy *options, size_t column)
{
    return options->class_weights ? (double)options->class_weights[column] : 1.0;
}

/* The smoothed part: sum_c w[c] z[c], and sum_c w[c]. */
static void weigh(
    const struct tw_cross_entropy *options, const float *row, size_t classes, double *product, double *total)
{
    *product = *total = 0.0;
    for (size_t at = 0; at < classes; at++) {
        *product += class_weight(options, at) * (double)row[at];
        *total += class_weight(options, at);
    }
}

/* gradient[c] = the row's share of d(sum)/d(logit c). `wide`: p stands in gradient already. */
static void differentiate(const struct tw_cross_entropy *options, const float *row, double log_sum,
    size_t label, size_t classes, double factor, double total, bool wide, float *gradient)
{
    double sharp = (1.0 - (double)options->smoothing) * class_weight(options, label);
    double smooth = (double)options->smoothing / (double)classes;
    double all = factor * (sharp + smooth * total);
    for (size_t at = 0; at < classes; at++) {
        double p = wide ? (double)gradient[at] : exp((double)row[at] - log_sum);
        double pull = smooth > 0.0 ? smooth * class_weight(options, at) : 0.0;
        gradient[at] = (float)(all * p - factor * (pull + (at == label ? sharp : 0.0)));
    }
}

/* One row's loss without its weight; `factor` for the gradient. */
static double one_row(const struct tw_cross_entropy *options, const float *row, size_t label, size_t classes,
    double factor, float *gradient, size_t *right)
{
    size_t highest = highest_of(row, classes);
    double z = (double)row[label], top = (double)row[highest], product, total, log_sum;
    if (right)
        *right += highest == label;
    weigh(options, row, classes, &product, &total);
    if (options->kernels && gradient) {
        options->kernels->softmax(row, 1, classes, gradient);
        log_sum = top - log((double)gradient[highest]);
    } else {
        log_sum = log_sum_exp(row, classes, 1.0);
    }
    if (gradient)
        differentiate(
            options, row, log_sum, label, classes, factor, total, options->kernels != NULL, gradient);
    double smooth = (double)options->smoothing;
    return (1.0 - smooth) * class_weight(options, label) * (log_sum - z) +
           smooth / (double)classes * (total * log_sum - product);
}

double tw_loss_cross_entropy(const struct tw_cross_entropy *options, const float *logits,
    const int32_t *labels, const float *row_weights, size_t rows, size_t classes, float scale,
    float *gradient, size_t *right)
{
    double sum = 0.0;
    for (size_t row = 0; row < rows; row++) {
        float *d_row = gradient ? gradient + row * classes : NULL;
        double weight = row_weights ? (double)row_weights[row] : 1.0;
        if (labels[row] == TW_NO_LABEL) {
            for (size_t at = 0; d_row && at < classes; at++)
                d_row[at] = 0.0f;
            continue;
        }
        sum += weight * one_row(options, logits + row * classes, (size_t)labels[row], classes,
                            weight * (double)scale, d_row, right);
    }
    return sum;
}

double tw_loss_weight(
    const struct tw_cross_entropy *options, const int32_t *labels, const float *row_weights, size_t rows)
{
    double sum = 0.0;
    for (size_t row = 0; row < rows; row++) {
        if (labels[row] != TW_NO_LABEL)
            sum +=
                (row_weights ? (double)row_weights[row] : 1.0) * class_weight(options, (size_t)labels[row]);
    }
    return sum;
}

double tw_loss_soft_labels(const float *logits, const float *teacher, const float *row_weights,
    float temperature, size_t rows, size_t classes, float scale, float *gradient)
{
    double heat = (double)temperature, sum = 0.0;
    for (size_t row = 0; row < rows; row++, logits += classes, teacher += classes) {
        double weight = row_weights ? (double)row_weights[row] : 1.0, divergence = 0.0;
        double ours = log_sum_exp(logits, classes, heat), theirs = log_sum_exp(teacher, classes, heat);
        for (size_t at = 0; at < classes; at++) {
            double log_p = (double)logits[at] / heat - ours, log_q = (double)teacher[at] / heat - theirs;
            divergence += exp(log_q) * (log_q - log_p);
            if (gradient)
                gradient[row * classes + at] +=
                    (float)(weight * (double)scale * heat * (exp(log_p) - exp(log_q)));
        }
        sum += weight * heat * heat * divergence;
    }
    return sum;
}

double tw_loss_mean_square(
    const float *values, const float *targets, size_t rows, size_t width, float scale, float *gradient)
{
    double sum = 0.0;
    float step = 2.0f * scale / (float)width;
    for (size_t row = 0; row < rows; row++) {
        double squares = 0.0;
        for (size_t at = row * width; at < (row + 1) * width; at++) {
            float away = values[at] - targets[at];
            squares += (double)away * (double)away;
            if (gradient)
                gradient[at] += step * away;
        }
        sum += squares / (double)width;
    }
    return sum;
}
