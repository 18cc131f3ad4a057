/* classify: texts to labels, with the sentiment of each company in them. */
#include "cli/command.h"
#include "cli/file_command.h"
#include "tasks/classify_table.h"

#include <sys/ioctl.h>

enum { STANDARD_WIDTH = 100 };

/* Of the terminal, if that is where it goes. */
static uint32_t width_of(FILE *out)
{
    struct winsize size = {0};
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return STANDARD_WIDTH;
    return size.ws_col < TW_CLASSIFY_TABLE_LEAST ? TW_CLASSIFY_TABLE_LEAST : size.ws_col;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = line->options;
    bool for_people = arguments->format == TW_FORMAT_TABLE;
    if (for_people && arguments->logits)
        return tw_command_usage("classify", err, "--logits are printed by --format json alone");
    if (for_people && arguments->events)
        return tw_command_usage("classify", err, "--events are printed by --format json alone");
    if (for_people && arguments->text)
        return tw_command_usage("classify", err, "--verbose-text is for --format json alone");
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished = tw_offline_open(line, false, &run, err);
    if (finished && for_people)
        run.options.table_width = width_of(run.options.out);
    finished = finished && tw_task_classify(&run.options, &counts, err);
    return tw_offline_close(&run, finished, &counts, err);
}

/* In the order of enum tw_format. */
static const char *const forms[] = {[TW_FORMAT_TABLE] = "table", [TW_FORMAT_JSON] = "json", NULL};

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .fallback = "-",
        .help =
            "texts or JSON records, one a line, or a table (CSV, TSV), plain, gzip or zstd; - is standard input"},
    TW_FILE_MODEL_ROW,
    TW_FILE_PRECISION_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_OUTPUT_ROW,
    {"format", 0, "FORM", TW_INTO_CHOICE(struct tw_offline_arguments, format, forms), .fallback = "json",
        .help = "one JSON object a line, or a table for people: a line a company"},
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_EVENTS_ROW,
    TW_FILE_LABELS_ROW,
    {"logits", 0, NULL, TW_INTO_FLAG(struct tw_offline_arguments, logits), .help = "print logits too"},
    {"verbose-text", 0, NULL, TW_INTO_FLAG(struct tw_offline_arguments, text),
        .help = "print the text too, as it was cleaned, and how far it is about each company"},
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    TW_FILE_WORKERS_ROW,
    TW_FILE_VERBOSE_ROW,
};

const struct tw_command tw_command_classify = {
    .name = "classify",
    .group = "models",
    .summary = "label texts, and each company in them",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
