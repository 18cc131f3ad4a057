#include "alert/rules.h"

#include "base/file.h"
#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <utf8proc.h>

enum {
    MOST_RULES = 1000,
    MOST_SYMBOLS = 10000,
    MOST_KEYWORDS = 1000,
    LONGEST_NAME = 100,
};

/* Room for a file of so many bytes, by its densest form: nodes of one byte each (`[[[[`), lists of one letter,
 * every character escaped in the canonical text. Address space only; pages are touched as they are used. */
#define SCRATCH_BYTES(file_bytes) (((size_t)1 << 20) + (file_bytes)*512)
#define SET_BYTES(file_bytes) (((size_t)1 << 20) + (file_bytes)*128)

#define LONGEST_US INT64_C(604800000000) /* 7 days */
#define MOST_SUM INT64_C(10000000000)    /* 1,000,000.0 */
#define MOST_RESOLVE INT64_C(10000000000000)

static const char *const kind_names[] = {"threshold", "headline", NULL};
static const char *const measure_names[] = {"negative_sum", "mean", "count", NULL};
const char *const tw_severity_names[] = {"info", "warning", "critical", NULL};

/* Keys that every kind has, in the same places. */
enum { NAME, KIND, SEVERITY, ENTITIES, QUIET, COMMON_KEYS };
#define COMMON_ROWS(quiet_default)                                                                           \
    {"name", TW_YAML_TEXT, 1, LONGEST_NAME, NULL, NULL,                                                      \
        "names the rule and its alerts; letters, digits, `-`, `_` and `.`; each once in a file"},            \
        {"kind", TW_YAML_CHOICE, 0, 0, kind_names, NULL, "what the rule looks at"},                          \
        {"severity", TW_YAML_CHOICE, 0, 0, tw_severity_names, "warning", "carried by its alerts"},           \
        {"entities", TW_YAML_TEXTS, 1, MOST_SYMBOLS, NULL, "all",                                            \
            "`all`, `listed` (only those of the entities file), or a list of symbols"},                      \
    {                                                                                                        \
        "quiet", TW_YAML_DURATION, TW_BAR_US, LONGEST_US, NULL, quiet_default,                               \
            "event time for which an alert must stay quiet before it is resolved; a multiple of 10s"         \
    }

enum { MEASURE = COMMON_KEYS, WINDOW, BELOW, AT_LEAST, RESOLVE, UPDATE_STEP, THRESHOLD_KEYS };
static const struct tw_yaml_key threshold_keys[] = {
    COMMON_ROWS("30m"),
    {"measure", TW_YAML_CHOICE, 0, 0, measure_names, "negative_sum",
        "what is compared: the sum of negative sentiments, the mean sentiment, or the count of documents"},
    {"window", TW_YAML_DURATION, TW_BAR_US, LONGEST_US, NULL, NULL,
        "event time looked back over from a closed bar's end; a multiple of 10s"},
    {"below", TW_YAML_FIXED, -MOST_SUM, -1, NULL, "",
        "opens when the measure is below this; needed, unless documents are counted"},
    {"at_least", TW_YAML_COUNT, 1, 1000000000, NULL, "1",
        "documents in the window without which it never opens; for `count` the condition itself, and needed"},
    {"resolve", TW_YAML_FIXED, -MOST_RESOLVE, MOST_RESOLVE, NULL, "",
        "quiet is from this value on (`count`: down from it); left out, half of `below`, or of `at_least`"},
    {"update_step", TW_YAML_PERCENT, 1, 1000, NULL, "50%",
        "an open alert is updated when its value is worse than the last one reported by this much"},
};

enum { AT_MOST = COMMON_KEYS, KEYWORDS, HEADLINE_KEYS };
static const struct tw_yaml_key headline_keys[] = {
    COMMON_ROWS("1h"),
    {"at_most", TW_YAML_FIXED, -TW_SENTIMENT_ONE, 0, NULL, "-0.9",
        "speaks for a document whose sentiment for the entity is this or lower"},
    {"keywords", TW_YAML_TEXTS, 1, MOST_KEYWORDS, NULL, "",
        "words of which one must stand in the text, whole, in any case; left out, none is needed"},
};

_Static_assert(sizeof threshold_keys / sizeof threshold_keys[0] == THRESHOLD_KEYS, "a row for each key");
_Static_assert(sizeof headline_keys / sizeof headline_keys[0] == HEADLINE_KEYS, "a row for each key");
enum { MOST_KEYS = THRESHOLD_KEYS };

const struct tw_rule_kind_row tw_rule_kinds[] = {
    [TW_RULE_THRESHOLD] = {"threshold", "many documents: a measure over a window of closed bars",
        threshold_keys, THRESHOLD_KEYS},
    [TW_RULE_HEADLINE] = {"headline", "one document: strongly negative, with a keyword", headline_keys,
        HEADLINE_KEYS},
};
const size_t tw_rule_kind_count = sizeof tw_rule_kinds / sizeof tw_rule_kinds[0];

/* ---- text of rules: characters and words ---- */

/* The character at *at, folded to lower case; what is no UTF-8 reads as U+FFFD, a byte at a time. */
static int32_t folded_character(struct tw_text text, size_t *at)
{
    unsigned char byte = (unsigned char)text.bytes[*at];
    if (byte < 0x80) {
        *at += 1;
        return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
    }
    int32_t character = 0xFFFD;
    utf8proc_ssize_t length = utf8proc_iterate(
        (const utf8proc_uint8_t *)text.bytes + *at, (utf8proc_ssize_t)(text.length - *at), &character);
    *at += length > 0 ? (size_t)length : 1;
    return length > 0 ? utf8proc_tolower(character) : 0xFFFD;
}

/* Letters, digits, and marks that belong to the letter before them. */
static bool is_word_character(int32_t character)
{
    if (character < 0x80)
        return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
               (character >= '0' && character <= '9');
    utf8proc_category_t category = utf8proc_category(character);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* Does `keyword` (folded) stand at `at`, with no letter or digit behind it? */
static bool keyword_stands_at(struct tw_text keyword, struct tw_text text, size_t at)
{
    size_t in_keyword = 0;
    while (in_keyword < keyword.length) {
        if (at >= text.length || folded_character(keyword, &in_keyword) != folded_character(text, &at))
            return false;
    }
    return at >= text.length || !is_word_character(folded_character(text, &at));
}

struct tw_text tw_rule_keyword(const struct tw_rule *rule, struct tw_text text)
{
    uint32_t best = rule->keyword_count;
    bool in_word = false;
    for (size_t at = 0; at < text.length && best > 0;) {
        for (uint32_t keyword = 0; !in_word && keyword < best; keyword++)
            if (keyword_stands_at(rule->keywords[keyword], text, at))
                best = keyword;
        in_word = is_word_character(folded_character(text, &at));
    }
    return best < rule->keyword_count ? rule->keywords[best] : tw_text_of("");
}

/* A copy in lower case; bytes == NULL when the arena is full. */
static struct tw_text folded_copy(struct tw_text text, struct tw_arena *arena)
{
    struct tw_text copy = {NULL, 0};
    size_t bytes;
    if (!tw_size_multiply(text.length, 4, &bytes)) /* a character takes 4 bytes at most, and had 1 at least */
        return copy;
    char *folded = tw_arena_take(arena, bytes);
    if (!folded)
        return copy;
    for (size_t at = 0; at < text.length;)
        copy.length += (size_t)utf8proc_encode_char(
            folded_character(text, &at), (utf8proc_uint8_t *)folded + copy.length);
    copy.bytes = folded;
    return copy;
}

/* ---- reading ---- */

struct reader {
    struct tw_rule_set *set;
    struct tw_rule *rules; /* the set's, while they may still change */
    struct tw_arena *scratch;
    struct tw_problems *problems;
};

static bool no_memory(const struct reader *reader, const struct tw_yaml_node *node)
{
    return tw_yaml_problem(
        reader->problems, node, "make the rules file smaller", "no memory left for this rule");
}

static bool whole_bars(
    const struct reader *reader, const struct tw_yaml_value *value, const struct tw_yaml_key *key)
{
    if (!value->has_value || !value->node || value->number % TW_BAR_US == 0)
        return true;
    char cure[64], near[32];
    tw_yaml_print(key, tw_bar_end(value->number), near, sizeof near);
    snprintf(cure, sizeof cure, "write %s", near);
    return tw_yaml_problem(reader->problems, value->node, cure, "\"%s\" is no multiple of 10s: %.*s",
        key->name, (int)value->node->text.length, value->node->text.bytes);
}

static bool name_is_plain(const struct reader *reader, const struct tw_yaml_value *name)
{
    for (size_t at = 0; at < name->text.length; at++) {
        char byte = name->text.bytes[at];
        if ((unsigned char)byte < 0x80 &&
            (is_word_character(byte) || byte == '-' || byte == '_' || byte == '.'))
            continue;
        return tw_yaml_problem(reader->problems, name->node, "use letters, digits, `-`, `_` and `.`",
            "\"name\" has a character that is not allowed");
    }
    return true;
}

/* Texts of lists may hold anything but control characters, which nobody could see in a message. */
static bool items_are_visible(const struct reader *reader, const struct tw_yaml_value *value, const char *key)
{
    bool right = true;
    for (uint32_t item = 0; item < value->text_count; item++) {
        for (size_t at = 0; at < value->texts[item].length; at++) {
            unsigned char byte = (unsigned char)value->texts[item].bytes[at];
            if (byte >= 0x20 && byte != 0x7F)
                continue;
            right = tw_yaml_problem(reader->problems, value->node, "take it out",
                "item %u of \"%s\" holds a control character", item + 1, key);
            break;
        }
    }
    return right;
}

static int compare_texts(const void *left, const void *right)
{
    return tw_text_compare(*(const struct tw_text *)left, *(const struct tw_text *)right);
}

static bool read_symbols(const struct reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule)
{
    struct tw_text *symbols = tw_arena_array(&reader->set->arena, value->text_count, sizeof *symbols);
    if (!symbols)
        return no_memory(reader, value->node);
    for (uint32_t at = 0; at < value->text_count; at++) {
        symbols[at] = tw_arena_copy(&reader->set->arena, value->texts[at]);
        if (!symbols[at].bytes)
            return no_memory(reader, value->node);
    }
    qsort(symbols, value->text_count, sizeof *symbols, compare_texts);
    uint32_t kept = 0;
    for (uint32_t at = 0; at < value->text_count; at++)
        if (kept == 0 || !tw_text_equal(symbols[kept - 1], symbols[at]))
            symbols[kept++] = symbols[at];
    rule->coverage = TW_COVERS_SYMBOLS;
    rule->symbols = symbols;
    rule->symbol_count = kept;
    return true;
}

static bool read_entities(
    const struct reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule)
{
    static const char *const words[] = {"all", "listed"};
    rule->coverage = TW_COVERS_ALL;
    if (!value->node || !value->has_value)
        return true;
    if (!items_are_visible(reader, value, "entities"))
        return false;
    if (value->node->kind == TW_YAML_LIST)
        return read_symbols(reader, value, rule);
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

static bool read_keywords(
    const struct reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule)
{
    if (!value->has_value)
        return true;
    if (!items_are_visible(reader, value, "keywords"))
        return false;
    struct tw_text *keywords = tw_arena_array(&reader->set->arena, value->text_count, sizeof *keywords);
    if (!keywords)
        return no_memory(reader, value->node);
    for (uint32_t at = 0; at < value->text_count; at++) {
        keywords[at] = folded_copy(value->texts[at], &reader->set->arena);
        if (!keywords[at].bytes)
            return no_memory(reader, value->node);
    }
    rule->keywords = keywords;
    rule->keyword_count = value->text_count;
    return true;
}

static bool read_headline(const struct reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    (void)node;
    rule->at_most = values[AT_MOST].number;
    return read_keywords(reader, &values[KEYWORDS], rule);
}

/* What opens: `below` for sums and means, `at_least` for a count. */
static bool check_condition(
    const struct reader *reader, const struct tw_yaml_node *node, const struct tw_yaml_value *values)
{
    int64_t measure = values[MEASURE].number;
    const struct tw_yaml_value *below = &values[BELOW];
    if (measure == TW_MEASURE_COUNT && !values[AT_LEAST].node)
        return tw_yaml_problem(reader->problems, node, "add `at_least:`, a whole number without a unit",
            "a threshold rule that counts needs \"at_least\"");
    if (measure == TW_MEASURE_COUNT && below->node)
        return tw_yaml_problem(reader->problems, below->node,
            "take it out, or measure negative_sum or mean instead", "a count is never \"below\"");
    if (measure != TW_MEASURE_COUNT && !below->node)
        return tw_yaml_problem(reader->problems, node, "add `below:`, a number of at most 4 decimal places",
            "a threshold rule needs \"below\"");
    if (measure == TW_MEASURE_MEAN && below->has_value && below->number <= -TW_SENTIMENT_ONE)
        return tw_yaml_problem(reader->problems, below->node, "write a value from -0.9999 to -0.0001",
            "no mean can be \"below\" %.*s", (int)below->node->text.length, below->node->text.bytes);
    return true;
}

/* `resolve` must not lie where the condition holds, or an alert could open and be quiet at once. */
static bool read_resolve(const struct reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule)
{
    static const int64_t highest[] = {
        [TW_MEASURE_NEGATIVE_SUM] = 0, [TW_MEASURE_MEAN] = TW_SENTIMENT_ONE, [TW_MEASURE_COUNT] = 0};
    bool counts = rule->measure == TW_MEASURE_COUNT;
    int64_t least = counts ? 0 : rule->below;
    int64_t most = counts ? rule->at_least * TW_SENTIMENT_ONE - 1 : highest[rule->measure];
    rule->resolve =
        value->node ? value->number : (counts ? rule->at_least * TW_SENTIMENT_ONE : rule->below) / 2;
    if (!value->node || (rule->resolve >= least && rule->resolve <= most))
        return true; /* half of the condition's number is always in range */
    char cure[128], from[32], to[32];
    tw_yaml_print(&threshold_keys[RESOLVE], least, from, sizeof from);
    tw_yaml_print(&threshold_keys[RESOLVE], most, to, sizeof to);
    snprintf(cure, sizeof cure, "write a value from %s to %s", from, to);
    return tw_yaml_problem(reader->problems, value->node, cure,
        "\"resolve\" is out of range for this rule: %.*s", (int)value->node->text.length,
        value->node->text.bytes);
}

static bool read_threshold(const struct reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    bool right = whole_bars(reader, &values[WINDOW], &threshold_keys[WINDOW]);
    if (!values[MEASURE].has_value)
        return false;
    right = check_condition(reader, node, values) && right;
    rule->measure = (enum tw_measure)values[MEASURE].number;
    rule->window_us = values[WINDOW].number;
    rule->at_least = values[AT_LEAST].number;
    rule->below = values[BELOW].number;
    rule->step = values[UPDATE_STEP].number;
    /* Without a sound condition there is nothing to hold `resolve` against. */
    bool sound =
        right && values[AT_LEAST].has_value && (rule->measure == TW_MEASURE_COUNT || values[BELOW].has_value);
    bool resolve_read = values[RESOLVE].has_value || !values[RESOLVE].node;
    return sound && resolve_read ? read_resolve(reader, &values[RESOLVE], rule) : right;
}

typedef bool kind_reader(const struct reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule);
static kind_reader *const kind_readers[] = {
    [TW_RULE_THRESHOLD] = read_threshold, [TW_RULE_HEADLINE] = read_headline};

/* Which kind, before all else: it decides which keys there are. */
static bool read_kind(const struct reader *reader, const struct tw_yaml_node *node, size_t *kind)
{
    const struct tw_yaml_key *key = &threshold_keys[KIND];
    struct tw_yaml_value value;
    if (node->kind != TW_YAML_MAP)
        return tw_yaml_problem(
            reader->problems, node, "write its keys, one a line, as `name: value`", "a rule is no map");
    const struct tw_yaml_node *given = tw_yaml_find(node, "kind");
    if (!given)
        return tw_yaml_problem(
            reader->problems, node, "add `kind: threshold` or `kind: headline`", "a rule needs \"kind\"");
    if (!tw_yaml_read_value(given, key, reader->scratch, reader->problems, &value))
        return false;
    *kind = (size_t)value.number;
    return true;
}

static bool read_rule(const struct reader *reader, const struct tw_yaml_node *node, struct tw_rule *rule)
{
    struct tw_yaml_value values[MOST_KEYS];
    size_t kind = 0;
    char of[64];
    if (!read_kind(reader, node, &kind))
        return false;
    const struct tw_rule_kind_row *row = &tw_rule_kinds[kind];
    snprintf(of, sizeof of, "a %s rule", row->name);
    bool right =
        tw_yaml_read_map(node, row->keys, row->key_count, of, reader->scratch, reader->problems, values);
    right = (!values[NAME].has_value || name_is_plain(reader, &values[NAME])) && right;
    right = whole_bars(reader, &values[QUIET], &row->keys[QUIET]) && right;
    right = read_entities(reader, &values[ENTITIES], rule) && right;
    rule->kind = (enum tw_rule_kind)kind;
    rule->severity = (enum tw_severity)values[SEVERITY].number;
    rule->quiet_us = values[QUIET].number;
    right = kind_readers[kind](reader, node, values, rule) && right;
    if (!values[NAME].has_value)
        return false;
    rule->name = tw_arena_copy(&reader->set->arena, values[NAME].text);
    return rule->name.bytes ? right : no_memory(reader, node);
}

/* A name given twice is complained of where it stands the second time. */
static bool name_is_new(
    const struct reader *reader, const struct tw_yaml_node *node, const struct tw_rule *rules, uint32_t at)
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

static bool read_rules(struct reader *reader, const struct tw_yaml_node *list)
{
    if (list->kind != TW_YAML_LIST)
        return tw_yaml_problem(reader->problems, list,
            "write each rule as an item, `- name: ...`; `rules: []` for none", "\"rules\" is no list");
    if (list->count > MOST_RULES)
        return tw_yaml_problem(reader->problems, list, "make do with fewer", "%u rules, %d are allowed",
            list->count, MOST_RULES);
    struct tw_rule *rules = tw_arena_array(&reader->set->arena, list->count, sizeof *rules);
    if (!rules)
        return no_memory(reader, list);
    bool right = true;
    for (uint32_t at = 0; at < list->count; at++) {
        right = read_rule(reader, list->items[at], &rules[at]) && right;
        right = name_is_new(reader, list->items[at], rules, at) && right;
    }
    reader->rules = rules;
    reader->set->count = list->count;
    return right;
}

static bool read_file(struct reader *reader, const struct tw_text_file *source)
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
    return value.has_value ? read_rules(reader, value.node) && right : false;
}

/* ---- canonical text ---- */

/* In double quotes, all but printable ASCII escaped: no reader can see two things in it. */
static void write_quoted(FILE *out, struct tw_text text)
{
    fputc('"', out);
    for (size_t at = 0; at < text.length;) {
        int32_t character = 0xFFFD;
        utf8proc_ssize_t length = utf8proc_iterate(
            (const utf8proc_uint8_t *)text.bytes + at, (utf8proc_ssize_t)(text.length - at), &character);
        at += length > 0 ? (size_t)length : 1;
        if (character == '"' || character == '\\')
            fprintf(out, "\\%c", (char)character);
        else if (character >= 0x20 && character < 0x7F)
            fputc((char)character, out);
        else
            fprintf(out, "\\U%08" PRIX32, (uint32_t)character);
    }
    fputc('"', out);
}

static void write_texts(FILE *out, const char *key, const struct tw_text *texts, uint32_t count)
{
    fprintf(out, "    %s: [", key);
    for (uint32_t at = 0; at < count; at++) {
        fputs(at ? ", " : "", out);
        write_quoted(out, texts[at]);
    }
    fputs("]\n", out);
}

static void write_number(FILE *out, const struct tw_yaml_key *key, int64_t number)
{
    char text[64];
    tw_yaml_print(key, number, text, sizeof text);
    fprintf(out, "    %s: %s\n", key->name, text);
}

static void write_rule(FILE *out, const struct tw_rule *rule)
{
    const struct tw_yaml_key *keys = tw_rule_kinds[rule->kind].keys;
    fputs("  - name: ", out);
    write_quoted(out, rule->name);
    fputc('\n', out);
    write_number(out, &keys[KIND], rule->kind);
    write_number(out, &keys[SEVERITY], rule->severity);
    if (rule->coverage == TW_COVERS_SYMBOLS)
        write_texts(out, "entities", rule->symbols, rule->symbol_count);
    else
        fprintf(out, "    entities: %s\n", rule->coverage == TW_COVERS_ALL ? "all" : "listed");
    write_number(out, &keys[QUIET], rule->quiet_us);
    if (rule->kind == TW_RULE_HEADLINE) {
        write_number(out, &keys[AT_MOST], rule->at_most);
        if (rule->keyword_count > 0)
            write_texts(out, "keywords", rule->keywords, rule->keyword_count);
        return;
    }
    write_number(out, &keys[MEASURE], rule->measure);
    write_number(out, &keys[WINDOW], rule->window_us);
    if (rule->measure != TW_MEASURE_COUNT)
        write_number(out, &keys[BELOW], rule->below);
    write_number(out, &keys[AT_LEAST], rule->at_least);
    write_number(out, &keys[RESOLVE], rule->resolve);
    write_number(out, &keys[UPDATE_STEP], rule->step);
}

/* A stream in memory whose bytes end in an arena. */
struct page {
    FILE *stream;
    char *bytes;
    size_t length;
};

static bool page_begin(struct page *page, struct tw_error *err)
{
    *page = (struct page){0};
    page->stream = open_memstream(&page->bytes, &page->length);
    return page->stream ? true
                        : tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot make a stream in memory");
}

static bool page_end(struct page *page, struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    bool written = fclose(page->stream) == 0 && page->bytes;
    *out = (struct tw_text){NULL, 0};
    if (written)
        *out = tw_arena_copy(arena, (struct tw_text){page->bytes, page->length});
    free(page->bytes);
    if (!written)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot write to memory");
    return out->bytes ? true : tw_arena_fail(arena, err);
}

static int compare_rules(const void *left, const void *right)
{
    return tw_text_compare(((const struct tw_rule *)left)->name, ((const struct tw_rule *)right)->name);
}

static bool finish_set(struct tw_rule_set *set, struct tw_rule *rules, struct tw_error *err)
{
    struct page page;
    if (set->count)
        qsort(rules, set->count, sizeof *rules, compare_rules);
    set->rules = rules;
    if (!page_begin(&page, err))
        return false;
    fputs(set->count ? "rules:\n" : "rules: []\n", page.stream);
    for (uint32_t at = 0; at < set->count; at++) {
        write_rule(page.stream, &rules[at]);
        if (rules[at].kind == TW_RULE_THRESHOLD && rules[at].window_us > set->longest_window_us)
            set->longest_window_us = rules[at].window_us;
    }
    return page_end(&page, &set->arena, &set->canonical, err) &&
           tw_sha256_hex(set->canonical, set->hash, err);
}

/* ---- the set ---- */

/* The set lives in its own arena. */
static struct tw_rule_set *set_new(size_t file_bytes, struct tw_error *err)
{
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, SET_BYTES(file_bytes), err))
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

bool tw_rules_load(const struct tw_text_file *source, struct tw_problems *problems, struct tw_rule_set **set,
    struct tw_error *err)
{
    *set = NULL;
    struct tw_arena scratch;
    /* what is larger is refused by tw_yaml_load, and needs no room */
    size_t file_bytes = source->bytes.length <= TW_YAML_MOST_BYTES ? source->bytes.length : 0;
    if (!tw_arena_begin(&scratch, SCRATCH_BYTES(file_bytes), err))
        return false;
    struct tw_rule_set *made = set_new(file_bytes, err);
    if (!made) {
        tw_arena_end(&scratch);
        return false;
    }
    struct reader reader = {made, NULL, &scratch, problems};
    bool read = read_file(&reader, source);
    tw_arena_end(&scratch);
    if (!read || !reader.rules)
        read = tw_problems_fail(problems, err);
    else
        read = finish_set(made, reader.rules, err);
    if (!read) {
        tw_rules_free(made);
        return false;
    }
    *set = made;
    return true;
}

const struct tw_rule *tw_rules_find(const struct tw_rule_set *set, struct tw_text name)
{
    struct tw_rule wanted = {.name = name};
    if (set->count == 0)
        return NULL;
    return bsearch(&wanted, set->rules, set->count, sizeof *set->rules, compare_rules);
}

bool tw_rule_covers(const struct tw_rule *rule, struct tw_text symbol, bool listed)
{
    if (rule->coverage == TW_COVERS_ALL)
        return true;
    if (rule->coverage == TW_COVERS_LISTED)
        return listed;
    return bsearch(&symbol, rule->symbols, rule->symbol_count, sizeof *rule->symbols, compare_texts);
}

/* ---- the headline rule ---- */

static bool grow(struct tw_headline_list *list, struct tw_arena *arena, struct tw_error *err)
{
    if (list->count < list->capacity)
        return true;
    uint32_t capacity = list->capacity ? list->capacity : 8;
    if (list->capacity && __builtin_mul_overflow(list->capacity, 2, &capacity))
        return tw_arena_fail(arena, err);
    struct tw_headline_row *rows = tw_arena_array(arena, capacity, sizeof *rows);
    if (!rows)
        return tw_arena_fail(arena, err);
    if (list->count)
        memcpy(rows, list->rows, list->count * sizeof *rows);
    list->rows = rows;
    list->capacity = capacity;
    return true;
}

static bool is_negative_enough(const struct tw_rule *rule, const struct tw_score_row *score)
{
    return score->score.sentiment <= rule->at_most && tw_rule_covers(rule, score->symbol, score->listed);
}

/* The text is searched once a rule, and only when a score asks for it. */
static bool speak(const struct tw_rule *rule, struct tw_text text, const struct tw_score_row *scores,
    uint32_t first_score, uint32_t score_count, struct tw_arena *arena, struct tw_headline_list *list,
    struct tw_error *err)
{
    bool searched = false;
    struct tw_text keyword = tw_text_of("");
    for (uint32_t at = first_score; at < first_score + score_count; at++) {
        if (!is_negative_enough(rule, &scores[at]))
            continue;
        if (!searched)
            keyword = tw_rule_keyword(rule, text);
        searched = true;
        if (rule->keyword_count > 0 && keyword.length == 0)
            return true;
        if (!grow(list, arena, err))
            return false;
        list->rows[list->count++] = (struct tw_headline_row){scores[at].document, at, rule->name, keyword};
    }
    return true;
}

bool tw_rules_headline(const struct tw_rule_set *set, const struct tw_document *documents, uint32_t document,
    const struct tw_score_row *scores, uint32_t first_score, uint32_t score_count, struct tw_arena *arena,
    struct tw_headline_list *list, struct tw_error *err)
{
    for (uint32_t at = 0; set && score_count > 0 && at < set->count; at++) {
        const struct tw_rule *rule = &set->rules[at];
        if (rule->kind != TW_RULE_HEADLINE)
            continue;
        if (!speak(rule, documents[document].text, scores, first_score, score_count, arena, list, err))
            return false;
    }
    return true;
}

/* ---- the reference ---- */

static void write_range(FILE *out, const struct tw_yaml_key *key)
{
    char from[64], to[64];
    if (key->type == TW_YAML_CHOICE) {
        for (size_t at = 0; key->choices[at]; at++)
            fprintf(out, "%s`%s`", at ? ", " : "", key->choices[at]);
        return;
    }
    tw_yaml_print(key, key->least, from, sizeof from);
    tw_yaml_print(key, key->most, to, sizeof to);
    const char *unit = key->type == TW_YAML_TEXT ? " bytes" : key->type == TW_YAML_TEXTS ? " items" : "";
    fprintf(out, "%s to %s%s", from, to, unit);
}

static void write_key(FILE *out, const struct tw_yaml_key *key)
{
    fprintf(out, "| `%s` | %s | ", key->name, tw_yaml_type_prose(key->type));
    write_range(out, key);
    if (!key->fallback)
        fputs(" | must be given", out);
    else if (key->fallback[0])
        fprintf(out, " | `%s`", key->fallback);
    else
        fputs(" | none", out);
    fprintf(out, " | %s |\n", key->prose);
}

bool tw_rules_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, err))
        return false;
    for (size_t kind = 0; kind < tw_rule_kind_count; kind++) {
        const struct tw_rule_kind_row *row = &tw_rule_kinds[kind];
        fprintf(page.stream, "%s### `kind: %s`\n\nLooks at %s.\n\n", kind ? "\n" : "", row->name, row->prose);
        fputs("| key | is | range | default | |\n| --- | --- | --- | --- | --- |\n", page.stream);
        for (size_t at = 0; at < row->key_count; at++)
            write_key(page.stream, &row->keys[at]);
    }
    return page_end(&page, arena, out, err);
}
