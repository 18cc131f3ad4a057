/* settings: the keys of a command that makes a model, from one table.
 *
 * One row is one key: name, type, range, default, prose, and where its value lies in the command's own
 * struct. The table feeds the options of the command line (--weight-decay for weight_decay), `--set
 * key=value`, run.yaml both ways, and -h.
 *
 *     static const struct tw_setting rows[] = {
 *         {"lr", TW_SETTING_REAL, offsetof(struct mine, lr), .least = 0, .most = 1, .fallback = "3e-5",
 *             .prose = "highest learning rate"}, ...};
 *     const struct tw_settings table = {"finetune", rows, sizeof rows / sizeof rows[0]};
 *     tw_settings_defaults(&table, arena, &mine, err);
 *     tw_settings_read(&table, "old/run.yaml", arena, &problems, &mine, err);
 *     tw_settings_set(&table, arena, &mine, "lr", "5e-5", err);
 *     tw_settings_write(&table, &mine, arena, &text, err);        // the bytes of run.yaml
 *
 * Texts are copied into the arena. A value out of its range, an unknown key (the nearest is named), a word
 * that is none of the choices: TW_USAGE from the command line, problems with line and column from a file. */
#ifndef TW_SETTINGS_H
#define TW_SETTINGS_H

#include <stdint.h>

#include "files/problems.h"

enum tw_setting_type {
    TW_SETTING_COUNT,  /* uint64_t */
    TW_SETTING_REAL,   /* double; printed with as few digits as bring it back */
    TW_SETTING_SWITCH, /* bool: true, false; as an option: --name, --no-name */
    TW_SETTING_CHOICE, /* const char *: the choice's own name */
    TW_SETTING_WORDS,  /* unsigned: bit n for choices[n]; written a,b or none */
    TW_SETTING_TEXT,   /* const char *; "" for none */
    TW_SETTING_TEXTS   /* struct tw_setting_texts: a list in the file; each option adds one */
};

struct tw_setting_texts {
    const char **items;
    size_t count;
};

struct tw_setting {
    const char *name; /* lower case with underscores */
    enum tw_setting_type type;
    size_t offset;              /* in the command's struct */
    double least, most;         /* of a number, both included; of a text unused */
    const char *const *choices; /* ended by NULL */
    const char *fallback;       /* as written in a file; "": nothing */
    const char *prose;          /* one line for --help; what the number means */
    char letter;                /* a short option, or 0 */
};

struct tw_settings {
    const char *command;
    const struct tw_setting *rows;
    size_t count;
};

/* Every key's fallback into `values`. TW_FULL. */
TW_MUST_USE bool tw_settings_defaults(
    const struct tw_settings *table, struct tw_arena *arena, void *values, struct tw_error *err);

/* One key from the command line; underscores and hyphens are the same. TEXTS: adds one. */
TW_MUST_USE bool tw_settings_set(const struct tw_settings *table, struct tw_arena *arena, void *values,
    const char *name, const char *text, struct tw_error *err);
/* "key=value". TEXTS: becomes that one. */
TW_MUST_USE bool tw_settings_assign(const struct tw_settings *table, struct tw_arena *arena, void *values,
    const char *assignment, struct tw_error *err);
/* Back to an empty list. */
void tw_settings_clear(const struct tw_settings *table, void *values, const char *name);

/* Keys of a file over what stands in `values`; keys that the file does not have stay. TW_IO, or TW_CONFIG
 * with the first problem. */
TW_MUST_USE bool tw_settings_read(const struct tw_settings *table, const char *path, struct tw_arena *arena,
    void *values, struct tw_error *err);
/* All keys as a YAML file, each with its prose as a comment. */
TW_MUST_USE bool tw_settings_write(const struct tw_settings *table, const void *values,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

/* The row of that name (hyphens allowed), or NULL. */
const struct tw_setting *tw_settings_find(const struct tw_settings *table, const char *name);

#endif
