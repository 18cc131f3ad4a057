#include "cli/completion.h"
#include "cli/command.h"

enum shell { SHELL_BASH };
static const char *const shells[] = {[SHELL_BASH] = "bash", NULL};

struct options {
    unsigned shell;
};

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    (void)line; /* there is one shell so far */
    (void)err;
    tw_completion_print(stdout);
    return 0;
}

static const struct tw_option rows[] = {
    {.value = "SHELL", TW_INTO_CHOICE(struct options, shell, shells), .required = true, .help = "which one"},
};

const struct tw_command tw_command_completion = {
    .name = "completion",
    .group = "dev",
    .summary = "a script by which a shell completes commands and options",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
