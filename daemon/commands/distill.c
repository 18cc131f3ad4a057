/* distill: a large teacher to a small student; at the end, what was lost and what was won. */
#include "distill/distill.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/validation_row.h"
#include "distill/comparison.h"

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

static bool show(const struct tw_learn *learn, const struct tw_distill_result *result, struct tw_error *err)
{
    static const struct tw_column columns[] = {
        {"measure", false}, {"teacher", true}, {"student", true}, {"change", false}};
    struct tw_table *table = tw_table_new(columns, sizeof columns / sizeof columns[0]);
    if (!table)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    bool shown = add_rows(table, result, err) && tw_table_print(table, learn->format, stdout, err);
    tw_table_free(table);
    return shown;
}

static bool run(struct tw_learn *learn, struct tw_course_result *result, struct tw_error *err)
{
    struct tw_distill_result distilled;
    bool done = tw_distill(learn->settings, &learn->run, &distilled, err);
    *result = distilled.course;
    if (!done || !distilled.compared)
        return done;
    tw_show_end(&learn->show);
    return show(learn, &distilled, err);
}

static bool look(struct tw_learn *learn, uint64_t *refused, struct tw_error *err)
{
    struct tw_distill_facts facts;
    if (!tw_distill_look(learn->settings, &learn->run, &facts, err))
        return false;
    *refused = facts.refused;
    const struct tw_learn_fact rows[] = {
        {"labelled", (double)facts.labelled, 0, "records to learn from"},
        {"copies", (double)facts.copies, 0, "of these, changed"},
        {"unlabelled", (double)facts.unlabelled, 0, "texts that only the teacher answers for"},
        {"named", (double)facts.named, 0, "companies in them that it answers for"},
        {"validation", (double)facts.validation, 0, "records held back"},
        {"refused", (double)facts.refused, 0, "that cannot be used; each is named above"},
        {"vocabulary", (double)facts.vocabulary, 0, "word pieces that the student keeps (0: all)"},
        {"covered_share", facts.covered, 5, "of the pieces that the texts are cut into, still there"},
    };
    return tw_learn_print_facts(learn, rows, sizeof rows / sizeof rows[0], err);
}

static const struct tw_learn_kind kind = {
    .name = "distill",
    .table = &tw_distill_table,
    .settings_bytes = sizeof(struct tw_distill_settings),
    .bare = "data",
    .usage =
        "usage: tapewatch distill --teacher MODEL -m STUDENT -o FOLDER [OPTION]... FILE[:WEIGHT]...\n"
        "       tapewatch distill --from run.yaml -o FOLDER [--set KEY=VALUE]...\n"
        "       tapewatch distill --resume -o FOLDER\n"
        "  FILE                       JSON records with label, or entities: [{name, label}], one a line\n",
    .metric = "macro-F1",
    .columns = tw_trial_columns,
    .column_count = TW_TRIAL_COLUMNS,
    .fill = tw_trial_row_fill,
    .run = run,
    .look = look,
};

int tw_command_distill(int argc, char **argv, struct tw_error *err)
{
    return tw_learn_command(&kind, argc, argv, err);
}
