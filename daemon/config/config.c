#include "config/config.h"

#include "config/config_print.h"
#include "config/config_rows.h"
#include "config/kafka_names.h"
#include "config/secrets.h"
#include "files/problems.h"
#include "files/yaml_tree.h"
#include "read/decode.h"
#include "timestamps/time_zone.h"
#include "timestamps/time_zones.h"

#include "base/file.h"

#include <stdarg.h>
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

/* A path relative to the folder of the file it stands in, so that a configuration can be moved with its
 * rules. */
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
    case TW_FIELD_SECRETS:
    case TW_FIELD_WEIGHTS:
        return true; /* by read_properties and read_weights */
    }
    return false;
}

/* ---- checks that no single row can make ---- */

struct reading {
    struct tw_config *config;
    const char *file; /* NULL: the defaults */
    struct tw_arena *arena;
    struct tw_problems *problems;
};

static bool check_property(
    const struct tw_config_row *row, const struct tw_yaml_pair *pair, struct tw_problems *problems)
{
    int shown = pair->key->text.length < 100 ? (int)pair->key->text.length : 100;
    const char *cure;
    if (pair->value->kind != TW_YAML_SCALAR)
        return tw_yaml_problem(problems, pair->value, "write one value",
            "the property \"%.*s\" holds a list or a map", shown, pair->key->text.bytes);
    if (row->field == TW_FIELD_PROPERTIES && tw_secret_property(pair->key->text, &cure))
        return tw_yaml_problem(problems, pair->key, cure,
            "\"%.*s\" is a secret and does not belong into this file", shown, pair->key->text.bytes);
    return true;
}

/* Puts the properties that may stand, whatever the others are: the sooner all is known that is wrong. */
static bool read_properties(struct reading *reading, const struct tw_config_row *row,
    const struct tw_yaml_node *node, struct tw_properties *out)
{
    if (node->kind != TW_YAML_MAP)
        return tw_yaml_problem(reading->problems, node, "write name: value pairs below it",
            "%s.%s is not a map", row->section, row->key.name);
    struct tw_property *list = tw_arena_array(reading->arena, node->count + (size_t)1, sizeof *list);
    bool right = list != NULL;
    uint32_t count = 0;
    for (uint32_t at = 0; list && at < node->count; at++) {
        const struct tw_yaml_pair *pair = &node->pairs[at];
        if (!check_property(row, pair, reading->problems)) {
            right = false;
            continue;
        }
        struct tw_text value = pair->value->text;
        list[count].name = string_in(reading->arena, pair->key->text);
        list[count].value = row->field == TW_FIELD_SECRETS ? path_in(reading->arena, reading->file, value)
                                                           : string_in(reading->arena, value);
        if (!list[count].name || !list[count].value)
            return false;
        count++;
    }
    *out = (struct tw_properties){list, list ? count : 0};
    return right;
}

/* A name of sources.weights, held against those before it. */
static bool check_source(
    const struct tw_yaml_node *map, uint32_t nth, struct tw_source_name *names, struct tw_problems *problems)
{
    struct tw_source_fault fault;
    const struct tw_yaml_node *key = map->pairs[nth].key;
    const int shown = key->text.length < 100 ? (int)key->text.length : 100;
    if (!tw_source_name_read(key->text, &names[nth], &fault)) {
        names[nth].length = 0; /* nothing is held against it */
        return tw_yaml_problem(problems, key, fault.cure, "\"%.*s\" %s", shown, key->text.bytes, fault.what);
    }
    for (uint32_t at = 0; at < nth; at++)
        if (names[at].length > 0 && tw_source_name_equal(&names[at], &names[nth])) {
            const struct tw_yaml_node *other = map->pairs[at].key;
            return tw_yaml_problem(problems, key, "write each source once",
                "\"%.*s\" is the same source as \"%.*s\" in line %u", shown, key->text.bytes,
                other->text.length < 100 ? (int)other->text.length : 100, other->text.bytes, other->line);
        }
    return true;
}

/* Names and weights; whatever is wrong with one, the others are looked at. */
static bool read_weights(struct reading *reading, const struct tw_yaml_node *node, struct tw_source_list *out)
{
    static const struct tw_yaml_key weight_key = {
        "weight", TW_YAML_FIXED, 0, TW_SOURCE_WHOLE, NULL, NULL, "of a source"};
    if (node->kind != TW_YAML_MAP)
        return tw_yaml_problem(
            reading->problems, node, "write name: weight pairs below it", "sources.weights is not a map");
    if (node->count > TW_SOURCE_NAMES)
        return tw_yaml_problem(reading->problems, node->pairs[TW_SOURCE_NAMES].key,
            "write beginnings and *, as in \"stocktwits*\"", "sources.weights has more than %d names",
            TW_SOURCE_NAMES);
    struct tw_named_weight *list = tw_arena_array(reading->arena, node->count + (size_t)1, sizeof *list);
    struct tw_source_name *names = tw_arena_array(reading->arena, node->count + (size_t)1, sizeof *names);
    bool right = list && names;
    for (uint32_t at = 0; list && names && at < node->count; at++) {
        const struct tw_yaml_pair *pair = &node->pairs[at];
        struct tw_yaml_value value = {0};
        struct tw_yaml_key key = weight_key;
        list[at].name = key.name = string_in(reading->arena, pair->key->text);
        if (!list[at].name)
            return false;
        right = check_source(node, at, names, reading->problems) && right;
        right = tw_yaml_read_value(pair->value, &key, reading->arena, reading->problems, &value) && right;
        list[at].weight = value.number;
    }
    if (right) {
        out->names = list;
        out->count = node->count;
    }
    return right;
}

static bool check_conninfo(
    const struct tw_yaml_node *node, struct tw_arena *arena, struct tw_problems *problems)
{
    char words[256];
    const char *conninfo = string_in(arena, node->text);
    if (!conninfo)
        return false;
    switch (tw_secret_conninfo(conninfo, words)) {
    case TW_CONNINFO_SECRET:
        return tw_yaml_problem(problems, node, "put it into a file and name that as store.password_file",
            "a password does not belong into this file (libpq's option %s)", words);
    case TW_CONNINFO_UNREADABLE:
        return tw_yaml_problem(
            problems, node, "write it as libpq's connection string or URI", "conninfo: %s", words);
    case TW_CONNINFO_PLAIN:
        break;
    }
    return true;
}

static bool check_address(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    if (!tw_secret_address(node->text))
        return true;
    return tw_yaml_problem(problems, node,
        "leave it out: let the server know this host by its address or network",
        memchr(node->text.bytes, '@', node->text.length) ? "a user or password does not belong into this file"
                                                         : "a query does not belong into this file");
}

/* Bytes of what would be filled in elsewhere, from the mark at `at`: ${HOST}, $(HOST), $HOST, {{ host }}; 0
 * for anything else. */
static size_t variable_at(struct tw_text text, size_t at)
{
    static const struct {
        const char *begins, *ends;
    } forms[] = {{"${", "}"}, {"$(", ")"}, {"{{", "}}"}};
    const char *here = text.bytes + at;
    size_t left = text.length - at, name = 1;
    for (size_t form = 0; form < sizeof forms / sizeof forms[0] && left > 2; form++) {
        if (memcmp(here, forms[form].begins, 2) != 0)
            continue;
        const char *end = memmem(here, left, forms[form].ends, strlen(forms[form].ends));
        return end ? (size_t)(end - here) + strlen(forms[form].ends) : 2;
    }
    while (here[0] == '$' && name < left && (tw_text_is_capital(here[name]) || here[name] == '_'))
        name++;
    return name > 2 ? name : 0;
}

/* Whoever writes ${HOST} expects it to be filled in. */
static bool check_variable(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    for (size_t at = 0; at < node->text.length; at++) { /* a list within a list has no text at all */
        char first = node->text.bytes[at];
        size_t bytes = first == '$' || first == '{' ? variable_at(node->text, at) : 0;
        if (bytes > 0)
            return tw_yaml_problem(problems, node,
                "write the value itself, or let what makes this file write it",
                "%.*s stays as it is: variables are not filled in", (int)(bytes < 64 ? bytes : 2),
                node->text.bytes + at);
    }
    return true;
}

static bool check_variables(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    bool right = node->kind != TW_YAML_SCALAR || check_variable(node, problems);
    for (uint32_t at = 0; node->kind == TW_YAML_LIST && at < node->count; at++)
        right = check_variable(node->items[at], problems) && right;
    for (uint32_t at = 0; node->kind == TW_YAML_MAP && at < node->count; at++)
        right = check_variable(node->pairs[at].value, problems) && right;
    return right;
}

/* Each section has a bit; so have the keys of the top together. */
static uint64_t bit_of(const char *section)
{
    uint64_t bit = 1;
    for (size_t at = 0; at < TW_CONFIG_ROWS && strcmp(tw_config_rows[at].section, section) != 0; at++)
        if (tw_config_starts_section(at))
            bit <<= 1;
    return bit;
}

static const struct tw_yaml_node *place_of(
    const struct tw_yaml_node *root, const char *section, const char *key)
{
    const struct tw_yaml_node *map = section[0] ? tw_yaml_find(root, section) : root;
    const struct tw_yaml_node *node = map ? tw_yaml_find(map, key) : NULL;
    return node ? node : map ? map : root;
}

/* What two keys say together. */
static bool refuse(struct tw_config *config, struct tw_problems *problems, const char *section,
    const char *key, const char *cure, const char *what)
{
    config->wrong_sections |= bit_of(section);
    return tw_yaml_problem(problems, place_of(config->root, section, key), cure, "%s", what);
}

static bool is_read(const struct tw_config *config, const char *topic)
{
    for (uint32_t at = 0; at < config->kafka.topics.count; at++)
        if (strcmp(config->kafka.topics.items[at], topic) == 0)
            return true;
    return false;
}

static bool check_together(struct tw_config *config, struct tw_problems *problems)
{
    bool right = true;
    if (config->flow.low_bytes >= config->flow.high_bytes)
        right = refuse(config, problems, "flow", "low", "a quarter of flow.high is a good value",
            "flow.low is not below flow.high");
    if (config->batch.most_bytes > config->flow.high_bytes)
        right = refuse(config, problems, "batch", "most_bytes", "raise flow.high",
            "batch.most_bytes is more than flow.high");
    if (config->model.kind == TW_MODEL_CONSTANT && !config->dev)
        right = refuse(config, problems, "model", "kind",
            "use model.kind: folder, or set dev: true on a machine that serves nobody",
            "the constant model invents its scores");
    if (is_read(config, config->tell.kafka_topic))
        right = refuse(config, problems, "tell", "kafka_topic", "name a topic of its own",
            "alerts would be read as news: kafka.topics has this topic as well");
    return right;
}

/* The zone of times without an offset, read here so that a wrong name is an error of its line. */
static bool load_time_zone(struct tw_config *config, struct tw_arena *arena, struct tw_problems *problems)
{
    struct tw_error why;
    struct tw_time_zone *zone = tw_arena_array(arena, 1, sizeof *zone);
    if (!zone)
        return false;
    if (config->decode->time_zone_name[0] == '\0')
        return true;
    config->decode->clocks.naive = zone;
    return tw_time_zone_load(config->decode->time_zone_name, arena, zone, &why) ||
           refuse(config, problems, "decode", "time_zone", why.cure, why.what);
}

/* A path of names with one dot between, or a JSON Pointer (/payload/after). A step that is no name would look
 * for a member that nobody sends, "" or "payload[0]": every message would be refused. */
static bool check_root(struct tw_config *config, struct tw_problems *problems)
{
    const char *step = config->decode->root;
    const bool pointer = step[0] == '/';
    step += pointer;
    size_t left = strlen(step);
    bool right = !pointer || left > 0;
    while (left > 0 && right) {
        size_t length = strcspn(step, pointer ? "/" : ".");
        bool is_foreign = !pointer && (strcspn(step, "/[]>") < length ||
                                          (length == 1 && step[0] == '$')); /* JSONPath's, jq's, SQL's */
        right = length > 0 && step[0] != ' ' && step[length - 1] != ' ' && !is_foreign && length + 1 != left;
        step += length < left ? length + 1 : left;
        left -= length < left ? length + 1 : left;
    }
    return right || refuse(config, problems, "decode", "root",
                        "write the names with one dot between them, as payload.after; or /payload/after",
                        "decode.root has a step that is no name");
}

/* ---- reading ---- */

static bool read_row(
    struct reading *reading, const struct tw_config_row *row, const struct tw_yaml_value *value)
{
    bool is_conninfo =
        row->owner == TW_OWNER_CONFIG && row->offset == offsetof(struct tw_config, store.conninfo);
    bool is_address =
        row->owner == TW_OWNER_CONFIG && row->offset == offsetof(struct tw_config, tell.alertmanager);
    bool right = check_variables(value->node, reading->problems);
    if (right && row->owner == TW_OWNER_CONFIG &&
        (row->offset == offsetof(struct tw_config, kafka.topics) ||
            row->offset == offsetof(struct tw_config, tell.kafka_topic)))
        right = tw_kafka_names_topics(value->node, reading->problems);
    if (right && row->owner == TW_OWNER_CONFIG && row->offset == offsetof(struct tw_config, kafka.properties))
        right = tw_kafka_names_brokers(value->node, reading->problems);
    if (row->field == TW_FIELD_PROPERTIES || row->field == TW_FIELD_SECRETS)
        right = read_properties(reading, row, value->node, tw_config_field(reading->config, row)) && right;
    else if (row->field == TW_FIELD_WEIGHTS)
        right = read_weights(reading, value->node, tw_config_field(reading->config, row)) && right;
    else if (is_conninfo)
        right = check_conninfo(value->node, reading->arena, reading->problems) && right;
    else if (is_address)
        right = check_address(value->node, reading->problems) && right;
    if (right && put_value(reading->config, row, value, reading->file, reading->arena))
        return true;
    reading->config->wrong_sections |= bit_of(row->section);
    return false;
}

/* Reads the keys of one section from `map`; what it does not give stays as it was. */
static bool read_section(struct reading *reading, size_t first, const struct tw_yaml_node *map)
{
    struct tw_yaml_key keys[MOST_KEYS];
    struct tw_yaml_value values[MOST_KEYS];
    const char *section = tw_config_rows[first].section;
    size_t count = tw_config_section_end(first) - first;
    for (size_t at = 0; at < count; at++)
        keys[at] = tw_config_rows[first + at].key;
    memset(values, 0, sizeof values);
    bool right = tw_yaml_read_map(map, keys, count, section, reading->arena, reading->problems, values);
    if (!right)
        reading->config->wrong_sections |= bit_of(section);
    for (size_t at = 0; at < count; at++)
        if (values[at].node && values[at].has_value)
            right = read_row(reading, &tw_config_rows[first + at], &values[at]) && right;
    return right;
}

/* A section whose keys are all commented out: YAML makes an empty scalar of it. */
static bool says_nothing(const struct tw_yaml_node *node)
{
    return node->kind == TW_YAML_SCALAR && !node->quoted && node->text.length == 0;
}

/* One key of the top: a section, or a value of its own. */
static bool read_top(struct reading *reading, size_t first, const struct tw_yaml_value *value)
{
    const struct tw_config_row *row = &tw_config_rows[first];
    if (!value->node)
        return true;
    if (!value->has_value) { /* told already: misspelt, or no value */
        reading->config->wrong_sections |= bit_of(row->section);
        return false;
    }
    if (row->section[0] == '\0')
        return read_row(reading, row, value);
    if (value->node->kind == TW_YAML_MAP)
        return read_section(reading, first, value->node);
    reading->config->wrong_sections |= bit_of(row->section);
    return tw_yaml_problem(reading->problems, value->node, "write its keys below it",
        "%s is a section, not a value", row->section);
}

static bool is_section(struct tw_text name)
{
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++)
        if (name.length > 0 && tw_text_equal(name, tw_text_of(tw_config_rows[at].section)))
            return true;
    return false;
}

/* The map without sections that say nothing. */
static bool drop_empty_sections(
    const struct tw_yaml_node *root, struct tw_arena *arena, struct tw_yaml_node *out)
{
    struct tw_yaml_pair *pairs = tw_arena_array(arena, root->count + (size_t)1, sizeof *pairs);
    if (!pairs)
        return false;
    *out = *root;
    out->pairs = pairs;
    out->count = 0;
    for (uint32_t at = 0; at < root->count; at++)
        if (!says_nothing(root->pairs[at].value) || !is_section(root->pairs[at].key->text))
            pairs[out->count++] = root->pairs[at];
    return true;
}

/* Top keys: the sections, each a map, and the keys of section "". */
static bool read_root(struct reading *reading, const struct tw_yaml_node *root)
{
    struct tw_yaml_key keys[TW_CONFIG_ROWS];
    struct tw_yaml_value values[TW_CONFIG_ROWS];
    struct tw_yaml_node full;
    size_t firsts[TW_CONFIG_ROWS];
    size_t count = 0;
    memset(values, 0, sizeof values);
    if (!drop_empty_sections(root, reading->arena, &full))
        return false;
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
    bool right =
        tw_yaml_read_map(&full, keys, count, "the configuration", reading->arena, reading->problems, values);
    for (size_t at = 0; at < count; at++)
        right = read_top(reading, firsts[at], &values[at]) && right;
    return right;
}

/* ---- the doors ---- */

/* A key without default is the empty string, never NULL; a number below all that may be written. */
static void empty_fields(struct tw_config *config)
{
    config->decode->watermark_ahead_us = -1;
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++)
        if (tw_config_rows[at].field == TW_FIELD_STRING || tw_config_rows[at].field == TW_FIELD_PATH)
            *(const char **)tw_config_field(config, &tw_config_rows[at]) = "";
}

/* The zones that a time may name, whatever the file says. */
static bool load_zones(struct tw_config *config, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_time_zones *zones = tw_arena_array(arena, 1, sizeof *zones);
    config->decode->clocks.zones = zones;
    return zones ? tw_time_zones_load(arena, zones, err) : tw_arena_fail(arena, err);
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
    empty_fields(out);
    source->file = "defaults";
    if (!tw_config_standard(arena, &source->bytes, err) || !load_zones(out, arena, err))
        return false;
    tw_problems_begin(&problems, arena);
    struct reading reading = {out, NULL, arena, &problems};
    if (!tw_yaml_load(source, arena, &problems, &root) || !read_root(&reading, root))
        return problems.count ? tw_problems_fail(&problems, err) : tw_arena_fail(arena, err);
    return true;
}

/* Keys without a value that take another one's. */
static void follow_other_keys(struct tw_config *config)
{
    if (config->decode->watermark_ahead_us < 0)
        config->decode->watermark_ahead_us = config->watermark.lateness_us;
}

static bool read_file(struct reading *reading, const struct tw_text_file *source)
{
    struct tw_config *config = reading->config;
    const struct tw_yaml_node *root = NULL;
    bool right = tw_yaml_load(source, reading->arena, reading->problems, &root);
    tw_secrets_hide(source, root, reading->problems);
    config->root = root;
    if (!root) {
        config->wrong_sections = right ? 0 : UINT64_MAX; /* an empty file says nothing wrong */
        return right;
    }
    if (root->kind != TW_YAML_MAP) {
        config->wrong_sections = UINT64_MAX;
        return tw_yaml_problem(
            reading->problems, root, "begin with a section such as kafka:", "not a map of sections");
    }
    right = read_root(reading, root) && right;
    right = load_time_zone(config, reading->arena, reading->problems) && right;
    right = check_root(config, reading->problems) && right;
    return check_together(config, reading->problems) && right;
}

bool tw_config_load(const char *path, struct tw_arena *arena, struct tw_config *out,
    struct tw_problems *problems, struct tw_error *err)
{
    struct tw_text_file *source = tw_arena_array(arena, 1, sizeof *source);
    if (!tw_config_defaults(arena, out, err))
        return false;
    out->path = source ? string_in(arena, tw_text_of(path)) : NULL;
    if (!out->path)
        return tw_arena_fail(arena, err);
    source->file = out->path;
    out->wrong_sections = UINT64_MAX; /* until it is read */
    if (!tw_file_read(path, MOST_FILE_BYTES, arena, &source->bytes, err))
        return false;
    struct reading reading = {out, out->path, arena, problems};
    out->source = source;
    out->wrong_sections = 0;
    bool right = read_file(&reading, source);
    follow_other_keys(out);
    if (problems->count > 0)
        return tw_problems_fail(problems, err);
    return right ? true : tw_arena_fail(arena, err);
}

bool tw_config_section_sound(const struct tw_config *config, const char *section)
{
    return (config->wrong_sections & bit_of(section)) == 0;
}

bool tw_config_problem(const struct tw_config *config, struct tw_problems *problems, const char *section,
    const char *key, const char *property, const char *cure, const char *what, ...)
{
    static const struct tw_text_file defaults = {.file = "defaults"};
    char text[512];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    if (!config->root)
        return tw_problem_add(problems, config->source ? config->source : &defaults, 0, 0, cure, "%s", text);
    tw_secrets_hide(config->source, config->root, problems); /* this list may not know them yet */
    const struct tw_yaml_node *node = place_of(config->root, section, key);
    if (property && node->kind == TW_YAML_MAP)
        for (uint32_t at = 0; at < node->count; at++)
            if (tw_text_equal(node->pairs[at].key->text, tw_text_of(property)))
                return tw_yaml_problem(problems, node->pairs[at].key, cure, "%s", text);
    return tw_yaml_problem(problems, node, cure, "%s", text);
}
