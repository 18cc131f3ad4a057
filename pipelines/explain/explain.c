#include "explain/explain.h"

#include "attribute/attribute.h"
#include "attribute/widen.h"
#include "explain/whole_words.h"
#include "infer/predict.h"
#include "link/symbols.h"
#include "score/classifier.h"
#include "score/classify.h"
#include "score/join.h"
#include "score/score.h"
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
    struct tw_predict
        *predict; /* of the classifier's own model, when that has 8-bit weights or reads windows */
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

static bool is_narrow(const struct tw_classifier *classifier)
{
    return tw_classifier_model(classifier)->int8 != NULL;
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
    const bool predicts =
        is_narrow(explainer->classifier) || tw_classifier_max_windows(explainer->classifier) > 1;
    if (!tw_attributor_open(&explainer->widened.model, &options, &workspace->attributor, err) ||
        (predicts && !tw_classifier_open_predict(explainer->classifier, &workspace->predict, err))) {
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

void tw_explain_watch(struct tw_explain_workspace *workspace, struct tw_pulse *pulse)
{
    tw_attributor_watch(workspace->attributor, pulse);
    if (workspace->predict)
        tw_predict_watch(workspace->predict, pulse);
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

/* What is explained: a sequence that the model reads at once, and what of it, by which head. */
struct view {
    uint32_t first, count; /* tokens of the document */
    bool of_entity;
    uint32_t begin, end; /* tokens of the sequence that are read of an entity */
};

/* A sequence read whole: by the head for texts, or, of a model that has none, as an entity. */
static struct view whole_of(const struct tw_model *model, uint32_t first, uint32_t count)
{
    return (struct view){first, count, !model->has_head, count > 2, count > 2 ? count - 1 : 1};
}

/* The tokens that classify.h reads of a text that is one window. */
static struct view view_of(const struct tw_model *model, const struct tw_document *document, uint32_t nth)
{
    struct view view = whole_of(model, 0, document->token_count);
    if (nth >= document->reading_count)
        return view;
    view.of_entity = true;
    view.begin = document->readings[nth].begin;
    view.end = document->readings[nth].end;
    return view;
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

/* By the classifier's own model: near a tie the label of 8-bit weights may not be that of the
 * widened ones. */
static bool predict(const struct tw_explain_workspace *workspace, const struct tw_document *document,
    const struct view *view, float logits[TW_CLASSES], struct tw_error *err)
{
    const uint32_t starts[] = {0, view->count};
    const struct tw_packed batch = {.ids = document->tokens + view->first, .starts = starts, .count = 1};
    const struct tw_entity_span span = {0, view->begin, view->end};
    return tw_predict_run(workspace->predict, &batch, &span, view->of_entity, view->of_entity ? NULL : logits,
        view->of_entity ? logits : NULL, err);
}

/* The label that classify.h gives to what is read at once. */
static bool decide(const struct tw_explainer *explainer, const struct tw_explain_workspace *workspace,
    const struct tw_document *document, const struct view *view, const struct tw_attribute_call *call,
    struct tw_arena *arena, enum tw_class *label, struct tw_error *err)
{
    const struct tw_model_config *config = &explainer->widened.model.config;
    float by_class[TW_CLASSES];
    if (is_narrow(explainer->classifier)) {
        if (!predict(workspace, document, view, by_class, err))
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

/* ---- which window ---- */

/* A window as it was read, and what it says. */
struct heard {
    struct view view;
    struct tw_score score;
    double kind; /* join.h */
};

/* The views of the windows, of entity number `nth` those of its spans. Returns how many. */
static uint32_t view_windows(
    const struct tw_model *model, const struct tw_document *document, uint32_t nth, struct heard *heard)
{
    const bool is_read = nth < document->reading_count;
    uint32_t count = 0;
    for (uint32_t window = 0; !is_read && window < document->window_count; window++) {
        const struct tw_text_window *at = &document->windows[window];
        heard[count++] = (struct heard){.view = whole_of(model, at->first_token, at->token_count),
            .kind = window == 0 ? TW_JOIN_TITLE : 1.0};
    }
    for (uint32_t at = 0; is_read && at < document->span_count; at++) {
        const struct tw_text_span *span = &document->spans[at];
        const struct tw_text_window *window = &document->windows[span->window];
        if (span->reading == nth)
            heard[count++] = (struct heard){
                .view = {window->first_token, window->token_count, true, span->begin, span->end},
                .kind = span->window == 0 ? TW_JOIN_TITLE_OF_ENTITY : 1.0};
    }
    return count;
}

static float probability_of(const struct tw_score *score, enum tw_class label)
{
    return label == TW_NEGATIVE ? score->negative : label == TW_NEUTRAL ? score->neutral : score->positive;
}

/* The label of the joined scores (join.h), and the window that speaks most for it; the first of equals. */
static bool choose_window(const struct tw_explainer *explainer, const struct tw_explain_workspace *workspace,
    const struct tw_document *document, uint32_t nth, struct tw_arena *arena, struct view *view,
    enum tw_class *label, struct tw_error *err)
{
    const struct tw_model_config *config = &tw_classifier_model(explainer->classifier)->config;
    struct heard *heard = tw_arena_array(arena, document->window_count, sizeof *heard);
    struct tw_join join = {{0.0}, 0.0};
    double most = -1.0;
    if (!heard)
        return tw_arena_fail(arena, err);
    const uint32_t count = view_windows(&explainer->widened.model, document, nth, heard);
    for (uint32_t at = 0; at < count; at++) {
        float logits[TW_CLASSES];
        if (!predict(workspace, document, &heard[at].view, logits, err))
            return false;
        heard[at].score =
            tw_score_of(logits, heard[at].view.of_entity ? config->entity_temperature : config->temperature);
        tw_join_add(&join, &heard[at].score, heard[at].kind);
    }
    const struct tw_score score = tw_join_score(&join);
    *label = (enum tw_class)tw_label_of(&score);
    for (uint32_t at = 0; at < count; at++) {
        const double share = tw_join_weight(&heard[at].score, heard[at].kind) *
                             (double)probability_of(&heard[at].score, *label);
        if (share > most)
            *view = heard[at].view;
        most = share > most ? share : most;
    }
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

static bool has_bytes(const struct tw_document *document, uint32_t token)
{
    return document->token_ends[token] > document->token_begins[token];
}

/* Tokens that stand for nothing of the text ([CLS], [SEP]) weigh nothing. */
static void put_tokens(
    const struct tw_document *document, const struct view *view, const double *weights, struct walk *walk)
{
    step_word(walk);
    for (uint32_t at = 0; at < view->count; at++) {
        const uint32_t token = view->first + at;
        if (has_bytes(document, token))
            put_token(walk, document->token_begins[token], document->token_ends[token], weights[at]);
    }
}

/* ---- one text ---- */

/* The byte where the sequence begins. */
static uint32_t start_of(const struct tw_document *document, const struct view *view)
{
    for (uint32_t window = 0; window < document->window_count; window++)
        if (document->windows[window].first_token == view->first)
            return document->windows[window].begin;
    return 0;
}

/* The text without its words. Only [CLS] and [SEP] that the tokenizer put there stand for no bytes. */
static int32_t *without_words(const struct tw_explainer *explainer, const struct tw_document *document,
    const struct view *view, struct tw_arena *arena)
{
    int32_t *ids = tw_arena_array(arena, view->count, sizeof *ids);
    for (uint32_t at = 0; ids && at < view->count; at++)
        ids[at] =
            has_bytes(document, view->first + at) ? explainer->unknown : document->tokens[view->first + at];
    return ids;
}

/* The weights of the words that the model read at once, for a label that is chosen already or chosen here. */
static bool explain_view(const struct tw_explainer *explainer, struct tw_explain_workspace *workspace,
    const struct tw_document *document, const struct view *view, bool is_decided, enum tw_class label,
    struct tw_arena *arena, struct tw_explanation *out, struct tw_error *err)
{
    struct walk walk = {.text = document->text, .at = start_of(document, view)};
    struct tw_attribution attribution;
    double *weights = tw_arena_array(arena, view->count, sizeof *weights);
    struct tw_attribute_call call = {.ids = document->tokens + view->first,
        .baseline = without_words(explainer, document, view, arena),
        .count = view->count,
        .of_entity = view->of_entity,
        .begin = view->begin,
        .end = view->end};
    walk.words = tw_arena_array(arena, view->count, sizeof *walk.words);
    if (!weights || !call.baseline || !walk.words)
        return tw_arena_fail(arena, err);
    if (!is_decided && !decide(explainer, workspace, document, view, &call, arena, &label, err))
        return false;
    call.column = (size_t)explainer->widened.model.config.class_at[label];
    if (!tw_attribute(workspace->attributor, &call, weights, &attribution, err))
        return false;
    put_tokens(document, view, weights, &walk);
    *out = (struct tw_explanation){.label = label,
        .base = attribution.base,
        .logit = attribution.logit,
        .words = walk.words,
        .word_count = walk.count,
        .error = attribution.error,
        .settled = attribution.settled};
    return true;
}

bool tw_explain(const struct tw_explainer *explainer, struct tw_explain_workspace *workspace,
    const struct tw_document *document, uint32_t nth, struct tw_arena *arena, struct tw_explanation *out,
    struct tw_error *err)
{
    struct view view = view_of(&explainer->widened.model, document, nth);
    enum tw_class label = TW_NEGATIVE;
    const bool has_windows = document->window_count > 0;
    if (has_windows && !choose_window(explainer, workspace, document, nth, arena, &view, &label, err))
        return false;
    return explain_view(explainer, workspace, document, &view, has_windows, label, arena, out, err);
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
