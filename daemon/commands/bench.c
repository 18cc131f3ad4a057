/* bench: how fast this model classifies a file on this machine, with which kernels, and how near that is to
 * what the processor could do. The path is that of `serve` between Kafka and PostgreSQL (tasks/bench.h). */
#include "tasks/bench.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/file_command.h"
#include "terminal/table.h"

#include "model/compute.h"
#include "model/model.h"
#include "score/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { MOST_ROUNDS = 100, MOST_ROWS = 16, NAME_BYTES = 128 };

struct options {
    struct tw_offline_arguments offline; /* first: file_command.h reads it */
    int64_t rounds, documents;
};

/* What was measured with so many workers. */
struct row {
    uint32_t workers;
    double rates[MOST_ROUNDS]; /* documents a second, sorted */
    double tokens_each;        /* of a document */
};

struct findings {
    const struct tw_offline_run *run;
    char processor[NAME_BYTES];
    struct row rows[MOST_ROWS];
    size_t row_count, rounds;
    uint64_t documents, refused, tokens; /* of one round */
    struct tw_stopwatch *watch;          /* of the rounds with one worker */
    double limit, work;                  /* operations a second of one core; of a token */
};

static const char *const step_names[TW_STEPS] = {[TW_STEP_DECODE] = "decode",
    [TW_STEP_CLEAN] = "clean",
    [TW_STEP_LINK] = "link",
    [TW_STEP_EVENTS] = "events",
    [TW_STEP_TOKENIZE] = "tokenize",
    [TW_STEP_ENCODE] = "encode",
    [TW_STEP_HEADS] = "heads",
    [TW_STEP_ROWS] = "rows"};

/* ---- measuring ---- */

/* "model name" of /proc/cpuinfo; "unknown" when it does not tell. */
static void name_processor(char name[NAME_BYTES])
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(name, NAME_BYTES, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, "model name", strlen("model name")) != 0)
            continue;
        snprintf(name, NAME_BYTES, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (file)
        fclose(file);
}

/* 1, 2, 4 .. and as many as were asked for. */
static void list_workers(struct findings *findings, uint32_t most)
{
    for (uint32_t workers = 1; workers < most && findings->row_count < MOST_ROWS - 1; workers *= 2)
        findings->rows[findings->row_count++].workers = workers;
    findings->rows[findings->row_count++].workers = most;
}

static bool run_round(struct findings *findings, struct tw_bench *bench, size_t round, struct tw_error *err)
{
    for (size_t at = 0; at < findings->row_count; at++) {
        struct row *row = &findings->rows[at];
        struct tw_bench_round result;
        if (!tw_bench_run(bench, row->workers, findings->watch, &result, err))
            return false;
        row->rates[round] = (double)result.documents / (result.seconds > 0.0 ? result.seconds : 1e-9);
        row->tokens_each = result.documents ? (double)result.tokens / (double)result.documents : 0.0;
        findings->documents = result.documents;
        findings->refused = result.refused;
        findings->tokens = result.tokens;
    }
    return true;
}

static int by_size(const void *left, const void *right)
{
    const double one = *(const double *)left, other = *(const double *)right;
    return (one > other) - (one < other);
}

/* Rounds go over all numbers of workers in turn, so that a machine that slows down slows all of them. */
static bool measure(struct findings *findings, struct tw_bench *bench, struct tw_error *err)
{
    const struct tw_model *model = tw_classifier_model(findings->run->classifier);
    findings->limit = tw_bench_limit(findings->run->classifier, tw_thread_ns);
    findings->work = model ? tw_bench_work(model) : 0.0;
    for (size_t round = 0; round < findings->rounds; round++)
        if (!run_round(findings, bench, round, err))
            return false;
    for (size_t at = 0; at < findings->row_count; at++)
        qsort(findings->rows[at].rates, findings->rounds, sizeof(double), by_size);
    return true;
}

/* ---- telling ---- */

static double median_of(const struct findings *findings, const struct row *row)
{
    const size_t half = findings->rounds / 2;
    return findings->rounds % 2 ? row->rates[half] : (row->rates[half - 1] + row->rates[half]) / 2.0;
}

static double operations_of(const struct findings *findings, const struct row *row)
{
    return median_of(findings, row) * row->tokens_each * findings->work;
}

static double share_of(const struct findings *findings, const struct row *row)
{
    return findings->limit > 0.0 ? operations_of(findings, row) / (findings->limit * row->workers) : 0.0;
}

static double all_steps_ns(const struct findings *findings)
{
    double all = 0.0;
    for (size_t step = 0; step < TW_STEPS; step++)
        all += (double)findings->watch->steps[step].ns;
    return all > 0.0 ? all : 1.0;
}

static void print_head(const struct findings *findings)
{
    const struct tw_classifier *classifier = findings->run->classifier;
    const double tokens = findings->documents ? (double)findings->tokens / (double)findings->documents : 0.0;
    char kernels[600];
    tw_classifier_gemm_report(classifier, kernels, sizeof kernels);
    printf("processor  %s\n", findings->processor);
    printf("model      %s, SHA-256 %s%s%s\n", findings->run->model[0] ? findings->run->model : "constant",
        tw_classifier_sha256(classifier), findings->limit > 0.0 ? ", " : "",
        tw_classifier_precision(classifier));
    printf("kernels    %s\n", kernels[0] ? kernels : "none: scores are made of hashes");
    if (findings->limit > 0.0)
        printf("limit      %.0f Gop/s a core, %s\n", 1e-9 * findings->limit,
            tw_classifier_model(classifier)->int8 ? "products of bytes in registers, measured now"
                                                  : "the fastest product in fp32, measured now");
    printf("texts      %llu of %.1f tokens, %s; %llu refused; as serve reads, scores and sums them, without "
           "Kafka and PostgreSQL\n\n",
        (unsigned long long)findings->documents, tokens,
        findings->run->river.raw ? "NOT cleaned (--raw)" : "cleaned", (unsigned long long)findings->refused);
}

static bool add_row(
    struct tw_table *table, const struct findings *findings, const struct row *row, struct tw_error *err)
{
    enum { CELLS = 7 };
    char cells[CELLS][32];
    const char *values[CELLS];
    snprintf(cells[0], sizeof cells[0], "%u", row->workers);
    snprintf(cells[1], sizeof cells[1], "%.0f", median_of(findings, row));
    snprintf(cells[2], sizeof cells[2], "%.0f", row->rates[0]);
    snprintf(cells[3], sizeof cells[3], "%.0f", row->rates[findings->rounds - 1]);
    snprintf(cells[4], sizeof cells[4], "%.0f", median_of(findings, row) * row->tokens_each);
    snprintf(cells[5], sizeof cells[5], "%.0f", 1e-9 * operations_of(findings, row));
    snprintf(cells[6], sizeof cells[6], "%.0f%%", 100.0 * share_of(findings, row));
    for (size_t at = 0; at < CELLS; at++)
        values[at] = cells[at];
    return tw_table_add(table, values, err);
}

static bool add_step(
    struct tw_table *table, const struct findings *findings, size_t step, struct tw_error *err)
{
    const struct tw_laps *laps = &findings->watch->steps[step];
    char cells[3][32];
    const char *const values[4] = {step_names[step], cells[0], cells[1], cells[2]};
    if (laps->count == 0)
        return true;
    snprintf(cells[0], sizeof cells[0], "%.1f", 1e-3 * tw_laps_quantile_ns(laps, 0.5));
    snprintf(cells[1], sizeof cells[1], "%.1f", 1e-3 * tw_laps_quantile_ns(laps, 0.99));
    snprintf(cells[2], sizeof cells[2], "%.1f%%", 100.0 * (double)laps->ns / all_steps_ns(findings));
    return tw_table_add(table, values, err);
}

static bool fill_tables(
    const struct findings *findings, struct tw_table *rows, struct tw_table *steps, struct tw_error *err)
{
    for (size_t at = 0; at < findings->row_count; at++)
        if (!add_row(rows, findings, &findings->rows[at], err))
            return false;
    for (size_t step = 0; step < TW_STEPS; step++)
        if (!add_step(steps, findings, step, err))
            return false;
    return true;
}

static bool print_table(const struct findings *findings, struct tw_error *err)
{
    static const struct tw_column row_columns[] = {{"workers", true}, {"docs/s", true}, {"least", true},
        {"most", true}, {"tokens/s", true}, {"Gop/s", true}, {"of limit", true}};
    static const struct tw_column step_columns[] = {
        {"step", false}, {"p50 us", true}, {"p99 us", true}, {"of time", true}};
    struct tw_table *rows = tw_table_new(row_columns, sizeof row_columns / sizeof row_columns[0]);
    struct tw_table *steps = tw_table_new(step_columns, sizeof step_columns / sizeof step_columns[0]);
    bool done = (rows && steps) || tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    done = done && fill_tables(findings, rows, steps, err);
    if (done) {
        print_head(findings);
        done = tw_table_print(rows, TW_FORMAT_TABLE, stdout, err);
        printf("\nmedian of %zu rounds, least and most of them; Gop/s of the linear maps alone\n\n",
            findings->rounds);
        done = done && tw_table_print(steps, TW_FORMAT_TABLE, stdout, err);
        printf("\na text, with one worker; encode, heads and rows: its share of a pass or a batch\n");
    }
    tw_table_free(rows);
    tw_table_free(steps);
    return done;
}

static json_t *json_rows(const struct findings *findings)
{
    json_t *rows = json_array();
    for (size_t at = 0; at < findings->row_count; at++) {
        const struct row *row = &findings->rows[at];
        json_array_append_new(
            rows, json_pack("{s:i, s:f, s:f, s:f, s:f, s:f, s:f}", "workers", (int)row->workers,
                      "documents_per_second", median_of(findings, row), "least", row->rates[0], "most",
                      row->rates[findings->rounds - 1], "tokens_per_second",
                      median_of(findings, row) * row->tokens_each, "gops",
                      1e-9 * operations_of(findings, row), "share_of_limit", share_of(findings, row)));
    }
    return rows;
}

static json_t *json_steps(const struct findings *findings)
{
    json_t *steps = json_array();
    for (size_t step = 0; step < TW_STEPS; step++) {
        const struct tw_laps *laps = &findings->watch->steps[step];
        if (laps->count == 0)
            continue;
        json_array_append_new(steps,
            json_pack("{s:s, s:f, s:f, s:f}", "step", step_names[step], "p50_us",
                1e-3 * tw_laps_quantile_ns(laps, 0.5), "p99_us", 1e-3 * tw_laps_quantile_ns(laps, 0.99),
                "share", (double)laps->ns / all_steps_ns(findings)));
    }
    return steps;
}

static bool print_json(const struct findings *findings, struct tw_error *err)
{
    const struct tw_classifier *classifier = findings->run->classifier;
    char kernels[600];
    tw_classifier_gemm_report(classifier, kernels, sizeof kernels);
    json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:f, s:i, s:f, s:o, s:o}", "processor",
        findings->processor, "model", findings->run->model, "sha256", tw_classifier_sha256(classifier),
        "precision", tw_classifier_precision(classifier), "kernels", kernels, "cleaned",
        !findings->run->river.raw, "documents", (json_int_t)findings->documents, "refused",
        (json_int_t)findings->refused, "tokens_per_document", findings->rows[0].tokens_each, "rounds",
        (int)findings->rounds, "limit_gops", 1e-9 * findings->limit, "runs", json_rows(findings), "steps",
        json_steps(findings));
    bool done =
        all && json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return done || tw_fail(err, TW_IO, "standard output", NULL, "cannot be written");
}

/* ---- the command ---- */

static bool bench(const struct tw_offline_run *run, const struct options *options,
    struct tw_task_counts *counts, struct tw_error *err)
{
    struct findings *findings = calloc(1, sizeof *findings);
    struct tw_bench *on = NULL;
    const struct tw_bench_options asked = {.river = &run->river,
        .path = run->arguments->input,
        .form = run->arguments->form,
        .most_documents = (uint64_t)options->documents,
        .batch_documents = (uint32_t)run->config.batch.most_documents,
        .batch_bytes = (size_t)run->config.batch.memory_bytes,
        .stamp_us = run->options.stamp_us,
        .now_ns = tw_now_ns};
    if (findings)
        findings->watch = calloc(1, sizeof *findings->watch);
    bool done = (findings && findings->watch) || tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    if (done) {
        findings->run = run;
        findings->rounds = (size_t)options->rounds;
        findings->watch->now_ns = tw_now_ns;
        name_processor(findings->processor);
        list_workers(findings, run->options.workers);
        done = tw_bench_open(&asked, &on, err) && measure(findings, on, err) &&
               (run->arguments->format == TW_FORMAT_JSON ? print_json(findings, err)
                                                         : print_table(findings, err));
        counts->refused = findings->refused;
    }
    tw_bench_close(on);
    if (findings)
        free(findings->watch);
    free(findings);
    return done;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished = tw_offline_open(line, false, &run, err) && bench(&run, options, &counts, err);
    return tw_offline_close(&run, finished, &counts, err);
}

/* In the order of enum tw_format. */
static const char *const forms[] = {[TW_FORMAT_TABLE] = "table", [TW_FORMAT_JSON] = "json", NULL};

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .required = true,
        .help = "texts or JSON records, as for classify"},
    TW_FILE_MODEL_ROW,
    TW_FILE_PRECISION_ROW,
    TW_FILE_CONFIG_ROW,
    {"format", 0, "FORM", TW_INTO_CHOICE(struct tw_offline_arguments, format, forms), .fallback = "table",
        .help = "tables for people, or one JSON object"},
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_LABELS_ROW,
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    {"workers", 0, "N", TW_INTO_COUNT(struct tw_offline_arguments, workers), .most = 1024, .fallback = "0",
        .help = "threads: a row for 1, 2, 4 .. and N; 0: as many as processors"},
    {"rounds", 0, "N", TW_INTO_COUNT(struct options, rounds), .least = 1, .most = MOST_ROUNDS,
        .fallback = "3", .help = "times that each row is measured"},
    {"documents", 0, "N", TW_INTO_COUNT(struct options, documents), .fallback = "2000",
        .help = "the first N of the file; 0: all"},
};

const struct tw_command tw_command_bench = {
    .name = "bench",
    .group = "models",
    .summary = "how fast a model classifies a file on this machine",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
