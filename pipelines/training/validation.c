#include "training/validation.h"

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
    struct tw_trainer *trainer;
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

static void add_answer(
    struct answers *answers, const struct tw_model_config *config, const float *logits, int32_t label)
{
    if (label < 0)
        return;
    for (size_t class = 0; class < TW_CLASSES; class ++)
        answers->logits[answers->count * TW_CLASSES + class] = logits[config->class_at[class]];
    answers->labels[answers->count++] = label;
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
    size_t labels = collator->config->labels;
    float *documents = tw_arena_array(scratch, count * labels, sizeof *documents);
    float *entities = tw_arena_array(scratch, collated.targets.entity_count * labels, sizeof *entities);
    if (!documents || !entities)
        return tw_arena_fail(scratch, err);
    if (!tw_trainer_logits(validating->trainer, &collated.batch, collated.targets.entities,
            collated.targets.entity_count, collator->parts & TW_PART_DOCUMENT ? documents : NULL,
            collator->parts & TW_PART_ENTITY ? entities : NULL, err))
        return false;
    for (size_t at = 0; at < count; at++)
        add_answer(&validating->documents, collator->config, documents + at * labels,
            collated.targets.documents[at]);
    for (size_t at = 0; at < collated.targets.entity_count; at++)
        add_answer(&validating->entities, collator->config, entities + at * labels,
            collated.targets.entity_labels[at]);
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
    struct validating validating = {.trainer = trainer, .collator = collator};
    size_t entities = 0;
    for (size_t at = 0; at < count; at++)
        entities += collator->dataset->examples[records[at]].entity_count;
    bool validated = tw_arena_begin(&validating.scratch, SCRATCH_BYTES, err) &&
                     take_answers(&validating.documents, count, err) &&
                     take_answers(&validating.entities, entities, err);
    for (size_t at = 0; validated && at < count; at += RECORDS_AT_ONCE)
        validated = validate_records(
            &validating, records + at, count - at < RECORDS_AT_ONCE ? count - at : RECORDS_AT_ONCE, err);
    validated = validated && conclude(&validating, out, err);
    free_answers(&validating.documents);
    free_answers(&validating.entities);
    tw_arena_end(&validating.scratch);
    return validated;
}
