#include "training/sentiment.h"

#include "run/lineage.h"
#include "training/card.h"

#include <string.h>

bool tw_sentiment_validate(struct tw_trainer *trainer, const struct tw_collator *collator,
    const struct tw_labelled *records, struct tw_validation *validation, struct tw_run_validation *out,
    struct tw_error *err)
{
    if (!tw_validation_run(
            trainer, collator, records->validation, records->validation_count, validation, err))
        return false;
    *out = (struct tw_run_validation){.loss = validation->loss,
        .metric = validation->metric,
        .row = tw_lineage_metrics(validation),
        .details = validation};
    return true;
}

bool tw_sentiment_publish(const struct tw_run_settings *settings, uint64_t max_tokens, unsigned parts,
    const json_t *lineage, const json_t *metrics, const struct tw_validation *validation,
    struct tw_run_publication *out, struct tw_error *err)
{
    bool documents = parts & TW_PART_DOCUMENT, entities = parts & TW_PART_ENTITY;
    out->own_json = tw_lineage_own(lineage, metrics, validation, entities);
    out->card = tw_card_sentiment(settings, max_tokens, lineage, validation, documents, entities);
    out->temperature = validation && validation->documents.n ? validation->document.temperature
                                                             : (struct tw_temperature){.base = 1};
    if (validation && validation->documents.n)
        memcpy(
            out->document_class_biases, validation->document.class_biases, sizeof out->document_class_biases);
    if (validation && validation->entities.n)
        memcpy(out->entity_class_biases, validation->entity.class_biases, sizeof out->entity_class_biases);
    if (out->own_json && out->card)
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the run");
}
