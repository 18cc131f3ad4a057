#include "command.h"
#include "offline.h"

int tw_command_evaluate(int argc, char **argv, struct tw_error *err)
{
    struct tw_offline_arguments arguments;
    int status = tw_offline_parse(argc, argv, "entities,raw,labels,format,max-tokens,held-back", &arguments, err);
    if (status)
        return status;
    struct tw_offline_run run;
    struct tw_offline_counts counts = {0};
    struct tw_measures documents, entities;
    bool finished = tw_offline_open(&arguments, false, &run, err) &&
                    tw_offline_evaluate(&run.options, &documents, &entities, &counts, err);
    if (finished)
        tw_offline_report(&documents, &entities, arguments.report, run.options.out);
    return tw_offline_close(&run, finished, &counts, err);
}
