/* tasks: what `classify`, `evaluate` and `tokenize` do, as functions over archives.
 *
 *   in    a path ("-": standard input) of texts or JSON records, one a line; a river (river.h)
 *   out   lines to a FILE of the caller's, in the order of the input; refused records to `on_refused`
 *
 * The rooms are those of the daemon: decode, clean (unless river->raw), link, tokenize, classify; a text has
 * one score wherever it is read. Work is spread over `workers` threads; the output does not depend on their
 * number.
 *
 * A record's own fields, beside those that decode reads (decode.h):
 *   label      of the document (annotations.h; evaluate)
 *   entities   [{"name":..., "label":...}]: companies to be scored, instead of those linked
 *   agree      how many per cent of those who labelled the record agree (evaluate)
 *   pair       a second text (tokenize)
 * A line of text is a body. Floats are printed by %.9g, which brings back the same float. */
#ifndef TW_TASKS_H
#define TW_TASKS_H

#include <stdio.h>

#include "examples/annotations.h"
#include "files/intake.h"
#include "files/parallel_lines.h"
#include "river.h"

struct tw_findings;

struct tw_task_options {
    const struct tw_river *river;
    const char *path;
    enum tw_input_form form;
    uint32_t workers;
    int64_t stamp_us; /* time of reading: what a record without time gets, what "too late" is measured by */
    bool logits;      /* classify: "logits":{...} too */
    bool text;        /* classify: "text":... too, as it was cleaned */
    uint32_t table_width; /* classify: 0: JSON; else lines for people, so wide (classify_table.h) */
    double
        held_back; /* evaluate: above 0, only texts that `finetune` with this validation_share holds back */
    struct tw_label_numbers label_numbers; /* evaluate: what numbers mean that stand for labels */
    bool needs_labels;   /* a label that is none of ours refuses its record; evaluate sets it */
    uint32_t max_tokens; /* tokenize: TW_TOKENS_UNLIMITED never cuts */
    FILE *out;
    /* Told of each refused record, in order; where is file:line. */
    void (*on_refused)(void *context, const struct tw_error *why);
    void *on_refused_context;
};

struct tw_task_counts {
    uint64_t records; /* lines read */
    uint64_t refused;
    struct tw_intake intake; /* the same by kind, with what was mended */
};

/* For each line one object, or {"line":17,"error":"..."} in its place (with table_width: the lines of a table
 * instead):
 * {"id":...,"label":"negative","sentiment":-0.93,"probs":{"negative":...,"neutral":...,"positive":...},
 *  "truncated":false,"entities":[{"symbol":...,"name":...,"sentiment":...,"label":...,"probs":{...}}]}
 * Behind "truncated":true stands "read", the share of the cleaned text's bytes that the model read.
 * options->text adds "text", and to each linked entity "relevance", its parts "place", "share" and
 * "source_weight", "in_title", "mentions" and "first", the byte where it is first named, or null
 * (link/relevance.h). With a taxonomy also "events":[{"type":...,"symbol":...,"begin":...,"end":...}], bytes
 * of the cleaned text. False for what ends the whole run: TW_IO, TW_INTERNAL. */
TW_MUST_USE bool tw_task_classify(
    const struct tw_task_options *options, struct tw_task_counts *counts, struct tw_error *err);

/* Predictions against labels, counted in `findings` (findings.h) in the order of the file, whatever the
 * number of workers. A record without label and without labelled entities is refused. */
TW_MUST_USE bool tw_task_evaluate(const struct tw_task_options *options, struct tw_findings *findings,
    struct tw_task_counts *counts, struct tw_error *err);

/* For each line one JSON array of ids, or the object of a refused line in its place. Text is taken as it
 * is. */
TW_MUST_USE bool tw_task_tokenize(
    const struct tw_task_options *options, struct tw_task_counts *counts, struct tw_error *err);

#endif
