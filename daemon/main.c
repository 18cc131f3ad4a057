/* main: finds the subcommand, runs it, prints its error as one line, ends with its status. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static void print_help(FILE *to)
{
    size_t count;
    const struct tw_command *commands = tw_commands(&count);
    fprintf(to, "usage: tapewatch COMMAND [OPTION]... (tapewatch COMMAND --help tells its options)\n");
    const char *group = "";
    for (size_t at = 0; at < count; at++) {
        if (strcmp(group, commands[at].group) != 0)
            fprintf(to, "\n%s\n", commands[at].group);
        group = commands[at].group;
        fprintf(to, "  %-12s %s\n", commands[at].name, commands[at].summary);
    }
}

static bool asks_for_help(int argc, char **argv)
{
    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++)
        if (strcmp(argv[at], "--help") == 0)
            return true;
    return false;
}

static int unknown_command(const char *name, const char *nearest)
{
    fprintf(stderr, "tapewatch: no command \"%s\"; cure: ", name);
    if (nearest)
        fprintf(stderr, "did you mean \"%s\"? ", nearest);
    fprintf(stderr, "tapewatch --help lists them all\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tapewatch %s\n", tw_version());
        return 0;
    }
    const char *nearest = NULL;
    const struct tw_command *command = tw_command_find(argv[1], &nearest);
    if (!command)
        return unknown_command(argv[1], nearest);
    if (command->usage && asks_for_help(argc - 1, argv + 1)) {
        printf("usage: tapewatch %s", command->usage);
        return 0;
    }
    struct tw_error err = {0};
    int status = command->run(argc - 1, argv + 1, &err);
    if (err.what[0]) {
        char line[1200];
        tw_error_line(&err, line, sizeof line);
        fprintf(stderr, "tapewatch %s: %s\n", command->name, line);
    }
    if (fflush(stdout) != 0 && status == 0) {
        fprintf(stderr, "tapewatch %s: standard output: cannot write; cure: free space on the disk\n",
            command->name);
        return 74;
    }
    return status;
}
