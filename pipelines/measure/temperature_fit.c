#include "measure/temperature_fit.h"

#include <math.h>

#include "model/temperature.h"

#define LEAST_BASE 0.05
#define MOST_BASE 20.0
#define GOLDEN_SHARE 0.6180339887498949

enum { GOLDEN_TURNS = 30 };

/* What is fitted to. */
struct sample {
    const float *logits;
    const int32_t *labels;
    size_t rows;
    double doubt;
};

/* Negative log likelihood at softmax(logits x reach x inverse), summed, with its first two derivatives by
 * `inverse`. */
struct curve {
    double loss, slope, bend;
    size_t rows;
};

static void add_row(
    struct curve *curve, const double row[TW_CLASSES], int32_t label, double inverse, double doubt)
{
    double highest = fmax(fmax(row[0], row[1]), row[2]);
    double sum = 0, mean = 0, square = 0, others = 0;
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        double logit = row[class] - highest, share = exp(logit * inverse);
        sum += share;
        mean += share * logit;
        square += share * logit * logit;
        others += class == (size_t)label ? 0 : logit;
    }
    mean /= sum;
    double chosen = (1 - doubt) * (row[label] - highest) + doubt * others / (TW_CLASSES - 1);
    curve->loss += log(fmax(sum, 1)) - chosen * inverse; /* the highest class alone adds exp(0) */
    curve->slope += mean - chosen;
    curve->bend += square / sum - mean * mean;
    curve->rows++;
}

static void by_class(const float *row, double out[TW_CLASSES])
{
    for (size_t class = 0; class < TW_CLASSES; class ++)
        out[class] = (double)row[class];
}

static struct curve curve_at(const struct sample *sample, double exponent, double inverse)
{
    struct curve curve = {0};
    for (size_t at = 0; at < sample->rows; at++) {
        double row[TW_CLASSES];
        if (sample->labels[at] < 0 || sample->labels[at] >= TW_CLASSES)
            continue;
        by_class(sample->logits + at * TW_CLASSES, row);
        double reach = tw_temperature_scale(row, exponent);
        for (size_t class = 0; class < TW_CLASSES; class ++)
            row[class] *= reach;
        add_row(&curve, row, sample->labels[at], inverse, sample->doubt);
    }
    return curve;
}

/* The slope grows with `inverse` (the loss is convex in it): keep the root between low and high, step by
 * Newton within. */
static double fit_inverse(const struct sample *sample, double exponent)
{
    double low = 1 / MOST_BASE, high = 1 / LEAST_BASE, inverse = 1;
    for (int turn = 0; turn < 100 && high - low > 1e-9; turn++) {
        struct curve curve = curve_at(sample, exponent, inverse);
        if (curve.slope > 0)
            high = inverse;
        else
            low = inverse;
        double next = curve.bend > 0 ? inverse - curve.slope / curve.bend : low;
        if (!(next > low && next < high))
            next = (low + high) / 2;
        if (fabs(next - inverse) < 1e-10)
            break;
        inverse = next;
    }
    return inverse;
}

static double price_of(const struct sample *sample, double exponent)
{
    return curve_at(sample, exponent, fit_inverse(sample, exponent)).loss + exponent * exponent / 2;
}

/* Golden section (Kiefer 1953): of the two inner points the cheaper one becomes the middle. */
static double fit_exponent(const struct sample *sample)
{
    double low = 0, high = 1, left = 1 - GOLDEN_SHARE, right = GOLDEN_SHARE;
    double price_left = price_of(sample, left), price_right = price_of(sample, right);
    for (int turn = 0; turn < GOLDEN_TURNS; turn++) {
        if (price_left <= price_right) {
            high = right;
            right = left;
            price_right = price_left;
            left = high - GOLDEN_SHARE * (high - low);
            price_left = price_of(sample, left);
        } else {
            low = left;
            left = right;
            price_left = price_right;
            right = low + GOLDEN_SHARE * (high - low);
            price_right = price_of(sample, right);
        }
    }
    double found = (low + high) / 2;
    return price_of(sample, found) < price_of(sample, 0) ? found : 0;
}

static struct sample sample_of(const float *logits, const int32_t *labels, size_t rows)
{
    return (struct sample){logits, labels, rows, 1 / ((double)rows + 2)};
}

double tw_temperature_fit_base(const float *logits, const int32_t *labels, size_t rows)
{
    const struct sample sample = sample_of(logits, labels, rows);
    return curve_at(&sample, 0, 1).rows ? 1 / fit_inverse(&sample, 0) : 1;
}

struct tw_temperature tw_temperature_fit(const float *logits, const int32_t *labels, size_t rows)
{
    const struct sample sample = sample_of(logits, labels, rows);
    if (curve_at(&sample, 0, 1).rows == 0)
        return (struct tw_temperature){.base = 1};
    double exponent = fit_exponent(&sample);
    return (struct tw_temperature){(float)(1 / fit_inverse(&sample, exponent)), (float)exponent};
}

double tw_temperature_loss(
    const float *logits, const int32_t *labels, size_t rows, struct tw_temperature temperature)
{
    const struct sample sample = {logits, labels, rows, 0};
    struct curve curve = curve_at(&sample, (double)temperature.exponent, 1 / (double)temperature.base);
    return curve.rows ? curve.loss / (double)curve.rows : 0;
}
