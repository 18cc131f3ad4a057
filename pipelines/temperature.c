#include "temperature.h"

#include <math.h>
#include <stdbool.h>

#define LEAST_TEMPERATURE 0.05
#define MOST_TEMPERATURE 20.0

/* Mean negative log likelihood at softmax(logits * inverse), with its first two derivatives by `inverse`. */
struct curve {
    double loss, slope, bend;
    size_t rows;
};

static void add_row(
    struct curve *curve, const float *row, int32_t label, size_t classes, double inverse, double doubt)
{
    double highest = row[0];
    for (size_t class = 1; class < classes; class ++)
        highest = fmax(highest, row[class]);
    double sum = 0, mean = 0, square = 0, others = 0;
    for (size_t class = 0; class < classes; class ++) {
        double logit = row[class] - highest, share = exp(logit * inverse);
        sum += share;
        mean += share * logit;
        square += share * logit * logit;
        others += class == (size_t)label ? 0 : logit;
    }
    mean /= sum;
    double chosen = (1 - doubt) * ((double)row[label] - highest) +
                    (classes > 1 ? doubt * others / (double)(classes - 1) : 0);
    curve->loss += log(fmax(sum, 1)) - chosen * inverse; /* the highest class alone adds exp(0) */
    curve->slope += mean - chosen;
    curve->bend += square / sum - mean * mean;
    curve->rows++;
}

static struct curve curve_at(
    const float *logits, const int32_t *labels, size_t rows, size_t classes, double inverse, double doubt)
{
    struct curve curve = {0};
    for (size_t row = 0; row < rows; row++)
        if (labels[row] >= 0 && (size_t)labels[row] < classes)
            add_row(&curve, logits + row * classes, labels[row], classes, inverse, doubt);
    return curve;
}

/* The slope grows with `inverse` (the loss is convex in it): keep the root between low and high, step by Newton within. */
double tw_temperature_fit(const float *logits, const int32_t *labels, size_t rows, size_t classes)
{
    double doubt = 1 / ((double)rows + 2);
    double low = 1 / MOST_TEMPERATURE, high = 1 / LEAST_TEMPERATURE, inverse = 1;
    if (curve_at(logits, labels, rows, classes, 1, doubt).rows == 0)
        return 1;
    for (int turn = 0; turn < 100 && high - low > 1e-9; turn++) {
        struct curve curve = curve_at(logits, labels, rows, classes, inverse, doubt);
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
    return 1 / inverse;
}

double tw_temperature_loss(
    const float *logits, const int32_t *labels, size_t rows, size_t classes, double temperature)
{
    struct curve curve = curve_at(logits, labels, rows, classes, 1 / temperature, 0);
    return curve.rows ? curve.loss / (double)curve.rows : 0;
}

struct tw_score tw_temperature_score(const float logits[TW_CLASSES], double temperature)
{
    double highest = fmax(fmax((double)logits[0], (double)logits[1]), (double)logits[2]), share[3], sum = 0;
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        share[class] = exp(((double)logits[class] - highest) / temperature);
        sum += share[class];
    }
    return (struct tw_score){.negative = (float)(share[TW_NEGATIVE] / sum),
        .neutral = (float)(share[TW_NEUTRAL] / sum),
        .positive = (float)(share[TW_POSITIVE] / sum)};
}
