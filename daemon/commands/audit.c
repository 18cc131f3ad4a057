/* audit: how a model behaves on cases where every reader agrees, and whether it looks at names; on standard
 * output or -o, as a page by --report, held against the limits of --gate. */
#include "audit/behaviour.h"
#include "audit/gate.h"
#include "audit/swaps.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/file_command.h"
#include "config/own_files.h"
#include "files/yaml_tree.h"
#include "report/audit_page.h"
#include "score/classifier.h"
#include "version.h"

#include <string.h>

enum { MOST_COMMAND = 4096, CELL_BYTES = 160 };
#define ARENA_BYTES ((size_t)1 << 30) /* address space: texts of a large file of cases */

struct audit {
    struct tw_offline_run run;
    struct tw_arena arena;
    struct tw_audit_rows rows;
    const char *cases, *swaps;
    uint32_t broken; /* limits that are broken */
    char typed[MOST_COMMAND];
};

/* ---- the files ---- */

/* Reads a file of YAML; what is wrong with it is shown with its lines by show(). */
static bool read_yaml(const char *path, struct audit *audit, struct tw_text_file *file,
    struct tw_problems *problems, struct tw_error *err)
{
    *file = (struct tw_text_file){path, {NULL, 0}};
    tw_problems_begin(problems, &audit->arena);
    return tw_file_read(path, TW_YAML_MOST_BYTES, &audit->arena, &file->bytes, err);
}

static bool show(bool right, const struct tw_problems *problems, struct audit *audit)
{
    if (problems->count > 1)
        tw_command_show_problems(problems, &audit->arena);
    return right;
}

static bool try_swaps(struct audit *audit, struct tw_error *err)
{
    struct tw_text_file file;
    struct tw_problems problems;
    return read_yaml(audit->swaps, audit, &file, &problems, err) &&
           show(tw_audit_swaps(&audit->run.river, &file, &problems, &audit->arena, &audit->rows, err),
               &problems, audit);
}

/* A gate would pass over what is not there. */
static bool have_all_rows(const struct audit *audit, struct tw_error *err)
{
    return audit->rows.left_out == 0 ||
           tw_fail(err, TW_CONFIG, audit->swaps, "try fewer swaps or events at once",
               "%u measures more than the %d that one audit holds", audit->rows.left_out, TW_AUDIT_ROWS);
}

static bool try_gate(struct audit *audit, struct tw_error *err)
{
    struct tw_text_file file;
    struct tw_problems problems;
    const char *path = audit->run.arguments->gate;
    return !path ||
           (read_yaml(path, audit, &file, &problems, err) &&
               show(tw_audit_gate(&file, &problems, &audit->arena, &audit->rows, &audit->broken, err),
                   &problems, audit));
}

static bool find_files(struct audit *audit, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = audit->run.arguments;
    return tw_own_file_or(arguments->input, "audit.jsonl", "cases", &audit->arena, &audit->cases, err) &&
           tw_own_file_or(arguments->swaps, "swaps.yaml", "swaps", &audit->arena, &audit->swaps, err);
}

/* ---- what is printed ---- */

static const struct tw_column columns[] = {
    {"measure", false}, {"n", true}, {"value", true}, {"low", true}, {"high", true}, {"limit broken", false}};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static bool add_row(struct tw_table *table, const struct tw_audit_row *row, struct tw_error *err)
{
    char cells[4][CELL_BYTES];
    snprintf(cells[0], CELL_BYTES, "%llu", (unsigned long long)row->n);
    snprintf(cells[1], CELL_BYTES, "%.4f", row->value);
    snprintf(cells[2], CELL_BYTES, "%.4f", row->low);
    snprintf(cells[3], CELL_BYTES, "%.4f", row->high);
    const bool ranges = row->low < row->high;
    const char *values[COLUMNS] = {
        row->name, cells[0], cells[1], ranges ? cells[2] : NULL, ranges ? cells[3] : NULL, row->broken};
    return tw_table_add(table, values, err);
}

static bool print(const struct audit *audit, struct tw_error *err)
{
    struct tw_table *table = tw_table_new(columns, COLUMNS);
    bool printed = table || tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    for (uint32_t at = 0; printed && at < audit->rows.count; at++)
        printed = add_row(table, &audit->rows.items[at], err);
    printed = printed && tw_table_print(table, audit->run.arguments->format, audit->run.options.out, err);
    tw_table_free(table);
    return printed;
}

static void write_page(const struct audit *audit)
{
    const struct tw_audit_facts facts = {
        .model = audit->run.model[0] ? audit->run.model : "the constant model",
        .model_sha256 = tw_classifier_sha256(audit->run.classifier),
        .cases = audit->cases,
        .swaps = audit->swaps,
        .gate = audit->run.arguments->gate,
        .command = audit->typed,
        .version = tw_version(),
        .made_us = audit->run.options.stamp_us};
    if (audit->run.report.file)
        tw_audit_page_write(audit->run.report.file, &audit->rows, &facts);
}

static void tell_broken(const struct audit *audit)
{
    for (uint32_t at = 0; at < audit->rows.count; at++) {
        const struct tw_audit_row *row = &audit->rows.items[at];
        if (row->broken)
            fprintf(
                stderr, "tapewatch audit: %s is %.4f, wanted is %s\n", row->name, row->value, row->broken);
    }
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct audit audit = {0};
    struct tw_task_counts counts = {0};
    tw_command_typed(line->argc, line->argv, audit.typed, MOST_COMMAND);
    bool finished =
        tw_offline_open(line, false, &audit.run, err) && tw_arena_begin(&audit.arena, ARENA_BYTES, err) &&
        find_files(&audit, err) && tw_audit_rows_begin(&audit.rows, &audit.arena, err) &&
        tw_audit_behaviour(&audit.run.river, audit.cases, &audit.arena, &audit.rows, err) &&
        try_swaps(&audit, err) && have_all_rows(&audit, err) && try_gate(&audit, err) && print(&audit, err);
    if (finished)
        write_page(&audit);
    int status = tw_offline_close(&audit.run, finished, &counts, err);
    if (finished && status == 0 && audit.broken > 0) {
        tell_broken(&audit);
        status = 1;
    }
    tw_arena_end(&audit.arena);
    return status;
}

static const struct tw_option rows[] = {
    {.value = "CASES",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .help =
            "cases of kind must, entity and same, one JSON object a line (default: those that came with the "
            "program)"},
    TW_FILE_MODEL_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_OUTPUT_ROW,
    TW_OPTION_FORMAT(struct tw_offline_arguments, format),
    {"swaps", 0, "FILE", TW_INTO_PATH(struct tw_offline_arguments, swaps),
        .help =
            "names that must not matter, and sentences for them (default: swaps.yaml that came with the program)"},
    {"gate", 0, "FILE", TW_INTO_PATH(struct tw_offline_arguments, gate),
        .help = "limits, as config/gate.yaml: exit status 1 when one is broken"},
    {"report", 0, "PATH", TW_INTO_PATH(struct tw_offline_arguments, report), .help = "a page of HTML too"},
    TW_FILE_LABELS_ROW,
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    TW_FILE_VERBOSE_ROW,
};

const struct tw_command tw_command_audit = {
    .name = "audit",
    .group = "models",
    .summary = "behaviour, fairness and calibration of a model, with a gate",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
