#include "tokenizer/files.h"

#include "base/file.h"
#include "format/foreign_files.h"
#include "format/model_files.h"
#include "tokenizer/normalize.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/unicode.h"

#include <jansson.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_MOST_CHARACTERS 100

/* What the special tokens are called when no file says it: by BERT, and by MPNet. */
enum custom { BERT_CUSTOM, MPNET_CUSTOM, CUSTOMS };

static const char *const usual[TW_SPECIALS][CUSTOMS] = {
    [TW_SPECIAL_UNKNOWN] = {"[UNK]", "[UNK]"},
    [TW_SPECIAL_CLASSIFY] = {"[CLS]", "<s>"},
    [TW_SPECIAL_SEPARATOR] = {"[SEP]", "</s>"},
    [TW_SPECIAL_PADDING] = {"[PAD]", "<pad>"},
    [TW_SPECIAL_MASK] = {"[MASK]", "<mask>"},
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
    json_t *config;   /* tokenizer_config.json, NULL when absent */
    json_t *map;      /* special_tokens_map.json, NULL when absent */
    json_t *pipeline; /* tokenizer.json, NULL when absent */
    json_t *added;    /* added_tokens.json, NULL when absent */
    enum custom custom;
    struct tw_gathering gathering;
};

/* --- Reading JSON --- */

static bool read_whole(struct loading *loading, const char *name, struct tw_text *out)
{
    return tw_snapshot_read(
        loading->files, name, TW_TOKENIZER_MOST_BYTES, loading->gathering.arena, out, loading->gathering.err);
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
        return tw_facts_refuse(&loading->gathering, file, TW_CURE_COPY, "not JSON: %s", fault.text);
    }
    if (!json_is_object(*out))
        return tw_facts_refuse(&loading->gathering, name, TW_CURE_COPY, "not a JSON object");
    return true;
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
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, "write true or false",
            "%s is not true or false", key);
    *value = json_is_true(found);
    return true;
}

static bool read_class(struct loading *loading)
{
    const json_t *class = json_object_get(loading->config, "tokenizer_class");
    if (!class || json_is_null(class))
        return true;
    for (size_t known = 0; known < sizeof classes / sizeof classes[0]; known++) {
        if (!tw_facts_says(class, classes[known].name) || (classes[known].general && !loading->pipeline))
            continue;
        loading->custom = classes[known].custom;
        return true;
    }
    return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, TW_CURE_BERT,
        "tokenizer_class \"%s\" is not supported",
        json_is_string(class) ? json_string_value(class) : "(not text)");
}

static bool read_model_max_length(struct loading *loading)
{
    loading->gathering.facts->model_max_length = TW_MODEL_MAX_LENGTH_NONE;
    const json_t *length = json_object_get(loading->config, "model_max_length");
    if (!length || json_is_null(length))
        return true;
    double value = json_number_value(length);
    if (!json_is_number(length) || value < 2)
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, "write a number of tokens",
            "model_max_length is not a number of tokens");
    if (value < (double)UINT32_MAX) /* "no limit" is written as 1e30 */
        loading->gathering.facts->model_max_length = (uint32_t)value;
    return true;
}

static bool refuse_other_ways(struct loading *loading)
{
    const json_t *side = json_object_get(loading->config, "truncation_side");
    if (side && !json_is_null(side) && !tw_facts_says(side, "right"))
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, "set it to \"right\"",
            "truncation_side other than \"right\" is not supported");
    bool given = false, basic = true;
    if (!read_switch(loading, "do_basic_tokenize", &given, &basic))
        return false;
    if (given && !basic)
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, TW_CURE_BERT,
            "do_basic_tokenize false is not supported");
    return true;
}

static bool read_names(struct loading *loading)
{
    for (size_t name = 0; name < TW_SPECIALS; name++) {
        const char *key = tw_special_keys[name];
        const char *file = TW_FILE_TOKENIZER_CONFIG;
        const json_t *value = json_object_get(loading->config, key);
        if (!value) {
            value = json_object_get(loading->map, key);
            file = TW_FILE_SPECIAL_TOKENS;
        }
        loading->gathering.named[name] = tw_text_of(usual[name][loading->custom]);
        if (!value || json_is_null(value))
            continue;
        loading->gathering.named[name] = tw_facts_content(value);
        if (!loading->gathering.named[name].bytes || loading->gathering.named[name].length == 0)
            return tw_facts_refuse(
                &loading->gathering, file, "write the token as text", "%s is not text", key);
    }
    return true;
}

static bool read_config(struct loading *loading)
{
    /* Integers as reals: model_max_length may be written with 31 digits. */
    return read_object(loading, TW_FILE_TOKENIZER_CONFIG, JSON_DECODE_INT_AS_REAL, &loading->config) &&
           read_object(loading, TW_FILE_SPECIAL_TOKENS, 0, &loading->map) && read_class(loading) &&
           read_model_max_length(loading) && refuse_other_ways(loading) && read_names(loading);
}

/* One entry of added_tokens (tokenizer.json) or added_tokens_decoder (tokenizer_config.json). */
static bool read_added(struct loading *loading, const char *file, const json_t *entry, double id)
{
    struct tw_text text = tw_facts_content(entry);
    if (!text.bytes || text.length == 0)
        return tw_facts_refuse(&loading->gathering, file, TW_CURE_COPY, "an added token has no content");
    struct tw_added_way way = {.normalized = json_is_true(json_object_get(entry, "normalized")),
        .single_word = json_is_true(json_object_get(entry, "single_word"))};
    return tw_facts_place(&loading->gathering, file, text, id, way);
}

/* The id that a key of added_tokens_decoder is; -1: none. */
static double decoder_id(const char *key)
{
    char *end = NULL;
    unsigned long id = strtoul(key, &end, 10);
    return end == key || *end != '\0' || id >= TW_MOST_IDS ? -1 : (double)id;
}

static bool read_added_decoder(struct loading *loading)
{
    const char *key;
    json_t *entry;
    json_object_foreach(json_object_get(loading->config, "added_tokens_decoder"), key, entry)
    {
        double id = decoder_id(key);
        if (id < 0)
            return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, TW_CURE_COPY,
                "added_tokens_decoder: \"%s\" is not an id", key);
        if (!read_added(loading, TW_FILE_TOKENIZER_CONFIG, entry, id))
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
        struct tw_added_way way = {.normalized = true};
        for (size_t name = 0; name < TW_SPECIALS; name++)
            way.normalized = way.normalized && !tw_text_equal(loading->gathering.named[name], text);
        if (!json_is_integer(id) || text.length == 0)
            return tw_facts_refuse(&loading->gathering, TW_FILE_ADDED_TOKENS, TW_CURE_COPY,
                "\"%.100s\" is not a token with its id", key);
        if (!tw_facts_place(
                &loading->gathering, TW_FILE_ADDED_TOKENS, text, (double)json_integer_value(id), way))
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
            struct tw_text text = tw_facts_content(token);
            int32_t id = tw_facts_find(loading->gathering.facts, text);
            if (id < 0)
                return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG,
                    "remove it, or give the model and the vocabulary a row for it",
                    "%s: \"%.*s\" is not in the vocabulary", keys[list], (int)(text.bytes ? text.length : 0),
                    text.bytes ? text.bytes : "");
            if (!tw_facts_add(
                    &loading->gathering, TW_FILE_TOKENIZER_CONFIG, text, id, (struct tw_added_way){0}))
                return false;
        }
    }
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
        snprintf(file, sizeof file, TW_FILE_VOCABULARY ":%u", id + 1);
        return tw_facts_refuse(&loading->gathering, file, TW_CURE_COPY, "the token is not valid UTF-8");
    }
    loading->gathering.facts->tokens[id] = line;
    return true;
}

/* One past the highest id of tokens that were added behind the `lines` of the vocabulary; it may be bounded,
 * since each must have one. */
static uint32_t count_with_added(const struct loading *loading, uint32_t lines)
{
    double count = lines, most = (double)lines + TW_MOST_ADDED_TOKENS;
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
    const struct tw_tokenizer_facts *facts = loading->gathering.facts;
    for (uint32_t id = 0; id < facts->token_count; id++)
        if (!facts->tokens[id].bytes)
            return tw_facts_refuse(&loading->gathering,
                loading->added ? TW_FILE_ADDED_TOKENS : TW_FILE_TOKENIZER_CONFIG, TW_CURE_COPY,
                "ids go up to %u, but no token has id %u", facts->token_count - 1, id);
    return true;
}

static bool read_vocabulary_lines(struct loading *loading)
{
    struct tw_text text;
    if (!read_whole(loading, TW_FILE_VOCABULARY, &text))
        return false;
    struct tw_tokenizer_facts *facts = loading->gathering.facts;
    uint32_t lines = count_lines(text);
    facts->token_count = lines < TW_MOST_IDS ? count_with_added(loading, lines) : lines;
    if (facts->token_count >= TW_MOST_IDS)
        return tw_facts_refuse(
            &loading->gathering, TW_FILE_VOCABULARY, TW_CURE_COPY, "more than %u tokens", TW_MOST_IDS);
    facts->tokens = tw_arena_array(loading->gathering.arena, facts->token_count + 1, sizeof *facts->tokens);
    if (!facts->tokens)
        return tw_arena_fail(loading->gathering.arena, loading->gathering.err);
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
    struct tw_tokenizer_facts *facts = loading->gathering.facts;
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
    loading->gathering.facts->two_between = loading->custom == MPNET_CUSTOM;
    return read_switches(loading) && read_vocabulary_lines(loading) &&
           tw_facts_begin_added(&loading->gathering) && read_added_decoder(loading) &&
           read_added_file(loading) && no_gaps(loading) && read_further_specials(loading) &&
           tw_facts_settle(&loading->gathering, TW_FILE_VOCABULARY);
}

/* --- tokenizer.json --- */

/* The part of the pipeline under `key`, which must be of type `type`. */
static const json_t *part_of_type(struct loading *loading, const char *key, const char *type)
{
    const json_t *part = json_object_get(loading->pipeline, key);
    const json_t *found = json_object_get(part, "type");
    if (tw_facts_says(found, type))
        return part;
    (void)!tw_facts_refuse_type(&loading->gathering, key, found, type);
    return NULL;
}

static bool same_as_config(struct loading *loading, const char *config_key, const char *key, bool value)
{
    bool given = false, other = value;
    if (!read_switch(loading, config_key, &given, &other))
        return false;
    if (given && other != value)
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER_CONFIG, "make both files say the same",
            "%s is %s, but %s in " TW_FILE_TOKENIZER " is %s", config_key, other ? "true" : "false", key,
            value ? "true" : "false");
    return true;
}

static bool read_normalizer(struct loading *loading)
{
    const json_t *normalizer = part_of_type(loading, "normalizer", "BertNormalizer");
    if (!normalizer)
        return false;
    struct tw_tokenizer_facts *facts = loading->gathering.facts;
    if (!json_is_true(json_object_get(normalizer, "clean_text")))
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_BERT,
            "clean_text other than true is not supported");
    const json_t *lower = json_object_get(normalizer, "lowercase");
    const json_t *chinese = json_object_get(normalizer, "handle_chinese_chars");
    const json_t *strip = json_object_get(normalizer, "strip_accents");
    if (!json_is_boolean(lower) || !json_is_boolean(chinese))
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY,
            "lowercase and handle_chinese_chars must be true or false");
    if (strip && !json_is_null(strip) && !json_is_boolean(strip))
        return tw_facts_refuse(
            &loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY, "strip_accents is not true, false or null");
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
    if (value < 0 || value >= TW_MOST_IDS)
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
            return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY,
                "vocab: token \"%.100s\" has no valid id", json_object_iter_key(entry));
    size_t index;
    const json_t *added;
    json_array_foreach(json_object_get(loading->pipeline, "added_tokens"), index, added)
    {
        if (!raise_count(&count, json_object_get(added, "id")))
            return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY,
                "added_tokens: entry %zu has no valid id", index);
    }
    /* An id far out would be a table of holes; a model has a row for each. */
    if (count > 2 * json_object_size(vocabulary) + TW_MOST_ADDED_TOKENS)
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY,
            "ids go up to %u, for %zu tokens", count - 1, json_object_size(vocabulary));
    loading->gathering.facts->token_count = count;
    return true;
}

static bool place_tokens(struct loading *loading, json_t *vocabulary)
{
    struct tw_tokenizer_facts *facts = loading->gathering.facts;
    facts->tokens =
        tw_arena_array(loading->gathering.arena, (size_t)facts->token_count + 1, sizeof *facts->tokens);
    if (!facts->tokens)
        return tw_arena_fail(loading->gathering.arena, loading->gathering.err);
    for (void *entry = json_object_iter(vocabulary); entry;
         entry = json_object_iter_next(vocabulary, entry)) {
        struct tw_text text = {json_object_iter_key(entry), json_object_iter_key_len(entry)};
        struct tw_text *place = &facts->tokens[json_integer_value(json_object_iter_value(entry))];
        if (place->bytes)
            return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY,
                "vocab: \"%.100s\" and \"%.100s\" have one id", place->bytes, text.bytes);
        *place = tw_arena_copy(loading->gathering.arena, text);
        if (!place->bytes)
            return tw_arena_fail(loading->gathering.arena, loading->gathering.err);
    }
    return true;
}

static bool read_model(struct loading *loading)
{
    const json_t *model = part_of_type(loading, "model", "WordPiece");
    if (!model)
        return false;
    if (!tw_facts_says(json_object_get(model, "continuing_subword_prefix"), "##"))
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_BERT,
            "continuing_subword_prefix other than \"##\" is not supported");
    json_int_t most = json_integer_value(json_object_get(model, "max_input_chars_per_word"));
    if (most < 1 || most > TW_WORD_MOST_CHARACTERS)
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, TW_CURE_BERT,
            "max_input_chars_per_word must be 1 to %d", TW_WORD_MOST_CHARACTERS);
    loading->gathering.facts->most_characters = (uint32_t)most;
    struct tw_text unknown = tw_facts_content(json_object_get(model, "unk_token"));
    if (!unknown.bytes)
        return tw_facts_refuse(
            &loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY, "the model has no unk_token");
    loading->gathering.named[TW_SPECIAL_UNKNOWN] = unknown;
    json_t *vocabulary = json_object_get(model, "vocab");
    if (!json_is_object(vocabulary))
        return tw_facts_refuse(
            &loading->gathering, TW_FILE_TOKENIZER, TW_CURE_COPY, "the model has no vocab");
    return count_ids(loading, vocabulary) && place_tokens(loading, vocabulary);
}

static bool read_pipeline_added(struct loading *loading)
{
    size_t index;
    const json_t *added;
    json_array_foreach(json_object_get(loading->pipeline, "added_tokens"), index, added)
    {
        double id = (double)json_integer_value(json_object_get(added, "id"));
        if (!read_added(loading, TW_FILE_TOKENIZER, added, id))
            return false;
    }
    return true;
}

static bool refuse_left_truncation(struct loading *loading)
{
    const json_t *direction = json_object_get(json_object_get(loading->pipeline, "truncation"), "direction");
    if (direction && !tw_facts_says(direction, "Right"))
        return tw_facts_refuse(&loading->gathering, TW_FILE_TOKENIZER, "set it to \"Right\"",
            "truncation: direction other than \"Right\" is not supported");
    return true;
}

static bool read_pipeline(struct loading *loading)
{
    return read_normalizer(loading) && part_of_type(loading, "pre_tokenizer", "BertPreTokenizer") &&
           read_model(loading) && tw_facts_begin_added(&loading->gathering) && read_pipeline_added(loading) &&
           read_added_file(loading) &&
           tw_post_processor_read(
               &loading->gathering, json_object_get(loading->pipeline, "post_processor")) &&
           refuse_left_truncation(loading) && tw_facts_settle(&loading->gathering, TW_FILE_TOKENIZER);
}

/* --- The folder --- */

static bool read_folder(struct loading *loading)
{
    if (!read_object(loading, TW_FILE_TOKENIZER, 0, &loading->pipeline) || !read_config(loading))
        return false;
    if (!json_object_get(loading->config, "added_tokens_decoder") &&
        !read_object(loading, TW_FILE_ADDED_TOKENS, 0, &loading->added))
        return false;
    if (loading->pipeline)
        return read_pipeline(loading);
    if (tw_snapshot_has(loading->files, TW_FILE_VOCABULARY))
        return read_vocab_txt(loading);
    return tw_foreign_files_vocabulary(loading->files->folder, loading->gathering.err) &&
           tw_fail(loading->gathering.err, TW_CONFIG, loading->files->folder,
               "give the folder of a Hugging Face model",
               "no " TW_FILE_TOKENIZER " and no " TW_FILE_VOCABULARY);
}

bool tw_tokenizer_read(const struct tw_snapshot *files, struct tw_arena *arena,
    struct tw_tokenizer_facts *out, struct tw_error *err)
{
    *out = (struct tw_tokenizer_facts){0};
    struct loading loading = {
        .files = files, .gathering = {.folder = files->folder, .arena = arena, .facts = out, .err = err}};
    bool read = read_folder(&loading);
    json_decref(loading.config);
    json_decref(loading.map);
    json_decref(loading.pipeline);
    json_decref(loading.added);
    return read;
}

void tw_tokenizer_where(const struct tw_snapshot *files, uint32_t id, char *where, size_t size)
{
    if (tw_snapshot_has(files, TW_FILE_TOKENIZER))
        snprintf(where, size, "%s/" TW_FILE_TOKENIZER, files->folder);
    else
        snprintf(where, size, "%s/" TW_FILE_VOCABULARY ":%u", files->folder, id + 1);
}