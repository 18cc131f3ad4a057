/* evaluate: predictions against labels; the findings on standard output or -o, and as a page for people by
 * --report. */
#include "cli/command.h"
#include "cli/file_command.h"
#include "report/report_page.h"
#include "run/lineage.h"
#include "run/run_log.h"
#include "terminal/scorecard.h"
#include "version.h"

#include "score/classify.h"

#include <string.h>
#include <sys/stat.h>

enum { MOST_COMMAND = 4096 };

/* What the page tells beside the findings; gathered before the work, so that what cannot be read is told at
 * once. */
struct background {
    struct tw_report_facts facts;
    json_t *history, *data; /* own what facts point to */
    char typed[MOST_COMMAND];
};

static bool can_be_read_again(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool describe_data(const char *path, struct background *background, struct tw_error *err)
{
    struct tw_report_facts *facts = &background->facts;
    facts->data = path;
    if (!can_be_read_again(path))
        return true;
    background->data = tw_lineage_file(path, err);
    if (!background->data)
        return false;
    facts->data_sha256 = json_string_value(json_object_get(background->data, "sha256"));
    facts->data_bytes = (uint64_t)json_integer_value(json_object_get(background->data, "bytes"));
    return true;
}

static bool gather(const struct tw_offline_run *run, struct background *background, struct tw_error *err)
{
    struct tw_report_facts *facts = &background->facts;
    if (!run->arguments->report)
        return true;
    facts->model = run->model[0] ? run->model : NULL;
    facts->model_sha256 = tw_classifier_sha256(run->classifier);
    facts->command = background->typed;
    facts->version = tw_version();
    facts->made_us = run->options.stamp_us;
    if (facts->model && !tw_run_log_read(facts->model, &background->history, err))
        return false;
    facts->history = background->history;
    return describe_data(run->arguments->input, background, err);
}

static bool tell(const struct tw_offline_run *run, const struct tw_findings *findings,
    const struct tw_task_counts *counts, struct background *background, struct tw_error *err)
{
    background->facts.counts = *counts;
    return tw_scorecard_print(findings, run->arguments->format, run->options.out, err) &&
           (!run->arguments->report ||
               tw_report_page_write(run->report.file, findings, &background->facts, err));
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = line->options;
    struct background background = {0};
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    struct tw_findings *findings = NULL;
    tw_command_typed(line->argc, line->argv, background.typed, MOST_COMMAND);
    bool finished = tw_offline_open(line, false, &run, err) && gather(&run, &background, err) &&
                    tw_findings_new(arguments->report ? (uint32_t)arguments->worst : 0, &findings, err) &&
                    tw_task_evaluate(&run.options, findings, &counts, err) &&
                    tell(&run, findings, &counts, &background, err);
    tw_findings_free(findings);
    json_decref(background.history);
    json_decref(background.data);
    return tw_offline_close(&run, finished, &counts, err);
}

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .fallback = "-",
        .help =
            "JSON records with label, or entities: [{name, label}], one a line, or a table (CSV, TSV); - is standard input"},
    TW_FILE_MODEL_ROW,
    TW_FILE_PRECISION_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_OUTPUT_ROW,
    TW_OPTION_FORMAT(struct tw_offline_arguments, format),
    {"report", 0, "PATH", TW_INTO_PATH(struct tw_offline_arguments, report),
        .help = "a page of HTML too: confusion, reliability, slices, learning curves, worst errors"},
    {"worst", 0, "N", TW_INTO_COUNT(struct tw_offline_arguments, worst), .most = 1000, .fallback = "20",
        .needs = "report", .help = "errors that the page shows, of texts and of entities"},
    {"held-back", 0, "X", TW_INTO_REAL(struct tw_offline_arguments, held_back), .most = 1,
        .help = "measure only texts that finetune --validation-share X held back"},
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_LABELS_ROW,
    TW_FILE_RECORD_LABELS_ROW,
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    TW_FILE_WORKERS_ROW,
    TW_FILE_VERBOSE_ROW,
};

const struct tw_command tw_command_evaluate = {
    .name = "evaluate",
    .group = "models",
    .summary = "compare predictions with labels",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
