#include "distill/predict_folder.h"

#include "examples/collate.h"
#include "infer/predict.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"

/* Of a micro-batch: texts of full length. */
enum { TEXTS_AT_ONCE = 16, RECORDS_AT_ONCE = 256 };
#define SCRATCH_BYTES ((size_t)512 << 20)
#define KEEP_BYTES ((size_t)4 << 20)

bool tw_folder_model_open(const char *folder, const char *backend, uint32_t most_tokens, size_t threads,
    struct tw_folder_model *out, struct tw_error *err)
{
    const struct tw_model_options options = {.need_head = true};
    struct tw_predict_options predict = {.compute = &out->compute, .threads = threads};
    *out = (struct tw_folder_model){0};
    if (!tw_tokenizer_load(folder, &out->tokenizer, err) ||
        !tw_model_open(folder, &options, &out->model, err) || !tw_compute_open(backend, &out->compute, err))
        return false;
    out->most_tokens =
        tw_base_model_most_tokens(out->tokenizer, most_tokens, out->model->config.max_positions);
    predict.max_tokens = (size_t)TEXTS_AT_ONCE * out->most_tokens;
    predict.max_sequence = out->most_tokens;
    return tw_arena_begin(&out->arena, SCRATCH_BYTES, err) &&
           tw_predict_open(out->model, &predict, &out->predict, err);
}

void tw_folder_model_close(struct tw_folder_model *folder)
{
    tw_predict_close(folder->predict);
    tw_arena_end(&folder->arena);
    tw_model_close(folder->model);
    tw_tokenizer_free(folder->tokenizer);
    *folder = (struct tw_folder_model){0};
}

bool tw_folder_model_predict(struct tw_folder_model *folder, const struct tw_dataset *dataset,
    const size_t *records, size_t count, float *documents, float *entities, uint64_t *tokens,
    struct tw_error *err)
{
    const struct tw_collator collator = {.dataset = dataset,
        .tokenizer = folder->tokenizer,
        .config = &folder->model->config,
        .most_tokens = folder->most_tokens,
        .parts = TW_PART_DOCUMENT | TW_PART_ENTITY,
        .all_entities = true};
    for (size_t first = 0, group; first < count; first += group) {
        struct tw_collated collated;
        group = count - first < RECORDS_AT_ONCE ? count - first : RECORDS_AT_ONCE;
        tw_arena_reset(&folder->arena, KEEP_BYTES);
        if (!tw_collate_batch(&collator, 0, records + first, group, &folder->arena, &collated, err))
            return false;
        const size_t entity_count = collated.targets.entity_count;
        if (!tw_predict_run(folder->predict, &collated.batch, collated.targets.entities, entity_count,
                documents, entities, err))
            return false;
        documents += group * TW_CLASSES;
        entities += entity_count * TW_CLASSES;
        if (tokens)
            *tokens += tw_packed_tokens(&collated.batch);
    }
    return true;
}
