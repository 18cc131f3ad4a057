#include "audit/gate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "files/yaml_tree.h"

enum { FIXED_ONE = 10000, MOST_LIMIT = 10000000, LIMIT_BYTES = 64 };

enum { VERSION, LIMITS, FILE_KEYS };
static const struct tw_yaml_key file_keys[FILE_KEYS] = {
    [VERSION] = {"version", TW_YAML_COUNT, 1, 1000000, NULL, NULL, "of this file"},
    [LIMITS] = {"limits", TW_YAML_NODE, 0, 0, NULL, NULL, "what a model must keep to"},
};

enum { MEASURE, AT_LEAST, AT_MOST, LIMIT_KEYS };
static const struct tw_yaml_key limit_keys[LIMIT_KEYS] = {
    [MEASURE] = {"measure", TW_YAML_TEXT, 1, TW_AUDIT_NAME_BYTES, NULL, NULL, "which rows, * for any part"},
    [AT_LEAST] = {"at_least", TW_YAML_FIXED, -MOST_LIMIT, MOST_LIMIT, NULL, "", "no less than that"},
    [AT_MOST] = {"at_most", TW_YAML_FIXED, -MOST_LIMIT, MOST_LIMIT, NULL, "", "no more than that"},
};

/* Does `name` answer to a pattern in which * stands for anything? Goes back to the last * only: linear in
 * their product. */
static bool answers(struct tw_text pattern, const char *name)
{
    size_t at = 0, star = SIZE_MAX, resume = 0;
    const size_t length = strlen(name);
    for (size_t in = 0; in < length;) {
        if (at < pattern.length && pattern.bytes[at] == '*') {
            star = at++;
            resume = in;
        } else if (at < pattern.length && pattern.bytes[at] == name[in]) {
            at++;
            in++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            in = ++resume;
        } else {
            return false;
        }
    }
    while (at < pattern.length && pattern.bytes[at] == '*')
        at++;
    return at == pattern.length;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* What a limit is held against. */
static double held_value(const struct tw_audit_row *row)
{
    return ends_with(row->name, ".mean_shift") ? fabs(row->value) : row->value;
}

static bool hold(struct tw_audit_row *row, const struct tw_yaml_value *limit, bool least,
    struct tw_arena *arena, uint32_t *count, struct tw_error *err)
{
    const double wanted = (double)limit->number / FIXED_ONE, value = held_value(row);
    char text[LIMIT_BYTES];
    if (!limit->node || (least ? value >= wanted : value <= wanted))
        return true;
    snprintf(text, sizeof text, "%s %.4g", least ? "at least" : "at most", wanted);
    *count += !row->broken;
    row->broken = tw_arena_copy(arena, tw_text_of(text)).bytes;
    return row->broken ? true : tw_arena_fail(arena, err);
}

static bool read_limit(const struct tw_yaml_node *node, struct tw_arena *arena, struct tw_problems *problems,
    struct tw_audit_rows *rows, uint32_t *count, struct tw_error *err)
{
    struct tw_yaml_value values[LIMIT_KEYS];
    uint32_t answered = 0;
    if (!tw_yaml_read_map(node, limit_keys, LIMIT_KEYS, "a limit", arena, problems, values))
        return true;
    if (!values[AT_LEAST].node && !values[AT_MOST].node)
        tw_yaml_problem(problems, node, "write at_least: or at_most:", "a limit without a number");
    for (uint32_t at = 0; at < rows->count; at++) {
        struct tw_audit_row *row = &rows->items[at];
        if (!answers(values[MEASURE].text, row->name))
            continue;
        answered++;
        if (!hold(row, &values[AT_LEAST], true, arena, count, err) ||
            !hold(row, &values[AT_MOST], false, arena, count, err))
            return false;
    }
    if (answered == 0)
        tw_yaml_problem(problems, values[MEASURE].node, "names are those that audit prints",
            "nothing that was measured is called \"%.*s\"", (int)values[MEASURE].text.length,
            values[MEASURE].text.bytes);
    return true;
}

bool tw_audit_gate(const struct tw_text_file *source, struct tw_problems *problems, struct tw_arena *arena,
    struct tw_audit_rows *rows, uint32_t *count, struct tw_error *err)
{
    const struct tw_yaml_node *root;
    struct tw_yaml_value values[FILE_KEYS];
    *count = 0;
    bool right = tw_yaml_load(source, arena, problems, &root);
    if (right && !root)
        tw_problem_add(problems, source, 0, 0, "write `version: 1` and `limits:`", "holds no limits");
    if (root && tw_yaml_read_map(root, file_keys, FILE_KEYS, "a gate", arena, problems, values)) {
        const struct tw_yaml_node *list = values[LIMITS].node;
        if (list->kind != TW_YAML_LIST || list->count == 0)
            tw_yaml_problem(problems, list, "write its items one a line, `- ...`", "\"limits\" is no list");
        for (uint32_t at = 0; list->kind == TW_YAML_LIST && at < list->count; at++)
            if (!read_limit(list->items[at], arena, problems, rows, count, err))
                return false;
    }
    return problems->count > 0 ? tw_problems_fail(problems, err) : true;
}
