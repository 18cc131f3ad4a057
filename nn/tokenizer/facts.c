#include "tokenizer/facts.h"

#include "format/model_files.h"
#include "tokenizer/unicode.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

const char *const tw_special_keys[TW_SPECIALS] = {
    [TW_SPECIAL_UNKNOWN] = "unk_token",
    [TW_SPECIAL_CLASSIFY] = "cls_token",
    [TW_SPECIAL_SEPARATOR] = "sep_token",
    [TW_SPECIAL_PADDING] = "pad_token",
    [TW_SPECIAL_MASK] = "mask_token",
};

bool tw_facts_refuse(
    struct tw_gathering *gathering, const char *file, const char *cure, const char *what, ...)
{
    char where[PATH_MAX], text[512];
    snprintf(where, sizeof where, "%s/%s", gathering->folder, file);
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    return tw_fail(gathering->err, TW_CONFIG, where, cure, "%s", text);
}

bool tw_facts_refuse_type(
    struct tw_gathering *gathering, const char *key, const json_t *found, const char *wanted)
{
    return tw_facts_refuse(gathering, TW_FILE_TOKENIZER, TW_CURE_BERT, "%s \"%s\" is not supported, only %s",
        key, json_is_string(found) ? json_string_value(found) : "(none)", wanted);
}

struct tw_text tw_facts_content(const json_t *value)
{
    if (json_is_object(value))
        value = json_object_get(value, "content");
    struct tw_text text = {NULL, 0};
    if (json_is_string(value))
        text = (struct tw_text){json_string_value(value), json_string_length(value)};
    return text;
}

bool tw_facts_says(const json_t *value, const char *wanted)
{
    return json_is_string(value) && strcmp(json_string_value(value), wanted) == 0;
}

int32_t tw_facts_find(const struct tw_tokenizer_facts *facts, struct tw_text token)
{
    for (uint32_t id = 0; token.bytes && id < facts->token_count; id++)
        if (facts->tokens[id].bytes && tw_text_equal(facts->tokens[id], token))
            return (int32_t)id;
    return -1;
}

bool tw_facts_begin_added(struct tw_gathering *gathering)
{
    gathering->facts->added_count = 0;
    gathering->facts->added =
        tw_arena_array(gathering->arena, TW_MOST_ADDED_TOKENS, sizeof *gathering->facts->added);
    return gathering->facts->added || tw_arena_fail(gathering->arena, gathering->err);
}

bool tw_facts_add(struct tw_gathering *gathering, const char *file, struct tw_text text, int32_t id,
    struct tw_added_way way)
{
    struct tw_tokenizer_facts *facts = gathering->facts;
    for (uint32_t token = 0; token < facts->added_count; token++)
        if (tw_text_equal(facts->added[token].text, text))
            return facts->added[token].id == id ||
                   tw_facts_refuse(gathering, file, TW_CURE_COPY, "token \"%.*s\" has two ids, %d and %d",
                       (int)text.length, text.bytes, facts->added[token].id, id);
    if (facts->added_count == TW_MOST_ADDED_TOKENS)
        return tw_facts_refuse(
            gathering, file, TW_CURE_BERT, "more than %d added tokens", TW_MOST_ADDED_TOKENS);
    struct tw_added_token made = {.text = tw_arena_copy(gathering->arena, text),
        .id = id,
        .normalized = way.normalized,
        .single_word = way.single_word,
        .outside = way.outside};
    if (!made.text.bytes || !tw_added_normalize(&facts->form, &made, gathering->arena))
        return tw_arena_fail(gathering->arena, gathering->err);
    if (made.normalized && made.form.length == 0)
        return tw_facts_refuse(
            gathering, file, "remove it", "added token with id %d is nothing once normalized", id);
    if (made.normalized && tw_unicode_has_space_at_end(text.bytes, text.length))
        return tw_facts_refuse(
            gathering, file, TW_CURE_BERT, "added token with id %d: white space at its end", id);
    facts->added[facts->added_count++] = made;
    return true;
}

static int shown_bytes(struct tw_text text)
{
    return text.length > 100 ? 100 : (int)text.length;
}

bool tw_facts_place(
    struct tw_gathering *gathering, const char *file, struct tw_text text, double id, struct tw_added_way way)
{
    static const char cure[] = "give it the id that the vocabulary gives it";
    struct tw_tokenizer_facts *facts = gathering->facts;
    int shown = shown_bytes(text);
    if (!(id >= 0 && id < (double)facts->token_count))
        return tw_facts_refuse(
            gathering, file, cure, "added token \"%.*s\" has no place in the vocabulary", shown, text.bytes);
    struct tw_text *place = &facts->tokens[(uint32_t)id];
    if (place->bytes && !tw_text_equal(*place, text))
        return tw_facts_refuse(gathering, file, cure,
            "added token \"%.*s\" has id %u, which in the vocabulary is \"%.*s\"", shown, text.bytes,
            (unsigned)id, shown_bytes(*place), place->bytes);
    if (!place->bytes) {
        int32_t other = tw_facts_find(facts, text);
        if (other >= 0)
            return tw_facts_refuse(gathering, file, cure,
                "added token \"%.*s\" has id %u, in the vocabulary %d", shown, text.bytes, (unsigned)id,
                other);
        *place = tw_arena_copy(gathering->arena, text);
        way.outside = true;
    }
    return tw_facts_add(gathering, file, text, (int32_t)id, way);
}

bool tw_facts_settle(struct tw_gathering *gathering, const char *file)
{
    struct tw_tokenizer_facts *facts = gathering->facts;
    int32_t ids[TW_SPECIALS];
    for (size_t name = 0; name < TW_SPECIALS; name++) {
        struct tw_text text = gathering->named[name];
        ids[name] = tw_facts_find(facts, text);
        if (name <= TW_SPECIAL_SEPARATOR && ids[name] < 0)
            return tw_facts_refuse(gathering, file,
                "add it to the vocabulary, or name another in " TW_FILE_TOKENIZER_CONFIG,
                "%s \"%.*s\" is not in the vocabulary", tw_special_keys[name], (int)text.length, text.bytes);
        if (ids[name] >= 0 && !tw_facts_add(gathering, file, text, ids[name], (struct tw_added_way){0}))
            return false;
    }
    facts->special = (struct tw_special_ids){ids[TW_SPECIAL_UNKNOWN], ids[TW_SPECIAL_CLASSIFY],
        ids[TW_SPECIAL_SEPARATOR], ids[TW_SPECIAL_PADDING], ids[TW_SPECIAL_MASK]};
    return true;
}
