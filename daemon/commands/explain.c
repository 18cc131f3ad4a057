/* explain: the words that made the model decide. */
#include "cli/command.h"
#include "cli/file_command.h"
#include "explain/explain_lines.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct tw_offline_arguments common; /* the first member: tw_offline_open takes the struct for it */
    const char *text, *target;
    unsigned shown; /* enum tw_explain_form */
};
_Static_assert(offsetof(struct options, common) == 0, "rows of cli/file_command.h point into it");

/* On a terminal that is not said to be dumb, and nobody asked for none (https://no-color.org). */
static bool shows_colour(FILE *out)
{
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(fileno(out)) && !(refused && refused[0]) && terminal && strcmp(terminal, "dumb") != 0;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished = tw_offline_open(line, false, &run, err);
    if (finished) {
        const struct tw_explain_task task = {.options = &run.options,
            .text = options->text,
            .target = options->target,
            .form = (enum tw_explain_form)options->shown,
            .colour = shows_colour(run.options.out),
            .model = run.model};
        finished = tw_task_explain(&task, &counts, err);
    }
    return tw_offline_close(&run, finished, &counts, err);
}

/* In the order of enum tw_explain_form. */
static const char *const forms[] = {
    [TW_EXPLAIN_TEXT] = "text", [TW_EXPLAIN_JSON] = "json", [TW_EXPLAIN_HTML] = "html", NULL};

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .fallback = "-",
        .group = "source",
        .help =
            "texts or JSON records, one a line, or a table (CSV, TSV), plain, gzip or zstd; - is standard input"},
    {"file", 'f', "FILE", TW_INTO_PATH(struct tw_offline_arguments, input), .group = "source",
        .help = "the same, named by an option"},
    {"text", 0, "TEXT", TW_INTO_TEXT(struct options, text), .group = "source", .help = "this one text"},
    {"target", 0, "SYMBOL", TW_INTO_TEXT(struct options, target), .fallback = "document",
        .help = "why the company of this symbol has its label; document: why the whole text has its own"},
    TW_FILE_MODEL_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_OUTPUT_ROW,
    {"format", 0, "FORM", TW_INTO_CHOICE(struct options, shown, forms), .fallback = "text",
        .help = "lines for people, one JSON object a line, or one page of HTML"},
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_LABELS_ROW,
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    TW_FILE_WORKERS_ROW,
    TW_FILE_VERBOSE_ROW,
};

const struct tw_command tw_command_explain = {
    .name = "explain",
    .group = "models",
    .summary = "show the words that made the model decide",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
