#include "cli/command.h"

#include "config/config.h"
#include "files/problems.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct tw_command commands[] = {
    {"serve", "run", "the daemon: topics to scores and alerts in PostgreSQL",
        "serve [-c FILE] [-v TOPIC]...\n"
        "  -c FILE       the configuration (default /etc/tapewatch/tapewatch.yaml)\n"
        "  -v TOPIC      log more about one room: source, store, pool, ...\n",
        tw_command_serve},
    {"migrate", "run", "create the database's schema, or bring it up to date",
        "migrate [-c FILE | --conninfo TEXT] [--password-file FILE] [--print | --status]\n"
        "  -c FILE               the daemon's configuration, which names the database\n"
        "  --conninfo TEXT       another database or role than the configuration's (libpq's form)\n"
        "  --password-file FILE  file that holds that role's password on its first line\n"
        "  --print               print all migrations as one script for psql; no server is asked\n"
        "  --status              which migrations have run\n"
        "  --format FORM         of --status: table, json or csv\n",
        tw_command_migrate},
    {"check", "run", "configuration, rules, entities, model, processors; with --connect the servers too",
        "check [-c FILE] [-m FOLDER] [--connect]\n"
        "  -c FILE       the configuration (default /etc/tapewatch/tapewatch.yaml)\n"
        "  -m FOLDER     check this model instead of the configured one\n"
        "  --connect     ask Kafka and PostgreSQL as well\n",
        tw_command_check},
    {"reload", "run", "make a running daemon read its rules and entities anew",
        "reload [-c FILE]\n"
        "  -c FILE       the daemon's configuration, which names its control socket\n",
        tw_command_reload},
    {"status", "run", "what a running daemon is doing",
        "status [-c FILE] [--format table|json|csv]\n"
        "  -c FILE       the daemon's configuration, which names its control socket\n",
        tw_command_status},
    {"replay", "data", "an archive to a topic, at its own pace times --speed",
        "replay ARCHIVE --topic NAME [-c FILE | --brokers LIST] [OPTION]...\n"
        "  ARCHIVE            JSON Lines, plain, gz or zst; - is standard input (or --archive ARCHIVE)\n"
        "  --topic NAME       where to; --partitions N makes it, kept for ever\n"
        "  -c FILE            the configuration: brokers, field names, lateness\n"
        "  --brokers LIST     host:port,... in place of its bootstrap.servers\n"
        "  --speed X          times its own pace (1), or max\n"
        "  --at-most N        documents a second at most\n"
        "  --repeat N         each document N times; --distinct-ids gives each copy an id of its own\n"
        "  --key WHAT         id, symbol or none: what chooses the partition (none: in turn)\n"
        "  --into-live        write even if a daemon reads the topic now\n"
        "  --format FORM      table, json or csv\n",
        tw_command_replay},
    {"deadletters", "data", "records that could not be used: list them, show one, put them back",
        "deadletters list [-c FILE] [--topic NAME] [--limit N] [--format table|json|csv]\n"
        "       tapewatch deadletters show [-c FILE] [--raw] TOPIC PARTITION OFFSET\n"
        "       tapewatch deadletters requeue [-c FILE] [--topic NAME | TOPIC PARTITION OFFSET]\n"
        "  -c FILE       the configuration (default /etc/tapewatch/tapewatch.yaml)\n"
        "  --topic NAME  of this topic only\n"
        "  --limit N     the newest N (100)\n"
        "  --raw         the record's value alone, byte by byte\n"
        "  requeue       puts records back into their topic: one, or all that were not put back yet\n",
        tw_command_deadletters},
    {"reset", "data", "stored offsets moved by hand",
        "reset --topic NAME [--partition N] (--to-offset N | --to-beginning | --to-end | --to-time TIME) (--dry-run | --execute)\n"
        "  -c FILE         the configuration (default /etc/tapewatch/tapewatch.yaml)\n"
        "  --topic NAME    whose offsets; without --partition those of all its partitions\n"
        "  --to-offset N   read on from there; needs --partition\n"
        "  --to-beginning  read all of it again: what is stored already is compared, not stored twice\n"
        "  --to-end        read only what comes from now on\n"
        "  --to-time TIME  read on from the first record with a Kafka stamp of that time (2026-11-24T06:00:00Z) or later\n"
        "  --force         partitions that a live daemon holds, too: it takes them again there, and that is waited for\n"
        "  --dry-run       show what would be done\n"
        "  --execute       do it\n"
        "  --format FORM   table, json or csv\n",
        tw_command_reset},
    {"classify", "models", "label texts: one JSON object a line",
        "classify [-m FOLDER] [-c FILE] [-o PATH] [OPTION]... [FILE]\n"
        "  FILE              texts or JSON records, one a line, plain, gzip or zstd (default: standard input)\n"
        "  -m FOLDER         the model, a Hugging Face folder\n"
        "  -c FILE           the configuration (default /etc/tapewatch/tapewatch.yaml, if it is there)\n"
        "  -o PATH           write there, whole or not at all (default: standard output)\n"
        "  --input FORM      auto, text or json\n"
        "  --entities FILE   entities to link (default: link.entities)\n"
        "  --labels A,B,C    labels in the model's order, for one that does not name them\n"
        "  --logits          print logits too\n"
        "  --raw             take texts as they are, without cleaning\n"
        "  --max-tokens N    cut texts to N tokens (default: model.max_tokens)\n"
        "  --workers N       threads (default: as many as processors)\n"
        "  -v                say which kernels are used and what of config.json is not\n",
        tw_command_classify},
    {"tokenize", "models", "texts to token ids: one JSON array a line",
        "tokenize [-m FOLDER] [-c FILE] [-o PATH] [OPTION]... [FILE]\n"
        "  FILE              texts or JSON records (a second text under pair), one a line (default: standard input)\n"
        "  -m FOLDER         the model; only its tokenizer's files are needed\n"
        "  -c FILE           the configuration (default /etc/tapewatch/tapewatch.yaml, if it is there)\n"
        "  -o PATH           write there, whole or not at all (default: standard output)\n"
        "  --input FORM      auto, text or json\n"
        "  --max-tokens N    cut to N tokens, 0: never (default: what the model reads)\n"
        "  --workers N       threads (default: as many as processors)\n",
        tw_command_tokenize},
    {"evaluate", "models", "compare predictions with labels",
        "evaluate [-m FOLDER] [-c FILE] [-o PATH] [OPTION]... [FILE]\n"
        "  FILE              JSON records with label, or entities: [{name, label}], one a line\n"
        "  -m FOLDER         the model, a Hugging Face folder\n"
        "  -c FILE           the configuration (default /etc/tapewatch/tapewatch.yaml, if it is there)\n"
        "  -o PATH           write there, whole or not at all (default: standard output)\n"
        "  --format FORM     table, json or csv\n"
        "  --report PATH     a page of HTML too: confusion, reliability, slices, learning curves, worst errors\n"
        "  --worst N         errors that the page shows, of texts and of entities (20)\n"
        "  --held-back X     measure only texts that finetune --validation-share X held back\n"
        "  --input FORM      auto, text or json\n"
        "  --entities FILE   entities to link (default: link.entities)\n"
        "  --labels A,B,C    labels in the model's order, for one that does not name them\n"
        "  --raw             take texts as they are, without cleaning\n"
        "  --max-tokens N    cut texts to N tokens (default: model.max_tokens)\n"
        "  --workers N       threads (default: as many as processors)\n"
        "  -v                say which kernels are used and what of config.json is not\n",
        tw_command_evaluate},
    {"bench", "models", "how fast a model classifies a file on this machine",
        "bench [-m FOLDER] [-c FILE] [OPTION]... FILE\n"
        "  FILE              texts or JSON records, as for classify\n"
        "  -m FOLDER         the model, a Hugging Face folder\n"
        "  -c FILE           the configuration (default /etc/tapewatch/tapewatch.yaml, if it is there)\n"
        "  --workers N       threads (default: as many as processors); a row for 1, a row for N\n"
        "  --max-tokens N    cut texts to N tokens (default: model.max_tokens)\n",
        tw_command_bench},
    {"pretrain", "make",
        "a model of the language from archives or a topic, from scratch or from a base model", NULL,
        tw_command_pretrain},
    {"finetune", "make", "a model of sentiment from a base model and labelled records", NULL,
        tw_command_finetune},
    {"distill", "make", "a small model from a large one", NULL, tw_command_distill},
    {"vocab", "make", "a WordPiece vocabulary from archives, for a model from scratch", NULL,
        tw_command_vocab},
    {"dev", "dev", "a development broker, in memory, and topics for it",
        "dev broker [--address-file FILE] [--partitions N]\n"
        "       tapewatch dev topic NAME --address-file FILE\n"
        "  --address-file FILE   where the broker writes its host:port, whole or not at all\n"
        "  --partitions N        of each topic that dev topic makes (16)\n",
        tw_command_dev},
    {"config", "dev", "show every key with its default, or what a file makes of them",
        "config [-c FILE] [--defaults | --effective | --reference]\n"
        "  -c FILE       the configuration (default /etc/tapewatch/tapewatch.yaml)\n"
        "  --defaults    every key with its default, as a file to start from\n"
        "  --effective   every key with the value it has after FILE\n"
        "  --reference   every key with type, unit, range and prose, as a page\n",
        tw_command_config},
};

const struct tw_command *tw_commands(size_t *count)
{
    *count = sizeof commands / sizeof commands[0];
    return commands;
}

const char *tw_version(void)
{
    return TW_VERSION;
}

/* How many letters two names share in their beginnings, plus one when they end alike: enough to guess a typo. */
static size_t likeness(const char *left, const char *right)
{
    size_t shared = 0;
    while (left[shared] && left[shared] == right[shared])
        shared++;
    size_t left_length = strlen(left);
    size_t right_length = strlen(right);
    if (left_length && right_length && left[left_length - 1] == right[right_length - 1])
        shared++;
    return shared;
}

const struct tw_command *tw_command_find(const char *name, const char **nearest)
{
    size_t count;
    size_t best = 2;
    const struct tw_command *table = tw_commands(&count);
    *nearest = NULL;
    for (size_t at = 0; at < count; at++) {
        if (strcmp(table[at].name, name) == 0)
            return &table[at];
        size_t alike = likeness(table[at].name, name);
        if (alike > best) {
            best = alike;
            *nearest = table[at].name;
        }
    }
    return NULL;
}

int tw_command_usage(const char *command, struct tw_error *err, const char *what, ...)
{
    char text[sizeof err->what];
    char cure[128];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    snprintf(cure, sizeof cure, "tapewatch %s --help tells the options", command);
    tw_fail(err, TW_USAGE, NULL, cure, "%s", text);
    return tw_exit_status(TW_USAGE);
}

int tw_command_failed(const struct tw_error *err)
{
    return tw_exit_status(err->code);
}

bool tw_command_config_load(const char *path, bool may_be_absent, struct tw_arena *arena,
    struct tw_config *config, struct tw_error *err)
{
    struct tw_problems problems;
    struct tw_text text;
    struct tw_error ignored;
    if (!path && may_be_absent && access(TW_CONFIG_PATH, F_OK) != 0)
        return tw_config_defaults(arena, config, err);
    tw_problems_begin(&problems, arena);
    if (tw_config_load(path ? path : TW_CONFIG_PATH, arena, config, &problems, err))
        return true;
    if (problems.count > 0 && tw_problems_render(&problems, arena, &text, &ignored))
        fprintf(stderr, "%.*s", (int)text.length, text.bytes);
    return false;
}

static void type_bytes(char *text, size_t size, size_t *used, const char *bytes, size_t length)
{
    size_t room = size - 1 - *used;
    size_t taken = length < room ? length : room;
    memcpy(text + *used, bytes, taken);
    *used += taken;
    text[*used] = '\0';
}

static bool is_plain(const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+@%";
    return argument[0] && argument[strspn(argument, plain)] == '\0';
}

/* In single quotes; a single quote itself leaves them: 'don'\''t'. */
static void type_quoted(char *text, size_t size, size_t *used, const char *argument)
{
    type_bytes(text, size, used, "'", 1);
    for (const char *at = argument; *at; at++)
        type_bytes(text, size, used, *at == '\'' ? "'\\''" : at, *at == '\'' ? 4 : 1);
    type_bytes(text, size, used, "'", 1);
}

void tw_command_typed(int argc, char **argv, char *text, size_t size)
{
    size_t used = 0;
    type_bytes(text, size, &used, "tapewatch", 9);
    for (int at = 0; at < argc; at++) {
        type_bytes(text, size, &used, " ", 1);
        if (is_plain(argv[at]))
            type_bytes(text, size, &used, argv[at], strlen(argv[at]));
        else
            type_quoted(text, size, &used, argv[at]);
    }
}
