#include "command.h"

int tw_command_config(int argc, char **argv, struct tw_error *err)
{
    (void)argc;
    (void)argv;
    return tw_command_usage("config", err, "nothing to show");
}
