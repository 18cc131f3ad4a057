#include "distill/ask.h"

#include "examples/collate.h"
#include "model/encoder.h"
#include "model/heads.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS_AT_ONCE = 16 };
#define SCRATCH_BYTES ((size_t)256 << 20)
#define KEEP_BYTES ((size_t)4 << 20)

struct tw_asker {
    struct tw_workspace workspace;
    struct tw_arena arena;
};

/* One call of tw_ask_run. */
struct asking {
    struct tw_ask *ask;
    struct tw_collator collator;
    const size_t *records;
    const size_t *first_entity; /* [count] rows of `entities` */
    size_t count;
    float *documents, *entities;
};

/* What one thread does of it: every `threads`th group of records. */
struct turn {
    const struct asking *asking;
    size_t thread;
    uint64_t tokens;
    bool done;
    struct tw_error err;
};

static bool open_askers(struct tw_ask *ask, struct tw_error *err)
{
    const struct tw_workspace_options options = {
        .max_tokens = (size_t)RECORDS_AT_ONCE * ask->most_tokens, .compute = &ask->compute};
    ask->askers = calloc(ask->threads, sizeof *ask->askers);
    if (!ask->askers)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for a model");
    for (size_t at = 0; at < ask->threads; at++)
        if (!tw_workspace_open(ask->model, &options, &ask->askers[at].workspace, err) ||
            !tw_arena_begin(&ask->askers[at].arena, SCRATCH_BYTES, err))
            return false;
    return true;
}

bool tw_ask_open(const char *folder, const char *backend, uint32_t most_tokens, size_t threads,
    struct tw_ask *out, struct tw_error *err)
{
    const struct tw_model_options options = {.need_head = true};
    *out = (struct tw_ask){.threads = threads ? threads : 1};
    if (!tw_tokenizer_load(folder, &out->tokenizer, err) ||
        !tw_model_open(folder, &options, &out->model, err) || !tw_compute_open(backend, &out->compute, err))
        return false;
    out->most_tokens =
        tw_base_model_most_tokens(out->tokenizer, most_tokens, out->model->config.max_positions);
    return open_askers(out, err);
}

void tw_ask_close(struct tw_ask *ask)
{
    for (size_t at = 0; ask->askers && at < ask->threads; at++) {
        tw_workspace_close(&ask->askers[at].workspace);
        tw_arena_end(&ask->askers[at].arena);
    }
    free(ask->askers);
    tw_model_close(ask->model);
    tw_tokenizer_free(ask->tokenizer);
    *ask = (struct tw_ask){0};
}

/* Rows in the model's own order of labels to rows by class. */
static void by_class(const struct tw_model_config *config, const float *logits, size_t rows, float *out)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t class = 0; class < TW_CLASSES; class ++)
            out[row * TW_CLASSES + class] = logits[row * config->labels + config->class_at[class]];
}

static bool answer_group(
    struct turn *turn, struct tw_asker *asker, size_t first, size_t count, struct tw_error *err)
{
    const struct asking *asking = turn->asking;
    const struct tw_model *model = asking->ask->model;
    struct tw_collated collated;
    tw_arena_reset(&asker->arena, KEEP_BYTES);
    if (!tw_collate_batch(
            &asking->collator, 0, asking->records + first, count, &asker->arena, &collated, err))
        return false;
    size_t entities = collated.targets.entity_count, rows = count > entities ? count : entities;
    float *logits = tw_arena_array(&asker->arena, rows * model->config.labels, sizeof *logits);
    if (!logits)
        return tw_arena_fail(&asker->arena, err);
    turn->tokens += tw_packed_tokens(&collated.batch);
    if (!tw_encode(model, &collated.batch, &asker->workspace, err))
        return false;
    if (model->has_head) {
        if (!tw_document_logits(model, &collated.batch, &asker->workspace, logits, err))
            return false;
        by_class(&model->config, logits, count, asking->documents + first * TW_CLASSES);
    }
    if (!model->has_entity_head || entities == 0)
        return true;
    if (!tw_entity_logits(
            model, &collated.batch, &asker->workspace, collated.targets.entities, entities, logits, err))
        return false;
    by_class(&model->config, logits, entities, asking->entities + asking->first_entity[first] * TW_CLASSES);
    return true;
}

static void *take_turn(void *argument)
{
    struct turn *turn = argument;
    const struct asking *asking = turn->asking;
    size_t stride = RECORDS_AT_ONCE * asking->ask->threads;
    turn->done = true;
    for (size_t first = turn->thread * RECORDS_AT_ONCE; turn->done && first < asking->count;
         first += stride) {
        size_t left = asking->count - first;
        turn->done = answer_group(turn, &asking->ask->askers[turn->thread], first,
            left < RECORDS_AT_ONCE ? left : RECORDS_AT_ONCE, &turn->err);
    }
    return NULL;
}

static bool take_turns(const struct asking *asking, struct turn *turns, pthread_t *threads, uint64_t *tokens,
    struct tw_error *err)
{
    size_t started = 1, count = asking->ask->threads;
    for (size_t at = 0; at < count; at++)
        turns[at] = (struct turn){.asking = asking, .thread = at};
    while (started < count && pthread_create(&threads[started], NULL, take_turn, &turns[started]) == 0)
        started++;
    take_turn(&turns[0]);
    for (size_t at = started; at < count; at++)
        take_turn(&turns[at]);
    for (size_t at = 1; at < started; at++)
        pthread_join(threads[at], NULL);
    for (size_t at = 0; at < count; at++) {
        if (!turns[at].done) {
            *err = turns[at].err;
            return false;
        }
        if (tokens)
            *tokens += turns[at].tokens;
    }
    return true;
}

bool tw_ask_run(struct tw_ask *ask, const struct tw_dataset *dataset, const size_t *records, size_t count,
    float *documents, float *entities, uint64_t *tokens, struct tw_error *err)
{
    size_t *first_entity = calloc(count ? count : 1, sizeof *first_entity);
    struct turn *turns = calloc(ask->threads, sizeof *turns);
    pthread_t *threads = calloc(ask->threads, sizeof *threads);
    bool done = first_entity && turns && threads;
    if (!done)
        tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory to ask a model");
    for (size_t at = 0, next = 0; done && at < count; at++) {
        first_entity[at] = next;
        next += dataset->examples[records[at]].entity_count;
    }
    if (done) {
        const struct asking asking = {.ask = ask,
            .collator = {.dataset = dataset,
                .tokenizer = ask->tokenizer,
                .config = &ask->model->config,
                .most_tokens = ask->most_tokens,
                .parts = TW_PART_DOCUMENT | TW_PART_ENTITY,
                .all_entities = true},
            .records = records,
            .first_entity = first_entity,
            .count = count,
            .documents = documents,
            .entities = entities};
        done = take_turns(&asking, turns, threads, tokens, err);
    }
    free(first_entity);
    free(turns);
    free(threads);
    return done;
}
