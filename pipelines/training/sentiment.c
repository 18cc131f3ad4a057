#include "training/sentiment.h"

#include "training/lineage.h"

#include <string.h>

bool tw_sentiment_try(struct tw_trainer *trainer, const struct tw_feed *feed,
    const struct tw_labelled *records, struct tw_trial *trial, struct tw_course_trial *out,
    struct tw_error *err)
{
    if (!tw_trial_run(trainer, feed, records->validation, records->validation_count, trial, err))
        return false;
    *out = (struct tw_course_trial){
        .loss = trial->loss, .metric = trial->metric, .row = tw_lineage_metrics(trial), .details = trial};
    return true;
}

bool tw_sentiment_publish(const struct tw_course_settings *settings, uint64_t max_tokens, unsigned parts,
    const json_t *lineage, const json_t *metrics, const struct tw_trial *trial, struct tw_course_folder *out,
    struct tw_error *err)
{
    bool documents = parts & TW_PART_DOCUMENT, entities = parts & TW_PART_ENTITY;
    out->own_json = tw_lineage_own(lineage, metrics, trial, entities);
    out->card = tw_lineage_card(settings, max_tokens, lineage, trial, documents, entities);
    out->temperature =
        trial && trial->documents.n ? trial->document.temperature : (struct tw_temperature){.base = 1};
    if (trial && trial->documents.n)
        memcpy(out->document_offsets, trial->document.offsets, sizeof out->document_offsets);
    if (trial && trial->entities.n)
        memcpy(out->entity_offsets, trial->entity.offsets, sizeof out->entity_offsets);
    if (out->own_json && out->card)
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the run");
}
