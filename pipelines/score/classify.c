#include "score/classify.h"

#include "base/file.h"
#include "format/config_json.h"
#include "format/labels.h"
#include "model/encoder.h"
#include "model/heads.h"
#include "model/model.h"
#include "model/packed.h"
#include "model/workspace.h"
#include "tokenizer/tokenizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { SPANS_AT_ONCE = 64 };
enum { CONSTANT_MAX_TOKENS = 512 }; /* of the constant model without a folder */

struct tw_classifier {
    struct tw_tokenizer *tokenizer; /* NULL: the constant model without a folder */
    struct tw_model *model;         /* NULL: the constant model, or only a tokenizer */
    bool constant;
    struct tw_compute compute;
    uint32_t micro_tokens;
    uint32_t max_tokens;
    char sha256[65];
};

/* One micro-batch, packed (model/packed.h), and the documents its sequences come from. */
struct tw_classify_workspace {
    struct tw_workspace model;
    int32_t *ids;
    uint32_t *starts;
    uint32_t *documents;
    float *logits;
    float *entity_logits; /* of a round of spans */
    uint32_t token_room, sequence_room;
    uint32_t tokens, sequences;
};

/* ---- opening ---- */

static uint32_t least(uint32_t left, size_t right)
{
    return right < left ? (uint32_t)right : left;
}

/* What config.json says, for `tokenize`, which needs no weights and does without that file too. */
static uint32_t positions_of_folder(const struct tw_snapshot *files)
{
    struct tw_arena arena;
    struct tw_model_config config;
    struct tw_error ignored;
    uint32_t positions = UINT32_MAX;
    if (!tw_arena_begin(&arena, (size_t)16 << 20, &ignored))
        return positions;
    if (tw_config_read_from(files, NULL, &arena, &config, &ignored))
        positions = least(positions, config.max_positions);
    tw_arena_end(&arena);
    return positions;
}

/* Truncation (contracts, "A message"): the least of what model, tokenizer and configuration allow. */
static bool settle_max_tokens(struct tw_classifier *classifier, const struct tw_classifier_options *options,
    const struct tw_snapshot *files, struct tw_error *err)
{
    uint32_t most = options->max_tokens ? options->max_tokens : UINT32_MAX;
    if (classifier->tokenizer)
        most = least(most, tw_tokenizer_model_max_length(classifier->tokenizer));
    if (classifier->model)
        most = least(most, classifier->model->config.max_positions);
    else if (options->folder)
        most = least(most, positions_of_folder(files));
    else
        most = least(most, CONSTANT_MAX_TOKENS);
    if (most < 3)
        return tw_fail(err, TW_CONFIG, options->folder, "raise model.max_tokens",
            "a limit of %u tokens leaves no room between [CLS] and [SEP]", most);
    classifier->max_tokens = most;
    return true;
}

static bool check_vocabulary(const struct tw_classifier *classifier, const char *folder, struct tw_error *err)
{
    size_t tokens = tw_tokenizer_vocabulary_size(classifier->tokenizer);
    if (tokens <= classifier->model->config.vocabulary)
        return true;
    return tw_fail(err, TW_CONFIG, folder, "take tokenizer and weights from one checkpoint",
        "the tokenizer has %zu tokens, the weights have %zu", tokens, classifier->model->config.vocabulary);
}

static bool open_model(struct tw_classifier *classifier, const struct tw_classifier_options *options,
    const struct tw_snapshot *files, struct tw_error *err)
{
    struct tw_model_options model = {.labels = options->labels, .need_head = true};
    if (!tw_model_open_from(files, &model, &classifier->model, err) ||
        !check_vocabulary(classifier, options->folder, err) ||
        !tw_compute_open(options->gemm, &classifier->compute, err))
        return false;
    memcpy(classifier->sha256, classifier->model->sha256_hex, sizeof classifier->sha256);
    return true;
}

/* Tokenizer, model and limits from files that stood together: a run may be replacing them. */
static bool open_parts(struct tw_classifier *classifier, const struct tw_classifier_options *options,
    const struct tw_snapshot *files, struct tw_error *err)
{
    classifier->constant = options->constant;
    classifier->micro_tokens = options->micro_tokens ? options->micro_tokens : TW_MICRO_BATCH_TOKENS;
    if (!options->folder && !options->constant)
        return tw_fail(err, TW_USAGE, NULL, "name a model folder with -m", "no model is named");
    if (options->folder && !tw_tokenizer_load_from(files, &classifier->tokenizer, err))
        return false;
    if (!options->constant && !options->tokenizer_only) {
        if (!open_model(classifier, options, files, err))
            return false;
    } else if (!tw_sha256_hex(tw_text_of("constant"), classifier->sha256, err)) {
        return false;
    }
    return settle_max_tokens(classifier, options, files, err);
}

bool tw_classifier_open(
    const struct tw_classifier_options *options, struct tw_classifier **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_classifier *classifier = calloc(1, sizeof *classifier);
    if (!classifier)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the model");
    struct tw_snapshot files = {0};
    bool opened = (!options->folder || tw_model_files_take(options->folder, &files, err)) &&
                  open_parts(classifier, options, &files, err);
    tw_snapshot_drop(&files);
    if (!opened) {
        tw_classifier_free(classifier);
        return false;
    }
    *out = classifier;
    return true;
}

void tw_classifier_free(struct tw_classifier *classifier)
{
    if (!classifier)
        return;
    tw_tokenizer_free(classifier->tokenizer);
    tw_model_close(classifier->model);
    free(classifier);
}

const char *tw_classifier_sha256(const struct tw_classifier *classifier)
{
    return classifier->sha256;
}

uint32_t tw_classifier_max_tokens(const struct tw_classifier *classifier)
{
    return classifier->max_tokens;
}

const struct tw_model *tw_classifier_model(const struct tw_classifier *classifier)
{
    return classifier->model;
}

const struct tw_tokenizer *tw_classifier_tokenizer(const struct tw_classifier *classifier)
{
    return classifier->tokenizer;
}

void tw_classifier_gemm_report(const struct tw_classifier *classifier, char *line, size_t size)
{
    if (size == 0)
        return;
    line[0] = '\0';
    if (classifier->model)
        tw_gemm_report(&classifier->compute.gemm, line, size);
}

/* ---- workspace ---- */

static bool open_buffers(
    const struct tw_classifier *classifier, struct tw_classify_workspace *workspace, struct tw_error *err)
{
    workspace->token_room = classifier->micro_tokens;
    if (classifier->max_tokens > workspace->token_room)
        workspace->token_room = classifier->max_tokens;
    workspace->sequence_room = workspace->token_room / 2; /* [CLS] and [SEP] at least */
    size_t labels = classifier->model->config.labels;
    workspace->ids = malloc(workspace->token_room * sizeof *workspace->ids);
    workspace->starts = malloc((workspace->sequence_room + (size_t)1) * sizeof *workspace->starts);
    workspace->documents = malloc(workspace->sequence_room * sizeof *workspace->documents);
    workspace->logits = malloc(workspace->sequence_room * labels * sizeof *workspace->logits);
    workspace->entity_logits = malloc(SPANS_AT_ONCE * labels * sizeof *workspace->entity_logits);
    if (!workspace->ids || !workspace->starts || !workspace->documents || !workspace->logits ||
        !workspace->entity_logits)
        return tw_fail(err, TW_INTERNAL, NULL, "lower the number of workers", "no memory for a worker");
    struct tw_workspace_options options = {.max_tokens = workspace->token_room,
        .max_sequence = classifier->max_tokens,
        .compute = &classifier->compute};
    return tw_workspace_open(classifier->model, &options, &workspace->model, err);
}

bool tw_classify_workspace_new(
    const struct tw_classifier *classifier, struct tw_classify_workspace **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_classify_workspace *workspace = calloc(1, sizeof *workspace);
    if (!workspace)
        return tw_fail(err, TW_INTERNAL, NULL, "lower the number of workers", "no memory for a worker");
    if (classifier->model && !open_buffers(classifier, workspace, err)) {
        tw_classify_workspace_free(workspace);
        return false;
    }
    *out = workspace;
    return true;
}

void tw_classify_workspace_free(struct tw_classify_workspace *workspace)
{
    if (!workspace)
        return;
    free(workspace->ids);
    free(workspace->starts);
    free(workspace->documents);
    free(workspace->logits);
    free(workspace->entity_logits);
    tw_workspace_close(&workspace->model);
    free(workspace);
}

/* ---- tokens ---- */

/* A token for each word between spaces: its hash. No vocabulary, so no [CLS] and [SEP] either. */
static bool hash_words(
    uint32_t most, struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_text text = document->text;
    size_t room = text.length / 2 + 1 < most ? text.length / 2 + 1 : most;
    int32_t *tokens = tw_arena_take(arena, room * sizeof *tokens);
    if (!tokens)
        return tw_arena_fail(arena, err);
    uint32_t count = 0;
    for (size_t at = 0; at < text.length;) {
        const char *space = memchr(text.bytes + at, ' ', text.length - at);
        size_t end = space ? (size_t)(space - text.bytes) : text.length;
        if (end > at && count == room) {
            document->truncated = true;
            break;
        }
        if (end > at)
            tokens[count++] = (int32_t)(XXH3_64bits(text.bytes + at, end - at) & INT32_MAX);
        at = end + 1;
    }
    document->tokens = tokens;
    document->token_count = count;
    return true;
}

bool tw_classifier_tokenize(const struct tw_classifier *classifier, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err)
{
    document->truncated = false;
    if (!classifier->tokenizer)
        return hash_words(classifier->max_tokens, document, arena, err);
    struct tw_tokens tokens;
    if (!tw_tokenize(
            classifier->tokenizer, document->text, NULL, classifier->max_tokens, arena, &tokens, err))
        return false;
    document->tokens = tokens.ids;
    document->token_begins = tokens.begins;
    document->token_ends = tokens.ends;
    document->token_count = tokens.count;
    document->truncated = tokens.truncated;
    return true;
}

bool tw_classifier_read_entities(const struct tw_classifier *classifier, struct tw_document *document,
    const struct tw_place *places, uint32_t count, struct tw_arena *arena, struct tw_error *err)
{
    document->readings = NULL;
    document->reading_count = 0;
    if (!classifier->model || !classifier->model->has_entity_head || count == 0)
        return true;
    uint32_t *begins, *ends;
    memcpy(&begins, &document->token_begins, sizeof begins);
    memcpy(&ends, &document->token_ends, sizeof ends);
    const struct tw_tokens tokens = {.begins = begins, .ends = ends, .count = document->token_count};
    document->readings = tw_arena_array(arena, count, sizeof *document->readings);
    if (!document->readings)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < count; at++)
        (void)tw_locate_tokens(
            &tokens, places[at], &document->readings[at].begin, &document->readings[at].end);
    document->reading_count = count;
    return true;
}

/* ---- scores ---- */

int32_t tw_sentiment_of(float negative, float positive)
{
    /* The default rounding mode, which nobody here changes, is to the nearest, half to even. */
    return (int32_t)lrint(10000.0 * ((double)positive - (double)negative));
}

uint32_t tw_label_of(const struct tw_score *score)
{
    const float probabilities[3] = {score->negative, score->neutral, score->positive};
    uint32_t best = 0;
    for (uint32_t label = 1; label < 3; label++)
        if (probabilities[label] > probabilities[best])
            best = label;
    return best;
}

static void set_score(struct tw_score *score, const float probabilities[3])
{
    *score = (struct tw_score){probabilities[0], probabilities[1], probabilities[2],
        tw_sentiment_of(probabilities[0], probabilities[2])};
}

/* Three weights of 16 bits, plus one, over their sum. Its logits are the logarithms of the probabilities. */
static void score_constant(struct tw_document *document, float *logits)
{
    uint64_t hash = XXH3_64bits(document->tokens, document->token_count * sizeof *document->tokens);
    uint32_t weights[3], sum = 0;
    for (uint32_t label = 0; label < 3; label++) {
        weights[label] = (uint32_t)(hash >> (16 * label) & 0xFFFF) + 1;
        sum += weights[label];
    }
    float probabilities[3];
    for (uint32_t label = 0; label < 3; label++)
        probabilities[label] = (float)((double)weights[label] / sum);
    set_score(&document->score, probabilities);
    for (uint32_t label = 0; logits && label < 3; label++)
        logits[label] = logf(probabilities[label]);
}

static void take_score(
    const struct tw_model *model, const float *from, bool entity, struct tw_score *score, float *logits)
{
    for (uint32_t label = 0; logits && label < TW_CLASSES; label++)
        logits[label] = from[model->config.class_at[label]];
    float probabilities[TW_CLASSES];
    (entity ? tw_entity_probabilities : tw_class_probabilities)(model, from, probabilities);
    set_score(score, probabilities);
}

/* Entities of a micro-batch on their way through the head: a round of spans, and where each score goes. */
struct span_round {
    const struct tw_classifier *classifier;
    struct tw_classify_workspace *workspace;
    const struct tw_packed *batch;
    struct tw_entity_span spans[SPANS_AT_ONCE];
    struct tw_score *scores[SPANS_AT_ONCE];
    float *logits[SPANS_AT_ONCE]; /* NULL: not wanted */
    size_t count;
};

static bool score_round(struct span_round *round, struct tw_error *err)
{
    const struct tw_model *model = round->classifier->model;
    float *answers = round->workspace->entity_logits;
    if (round->count == 0)
        return true;
    if (!tw_entity_logits(
            model, round->batch, &round->workspace->model, round->spans, round->count, answers, err))
        return false;
    for (size_t at = 0; at < round->count; at++)
        take_score(model, answers + at * model->config.labels, true, round->scores[at], round->logits[at]);
    round->count = 0;
    return true;
}

static bool add_span(struct span_round *round, struct tw_entity_span span, struct tw_score *score,
    float *logits, struct tw_error *err)
{
    round->spans[round->count] = span;
    round->scores[round->count] = score;
    round->logits[round->count++] = logits;
    return round->count < SPANS_AT_ONCE || score_round(round, err);
}

/* All readings of the micro-batch; without a head for texts, the texts too. */
static bool score_entities(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    const struct tw_packed *batch, struct tw_document *documents, float *logits, struct tw_error *err)
{
    struct span_round round = {.classifier = classifier, .workspace = workspace, .batch = batch};
    const bool texts_too = !classifier->model->has_head;
    for (uint32_t sequence = 0; sequence < workspace->sequences; sequence++) {
        uint32_t index = workspace->documents[sequence];
        struct tw_document *document = &documents[index];
        uint32_t length = document->token_count;
        struct tw_entity_span whole = {sequence, length > 2, length > 2 ? length - 1 : 1};
        if (texts_too && !add_span(&round, whole, &document->score,
                             logits ? logits + (size_t)index * TW_CLASSES : NULL, err))
            return false;
        for (uint32_t at = 0; at < document->reading_count; at++) {
            struct tw_reading *reading = &document->readings[at];
            if (!add_span(&round, (struct tw_entity_span){sequence, reading->begin, reading->end},
                    &reading->score, NULL, err))
                return false;
        }
    }
    return score_round(&round, err);
}

static bool score_texts(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    const struct tw_packed *batch, struct tw_document *documents, float *logits, struct tw_error *err)
{
    const struct tw_model *model = classifier->model;
    if (!tw_document_logits(model, batch, &workspace->model, workspace->logits, err))
        return false;
    for (uint32_t sequence = 0; sequence < workspace->sequences; sequence++) {
        uint32_t document = workspace->documents[sequence];
        take_score(model, workspace->logits + sequence * model->config.labels, false,
            &documents[document].score, logits ? logits + (size_t)document * TW_CLASSES : NULL);
    }
    return true;
}

/* Encodes and scores the micro-batch at hand, and empties it. */
static bool flush(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    struct tw_document *documents, float *logits, struct tw_error *err)
{
    if (workspace->sequences == 0)
        return true;
    const struct tw_model *model = classifier->model;
    workspace->starts[workspace->sequences] = workspace->tokens;
    struct tw_packed batch = {
        .ids = workspace->ids, .starts = workspace->starts, .count = workspace->sequences};
    if (!tw_encode(model, &batch, &workspace->model, err) ||
        (model->has_head && !score_texts(classifier, workspace, &batch, documents, logits, err)) ||
        (model->has_entity_head && !score_entities(classifier, workspace, &batch, documents, logits, err)))
        return false;
    workspace->tokens = 0;
    workspace->sequences = 0;
    return true;
}

static void pack(struct tw_classify_workspace *workspace, const struct tw_document *document, uint32_t index)
{
    workspace->starts[workspace->sequences] = workspace->tokens;
    workspace->documents[workspace->sequences++] = index;
    memcpy(
        workspace->ids + workspace->tokens, document->tokens, document->token_count * sizeof *workspace->ids);
    workspace->tokens += document->token_count;
}

static void classify_constant(struct tw_document *documents, uint32_t count, float *logits)
{
    for (uint32_t at = 0; at < count; at++)
        if (documents[at].fate == TW_FATE_STORED)
            score_constant(&documents[at], logits ? logits + (size_t)at * TW_CLASSES : NULL);
}

static bool classify_model(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    struct tw_document *documents, uint32_t count, float *logits, struct tw_error *err)
{
    workspace->tokens = 0;
    workspace->sequences = 0;
    for (uint32_t at = 0; at < count; at++) {
        if (documents[at].fate != TW_FATE_STORED)
            continue;
        bool full = workspace->tokens + documents[at].token_count > workspace->token_room ||
                    workspace->sequences == workspace->sequence_room;
        if (full && !flush(classifier, workspace, documents, logits, err))
            return false;
        pack(workspace, &documents[at], at);
    }
    return flush(classifier, workspace, documents, logits, err);
}

bool tw_classify(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    struct tw_document *documents, uint32_t count, float *logits, struct tw_error *err)
{
    if (classifier->model)
        return classify_model(classifier, workspace, documents, count, logits, err);
    if (!classifier->constant)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "only a tokenizer was opened");
    classify_constant(documents, count, logits);
    return true;
}
