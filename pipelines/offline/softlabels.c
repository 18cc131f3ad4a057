#include "offline/softlabels.h"

#include "format/write.h"
#include "offline/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

enum { RECORDS_AT_ONCE = 512, KEY = 32 };

/* Logits of the records asked about, in their order. */
struct answered {
    float *documents, *entities;
    size_t entity_count;
    char document_name[KEY + 16], entity_name[KEY + 16];
};

static bool make_key(const struct tw_ask *ask, const struct tw_dataset *dataset, const size_t *records,
    size_t count, struct answered *answered, struct tw_error *err)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for a hash");
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, ask->model->sha256_hex, sizeof ask->model->sha256_hex);
    XXH3_64bits_update(state, &ask->most_tokens, sizeof ask->most_tokens);
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

static bool take_tensor(const struct tw_safetensors *file, const char *name, float *values, size_t rows)
{
    const struct tw_tensor *tensor = tw_safetensors_find(file, name);
    if (!tensor || tensor->dtype != TW_F32 || tensor->elements != rows * TW_CLASSES)
        return rows == 0;
    memcpy(values, tensor->data, tensor->bytes);
    return true;
}

/* Whether the file had them. One that is broken is as good as none: it is written anew. */
static bool recall(const char *path, struct answered *answered, size_t count)
{
    struct tw_safetensors file = {0};
    struct tw_error ignored;
    if (access(path, F_OK) != 0 || !tw_safetensors_open(path, &file, &ignored))
        return false;
    bool recalled = take_tensor(&file, answered->document_name, answered->documents, count) &&
                    take_tensor(&file, answered->entity_name, answered->entities, answered->entity_count);
    tw_safetensors_close(&file);
    return recalled;
}

static bool remember(const char *path, const struct answered *answered, size_t count, struct tw_error *err)
{
    const struct tw_tensor_values tensors[] = {{.name = answered->document_name,
                                                   .values = answered->documents,
                                                   .rows = count,
                                                   .columns = TW_CLASSES},
        {.name = answered->entity_name,
            .values = answered->entities,
            .rows = answered->entity_count,
            .columns = TW_CLASSES}};
    return tw_safetensors_write(path, TW_F32, tensors, answered->entity_count ? 2 : 1, err);
}

static bool ask_all(const struct tw_softlabels_options *options, struct tw_ask *ask,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct answered *answered,
    struct tw_error *err)
{
    const struct tw_course_watch *watch = options->watch;
    size_t entity = 0, told = 0;
    for (size_t first = 0; first < count; first += RECORDS_AT_ONCE) {
        size_t group = count - first < RECORDS_AT_ONCE ? count - first : RECORDS_AT_ONCE;
        if (watch->stopped && watch->stopped(watch->context))
            return tw_fail(err, TW_INTERRUPTED, options->teacher, "begin again",
                "stopped while the teacher was asked: %zu of %zu texts", first, count);
        if (!tw_ask_run(ask, dataset, records + first, group, answered->documents + first * TW_CLASSES,
                answered->entities + entity * TW_CLASSES, NULL, err))
            return false;
        for (size_t at = first; at < first + group; at++)
            entity += dataset->examples[records[at]].entity_count;
        if ((first + group) * 10 / count > told) {
            told = (first + group) * 10 / count;
            tw_course_tell(watch, "the teacher has read %zu of %zu texts", first + group, count);
        }
    }
    return true;
}

static bool answer(const struct tw_softlabels_options *options, struct tw_ask *ask,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct answered *answered,
    struct tw_error *err)
{
    if (!make_key(ask, dataset, records, count, answered, err))
        return false;
    if (recall(options->cache, answered, count))
        return true;
    return ask_all(options, ask, dataset, records, count, answered, err) &&
           remember(options->cache, answered, count, err);
}

/* From the order of the records asked about to that of the dataset. */
static void spread(const struct answered *answered, const struct tw_dataset *dataset, const size_t *records,
    size_t count, struct tw_softlabels *out)
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

static bool take_room(const struct tw_dataset *dataset, const size_t *records, size_t count,
    struct tw_arena *arena, struct tw_softlabels *out, struct answered *answered, struct tw_error *err)
{
    size_t all = 0;
    out->first_entity = tw_arena_array(arena, dataset->count + 1, sizeof *out->first_entity);
    if (!out->first_entity)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < dataset->count; at++) {
        out->first_entity[at] = all;
        all += dataset->examples[at].entity_count;
    }
    out->first_entity[dataset->count] = all;
    for (size_t at = 0; at < count; at++)
        answered->entity_count += dataset->examples[records[at]].entity_count;
    out->documents = tw_arena_array(arena, dataset->count * TW_CLASSES, sizeof(float));
    out->entities = tw_arena_array(arena, all * TW_CLASSES, sizeof(float));
    answered->documents = tw_arena_array(arena, count * TW_CLASSES, sizeof(float));
    answered->entities = tw_arena_array(arena, answered->entity_count * TW_CLASSES, sizeof(float));
    return arena->full ? tw_arena_fail(arena, err) : true;
}

bool tw_softlabels_ask(const struct tw_softlabels_options *options, const struct tw_dataset *dataset,
    const size_t *records, size_t count, struct tw_arena *arena, struct tw_softlabels *out,
    struct tw_error *err)
{
    struct tw_ask ask = {0};
    struct answered answered = {0};
    *out = (struct tw_softlabels){0};
    bool asked = take_room(dataset, records, count, arena, out, &answered, err) &&
                 tw_ask_open(options->teacher, options->most_tokens, options->threads, &ask, err) &&
                 answer(options, &ask, dataset, records, count, &answered, err);
    if (asked) {
        out->has_documents = ask.model->has_head;
        out->has_entities = ask.model->has_entity_head;
        spread(&answered, dataset, records, count, out);
    }
    tw_ask_close(&ask);
    return asked;
}
