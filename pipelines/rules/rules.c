#include "rules/rules.h"

#include "base/file.h"
#include "rule_kinds/kinds.h"
#include "rules/coverage.h"
#include "rules/rules_text.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_RULES = 1000, PROBLEM_BYTES = 1 << 20 };

/* Room for a file of so many bytes, by its densest form: nodes of one byte each (`[[[[`), lists of one
 * letter, every character escaped in the canonical text. Address space only; pages are touched as they are
 * used. */
#define SCRATCH_BYTES(file_bytes) (((size_t)1 << 20) + (file_bytes)*512)
#define SET_BYTES(file_bytes) (((size_t)1 << 20) + (file_bytes)*128)
/* And for the symbols of sectors and watch lists, which a file does not write. */
#define COVERED_BYTES ((size_t)64 << 20)

/* -- what every rule has --------------------------------------------------------------------------------- */

static bool name_is_plain(const struct tw_rule_reader *reader, const struct tw_yaml_value *name)
{
    for (size_t at = 0; at < name->text.length; at++) {
        char byte = name->text.bytes[at];
        if (tw_text_is_alphanumeric(byte) || byte == '-' || byte == '_' || byte == '.')
            continue;
        return tw_yaml_problem(reader->problems, name->node, "use letters, digits, `-`, `_` and `.`",
            "\"name\" has a character that is not allowed");
    }
    return true;
}

/* "add `kind: threshold` or `kind: headline`" */
static void say_kinds(char *cure, size_t size)
{
    size_t length = (size_t)snprintf(cure, size, "add ");
    for (size_t at = 0; tw_rule_kinds[at] && length < size; at++) {
        const char *before = at == 0 ? "" : tw_rule_kinds[at + 1] ? ", " : " or ";
        length +=
            (size_t)snprintf(cure + length, size - length, "%s`kind: %s`", before, tw_rule_kinds[at]->name);
    }
}

/* Which kind, before all else: it decides which keys there are. NULL when it added a problem. */
static const struct tw_rule_kind *read_kind(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node)
{
    struct tw_yaml_value value;
    char cure[256];
    if (node->kind != TW_YAML_MAP) {
        tw_yaml_problem(
            reader->problems, node, "write its keys, one a line, as `name: value`", "a rule is no map");
        return NULL;
    }
    const struct tw_yaml_node *given = tw_yaml_find(node, "kind");
    if (!given) {
        say_kinds(cure, sizeof cure);
        tw_yaml_problem(reader->problems, node, cure, "a rule needs \"kind\"");
        return NULL;
    }
    const struct tw_yaml_key *key = &tw_rule_kinds[0]->keys[TW_RULE_KIND];
    if (!tw_yaml_read_value(given, key, reader->scratch, reader->problems, &value))
        return NULL;
    return tw_rule_kinds[value.number];
}

static bool read_rule(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, struct tw_rule *rule)
{
    char of[64];
    const struct tw_rule_kind *kind = read_kind(reader, node);
    if (!kind)
        return false;
    struct tw_yaml_value *values = tw_arena_array(reader->scratch, kind->key_count, sizeof *values);
    if (!values)
        return tw_rule_no_memory(reader, node);
    snprintf(of, sizeof of, "a%s %s rule", strchr("aeiou", kind->name[0]) ? "n" : "", kind->name);
    bool right =
        tw_yaml_read_map(node, kind->keys, kind->key_count, of, reader->scratch, reader->problems, values);
    const struct tw_yaml_value *name = &values[TW_RULE_NAME];
    right = (!name->has_value || name_is_plain(reader, name)) && right;
    right = tw_rule_whole_bars(reader, &values[TW_RULE_QUIET], &kind->keys[TW_RULE_QUIET]) && right;
    right = tw_coverage_read(reader, &values[TW_RULE_ENTITIES], rule) && right;
    rule->kind = kind;
    rule->severity = (enum tw_severity)values[TW_RULE_SEVERITY].number;
    rule->quiet_us = values[TW_RULE_QUIET].number;
    right = kind->read(reader, node, values + TW_RULE_COMMON_KEYS, rule) && right;
    if (!name->has_value)
        return false;
    rule->name = tw_arena_copy(reader->arena, name->text);
    return rule->name.bytes ? right : tw_rule_no_memory(reader, node);
}

/* -- the file -------------------------------------------------------------------------------------------- */

/* A name given twice is complained of where it stands the second time. */
static bool name_is_new(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_rule *rules, uint32_t at)
{
    for (uint32_t before = 0; before < at; before++) {
        if (rules[at].name.length == 0 || !tw_text_equal(rules[before].name, rules[at].name))
            continue;
        const struct tw_yaml_node *name = tw_yaml_find(node, "name");
        return tw_yaml_problem(reader->problems, name ? name : node, "give it another name",
            "a second rule is called \"%.*s\"", (int)rules[at].name.length, rules[at].name.bytes);
    }
    return true;
}

/* What rules say of each other; those whose kind is not known say nothing. */
static bool settle_rules(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *list, const struct tw_rule *rules)
{
    bool right = true;
    for (uint32_t at = 0; at < list->count; at++) {
        const struct tw_rule_kind *kind = rules[at].kind;
        if (kind && kind->settle)
            right = kind->settle(reader, list->items[at], &rules[at], rules, list->count) && right;
    }
    return right;
}

/* *rules is NULL unless the list itself was right. */
static bool read_rules(const struct tw_rule_reader *reader, const struct tw_yaml_node *list,
    struct tw_rule **rules, uint32_t *count)
{
    if (list->kind != TW_YAML_LIST)
        return tw_yaml_problem(reader->problems, list,
            "write each rule as an item, `- name: ...`; `rules: []` for none", "\"rules\" is no list");
    if (list->count > MOST_RULES)
        return tw_yaml_problem(reader->problems, list, "make do with fewer", "%u rules, %d are allowed",
            list->count, MOST_RULES);
    *rules = tw_arena_array(reader->arena, list->count, sizeof **rules);
    *count = list->count;
    if (!*rules)
        return tw_rule_no_memory(reader, list);
    bool right = true;
    for (uint32_t at = 0; at < list->count; at++) {
        right = read_rule(reader, list->items[at], &(*rules)[at]) && right;
        right = name_is_new(reader, list->items[at], *rules, at) && right;
    }
    return settle_rules(reader, list, *rules) && right;
}

static bool read_file(const struct tw_rule_reader *reader, const struct tw_text_file *source,
    struct tw_rule **rules, uint32_t *count)
{
    static const struct tw_yaml_key keys[] = {{"rules", TW_YAML_NODE, 0, 0, NULL, NULL, "the list of rules"}};
    const struct tw_yaml_node *root;
    struct tw_yaml_value value;
    bool right = tw_yaml_load(source, reader->scratch, reader->problems, &root);
    if (!root && right)
        return tw_problem_add(reader->problems, source, 0, 0,
            "write `rules:` and a list; `rules: []` for none", "holds no rules");
    if (!root)
        return false;
    right =
        tw_yaml_read_map(root, keys, 1, "a rules file", reader->scratch, reader->problems, &value) && right;
    return value.has_value ? read_rules(reader, value.node, rules, count) && right : false;
}

/* -- the set --------------------------------------------------------------------------------------------- */

static int compare_rules(const void *left, const void *right)
{
    return tw_text_compare(((const struct tw_rule *)left)->name, ((const struct tw_rule *)right)->name);
}

static void note_longest(int64_t *longest_us, int64_t us)
{
    *longest_us = *longest_us < us ? us : *longest_us;
}

static bool finish_set(struct tw_rule_set *set, struct tw_rule *rules, uint32_t count, struct tw_error *err)
{
    if (count)
        qsort(rules, count, sizeof *rules, compare_rules);
    set->rules = rules;
    set->count = count;
    for (uint32_t at = 0; at < count; at++) {
        bool of_others = rules[at].kind->of_others;
        note_longest(of_others ? &set->longest_past_us : &set->longest_window_us, rules[at].window_us);
        note_longest(&set->longest_days_us, rules[at].days_us);
        note_longest(&set->longest_spoken_us, rules[at].spoken_us);
        set->watches = set->watches || rules[at].coverage == TW_COVERS_WATCHED;
    }
    if (!tw_rules_text_canonical(rules, count, &set->arena, &set->canonical, err))
        return false;
    if (set->canonical.length > TW_YAML_MOST_BYTES)
        return tw_fail(err, TW_CONFIG, "rules",
            "name fewer symbols, sectors or watch lists, or write `listed`",
            "written out with all their symbols, the rules take %zu bytes, %zu are allowed",
            set->canonical.length, TW_YAML_MOST_BYTES);
    return tw_sha256_hex(set->canonical, set->hash, err);
}

/* The set lives in its own arena. */
static struct tw_rule_set *set_new(size_t bytes, struct tw_error *err)
{
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, bytes, err))
        return NULL;
    struct tw_rule_set *set = tw_arena_array(&arena, 1, sizeof *set);
    if (!set) {
        tw_arena_fail(&arena, err);
        tw_arena_end(&arena);
        return NULL;
    }
    set->arena = arena;
    return set;
}

void tw_rules_free(struct tw_rule_set *set)
{
    if (!set)
        return;
    struct tw_arena arena = set->arena;
    tw_arena_end(&arena);
}

bool tw_rules_load(const struct tw_text_file *source, const struct tw_rule_bounds *bounds,
    struct tw_problems *problems, struct tw_rule_set **set, struct tw_error *err)
{
    *set = NULL;
    struct tw_arena scratch;
    /* what is larger is refused by tw_yaml_load, and needs no room */
    size_t file_bytes = source->bytes.length <= TW_YAML_MOST_BYTES ? source->bytes.length : 0;
    size_t covered_bytes = bounds && (bounds->entities || bounds->watched) ? COVERED_BYTES : 0;
    if (!tw_arena_begin(&scratch, SCRATCH_BYTES(file_bytes) + covered_bytes, err))
        return false;
    struct tw_rule_set *made = set_new(SET_BYTES(file_bytes) + covered_bytes, err);
    if (!made) {
        tw_arena_end(&scratch);
        return false;
    }
    struct tw_rule_reader reader = {bounds, &made->arena, &scratch, problems};
    struct tw_rule *rules = NULL;
    uint32_t count = 0;
    bool read = read_file(&reader, source, &rules, &count);
    tw_arena_end(&scratch);
    if (!read || !rules)
        read = tw_problems_fail(problems, err);
    else
        read = finish_set(made, rules, count, err);
    if (!read) {
        tw_rules_free(made);
        return false;
    }
    *set = made;
    return true;
}

bool tw_rules_watch(const struct tw_rule_set *rules, const struct tw_watch_lists *watched,
    struct tw_rule_set **set, struct tw_error *err)
{
    const struct tw_text_file source = {"rules", rules->canonical};
    const struct tw_rule_bounds bounds = {
        .entities_unread = true, .events_unread = true, .stories = true, .watched = watched};
    struct tw_problems problems;
    struct tw_arena arena;
    *set = NULL;
    if (!tw_arena_begin(&arena, PROBLEM_BYTES, err))
        return false;
    tw_problems_begin(&problems, &arena);
    bool loaded = tw_rules_load(&source, &bounds, &problems, set, err);
    tw_arena_end(&arena);
    return loaded;
}

const struct tw_rule *tw_rules_find(const struct tw_rule_set *set, struct tw_text name)
{
    struct tw_rule wanted = {.name = name};
    if (set->count == 0)
        return NULL;
    return bsearch(&wanted, set->rules, set->count, sizeof *set->rules, compare_rules);
}

bool tw_rules_speak(const struct tw_rule_set *set, const struct tw_rule_hearing *hearing,
    struct tw_arena *arena, struct tw_headline_list *list, struct tw_error *err)
{
    for (uint32_t at = 0; set && hearing->score_count > 0 && at < set->count; at++) {
        const struct tw_rule *rule = &set->rules[at];
        if (rule->kind->speak && !rule->kind->speak(rule, hearing, arena, list, err))
            return false;
    }
    return true;
}
