#include "offline/offline.h"

#include "classify.h"
#include "dataset.h"
#include "decode.h"
#include "offline/predict.h"

struct evaluating {
    const struct tw_offline_options *options;
    struct tw_measures *documents, *entities;
    struct tw_offline_counts *counts;
};

static bool begin(void *context, void **worker, struct tw_error *err)
{
    const struct evaluating *evaluating = context;
    struct tw_river_worker *made;
    if (!tw_river_worker_new(evaluating->options->river, &made, err))
        return false;
    *worker = made;
    return true;
}

static void end(void *worker)
{
    tw_river_worker_free(worker);
}

static bool has_label(const struct tw_record *record)
{
    for (uint32_t at = 0; at < record->entity_count; at++)
        if (record->entities[at].label >= 0)
            return true;
    return record->label >= 0;
}

static bool refuse_unlabelled(struct tw_chunk *chunk, struct tw_record *record, struct tw_error *err)
{
    if (record->document.fate != TW_FATE_STORED || has_label(record))
        return true;
    struct tw_error why;
    tw_fail(&why, TW_REFUSED, NULL, "label: negative, neutral or positive; or entities with labels",
        "the record carries no label");
    return tw_document_refuse(&record->document, &why, &chunk->arena, err);
}

/* A text that was learned from measures nothing: it passes like a tick. */
static void leave_out_learned(const struct tw_offline_options *options, struct tw_record *record)
{
    struct tw_document *document = &record->document;
    if (options->held_back > 0 && document->fate == TW_FATE_STORED &&
        !tw_dataset_holds_back(document->text, options->held_back))
        document->fate = TW_FATE_TICK;
}

static bool work(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct evaluating *evaluating = context;
    struct tw_record *records;
    if (!tw_records_read(evaluating->options, chunk, false, &records, err))
        return false;
    for (uint32_t at = 0; at < chunk->count; at++) {
        if (!refuse_unlabelled(chunk, &records[at], err))
            return false;
        leave_out_learned(evaluating->options, &records[at]);
    }
    chunk->results = records;
    return tw_records_score(evaluating->options, worker, chunk, records, NULL, err);
}

static void add_record(const struct evaluating *evaluating, const struct tw_record *record)
{
    if (record->document.fate != TW_FATE_STORED)
        return;
    if (record->label >= 0)
        tw_measures_add(evaluating->documents, (uint32_t)record->label, &record->document.score);
    for (uint32_t at = 0; at < record->entity_count; at++)
        if (record->entities[at].label >= 0)
            tw_measures_add(evaluating->entities, (uint32_t)record->entities[at].label,
                tw_record_entity_score(record, at));
}

/* In the order of the file, so that sums have the same bits whatever the number of workers. */
static bool emit(void *context, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct evaluating *evaluating = context;
    const struct tw_record *records = chunk->results;
    for (uint32_t at = 0; at < chunk->count; at++)
        add_record(evaluating, &records[at]);
    return tw_records_emit(evaluating->options, chunk, records, evaluating->counts, err);
}

bool tw_offline_evaluate(const struct tw_offline_options *options, struct tw_measures *documents,
    struct tw_measures *entities, struct tw_offline_counts *counts, struct tw_error *err)
{
    *counts = (struct tw_offline_counts){0};
    *documents = (struct tw_measures){0};
    *entities = (struct tw_measures){0};
    struct evaluating evaluating = {options, documents, entities, counts};
    struct tw_lines_job job = {&evaluating, begin, end, work, emit};
    struct tw_lines_options lines = {
        options->path, options->form, options->river->decode->max_payload_bytes, options->workers};
    return tw_lines_run(&lines, &job, err);
}

/* ---- reports ---- */

/* A number, or null when nothing was counted. */
static void write_measure(FILE *out, const char *name, double value, uint64_t n)
{
    if (n)
        fprintf(out, ",\"%s\":%.9g", name, value);
    else
        fprintf(out, ",\"%s\":null", name);
}

static void write_json(FILE *out, const char *level, const struct tw_measures *metrics)
{
    struct tw_metric_report report = tw_measures_report(metrics);
    fprintf(out, "\"%s\":{\"n\":%llu", level, (unsigned long long)report.n);
    write_measure(out, "accuracy", report.accuracy, report.n);
    write_measure(out, "macro_f1", report.macro_f1, report.n);
    write_measure(out, "ece", report.ece, report.n);
    fputs(",\"per_class\":{", out);
    for (uint32_t class = 0; class < TW_METRIC_CLASSES; class ++) {
        const struct tw_class_report *row = &report.classes[class];
        fprintf(out, "%s\"%s\":{\"precision\":%.9g,\"recall\":%.9g,\"f1\":%.9g,\"n\":%llu}", class ? "," : "",
            tw_label_names[class], row->precision, row->recall, row->f1, (unsigned long long)row->support);
    }
    fputs("},\"confusion\":[", out);
    for (uint32_t label = 0; label < TW_METRIC_CLASSES; label++)
        fprintf(out, "%s[%llu,%llu,%llu]", label ? "," : "", (unsigned long long)metrics->confusion[label][0],
            (unsigned long long)metrics->confusion[label][1],
            (unsigned long long)metrics->confusion[label][2]);
    fputs("]}", out);
}

static void write_table(FILE *out, const char *level, const struct tw_measures *metrics)
{
    struct tw_metric_report report = tw_measures_report(metrics);
    fprintf(out, "%s: %llu\n", level, (unsigned long long)report.n);
    if (report.n == 0)
        return;
    fprintf(out, "  accuracy %.4f   macro F1 %.4f   calibration error %.4f\n", report.accuracy,
        report.macro_f1, report.ece);
    fprintf(out, "  %-10s %9s %9s %9s %9s   predicted: %9s %9s %9s\n", "label", "precision", "recall", "F1",
        "n", tw_label_names[0], tw_label_names[1], tw_label_names[2]);
    for (uint32_t class = 0; class < TW_METRIC_CLASSES; class ++) {
        const struct tw_class_report *row = &report.classes[class];
        const uint64_t *predicted = metrics->confusion[class];
        fprintf(out, "  %-10s %9.4f %9.4f %9.4f %9llu              %9llu %9llu %9llu\n",
            tw_label_names[class], row->precision, row->recall, row->f1, (unsigned long long)row->support,
            (unsigned long long)predicted[0], (unsigned long long)predicted[1],
            (unsigned long long)predicted[2]);
    }
}

static void write_csv(FILE *out, const char *level, const struct tw_measures *metrics)
{
    struct tw_metric_report report = tw_measures_report(metrics);
    fprintf(out, "%s,n,%llu\n", level, (unsigned long long)report.n);
    fprintf(out, "%s,accuracy,%.9g\n%s,macro_f1,%.9g\n%s,ece,%.9g\n", level, report.accuracy, level,
        report.macro_f1, level, report.ece);
    for (uint32_t class = 0; class < TW_METRIC_CLASSES; class ++) {
        const struct tw_class_report *row = &report.classes[class];
        const char *name = tw_label_names[class];
        fprintf(out, "%s,%s.precision,%.9g\n%s,%s.recall,%.9g\n%s,%s.f1,%.9g\n", level, name, row->precision,
            level, name, row->recall, level, name, row->f1);
        for (uint32_t predicted = 0; predicted < TW_METRIC_CLASSES; predicted++)
            fprintf(out, "%s,%s.as_%s,%llu\n", level, name, tw_label_names[predicted],
                (unsigned long long)metrics->confusion[class][predicted]);
    }
}

void tw_offline_report(const struct tw_measures *documents, const struct tw_measures *entities,
    enum tw_report_form form, FILE *out)
{
    static void (*const write[])(FILE *, const char *, const struct tw_measures *) = {
        [TW_REPORT_TABLE] = write_table, [TW_REPORT_JSON] = write_json, [TW_REPORT_CSV] = write_csv};
    if (form == TW_REPORT_CSV)
        fputs("level,measure,value\n", out);
    if (form == TW_REPORT_JSON)
        fputc('{', out);
    write[form](out, "documents", documents);
    if (form == TW_REPORT_JSON)
        fputc(',', out);
    write[form](out, "entities", entities);
    if (form == TW_REPORT_JSON)
        fputs("}\n", out);
}
