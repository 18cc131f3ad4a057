#include "score/classifier.h"

#include "base/file.h"
#include "format/config_json.h"
#include "infer/predict.h"
#include "link/locate.h"
#include "score/score_cache.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { CONSTANT_MAX_TOKENS = 512 }; /* of the constant model without a folder */

struct tw_classifier {
    struct tw_tokenizer *tokenizer; /* NULL: the constant model without a folder */
    struct tw_model *model;         /* NULL: the constant model, or only a tokenizer */
    struct tw_score_cache *cache;   /* may be NULL */
    bool constant;
    struct tw_compute compute;
    uint32_t micro_tokens;
    uint32_t max_tokens;
    uint32_t max_windows;
    uint32_t text_tokens; /* of all windows of a text */
    char sha256[65];
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

static uint32_t window_tokens(const struct tw_classifier *classifier)
{
    return least(TW_WINDOW_TOKENS, classifier->max_tokens);
}

/* Words that are hashed have no windows. */
static void settle_windows(struct tw_classifier *classifier, const struct tw_classifier_options *options)
{
    classifier->max_windows = classifier->tokenizer && options->max_windows > 1 ? options->max_windows : 1;
    classifier->text_tokens = classifier->max_tokens;
    if (classifier->max_windows > 1)
        classifier->text_tokens = least(options->max_tokens ? options->max_tokens : UINT32_MAX,
            (size_t)classifier->max_windows * window_tokens(classifier));
}

/* Truncation: the least of what model, tokenizer and configuration allow. */
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
    settle_windows(classifier, options);
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
        if (!open_model(classifier, options, files, err) ||
            (options->cache_bytes &&
                !tw_score_cache_open(options->cache_bytes, NULL, &classifier->cache, err)))
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
    tw_score_cache_close(classifier->cache);
    free(classifier);
}

const char *tw_classifier_sha256(const struct tw_classifier *classifier)
{
    return classifier->sha256;
}

uint32_t tw_classifier_micro_tokens(const struct tw_classifier *classifier)
{
    return classifier->micro_tokens;
}

uint32_t tw_classifier_max_tokens(const struct tw_classifier *classifier)
{
    return classifier->max_tokens;
}

uint32_t tw_classifier_text_tokens(const struct tw_classifier *classifier)
{
    return classifier->text_tokens;
}

uint32_t tw_classifier_max_windows(const struct tw_classifier *classifier)
{
    return classifier->max_windows;
}

const struct tw_model *tw_classifier_model(const struct tw_classifier *classifier)
{
    return classifier->model;
}

const struct tw_compute *tw_classifier_compute(const struct tw_classifier *classifier)
{
    return &classifier->compute;
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
    if (!classifier->model)
        return;
    int used = 0;
    if (classifier->model->int8)
        used = snprintf(line, size, "int8 by %s; fp32: ", classifier->compute.int8->name);
    if (used >= 0 && (size_t)used < size)
        tw_gemm_report(&classifier->compute.gemm, line + used, size - (size_t)used);
}

const char *tw_classifier_precision(const struct tw_classifier *classifier)
{
    return !classifier->model ? "" : classifier->model->int8 ? "int8" : "fp32";
}

struct tw_score_cache *tw_classifier_cache(const struct tw_classifier *classifier)
{
    return classifier->cache;
}

bool tw_classifier_is_constant(const struct tw_classifier *classifier)
{
    return classifier->constant;
}

bool tw_classifier_open_predict(
    const struct tw_classifier *classifier, struct tw_predict **out, struct tw_error *err)
{
    const struct tw_predict_options options = {.compute = &classifier->compute,
        .max_tokens = classifier->micro_tokens,
        .max_sequence = classifier->max_tokens};
    *out = NULL;
    return !classifier->model || tw_predict_open(classifier->model, &options, out, err);
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
        document->read_bytes = (uint32_t)end;
        if (end > at)
            tokens[count++] = (int32_t)(XXH3_64bits(text.bytes + at, end - at) & INT32_MAX);
        at = end + 1;
    }
    document->tokens = tokens;
    document->token_count = count;
    return true;
}

/* The whole text as one window, cut behind its first tokens. */
static bool read_at_once(const struct tw_classifier *classifier, uint32_t most, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_tokens tokens;
    if (!tw_tokenize(classifier->tokenizer, document->text, NULL, most, arena, &tokens, err))
        return false;
    document->tokens = tokens.ids;
    document->token_begins = tokens.begins;
    document->token_ends = tokens.ends;
    document->token_count = tokens.count;
    document->truncated = tokens.truncated;
    document->read_bytes = tokens.truncated ? tokens.ends[tokens.count - 2] : (uint32_t)document->text.length;
    return true;
}

static bool cut_windows(const struct tw_classifier *classifier, struct tw_document *document,
    struct tw_text_mentions mentions, struct tw_arena *arena, struct tw_error *err)
{
    const struct tw_text_windows_options options = {.tokenizer = classifier->tokenizer,
        .window_tokens = window_tokens(classifier),
        .most_windows = classifier->max_windows,
        .most_tokens = classifier->text_tokens};
    return tw_text_windows_cut(&options, document, mentions, arena, err);
}

bool tw_classifier_tokenize(const struct tw_classifier *classifier, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err)
{
    document->truncated = false;
    document->windows = NULL;
    document->window_count = 0;
    document->spans = NULL;
    document->span_count = 0;
    if (!classifier->tokenizer)
        return hash_words(classifier->max_tokens, document, arena, err);
    if (classifier->max_windows == 1)
        return read_at_once(classifier, classifier->max_tokens, document, arena, err);
    const size_t mark = tw_arena_mark(arena);
    const bool has_both = document->title_length > 0 && document->title_length < document->text.length;
    const uint32_t most =
        has_both ? least(TW_TITLED_TOKENS, classifier->max_tokens) : window_tokens(classifier);
    if (!read_at_once(classifier, most, document, arena, err))
        return false;
    if (!document->truncated)
        return true;
    tw_arena_rewind(arena, mark);
    const struct tw_text_mentions linked = {
        document->mentions, document->mention_count, document->entity_count};
    return cut_windows(classifier, document, linked, arena, err);
}

static struct tw_tokens tokens_of(const struct tw_document *document)
{
    uint32_t *begins, *ends;
    memcpy(&begins, &document->token_begins, sizeof begins);
    memcpy(&ends, &document->token_ends, sizeof ends);
    return (struct tw_tokens){.begins = begins, .ends = ends, .count = document->token_count};
}

/* Each at its first mention, or in the whole text. */
static bool place_at_once(struct tw_document *document, struct tw_text_mentions mentions,
    struct tw_arena *arena, struct tw_error *err)
{
    const struct tw_tokens tokens = tokens_of(document);
    struct tw_place *places = tw_arena_array(arena, mentions.count, sizeof *places);
    if (!places)
        return tw_arena_fail(arena, err);
    for (uint32_t at = mentions.item_count; at-- > 0;)
        if (mentions.items[at].end > mentions.items[at].begin)
            places[mentions.items[at].entity] =
                (struct tw_place){mentions.items[at].begin, mentions.items[at].end};
    for (uint32_t at = 0; at < mentions.count; at++)
        (void)tw_locate_tokens(
            &tokens, places[at], &document->readings[at].begin, &document->readings[at].end);
    return true;
}

static bool place_in_windows(const struct tw_classifier *classifier, struct tw_document *document,
    struct tw_text_mentions mentions, struct tw_arena *arena, struct tw_error *err)
{
    if ((mentions.items != document->mentions && !cut_windows(classifier, document, mentions, arena, err)) ||
        !tw_text_windows_place(document, mentions, arena, err))
        return false;
    for (uint32_t at = document->span_count; at-- > 0;) {
        const struct tw_text_span *span = &document->spans[at];
        const uint32_t first = document->windows[span->window].first_token;
        document->readings[span->reading].begin = first + span->begin;
        document->readings[span->reading].end = first + span->end;
    }
    return true;
}

bool tw_classifier_read_entities(const struct tw_classifier *classifier, struct tw_document *document,
    struct tw_text_mentions mentions, struct tw_arena *arena, struct tw_error *err)
{
    document->readings = NULL;
    document->reading_count = 0;
    if (!classifier->model || !classifier->model->has_entity_head || mentions.count == 0)
        return true;
    document->readings = tw_arena_array(arena, mentions.count, sizeof *document->readings);
    if (!document->readings)
        return tw_arena_fail(arena, err);
    document->reading_count = mentions.count;
    return document->window_count ? place_in_windows(classifier, document, mentions, arena, err)
                                  : place_at_once(document, mentions, arena, err);
}
