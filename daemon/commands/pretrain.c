/* pretrain: texts without labels to a language model; the run shown as it goes (training_command.h). */
#include "training/pretrain.h"
#include "cli/command.h"
#include "cli/spool.h"
#include "cli/training_command.h"

#include <stdio.h>

static const struct tw_show_column columns[] = {{"step", 8}, {"epoch", 6}, {"loss", 8}, {"val. loss", 9},
    {"perplexity", 10}, {"guessed", 7}, {"best", 4}};

static void fill_row(const struct tw_run_validated *evaluation, char (*cells)[TW_TRAINING_CELL])
{
    const struct tw_pretrain_validation *validation = evaluation->details;
    snprintf(cells[0], TW_TRAINING_CELL, "%llu", (unsigned long long)evaluation->step);
    snprintf(cells[1], TW_TRAINING_CELL, "%.2f", evaluation->epoch);
    snprintf(cells[2], TW_TRAINING_CELL, evaluation->step ? "%.4f" : "-", evaluation->train_loss);
    snprintf(cells[3], TW_TRAINING_CELL, "%.4f", evaluation->loss);
    snprintf(cells[4], TW_TRAINING_CELL, "%.3f", validation->perplexity);
    snprintf(cells[5], TW_TRAINING_CELL, "%.4f", validation->accuracy);
    snprintf(cells[6], TW_TRAINING_CELL, "%s", evaluation->best ? "*" : "");
}

/* ---- the topic ---- */

/* The client is made when it is asked for: a resumed run has the topic's records already. */
struct reading {
    struct tw_spool_options options;
    struct tw_spool *spool;
};

static bool inspect_topic(void *self, struct tw_error *err)
{
    struct reading *reading = self;
    return tw_spool_new(&reading->options, &reading->spool, err) && tw_spool_inspect(reading->spool, err);
}

static bool spool_topic(void *self, const char *folder, struct tw_error *err)
{
    struct reading *reading = self;
    return tw_spool_write(reading->spool, folder, err);
}

static struct reading reading_of(const struct tw_training_command *command, bool inspect)
{
    const struct tw_pretrain_settings *settings = command->settings;
    return (struct reading){.options = {.config = &command->config,
                                .topic = settings->topic,
                                .brokers = settings->brokers,
                                .watch = &command->call.watch,
                                .skip_refused = settings->skip_refused || inspect}};
}

/* ---- the command ---- */

static bool learn_language(
    struct tw_training_command *command, struct tw_run_result *result, struct tw_error *err)
{
    struct reading reading = reading_of(command, false);
    const struct tw_pretrain_topic topic = {&reading, inspect_topic, spool_topic};
    bool learned = tw_pretrain(command->settings, &command->call, &topic, result, err);
    tw_spool_free(reading.spool);
    return learned;
}

static bool print_facts(
    const struct tw_training_command *command, const struct tw_pretrain_facts *facts, struct tw_error *err)
{
    const struct tw_corpus_facts *corpus = &facts->corpus;
    const struct tw_training_fact rows[] = {
        {"records", (double)corpus->records, 0, "that can be used"},
        {"refused", (double)(corpus->refused + facts->topic_refused), 0, "that cannot; each is named above"},
        {"wordless", (double)corpus->wordless, 0, "of which cleaning leaves no word: passed over"},
        {"repeated", (double)corpus->repeated, 0, "records whose text stood before"},
        {"tokens", (double)corpus->tokens, 0, "of all texts"},
        {"tokens_held_back", (double)corpus->tokens_held_back, 0, "of these, to measure on"},
        {"unknown_share", tw_training_command_ratio(corpus->unknown, corpus->tokens), 5,
            "of the tokens, not in the vocabulary"},
        {"longest", (double)corpus->longest, 0, "tokens of the longest text"},
        {"window", (double)facts->most_tokens, 0, "tokens of a window, [CLS] and [SEP] counted"},
        {"windows", (double)corpus->windows, 0, "all together"},
        {"windows_held_back", (double)corpus->windows_held_back, 0, "of these, to measure on"},
        {"cut_share", tw_training_command_ratio(corpus->long_records, corpus->records), 5,
            "of the texts, longer than a window: in several"},
        {"steps_an_epoch", (double)facts->epoch_steps, 0, "that learn"},
        {"steps", (double)facts->steps, 0, "of the whole run"},
    };
    return tw_training_command_print_facts(command, rows, sizeof rows / sizeof rows[0], err);
}

static bool inspect(struct tw_training_command *command, uint64_t *refused, struct tw_error *err)
{
    struct reading reading = reading_of(command, true);
    const struct tw_pretrain_topic topic = {&reading, inspect_topic, spool_topic};
    struct tw_pretrain_facts facts;
    bool inspected = tw_pretrain_inspect(command->settings, &command->call, &topic, &facts, err);
    tw_spool_free(reading.spool);
    if (!inspected)
        return false;
    *refused = facts.corpus.refused + facts.topic_refused;
    return print_facts(command, &facts, err);
}

static const struct tw_training_command_kind kind = {
    .settings_bytes = sizeof(struct tw_pretrain_settings),
    .bare = "data",
    .metric = "perplexity",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .fill = fill_row,
    .run = learn_language,
    .inspect = inspect,
};

static int run_pretrain(const struct tw_command_line *line, struct tw_error *err)
{
    return tw_training_command_run(&kind, line, err);
}

static const char *const forms[] = {
    "pretrain -m BASE -o FOLDER [OPTION]... FILE...",
    "pretrain --vocab VOCABULARY -o FOLDER [OPTION]... FILE...",
    "pretrain (-m BASE | --vocab VOCABULARY) -o FOLDER --topic NAME [--brokers LIST]",
    "pretrain --from run.yaml -o FOLDER [--set KEY=VALUE]...",
    "pretrain --resume -o FOLDER",
    NULL,
};

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATHS(struct tw_training_options, files),
        .help =
            "JSON records with text, one a line, or a table (CSV, TSV), plain, gzip or zstd; or a folder of them"},
    TW_TRAINING_ROWS,
};

const struct tw_command tw_command_pretrain = {
    .name = "pretrain",
    .group = "make",
    .summary = "a model of the language from archives or a topic, from scratch or from a base model",
    .forms = forms,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .settings = &tw_pretrain_table,
    .bytes = sizeof(struct tw_training_options),
    .run = run_pretrain,
};
