#include "rules/coverage.h"

#include "names/entities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECTORS = 100, MOST_LISTS = 100, MOST_SUGGESTED = 500 };

static const struct tw_yaml_key list_key = {
    "entities", TW_YAML_TEXTS, 1, TW_RULE_MOST_SYMBOLS, NULL, "all", ""};
enum { SECTOR, WATCH, SYMBOLS, MAP_KEYS };
static const struct tw_yaml_key map_keys[MAP_KEYS] = {
    {"sector", TW_YAML_TEXTS, 1, MOST_SECTORS, NULL, "", "sectors as the entities file names them"},
    {"watch", TW_YAML_TEXTS, 1, MOST_LISTS, NULL, "", "watch lists as watch_add names them"},
    {"symbols", TW_YAML_TEXTS, 0, TW_RULE_MOST_SYMBOLS, NULL, "", "who stood on them, in a stored set"},
};

/* Sorted, each once, in the set's arena. `texts` may be others'. */
static bool take_texts(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_text *texts, uint32_t count, const struct tw_text **taken, uint32_t *taken_count)
{
    struct tw_text *copies = tw_arena_array(reader->arena, count, sizeof *copies);
    if (!copies)
        return tw_rule_no_memory(reader, node);
    for (uint32_t at = 0; at < count; at++) {
        copies[at] = tw_arena_copy(reader->arena, texts[at]);
        if (!copies[at].bytes)
            return tw_rule_no_memory(reader, node);
    }
    if (count > 1)
        qsort(copies, count, sizeof *copies, tw_rule_compare_texts);
    uint32_t kept = 0;
    for (uint32_t at = 0; at < count; at++)
        if (kept == 0 || !tw_text_equal(copies[kept - 1], copies[at]))
            copies[kept++] = copies[at];
    *taken = copies;
    *taken_count = kept;
    return true;
}

static bool take_symbols(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_text *texts, uint32_t count, struct tw_rule *rule)
{
    return take_texts(reader, node, texts, count, &rule->symbols, &rule->symbol_count);
}

/* -- sectors --------------------------------------------------------------------------------------------- */

/* Nobody is of that sector: which one was meant? */
static bool say_unknown(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, struct tw_text sector)
{
    const struct tw_automaton *entities = reader->bounds->entities;
    const char *names[MOST_SUGGESTED];
    char cure[160] = "write it as the file of link.entities does";
    size_t count = 0;
    for (uint32_t at = 0; at < tw_entities_count(entities) && count < MOST_SUGGESTED; at++) {
        struct tw_text name = tw_arena_copy(reader->scratch, tw_entities_at(entities, at)->sector);
        bool repeated = count > 0 && tw_text_equal(tw_text_of(names[count - 1]), name);
        if (name.bytes && name.length > 0 && !repeated)
            names[count++] = name.bytes;
    }
    const char *nearest = tw_nearest(sector, names, count);
    if (nearest)
        snprintf(cure, sizeof cure, "did you mean \"%.100s\"?", nearest);
    return tw_yaml_problem(reader->problems, node, cure, "no entity is of sector \"%.*s\"",
        sector.length < 100 ? (int)sector.length : 100, sector.bytes);
}

static bool sectors_are_known(const struct tw_rule_reader *reader, const struct tw_yaml_value *sectors)
{
    const struct tw_automaton *entities = reader->bounds->entities;
    bool right = true;
    for (uint32_t sector = 0; sector < sectors->text_count; sector++) {
        bool list = sectors->node->kind == TW_YAML_LIST;
        bool known = false;
        for (uint32_t at = 0; at < tw_entities_count(entities) && !known; at++)
            known = tw_text_equal(tw_entities_at(entities, at)->sector, sectors->texts[sector]);
        right = (known || say_unknown(reader, list ? sectors->node->items[sector] : sectors->node,
                              sectors->texts[sector])) &&
                right;
    }
    return right;
}

static bool take_sectors(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *sectors, struct tw_rule *rule)
{
    const struct tw_automaton *entities = reader->bounds->entities;
    uint32_t count = 0, all = tw_entities_count(entities);
    struct tw_text *symbols = tw_arena_array(reader->scratch, all, sizeof *symbols);
    if (!symbols)
        return tw_rule_no_memory(reader, sectors->node);
    for (uint32_t at = 0; at < all; at++) {
        const struct tw_entity *entity = tw_entities_at(entities, at);
        if (tw_text_is_among(entity->sector, sectors->texts, sectors->text_count))
            symbols[count++] = entity->symbol;
    }
    if (count > TW_RULE_MOST_SYMBOLS)
        return tw_yaml_problem(reader->problems, sectors->node, "name fewer sectors, or write `listed`",
            "%u entities are of these sectors, %d are allowed", count, TW_RULE_MOST_SYMBOLS);
    return take_symbols(reader, sectors->node, symbols, count, rule);
}

static bool read_sectors(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *sectors, struct tw_rule *rule)
{
    const struct tw_rule_bounds *bounds = reader->bounds;
    if (bounds && bounds->entities)
        return sectors_are_known(reader, sectors) && take_sectors(reader, sectors, rule);
    if (bounds && bounds->entities_unread)
        return true; /* told already; no set comes of it */
    return tw_yaml_problem(reader->problems, node, "set link.entities to a file whose entities have sectors",
        "a rule for a sector needs the entities file, and link.entities is not set");
}

/* -- watch lists ----------------------------------------------------------------------------------------- */

bool tw_watch_lists_have(const struct tw_watch_lists *lists, struct tw_text list)
{
    for (uint32_t at = 0; at < lists->count; at++)
        if (tw_text_equal(lists->items[at].list, list))
            return true;
    return false;
}

/* The names with a line feed between. */
static bool join_lists(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, struct tw_rule *rule)
{
    size_t length = rule->list_count - 1;
    for (uint32_t at = 0; at < rule->list_count; at++)
        length += rule->lists[at].length;
    char *bytes = tw_arena_take(reader->arena, length);
    if (!bytes)
        return tw_rule_no_memory(reader, node);
    rule->watch = (struct tw_text){bytes, length};
    for (uint32_t at = 0; at < rule->list_count; at++) {
        if (at > 0)
            *bytes++ = '\n';
        memcpy(bytes, rule->lists[at].bytes, rule->lists[at].length);
        bytes += rule->lists[at].length;
    }
    return true;
}

static bool take_watched(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, struct tw_rule *rule)
{
    const struct tw_watch_lists *watched = reader->bounds->watched;
    struct tw_text *symbols = tw_arena_array(reader->scratch, watched->count, sizeof *symbols);
    uint32_t count = 0;
    if (!symbols)
        return tw_rule_no_memory(reader, node);
    for (uint32_t at = 0; at < watched->count; at++)
        if (tw_text_is_among(watched->items[at].list, rule->lists, rule->list_count))
            symbols[count++] = watched->items[at].entity;
    if (count > TW_RULE_MOST_SYMBOLS)
        return tw_yaml_problem(reader->problems, node, "make the lists shorter, or write `listed`",
            "%u entities stand on these watch lists, %d are allowed", count, TW_RULE_MOST_SYMBOLS);
    return take_symbols(reader, node, symbols, count, rule);
}

static bool read_watch(const struct tw_rule_reader *reader, const struct tw_yaml_value *lists,
    const struct tw_yaml_value *symbols, struct tw_rule *rule)
{
    rule->coverage = TW_COVERS_WATCHED;
    if (!tw_rule_items_are_visible(reader, lists, "watch") ||
        !take_texts(reader, lists->node, lists->texts, lists->text_count, &rule->lists, &rule->list_count) ||
        !join_lists(reader, lists->node, rule))
        return false;
    if (symbols->node && reader->bounds)
        return tw_yaml_problem(reader->problems, symbols->node,
            "take it out; SELECT watch_add(list, symbol, reason) puts somebody there",
            "who stands on a watch list is said in the database");
    if (symbols->node)
        return take_symbols(reader, symbols->node, symbols->texts, symbols->text_count, rule);
    return !reader->bounds || !reader->bounds->watched || take_watched(reader, lists->node, rule);
}

/* -- the rest -------------------------------------------------------------------------------------------- */

static bool read_map(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, struct tw_rule *rule)
{
    struct tw_yaml_value values[MAP_KEYS];
    rule->coverage = TW_COVERS_SYMBOLS;
    if (!tw_yaml_read_map(node, map_keys, MAP_KEYS, "entities", reader->scratch, reader->problems, values))
        return false;
    if (!values[SECTOR].node == !values[WATCH].node)
        return tw_yaml_problem(reader->problems, node, "write `{sector: NAME}` or `{watch: NAME}`",
            values[SECTOR].node ? "\"entities\" has both a sector and a watch list"
                                : "\"entities\" has neither a sector nor a watch list");
    return values[WATCH].node ? read_watch(reader, &values[WATCH], &values[SYMBOLS], rule)
                              : read_sectors(reader, node, &values[SECTOR], rule);
}

static bool read_word(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule)
{
    static const char *const words[] = {"all", "listed"};
    if (tw_text_equal(value->texts[0], tw_text_of("all")))
        return true;
    rule->coverage = TW_COVERS_LISTED;
    if (tw_text_equal(value->texts[0], tw_text_of("listed")))
        return true;
    const char *nearest = tw_nearest(value->texts[0], words, 2);
    char cure[64];
    snprintf(cure, sizeof cure,
        nearest ? "did you mean \"%s\"?" : "write all, listed, or a list such as [AAPL, OM]", nearest);
    return tw_yaml_problem(reader->problems, value->node, cure, "\"entities\" cannot be \"%.*s\"",
        value->texts[0].length < 100 ? (int)value->texts[0].length : 100, value->texts[0].bytes);
}

bool tw_coverage_read(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule)
{
    struct tw_yaml_value texts;
    rule->coverage = TW_COVERS_ALL;
    if (!value->node || !value->has_value)
        return true;
    if (value->node->kind == TW_YAML_MAP)
        return read_map(reader, value->node, rule);
    if (!tw_yaml_read_value(value->node, &list_key, reader->scratch, reader->problems, &texts))
        return false;
    if (!tw_rule_items_are_visible(reader, &texts, "entities"))
        return false;
    if (value->node->kind != TW_YAML_LIST)
        return read_word(reader, &texts, rule);
    rule->coverage = TW_COVERS_SYMBOLS;
    return take_symbols(reader, value->node, texts.texts, texts.text_count, rule);
}
