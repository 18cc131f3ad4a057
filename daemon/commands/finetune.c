/* finetune: labelled records to a model of sentiment; the run shown as it goes (training_command.h). */
#include "training/finetune.h"
#include "cli/command.h"
#include "cli/training_command.h"
#include "cli/validation_row.h"
#include "labels/stored_labels.h"

#include <limits.h>
#include <unistd.h>

/* The labels as they are now, beside the run's folder: what the run learns from stays as it was, for --resume
 * and for whoever asks. */
static bool write_labels(struct tw_training_command *command, const char *path, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = command->settings;
    struct tw_database_choice choice;
    struct tw_database database = {0};
    struct tw_stored_labels_counts counts;
    bool written = tw_stored_labels_source(settings->feedback, &choice, err) &&
                   tw_database_open(&database, "finetune", &choice, err) &&
                   tw_stored_labels_write(database.connection, path, &counts, err);
    tw_database_close(&database);
    if (written)
        fprintf(stderr,
            "tapewatch finetune: %s: %llu records of %llu labels, of %llu in all; %llu more are of documents that are gone\n",
            path, counts.records, counts.learned, counts.labels, counts.gone);
    return written;
}

/* Where a run stands already nothing is written over: the run itself says so. */
static bool is_run(const char *folder)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/run.yaml", folder);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

/* `feedback` becomes the file of its records. */
static bool settle_feedback(struct tw_training_command *command, struct tw_error *err)
{
    struct tw_finetune_settings *settings = command->settings;
    struct tw_text source = tw_text_of(settings->feedback), end = tw_text_of(".jsonl");
    char path[PATH_MAX];
    bool is_file =
        source.length > end.length && strcmp(settings->feedback + source.length - end.length, end.bytes) == 0;
    if (source.length == 0 || is_file)
        return true;
    size_t length = strlen(settings->run.output);
    while (length > 1 && settings->run.output[length - 1] == '/')
        length--;
    if (length == 0)
        return tw_fail(err, TW_USAGE, "--feedback", "give -o FOLDER too",
            "the labels are written beside the folder of the run, and none is named");
    if ((size_t)snprintf(path, sizeof path, "%.*s.feedback.jsonl", (int)length, settings->run.output) >=
        sizeof path)
        return tw_fail(err, TW_USAGE, "--feedback", "give a shorter one", "the path is too long");
    if (!is_run(settings->run.output) && !write_labels(command, path, err))
        return false;
    struct tw_text kept = tw_arena_copy(&command->arena, tw_text_of(path));
    settings->feedback = kept.bytes;
    return kept.bytes || tw_arena_fail(&command->arena, err);
}

static bool settle(struct tw_training_command *command, struct tw_error *err)
{
    struct tw_finetune_settings *settings = command->settings;
    return tw_training_command_default_model(command, &settings->model, err) && settle_feedback(command, err);
}

static bool tune(struct tw_training_command *command, struct tw_run_result *result, struct tw_error *err)
{
    return tw_finetune(command->settings, &command->call, result, err);
}

static bool inspect(struct tw_training_command *command, uint64_t *refused, struct tw_error *err)
{
    struct tw_dataset_facts facts;
    if (!tw_finetune_inspect(command->settings, &command->call, &facts, err))
        return false;
    *refused = facts.refused;
    const struct tw_training_fact rows[] = {
        {"records", (double)facts.records, 0, "that can be used"},
        {"refused", (double)facts.refused, 0, "that cannot; each is named above"},
        {"training", (double)facts.training, 0, "records to learn from"},
        {"validation", (double)facts.validation, 0, "records held back"},
        {"negative", (double)facts.labels[0], 0, "texts to learn from"},
        {"neutral", (double)facts.labels[1], 0, "texts to learn from"},
        {"positive", (double)facts.labels[2], 0, "texts to learn from"},
        {"validation_negative", (double)facts.validation_labels[0], 0, "texts held back"},
        {"validation_neutral", (double)facts.validation_labels[1], 0, "texts held back"},
        {"validation_positive", (double)facts.validation_labels[2], 0, "texts held back"},
        {"entity_negative", (double)facts.entity_labels[0], 0, "entities to learn from"},
        {"entity_neutral", (double)facts.entity_labels[1], 0, "entities to learn from"},
        {"entity_positive", (double)facts.entity_labels[2], 0, "entities to learn from"},
        {"validation_entity_negative", (double)facts.validation_entity_labels[0], 0, "entities held back"},
        {"validation_entity_neutral", (double)facts.validation_entity_labels[1], 0, "entities held back"},
        {"validation_entity_positive", (double)facts.validation_entity_labels[2], 0, "entities held back"},
        {"entities", (double)facts.entities, 0, "in all records"},
        {"entities_not_found", (double)facts.lost_entities, 0,
            "never found in their text: read as the whole text"},
        {"repeated", (double)facts.repeated, 0, "records whose text stood before"},
        {"contradicting", (double)facts.contradicting, 0, "of these, with other labels"},
        {"across_splits", (double)facts.across, 0, "to learn from, but held back too: left out of learning"},
        {"nearly_across_splits", (double)facts.nearly_across, 0,
            "the same but for case, digits, punctuation"},
        {"tokens", (double)facts.tokens, 0, "of all texts"},
        {"unknown_share", tw_training_command_ratio(facts.unknown, facts.tokens), 5,
            "of the tokens, not in the vocabulary"},
        {"over_long_share", tw_training_command_ratio(facts.cut, facts.records), 5,
            "of the texts, longer than is read"},
        {"longest", (double)facts.longest, 0, "tokens of the longest text"},
    };
    return tw_training_command_print_facts(command, rows, sizeof rows / sizeof rows[0], err);
}

static const struct tw_training_command_kind kind = {
    .settings_bytes = sizeof(struct tw_finetune_settings),
    .bare = "data",
    .metric = "macro-F1",
    .columns = tw_validation_row_columns,
    .column_count = TW_VALIDATION_ROW_COLUMNS,
    .fill = tw_validation_row_fill,
    .settle = settle,
    .run = tune,
    .inspect = inspect,
};

static int run_finetune(const struct tw_command_line *line, struct tw_error *err)
{
    return tw_training_command_run(&kind, line, err);
}

static const char *const forms[] = {
    "finetune -m BASE -o FOLDER [OPTION]... FILE[:WEIGHT]...",
    "finetune --from run.yaml -o FOLDER [--set KEY=VALUE]...",
    "finetune --resume -o FOLDER",
    NULL,
};

static const struct tw_option rows[] = {
    {.value = "FILE[:WEIGHT]",
        TW_INTO_PATHS(struct tw_training_options, files),
        .help = "JSON records with label, or entities: [{name, label}], one a line, or a table (CSV, TSV)"},
    TW_TRAINING_ROWS,
};

const struct tw_command tw_command_finetune = {
    .name = "finetune",
    .group = "make",
    .summary = "a model of sentiment from a base model and labelled records",
    .forms = forms,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .settings = &tw_finetune_table,
    .bytes = sizeof(struct tw_training_options),
    .run = run_finetune,
};
