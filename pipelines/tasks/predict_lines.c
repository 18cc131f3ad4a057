#include "tasks/predict_lines.h"

bool tw_predict_lines_score(const struct tw_task_options *options, struct tw_river_worker *worker,
    struct tw_chunk *chunk, struct tw_record *records, float *logits, struct tw_error *err)
{
    struct tw_document *documents = tw_arena_array(&chunk->arena, chunk->count, sizeof *documents);
    if (!documents)
        return tw_arena_fail(&chunk->arena, err);
    for (uint32_t at = 0; at < chunk->count; at++)
        documents[at] = records[at].document;
    if (!tw_river_classify(options->river, worker, documents, chunk->count, &chunk->arena, logits, err))
        return false;
    for (uint32_t at = 0; at < chunk->count; at++)
        records[at].document = documents[at];
    return true;
}

const struct tw_score *tw_predict_lines_entity_score(const struct tw_record *record, uint32_t nth)
{
    const struct tw_document *document = &record->document;
    return nth < document->reading_count ? &document->readings[nth].score : &document->score;
}
