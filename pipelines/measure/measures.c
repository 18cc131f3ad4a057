#include "measure/measures.h"

#include "score/score.h"

#include <math.h>

void tw_measures_add(struct tw_measures *metrics, uint32_t label, const struct tw_score *score)
{
    uint32_t predicted = tw_label_of(score);
    const float probabilities[TW_CLASSES] = {score->negative, score->neutral, score->positive};
    double confidence = (double)probabilities[predicted];
    double place = confidence * TW_METRIC_BINS;
    /* Not a number goes to the first bin: converting it to an integer would be undefined. */
    size_t bin = place >= TW_METRIC_BINS ? TW_METRIC_BINS - 1 : place >= 0 ? (size_t)place : 0;
    metrics->confusion[label][predicted]++;
    metrics->confidence[bin] += confidence;
    metrics->counted[bin]++;
    metrics->right[bin] += predicted == label;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static struct tw_class_report report_class(const struct tw_measures *metrics, uint32_t class, bool *occurs)
{
    uint64_t labelled = 0, predicted = 0, right = metrics->confusion[class][class];
    for (uint32_t other = 0; other < TW_CLASSES; other++) {
        labelled += metrics->confusion[class][other];
        predicted += metrics->confusion[other][class];
    }
    *occurs = labelled + predicted > 0;
    return (struct tw_class_report){.precision = share(right, predicted),
        .recall = share(right, labelled),
        .f1 = share(2 * right, labelled + predicted),
        .support = labelled,
        .predicted = predicted};
}

void tw_measures_rates(const struct tw_class_report *report, struct tw_class_rate rates[TW_CLASS_RATES])
{
    rates[0] = (struct tw_class_rate){"precision", report->precision, report->predicted};
    rates[1] = (struct tw_class_rate){"recall", report->recall, report->support};
    rates[2] = (struct tw_class_rate){"f1", report->f1, report->support + report->predicted};
}

struct tw_metric_report tw_measures_report(const struct tw_measures *metrics)
{
    struct tw_metric_report report = {0};
    uint64_t right = 0, occurring = 0;
    double f1_sum = 0, gap_sum = 0;
    for (uint32_t class = 0; class < TW_CLASSES; class ++) {
        bool occurs;
        report.classes[class] = report_class(metrics, class, &occurs);
        report.n += report.classes[class].support;
        right += metrics->confusion[class][class];
        f1_sum += report.classes[class].f1;
        occurring += occurs;
    }
    for (uint32_t bin = 0; bin < TW_METRIC_BINS; bin++)
        gap_sum += fabs((double)metrics->right[bin] - metrics->confidence[bin]);
    report.accuracy = share(right, report.n);
    report.macro_f1 = occurring ? f1_sum / (double)occurring : 0;
    report.ece = report.n ? gap_sum / (double)report.n : 0;
    return report;
}

struct tw_metric_bin tw_measures_bin(const struct tw_measures *metrics, uint32_t bin)
{
    uint64_t n = metrics->counted[bin];
    return (struct tw_metric_bin){
        n, n ? metrics->confidence[bin] / (double)n : 0, share(metrics->right[bin], n)};
}
