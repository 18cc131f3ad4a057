/* usage: what -h and --help print, from the tables of command.h: all commands, or one with every option that
 * it takes. Manual pages (manual.h) are made of the same pieces.
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

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct tw_command;
struct tw_option;

enum { TW_USAGE_COLUMNS = 100, TW_USAGE_FORM_BYTES = 1024, TW_USAGE_HELP_BYTES = 1024 };

/* All commands with their summaries, under the headings of their groups. */
void tw_usage_print_commands(FILE *to);

/* One command: how it is used, its summary, its operands, its options. */
void tw_usage_print(const struct tw_command *command, FILE *to);

/* All commands of a family ("deadletters"), one below the other. */
void tw_usage_print_family(const char *name, FILE *to);

/* The way number `at` (from 0) of using a command, on one line: "tapewatch reset --topic NAME ...". False:
 * it has no such way. */
bool tw_usage_form(const struct tw_command *command, size_t at, char text[TW_USAGE_FORM_BYTES]);

/* What is said of an option: its help, and in brackets what a value may be and what it is by default. */
void tw_usage_help(const struct tw_option *row, char text[TW_USAGE_HELP_BYTES]);

#endif
