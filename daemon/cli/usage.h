/* usage: what -h and --help print, from the tables of command.h: all commands, or one with every option that
 * it takes.
 *
 *     usage: tapewatch reset --topic NAME (--to-offset N | --to-end) (--dry-run | --execute) [OPTION]...
 *     stored offsets moved by hand
 *
 *       -c, --config FILE    the configuration (default /etc/tapewatch/tapewatch.yaml)
 *           --topic NAME     whose offsets
 *       -h, --help           print this
 *
 * What a value may be and its default stand in brackets behind the help of an option. No line is wider than
 * TW_USAGE_COLUMNS. */
#ifndef TW_USAGE_H
#define TW_USAGE_H

#include <stdio.h>

struct tw_command;

enum { TW_USAGE_COLUMNS = 100 };

/* All commands with their summaries, under the headings of their groups. */
void tw_usage_print_commands(FILE *to);

/* One command: how it is used, its summary, its operands, its options. */
void tw_usage_print(const struct tw_command *command, FILE *to);

/* All commands of a family ("deadletters"), one below the other. */
void tw_usage_print_family(const char *name, FILE *to);

#endif
