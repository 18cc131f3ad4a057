/* yaml_tree: a YAML file as a tree in which every node knows its line and column, and the reading of its
 * values. (Not yaml.h: that is libyaml's own.)
 *
 *     tw_yaml_load(&source, &arena, &problems, &root)       bytes to nodes; duplicate keys are problems
 *     tw_yaml_read_map(root, keys, key_count, ...)          a table of keys to values, in one call:
 *                                                           unknown keys (with the nearest), missing ones,
 *                                                           types, units, ranges, defaults
 *     tw_yaml_read_value(node, &key, ...)                   the same for one value
 *
 * Every complaint goes to the list of problems (problems.h); readers go on after one, so that all are
 * reported together, and return false when they added any.
 *
 * How values are written:
 *
 *     TW_YAML_TEXT       any scalar that is not empty; least and most are its bytes
 *     TW_YAML_BOOL       true | false                                        number 1 or 0
 *     TW_YAML_COUNT      an integer without a unit                           number
 *     TW_YAML_FIXED      a decimal number of at most 4 places                number in 10,000ths, exact
 *     TW_YAML_PERCENT    50%                                                 number in percent
 *     TW_YAML_DURATION   500us 250ms 10s 5m 1h 7d                            number in microseconds
 *     TW_YAML_SIZE       512B 64KiB 8MiB 1GiB, and kB MB GB (1,000s)         number in bytes
 *     TW_YAML_CHOICE     one of the key's choices                            number = its index; text
 *     TW_YAML_TEXTS      a list of texts, or one text; least and most are how many     texts
 *     TW_YAML_NODE       left to the caller                                  node
 *
 * A number without its unit is refused, also 0; so is a unit where none belongs. There is no nothing: `key:`
 * without a value is a problem.
 *
 * Nodes live in the arena. libyaml's document API does the reading (0.2.5: without recursion); anchors and
 * aliases work, merge keys do not. */
#ifndef TW_YAML_TREE_H
#define TW_YAML_TREE_H

#include "files/problems.h"

#define TW_YAML_MOST_BYTES ((size_t)1 << 20) /* a larger file is refused */

enum tw_yaml_kind { TW_YAML_SCALAR, TW_YAML_LIST, TW_YAML_MAP };

struct tw_yaml_pair;

struct tw_yaml_node {
    const struct tw_text_file *source;
    enum tw_yaml_kind kind;
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
    bool quoted;     /* a scalar in quotes, or a block */
    struct tw_text text;
    const struct tw_yaml_node **items;
    const struct tw_yaml_pair *pairs; /* keys are always scalars */
    uint32_t count;                   /* of items or pairs */
};

struct tw_yaml_pair {
    const struct tw_yaml_node *key;
    const struct tw_yaml_node *value;
};

enum tw_yaml_type {
    TW_YAML_TEXT,
    TW_YAML_BOOL,
    TW_YAML_COUNT,
    TW_YAML_FIXED,
    TW_YAML_PERCENT,
    TW_YAML_DURATION,
    TW_YAML_SIZE,
    TW_YAML_CHOICE,
    TW_YAML_TEXTS,
    TW_YAML_NODE,
};

/* One row of a table of keys. The same row feeds loader, `check` and reference page. */
struct tw_yaml_key {
    const char *name;
    enum tw_yaml_type type;
    int64_t least, most;        /* in the number's unit, both included */
    const char *const *choices; /* for TW_YAML_CHOICE, ended by NULL */
    const char *fallback;       /* default, written as in a file; NULL: the key must be given; "": none */
    const char *prose;          /* one sentence for the reference */
};

struct tw_yaml_value {
    const struct tw_yaml_node *node; /* NULL when the key was not given */
    bool has_value;                  /* given and right, or by default */
    int64_t number;
    struct tw_text text;
    const struct tw_text *texts;
    uint32_t text_count;
};

/* Reads one document. `source` must outlive the nodes. False when it is no YAML, holds more than one
 * document, a key that is no scalar, or a key twice in one map; *root is then NULL unless the tree can still
 * be read. An empty file gives *root = NULL and true. */
TW_MUST_USE bool tw_yaml_load(const struct tw_text_file *source, struct tw_arena *arena,
    struct tw_problems *problems, const struct tw_yaml_node **root);

/* The value of `name` in a map; NULL when it is not there or `map` is no map. */
const struct tw_yaml_node *tw_yaml_find(const struct tw_yaml_node *map, const char *name);

/* Adds a problem at the node. Returns false. */
bool tw_yaml_problem(struct tw_problems *problems, const struct tw_yaml_node *node, const char *cure,
    const char *what, ...) TW_PRINTF(4, 5);

/* Reads `map` by the table into values[key_count]. `of` names the map in messages ("a threshold rule").
 * Values that failed have has_value = false; so has one whose key was misspelt (its node is then set: a key
 * misspelt is not also reported as missing). */
TW_MUST_USE bool tw_yaml_read_map(const struct tw_yaml_node *map, const struct tw_yaml_key *keys,
    size_t key_count, const char *of, struct tw_arena *arena, struct tw_problems *problems,
    struct tw_yaml_value *values);

/* Reads one value by its row. */
TW_MUST_USE bool tw_yaml_read_value(const struct tw_yaml_node *node, const struct tw_yaml_key *key,
    struct tw_arena *arena, struct tw_problems *problems, struct tw_yaml_value *value);

/* A text that was written outside any file (a default, an option of the command line) to its value.
 * On failure *cure and *what are filled. */
TW_MUST_USE bool tw_yaml_parse(const struct tw_yaml_key *key, struct tw_text text,
    struct tw_yaml_value *value, char what[256], char cure[256]);

/* Writes a number as a file would have it, in the largest unit that holds it exactly: "10m", "8MiB", "-3.0",
 * "50%", "true", a choice's name. Returns its length; always NUL-terminated within size. */
size_t tw_yaml_print(const struct tw_yaml_key *key, int64_t number, char *text, size_t size);

/* How values of a type are written, for messages and the reference: "a duration such as 10s, 5m or 1h". */
const char *tw_yaml_type_prose(enum tw_yaml_type type);

#endif
