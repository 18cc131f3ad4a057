#include "distill/compatible.h"

#include "model/model.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"

static bool open_whole(const char *folder, struct tw_model **out, struct tw_error *err)
{
    const struct tw_model_options options = {0};
    struct tw_tokenizer *tokenizer = NULL;
    *out = NULL;
    bool opened =
        tw_base_model_tokenizer(folder, &tokenizer, err) && tw_model_open(folder, &options, out, err);
    tw_tokenizer_free(tokenizer);
    if (opened)
        return true;
    tw_error_in(err, folder);
    return false;
}

static bool can_teach(const struct tw_model *model, const char *folder, struct tw_error *err)
{
    if (!model->has_head && !model->has_entity_head)
        return tw_fail(err, TW_CONFIG, folder, "fine-tune it first: tapewatch finetune",
            "the teacher has no head, of texts or of entities");
    if (model->config.labels_fault && (model->config.labels != TW_CLASSES || model->config.other_problem))
        return tw_fail(err, TW_CONFIG, folder, TW_CURE_LABEL_COUNT, "the teacher's labels: %s",
            model->config.labels_fault);
    if (model->config.labels_fault)
        return tw_fail(err, TW_CONFIG, folder,
            "name negative, neutral and positive in \"id2label\" of its config.json, in the order of its outputs",
            "the teacher's labels: %s", model->config.labels_fault);
    return true;
}

static bool check_layers(
    const struct tw_compatible_folders *folders, const struct tw_model_config *config, struct tw_error *err)
{
    for (size_t at = 0; at < folders->layer_count; at++)
        if (folders->layers[at] >= config->layers)
            return tw_fail(err, TW_CONFIG, folders->student, "choose layers that it has; the first is 0",
                "there is no layer %zu among its %zu", folders->layers[at], config->layers);
    return true;
}

bool tw_compatible_check(const struct tw_compatible_folders *folders, struct tw_error *err)
{
    struct tw_model *teacher, *student;
    bool suits = open_whole(folders->teacher, &teacher, err) && can_teach(teacher, folders->teacher, err);
    tw_model_close(teacher);
    suits = suits && open_whole(folders->student, &student, err);
    if (!suits)
        return false;
    suits = check_layers(folders, &student->config, err);
    tw_model_close(student);
    return suits;
}

static bool is_alike(
    const struct tw_model *teacher, const char *folder, const char *other, struct tw_error *err)
{
    struct tw_model *model;
    bool alike = open_whole(other, &model, err) && can_teach(model, other, err);
    if (alike && (teacher->has_head != model->has_head || teacher->has_entity_head != model->has_entity_head))
        alike = tw_fail(err, TW_CONFIG, other, "fine-tune all teachers on the same files",
            "has other heads than %s", folder);
    tw_model_close(model);
    return alike;
}

bool tw_compatible_check_teachers(
    const char *teacher, const char *const *others, size_t count, struct tw_error *err)
{
    struct tw_model *model = NULL;
    bool alike = count == 0 || open_whole(teacher, &model, err);
    for (size_t at = 0; alike && at < count; at++)
        alike = is_alike(model, teacher, others[at], err);
    tw_model_close(model);
    return alike;
}
