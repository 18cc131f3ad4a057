#include "files/yaml_tree.h"

#include "base/size.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <yaml.h>

enum { MOST_OPEN_BRACKETS = 1000 };

/* ---- bytes to nodes ---- */

static uint32_t from_one(size_t mark)
{
    return mark < UINT32_MAX ? (uint32_t)mark + 1 : UINT32_MAX;
}

/* Where a byte stands, for errors of libyaml's reader, which knows offsets only. */
static void place_of_offset(struct tw_text bytes, size_t offset, uint32_t *line, uint32_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t at = 0; at < offset && at < bytes.length; at++) {
        if (bytes.bytes[at] == '\n') {
            *line += 1;
            *column = 1;
        } else if (((unsigned char)bytes.bytes[at] & 0xC0) != 0x80) {
            *column += 1;
        }
    }
}

/* Does a tab stand in the indentation of this line, counted from 0? */
static bool begins_with_tab(struct tw_text bytes, size_t line)
{
    size_t at = 0;
    for (; line > 0 && at < bytes.length; at++)
        line -= bytes.bytes[at] == '\n';
    while (at < bytes.length && bytes.bytes[at] == ' ')
        at++;
    return at < bytes.length && bytes.bytes[at] == '\t';
}

static bool parser_problem(
    const yaml_parser_t *parser, const struct tw_text_file *source, struct tw_problems *problems)
{
    const char *problem = parser->problem ? parser->problem : "not understood";
    if (parser->error == YAML_MEMORY_ERROR)
        return tw_problem_add(problems, source, 0, 0, NULL, "no memory left to read it");
    if (parser->error == YAML_READER_ERROR) {
        uint32_t line, column;
        place_of_offset(source->bytes, parser->problem_offset, &line, &column);
        return tw_problem_add(
            problems, source, line, column, "write the file in UTF-8", "no YAML: %s", problem);
    }
    const char *context = parser->context ? parser->context : "";
    bool is_tab = begins_with_tab(source->bytes, parser->problem_mark.line);
    return tw_problem_add(problems, source, from_one(parser->problem_mark.line),
        from_one(parser->problem_mark.column),
        is_tab ? "indent by spaces: YAML takes no tab for that"
               : "look at the indentation, the colons and the quotes around here",
        "no YAML: %s%s%s", context, *context ? ": " : "", problem);
}

static bool copy_scalar(const yaml_node_t *from, struct tw_arena *arena, struct tw_yaml_node *node)
{
    node->kind = TW_YAML_SCALAR;
    node->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = tw_arena_copy(
        arena, (struct tw_text){(const char *)from->data.scalar.value, from->data.scalar.length});
    return node->text.bytes;
}

static bool copy_list(
    const yaml_node_t *from, struct tw_yaml_node *nodes, struct tw_arena *arena, struct tw_yaml_node *node)
{
    const yaml_node_item_t *start = from->data.sequence.items.start;
    node->kind = TW_YAML_LIST;
    node->count = (uint32_t)(from->data.sequence.items.top - start);
    node->items = tw_arena_array(arena, node->count, sizeof *node->items);
    for (uint32_t at = 0; node->items && at < node->count; at++)
        node->items[at] = &nodes[start[at] - 1];
    return node->items;
}

static bool copy_map(
    const yaml_node_t *from, struct tw_yaml_node *nodes, struct tw_arena *arena, struct tw_yaml_node *node)
{
    const yaml_node_pair_t *start = from->data.mapping.pairs.start;
    node->kind = TW_YAML_MAP;
    node->count = (uint32_t)(from->data.mapping.pairs.top - start);
    struct tw_yaml_pair *pairs = tw_arena_array(arena, node->count, sizeof *pairs);
    for (uint32_t at = 0; pairs && at < node->count; at++)
        pairs[at] = (struct tw_yaml_pair){&nodes[start[at].key - 1], &nodes[start[at].value - 1]};
    node->pairs = pairs;
    return pairs;
}

/* libyaml numbers nodes from 1 in one array; ours keep the same order, so that children are pointers into
 * it. */
static bool copy_nodes(const yaml_document_t *document, const struct tw_text_file *source,
    struct tw_arena *arena, struct tw_yaml_node **out, size_t *count)
{
    *count = (size_t)(document->nodes.top - document->nodes.start);
    struct tw_yaml_node *nodes = tw_arena_array(arena, *count, sizeof *nodes);
    bool kept = nodes;
    for (size_t at = 0; kept && at < *count; at++) {
        const yaml_node_t *from = &document->nodes.start[at];
        nodes[at].source = source;
        nodes[at].line = from_one(from->start_mark.line);
        nodes[at].column = from_one(from->start_mark.column);
        if (from->type == YAML_SEQUENCE_NODE)
            kept = copy_list(from, nodes, arena, &nodes[at]);
        else if (from->type == YAML_MAPPING_NODE)
            kept = copy_map(from, nodes, arena, &nodes[at]);
        else
            kept = copy_scalar(from, arena, &nodes[at]);
    }
    *out = nodes;
    return kept;
}

static int compare_keys(const void *left, const void *right)
{
    const struct tw_yaml_node *one = *(const struct tw_yaml_node *const *)left;
    const struct tw_yaml_node *other = *(const struct tw_yaml_node *const *)right;
    int order = tw_text_compare(one->text, other->text);
    if (order != 0)
        return order;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    return (one->column > other->column) - (one->column < other->column);
}

/* Keys must be scalars, each once. Sorted, so that a map of many keys costs no square. */
static bool check_keys(const struct tw_yaml_node *map, struct tw_arena *arena, struct tw_problems *problems)
{
    bool right = true;
    const struct tw_yaml_node **keys = tw_arena_array(arena, map->count, sizeof(const struct tw_yaml_node *));
    if (!keys)
        return tw_problem_add(problems, map->source, 0, 0, NULL, "no memory left to read it");
    uint32_t scalars = 0;
    for (uint32_t at = 0; at < map->count; at++) {
        if (map->pairs[at].key->kind == TW_YAML_SCALAR)
            keys[scalars++] = map->pairs[at].key;
        else
            right = tw_yaml_problem(
                problems, map->pairs[at].key, "write `name: value`", "a key must be a single word");
    }
    qsort(keys, scalars, sizeof(const struct tw_yaml_node *), compare_keys);
    for (uint32_t at = 1; at < scalars; at++) {
        if (tw_text_equal(keys[at - 1]->text, keys[at]->text))
            right = tw_yaml_problem(problems, keys[at], "keep one of them",
                "\"%.*s\" stands here twice, first in line %u", (int)keys[at]->text.length,
                keys[at]->text.bytes, keys[at - 1]->line);
    }
    return right;
}

static bool check_all_keys(
    const struct tw_yaml_node *nodes, size_t count, struct tw_arena *arena, struct tw_problems *problems)
{
    bool right = true;
    for (size_t at = 0; at < count; at++)
        if (nodes[at].kind == TW_YAML_MAP && !check_keys(&nodes[at], arena, problems))
            right = false;
    return right;
}

static bool take_document(const yaml_document_t *document, const struct tw_text_file *source,
    struct tw_arena *arena, struct tw_problems *problems, const struct tw_yaml_node **root)
{
    struct tw_yaml_node *nodes;
    size_t count;
    if (document->nodes.top == document->nodes.start)
        return true; /* nothing but comments */
    if (!copy_nodes(document, source, arena, &nodes, &count))
        return tw_problem_add(problems, source, 0, 0, "make the file smaller", "no memory left to read it");
    *root = &nodes[0];
    return check_all_keys(nodes, count, arena, problems);
}

static bool refuse_second_document(
    yaml_parser_t *parser, const struct tw_text_file *source, struct tw_problems *problems)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return parser_problem(parser, source, problems);
    bool second = document.nodes.top != document.nodes.start;
    uint32_t line = from_one(document.start_mark.line);
    yaml_document_delete(&document);
    if (second)
        return tw_problem_add(problems, source, line, 1, "keep one document, without `---` between",
            "a second document begins here");
    return true;
}

/* libyaml takes the square of the time for brackets within brackets (1.4 s for 40,000), so a file of nothing
 * else would hold a reload for minutes. Those in quotes and comments count too: nobody leaves a thousand
 * open. */
static bool brackets_are_few(const struct tw_text_file *source, struct tw_problems *problems)
{
    size_t open = 0;
    for (size_t at = 0; at < source->bytes.length; at++) {
        char byte = source->bytes.bytes[at];
        if (byte == '[' || byte == '{')
            open++;
        else if ((byte == ']' || byte == '}') && open > 0)
            open--;
        if (open <= MOST_OPEN_BRACKETS)
            continue;
        uint32_t line, column;
        place_of_offset(source->bytes, at, &line, &column);
        return tw_problem_add(problems, source, line, column, "close some of them",
            "more than %d brackets are open here", MOST_OPEN_BRACKETS);
    }
    return true;
}

bool tw_yaml_load(const struct tw_text_file *source, struct tw_arena *arena, struct tw_problems *problems,
    const struct tw_yaml_node **root)
{
    *root = NULL;
    if (source->bytes.length > TW_YAML_MOST_BYTES)
        return tw_problem_add(
            problems, source, 0, 0, "make the file smaller", "larger than %zu bytes", TW_YAML_MOST_BYTES);
    if (!brackets_are_few(source, problems))
        return false;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return tw_problem_add(problems, source, 0, 0, NULL, "no memory left to read it");
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->bytes.bytes, source->bytes.length);
    yaml_document_t document;
    bool loaded = yaml_parser_load(&parser, &document);
    bool right = loaded ? take_document(&document, source, arena, problems, root)
                        : parser_problem(&parser, source, problems);
    if (loaded && document.nodes.top != document.nodes.start)
        right = refuse_second_document(&parser, source, problems) && right;
    if (loaded)
        yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return right;
}

const struct tw_yaml_node *tw_yaml_find(const struct tw_yaml_node *map, const char *name)
{
    if (!map || map->kind != TW_YAML_MAP)
        return NULL;
    for (uint32_t at = 0; at < map->count; at++)
        if (tw_text_equal(map->pairs[at].key->text, tw_text_of(name)))
            return map->pairs[at].value;
    return NULL;
}

bool tw_yaml_problem(
    struct tw_problems *problems, const struct tw_yaml_node *node, const char *cure, const char *what, ...)
{
    char whole[512];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(whole, sizeof whole, what, arguments);
    va_end(arguments);
    return tw_problem_add(problems, node->source, node->line, node->column, cure, "%s", whole);
}

/* ---- values ---- */

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit durations[] = {{"d", INT64_C(86400000000)}, {"h", INT64_C(3600000000)},
    {"m", 60000000}, {"s", 1000000}, {"ms", 1000}, {"us", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"GB", 1000000000}, {"MiB", 1 << 20}, {"MB", 1000000},
    {"KiB", 1 << 10}, {"kB", 1000}, {"B", 1}, {NULL, 0}};
static const struct unit percents[] = {{"%", 1}, {NULL, 0}};
static const struct unit unitless[] = {{"", 1}, {NULL, 0}};

struct type_row {
    const char *prose;
    const char *noun;
    const struct unit *units; /* NULL: no number */
    unsigned places;          /* decimal places, each a factor of ten of the value */
};

static const struct type_row types[] = {
    [TW_YAML_TEXT] = {"a text", "text", NULL, 0},
    [TW_YAML_BOOL] = {"true or false", "switch", NULL, 0},
    [TW_YAML_COUNT] = {"a whole number without a unit", "number", unitless, 0},
    [TW_YAML_FIXED] = {"a number of at most 4 decimal places", "number", unitless, 4},
    [TW_YAML_PERCENT] = {"a percentage such as 50%", "percentage", percents, 0},
    [TW_YAML_DURATION] = {"a duration such as 10s, 5m or 1h", "duration", durations, 0},
    [TW_YAML_SIZE] = {"a size such as 512B, 64KiB or 8MiB", "size", sizes, 0},
    [TW_YAML_CHOICE] = {"one of the names listed", "name", NULL, 0},
    [TW_YAML_TEXTS] = {"a list such as [one, two]", "list", NULL, 0},
    [TW_YAML_NODE] = {"a section", "section", NULL, 0},
};

const char *tw_yaml_type_prose(enum tw_yaml_type type)
{
    return types[type].prose;
}

static int64_t power_of_ten(unsigned exponent)
{
    int64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

enum reading { READ, NO_NUMBER, TOO_FINE, TOO_LARGE };

/* An optional sign, digits, and after a point up to `places` more; *rest is what follows. */
static enum reading read_decimal(struct tw_text text, unsigned places, int64_t *number, struct tw_text *rest)
{
    size_t at = 0;
    bool negative = text.length > 0 && text.bytes[0] == '-';
    if (text.length > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+'))
        at++;
    if (at == text.length || !tw_text_is_digit(text.bytes[at]))
        return NO_NUMBER;
    int64_t value = 0;
    unsigned fraction = 0;
    bool large = false, point = false;
    for (; at < text.length; at++) {
        char byte = text.bytes[at];
        if (byte == '.' && !point && at + 1 < text.length && tw_text_is_digit(text.bytes[at + 1])) {
            point = true;
            continue;
        }
        if (!tw_text_is_digit(byte))
            break;
        large |= __builtin_mul_overflow(value, 10, &value);
        large |= __builtin_add_overflow(value, byte - '0', &value);
        fraction += point;
    }
    *rest = (struct tw_text){text.bytes + at, text.length - at};
    if (fraction > places)
        return TOO_FINE;
    large |= __builtin_mul_overflow(value, power_of_ten(places - fraction), &value);
    *number = negative ? -value : value;
    return large ? TOO_LARGE : READ;
}

/* Where a reader of one value says what is wrong. */
struct complaint {
    char *what; /* 256 bytes */
    char *cure; /* 256 bytes */
};

static bool TW_PRINTF(2, 3) complain(struct complaint complaint, const char *what, ...)
{
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(complaint.what, 256, what, arguments);
    va_end(arguments);
    return false;
}

static int shown_length(struct tw_text text)
{
    return text.length < 100 ? (int)text.length : 100;
}

static bool wrong_type(const struct tw_yaml_key *key, struct tw_text text, struct complaint complaint)
{
    snprintf(complaint.cure, 256, "write %s", types[key->type].prose);
    return complain(complaint, "\"%s\" is no %s: \"%.*s\"", key->name, types[key->type].noun,
        shown_length(text), text.bytes);
}

static bool out_of_range(const struct tw_yaml_key *key, struct tw_text text, struct complaint complaint)
{
    char from[64], to[64];
    tw_yaml_print(key, key->least, from, sizeof from);
    tw_yaml_print(key, key->most, to, sizeof to);
    snprintf(complaint.cure, 256, "write a value from %s to %s", from, to);
    return complain(complaint, "\"%s\" is out of range: %.*s", key->name, shown_length(text), text.bytes);
}

static bool wrong_unit(
    const struct tw_yaml_key *key, struct tw_text text, struct tw_text unit, struct complaint complaint)
{
    snprintf(complaint.cure, 256, "write %s", types[key->type].prose);
    if (unit.length == 0)
        return complain(complaint, "\"%s\" is a number without its unit: %.*s", key->name, shown_length(text),
            text.bytes);
    return complain(complaint, "\"%s\" has a unit that does not belong here: \"%.*s\" in \"%.*s\"", key->name,
        shown_length(unit), unit.bytes, shown_length(text), text.bytes);
}

static const struct unit *find_unit(const struct unit *units, struct tw_text name)
{
    for (const struct unit *unit = units; unit->name; unit++)
        if (tw_text_equal(tw_text_of(unit->name), name))
            return unit;
    return NULL;
}

static bool parse_number(const struct tw_yaml_key *key, struct tw_text text, struct tw_yaml_value *value,
    struct complaint complaint)
{
    const struct type_row *type = &types[key->type];
    struct tw_text unit_name;
    int64_t number = 0;
    enum reading reading = read_decimal(text, type->places, &number, &unit_name);
    if (reading == NO_NUMBER)
        return wrong_type(key, text, complaint);
    const struct unit *unit = find_unit(type->units, unit_name);
    if (!unit)
        return wrong_unit(key, text, unit_name, complaint);
    if (reading == TOO_FINE) {
        snprintf(complaint.cure, 256, "write %s",
            type->places ? type->prose : "a whole number, in a smaller unit");
        return complain(
            complaint, "\"%s\" has too many decimal places: %.*s", key->name, shown_length(text), text.bytes);
    }
    if (reading == TOO_LARGE || __builtin_mul_overflow(number, unit->factor, &number) ||
        number < key->least || number > key->most)
        return out_of_range(key, text, complaint);
    value->number = number;
    return true;
}

static bool parse_bool(const struct tw_yaml_key *key, struct tw_text text, struct tw_yaml_value *value,
    struct complaint complaint)
{
    value->number = tw_text_equal(text, tw_text_of("true"));
    if (value->number || tw_text_equal(text, tw_text_of("false")))
        return true;
    snprintf(complaint.cure, 256, "write true or false");
    return complain(
        complaint, "\"%s\" is neither true nor false: \"%.*s\"", key->name, shown_length(text), text.bytes);
}

static bool parse_choice(const struct tw_yaml_key *key, struct tw_text text, struct tw_yaml_value *value,
    struct complaint complaint)
{
    size_t count = 0;
    size_t length = 0;
    for (; key->choices[count]; count++) {
        if (tw_text_equal(tw_text_of(key->choices[count]), text)) {
            value->number = (int64_t)count;
            return true;
        }
        if (length < 200)
            length += (size_t)snprintf(complaint.cure + length, 256 - length, "%s%s",
                count ? ", " : "write one of ", key->choices[count]);
    }
    const char *nearest = tw_nearest(text, key->choices, count);
    if (nearest)
        snprintf(complaint.cure, 256, "did you mean \"%s\"?", nearest);
    return complain(complaint, "\"%s\" cannot be \"%.*s\"", key->name, shown_length(text), text.bytes);
}

static bool parse_text(const struct tw_yaml_key *key, struct tw_text text, struct complaint complaint)
{
    if (text.length > 0 && memchr(text.bytes, 0, text.length)) {
        snprintf(complaint.cure, 256, "take the \\0 out");
        return complain(complaint, "\"%s\" holds a NUL byte", key->name);
    }
    if ((int64_t)text.length >= key->least && (int64_t)text.length <= key->most)
        return true;
    snprintf(complaint.cure, 256, "write %" PRId64 " to %" PRId64 " bytes", key->least, key->most);
    return complain(complaint, "\"%s\" has %zu bytes", key->name, text.length);
}

bool tw_yaml_parse(const struct tw_yaml_key *key, struct tw_text text, struct tw_yaml_value *value,
    char what[256], char cure[256])
{
    struct complaint complaint = {what, cure};
    bool right;
    what[0] = cure[0] = '\0';
    value->text = text;
    if (types[key->type].units)
        right = parse_number(key, text, value, complaint);
    else if (key->type == TW_YAML_BOOL)
        right = parse_bool(key, text, value, complaint);
    else if (key->type == TW_YAML_CHOICE)
        right = parse_choice(key, text, value, complaint);
    else
        right = parse_text(key, text, complaint);
    value->has_value = right;
    return right;
}

static bool scalar_expected(
    struct tw_problems *problems, const struct tw_yaml_node *node, const struct tw_yaml_key *key)
{
    char cure[256];
    snprintf(cure, sizeof cure, "write %s", types[key->type].prose);
    return tw_yaml_problem(
        problems, node, cure, "\"%s\" is a %s", key->name, node->kind == TW_YAML_LIST ? "list" : "map");
}

/* `key:` and `key: ~` say nothing; a text in quotes always says something. */
static bool says_nothing(const struct tw_yaml_node *node)
{
    return node->kind == TW_YAML_SCALAR && !node->quoted &&
           (node->text.length == 0 || tw_text_equal(node->text, tw_text_of("~")) ||
               tw_text_equal(node->text, tw_text_of("null")));
}

static bool read_texts(const struct tw_yaml_node *node, const struct tw_yaml_key *key, struct tw_arena *arena,
    struct tw_problems *problems, struct tw_yaml_value *value)
{
    if (node->kind == TW_YAML_MAP)
        return scalar_expected(problems, node, key);
    const struct tw_yaml_node *const one[] = {node};
    const struct tw_yaml_node *const *items = one;
    uint32_t count = 1;
    if (node->kind == TW_YAML_LIST) {
        items = node->items;
        count = node->count;
    }
    struct tw_text *texts = tw_arena_array(arena, count, sizeof *texts);
    if (!texts)
        return tw_yaml_problem(
            problems, node, "make the list shorter", "no memory left for \"%s\"", key->name);
    bool right = true;
    for (uint32_t at = 0; at < count; at++) {
        texts[at] = items[at]->text;
        if (items[at]->kind != TW_YAML_SCALAR || items[at]->text.length == 0)
            right = tw_yaml_problem(problems, items[at], "write a text, or take the item out",
                "an item of \"%s\" is no text", key->name);
    }
    if (count < key->least || count > key->most) {
        char cure[256];
        snprintf(cure, sizeof cure, "write %" PRId64 " to %" PRId64 " items", key->least, key->most);
        right = tw_yaml_problem(problems, node, cure, "\"%s\" has %u items", key->name, count);
    }
    value->texts = texts;
    value->text_count = count;
    value->has_value = right;
    return right;
}

bool tw_yaml_read_value(const struct tw_yaml_node *node, const struct tw_yaml_key *key,
    struct tw_arena *arena, struct tw_problems *problems, struct tw_yaml_value *value)
{
    *value = (struct tw_yaml_value){.node = node};
    if (says_nothing(node)) {
        char cure[256];
        snprintf(cure, sizeof cure, "write %s, or take the key out", types[key->type].prose);
        return tw_yaml_problem(problems, node, cure, "\"%s\" has no value", key->name);
    }
    if (key->type == TW_YAML_NODE) {
        value->has_value = true;
        return true;
    }
    if (key->type == TW_YAML_TEXTS)
        return read_texts(node, key, arena, problems, value);
    if (node->kind != TW_YAML_SCALAR)
        return scalar_expected(problems, node, key);
    char what[256], cure[256];
    if (tw_yaml_parse(key, node->text, value, what, cure))
        return true;
    return tw_yaml_problem(problems, node, cure, "%s", what);
}

static const struct tw_yaml_key *find_key(
    const struct tw_yaml_key *keys, size_t key_count, struct tw_text name)
{
    for (size_t at = 0; at < key_count; at++)
        if (tw_text_equal(tw_text_of(keys[at].name), name))
            return &keys[at];
    return NULL;
}

/* Complains of a key that is not in the table; returns the row that was probably meant, or NULL. */
static const struct tw_yaml_key *unknown_key(struct tw_problems *problems, const struct tw_yaml_node *node,
    const struct tw_yaml_key *keys, size_t key_count, const char *of, struct tw_arena *arena)
{
    size_t mark = tw_arena_mark(arena);
    const char **names = tw_arena_array(arena, key_count, sizeof(const char *));
    for (size_t at = 0; names && at < key_count; at++)
        names[at] = keys[at].name;
    const char *nearest = names ? tw_nearest(node->text, names, key_count) : NULL;
    tw_arena_rewind(arena, mark);
    char cure[256];
    size_t length =
        (size_t)snprintf(cure, sizeof cure, nearest ? "did you mean \"%s\"?" : "its keys are", nearest);
    for (size_t at = 0; !nearest && at < key_count && length < 200; at++)
        length +=
            (size_t)snprintf(cure + length, sizeof cure - length, "%s%s", at ? ", " : " ", keys[at].name);
    tw_yaml_problem(
        problems, node, cure, "\"%.*s\" is no key of %s", shown_length(node->text), node->text.bytes, of);
    return nearest ? find_key(keys, key_count, tw_text_of(nearest)) : NULL;
}

/* A key that was not given: its default, which is written in the table as it would be in a file. */
static bool fall_back(const struct tw_yaml_node *map, const struct tw_yaml_key *key, const char *of,
    struct tw_problems *problems, struct tw_yaml_value *value)
{
    *value = (struct tw_yaml_value){0};
    if (!key->fallback) {
        char cure[256];
        snprintf(cure, sizeof cure, "add `%s:`, %s", key->name, types[key->type].prose);
        return tw_yaml_problem(problems, map, cure, "%s needs \"%s\"", of, key->name);
    }
    if (key->type == TW_YAML_NODE || key->type == TW_YAML_TEXTS || key->fallback[0] == '\0')
        return true;
    char what[256], cure[256];
    if (tw_yaml_parse(key, tw_text_of(key->fallback), value, what, cure))
        return true;
    return tw_yaml_problem(problems, map, cure, "default of %s", what);
}

static bool read_pair(const struct tw_yaml_pair *pair, const struct tw_yaml_key *keys, size_t key_count,
    const char *of, struct tw_arena *arena, struct tw_problems *problems, struct tw_yaml_value *values)
{
    if (pair->key->kind != TW_YAML_SCALAR)
        return false; /* complained of at load */
    const struct tw_yaml_key *key = find_key(keys, key_count, pair->key->text);
    if (key)
        return tw_yaml_read_value(pair->value, key, arena, problems, &values[key - keys]);
    const struct tw_yaml_key *meant = unknown_key(problems, pair->key, keys, key_count, of, arena);
    /* A key misspelt is not also a key missing: one mistake, one complaint. */
    if (meant && !values[meant - keys].node)
        values[meant - keys].node = pair->value;
    return false;
}

bool tw_yaml_read_map(const struct tw_yaml_node *map, const struct tw_yaml_key *keys, size_t key_count,
    const char *of, struct tw_arena *arena, struct tw_problems *problems, struct tw_yaml_value *values)
{
    bool right = true;
    for (size_t at = 0; at < key_count; at++)
        values[at] = (struct tw_yaml_value){0};
    if (map->kind != TW_YAML_MAP)
        return tw_yaml_problem(
            problems, map, "write its keys, one a line, as `name: value`", "%s is no map", of);
    for (uint32_t at = 0; at < map->count; at++)
        if (!read_pair(&map->pairs[at], keys, key_count, of, arena, problems, values))
            right = false;
    for (size_t at = 0; at < key_count; at++)
        if (!values[at].node && !fall_back(map, &keys[at], of, problems, &values[at]))
            right = false;
    return right;
}

/* ---- printing ---- */

static size_t print_fixed(int64_t number, unsigned places, char *text, size_t size)
{
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint64_t one = (uint64_t)power_of_ten(places);
    int length = snprintf(text, size, "%s%" PRIu64 ".%0*" PRIu64, number < 0 ? "-" : "", magnitude / one,
        (int)places, magnitude % one);
    if (length < 0 || (size_t)length >= size)
        return size ? size - 1 : 0;
    while (text[length - 1] == '0' && text[length - 2] != '.')
        text[--length] = '\0';
    return (size_t)length;
}

size_t tw_yaml_print(const struct tw_yaml_key *key, int64_t number, char *text, size_t size)
{
    const struct type_row *type = &types[key->type];
    int length;
    if (type->places > 0)
        return print_fixed(number, type->places, text, size);
    if (type->units) {
        const struct unit *unit = type->units;
        while (unit->factor > 1 && (number == 0 || number % unit->factor != 0))
            unit++;
        if (number == 0 && type->units == durations)
            unit = find_unit(durations, tw_text_of("s"));
        length = snprintf(text, size, "%" PRId64 "%s", number / unit->factor, unit->name);
    } else if (key->type == TW_YAML_CHOICE) {
        length = snprintf(text, size, "%s", key->choices[number]);
    } else if (key->type == TW_YAML_BOOL) {
        length = snprintf(text, size, "%s", number ? "true" : "false");
    } else {
        length = snprintf(text, size, "%" PRId64, number);
    }
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}
