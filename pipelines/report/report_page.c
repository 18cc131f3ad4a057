#include "report/report_page.h"

#include "format/labels.h"
#include "report/chart.h"
#include "report/html.h"
#include "timestamps/time_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_BYTES = 64, TITLE_BYTES = TW_SLICE_NAME_BYTES + 16 };

struct page {
    FILE *out;
    const struct tw_findings *findings;
    const struct tw_report_facts *facts;
};

/* Texts or entities. */
struct level {
    const char *title;
    const struct tw_measures *all;
    const struct tw_worst *worst;
    bool entities;
};

/* ---- words and numbers ---- */

static void put(const struct page *page, const char *markup)
{
    fputs(markup, page->out);
}

static void putf(const struct page *page, const char *format, ...) TW_PRINTF(2, 3);
static void putf(const struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(page->out, format, arguments);
    va_end(arguments);
}

static void put_text(const struct page *page, const char *text)
{
    tw_html_string(page->out, text);
}

/* 12,345: groups of three, whatever the locale. */
static const char *count_text(uint64_t count, char text[CELL_BYTES])
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t used = 0;
    for (int at = 0; at < length; at++) {
        if (at > 0 && (length - at) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[at];
    }
    text[used] = '\0';
    return text;
}

static void put_count(const struct page *page, uint64_t count)
{
    char text[CELL_BYTES];
    put(page, count_text(count, text));
}

/* 0.748; a dash where there is nothing to say. */
static void put_number(const struct page *page, double value, bool said)
{
    if (said && isfinite(value))
        putf(page, "%.3f", value);
    else
        put(page, "&#8211;");
}

/* The last two parts of a path: "model" and "train.jsonl" alone say little. */
static const char *short_path(const char *path)
{
    size_t at = strlen(path);
    for (int part = 0; part < 2 && at > 0; part++) {
        while (at > 0 && path[at - 1] == '/')
            at--;
        while (at > 0 && path[at - 1] != '/')
            at--;
    }
    return path + at;
}

/* ---- header ---- */

static const char *model_name(const struct page *page)
{
    return page->facts->model ? short_path(page->facts->model) : "the constant model";
}

static const char *data_name(const struct page *page)
{
    return strcmp(page->facts->data, "-") == 0 ? "standard input" : short_path(page->facts->data);
}

static void write_head(const struct page *page)
{
    put(page,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    put_text(page, model_name(page));
    put(page, " on ");
    put_text(page, data_name(page));
    put(page, "</title>\n<style>\n");
    put(page, tw_report_style);
    put(page, "</style>\n</head>\n<body>\n<main>\n");
}

static void begin_fact(const struct page *page, const char *name)
{
    putf(page, "<dt>%s</dt><dd>", name);
}

static void end_fact(const struct page *page)
{
    put(page, "</dd>\n");
}

static void write_sha256(const struct page *page, const char *hex)
{
    put(page, "<br/><span class=\"quiet\">SHA-256 <code>");
    put_text(page, hex);
    put(page, "</code></span>");
}

static void write_records(const struct page *page)
{
    const struct tw_task_counts *counts = &page->facts->counts;
    uint64_t measured = page->findings->records;
    put_count(page, counts->records);
    put(page, " read, ");
    put_count(page, measured);
    put(page, " measured");
    if (counts->refused) {
        put(page, ", ");
        put_count(page, counts->refused);
        put(page, " refused");
    }
    if (counts->records > counts->refused + measured) {
        put(page, ", ");
        put_count(page, counts->records - counts->refused - measured);
        put(page, " left out because they were learned from");
    }
}

static void write_facts(const struct page *page)
{
    const struct tw_report_facts *facts = page->facts;
    char time[TW_TIME_TEXT_BYTES];
    put(page, "<dl class=\"facts\">\n");
    begin_fact(page, "Model");
    put_text(page, facts->model ? facts->model : model_name(page));
    write_sha256(page, facts->model_sha256);
    end_fact(page);
    begin_fact(page, "Data");
    put_text(page, strcmp(facts->data, "-") == 0 ? data_name(page) : facts->data);
    if (facts->data_sha256) {
        put(page, ", ");
        put_count(page, facts->data_bytes);
        put(page, " bytes");
        write_sha256(page, facts->data_sha256);
    }
    end_fact(page);
    begin_fact(page, "Records");
    write_records(page);
    end_fact(page);
    begin_fact(page, "Command");
    put(page, "<code>");
    put_text(page, facts->command);
    put(page, "</code>");
    end_fact(page);
    begin_fact(page, "Made");
    tw_time_text(facts->made_us - facts->made_us % 1000000, time);
    putf(page, "%s by tapewatch ", time);
    put_text(page, facts->version);
    end_fact(page);
    put(page, "</dl>\n");
}

static void write_headline_number(const struct page *page, const char *name, double value)
{
    putf(page, "<div><dt>%s</dt><dd>", name);
    put_number(page, value, true);
    put(page, "</dd></div>\n");
}

/* The heading of a section about a level, with how many it counts. */
static void begin_level(const struct page *page, const struct level *level, uint64_t count)
{
    putf(page, "<section>\n<h2>%s <small>", level->title);
    put_count(page, count);
    put(page, "</small></h2>\n");
}

static void write_headline(const struct page *page, const struct level *level)
{
    struct tw_metric_report report = tw_measures_report(level->all);
    if (report.n == 0)
        return;
    begin_level(page, level, report.n);
    put(page, "<dl>\n");
    write_headline_number(page, "accuracy", report.accuracy);
    write_headline_number(page, "macro-F1", report.macro_f1);
    write_headline_number(page, "calibration error", report.ece);
    put(page, "</dl>\n</section>\n");
}

/* ---- confusion ---- */

static void write_confusion_cell(
    const struct page *page, const struct level *level, uint32_t label, uint32_t predicted, uint64_t labelled)
{
    uint64_t count = level->all->confusion[label][predicted];
    double share = labelled ? (double)count / (double)labelled : 0;
    putf(page, "<td%s style=\"--s:%.3f\">", label == predicted ? " class=\"right\"" : "", share);
    put_count(page, count);
    put(page, "<small>");
    if (labelled)
        putf(page, "%.1f%%", 100 * share);
    else
        put(page, "&#8211;");
    put(page, "</small></td>");
}

static void write_confusion(
    const struct page *page, const struct level *level, const struct tw_metric_report *report)
{
    put(page,
        "<figure>\n<h3>Confusion</h3>\n<table class=\"confusion\">\n<thead>\n<tr><th scope=\"col\">label</th>");
    for (uint32_t class = 0; class < TW_CLASSES; class ++)
        putf(page, "<th scope=\"col\">%s</th>", tw_class_name(class));
    put(page, "<th scope=\"col\">n</th></tr>\n</thead>\n<tbody>\n");
    for (uint32_t label = 0; label < TW_CLASSES; label++) {
        uint64_t labelled = report->classes[label].support;
        putf(page, "<tr><th scope=\"row\">%s</th>", tw_class_name(label));
        for (uint32_t predicted = 0; predicted < TW_CLASSES; predicted++)
            write_confusion_cell(page, level, label, predicted, labelled);
        put(page, "<td class=\"total\">");
        put_count(page, labelled);
        put(page, "</td></tr>\n");
    }
    put(page,
        "</tbody>\n</table>\n<figcaption>A row a label, a column a prediction; shares are of the row.</figcaption>\n</figure>\n");
}

static void write_classes(const struct page *page, const struct tw_metric_report *report)
{
    put(page,
        "<h3>By class</h3>\n<table class=\"parts\">\n<thead>\n<tr><th scope=\"col\"></th><th class=\"n\" scope=\"col\">n</th>"
        "<th class=\"n\" scope=\"col\">precision</th><th class=\"n\" scope=\"col\">recall</th>"
        "<th class=\"n\" scope=\"col\">F1</th></tr>\n</thead>\n<tbody>\n");
    for (uint32_t class = 0; class < TW_CLASSES; class ++) {
        const struct tw_class_report *row = &report->classes[class];
        struct tw_class_rate rates[TW_CLASS_RATES];
        tw_measures_rates(row, rates);
        putf(page, "<tr><th scope=\"row\">%s</th><td class=\"n\">", tw_class_name(class));
        put_count(page, row->support);
        put(page, "</td>");
        for (size_t at = 0; at < TW_CLASS_RATES; at++) {
            put(page, "<td class=\"n\">");
            put_number(page, rates[at].value, rates[at].n > 0);
            put(page, "</td>");
        }
        put(page, "</tr>\n");
    }
    put(page, "</tbody>\n</table>\n");
}

/* ---- reliability ---- */

static void write_reliability(
    const struct page *page, const struct level *level, const struct tw_metric_report *report)
{
    char label[128];
    snprintf(label, sizeof label,
        "Reliability of %s: confidence against the share that is right, calibration error %.3f",
        level->entities ? "entities" : "texts", report->ece);
    put(page, "<figure>\n<h3>Reliability</h3>\n");
    tw_chart_reliability(page->out, label, level->all);
    put(page, "<figcaption>Expected calibration error ");
    put_number(page, report->ece, true);
    putf(page,
        " over %d bins of equal width; those below a third are always empty. Where a bar ends below its mark, the model "
        "is too sure; pale bars count fewer than %d.</figcaption>\n</figure>\n",
        TW_METRIC_BINS, TW_CHART_FEW);
}

/* ---- parts: slices, conflicting headlines ---- */

static void begin_parts(const struct page *page)
{
    put(page,
        "<table class=\"parts\">\n<thead>\n<tr><th scope=\"col\"></th><th class=\"n\" scope=\"col\">n</th>"
        "<th class=\"n\" scope=\"col\">accuracy</th><th class=\"n\" scope=\"col\">macro-F1</th>"
        "<th class=\"n\" scope=\"col\">ECE</th></tr>\n</thead>\n");
}

static void write_part(
    const struct page *page, const char *class, const char *title, const struct tw_measures *measures)
{
    struct tw_metric_report report = tw_measures_report(measures);
    const double numbers[] = {report.accuracy, report.macro_f1, report.ece};
    if (report.n == 0)
        return;
    putf(page, "<tr%s><th scope=\"row\" dir=\"auto\">", class);
    put_text(page, title);
    put(page, "</th><td class=\"n\">");
    put_count(page, report.n);
    put(page, "</td>");
    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++) {
        put(page, "<td class=\"n\">");
        put_number(page, numbers[at], true);
        put(page, "</td>");
    }
    put(page, "</tr>\n");
}

static void write_slices_of(const struct page *page, const struct level *level, enum tw_slice_kind kind)
{
    static const char *const titles[TW_SLICE_KINDS] = {[TW_SLICE_SOURCE] = "by source",
        [TW_SLICE_LENGTH] = "by length in tokens",
        [TW_SLICE_AGREEMENT] = "by agreement of those who labelled"};
    const struct tw_slices *slices = &page->findings->slices[kind];
    char title[TITLE_BYTES];
    if (!slices->given)
        return;
    putf(page, "<tbody>\n<tr class=\"kind\"><th colspan=\"5\" scope=\"rowgroup\">%s</th></tr>\n",
        titles[kind]);
    for (uint32_t at = 0; at < slices->count; at++) {
        const struct tw_slice *slice = &slices->items[at];
        if (kind == TW_SLICE_LENGTH)
            snprintf(title, sizeof title, "%s", slice->name); /* the unit stands above */
        else
            tw_findings_slice_title(kind, slice, title, sizeof title);
        write_part(page, "", title, level->entities ? &slice->entities : &slice->documents);
    }
    put(page, "</tbody>\n");
}

static void write_slices(const struct page *page, const struct level *level)
{
    put(page, "<h3>Slices</h3>\n");
    begin_parts(page);
    put(page, "<tbody>\n");
    write_part(page, " class=\"all\"", "all", level->all);
    put(page, "</tbody>\n");
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++)
        write_slices_of(page, level, (enum tw_slice_kind)kind);
    put(page, "</table>\n");
}

static void write_conflicts(const struct page *page)
{
    const struct tw_conflicts *found = &page->findings->conflicts;
    put(page, "<h3>Conflicting headlines</h3>\n<p>");
    if (found->records == 0) {
        put(page, "No headline here speaks well of one entity and ill of another.</p>\n");
        return;
    }
    put_count(page, found->records);
    put(page, found->records == 1 ? " headline speaks well of one entity and ill of another"
                                  : " headlines speak well of one entity and ill of another");
    put(page, ": no single label can be right. Every entity is right in ");
    put_count(page, found->wholly_right);
    put(page, " of them.</p>\n");
    begin_parts(page);
    put(page, "<tbody>\n");
    write_part(page, "", "entities in conflicting headlines", &found->entities);
    write_part(page, "", "entities in all others", &found->other_entities);
    put(page, "</tbody>\n</table>\n");
}

static void write_level(const struct page *page, const struct level *level)
{
    struct tw_metric_report report = tw_measures_report(level->all);
    if (report.n == 0)
        return;
    begin_level(page, level, report.n);
    put(page, "<div class=\"pair\">\n");
    write_confusion(page, level, &report);
    write_reliability(page, level, &report);
    put(page, "</div>\n<div class=\"pair\">\n<div>\n");
    write_classes(page, &report);
    if (level->entities)
        write_conflicts(page);
    put(page, "</div>\n<div>\n");
    write_slices(page, level);
    put(page, "</div>\n</div>\n");
    put(page, "</section>\n");
}

/* ---- learning ---- */

/* A key of metrics.jsonl as a series. */
struct curve {
    const char *key, *name;
    bool dots;
};

enum { MOST_CURVES = 3 };

struct drawing {
    const char *title;
    struct curve curves[MOST_CURVES];
};

static const struct drawing drawings[] = {
    {"Loss", {{"loss", "training", false}, {"eval_loss", "held back", true}, {NULL, NULL, false}}},
    {"Macro-F1, held back",
        {{"eval_f1", "texts", true}, {"eval_entity_f1", "entities", true}, {NULL, NULL, false}}},
    {"Perplexity, held back",
        {{"perplexity", "masked words", true}, {NULL, NULL, false}, {NULL, NULL, false}}},
};

/* The rows that have the key, by step. */
static size_t read_curve(const json_t *rows, const char *key, struct tw_chart_point *points)
{
    size_t count = 0;
    for (size_t at = 0; at < json_array_size(rows); at++) {
        const json_t *row = json_array_get(rows, at);
        const json_t *step = json_object_get(row, "step"), *value = json_object_get(row, key);
        if (json_is_number(step) && json_is_number(value))
            points[count++] = (struct tw_chart_point){json_number_value(step), json_number_value(value)};
    }
    return count;
}

static void write_drawing(
    const struct page *page, const struct drawing *drawing, struct tw_chart_point *points)
{
    struct tw_chart_series series[MOST_CURVES];
    size_t rows = json_array_size(page->facts->history), thinned = 0;
    struct tw_chart chart = {.label = drawing->title, .x_name = "step", .series = series};
    for (size_t at = 0; at < MOST_CURVES && drawing->curves[at].key; at++) {
        struct tw_chart_point *own = points + at * rows;
        size_t read = read_curve(page->facts->history, drawing->curves[at].key, own);
        size_t count = tw_chart_thin(own, read, TW_CHART_MOST_POINTS);
        thinned = count < read ? (read + TW_CHART_MOST_POINTS - 1) / TW_CHART_MOST_POINTS : thinned;
        if (count)
            series[chart.series_count++] = (struct tw_chart_series){
                drawing->curves[at].name, own, count, drawing->curves[at].dots && count <= 40};
    }
    if (chart.series_count == 0)
        return;
    putf(page, "<figure>\n<h3>%s</h3>\n", drawing->title);
    tw_chart_lines(page->out, &chart);
    if (thinned)
        putf(page, "<figcaption>Each point is the mean of %zu neighbours.</figcaption>\n", thinned);
    put(page, "</figure>\n");
}

static bool has_curve(const json_t *rows, struct tw_chart_point *points)
{
    for (size_t drawing = 0; drawing < sizeof drawings / sizeof drawings[0]; drawing++)
        for (size_t at = 0; at < MOST_CURVES && drawings[drawing].curves[at].key; at++)
            if (read_curve(rows, drawings[drawing].curves[at].key, points))
                return true;
    return false;
}

static void write_curves(const struct page *page, struct tw_chart_point *points)
{
    put(page,
        "<section>\n<h2>Learning</h2>\n<p class=\"quiet\">How this model was made, from <code>metrics.jsonl</code> of "
        "its folder.</p>\n<div class=\"pair\">\n");
    for (size_t at = 0; at < sizeof drawings / sizeof drawings[0]; at++)
        write_drawing(page, &drawings[at], points);
    put(page, "</div>\n</section>\n");
}

static bool write_learning(const struct page *page, struct tw_error *err)
{
    const json_t *rows = page->facts->history;
    struct tw_chart_point *points = calloc(json_array_size(rows) + 1, MOST_CURVES * sizeof *points);
    if (!points)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the curves");
    if (has_curve(rows, points))
        write_curves(page, points);
    free(points);
    return true;
}

/* ---- the worst errors ---- */

static void write_error_text(const struct page *page, const struct tw_worst_error *error)
{
    put(page, "<td class=\"text\">");
    if (error->entity[0]) {
        put(page, "<span class=\"entity\"><bdi>");
        put_text(page, error->entity);
        put(page, "</bdi></span> in: ");
    }
    put(page, "<bdi>");
    put_text(page, error->text);
    putf(page, "</bdi> <span class=\"where\">line %" PRIu64, error->line);
    if (error->id[0]) {
        put(page, ", id <bdi>");
        put_text(page, error->id);
        put(page, "</bdi>");
    }
    put(page, "</span></td>");
}

static void write_error(const struct page *page, const struct tw_worst_error *error, uint32_t nth)
{
    const float probabilities[TW_CLASSES] = {
        error->score.negative, error->score.neutral, error->score.positive};
    putf(page, "<tr><td class=\"n\">%" PRIu32 "</td>", nth + 1);
    write_error_text(page, error);
    putf(page, "<td class=\"label\" data-name=\"label\">%s</td>", tw_class_name(error->label));
    putf(page, "<td data-name=\"predicted\">%s</td>", tw_class_name(error->predicted));
    for (uint32_t class = 0; class < TW_CLASSES; class ++) {
        putf(page, "<td class=\"n%s\" data-name=\"%.3s.\">", class == error->predicted ? " most" : "",
            tw_class_name(class));
        put_number(page, (double)probabilities[class], true);
        put(page, "</td>");
    }
    put(page, "</tr>\n");
}

static void write_errors_of(const struct page *page, const struct level *level)
{
    if (level->worst->count == 0)
        return;
    putf(page, "<h3>%s</h3>\n<table class=\"errors\">\n<thead>\n<tr><th class=\"n\" scope=\"col\"></th>",
        level->title);
    put(page, "<th scope=\"col\">text</th><th scope=\"col\">label</th><th scope=\"col\">predicted</th>");
    for (uint32_t class = 0; class < TW_CLASSES; class ++)
        putf(page, "<th class=\"n\" scope=\"col\">P(%.3s.)</th>", tw_class_name(class));
    put(page, "</tr>\n</thead>\n<tbody>\n");
    for (uint32_t at = 0; at < level->worst->count; at++)
        write_error(page, &level->worst->items[at], at);
    put(page, "</tbody>\n</table>\n");
}

static void write_errors(const struct page *page, const struct level *levels, size_t count)
{
    uint32_t errors = 0;
    for (size_t at = 0; at < count; at++)
        errors += levels[at].worst->count;
    if (errors == 0)
        return;
    put(page,
        "<section>\n<h2>Worst errors</h2>\n<p class=\"quiet\">Wrong with the highest confidence: where the model should "
        "have known better, or the label is wrong.</p>\n");
    for (size_t at = 0; at < count; at++)
        write_errors_of(page, &levels[at]);
    put(page, "</section>\n");
}

/* ---- the page ---- */

static void write_foot(const struct page *page)
{
    putf(page,
        "<footer class=\"quiet\">\n<p><b>Accuracy</b>: share of predictions that agree with the label. <b>Macro-F1</b>: mean of the "
        "classes' F1, each class weighing the same. <b>Calibration error</b> (ECE): mean distance between confidence and "
        "the share that is right, over %d bins.</p>\n</footer>\n</main>\n</body>\n</html>\n",
        TW_METRIC_BINS);
}

bool tw_report_page_write(
    FILE *out, const struct tw_findings *findings, const struct tw_report_facts *facts, struct tw_error *err)
{
    const struct page page = {out, findings, facts};
    const struct level levels[] = {{"Texts", &findings->documents, &findings->worst_documents, false},
        {"Entities", &findings->entities, &findings->worst_entities, true}};
    write_head(&page);
    put(&page, "<header>\n<h1><bdi>");
    put_text(&page, model_name(&page));
    put(&page, "</bdi> <small>on</small> <bdi>");
    put_text(&page, data_name(&page));
    put(&page, "</bdi></h1>\n");
    write_facts(&page);
    put(&page, "</header>\n");
    if (tw_measures_report(levels[0].all).n + tw_measures_report(levels[1].all).n == 0)
        put(&page, "<p>Nothing was measured.</p>\n");
    put(&page, "<div class=\"numbers\">\n");
    for (size_t at = 0; at < 2; at++)
        write_headline(&page, &levels[at]);
    put(&page, "</div>\n");
    for (size_t at = 0; at < 2; at++)
        write_level(&page, &levels[at]);
    if (!write_learning(&page, err))
        return false;
    write_errors(&page, levels, 2);
    write_foot(&page);
    return true;
}
