#include "distill/measure_folder.h"

#include "base/clock.h"
#include "base/file.h"
#include "distill/predict_folder.h"
#include "format/model_files.h"
#include "score/score.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

struct logits {
    float *documents, *entities; /* [.., TW_CLASSES] */
};

static double now(void)
{
    return 1e-6 * (double)tw_now_us();
}

static bool weigh(const char *folder, struct tw_folder_measures *out, struct tw_error *err)
{
    char path[PATH_MAX];
    struct stat status;
    if (!tw_model_weights_path(folder, path, sizeof path, err))
        return false;
    if (stat(path, &status) != 0)
        return tw_fail_errno(err, TW_IO, path, "name a model folder", "cannot be read");
    out->file_bytes = (uint64_t)status.st_size;
    return true;
}

static bool take_logits(struct logits *logits, const struct tw_dataset *dataset, const size_t *records,
    size_t count, struct tw_error *err)
{
    size_t entities = 1;
    for (size_t at = 0; at < count; at++)
        entities += dataset->examples[records[at]].entity_count;
    logits->documents = calloc(count + 1, TW_CLASSES * sizeof(float));
    logits->entities = calloc(entities, TW_CLASSES * sizeof(float));
    if (logits->documents && logits->entities)
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for a comparison");
}

/* `logits` by class; the model's own temperature. */
static void add(
    struct tw_measures *measures, int32_t label, const float *logits, struct tw_temperature temperature)
{
    if (label < 0)
        return;
    const struct tw_score score = tw_score_of(logits, temperature);
    tw_measures_add(measures, (uint32_t)label, &score);
}

static void measure(const struct tw_model *model, const struct tw_dataset *dataset, const size_t *records,
    size_t count, const struct logits *logits, struct tw_folder_measures *out)
{
    struct tw_measures documents = {0}, entities = {0};
    const float *of_entity = logits->entities;
    for (size_t at = 0; at < count; at++) {
        const struct tw_example *example = &dataset->examples[records[at]];
        if (model->has_head)
            add(&documents, example->label, logits->documents + at * TW_CLASSES, model->config.temperature);
        for (uint32_t entity = 0; entity < example->entity_count; entity++, of_entity += TW_CLASSES)
            if (model->has_entity_head)
                add(&entities, example->entities[entity].label, of_entity, model->config.entity_temperature);
    }
    out->documents = tw_measures_report(&documents);
    out->entities = tw_measures_report(&entities);
    out->parameters = model->value_count;
}

static bool time_it(const char *folder, const struct tw_dataset *dataset, const size_t *records, size_t count,
    uint32_t most_tokens, double seconds, const struct logits *scratch, struct tw_folder_measures *out,
    struct tw_error *err)
{
    struct tw_folder_model opened = {0};
    uint64_t tokens = 0, read = 0;
    const size_t group = count < 256 ? count : 256;
    bool done = tw_folder_model_open(folder, "auto", most_tokens, 1, &opened, err);
    double began = now();
    for (size_t first = 0; done && count && now() - began < seconds;) {
        size_t here = count - first < group ? count - first : group;
        done = tw_folder_model_predict(
            &opened, dataset, records + first, here, scratch->documents, scratch->entities, &tokens, err);
        read += here;
        first = first + here < count ? first + here : 0;
    }
    double took = now() - began;
    tw_folder_model_close(&opened);
    out->documents_per_s = took > 0 ? (double)read / took : 0;
    out->tokens_per_s = took > 0 ? (double)tokens / took : 0;
    return done;
}

bool tw_measure_folder(const char *folder, const struct tw_dataset *dataset, const size_t *records,
    size_t count, uint32_t most_tokens, size_t threads, double seconds, struct tw_folder_measures *out,
    struct tw_error *err)
{
    struct tw_folder_model opened = {0};
    struct logits logits = {0};
    *out = (struct tw_folder_measures){0};
    bool done = weigh(folder, out, err) && take_logits(&logits, dataset, records, count, err) &&
                tw_folder_model_open(folder, "auto", most_tokens, threads, &opened, err) &&
                tw_folder_model_predict(
                    &opened, dataset, records, count, logits.documents, logits.entities, NULL, err);
    if (done)
        measure(opened.model, dataset, records, count, &logits, out);
    tw_folder_model_close(&opened);
    done = done && time_it(folder, dataset, records, count, most_tokens, seconds, &logits, out, err);
    free(logits.documents);
    free(logits.entities);
    return done;
}
