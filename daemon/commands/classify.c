/* classify: texts to labels, with the sentiment of each company in them. */
#include "cli/command.h"
#include "cli/file_command.h"

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished = tw_offline_open(line, false, &run, err) && tw_task_classify(&run.options, &counts, err);
    return tw_offline_close(&run, finished, &counts, err);
}

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .fallback = "-",
        .help = "texts or JSON records, one a line, plain, gzip or zstd; - is standard input"},
    TW_FILE_MODEL_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_OUTPUT_ROW,
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_LABELS_ROW,
    {"logits", 0, NULL, TW_INTO_FLAG(struct tw_offline_arguments, logits), .help = "print logits too"},
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    TW_FILE_WORKERS_ROW,
    TW_FILE_VERBOSE_ROW,
};

const struct tw_command tw_command_classify = {
    .name = "classify",
    .group = "models",
    .summary = "label texts: one JSON object a line",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
