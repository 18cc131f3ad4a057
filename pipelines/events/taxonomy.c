#include "events/taxonomy.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "events/forms.h"
#include "files/yaml_tree.h"

enum { MOST_PATTERNS = 4000, MOST_SETS = 200, FIXED_ONE = 10000 };

/* Address space; pages are touched as they are used. */
static const size_t set_bytes = (size_t)256 << 20, scratch_bytes = (size_t)512 << 20;

enum { TYPE, POLARITY, SEVERITY, NAMED, PATTERNS, OFF, TURNS, TYPE_KEYS };
static const struct tw_yaml_key type_keys[TYPE_KEYS] = {
    [TYPE] = {"type", TW_YAML_TEXT, 1, 40, NULL, NULL, "its name"},
    [POLARITY] = {"polarity", TW_YAML_FIXED, -FIXED_ONE, FIXED_ONE, NULL, NULL,
        "what it means for the company, -1.0 to 1.0"},
    [SEVERITY] = {"severity", TW_YAML_CHOICE, 0, 0, tw_severity_names, NULL, "how grave it is"},
    [NAMED] = {"named", TW_YAML_BOOL, 0, 0, NULL, "false", "only where the text names somebody"},
    [PATTERNS] = {"patterns", TW_YAML_NODE, 0, 0, NULL, NULL, "words that tell it"},
    [OFF] = {"off", TW_YAML_NODE, 0, 0, NULL, "", "exceptions"},
    [TURNS] = {"turns", TW_YAML_NODE, 0, 0, NULL, "", "exceptions that make it another type"},
};

enum { INTO, WHEN, TURN_KEYS };
static const struct tw_yaml_key turn_keys[TURN_KEYS] = {
    [INTO] = {"into", TW_YAML_TEXT, 1, 40, NULL, NULL, "the type that it becomes"},
    [WHEN] = {"when", TW_YAML_NODE, 0, 0, NULL, NULL, "the exceptions"},
};

enum { VERSION, SETS, NAMES, NOBODY, OPENERS, PERSONS, OTHERS, OFF_ALL, EVENTS, FILE_KEYS };
static const struct tw_yaml_key file_keys[FILE_KEYS] = {
    [VERSION] = {"version", TW_YAML_COUNT, 1, 1000000, NULL, NULL, "of this file's types"},
    [SETS] = {"sets", TW_YAML_NODE, 0, 0, NULL, "", "named sets of words"},
    [NAMES] = {"names", TW_YAML_NODE, 0, 0, NULL, "", "words of companies' names, which no exception means"},
    [NOBODY] = {"nobody", TW_YAML_NODE, 0, 0, NULL, "", "words with a capital that are no company's name"},
    [OPENERS] = {"openers", TW_YAML_NODE, 0, 0, NULL, "", "words that are no name where a sentence begins"},
    [PERSONS] = {"persons", TW_YAML_NODE, 0, 0, NULL, "", "words behind which a person's name stands"},
    [OTHERS] = {"others", TW_YAML_NODE, 0, 0, NULL, "", "words before which a name means somebody else"},
    [OFF_ALL] = {"off", TW_YAML_NODE, 0, 0, NULL, "", "exceptions to every type"},
    [EVENTS] = {"events", TW_YAML_NODE, 0, 0, NULL, NULL, "the types"},
};

/* A loading under way. */
struct loader {
    struct tw_taxonomy *set;
    struct tw_arena *scratch;
    struct tw_problems *problems;
    const struct tw_yaml_node *sets;      /* a map, or NULL */
    struct tw_text items[TW_EVENT_TERMS]; /* by term */
    uint32_t term_count;
    struct tw_error *err; /* set when memory is wanting, else code TW_OK */
};

static bool no_memory(struct loader *loader)
{
    return tw_fail(loader->err, TW_FULL, NULL, "split the file", "events.yaml needs too much memory");
}

static bool is_list(struct loader *loader, const struct tw_yaml_node *node, const char *of)
{
    if (node->kind != TW_YAML_LIST)
        return tw_yaml_problem(
            loader->problems, node, "write its items one a line, `- ...`", "\"%s\" is no list", of);
    if (node->count == 0)
        return tw_yaml_problem(
            loader->problems, node, "write at least one, or leave the key out", "\"%s\" is empty", of);
    return true;
}

/* ---- names ---- */

static bool name_is_plain(struct loader *loader, const struct tw_yaml_value *value)
{
    for (size_t at = 0; at < value->text.length; at++) {
        char byte = value->text.bytes[at];
        if ((byte < 'a' || byte > 'z') && (byte < '0' || byte > '9') && byte != '_')
            return tw_yaml_problem(loader->problems, value->node, "use a-z, 0-9 and _",
                "\"%.*s\" is no type's name", (int)value->text.length, value->text.bytes);
    }
    return true;
}

uint32_t tw_taxonomy_find(const struct tw_taxonomy *taxonomy, struct tw_text name)
{
    for (uint32_t type = 0; type < taxonomy->type_count; type++)
        if (tw_text_equal(taxonomy->types[type].name, name))
            return type;
    return TW_EVENT_ANY_TYPE;
}

/* ---- sets and terms ---- */

/* <number> is no set of the file. */
static bool is_number(struct tw_text name)
{
    return tw_text_equal(name, tw_text_of("number"));
}

/* The words of a named set; NULL when there is none. */
static const struct tw_yaml_node *find_set(const struct loader *loader, struct tw_text name)
{
    for (uint32_t at = 0; loader->sets && at < loader->sets->count; at++)
        if (tw_text_equal(loader->sets->pairs[at].key->text, name))
            return loader->sets->pairs[at].value;
    return NULL;
}

static bool check_sets_exist(struct loader *loader, const struct tw_yaml_node *node, struct tw_text item)
{
    struct tw_text word;
    enum tw_pattern_word stands_for;
    bool right = true;
    for (size_t at = 0; tw_pattern_next_word(item, &at, &word, &stands_for);)
        if (stands_for == TW_PATTERN_SET && !is_number(word) && !find_set(loader, word))
            right = tw_yaml_problem(loader->problems, node, "write it under `sets`",
                "no set is called \"%.*s\"", (int)word.length, word.bytes);
    return right;
}

/* The item's number; a new one when no pattern before had it. False when there are too many. */
static bool number_item(struct loader *loader, const struct tw_yaml_node *node, struct tw_pattern_step *step)
{
    for (uint32_t term = 0; term < loader->term_count; term++)
        if (tw_text_equal(loader->items[term], step->item)) {
            step->term = term;
            return true;
        }
    if (loader->term_count == TW_EVENT_TERMS)
        return tw_yaml_problem(loader->problems, node, "use named sets, or drop some",
            "more than %d different words", TW_EVENT_TERMS);
    loader->items[loader->term_count] = step->item;
    step->term = loader->term_count++;
    return check_sets_exist(loader, node, step->item);
}

/* ---- patterns ---- */

/* How rare an item is likely to be: the length of its shortest word; those of a set count as they stand
 * there. */
static size_t rarity(const struct loader *loader, struct tw_text item)
{
    struct tw_text word;
    enum tw_pattern_word stands_for;
    size_t least = SIZE_MAX;
    for (size_t at = 0; tw_pattern_next_word(item, &at, &word, &stands_for);) {
        bool set = stands_for == TW_PATTERN_SET;
        const struct tw_yaml_node *words = set ? find_set(loader, word) : NULL;
        if (set && is_number(word))
            return 0;
        for (uint32_t in = 0; words && words->kind == TW_YAML_LIST && in < words->count; in++)
            if (words->items[in]->text.length < least)
                least = words->items[in]->text.length;
        if (!set && word.length < least)
            least = word.length;
    }
    return least;
}

/* The step with the rarest item, but `skipped`; that one where there is no other. */
static uint8_t rarest_step(const struct loader *loader, const struct tw_pattern *pattern, uint8_t skipped)
{
    uint8_t best = skipped < pattern->count ? skipped : 0;
    size_t best_rarity = 0;
    for (uint8_t step = 0; step < pattern->count; step++) {
        size_t here = step == skipped ? 0 : rarity(loader, pattern->steps[step].item);
        if (here > best_rarity) {
            best = step;
            best_rarity = here;
        }
    }
    return best;
}

/* What a pattern is for. */
struct purpose {
    enum tw_pattern_use use;
    uint32_t type, into;
};

static bool add_pattern(struct loader *loader, const struct tw_yaml_node *node, struct purpose purpose)
{
    struct tw_pattern readings[TW_PATTERN_READINGS];
    uint32_t count;
    char what[256], cure[256];
    if (node->kind != TW_YAML_SCALAR)
        return tw_yaml_problem(loader->problems, node, "write one pattern", "a pattern is no text");
    struct tw_text text = tw_arena_copy(loader->scratch, node->text);
    if (!text.bytes)
        return no_memory(loader);
    if (!tw_pattern_read(text, purpose.use != TW_PATTERN_EVENT, readings, &count, what, cure))
        return tw_yaml_problem(loader->problems, node, cure, "%s", what);
    struct tw_taxonomy *set = loader->set;
    for (uint32_t at = 0; at < count; at++) {
        if (set->pattern_count == MOST_PATTERNS)
            return tw_yaml_problem(
                loader->problems, node, "drop some", "more than %d patterns", MOST_PATTERNS);
        for (uint32_t step = 0; step < readings[at].count; step++)
            if (!number_item(loader, node, &readings[at].steps[step]))
                return false;
        uint8_t anchor = rarest_step(loader, &readings[at], TW_PATTERN_STEPS);
        uint8_t second = rarest_step(loader, &readings[at], anchor);
        set->patterns[set->pattern_count++] = (struct tw_event_pattern){.pattern = readings[at],
            .use = purpose.use,
            .type = (uint16_t)purpose.type,
            .into = (uint16_t)purpose.into,
            .anchor = anchor,
            .second = readings[at].steps[second].term};
    }
    return true;
}

static bool add_patterns(
    struct loader *loader, const struct tw_yaml_node *list, const char *of, struct purpose purpose)
{
    if (!is_list(loader, list, of))
        return false;
    bool right = true;
    for (uint32_t at = 0; at < list->count; at++)
        right = add_pattern(loader, list->items[at], purpose) && right;
    return right;
}

/* ---- types ---- */

static bool read_turn(struct loader *loader, const struct tw_yaml_node *node, uint32_t type)
{
    struct tw_yaml_value values[TURN_KEYS];
    if (!tw_yaml_read_map(node, turn_keys, TURN_KEYS, "a turn", loader->scratch, loader->problems, values))
        return false;
    uint32_t into = tw_taxonomy_find(loader->set, values[INTO].text);
    if (into == TW_EVENT_ANY_TYPE)
        return tw_yaml_problem(loader->problems, values[INTO].node, "name a type of this file",
            "no type is called \"%.*s\"", (int)values[INTO].text.length, values[INTO].text.bytes);
    return add_patterns(loader, values[WHEN].node, "when", (struct purpose){TW_PATTERN_TURN, type, into});
}

static bool read_type_patterns(struct loader *loader, const struct tw_yaml_value *values, uint32_t type)
{
    bool right = true;
    if (values[PATTERNS].node)
        right = add_patterns(
            loader, values[PATTERNS].node, "patterns", (struct purpose){TW_PATTERN_EVENT, type, 0});
    if (values[OFF].node)
        right =
            add_patterns(loader, values[OFF].node, "off", (struct purpose){TW_PATTERN_OFF, type, 0}) && right;
    if (!values[TURNS].node)
        return right;
    if (!is_list(loader, values[TURNS].node, "turns"))
        return false;
    for (uint32_t at = 0; at < values[TURNS].node->count; at++)
        right = read_turn(loader, values[TURNS].node->items[at], type) && right;
    return right;
}

/* Name, polarity and severity; patterns follow when all names are known. */
static bool read_type(struct loader *loader, const struct tw_yaml_node *node, struct tw_yaml_value *values)
{
    if (!tw_yaml_read_map(node, type_keys, TYPE_KEYS, "an event", loader->scratch, loader->problems, values))
        return false;
    if (!name_is_plain(loader, &values[TYPE]))
        return false;
    struct tw_text name = values[TYPE].text;
    if (tw_taxonomy_find(loader->set, name) != TW_EVENT_ANY_TYPE)
        return tw_yaml_problem(loader->problems, values[TYPE].node, "write its patterns in one place",
            "a second type is called \"%.*s\"", (int)name.length, name.bytes);
    struct tw_event_type *type = &loader->set->types[loader->set->type_count++];
    *type = (struct tw_event_type){tw_arena_copy(&loader->set->arena, name), (int32_t)values[POLARITY].number,
        (enum tw_severity)values[SEVERITY].number, values[NAMED].number != 0};
    return type->name.bytes ? true : no_memory(loader);
}

static bool read_types(struct loader *loader, const struct tw_yaml_node *list)
{
    struct tw_yaml_value values[TW_EVENT_TYPES][TYPE_KEYS];
    uint32_t types[TW_EVENT_TYPES];
    if (!is_list(loader, list, "events"))
        return false;
    if (list->count > TW_EVENT_TYPES)
        return tw_yaml_problem(loader->problems, list, "make do with fewer", "%u types, %d are allowed",
            list->count, TW_EVENT_TYPES);
    bool right = true;
    for (uint32_t at = 0; at < list->count; at++) {
        types[at] = loader->set->type_count;
        bool read = read_type(loader, list->items[at], values[at]);
        if (!read)
            types[at] = TW_EVENT_ANY_TYPE;
        right = right && read;
    }
    for (uint32_t at = 0; at < list->count; at++)
        if (types[at] != TW_EVENT_ANY_TYPE)
            right = read_type_patterns(loader, values[at], types[at]) && right;
    return right;
}

/* Is each of a list's items one word, of no set unless `sets`? */
static bool check_words_of(struct loader *loader, const struct tw_yaml_node *words, bool sets)
{
    bool right = true;
    for (uint32_t at = 0; at < words->count; at++) {
        struct tw_pattern readings[TW_PATTERN_READINGS];
        uint32_t count;
        char what[256], cure[256];
        struct tw_text word = words->items[at]->text;
        bool plain = words->items[at]->kind == TW_YAML_SCALAR && !memchr(word.bytes, '|', word.length) &&
                     (sets || !memchr(word.bytes, '<', word.length));
        if (!plain || !tw_pattern_read(word, false, readings, &count, what, cure) || count != 1 ||
            readings[0].count != 1)
            right = tw_yaml_problem(loader->problems, words->items[at], "write one word or stem an item",
                "\"%.*s\" is no word", word.length < 80 ? (int)word.length : 80, word.bytes);
    }
    return right;
}

/* A list of words that the file names once, `names`, `nobody` and the like, becomes one term of them all. */
static bool read_words(
    struct loader *loader, const struct tw_yaml_node *words, const char *of, bool sets, uint32_t *term)
{
    if (!is_list(loader, words, of) || !check_words_of(loader, words, sets))
        return false;
    size_t length = 0;
    for (uint32_t at = 0; at < words->count; at++)
        length += words->items[at]->text.length + 1;
    char *item = tw_arena_array(loader->scratch, length, 1);
    if (!item)
        return no_memory(loader);
    size_t used = 0;
    for (uint32_t at = 0; at < words->count; at++) {
        if (at)
            item[used++] = '|';
        memcpy(item + used, words->items[at]->text.bytes, words->items[at]->text.length);
        used += words->items[at]->text.length;
    }
    struct tw_pattern_step step = {.item = {item, used}};
    if (!number_item(loader, words, &step))
        return false;
    *term = step.term;
    return true;
}

static bool check_sets(struct loader *loader, const struct tw_yaml_node *sets)
{
    if (sets->kind != TW_YAML_MAP || sets->count > MOST_SETS)
        return tw_yaml_problem(
            loader->problems, sets, "write `name: [word, word]`, 200 at most", "\"sets\" is no map of sets");
    bool right = true;
    for (uint32_t at = 0; at < sets->count; at++) {
        const struct tw_yaml_node *words = sets->pairs[at].value;
        if (is_number(sets->pairs[at].key->text))
            right = tw_yaml_problem(loader->problems, sets->pairs[at].key, "give the set another name",
                "<number> is any number already");
        if (!is_list(loader, words, "sets")) {
            right = false;
            continue;
        }
        right = check_words_of(loader, words, false) && right;
    }
    loader->sets = sets;
    return right;
}

static bool read_lists(struct loader *loader, const struct tw_yaml_value values[FILE_KEYS])
{
    struct tw_taxonomy *set = loader->set;
    const struct {
        uint32_t key;
        uint32_t *term;
        bool sets; /* may name some of the file's sets */
    } lists[] = {{NAMES, &set->names, false}, {NOBODY, &set->nobody, true}, {OPENERS, &set->openers, true},
        {PERSONS, &set->persons, true}, {OTHERS, &set->others, true}};
    bool right = true;
    for (size_t at = 0; at < sizeof lists / sizeof lists[0]; at++)
        if (values[lists[at].key].node)
            right = read_words(loader, values[lists[at].key].node, file_keys[lists[at].key].name,
                        lists[at].sets, lists[at].term) &&
                    right;
    return right;
}

static bool read_file(struct loader *loader, const struct tw_text_file *source)
{
    const struct tw_yaml_node *root;
    struct tw_yaml_value values[FILE_KEYS];
    bool right = tw_yaml_load(source, loader->scratch, loader->problems, &root);
    if (!root && right)
        return tw_problem_add(
            loader->problems, source, 0, 0, "write `version: 1` and `events:`", "holds no events");
    if (!root)
        return false;
    right = tw_yaml_read_map(
                root, file_keys, FILE_KEYS, "an events file", loader->scratch, loader->problems, values) &&
            right;
    if (values[SETS].node)
        right = check_sets(loader, values[SETS].node) && right;
    right = read_lists(loader, values) && right;
    if (values[EVENTS].node)
        right = read_types(loader, values[EVENTS].node) && right;
    if (values[OFF_ALL].node)
        right = add_patterns(loader, values[OFF_ALL].node, "off",
                    (struct purpose){TW_PATTERN_OFF, TW_EVENT_ANY_TYPE, 0}) &&
                right;
    loader->set->version = values[VERSION].number;
    return right;
}

/* ---- the set ---- */

/* A word with its mark: to count its letters (`letters` not NULL) or to add it. */
static bool add_word(struct loader *loader, struct tw_text word, enum tw_pattern_word stands_for,
    uint32_t term, size_t *letters)
{
    struct tw_word_form forms[TW_FORMS_MOST];
    uint32_t count = stands_for == TW_PATTERN_FORMS ? tw_word_forms(word, forms) : 0;
    bool stem = stands_for == TW_PATTERN_STEM;
    if (count == 0 && letters)
        *letters += word.length;
    else if (count == 0)
        return tw_lexicon_add(&loader->set->lexicon, word, stem, term, loader->err);
    for (uint32_t at = 0; at < count; at++) {
        struct tw_text form = {forms[at].letters, forms[at].length};
        if (letters)
            *letters += form.length;
        else if (!tw_lexicon_add(&loader->set->lexicon, form, false, term, loader->err))
            return false;
    }
    return true;
}

/* Each word of an item, those of its sets too: to count letters or to add it. */
static bool add_words(struct loader *loader, struct tw_text item, uint32_t term, size_t *letters)
{
    struct tw_text word;
    enum tw_pattern_word stands_for;
    for (size_t at = 0; tw_pattern_next_word(item, &at, &word, &stands_for);) {
        if (stands_for != TW_PATTERN_SET) {
            if (!add_word(loader, word, stands_for, term, letters))
                return false;
            continue;
        }
        const struct tw_yaml_node *words = find_set(loader, word);
        for (uint32_t in = 0; words && in < words->count; in++)
            if (!add_words(loader, words->items[in]->text, term, letters))
                return false;
        if (is_number(word) && !letters && !tw_lexicon_add_numbers(&loader->set->lexicon, term, loader->err))
            return false;
    }
    return true;
}

static bool build_lexicon(struct loader *loader)
{
    size_t letters = 0;
    for (uint32_t term = 0; term < loader->term_count; term++)
        if (!add_words(loader, loader->items[term], term, &letters))
            return false;
    struct tw_lexicon *lexicon = &loader->set->lexicon;
    if (!tw_lexicon_begin(lexicon, letters, loader->term_count, &loader->set->arena, loader->err))
        return false;
    for (uint32_t term = 0; term < loader->term_count; term++)
        if (!add_words(loader, loader->items[term], term, NULL))
            return false;
    return true;
}

/* Patterns by the term of their anchor. The chain goes from the last to the first. */
static bool index_anchors(struct loader *loader)
{
    struct tw_taxonomy *set = loader->set;
    set->anchors = tw_arena_array(&set->arena, set->lexicon.term_words, sizeof *set->anchors);
    set->first = tw_arena_array(&set->arena, loader->term_count, sizeof *set->first);
    if (!set->anchors || !set->first)
        return no_memory(loader);
    for (uint32_t at = 0; at < set->pattern_count; at++) {
        struct tw_event_pattern *pattern = &set->patterns[at];
        uint32_t term = pattern->pattern.steps[pattern->anchor].term;
        set->anchors[term / 64] |= UINT64_C(1) << term % 64;
        pattern->next = set->first[term];
        set->first[term] = at + 1;
        for (uint32_t step = 0; step < pattern->pattern.count; step++)
            pattern->pattern.steps[step].item = (struct tw_text){NULL, 0}; /* the file is not kept */
    }
    return true;
}

static struct tw_taxonomy *set_new(struct tw_error *err)
{
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, set_bytes, err))
        return NULL;
    struct tw_taxonomy *set = tw_arena_array(&arena, 1, sizeof *set);
    struct tw_event_pattern *patterns = tw_arena_array(&arena, MOST_PATTERNS, sizeof *patterns);
    struct tw_event_type *types = tw_arena_array(&arena, TW_EVENT_TYPES, sizeof *types);
    if (!set || !patterns || !types) {
        tw_arena_fail(&arena, err);
        tw_arena_end(&arena);
        return NULL;
    }
    set->patterns = patterns;
    set->types = types;
    set->names = set->nobody = set->openers = set->persons = set->others = TW_TAXONOMY_NO_WORDS;
    set->arena = arena;
    return set;
}

static bool load(struct loader *loader, const struct tw_text_file *source)
{
    if (!read_file(loader, source) || loader->problems->count > 0)
        return loader->err->code != TW_OK ? false : tw_problems_fail(loader->problems, loader->err);
    return build_lexicon(loader) && index_anchors(loader) &&
           tw_lexicon_close(&loader->set->lexicon, loader->set->anchors, loader->err) &&
           tw_sha256_hex(source->bytes, loader->set->hash, loader->err);
}

bool tw_taxonomy_load(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_taxonomy **out, struct tw_error *err)
{
    struct tw_arena scratch = {0};
    *out = NULL;
    if (!tw_arena_begin(&scratch, scratch_bytes, err))
        return false;
    struct tw_taxonomy *set = set_new(err);
    struct loader *loader = set ? tw_arena_array(&scratch, 1, sizeof *loader) : NULL;
    bool loaded = false;
    if (loader) {
        err->code = TW_OK;
        *loader = (struct loader){.set = set, .scratch = &scratch, .problems = problems, .err = err};
        loaded = load(loader, source);
    } else if (set)
        tw_arena_fail(&scratch, err);
    tw_arena_end(&scratch);
    if (loaded)
        *out = set;
    else
        tw_taxonomy_free(set);
    return loaded;
}

bool tw_taxonomy_read(
    const char *path, struct tw_problems *problems, struct tw_taxonomy **out, struct tw_error *err)
{
    struct tw_text_file *source =
        tw_arena_array(problems->arena, 1, sizeof *source); /* problems point to it */
    *out = NULL;
    if (!source)
        return tw_arena_fail(problems->arena, err);
    source->file = path;
    return tw_file_read(path, TW_YAML_MOST_BYTES, problems->arena, &source->bytes, err) &&
           tw_taxonomy_load(source, problems, out, err);
}

void tw_taxonomy_free(struct tw_taxonomy *taxonomy)
{
    if (!taxonomy)
        return;
    struct tw_arena arena = taxonomy->arena;
    tw_arena_end(&arena);
}
