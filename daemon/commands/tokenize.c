/* tokenize: texts to the ids that the model reads. */
#include "cli/command.h"
#include "cli/file_command.h"

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished = tw_offline_open(line, true, &run, err) && tw_task_tokenize(&run.options, &counts, err);
    return tw_offline_close(&run, finished, &counts, err);
}

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .fallback = "-",
        .help = "texts or JSON records (a second text under pair), one a line; - is standard input"},
    {"model", 'm', "FOLDER", TW_INTO_PATH(struct tw_offline_arguments, model),
        .help = "the model; only its tokenizer's files are needed"},
    TW_FILE_CONFIG_ROW,
    TW_FILE_OUTPUT_ROW,
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    TW_FILE_WORKERS_ROW,
};

const struct tw_command tw_command_tokenize = {
    .name = "tokenize",
    .group = "models",
    .summary = "texts to token ids: one JSON array a line",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
