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

struct trying {
    struct tw_trainer *trainer;
    const struct tw_feed *feed;
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

static bool try_records(struct trying *trying, const size_t *records, size_t count, struct tw_error *err)
{
    const struct tw_feed *feed = trying->feed;
    struct tw_arena *scratch = &trying->scratch;
    struct tw_fed fed;
    tw_arena_reset(scratch, KEEP_BYTES);
    if (!tw_feed_batch(feed, 0, records, count, scratch, &fed, err))
        return false;
    size_t labels = feed->config->labels;
    float *documents = tw_arena_array(scratch, count * labels, sizeof *documents);
    float *entities = tw_arena_array(scratch, fed.targets.entity_count * labels, sizeof *entities);
    if (!documents || !entities)
        return tw_arena_fail(scratch, err);
    if (!tw_trainer_logits(trying->trainer, &fed.batch, fed.targets.entities, fed.targets.entity_count,
            feed->parts & TW_PART_DOCUMENT ? documents : NULL, feed->parts & TW_PART_ENTITY ? entities : NULL,
            err))
        return false;
    for (size_t at = 0; at < count; at++)
        add_answer(&trying->documents, feed->config, documents + at * labels, fed.targets.documents[at]);
    for (size_t at = 0; at < fed.targets.entity_count; at++)
        add_answer(&trying->entities, feed->config, entities + at * labels, fed.targets.entity_labels[at]);
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

static bool conclude(const struct trying *trying, struct tw_trial *out, struct tw_error *err)
{
    if (!report_of(&trying->documents, &out->document, &out->documents, err) ||
        !report_of(&trying->entities, &out->entity, &out->entities, err))
        return false;
    size_t count = trying->documents.count + trying->entities.count;
    out->loss = count ? (loss_of(&trying->documents) + loss_of(&trying->entities)) / (double)count : 0;
    double documents = out->documents.n ? out->documents.macro_f1 : 0;
    double entities = out->entities.n ? out->entities.macro_f1 : 0;
    out->metric = out->documents.n && out->entities.n ? (documents + entities) / 2 : documents + entities;
    return true;
}

bool tw_trial_run(struct tw_trainer *trainer, const struct tw_feed *feed, const size_t *records, size_t count,
    struct tw_trial *out, struct tw_error *err)
{
    struct trying trying = {.trainer = trainer, .feed = feed};
    size_t entities = 0;
    for (size_t at = 0; at < count; at++)
        entities += feed->dataset->examples[records[at]].entity_count;
    bool tried = tw_arena_begin(&trying.scratch, SCRATCH_BYTES, err) &&
                 take_answers(&trying.documents, count, err) && take_answers(&trying.entities, entities, err);
    for (size_t at = 0; tried && at < count; at += RECORDS_AT_ONCE)
        tried = try_records(
            &trying, records + at, count - at < RECORDS_AT_ONCE ? count - at : RECORDS_AT_ONCE, err);
    tried = tried && conclude(&trying, out, err);
    free_answers(&trying.documents);
    free_answers(&trying.entities);
    tw_arena_end(&trying.scratch);
    return tried;
}
