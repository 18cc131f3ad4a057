/* main: finds the subcommand, answers -h, reads its line, runs it, prints its error as one line, ends with
 * its status. */
#include "cli/command.h"
#include "cli/usage.h"
#include "read/json_memory.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 64 << 20 }; /* address space for lists of operands */

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool is_asked_for_help(int argc, char **argv)
{
    for (int at = 0; at < argc && strcmp(argv[at], "--") != 0; at++)
        if (asks_for_help(argv[at]))
            return true;
    return false;
}

static void print_error(const char *command, const struct tw_error *err)
{
    char line[1200];
    if (!err->what[0])
        return;
    tw_error_line(err, line, sizeof line);
    fprintf(stderr, "tapewatch%s%s: %s\n", command ? " " : "", command ? command : "", line);
}

/* The words behind the command's name become its options. */
static int read_and_run(const struct tw_command *command, int words, int argc, char **argv,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_option rows[TW_OPTIONS_MOST];
    const struct tw_option_table table = {command->name, rows, tw_command_options(command, rows)};
    struct tw_command_line line = {.command = command, .argc = argc, .argv = argv};
    line.options = tw_arena_array(arena, 1, command->bytes);
    if (!line.options)
        return tw_arena_fail(arena, err), tw_command_failed(err);
    int status =
        tw_arguments_parse(&table, argc - words, argv + words, arena, line.options, &line.assigned, err);
    return status ? status : command->run(&line, err);
}

static int run(int argc, char **argv)
{
    struct tw_error err = {0};
    struct tw_arena arena = {0};
    int words = 0;
    bool helps = is_asked_for_help(argc, argv);
    if (helps && tw_command_is_family(argv[0]) && (argc < 2 || asks_for_help(argv[1]))) {
        tw_usage_print_family(argv[0], stdout);
        return 0;
    }
    const struct tw_command *command = tw_command_find(argc, argv, &words, &err);
    if (!command) {
        print_error(NULL, &err);
        return tw_command_failed(&err);
    }
    if (helps) {
        tw_usage_print(command, stdout);
        return 0;
    }
    int status = tw_arena_begin(&arena, LINE_BYTES, &err)
                     ? read_and_run(command, words, argc, argv, &arena, &err)
                     : tw_command_failed(&err);
    print_error(command->name, &err);
    tw_arena_end(&arena);
    return status;
}

/* tapewatch help [COMMAND]: as the command's own --help. */
static int help(int argc, char **argv)
{
    static char option[] = "--help";
    char *words[] = {argv[0], argc > 1 ? argv[1] : option, option};
    if (argc > 0)
        return run(3, words);
    tw_usage_print_commands(stdout);
    return 0;
}

static int answer(int argc, char **argv)
{
    if (argc < 1) {
        tw_usage_print_commands(stderr);
        return 2;
    }
    if (asks_for_help(argv[0]) || strcmp(argv[0], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[0], "--version") == 0) {
        printf("tapewatch %s\n", tw_version());
        return 0;
    }
    return run(argc, argv);
}

/* The number of a standard stream that is closed when we begin would go to the first file that is opened, and
 * what is said on the stream into that file. In its place stands what can neither be read nor written. */
static void keep_standard_numbers(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
            (void)!open(
                "/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* the lowest one is given */
}

/* A write that failed long ago left nothing behind that a flush could fail on: the stream remembers it. */
static bool is_output_lost(void)
{
    bool flushed = fflush(stdout) == 0;
    return !flushed || ferror(stdout);
}

int main(int argc, char **argv)
{
    keep_standard_numbers();
    tw_json_memory_install();
    int status = answer(argc - 1, argv + 1);
    if (is_output_lost() && status == 0) {
        fprintf(stderr, "tapewatch%s%s: standard output: cannot write; cure: free space on the disk\n",
            argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
        return 74;
    }
    return status;
}
