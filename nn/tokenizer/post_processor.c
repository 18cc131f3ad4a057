#include "tokenizer/post_processor.h"

#include "format/model_files.h"

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

static bool refuse_template(struct tw_gathering *gathering)
{
    return tw_facts_refuse(gathering, TW_FILE_TOKENIZER, TW_CURE_BERT,
        "post_processor: only [CLS] A [SEP] and [CLS] A [SEP] B [SEP] with segments 0 and 1 are supported");
}

static bool piece_matches(struct tw_gathering *gathering, const json_t *piece, size_t index)
{
    const struct template_piece *wanted = &pair_template[index];
    const json_t *body = json_object_get(piece, wanted->kind);
    const json_t *id = json_object_get(body, "id");
    const json_t *segment = json_object_get(body, "type_id");
    if (!json_is_string(id) || !json_is_integer(segment) || json_integer_value(segment) != wanted->segment)
        return false;
    if (wanted->id)
        return tw_facts_says(id, wanted->id);
    struct tw_text name = gathering->named[index == 0 ? TW_SPECIAL_CLASSIFY : TW_SPECIAL_SEPARATOR];
    return tw_text_equal(tw_facts_content(id), name);
}

static bool read_one_template(struct tw_gathering *gathering, const json_t *pieces, size_t wanted)
{
    if (json_array_size(pieces) != wanted)
        return refuse_template(gathering);
    for (size_t index = 0; index < wanted; index++)
        if (!piece_matches(gathering, json_array_get(pieces, index), index))
            return refuse_template(gathering);
    return true;
}

/* A special token of the template may stand for other ids than its own: then it is not what we do. */
static bool template_token_is_plain(struct tw_gathering *gathering, const json_t *tokens, struct tw_text name)
{
    const json_t *ids = json_object_get(json_object_getn(tokens, name.bytes, name.length), "ids");
    return json_array_size(ids) == 1 &&
           json_integer_value(json_array_get(ids, 0)) == tw_facts_find(gathering->facts, name);
}

static bool read_template(struct tw_gathering *gathering, const json_t *processor)
{
    const json_t *single = json_object_get(processor, "single");
    struct tw_text classify =
        tw_facts_content(json_object_get(json_object_get(json_array_get(single, 0), "SpecialToken"), "id"));
    struct tw_text separator =
        tw_facts_content(json_object_get(json_object_get(json_array_get(single, 2), "SpecialToken"), "id"));
    if (!classify.bytes || !separator.bytes)
        return refuse_template(gathering);
    gathering->named[TW_SPECIAL_CLASSIFY] = classify;
    gathering->named[TW_SPECIAL_SEPARATOR] = separator;
    const json_t *tokens = json_object_get(processor, "special_tokens");
    if (!template_token_is_plain(gathering, tokens, classify) ||
        !template_token_is_plain(gathering, tokens, separator))
        return refuse_template(gathering);
    return read_one_template(gathering, single, SINGLE_PIECES) &&
           read_one_template(gathering, json_object_get(processor, "pair"), PAIR_PIECES);
}

/* {"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}; RobertaProcessing has the same
 * ends, and two separators between the texts of a pair. */
static bool read_end_processing(struct tw_gathering *gathering, const json_t *processor)
{
    static const struct {
        const char *key;
        enum tw_special name;
    } ends[] = {{"sep", TW_SPECIAL_SEPARATOR}, {"cls", TW_SPECIAL_CLASSIFY}};
    for (size_t end = 0; end < sizeof ends / sizeof ends[0]; end++) {
        const json_t *both = json_object_get(processor, ends[end].key);
        struct tw_text text = tw_facts_content(json_array_get(both, 0));
        const json_t *id = json_array_get(both, 1);
        if (!text.bytes || !json_is_integer(id) ||
            json_integer_value(id) != tw_facts_find(gathering->facts, text))
            return tw_facts_refuse(gathering, TW_FILE_TOKENIZER, TW_CURE_COPY,
                "post_processor: %s is not a token and its id", ends[end].key);
        gathering->named[ends[end].name] = text;
    }
    return true;
}

bool tw_post_processor_read(struct tw_gathering *gathering, const json_t *processor)
{
    const json_t *type = json_object_get(processor, "type");
    gathering->facts->two_between = tw_facts_says(type, "RobertaProcessing");
    if (tw_facts_says(type, "BertProcessing") || gathering->facts->two_between)
        return read_end_processing(gathering, processor);
    if (tw_facts_says(type, "TemplateProcessing"))
        return read_template(gathering, processor);
    return tw_facts_refuse_type(gathering, "post_processor", type, "TemplateProcessing");
}
