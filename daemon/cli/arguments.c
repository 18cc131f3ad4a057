#include "cli/arguments.h"

#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROW = 256 };

/* What getopt_long takes: a letter each, or a long name; both lead back to the row. */
struct forms {
    struct option names[TW_ARGUMENTS_MOST + 1];
    char letters[2 * TW_ARGUMENTS_MOST + 2];
};

static bool is_letter(const struct tw_argument *row)
{
    return row->name[1] == '\0';
}

static void make_forms(const struct tw_argument *table, size_t count, struct forms *forms)
{
    size_t names = 0, letters = 0;
    forms->letters[letters++] = ':'; /* a missing value is told apart from an unknown option */
    for (size_t row = 0; row < count; row++) {
        int argument = table[row].given ? no_argument : required_argument;
        if (!is_letter(&table[row])) {
            forms->names[names++] = (struct option){table[row].name, argument, NULL, FIRST_ROW + (int)row};
            continue;
        }
        forms->letters[letters++] = table[row].name[0];
        if (argument == required_argument)
            forms->letters[letters++] = ':';
    }
    forms->names[names] = (struct option){NULL, 0, NULL, 0};
    forms->letters[letters] = '\0';
}

static const struct tw_argument *row_of(const struct tw_argument *table, size_t count, int option)
{
    if (option >= FIRST_ROW)
        return &table[option - FIRST_ROW];
    for (size_t row = 0; row < count; row++)
        if (is_letter(&table[row]) && table[row].name[0] == option)
            return &table[row];
    return NULL;
}

bool tw_argument_is_number(const char *text, int64_t most)
{
    char *end = NULL;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && value <= most;
}

static int take(const struct tw_argument *row, const char *command, const char *value, struct tw_error *err)
{
    const char *dashes = is_letter(row) ? "-" : "--";
    if (row->given)
        *row->given = true;
    if (row->text)
        *row->text = value;
    if (row->format && !tw_format_parse(value, row->format))
        return tw_command_usage(
            command, err, "%s%s is table, json or csv, not \"%s\"", dashes, row->name, value);
    if (row->number && !tw_argument_is_number(value, INT64_MAX))
        return tw_command_usage(command, err, "%s%s is a number, not \"%s\"", dashes, row->name, value);
    if (row->number)
        *row->number = value;
    return 0;
}

int tw_arguments_parse(int argc, char **argv, const struct tw_argument *table, size_t count,
    struct tw_operands *operands, struct tw_error *err)
{
    struct forms forms;
    make_forms(table, count, &forms);
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, forms.letters, forms.names, NULL)) != -1;) {
        if (option == ':')
            return tw_command_usage(argv[0], err, "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return tw_command_usage(argv[0], err, "no option %s", argv[optind - 1]);
        int status = take(row_of(table, count, option), argv[0], optarg, err);
        if (status)
            return status;
    }
    if (operands)
        *operands = (struct tw_operands){argv + optind, argc - optind};
    else if (optind < argc)
        return tw_command_usage(argv[0], err, "cannot use \"%s\"", argv[optind]);
    return 0;
}
