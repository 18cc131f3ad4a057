#include "train/targets.h"

static bool refuse(struct tw_error *err, const char *what, size_t at)
{
    return tw_fail(err, TW_INTERNAL, "trainer", NULL, "target %zu: %s", at, what);
}

static bool check_labels(const int32_t *labels, size_t count, struct tw_error *err)
{
    for (size_t at = 0; labels && at < count; at++) {
        if (labels[at] != TW_NO_LABEL && (labels[at] < 0 || labels[at] >= TW_CLASSES))
            return refuse(err, "no such class", at);
    }
    return true;
}

static bool check_own(const struct tw_targets *targets, const struct tw_packed *batch,
    const struct tw_model *model, struct tw_error *err)
{
    size_t tokens = tw_packed_tokens(batch);
    if (!check_labels(targets->documents, batch->count, err) ||
        !check_labels(targets->entity_labels, targets->entity_count, err) ||
        !tw_entity_spans_check(batch, targets->entities, targets->entity_count, err))
        return false;
    for (size_t at = 1; at < targets->entity_count; at++) {
        if (targets->entities[at].sequence < targets->entities[at - 1].sequence)
            return refuse(err, "entities are not in the order of their sequences", at);
    }
    for (size_t at = 0; at < targets->masked_count; at++) {
        const struct tw_masked *masked = &targets->masked[at];
        if (masked->token >= tokens || masked->id < 0 || (size_t)masked->id >= model->config.vocabulary)
            return refuse(err, "no such token or word", at);
        if (at > 0 && masked->token <= targets->masked[at - 1].token)
            return refuse(err, "masked words are not in order", at);
    }
    if (targets->entity_count > 0 && !model->has_entity_head)
        return refuse(err, "the model has no entity head", 0);
    if (targets->masked_count > 0 && !model->has_masked_head)
        return refuse(err, "the model has no masked-word head", 0);
    return true;
}

static bool check_teacher_ids(const struct tw_targets *targets, const struct tw_packed *batch,
    const struct tw_teacher *teacher, struct tw_error *err)
{
    const int32_t *ids = targets->teacher_ids ? targets->teacher_ids : batch->ids;
    if (!teacher)
        return true;
    size_t vocabulary = teacher->model->config.vocabulary;
    for (size_t at = batch->starts[0]; at < batch->starts[batch->count]; at++) {
        if (ids[at] < 0 || (size_t)ids[at] >= vocabulary)
            return tw_fail(err, TW_CONFIG, "teacher",
                "give student and teacher the same vocabulary, or teacher_ids",
                "token id %d, but the teacher's vocabulary has %zu entries", (int)ids[at], vocabulary);
    }
    return true;
}

bool tw_targets_check(const struct tw_targets *targets, const struct tw_packed *batch,
    const struct tw_model *model, const struct tw_teacher *teacher, struct tw_error *err)
{
    return check_own(targets, batch, model, err) && check_teacher_ids(targets, batch, teacher, err);
}
