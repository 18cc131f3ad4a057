#include "explain/explain.h"

#include "attribute/attribute.h"
#include "attribute/widen.h"
#include "explain/whole_words.h"
#include "infer/predict.h"
#include "link/symbols.h"
#include "score/classifier.h"
#include "tokenizer/tokenizer.h"

#include <math.h>
#include <stdlib.h>

struct tw_explainer {
    const struct tw_classifier *classifier;
    struct tw_widened widened; /* the classifier's model, or the same in fp32 */
    int32_t unknown;           /* the id of [UNK] */
};

struct tw_explain_workspace {
    struct tw_attributor *attributor;
    struct tw_predict *predict; /* of the classifier's own model, when that has 8-bit weights; else NULL */
};

/* ---- opening ---- */

bool tw_explainer_open(
    const struct tw_classifier *classifier, struct tw_explainer **out, struct tw_error *err)
{
    const struct tw_model *model = tw_classifier_model(classifier);
    *out = NULL;
    if (!model)
        return tw_fail(err, TW_CONFIG, NULL, "name a model's folder with -m",
            "the constant model reads no words, there is nothing to explain");
    struct tw_explainer *explainer = calloc(1, sizeof *explainer);
    if (!explainer)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory to explain with");
    explainer->classifier = classifier;
    explainer->unknown = tw_tokenizer_special_ids(tw_classifier_tokenizer(classifier)).unknown;
    if (!tw_widen(model, &explainer->widened, err)) {
        tw_explainer_close(explainer);
        return false;
    }
    *out = explainer;
    return true;
}

void tw_explainer_close(struct tw_explainer *explainer)
{
    if (!explainer)
        return;
    tw_widened_close(&explainer->widened);
    free(explainer);
}

bool tw_explain_workspace_new(
    const struct tw_explainer *explainer, struct tw_explain_workspace **out, struct tw_error *err)
{
    const struct tw_attributor_options options = {.compute = tw_classifier_compute(explainer->classifier),
        .max_sequence = tw_classifier_max_tokens(explainer->classifier)};
    *out = NULL;
    struct tw_explain_workspace *workspace = calloc(1, sizeof *workspace);
    if (!workspace)
        return tw_fail(err, TW_INTERNAL, NULL, "lower the number of workers", "no memory for a worker");
    const bool is_narrow = tw_classifier_model(explainer->classifier)->int8 != NULL;
    if (!tw_attributor_open(&explainer->widened.model, &options, &workspace->attributor, err) ||
        (is_narrow && !tw_classifier_open_predict(explainer->classifier, &workspace->predict, err))) {
        tw_explain_workspace_free(workspace);
        return false;
    }
    *out = workspace;
    return true;
}

void tw_explain_workspace_free(struct tw_explain_workspace *workspace)
{
    if (!workspace)
        return;
    tw_attributor_close(workspace->attributor);
    tw_predict_close(workspace->predict);
    free(workspace);
}

/* ---- which logit ---- */

uint32_t tw_explain_entity(const struct tw_automaton *entities, const struct tw_document *document,
    struct tw_text symbol, struct tw_arena *arena)
{
    const size_t mark = tw_arena_mark(arena);
    struct tw_symbol meant = {.entity = TW_NO_ENTITY};
    struct tw_text wanted = symbol;
    if (tw_symbol_resolve(entities, symbol, true, arena, &meant) == TW_SYMBOL_FOUND)
        wanted = meant.entity == TW_NO_ENTITY ? meant.symbol
                                              : tw_entities_at(entities, (uint32_t)meant.entity)->symbol;
    uint32_t found = 0;
    while (found < document->entity_count && !tw_text_equal(document->entities[found].symbol, wanted))
        found++;
    tw_arena_rewind(arena, mark);
    return found < document->entity_count ? found : UINT32_MAX;
}

/* The tokens that classify.h reads of it, by the same head. */
static void choose_head(const struct tw_model *model, const struct tw_document *document, uint32_t nth,
    struct tw_attribute_call *call)
{
    const bool is_read = nth < document->reading_count;
    call->of_entity = is_read || !model->has_head;
    call->begin = is_read ? document->readings[nth].begin : document->token_count > 2;
    call->end = is_read                     ? document->readings[nth].end
                : document->token_count > 2 ? document->token_count - 1
                                            : 1;
}

/* The largest logit's class; the first of equals, as tw_label_of has it. */
static enum tw_class largest(const float logits[TW_CLASSES])
{
    enum tw_class best = TW_NEGATIVE;
    for (enum tw_class label = TW_NEUTRAL; label < TW_CLASSES; label++)
        if (logits[label] > logits[best])
            best = label;
    return best;
}

/* 8-bit weights decide by themselves: near a tie their label may not be that of the widened model. */
static bool predict_narrow(const struct tw_explain_workspace *workspace, const struct tw_attribute_call *call,
    float logits[TW_CLASSES], struct tw_error *err)
{
    const uint32_t starts[] = {0, (uint32_t)call->count};
    const struct tw_packed batch = {.ids = call->ids, .starts = starts, .count = 1};
    const struct tw_entity_span span = {0, call->begin, call->end};
    return tw_predict_run(workspace->predict, &batch, &span, call->of_entity, call->of_entity ? NULL : logits,
        call->of_entity ? logits : NULL, err);
}

/* The label that classify.h gives. */
static bool decide(const struct tw_explainer *explainer, const struct tw_explain_workspace *workspace,
    const struct tw_attribute_call *call, struct tw_arena *arena, enum tw_class *label, struct tw_error *err)
{
    const struct tw_model_config *config = &explainer->widened.model.config;
    float by_class[TW_CLASSES];
    if (workspace->predict) {
        if (!predict_narrow(workspace, call, by_class, err))
            return false;
        *label = largest(by_class);
        return true;
    }
    float *logits = tw_arena_array(arena, config->labels, sizeof *logits);
    if (!logits)
        return tw_arena_fail(arena, err);
    if (!tw_attribute_logits(workspace->attributor, call, logits, err))
        return false;
    for (enum tw_class class = TW_NEGATIVE; class < TW_CLASSES; class ++)
        by_class[class] = logits[config->class_at[class]];
    *label = largest(by_class);
    return true;
}

/* ---- words ---- */

/* Tokens put to words, in one walk over both. */
struct walk {
    struct tw_text text;
    uint32_t at; /* where the next word is looked for */
    struct tw_whole_word next;
    bool more; /* `next` is a word that no token was put to yet */
    struct tw_explained_word *words;
    uint32_t count;
};

static void step_word(struct walk *walk)
{
    uint32_t at = walk->at;
    struct tw_whole_word next = walk->next;
    walk->more = tw_whole_word_next(walk->text, &at, &next);
    walk->at = at;
    walk->next = next;
}

/* The token at bytes [begin, end) belongs to the word that it begins in; one that begins in no word is a word
 * of its own. */
static void put_token(struct walk *walk, uint32_t begin, uint32_t end, double weight)
{
    struct tw_explained_word *last = walk->count ? &walk->words[walk->count - 1] : NULL;
    if (last && begin < last->end) {
        last->weight += weight;
        last->end = end > last->end ? end : last->end;
        return;
    }
    while (walk->more && walk->next.end <= begin)
        step_word(walk);
    struct tw_explained_word *word = &walk->words[walk->count++];
    *word = (struct tw_explained_word){.begin = begin, .end = end, .weight = weight};
    if (!walk->more || walk->next.begin > begin)
        return;
    word->begin = last && last->end > walk->next.begin ? last->end : walk->next.begin;
    word->end = walk->next.end > end ? walk->next.end : end;
    step_word(walk);
}

/* Tokens that stand for nothing of the text ([CLS], [SEP]) weigh nothing. */
static void put_tokens(const struct tw_document *document, const double *weights, struct walk *walk)
{
    step_word(walk);
    for (uint32_t token = 0; token < document->token_count; token++)
        if (document->token_ends[token] > document->token_begins[token])
            put_token(walk, document->token_begins[token], document->token_ends[token], weights[token]);
}

/* ---- one text ---- */

/* The text without its words. Only [CLS] and [SEP] that the tokenizer put there stand for no bytes. */
static int32_t *without_words(
    const struct tw_explainer *explainer, const struct tw_document *document, struct tw_arena *arena)
{
    int32_t *ids = tw_arena_array(arena, document->token_count, sizeof *ids);
    for (uint32_t token = 0; ids && token < document->token_count; token++)
        ids[token] = document->token_ends[token] > document->token_begins[token] ? explainer->unknown
                                                                                 : document->tokens[token];
    return ids;
}

bool tw_explain(const struct tw_explainer *explainer, struct tw_explain_workspace *workspace,
    const struct tw_document *document, uint32_t nth, struct tw_arena *arena, struct tw_explanation *out,
    struct tw_error *err)
{
    const struct tw_model *model = &explainer->widened.model;
    struct walk walk = {.text = document->text};
    struct tw_attribution attribution;
    enum tw_class label = TW_NEGATIVE;
    double *weights = tw_arena_array(arena, document->token_count, sizeof *weights);
    struct tw_attribute_call call = {.ids = document->tokens,
        .baseline = without_words(explainer, document, arena),
        .count = document->token_count};
    walk.words = tw_arena_array(arena, document->token_count, sizeof *walk.words);
    if (!weights || !call.baseline || !walk.words)
        return tw_arena_fail(arena, err);
    choose_head(model, document, nth, &call);
    if (!decide(explainer, workspace, &call, arena, &label, err))
        return false;
    call.column = (size_t)model->config.class_at[label];
    if (!tw_attribute(workspace->attributor, &call, weights, &attribution, err))
        return false;
    put_tokens(document, weights, &walk);
    *out = (struct tw_explanation){.label = label,
        .base = attribution.base,
        .logit = attribution.logit,
        .words = walk.words,
        .word_count = walk.count,
        .error = attribution.error,
        .settled = attribution.settled};
    return true;
}

uint32_t tw_explanation_top(const struct tw_explanation *explanation, uint32_t count, uint32_t *order)
{
    uint32_t chosen = 0;
    for (uint32_t at = 0; at < explanation->word_count; at++) {
        const double weight = fabs(explanation->words[at].weight);
        uint32_t place = chosen;
        while (place > 0 && weight > fabs(explanation->words[order[place - 1]].weight))
            place--;
        if (place == count || weight <= 0.0)
            continue;
        chosen += chosen < count;
        for (uint32_t behind = chosen - 1; behind > place; behind--)
            order[behind] = order[behind - 1];
        order[place] = at;
    }
    return chosen;
}
