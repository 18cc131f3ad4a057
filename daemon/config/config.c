#include "config/config.h"

#include "config/config_print.h"
#include "config/config_rows.h"
#include "files/problems.h"
#include "files/yaml_tree.h"
#include "read/decode.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>

enum { MOST_KEYS = 16, MOST_FILE_BYTES = 1 << 20 };

/* ---- values to fields ---- */

static const char *string_in(struct tw_arena *arena, struct tw_text text)
{
    return tw_arena_copy(arena, text).bytes;
}

static bool put_strings(
    const struct tw_yaml_value *value, struct tw_arena *arena, const char *const **items, uint32_t *count)
{
    const char **list = tw_arena_array(arena, value->text_count + 1, sizeof *list);
    if (!list)
        return false;
    for (uint32_t at = 0; at < value->text_count; at++)
        if (!(list[at] = string_in(arena, value->texts[at])))
            return false;
    *items = list;
    *count = value->text_count;
    return true;
}

static bool put_properties(const struct tw_yaml_node *node, struct tw_arena *arena, struct tw_properties *out)
{
    struct tw_property *list = tw_arena_array(arena, node->count + 1, sizeof *list);
    if (!list)
        return false;
    for (uint32_t at = 0; at < node->count; at++) {
        list[at].name = string_in(arena, node->pairs[at].key->text);
        list[at].value = string_in(arena, node->pairs[at].value->text);
        if (!list[at].name || !list[at].value)
            return false;
    }
    out->items = list;
    out->count = node->count;
    return true;
}

/* A path relative to the folder of the file it stands in, so that a configuration can be moved with its rules. */
static const char *path_in(struct tw_arena *arena, const char *file, struct tw_text text)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    bool keeps = text.length == 0 || text.bytes[0] == '/' || !slash;
    if (keeps)
        return string_in(arena, text);
    size_t folder = (size_t)(slash - file) + 1;
    char *joined = tw_arena_take(arena, folder + text.length + 1);
    if (!joined)
        return NULL;
    memcpy(joined, file, folder);
    memcpy(joined + folder, text.bytes, text.length);
    joined[folder + text.length] = '\0';
    return joined;
}

static bool put_value(struct tw_config *config, const struct tw_config_row *row,
    const struct tw_yaml_value *value, const char *file, struct tw_arena *arena)
{
    void *field = tw_config_field(config, row);
    switch (row->field) {
    case TW_FIELD_BOOL:
        *(bool *)field = value->number != 0;
        return true;
    case TW_FIELD_INT:
        *(int64_t *)field = value->number / row->divide;
        return true;
    case TW_FIELD_SIZE:
        *(size_t *)field = (size_t)value->number;
        return true;
    case TW_FIELD_CHOICE:
        *(unsigned *)field =
            (unsigned)value->number; /* what an enum without negative values is (config_rows.c) */
        return true;
    case TW_FIELD_STRING:
        return (*(const char **)field = string_in(arena, value->text)) != NULL;
    case TW_FIELD_PATH:
        return (*(const char **)field = path_in(arena, file, value->text)) != NULL;
    case TW_FIELD_STRINGS: {
        struct tw_strings *strings = field;
        return put_strings(value, arena, &strings->items, &strings->count);
    }
    case TW_FIELD_NAMES: {
        struct tw_name_list *names = field;
        return put_strings(value, arena, &names->names, &names->count);
    }
    case TW_FIELD_PROPERTIES:
        return put_properties(value->node, arena, field);
    }
    return false;
}

/* ---- checks that no single row can make ---- */

/* Properties whose value is a secret: a configuration is read by more people than a password should be. */
static const char *const secret_properties[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password",
    "sasl.oauthbearer.client.secret", "ssl.key.pem"};

static bool is_secret(struct tw_text name)
{
    for (size_t at = 0; at < sizeof secret_properties / sizeof secret_properties[0]; at++)
        if (tw_text_equal(name, tw_text_of(secret_properties[at])))
            return true;
    return false;
}

static bool check_properties(
    const struct tw_config_row *row, const struct tw_yaml_node *node, struct tw_problems *problems)
{
    if (node->kind != TW_YAML_MAP)
        return tw_yaml_problem(problems, node, "write name: value pairs below it", "%s.%s is not a map",
            row->section, row->key.name);
    bool right = true;
    for (uint32_t at = 0; at < node->count; at++) {
        const struct tw_yaml_pair *pair = &node->pairs[at];
        if (pair->value->kind != TW_YAML_SCALAR)
            right = tw_yaml_problem(problems, pair->value, "write one value",
                "the property \"%.*s\" holds a list or a map", (int)pair->key->text.length,
                pair->key->text.bytes);
        else if (strcmp(row->key.name, "properties") == 0 && is_secret(pair->key->text))
            right =
                tw_yaml_problem(problems, pair->key, "put it into a file and name that under kafka.secrets",
                    "\"%.*s\" is a secret and does not belong into this file", (int)pair->key->text.length,
                    pair->key->text.bytes);
    }
    return right;
}

static bool check_conninfo(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    const char *found = memmem(node->text.bytes, node->text.length, "password", strlen("password"));
    if (!found)
        return true;
    return tw_yaml_problem(problems, node, "put it into a file and name that as store.password_file",
        "a password does not belong into this file");
}

static const struct tw_yaml_node *place_of(
    const struct tw_yaml_node *root, const char *section, const char *key)
{
    const struct tw_yaml_node *map = tw_yaml_find(root, section);
    const struct tw_yaml_node *node = map ? tw_yaml_find(map, key) : NULL;
    return node ? node : map ? map : root;
}

static bool check_together(
    const struct tw_config *config, const struct tw_yaml_node *root, struct tw_problems *problems)
{
    bool right = true;
    if (config->flow.low_bytes >= config->flow.high_bytes)
        right = tw_yaml_problem(problems, place_of(root, "flow", "low"),
            "a quarter of flow.high is a good value", "flow.low is not below flow.high");
    if (config->batch.most_bytes > config->flow.high_bytes)
        right = tw_yaml_problem(problems, place_of(root, "batch", "most_bytes"), "raise flow.high",
            "batch.most_bytes is more than flow.high");
    if (config->model.kind == TW_MODEL_CONSTANT && !config->dev)
        right = tw_yaml_problem(problems, place_of(root, "model", "kind"),
            "use model.kind: folder, or set dev: true on a machine that serves nobody",
            "the constant model invents its scores");
    return right;
}

/* ---- reading ---- */

static bool read_row(const struct tw_config_row *row, const struct tw_yaml_value *value, const char *file,
    struct tw_arena *arena, struct tw_problems *problems, struct tw_config *config)
{
    if (row->field == TW_FIELD_PROPERTIES && !check_properties(row, value->node, problems))
        return false;
    if (row->offset == offsetof(struct tw_config, store.conninfo) && row->owner == TW_OWNER_CONFIG &&
        !check_conninfo(value->node, problems))
        return false;
    return put_value(config, row, value, file, arena);
}

/* Reads the keys of one section from `map`; what it does not give stays as it was. */
static bool read_section(size_t first, const struct tw_yaml_node *map, const char *file,
    struct tw_arena *arena, struct tw_problems *problems, struct tw_config *config)
{
    struct tw_yaml_key keys[MOST_KEYS];
    struct tw_yaml_value values[MOST_KEYS];
    char of[64];
    size_t count = tw_config_section_end(first) - first;
    for (size_t at = 0; at < count; at++)
        keys[at] = tw_config_rows[first + at].key;
    memset(values, 0, sizeof values);
    snprintf(of, sizeof of, "%s", tw_config_rows[first].section);
    bool right = tw_yaml_read_map(map, keys, count, of, arena, problems, values);
    for (size_t at = 0; at < count; at++)
        if (values[at].node && values[at].has_value)
            right =
                read_row(&tw_config_rows[first + at], &values[at], file, arena, problems, config) && right;
    return right;
}

/* Top keys: the sections, each a map, and the keys of section "". */
static bool read_root(const struct tw_yaml_node *root, const char *file, struct tw_arena *arena,
    struct tw_problems *problems, struct tw_config *config)
{
    struct tw_yaml_key keys[TW_CONFIG_ROWS];
    struct tw_yaml_value values[TW_CONFIG_ROWS];
    size_t firsts[TW_CONFIG_ROWS];
    size_t count = 0;
    memset(values, 0, sizeof values);
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++) {
        bool top = tw_config_rows[at].section[0] == '\0';
        if (!top && !tw_config_starts_section(at))
            continue;
        firsts[count] = at;
        keys[count] =
            top ? tw_config_rows[at].key
                : (struct tw_yaml_key){tw_config_rows[at].section, TW_YAML_NODE, 0, 0, NULL, "", ""};
        count++;
    }
    bool right = tw_yaml_read_map(root, keys, count, "the configuration", arena, problems, values);
    for (size_t at = 0; at < count; at++) {
        if (!values[at].node || !values[at].has_value)
            continue;
        const struct tw_config_row *row = &tw_config_rows[firsts[at]];
        if (row->section[0] == '\0')
            right = read_row(row, &values[at], file, arena, problems, config) && right;
        else if (values[at].node->kind != TW_YAML_MAP)
            right = tw_yaml_problem(problems, values[at].node, "write its keys below it",
                "%s is a section, not a value", row->section);
        else
            right = read_section(firsts[at], values[at].node, file, arena, problems, config) && right;
    }
    return right;
}

/* ---- the doors ---- */

/* Strings are never NULL: a key without default is the empty string. */
static void empty_strings(struct tw_config *config)
{
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++)
        if (tw_config_rows[at].field == TW_FIELD_STRING || tw_config_rows[at].field == TW_FIELD_PATH)
            *(const char **)tw_config_field(config, &tw_config_rows[at]) = "";
}

bool tw_config_defaults(struct tw_arena *arena, struct tw_config *out, struct tw_error *err)
{
    struct tw_text_file *source = tw_arena_array(arena, 1, sizeof *source);
    struct tw_problems problems;
    const struct tw_yaml_node *root;
    memset(out, 0, sizeof *out);
    out->decode = tw_arena_array(arena, 1, sizeof *out->decode);
    if (!source || !out->decode)
        return tw_arena_fail(arena, err);
    empty_strings(out);
    source->file = "defaults";
    if (!tw_config_standard(arena, &source->bytes, err))
        return false;
    tw_problems_begin(&problems, arena);
    if (!tw_yaml_load(source, arena, &problems, &root) || !read_root(root, NULL, arena, &problems, out))
        return problems.count ? tw_problems_fail(&problems, err) : tw_arena_fail(arena, err);
    return true;
}

bool tw_config_load(const char *path, struct tw_arena *arena, struct tw_config *out,
    struct tw_problems *problems, struct tw_error *err)
{
    struct tw_text_file *source = tw_arena_array(arena, 1, sizeof *source);
    const struct tw_yaml_node *root = NULL;
    if (!tw_config_defaults(arena, out, err))
        return false;
    out->path = source ? string_in(arena, tw_text_of(path)) : NULL;
    if (!out->path)
        return tw_arena_fail(arena, err);
    source->file = out->path;
    if (!tw_file_read(path, MOST_FILE_BYTES, arena, &source->bytes, err))
        return false;
    bool right = tw_yaml_load(source, arena, problems, &root);
    if (root && root->kind != TW_YAML_MAP)
        right =
            tw_yaml_problem(problems, root, "begin with a section such as kafka:", "not a map of sections");
    else if (root)
        right = read_root(root, out->path, arena, problems, out) && right;
    if (root && root->kind == TW_YAML_MAP)
        right = check_together(out, root, problems) && right;
    if (problems->count > 0)
        return tw_problems_fail(problems, err);
    return right ? true : tw_arena_fail(arena, err);
}
