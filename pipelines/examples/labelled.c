#include "examples/labelled.h"

#include "model/model.h"

#include <limits.h>
#include <stdio.h>

enum use { LEARN_AND_HOLD_BACK, LEARN_ONLY, VALIDATE_ONLY };

static bool read_files(struct tw_dataset *dataset, const struct tw_setting_texts *files, enum use use,
    const struct tw_labelled_sources *sources, struct tw_error *err)
{
    struct tw_dataset_reading reading = {
        .decode = sources->decode, .stamp_us = sources->stamp_us, .intake = sources->intake};
    if (!tw_label_numbers_read(sources->record_labels, &reading.numbers, err))
        return false;
    for (size_t at = 0; at < files->count; at++) {
        char path[PATH_MAX];
        struct tw_dataset_source source;
        double weight;
        if (!tw_dataset_argument(files->items[at], path, sizeof path, &weight, err) ||
            !tw_dataset_file(path, &reading, &source, err))
            return false;
        source.weight = weight;
        source.validation = use == VALIDATE_ONLY;
        source.learn_only = use == LEARN_ONLY;
        if (!tw_dataset_read(dataset, &source, err))
            return false;
    }
    return true;
}

/* What is held back stays, in whatever fold it is. */
static void leave_out(struct tw_dataset *dataset, struct tw_fold fold)
{
    size_t kept = 0;
    for (size_t at = 0; at < dataset->count; at++)
        if (dataset->examples[at].validation || !tw_fold_holds(fold, dataset->examples[at].hash))
            dataset->examples[kept++] = dataset->examples[at];
    dataset->count = kept;
}

bool tw_labelled_read(
    const struct tw_labelled_sources *sources, struct tw_labelled *out, struct tw_error *err)
{
    const struct tw_dataset_options options = {
        .validation_share = sources->validation->count ? 0 : sources->validation_share,
        .agreed_labels = sources->agreed_labels,
        .raw = sources->raw,
        .on_refused = sources->skip_refused ? sources->on_refused : NULL,
        .on_refused_context = sources->context};
    const char *feedback = sources->feedback ? sources->feedback : "";
    const struct tw_setting_texts said = {.items = &feedback, .count = feedback[0] ? 1 : 0};
    if (sources->data->count + sources->learn_only->count + said.count == 0)
        return tw_fail(err, TW_USAGE, NULL, sources->usage, "no records are named");
    if (!tw_dataset_new(&options, &out->dataset, err) ||
        !read_files(out->dataset, sources->data, LEARN_AND_HOLD_BACK, sources, err) ||
        !read_files(out->dataset, &said, LEARN_AND_HOLD_BACK, sources, err) ||
        !read_files(out->dataset, sources->learn_only, LEARN_ONLY, sources, err) ||
        !read_files(out->dataset, sources->validation, VALIDATE_ONLY, sources, err))
        return false;
    leave_out(out->dataset, sources->left_out);
    return true;
}

static size_t *take_indices(
    const struct tw_dataset *dataset, bool validation, struct tw_arena *arena, size_t *count)
{
    size_t *indices = tw_arena_array(arena, dataset->count, sizeof *indices);
    *count = 0;
    for (size_t at = 0; indices && at < dataset->count; at++)
        if (dataset->examples[at].validation == validation)
            indices[(*count)++] = at;
    return indices;
}

bool tw_labelled_keep_apart(
    struct tw_labelled *labelled, const struct tw_labelled_sources *sources, struct tw_error *err)
{
    char line[128];
    size_t dropped;
    if (!tw_dataset_keep_apart(labelled->dataset, &dropped, err))
        return false;
    if (dropped == 0 || !sources->on_report_line)
        return true;
    snprintf(line, sizeof line, "records that stand among those for validation too, and are not learned: %zu",
        dropped);
    sources->on_report_line(sources->context, line);
    return true;
}

bool tw_labelled_split(struct tw_labelled *labelled, const struct tw_labelled_sources *sources,
    struct tw_arena *arena, struct tw_error *err)
{
    if (!tw_labelled_keep_apart(labelled, sources, err))
        return false;
    labelled->training = take_indices(labelled->dataset, false, arena, &labelled->training_count);
    labelled->validation = take_indices(labelled->dataset, true, arena, &labelled->validation_count);
    if (!labelled->training || !labelled->validation)
        return tw_arena_fail(arena, err);
    if (labelled->training_count == 0)
        return tw_fail(err, TW_CONFIG,
            sources->data->count ? sources->data->items[0] : sources->learn_only->items[0],
            "give more records, or a smaller --validation-share", "no record is left to learn from");
    return true;
}

void tw_labelled_end(struct tw_labelled *labelled)
{
    tw_dataset_free(labelled->dataset);
    *labelled = (struct tw_labelled){0};
}

unsigned tw_labelled_parts(const struct tw_labelled *labelled)
{
    unsigned parts = 0;
    for (size_t at = 0; at < labelled->training_count; at++) {
        const struct tw_example *example = &labelled->dataset->examples[labelled->training[at]];
        if (example->label >= 0)
            parts |= TW_PART_DOCUMENT;
        for (uint32_t entity = 0; entity < example->entity_count; entity++)
            if (example->entities[entity].label >= 0)
                parts |= TW_PART_ENTITY;
    }
    return parts;
}
