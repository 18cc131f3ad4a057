#include "distill/teacher_logits.h"

#include "distill/predict_folder.h"
#include "format/write.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

enum { RECORDS_AT_ONCE = 512, RECORDS_A_SAVE = 4096, KEY = 32 };

/* Logits of the records asked about, in their order; the first `done` of them are known. */
struct answered {
    float *documents, *entities;
    size_t entity_count, done, done_entities;
    char document_name[KEY + 16], entity_name[KEY + 16];
};

/* By what computes and not by what was asked for: "fixed" is another library where that is not there. */
static bool make_key(const struct tw_folder_model *teacher, const struct tw_dataset *dataset,
    const size_t *records, size_t count, struct answered *answered, struct tw_error *err)
{
    const char *backend = tw_gemm_backend_name(teacher->compute.gemm.backend);
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for a hash");
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, teacher->model->sha256_hex, sizeof teacher->model->sha256_hex);
    XXH3_64bits_update(state, backend, strlen(backend));
    XXH3_64bits_update(state, &teacher->most_tokens, sizeof teacher->most_tokens);
    for (size_t at = 0; at < count; at++) {
        const struct tw_example *example = &dataset->examples[records[at]];
        XXH3_64bits_update(state, &example->hash, sizeof example->hash);
        for (uint32_t entity = 0; entity < example->entity_count; entity++)
            XXH3_64bits_update(state, &example->entities[entity].place, sizeof(struct tw_place));
    }
    uint64_t hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    snprintf(answered->document_name, sizeof answered->document_name, "%016" PRIx64 ".documents", hash);
    snprintf(answered->entity_name, sizeof answered->entity_name, "%016" PRIx64 ".entities", hash);
    return true;
}

static size_t entities_of(const struct tw_dataset *dataset, const size_t *records, size_t count)
{
    size_t entities = 0;
    for (size_t at = 0; at < count; at++)
        entities += dataset->examples[records[at]].entity_count;
    return entities;
}

/* How many rows of logits a tensor of the file has; 0 for none. */
static size_t rows_of(const struct tw_safetensors *file, const char *name, const struct tw_tensor **tensor)
{
    *tensor = tw_safetensors_find(file, name);
    return *tensor && (*tensor)->dtype == TW_F32 ? (*tensor)->elements / TW_CLASSES : 0;
}

static void copy_rows(float *out, const struct tw_tensor *tensor, size_t rows)
{
    if (rows)
        memcpy(out, tensor->data, rows * TW_CLASSES * sizeof *out);
}

/* What the file has of these records. One that is broken, or was made for others, is as good as none: it is
 * written anew. */
static void recall(const char *path, const struct tw_dataset *dataset, const size_t *records, size_t count,
    struct answered *answered)
{
    struct tw_safetensors file = {0};
    const struct tw_tensor *documents, *entities;
    struct tw_error ignored;
    if (access(path, F_OK) != 0 || !tw_safetensors_open(path, &file, &ignored))
        return;
    size_t rows = rows_of(&file, answered->document_name, &documents);
    size_t entity_rows = rows_of(&file, answered->entity_name, &entities);
    if (rows <= count && entity_rows == entities_of(dataset, records, rows)) {
        copy_rows(answered->documents, documents, rows);
        copy_rows(answered->entities, entities, entity_rows);
        answered->done = rows;
        answered->done_entities = entity_rows;
    }
    tw_safetensors_close(&file);
}

/* The file is the old one or the new one, never a part. */
static bool remember(const char *path, const struct answered *answered, struct tw_error *err)
{
    char partial[PATH_MAX];
    const struct tw_tensor_values tensors[] = {{.name = answered->document_name,
                                                   .values = answered->documents,
                                                   .rows = answered->done,
                                                   .columns = TW_CLASSES},
        {.name = answered->entity_name,
            .values = answered->entities,
            .rows = answered->done_entities,
            .columns = TW_CLASSES}};
    if (answered->done == 0)
        return true;
    if (snprintf(partial, sizeof partial, "%s.partial", path) >= (int)sizeof partial)
        return tw_fail(err, TW_OUTPUT, path, "give a shorter path", "path too long");
    unlink(partial);
    if (!tw_safetensors_write(partial, TW_F32, tensors, answered->done_entities ? 2 : 1, err))
        return tw_fail(err, err->code, path,
            err->code == TW_IO ? "free space on the disk, then go on with --resume" : err->cure, "%s",
            err->what);
    if (rename(partial, path) == 0)
        return true;
    tw_fail_errno(err, TW_IO, path, "check the folder and its permissions", "cannot put the file in place");
    unlink(partial);
    return false;
}

static bool stop(const struct tw_teacher_logits_options *options, const struct answered *answered,
    size_t count, struct tw_error *err)
{
    return remember(options->cache, answered, err) &&
           tw_fail(err, TW_INTERRUPTED, options->teacher, "go on with --resume",
               "stopped while the teacher was asked: its answers to %zu of %zu texts are kept",
               answered->done, count);
}

static bool predict_all(const struct tw_teacher_logits_options *options, struct tw_folder_model *teacher,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct answered *answered,
    struct tw_error *err)
{
    const struct tw_run_watch *watch = options->watch;
    size_t reported = answered->done * 10 / count, saved = answered->done;
    while (answered->done < count) {
        size_t first = answered->done, left = count - first;
        size_t group = left < RECORDS_AT_ONCE ? left : RECORDS_AT_ONCE;
        if (watch->stopped && watch->stopped(watch->context))
            return stop(options, answered, count, err);
        if (!tw_folder_model_predict(teacher, dataset, records + first, group,
                answered->documents + first * TW_CLASSES,
                answered->entities + answered->done_entities * TW_CLASSES, NULL, err))
            return false;
        answered->done += group;
        answered->done_entities += entities_of(dataset, records + first, group);
        if (answered->done - saved >= RECORDS_A_SAVE || answered->done == count) {
            if (!remember(options->cache, answered, err))
                return false;
            saved = answered->done;
        }
        if (answered->done * 10 / count > reported) {
            reported = answered->done * 10 / count;
            tw_run_report_line(watch, "the teacher has read %zu of %zu texts", answered->done, count);
        }
    }
    return true;
}

static bool answer(const struct tw_teacher_logits_options *options, struct tw_folder_model *teacher,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct answered *answered,
    struct tw_error *err)
{
    if (!make_key(teacher, dataset, records, count, answered, err))
        return false;
    recall(options->cache, dataset, records, count, answered);
    return predict_all(options, teacher, dataset, records, count, answered, err);
}

/* From the order of the records asked about to that of the dataset. */
static void spread(const struct answered *answered, const struct tw_dataset *dataset, const size_t *records,
    size_t count, struct tw_teacher_logits *out)
{
    const float *entities = answered->entities;
    for (size_t at = 0; at < count; at++) {
        size_t record = records[at], rows = dataset->examples[record].entity_count * (size_t)TW_CLASSES;
        memcpy(out->documents + record * TW_CLASSES, answered->documents + at * TW_CLASSES,
            TW_CLASSES * sizeof(float));
        memcpy(out->entities + out->first_entity[record] * TW_CLASSES, entities, rows * sizeof(float));
        entities += rows;
    }
}

bool tw_teacher_logits_begin(const struct tw_dataset *dataset, struct tw_arena *arena,
    struct tw_teacher_logits *out, struct tw_error *err)
{
    size_t all = 0;
    *out = (struct tw_teacher_logits){0};
    out->first_entity = tw_arena_array(arena, dataset->count + 1, sizeof *out->first_entity);
    if (!out->first_entity)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < dataset->count; at++) {
        out->first_entity[at] = all;
        all += dataset->examples[at].entity_count;
    }
    out->first_entity[dataset->count] = all;
    out->documents = tw_arena_array(arena, dataset->count * TW_CLASSES, sizeof(float));
    out->entities = tw_arena_array(arena, all * TW_CLASSES, sizeof(float));
    return arena->full ? tw_arena_fail(arena, err) : true;
}

static bool take_room(const struct tw_dataset *dataset, const size_t *records, size_t count,
    struct tw_arena *arena, struct answered *answered, struct tw_error *err)
{
    answered->entity_count = entities_of(dataset, records, count);
    answered->documents = tw_arena_array(arena, count * TW_CLASSES, sizeof(float));
    answered->entities = tw_arena_array(arena, answered->entity_count * TW_CLASSES, sizeof(float));
    return arena->full ? tw_arena_fail(arena, err) : true;
}

bool tw_teacher_logits_predict(const struct tw_teacher_logits_options *options,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct tw_arena *arena,
    struct tw_teacher_logits *out, struct tw_error *err)
{
    struct tw_folder_model teacher = {0};
    struct answered answered = {0};
    bool asked = take_room(dataset, records, count, arena, &answered, err) &&
                 tw_folder_model_open(options->teacher, options->backend, options->most_tokens,
                     options->threads, &teacher, err) &&
                 answer(options, &teacher, dataset, records, count, &answered, err);
    if (asked) {
        out->has_documents = out->has_documents || teacher.model->has_head;
        out->has_entities =
            out->has_entities || (teacher.model->has_entity_head && answered.entity_count > 0);
        spread(&answered, dataset, records, count, out);
    }
    tw_folder_model_close(&teacher);
    return asked;
}
