#include "terminal/scorecard.h"

#include "format/labels.h"

#include <math.h>
#include <string.h>

enum { CELL_BYTES = 192 };

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
}

/* ---- as tables ---- */

static const struct tw_column class_columns[] = {{"", false}, {"n", true}, {"precision", true},
    {"recall", true}, {"F1", true}, {"as negative", true}, {"as neutral", true}, {"as positive", true}};
static const struct tw_column part_columns[] = {
    {"", false}, {"n", true}, {"accuracy", true}, {"macro F1", true}, {"ECE", true}};
enum { CLASS_COLUMNS = 8, PART_COLUMNS = 5 };

/* Texts or entities. */
struct level {
    const char *title;
    const struct tw_measures *all;
    bool entities;
};

static bool add_class(struct tw_table *table, const struct level *level,
    const struct tw_metric_report *report, uint32_t class, struct tw_error *err)
{
    char cells[CLASS_COLUMNS][CELL_BYTES];
    const char *values[CLASS_COLUMNS];
    const struct tw_class_report *row = &report->classes[class];
    struct tw_class_rate rates[TW_CLASS_RATES];
    tw_measures_rates(row, rates);
    for (size_t column = 0; column < CLASS_COLUMNS; column++)
        values[column] = cells[column];
    snprintf(cells[0], CELL_BYTES, "%s", tw_class_name(class));
    snprintf(cells[1], CELL_BYTES, "%llu", (unsigned long long)row->support);
    for (size_t at = 0; at < TW_CLASS_RATES; at++) {
        snprintf(cells[2 + at], CELL_BYTES, "%.4f", rates[at].value);
        if (rates[at].n == 0)
            values[2 + at] = NULL;
    }
    for (size_t predicted = 0; predicted < TW_CLASSES; predicted++)
        snprintf(cells[5 + predicted], CELL_BYTES, "%llu",
            (unsigned long long)level->all->confusion[class][predicted]);
    return tw_table_add(table, values, err);
}

/* A part in which nothing was counted is no row. */
static bool add_part(
    struct tw_table *table, const char *title, const struct tw_measures *measures, struct tw_error *err)
{
    char cells[PART_COLUMNS][CELL_BYTES];
    const char *values[PART_COLUMNS];
    struct tw_metric_report report = tw_measures_report(measures);
    const double numbers[] = {report.accuracy, report.macro_f1, report.ece};
    if (report.n == 0)
        return true;
    for (size_t column = 0; column < PART_COLUMNS; column++)
        values[column] = cells[column];
    snprintf(cells[0], CELL_BYTES, "%s", title);
    snprintf(cells[1], CELL_BYTES, "%llu", (unsigned long long)report.n);
    for (size_t at = 0; at < 3; at++)
        snprintf(cells[2 + at], CELL_BYTES, "%.4f", numbers[at]);
    return tw_table_add(table, values, err);
}

static bool add_slices(struct tw_table *table, const struct tw_findings *findings, const struct level *level,
    enum tw_slice_kind kind, struct tw_error *err)
{
    const struct tw_slices *slices = &findings->slices[kind];
    char title[CELL_BYTES], name[CELL_BYTES - 16];
    for (uint32_t at = 0; slices->given && at < slices->count; at++) {
        const struct tw_slice *slice = &slices->items[at];
        tw_findings_slice_title(kind, slice, name, sizeof name);
        snprintf(title, sizeof title, "%s %s", tw_slice_kind_names[kind], name);
        if (!add_part(table, title, level->entities ? &slice->entities : &slice->documents, err))
            return false;
    }
    return true;
}

static bool add_parts(struct tw_table *table, const struct tw_findings *findings, const struct level *level,
    struct tw_error *err)
{
    if (!add_part(table, "all", level->all, err))
        return false;
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++)
        if (!add_slices(table, findings, level, (enum tw_slice_kind)kind, err))
            return false;
    if (!level->entities || findings->conflicts.records == 0)
        return true;
    return add_part(table, "in conflicting headlines", &findings->conflicts.entities, err) &&
           add_part(table, "in all others", &findings->conflicts.other_entities, err);
}

static bool print_classes(const struct level *level, FILE *to, struct tw_error *err)
{
    struct tw_metric_report report = tw_measures_report(level->all);
    struct tw_table *table = tw_table_new(class_columns, CLASS_COLUMNS);
    bool fine = table || out_of_memory(err);
    for (uint32_t class = 0; fine && class < TW_CLASSES; class ++)
        fine = add_class(table, level, &report, class, err);
    fine = fine && tw_table_print(table, TW_FORMAT_TABLE, to, err);
    tw_table_free(table);
    return fine;
}

static bool print_parts(
    const struct tw_findings *findings, const struct level *level, FILE *to, struct tw_error *err)
{
    struct tw_table *table = tw_table_new(part_columns, PART_COLUMNS);
    bool fine = (table || out_of_memory(err)) && add_parts(table, findings, level, err) &&
                tw_table_print(table, TW_FORMAT_TABLE, to, err);
    tw_table_free(table);
    return fine;
}

static void print_conflicts(const struct tw_conflicts *found, FILE *to)
{
    if (found->records)
        fprintf(to, "\nconflicting headlines: %llu, every entity right in %llu\n",
            (unsigned long long)found->records, (unsigned long long)found->wholly_right);
}

static bool print_tables(const struct tw_findings *findings, FILE *to, struct tw_error *err)
{
    const struct level levels[] = {
        {"texts", &findings->documents, false}, {"entities", &findings->entities, true}};
    uint64_t shown = 0;
    for (size_t at = 0; at < 2; at++) {
        uint64_t n = tw_measures_report(levels[at].all).n;
        if (n == 0)
            continue;
        fprintf(to, "%s%s: %llu\n\n", shown ? "\n" : "", levels[at].title, (unsigned long long)n);
        if (!print_classes(&levels[at], to, err))
            return false;
        fputc('\n', to);
        if (!print_parts(findings, &levels[at], to, err))
            return false;
        shown += n;
    }
    print_conflicts(&findings->conflicts, to);
    if (shown == 0)
        fputs("nothing was measured\n", to);
    return true;
}

/* ---- as csv ---- */

static const struct tw_column csv_columns[] = {{"level", false}, {"measure", false}, {"value", true}};

static bool add_line(
    struct tw_table *table, const char *level, const char *measure, const char *value, struct tw_error *err)
{
    const char *const values[] = {level, measure, value};
    return tw_table_add(table, values, err);
}

static bool add_count(
    struct tw_table *table, const char *level, const char *measure, uint64_t count, struct tw_error *err)
{
    char value[CELL_BYTES];
    snprintf(value, sizeof value, "%llu", (unsigned long long)count);
    return add_line(table, level, measure, value, err);
}

static bool add_number(struct tw_table *table, const char *level, const char *measure, double number,
    uint64_t n, struct tw_error *err)
{
    char value[CELL_BYTES];
    snprintf(value, sizeof value, "%.9g", number);
    return add_line(table, level, measure, n && isfinite(number) ? value : NULL, err);
}

static bool add_measures(
    struct tw_table *table, const char *level, const struct tw_measures *measures, struct tw_error *err)
{
    struct tw_metric_report report = tw_measures_report(measures);
    return add_count(table, level, "n", report.n, err) &&
           add_number(table, level, "accuracy", report.accuracy, report.n, err) &&
           add_number(table, level, "macro_f1", report.macro_f1, report.n, err) &&
           add_number(table, level, "ece", report.ece, report.n, err);
}

static bool add_class_lines(struct tw_table *table, const char *level, const struct tw_measures *measures,
    uint32_t class, struct tw_error *err)
{
    struct tw_metric_report report = tw_measures_report(measures);
    struct tw_class_rate rates[TW_CLASS_RATES];
    char measure[CELL_BYTES];
    tw_measures_rates(&report.classes[class], rates);
    for (size_t at = 0; at < TW_CLASS_RATES; at++) {
        snprintf(measure, sizeof measure, "%s.%s", tw_class_name(class), rates[at].name);
        if (!add_number(table, level, measure, rates[at].value, rates[at].n, err))
            return false;
    }
    for (size_t predicted = 0; predicted < TW_CLASSES; predicted++) {
        snprintf(measure, sizeof measure, "%s.as_%s", tw_class_name(class), tw_class_name(predicted));
        if (!add_count(table, level, measure, measures->confusion[class][predicted], err))
            return false;
    }
    return true;
}

static bool add_whole(
    struct tw_table *table, const char *level, const struct tw_measures *measures, struct tw_error *err)
{
    bool fine = add_measures(table, level, measures, err);
    for (uint32_t class = 0; fine && class < TW_CLASSES; class ++)
        fine = add_class_lines(table, level, measures, class, err);
    return fine;
}

static bool add_slice_lines(
    struct tw_table *table, enum tw_slice_kind kind, const struct tw_slice *slice, struct tw_error *err)
{
    char level[2 * CELL_BYTES], name[CELL_BYTES];
    const struct {
        const char *name;
        const struct tw_measures *measures;
    } parts[] = {{"documents", &slice->documents}, {"entities", &slice->entities}};
    if (slice->what == TW_SLICE_VALUE)
        snprintf(name, sizeof name, "%s", slice->name);
    else
        tw_findings_slice_title(kind, slice, name, sizeof name);
    for (size_t at = 0; at < 2; at++) {
        snprintf(level, sizeof level, "%s[%s=%s]", parts[at].name, tw_slice_kind_names[kind], name);
        if (!add_measures(table, level, parts[at].measures, err))
            return false;
    }
    return true;
}

static bool add_all_lines(struct tw_table *table, const struct tw_findings *findings, struct tw_error *err)
{
    bool fine = add_whole(table, "documents", &findings->documents, err) &&
                add_whole(table, "entities", &findings->entities, err);
    for (int kind = 0; fine && kind < TW_SLICE_KINDS; kind++) {
        const struct tw_slices *slices = &findings->slices[kind];
        for (uint32_t at = 0; fine && slices->given && at < slices->count; at++)
            fine = add_slice_lines(table, (enum tw_slice_kind)kind, &slices->items[at], err);
    }
    return fine && add_measures(table, "entities[conflicting]", &findings->conflicts.entities, err) &&
           add_measures(table, "entities[other]", &findings->conflicts.other_entities, err);
}

static bool print_csv(const struct tw_findings *findings, FILE *to, struct tw_error *err)
{
    struct tw_table *table = tw_table_new(csv_columns, 3);
    bool fine = (table || out_of_memory(err)) && add_all_lines(table, findings, err) &&
                tw_table_print(table, TW_FORMAT_CSV, to, err);
    tw_table_free(table);
    return fine;
}

/* ---- the door ---- */

static bool print_json(const struct tw_findings *findings, FILE *to, struct tw_error *err)
{
    tw_findings_json(findings, to);
    return ferror(to) ? tw_fail_errno(err, TW_IO, NULL, "free space on the disk", "cannot write the findings")
                      : true;
}

bool tw_scorecard_print(
    const struct tw_findings *findings, enum tw_format format, FILE *to, struct tw_error *err)
{
    static bool (*const printers[])(const struct tw_findings *, FILE *, struct tw_error *) = {
        [TW_FORMAT_TABLE] = print_tables, [TW_FORMAT_JSON] = print_json, [TW_FORMAT_CSV] = print_csv};
    return printers[format](findings, to, err);
}
