/* evaluate: predictions against labels; the findings on standard output or -o, and as a page for people by --report. */
#include "cli/command.h"
#include "cli/file_command.h"
#include "cli/scorecard.h"
#include "report/report_page.h"
#include "training/run_log.h"

#include "score/classify.h"

#include <string.h>
#include <sys/stat.h>

enum { MOST_COMMAND = 4096 };

/* What the page tells beside the findings; gathered before the work, so that what cannot be read is told at once. */
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

int tw_command_evaluate(int argc, char **argv, struct tw_error *err)
{
    struct tw_offline_arguments arguments;
    struct background background = {0};
    tw_command_typed(argc, argv, background.typed, MOST_COMMAND); /* getopt moves the arguments about */
    int status = tw_offline_parse(
        argc, argv, "entities,raw,labels,format,max-tokens,held-back,report,worst", &arguments, err);
    if (status)
        return status;
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    struct tw_findings *findings = NULL;
    bool finished = tw_offline_open(&arguments, false, &run, err) && gather(&run, &background, err) &&
                    tw_findings_new(arguments.report ? arguments.worst : 0, &findings, err) &&
                    tw_task_evaluate(&run.options, findings, &counts, err) &&
                    tell(&run, findings, &counts, &background, err);
    tw_findings_free(findings);
    json_decref(background.history);
    json_decref(background.data);
    return tw_offline_close(&run, finished, &counts, err);
}
