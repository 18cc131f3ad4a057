/* option: one row of a command line, and the value that it takes.
 *
 *     static const struct tw_option rows[] = {
 *         {.value = "FILE", TW_INTO_PATHS(struct options, files), .required = true, .help = "records"},
 *         {"topic", 't', "NAME", TW_INTO_TEXT(struct options, topic), .help = "whose records"},
 *         {"limit", 0, "N", TW_INTO_COUNT(struct options, limit), .most = 1000, .fallback = "100",
 *             .help = "the newest N"},
 *         {"raw", 0, NULL, TW_INTO_FLAG(struct options, raw), .help = "bytes as they are"}};
 *
 * A row is an option or, with neither name nor letter, an operand: a word that is no option. It holds all
 * that is known of it: where its value goes and what it may be (arguments.h reads a line by it), what -h says
 * (usage.h), and what a manual page and a shell's completion need: names, the word for the value, its kind,
 * its words to choose from, range, default and one line of help. */
#ifndef TW_OPTION_H
#define TW_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "files/settings.h"

enum tw_option_kind {
    TW_OPTION_FLAG,    /* bool: true when it is given */
    TW_OPTION_TEXT,    /* const char * */
    TW_OPTION_PATH,    /* const char *: a file or a folder */
    TW_OPTION_TEXTS,   /* struct tw_setting_texts: each time adds one; an operand takes all that are left */
    TW_OPTION_PATHS,   /* as TEXTS, of files or folders */
    TW_OPTION_COUNT,   /* int64_t, decimal digits */
    TW_OPTION_DIGITS,  /* const char *: read as COUNT, kept as it was typed, for a parameter of SQL */
    TW_OPTION_REAL,    /* double; least and most are excluded */
    TW_OPTION_TIME,    /* int64_t in microseconds since 1970, RFC 3339 */
    TW_OPTION_CHOICE,  /* an enum: the index of the word in choices */
    TW_OPTION_CUSTOM,  /* what `take` makes of it */
    TW_OPTION_SETTING, /* a row of a table of settings: noted as an assignment (arguments.h) */
    TW_OPTION_ASSIGN   /* KEY=VALUE for that table: likewise */
};

struct tw_option {
    const char *name;  /* without dashes; hyphen and underscore are the same; NULL: none */
    char letter;       /* or 0; 'h' and the name "help" are main's own */
    const char *value; /* the word for its value: FILE, N, NAME; NULL for a flag */
    enum tw_option_kind kind;
    size_t offset;              /* in the command's struct */
    const char *help;           /* one line, lower case, no full stop */
    int64_t least, most;        /* of a number, included (REAL: excluded); most 0: no limit */
    const char *const *choices; /* ended by NULL */
    const char *fallback;       /* as it would be typed; shown by -h; NULL: none */
    const char *group;          /* of the rows with the same word at most one is given */
    const char *needs;          /* the name of an option that must be given too */
    bool required;              /* it must be given; in a group: one of the group */
    const char *wanted;         /* for CUSTOM: "a number above 0, or max" */
    bool (*take)(const char *text, void *place); /* for CUSTOM: false when it is not what is wanted */
    const struct tw_setting *setting;            /* for SETTING */
};

/* Kind and offset of a row; the member must have the kind's type, or it does not compile. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a type takes no parentheses. */
#define TW_INTO(kind_, type, member, ctype)                                                                  \
    .kind = (kind_), .offset = offsetof(type, member) + _Generic(((type *)NULL)->member, ctype : (size_t)0)
/* NOLINTEND(bugprone-macro-parentheses) */
#define TW_INTO_FLAG(type, member) TW_INTO(TW_OPTION_FLAG, type, member, bool)
#define TW_INTO_TEXT(type, member) TW_INTO(TW_OPTION_TEXT, type, member, const char *)
#define TW_INTO_PATH(type, member) TW_INTO(TW_OPTION_PATH, type, member, const char *)
#define TW_INTO_TEXTS(type, member) TW_INTO(TW_OPTION_TEXTS, type, member, struct tw_setting_texts)
#define TW_INTO_PATHS(type, member) TW_INTO(TW_OPTION_PATHS, type, member, struct tw_setting_texts)
#define TW_INTO_COUNT(type, member) TW_INTO(TW_OPTION_COUNT, type, member, int64_t)
#define TW_INTO_DIGITS(type, member) TW_INTO(TW_OPTION_DIGITS, type, member, const char *)
#define TW_INTO_REAL(type, member) TW_INTO(TW_OPTION_REAL, type, member, double)
#define TW_INTO_TIME(type, member) TW_INTO(TW_OPTION_TIME, type, member, int64_t)
#define TW_INTO_CHOICE(type, member, words)                                                                  \
    TW_INTO(TW_OPTION_CHOICE, type, member, unsigned), .choices = (words)
#define TW_INTO_CUSTOM(type, member, setter)                                                                 \
    .kind = TW_OPTION_CUSTOM, .offset = offsetof(type, member), .take = (setter)

/* Where lists are placed; none gets longer than `most`. */
struct tw_option_room {
    struct tw_arena *arena;
    size_t most;
};

/* Puts the value that `text` stands for into the command's struct. False when it is no value of the row
 * (tw_option_wants says what one is), or when the arena is full (its mark tells). Rows of kind SETTING and
 * ASSIGN have no place there: they take nothing. */
bool tw_option_take(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *options);

/* What a value of the row is, in words: "a number from 1 to 1000", "table, json or csv"; empty when any text
 * will do. */
void tw_option_wants(const struct tw_option *row, char *text, size_t size);

enum { TW_OPTION_SPELT = 80 };
/* The row as a reader knows it: --name, -n, or the word of an operand. */
void tw_option_spell(const struct tw_option *row, char text[TW_OPTION_SPELT]);

/* True for a row without name and letter. */
bool tw_option_is_operand(const struct tw_option *row);

/* Words as a sentence has them: "table, json or csv". */
void tw_option_list(const char *const *words, size_t count, char *text, size_t size);

#endif
