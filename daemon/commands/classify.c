#include "cli/command.h"
#include "cli/file_command.h"

int tw_command_classify(int argc, char **argv, struct tw_error *err)
{
    struct tw_offline_arguments arguments;
    int status = tw_offline_parse(argc, argv, "entities,raw,labels,logits,max-tokens", &arguments, err);
    if (status)
        return status;
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished =
        tw_offline_open(&arguments, false, &run, err) && tw_task_classify(&run.options, &counts, err);
    return tw_offline_close(&run, finished, &counts, err);
}
