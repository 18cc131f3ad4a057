#include "command.h"
#include "offline.h"
#include "scorecard.h"

int tw_command_evaluate(int argc, char **argv, struct tw_error *err)
{
    struct tw_offline_arguments arguments;
    int status =
        tw_offline_parse(argc, argv, "entities,raw,labels,format,max-tokens,held-back", &arguments, err);
    if (status)
        return status;
    struct tw_offline_run run;
    struct tw_offline_counts counts = {0};
    struct tw_findings *findings = NULL;
    bool finished = tw_offline_open(&arguments, false, &run, err) && tw_findings_new(0, &findings, err) &&
                    tw_offline_evaluate(&run.options, findings, &counts, err) &&
                    tw_scorecard_print(findings, arguments.format, run.options.out, err);
    tw_findings_free(findings);
    return tw_offline_close(&run, finished, &counts, err);
}
