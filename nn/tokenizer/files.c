#include "tokenizer/files.h"

#include "base/file.h"
#include "format/foreign_files.h"
#include "format/model_files.h"
#include "tokenizer/unicode.h"

#include <jansson.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define TOKENIZER_JSON TW_FILE_TOKENIZER
#define VOCAB_TXT TW_FILE_VOCABULARY
#define TOKENIZER_CONFIG TW_FILE_TOKENIZER_CONFIG
#define SPECIAL_TOKENS_MAP TW_FILE_SPECIAL_TOKENS
#define ADDED_TOKENS TW_FILE_ADDED_TOKENS
#define MOST_ADDED_TOKENS 4096
#define MOST_IDS (1U << 24)
#define DEFAULT_MOST_CHARACTERS 100

enum name { UNKNOWN, CLASSIFY, SEPARATOR, PADDING, MASK, NAME_COUNT };

/* What the special tokens are called when no file says it: by BERT, and by MPNet. */
enum custom { BERT_CUSTOM, MPNET_CUSTOM, CUSTOMS };

static const struct {
    const char *key;
    const char *usual[CUSTOMS];
} names[NAME_COUNT] = {
    [UNKNOWN] = {"unk_token", {"[UNK]", "[UNK]"}},
    [CLASSIFY] = {"cls_token", {"[CLS]", "<s>"}},
    [SEPARATOR] = {"sep_token", {"[SEP]", "</s>"}},
    [PADDING] = {"pad_token", {"[PAD]", "<pad>"}},
    [MASK] = {"mask_token", {"[MASK]", "<mask>"}},
};

/* Classes of `transformers` whose tokenizer is BERT's WordPiece. The general ones say nothing, the parts of
 * tokenizer.json do. */
static const struct {
    const char *name;
    bool general;
    enum custom custom;
} classes[] = {
    {"BertTokenizer", false, BERT_CUSTOM},
    {"BertTokenizerFast", false, BERT_CUSTOM},
    {"DistilBertTokenizer", false, BERT_CUSTOM},
    {"DistilBertTokenizerFast", false, BERT_CUSTOM},
    {"ElectraTokenizer", false, BERT_CUSTOM},
    {"ElectraTokenizerFast", false, BERT_CUSTOM},
    {"MobileBertTokenizer", false, BERT_CUSTOM},
    {"MobileBertTokenizerFast", false, BERT_CUSTOM},
    {"MPNetTokenizer", false, MPNET_CUSTOM},
    {"MPNetTokenizerFast", false, MPNET_CUSTOM},
    {"PreTrainedTokenizerFast", true, BERT_CUSTOM},
    {"TokenizersBackend", true, BERT_CUSTOM},
};

struct loading {
    const struct tw_snapshot *files;
    struct tw_arena *arena;
    struct tw_tokenizer_facts *facts;
    json_t *config;   /* tokenizer_config.json, NULL when absent */
    json_t *map;      /* special_tokens_map.json, NULL when absent */
    json_t *pipeline; /* tokenizer.json, NULL when absent */
    json_t *added;    /* added_tokens.json, NULL when absent */
    enum custom custom;
    struct tw_text named[NAME_COUNT];
    struct tw_error *err;
};

/* --- Refusing --- */

static bool refuse(struct loading *loading, const char *file, const char *cure, const char *what, ...)
    TW_PRINTF(4, 5);

static bool refuse(struct loading *loading, const char *file, const char *cure, const char *what, ...)
{
    char where[PATH_MAX], text[512];
    snprintf(where, sizeof where, "%s/%s", loading->files->folder, file);
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    return tw_fail(loading->err, TW_CONFIG, where, cure, "%s", text);
}

#define CURE_BERT "use a BERT WordPiece tokenizer, as BertTokenizerFast saves it"
#define CURE_COPY "copy the file again"

/* --- Reading JSON --- */

static bool read_whole(struct loading *loading, const char *name, struct tw_text *out)
{
    return tw_snapshot_read(loading->files, name, TW_TOKENIZER_MOST_BYTES, loading->arena, out, loading->err);
}

/* Reads an object; *out stays NULL when the file is absent. */
static bool read_object(struct loading *loading, const char *name, size_t flags, json_t **out)
{
    if (!tw_snapshot_has(loading->files, name))
        return true;
    struct tw_text text;
    if (!read_whole(loading, name, &text))
        return false;
    text = tw_text_past_mark(text);
    json_error_t fault;
    *out = json_loadb(text.bytes, text.length, flags | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &fault);
    if (!*out) {
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%s:%d:%d", name, fault.line, fault.column);
        return refuse(loading, file, CURE_COPY, "not JSON: %s", fault.text);
    }
    if (!json_is_object(*out))
        return refuse(loading, name, CURE_COPY, "not a JSON object");
    return true;
}

/* A name given as "[CLS]" or as {"content": "[CLS]", ...}; bytes == NULL when it is neither. */
static struct tw_text content_of(const json_t *value)
{
    if (json_is_object(value))
        value = json_object_get(value, "content");
    struct tw_text text = {NULL, 0};
    if (json_is_string(value))
        text = (struct tw_text){json_string_value(value), json_string_length(value)};
    return text;
}

static bool is_text(const json_t *value, const char *wanted)
{
    return json_is_string(value) && strcmp(json_string_value(value), wanted) == 0;
}

static int32_t find_token(const struct tw_tokenizer_facts *facts, struct tw_text token)
{
    for (uint32_t id = 0; token.bytes && id < facts->token_count; id++)
        if (facts->tokens[id].bytes && tw_text_equal(facts->tokens[id], token))
            return (int32_t)id;
    return -1;
}

/* --- tokenizer_config.json and special_tokens_map.json --- */

/* A boolean of tokenizer_config.json; *given tells whether it is there and not null. */
static bool read_switch(struct loading *loading, const char *key, bool *given, bool *value)
{
    const json_t *found = json_object_get(loading->config, key);
    *given = found && !json_is_null(found);
    if (!*given)
        return true;
    if (!json_is_boolean(found))
        return refuse(loading, TOKENIZER_CONFIG, "write true or false", "%s is not true or false", key);
    *value = json_is_true(found);
    return true;
}

static bool read_class(struct loading *loading)
{
    const json_t *class = json_object_get(loading->config, "tokenizer_class");
    if (!class || json_is_null(class))
        return true;
    for (size_t known = 0; known < sizeof classes / sizeof classes[0]; known++) {
        if (!is_text(class, classes[known].name) || (classes[known].general && !loading->pipeline))
            continue;
        loading->custom = classes[known].custom;
        return true;
    }
    return refuse(loading, TOKENIZER_CONFIG, CURE_BERT, "tokenizer_class \"%s\" is not supported",
        json_is_string(class) ? json_string_value(class) : "(not text)");
}

static bool read_model_max_length(struct loading *loading)
{
    loading->facts->model_max_length = TW_MODEL_MAX_LENGTH_NONE;
    const json_t *length = json_object_get(loading->config, "model_max_length");
    if (!length || json_is_null(length))
        return true;
    double value = json_number_value(length);
    if (!json_is_number(length) || value < 2)
        return refuse(loading, TOKENIZER_CONFIG, "write a number of tokens",
            "model_max_length is not a number of tokens");
    if (value < (double)UINT32_MAX) /* "no limit" is written as 1e30 */
        loading->facts->model_max_length = (uint32_t)value;
    return true;
}

static bool refuse_other_ways(struct loading *loading)
{
    const json_t *side = json_object_get(loading->config, "truncation_side");
    if (side && !json_is_null(side) && !is_text(side, "right"))
        return refuse(loading, TOKENIZER_CONFIG, "set it to \"right\"",
            "truncation_side other than \"right\" is not supported");
    bool given = false, basic = true;
    if (!read_switch(loading, "do_basic_tokenize", &given, &basic))
        return false;
    if (given && !basic)
        return refuse(loading, TOKENIZER_CONFIG, CURE_BERT, "do_basic_tokenize false is not supported");
    return true;
}

static bool read_names(struct loading *loading)
{
    for (size_t name = 0; name < NAME_COUNT; name++) {
        const char *key = names[name].key;
        const char *file = TOKENIZER_CONFIG;
        const json_t *value = json_object_get(loading->config, key);
        if (!value) {
            value = json_object_get(loading->map, key);
            file = SPECIAL_TOKENS_MAP;
        }
        loading->named[name] = tw_text_of(names[name].usual[loading->custom]);
        if (!value || json_is_null(value))
            continue;
        loading->named[name] = content_of(value);
        if (!loading->named[name].bytes || loading->named[name].length == 0)
            return refuse(loading, file, "write the token as text", "%s is not text", key);
    }
    return true;
}

static bool read_config(struct loading *loading)
{
    /* Integers as reals: model_max_length may be written with 31 digits. */
    return read_object(loading, TOKENIZER_CONFIG, JSON_DECODE_INT_AS_REAL, &loading->config) &&
           read_object(loading, SPECIAL_TOKENS_MAP, 0, &loading->map) && read_class(loading) &&
           read_model_max_length(loading) && refuse_other_ways(loading) && read_names(loading);
}

/* --- Added tokens --- */

/* How a token is looked for. */
struct added_way {
    bool normalized, single_word, outside;
};

static bool add_added(
    struct loading *loading, const char *file, struct tw_text text, int32_t id, struct added_way way)
{
    struct tw_tokenizer_facts *facts = loading->facts;
    for (uint32_t token = 0; token < facts->added_count; token++)
        if (tw_text_equal(facts->added[token].text, text))
            return facts->added[token].id == id ||
                   refuse(loading, file, CURE_COPY, "token \"%.*s\" has two ids, %d and %d", (int)text.length,
                       text.bytes, facts->added[token].id, id);
    if (facts->added_count == MOST_ADDED_TOKENS)
        return refuse(loading, file, CURE_BERT, "more than %d added tokens", MOST_ADDED_TOKENS);
    struct tw_added_token made = {.text = tw_arena_copy(loading->arena, text),
        .id = id,
        .normalized = way.normalized,
        .single_word = way.single_word,
        .outside = way.outside};
    if (!made.text.bytes || !tw_added_normalize(&facts->form, &made, loading->arena))
        return tw_arena_fail(loading->arena, loading->err);
    if (made.normalized && made.form.length == 0)
        return refuse(loading, file, "remove it", "added token with id %d is nothing once normalized", id);
    if (made.normalized && tw_unicode_has_space_at_end(text.bytes, text.length))
        return refuse(loading, file, CURE_BERT, "added token with id %d: white space at its end", id);
    facts->added[facts->added_count++] = made;
    return true;
}

static int shown_bytes(struct tw_text text)
{
    return text.length > 100 ? 100 : (int)text.length;
}

/* A token at its place in the vocabulary, or at a free one behind it. */
static bool place_added(
    struct loading *loading, const char *file, struct tw_text text, double id, struct added_way way)
{
    static const char cure[] = "give it the id that the vocabulary gives it";
    struct tw_tokenizer_facts *facts = loading->facts;
    int shown = shown_bytes(text);
    if (!(id >= 0 && id < (double)facts->token_count))
        return refuse(
            loading, file, cure, "added token \"%.*s\" has no place in the vocabulary", shown, text.bytes);
    struct tw_text *place = &facts->tokens[(uint32_t)id];
    if (place->bytes && !tw_text_equal(*place, text))
        return refuse(loading, file, cure,
            "added token \"%.*s\" has id %u, which in the vocabulary is \"%.*s\"", shown, text.bytes,
            (unsigned)id, shown_bytes(*place), place->bytes);
    if (!place->bytes) {
        int32_t other = find_token(facts, text);
        if (other >= 0)
            return refuse(loading, file, cure, "added token \"%.*s\" has id %u, in the vocabulary %d", shown,
                text.bytes, (unsigned)id, other);
        *place = tw_arena_copy(loading->arena, text);
        way.outside = true;
    }
    return add_added(loading, file, text, (int32_t)id, way);
}

/* One entry of added_tokens (tokenizer.json) or added_tokens_decoder (tokenizer_config.json). */
static bool read_added(struct loading *loading, const char *file, const json_t *entry, double id)
{
    struct tw_text text = content_of(entry);
    if (!text.bytes || text.length == 0)
        return refuse(loading, file, CURE_COPY, "an added token has no content");
    struct added_way way = {.normalized = json_is_true(json_object_get(entry, "normalized")),
        .single_word = json_is_true(json_object_get(entry, "single_word"))};
    return place_added(loading, file, text, id, way);
}

/* The id that a key of added_tokens_decoder is; -1: none. */
static double decoder_id(const char *key)
{
    char *end = NULL;
    unsigned long id = strtoul(key, &end, 10);
    return end == key || *end != '\0' || id >= MOST_IDS ? -1 : (double)id;
}

static bool read_added_decoder(struct loading *loading)
{
    const char *key;
    json_t *entry;
    json_object_foreach(json_object_get(loading->config, "added_tokens_decoder"), key, entry)
    {
        double id = decoder_id(key);
        if (id < 0)
            return refuse(
                loading, TOKENIZER_CONFIG, CURE_COPY, "added_tokens_decoder: \"%s\" is not an id", key);
        if (!read_added(loading, TOKENIZER_CONFIG, entry, id))
            return false;
    }
    return true;
}

/* added_tokens.json, {"token": id}: written by older versions, and read when no other file tells of the
 * tokens. They are looked for after normalisation, but for special ones. */
static bool read_added_file(struct loading *loading)
{
    const char *key;
    json_t *id;
    json_object_foreach(loading->added, key, id)
    {
        struct tw_text text = tw_text_of(key);
        struct added_way way = {.normalized = true};
        for (size_t name = 0; name < NAME_COUNT; name++)
            way.normalized = way.normalized && !tw_text_equal(loading->named[name], text);
        if (!json_is_integer(id) || text.length == 0)
            return refuse(loading, ADDED_TOKENS, CURE_COPY, "\"%.100s\" is not a token with its id", key);
        if (!place_added(loading, ADDED_TOKENS, text, (double)json_integer_value(id), way))
            return false;
    }
    return true;
}

/* Lists of further special tokens, under the name of transformers 4 and of 5. */
static bool read_further_specials(struct loading *loading)
{
    static const char *const keys[] = {"additional_special_tokens", "extra_special_tokens"};
    for (size_t list = 0; list < sizeof keys / sizeof keys[0]; list++) {
        const json_t *tokens = json_object_get(loading->config, keys[list]);
        const json_t *token;
        size_t index;
        json_array_foreach(tokens, index, token)
        {
            struct tw_text text = content_of(token);
            int32_t id = find_token(loading->facts, text);
            if (id < 0)
                return refuse(loading, TOKENIZER_CONFIG,
                    "remove it, or give the model and the vocabulary a row for it",
                    "%s: \"%.*s\" is not in the vocabulary", keys[list], (int)(text.bytes ? text.length : 0),
                    text.bytes ? text.bytes : "");
            if (!add_added(loading, TOKENIZER_CONFIG, text, id, (struct added_way){0}))
                return false;
        }
    }
    return true;
}

static bool begin_added(struct loading *loading)
{
    loading->facts->added_count = 0;
    loading->facts->added = tw_arena_array(loading->arena, MOST_ADDED_TOKENS, sizeof *loading->facts->added);
    return loading->facts->added || tw_arena_fail(loading->arena, loading->err);
}

/* The special ids, and each special token as an added one. */
static bool settle_specials(struct loading *loading, const char *file)
{
    struct tw_tokenizer_facts *facts = loading->facts;
    int32_t ids[NAME_COUNT];
    for (size_t name = 0; name < NAME_COUNT; name++) {
        struct tw_text text = loading->named[name];
        ids[name] = find_token(facts, text);
        if (name <= SEPARATOR && ids[name] < 0)
            return refuse(loading, file, "add it to the vocabulary, or name another in " TOKENIZER_CONFIG,
                "%s \"%.*s\" is not in the vocabulary", names[name].key, (int)text.length, text.bytes);
        if (ids[name] >= 0 && !add_added(loading, file, text, ids[name], (struct added_way){0}))
            return false;
    }
    facts->special =
        (struct tw_special_ids){ids[UNKNOWN], ids[CLASSIFY], ids[SEPARATOR], ids[PADDING], ids[MASK]};
    return true;
}

/* --- vocab.txt --- */

static uint32_t count_lines(struct tw_text text)
{
    uint32_t lines = text.length > 0 && text.bytes[text.length - 1] != '\n';
    for (size_t byte = 0; byte < text.length; byte++)
        lines += text.bytes[byte] == '\n';
    return lines;
}

static bool read_line(struct loading *loading, uint32_t id, struct tw_text line)
{
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    if (!tw_unicode_is_utf8(line.bytes, line.length)) {
        char file[64];
        snprintf(file, sizeof file, VOCAB_TXT ":%u", id + 1);
        return refuse(loading, file, CURE_COPY, "the token is not valid UTF-8");
    }
    loading->facts->tokens[id] = line;
    return true;
}

/* One past the highest id of tokens that were added behind the `lines` of the vocabulary; it may be bounded,
 * since each must have one. */
static uint32_t count_with_added(const struct loading *loading, uint32_t lines)
{
    double count = lines, most = (double)lines + MOST_ADDED_TOKENS;
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(loading->config, "added_tokens_decoder"), key, value)
    {
        double id = decoder_id(key);
        count = id >= count && id < most ? id + 1 : count;
    }
    json_object_foreach(loading->added, key, value)
    {
        double id = (double)json_integer_value(value);
        count = id >= count && id < most ? id + 1 : count;
    }
    return (uint32_t)count;
}

/* Whoever adds tokens numbers them on from the vocabulary's end: another id would be another token's. */
static bool no_gaps(struct loading *loading)
{
    const struct tw_tokenizer_facts *facts = loading->facts;
    for (uint32_t id = 0; id < facts->token_count; id++)
        if (!facts->tokens[id].bytes)
            return refuse(loading, loading->added ? ADDED_TOKENS : TOKENIZER_CONFIG, CURE_COPY,
                "ids go up to %u, but no token has id %u", facts->token_count - 1, id);
    return true;
}

static bool read_vocabulary_lines(struct loading *loading)
{
    struct tw_text text;
    if (!read_whole(loading, VOCAB_TXT, &text))
        return false;
    struct tw_tokenizer_facts *facts = loading->facts;
    uint32_t lines = count_lines(text);
    facts->token_count = lines < MOST_IDS ? count_with_added(loading, lines) : lines;
    if (facts->token_count >= MOST_IDS)
        return refuse(loading, VOCAB_TXT, CURE_COPY, "more than %u tokens", MOST_IDS);
    facts->tokens = tw_arena_array(loading->arena, facts->token_count + 1, sizeof *facts->tokens);
    if (!facts->tokens)
        return tw_arena_fail(loading->arena, loading->err);
    const char *begin = text.bytes, *end = text.bytes + text.length;
    for (uint32_t id = 0; id < lines; id++) {
        const char *newline = memchr(begin, '\n', (size_t)(end - begin));
        const char *line_end = newline ? newline : end;
        if (!read_line(loading, id, (struct tw_text){begin, (size_t)(line_end - begin)}))
            return false;
        begin = newline ? newline + 1 : end;
    }
    return true;
}

static bool read_switches(struct loading *loading)
{
    struct tw_tokenizer_facts *facts = loading->facts;
    bool given;
    facts->form.lower_case = facts->form.split_chinese = true; /* the peer's defaults */
    facts->most_characters = DEFAULT_MOST_CHARACTERS;
    if (!read_switch(loading, "do_lower_case", &given, &facts->form.lower_case) ||
        !read_switch(loading, "tokenize_chinese_chars", &given, &facts->form.split_chinese) ||
        !read_switch(loading, "strip_accents", &given, &facts->form.strip_accents))
        return false;
    if (!given)
        facts->form.strip_accents = facts->form.lower_case;
    return true;
}

static bool read_vocab_txt(struct loading *loading)
{
    loading->facts->two_between = loading->custom == MPNET_CUSTOM;
    return read_switches(loading) && read_vocabulary_lines(loading) && begin_added(loading) &&
           read_added_decoder(loading) && read_added_file(loading) && no_gaps(loading) &&
           read_further_specials(loading) && settle_specials(loading, VOCAB_TXT);
}

/* --- tokenizer.json --- */

/* The part of the pipeline under `key`, which must be of type `type`. */
static const json_t *part_of_type(struct loading *loading, const char *key, const char *type)
{
    const json_t *part = json_object_get(loading->pipeline, key);
    const json_t *found = json_object_get(part, "type");
    if (is_text(found, type))
        return part;
    refuse(loading, TOKENIZER_JSON, CURE_BERT, "%s \"%s\" is not supported, only %s", key,
        json_is_string(found) ? json_string_value(found) : "(none)", type);
    return NULL;
}

static bool same_as_config(struct loading *loading, const char *config_key, const char *key, bool value)
{
    bool given = false, other = value;
    if (!read_switch(loading, config_key, &given, &other))
        return false;
    if (given && other != value)
        return refuse(loading, TOKENIZER_CONFIG, "make both files say the same",
            "%s is %s, but %s in " TOKENIZER_JSON " is %s", config_key, other ? "true" : "false", key,
            value ? "true" : "false");
    return true;
}

static bool read_normalizer(struct loading *loading)
{
    const json_t *normalizer = part_of_type(loading, "normalizer", "BertNormalizer");
    if (!normalizer)
        return false;
    struct tw_tokenizer_facts *facts = loading->facts;
    if (!json_is_true(json_object_get(normalizer, "clean_text")))
        return refuse(loading, TOKENIZER_JSON, CURE_BERT, "clean_text other than true is not supported");
    const json_t *lower = json_object_get(normalizer, "lowercase");
    const json_t *chinese = json_object_get(normalizer, "handle_chinese_chars");
    const json_t *strip = json_object_get(normalizer, "strip_accents");
    if (!json_is_boolean(lower) || !json_is_boolean(chinese))
        return refuse(
            loading, TOKENIZER_JSON, CURE_COPY, "lowercase and handle_chinese_chars must be true or false");
    if (strip && !json_is_null(strip) && !json_is_boolean(strip))
        return refuse(loading, TOKENIZER_JSON, CURE_COPY, "strip_accents is not true, false or null");
    facts->form.lower_case = json_is_true(lower);
    facts->form.split_chinese = json_is_true(chinese);
    facts->form.strip_accents = json_is_boolean(strip) ? json_is_true(strip) : facts->form.lower_case;
    return same_as_config(loading, "do_lower_case", "lowercase", facts->form.lower_case) &&
           same_as_config(
               loading, "tokenize_chinese_chars", "handle_chinese_chars", facts->form.split_chinese) &&
           same_as_config(loading, "strip_accents", "strip_accents", facts->form.strip_accents);
}

/* How many ids there are: one past the highest of the vocabulary and of the added tokens. False when an id is
 * none. */
static bool raise_count(uint32_t *count, const json_t *id)
{
    json_int_t value = json_is_integer(id) ? json_integer_value(id) : -1;
    if (value < 0 || value >= MOST_IDS)
        return false;
    if ((uint32_t)value >= *count)
        *count = (uint32_t)value + 1;
    return true;
}

static bool count_ids(struct loading *loading, json_t *vocabulary)
{
    uint32_t count = 0;
    for (void *entry = json_object_iter(vocabulary); entry; entry = json_object_iter_next(vocabulary, entry))
        if (!raise_count(&count, json_object_iter_value(entry)))
            return refuse(loading, TOKENIZER_JSON, CURE_COPY, "vocab: token \"%.100s\" has no valid id",
                json_object_iter_key(entry));
    size_t index;
    const json_t *added;
    json_array_foreach(json_object_get(loading->pipeline, "added_tokens"), index, added)
    {
        if (!raise_count(&count, json_object_get(added, "id")))
            return refuse(
                loading, TOKENIZER_JSON, CURE_COPY, "added_tokens: entry %zu has no valid id", index);
    }
    /* An id far out would be a table of holes; a model has a row for each. */
    if (count > 2 * json_object_size(vocabulary) + MOST_ADDED_TOKENS)
        return refuse(loading, TOKENIZER_JSON, CURE_COPY, "ids go up to %u, for %zu tokens", count - 1,
            json_object_size(vocabulary));
    loading->facts->token_count = count;
    return true;
}

static bool place_tokens(struct loading *loading, json_t *vocabulary)
{
    struct tw_tokenizer_facts *facts = loading->facts;
    facts->tokens = tw_arena_array(loading->arena, (size_t)facts->token_count + 1, sizeof *facts->tokens);
    if (!facts->tokens)
        return tw_arena_fail(loading->arena, loading->err);
    for (void *entry = json_object_iter(vocabulary); entry;
         entry = json_object_iter_next(vocabulary, entry)) {
        struct tw_text text = {json_object_iter_key(entry), json_object_iter_key_len(entry)};
        struct tw_text *place = &facts->tokens[json_integer_value(json_object_iter_value(entry))];
        if (place->bytes)
            return refuse(loading, TOKENIZER_JSON, CURE_COPY, "vocab: \"%.100s\" and \"%.100s\" have one id",
                place->bytes, text.bytes);
        *place = tw_arena_copy(loading->arena, text);
        if (!place->bytes)
            return tw_arena_fail(loading->arena, loading->err);
    }
    return true;
}

static bool read_model(struct loading *loading)
{
    const json_t *model = part_of_type(loading, "model", "WordPiece");
    if (!model)
        return false;
    if (!is_text(json_object_get(model, "continuing_subword_prefix"), "##"))
        return refuse(loading, TOKENIZER_JSON, CURE_BERT,
            "continuing_subword_prefix other than \"##\" is not supported");
    json_int_t most = json_integer_value(json_object_get(model, "max_input_chars_per_word"));
    if (most < 1 || most > TW_WORD_MOST_CHARACTERS)
        return refuse(loading, TOKENIZER_JSON, CURE_BERT, "max_input_chars_per_word must be 1 to %d",
            TW_WORD_MOST_CHARACTERS);
    loading->facts->most_characters = (uint32_t)most;
    struct tw_text unknown = content_of(json_object_get(model, "unk_token"));
    if (!unknown.bytes)
        return refuse(loading, TOKENIZER_JSON, CURE_COPY, "the model has no unk_token");
    loading->named[UNKNOWN] = unknown;
    json_t *vocabulary = json_object_get(model, "vocab");
    if (!json_is_object(vocabulary))
        return refuse(loading, TOKENIZER_JSON, CURE_COPY, "the model has no vocab");
    return count_ids(loading, vocabulary) && place_tokens(loading, vocabulary);
}

/* What the templates must be: pieces in order, each a sequence or a special token, with its segment. */
static const struct template_piece {
    const char *kind;
    const char *id; /* of a sequence; NULL: [CLS] when it is the first piece, [SEP] otherwise */
    int segment;
} pair_template[] = {
    {"SpecialToken", NULL, 0},
    {"Sequence", "A", 0},
    {"SpecialToken", NULL, 0},
    {"Sequence", "B", 1},
    {"SpecialToken", NULL, 1},
};
enum { SINGLE_PIECES = 3, PAIR_PIECES = 5 };

static bool refuse_template(struct loading *loading)
{
    return refuse(loading, TOKENIZER_JSON, CURE_BERT,
        "post_processor: only [CLS] A [SEP] and [CLS] A [SEP] B [SEP] with segments 0 and 1 are supported");
}

static bool piece_matches(struct loading *loading, const json_t *piece, size_t index)
{
    const struct template_piece *wanted = &pair_template[index];
    const json_t *body = json_object_get(piece, wanted->kind);
    const json_t *id = json_object_get(body, "id");
    const json_t *segment = json_object_get(body, "type_id");
    if (!json_is_string(id) || !json_is_integer(segment) || json_integer_value(segment) != wanted->segment)
        return false;
    if (wanted->id)
        return is_text(id, wanted->id);
    struct tw_text name = loading->named[index == 0 ? CLASSIFY : SEPARATOR];
    return tw_text_equal(content_of(id), name);
}

static bool read_one_template(struct loading *loading, const json_t *pieces, size_t wanted)
{
    if (json_array_size(pieces) != wanted)
        return refuse_template(loading);
    for (size_t index = 0; index < wanted; index++)
        if (!piece_matches(loading, json_array_get(pieces, index), index))
            return refuse_template(loading);
    return true;
}

/* A special token of the template may stand for other ids than its own: then it is not what we do. */
static bool template_token_is_plain(struct loading *loading, const json_t *tokens, struct tw_text name)
{
    const json_t *ids = json_object_get(json_object_getn(tokens, name.bytes, name.length), "ids");
    return json_array_size(ids) == 1 &&
           json_integer_value(json_array_get(ids, 0)) == find_token(loading->facts, name);
}

static bool read_template(struct loading *loading, const json_t *processor)
{
    const json_t *single = json_object_get(processor, "single");
    struct tw_text classify =
        content_of(json_object_get(json_object_get(json_array_get(single, 0), "SpecialToken"), "id"));
    struct tw_text separator =
        content_of(json_object_get(json_object_get(json_array_get(single, 2), "SpecialToken"), "id"));
    if (!classify.bytes || !separator.bytes)
        return refuse_template(loading);
    loading->named[CLASSIFY] = classify;
    loading->named[SEPARATOR] = separator;
    const json_t *tokens = json_object_get(processor, "special_tokens");
    if (!template_token_is_plain(loading, tokens, classify) ||
        !template_token_is_plain(loading, tokens, separator))
        return refuse_template(loading);
    return read_one_template(loading, single, SINGLE_PIECES) &&
           read_one_template(loading, json_object_get(processor, "pair"), PAIR_PIECES);
}

/* {"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}; RobertaProcessing has the same
 * ends, and two separators between the texts of a pair. */
static bool read_end_processing(struct loading *loading, const json_t *processor)
{
    static const struct {
        const char *key;
        enum name name;
    } ends[] = {{"sep", SEPARATOR}, {"cls", CLASSIFY}};
    for (size_t end = 0; end < sizeof ends / sizeof ends[0]; end++) {
        const json_t *both = json_object_get(processor, ends[end].key);
        struct tw_text text = content_of(json_array_get(both, 0));
        const json_t *id = json_array_get(both, 1);
        if (!text.bytes || !json_is_integer(id) || json_integer_value(id) != find_token(loading->facts, text))
            return refuse(loading, TOKENIZER_JSON, CURE_COPY, "post_processor: %s is not a token and its id",
                ends[end].key);
        loading->named[ends[end].name] = text;
    }
    return true;
}

static bool read_post_processor(struct loading *loading)
{
    const json_t *processor = json_object_get(loading->pipeline, "post_processor");
    const json_t *type = json_object_get(processor, "type");
    loading->facts->two_between = is_text(type, "RobertaProcessing");
    if (is_text(type, "BertProcessing") || loading->facts->two_between)
        return read_end_processing(loading, processor);
    processor = part_of_type(loading, "post_processor", "TemplateProcessing");
    return processor && read_template(loading, processor);
}

static bool read_pipeline_added(struct loading *loading)
{
    size_t index;
    const json_t *added;
    json_array_foreach(json_object_get(loading->pipeline, "added_tokens"), index, added)
    {
        double id = (double)json_integer_value(json_object_get(added, "id"));
        if (!read_added(loading, TOKENIZER_JSON, added, id))
            return false;
    }
    return true;
}

static bool refuse_left_truncation(struct loading *loading)
{
    const json_t *direction = json_object_get(json_object_get(loading->pipeline, "truncation"), "direction");
    if (direction && !is_text(direction, "Right"))
        return refuse(loading, TOKENIZER_JSON, "set it to \"Right\"",
            "truncation: direction other than \"Right\" is not supported");
    return true;
}

static bool read_pipeline(struct loading *loading)
{
    return read_normalizer(loading) && part_of_type(loading, "pre_tokenizer", "BertPreTokenizer") &&
           read_model(loading) && begin_added(loading) && read_pipeline_added(loading) &&
           read_added_file(loading) && read_post_processor(loading) && refuse_left_truncation(loading) &&
           settle_specials(loading, TOKENIZER_JSON);
}

/* --- The folder --- */

static bool read_folder(struct loading *loading)
{
    if (!read_object(loading, TOKENIZER_JSON, 0, &loading->pipeline) || !read_config(loading))
        return false;
    if (!json_object_get(loading->config, "added_tokens_decoder") &&
        !read_object(loading, ADDED_TOKENS, 0, &loading->added))
        return false;
    if (loading->pipeline)
        return read_pipeline(loading);
    if (tw_snapshot_has(loading->files, VOCAB_TXT))
        return read_vocab_txt(loading);
    return tw_foreign_files_vocabulary(loading->files->folder, loading->err) &&
           tw_fail(loading->err, TW_CONFIG, loading->files->folder, "give the folder of a Hugging Face model",
               "no " TOKENIZER_JSON " and no " VOCAB_TXT);
}

bool tw_tokenizer_read(const struct tw_snapshot *files, struct tw_arena *arena,
    struct tw_tokenizer_facts *out, struct tw_error *err)
{
    *out = (struct tw_tokenizer_facts){0};
    struct loading loading = {.files = files, .arena = arena, .facts = out, .err = err};
    bool read = read_folder(&loading);
    json_decref(loading.config);
    json_decref(loading.map);
    json_decref(loading.pipeline);
    json_decref(loading.added);
    return read;
}

void tw_tokenizer_where(const struct tw_snapshot *files, uint32_t id, char *where, size_t size)
{
    if (tw_snapshot_has(files, TOKENIZER_JSON))
        snprintf(where, size, "%s/" TOKENIZER_JSON, files->folder);
    else
        snprintf(where, size, "%s/" VOCAB_TXT ":%u", files->folder, id + 1);
}
