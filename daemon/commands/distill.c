/* distill: a large teacher to a small student; at the end, what was lost and what was won. */
#include "distill/distill.h"
#include "cli/command.h"
#include "cli/validation_row.h"
#include "distill/comparison.h"
#include "terminal/table.h"

#include <stdio.h>

static bool add_rows(struct tw_table *table, const struct tw_distill_result *result, struct tw_error *err)
{
    struct tw_comparison_row rows[TW_COMPARISON_ROWS];
    size_t count = tw_comparison_rows(&result->teacher, &result->student, rows);
    for (size_t at = 0; at < count; at++) {
        const char *const cells[] = {rows[at].name, rows[at].teacher, rows[at].student, rows[at].change};
        if (!tw_table_add(table, cells, err))
            return false;
    }
    return true;
}

static bool show(
    const struct tw_training_command *command, const struct tw_distill_result *result, struct tw_error *err)
{
    static const struct tw_column columns[] = {
        {"measure", false}, {"teacher", true}, {"student", true}, {"change", false}};
    struct tw_table *table = tw_table_new(columns, sizeof columns / sizeof columns[0]);
    if (!table)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    bool shown = add_rows(table, result, err) && tw_table_print(table, command->options->format, stdout, err);
    tw_table_free(table);
    return shown;
}

static bool run(struct tw_training_command *command, struct tw_run_result *result, struct tw_error *err)
{
    struct tw_distill_result distilled;
    bool done = tw_distill(command->settings, &command->call, &distilled, err);
    *result = distilled.run;
    if (!done || !distilled.compared)
        return done;
    tw_show_end(&command->show);
    return show(command, &distilled, err);
}

static bool inspect(struct tw_training_command *command, uint64_t *refused, struct tw_error *err)
{
    struct tw_distill_facts facts;
    if (!tw_distill_inspect(command->settings, &command->call, &facts, err))
        return false;
    *refused = facts.refused;
    const struct tw_training_fact rows[] = {
        {"labelled", (double)facts.labelled, 0, "records to learn from"},
        {"copies", (double)facts.copies, 0, "of these, changed"},
        {"unlabelled", (double)facts.unlabelled, 0, "texts that only the teacher answers for"},
        {"named", (double)facts.named, 0, "companies in them that it answers for"},
        {"validation", (double)facts.validation, 0, "records held back"},
        {"refused", (double)facts.refused, 0, "that cannot be used; each is named above"},
        {"vocabulary", (double)facts.vocabulary, 0, "word pieces that the student keeps (0: all)"},
        {"covered_share", facts.covered, 5, "of the pieces that the texts are cut into, still there"},
    };
    return tw_training_command_print_facts(command, rows, sizeof rows / sizeof rows[0], err);
}

static const struct tw_training_command_kind kind = {
    .settings_bytes = sizeof(struct tw_distill_settings),
    .bare = "data",
    .metric = "macro-F1",
    .columns = tw_validation_row_columns,
    .column_count = TW_VALIDATION_ROW_COLUMNS,
    .fill = tw_validation_row_fill,
    .run = run,
    .inspect = inspect,
};

static int run_distill(const struct tw_command_line *line, struct tw_error *err)
{
    return tw_training_command_run(&kind, line, err);
}

static const char *const forms[] = {
    "distill --teacher MODEL -m STUDENT -o FOLDER [OPTION]... FILE[:WEIGHT]...",
    "distill --from run.yaml -o FOLDER [--set KEY=VALUE]...",
    "distill --resume -o FOLDER",
    NULL,
};

static const struct tw_option rows[] = {
    {.value = "FILE[:WEIGHT]",
        TW_INTO_PATHS(struct tw_training_options, files),
        .help = "JSON records with label, or entities: [{name, label}], one a line, or a table (CSV, TSV)"},
    TW_TRAINING_ROWS,
};

const struct tw_command tw_command_distill = {
    .name = "distill",
    .group = "make",
    .summary = "a small model from a large one",
    .forms = forms,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .settings = &tw_distill_table,
    .bytes = sizeof(struct tw_training_options),
    .run = run_distill,
};
