#include "run/validation.h"

#include "measure/temperature_fit.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS_AT_ONCE = 64, KEEP_BYTES = 1 << 20 };
#define SCRATCH_BYTES ((size_t)512 << 20)

/* Logits by enum tw_class, with their labels. */
struct answers {
    float *logits; /* [room, TW_CLASSES] */
    int32_t *labels;
    size_t count;
};

struct validating {
    struct tw_predict *predict;
    const struct tw_collator *collator;
    struct tw_arena scratch;
    struct answers documents, entities;
};

static bool take_answers(struct answers *answers, size_t room, struct tw_error *err)
{
    answers->logits = calloc(room ? room * TW_CLASSES : 1, sizeof *answers->logits);
    answers->labels = calloc(room ? room : 1, sizeof *answers->labels);
    if (answers->logits && answers->labels)
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for an evaluation");
}

static void free_answers(struct answers *answers)
{
    free(answers->logits);
    free(answers->labels);
}

/* Those that have a label. */
static void add_answers(struct answers *answers, const float *logits, const int32_t *labels, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (labels[at] < 0)
            continue;
        memcpy(answers->logits + answers->count * TW_CLASSES, logits + at * TW_CLASSES,
            TW_CLASSES * sizeof *logits);
        answers->labels[answers->count++] = labels[at];
    }
}

static bool validate_records(
    struct validating *validating, const size_t *records, size_t count, struct tw_error *err)
{
    const struct tw_collator *collator = validating->collator;
    struct tw_arena *scratch = &validating->scratch;
    struct tw_collated collated;
    tw_arena_reset(scratch, KEEP_BYTES);
    if (!tw_collate_batch(collator, 0, records, count, scratch, &collated, err))
        return false;
    const struct tw_targets *targets = &collated.targets;
    const bool of_documents = collator->parts & TW_PART_DOCUMENT,
               of_entities = collator->parts & TW_PART_ENTITY;
    float *documents = tw_arena_array(scratch, count * TW_CLASSES, sizeof *documents);
    float *entities = tw_arena_array(scratch, targets->entity_count * TW_CLASSES, sizeof *entities);
    if (!documents || !entities)
        return tw_arena_fail(scratch, err);
    if (!tw_predict_run(validating->predict, &collated.batch, targets->entities, targets->entity_count,
            of_documents ? documents : NULL, of_entities ? entities : NULL, err))
        return false;
    add_answers(&validating->documents, documents, targets->documents, count);
    add_answers(&validating->entities, entities, targets->entity_labels, targets->entity_count);
    return true;
}

static bool report_of(const struct answers *answers, struct tw_calibration *calibration,
    struct tw_metric_report *report, struct tw_error *err)
{
    struct tw_measures metrics = {0};
    if (!tw_calibration_fit(answers->logits, answers->labels, answers->count, calibration, err))
        return false;
    for (size_t at = 0; at < answers->count; at++) {
        struct tw_score score = tw_calibration_score(answers->logits + at * TW_CLASSES, calibration);
        tw_measures_add(&metrics, (uint32_t)answers->labels[at], &score);
    }
    *report = tw_measures_report(&metrics);
    return true;
}

static double loss_of(const struct answers *answers)
{
    return (double)answers->count * tw_temperature_loss(answers->logits, answers->labels, answers->count,
                                        (struct tw_temperature){.base = 1});
}

static bool conclude(const struct validating *validating, struct tw_validation *out, struct tw_error *err)
{
    if (!report_of(&validating->documents, &out->document, &out->documents, err) ||
        !report_of(&validating->entities, &out->entity, &out->entities, err))
        return false;
    size_t count = validating->documents.count + validating->entities.count;
    out->loss =
        count ? (loss_of(&validating->documents) + loss_of(&validating->entities)) / (double)count : 0;
    double documents = out->documents.n ? out->documents.macro_f1 : 0;
    double entities = out->entities.n ? out->entities.macro_f1 : 0;
    out->metric = out->documents.n && out->entities.n ? (documents + entities) / 2 : documents + entities;
    return true;
}

bool tw_validation_run(struct tw_trainer *trainer, const struct tw_collator *collator, const size_t *records,
    size_t count, struct tw_validation *out, struct tw_error *err)
{
    struct validating validating = {.collator = collator};
    size_t entities = 0;
    for (size_t at = 0; at < count; at++)
        entities += collator->dataset->examples[records[at]].entity_count;
    bool validated = tw_trainer_open_predict(trainer, &validating.predict, err) &&
                     tw_arena_begin(&validating.scratch, SCRATCH_BYTES, err) &&
                     take_answers(&validating.documents, count, err) &&
                     take_answers(&validating.entities, entities, err);
    for (size_t at = 0; validated && at < count; at += RECORDS_AT_ONCE)
        validated = validate_records(
            &validating, records + at, count - at < RECORDS_AT_ONCE ? count - at : RECORDS_AT_ONCE, err);
    validated = validated && conclude(&validating, out, err);
    free_answers(&validating.documents);
    free_answers(&validating.entities);
    tw_predict_close(validating.predict);
    tw_arena_end(&validating.scratch);
    return validated;
}
