#include "run/lineage.h"

#include "base/file.h"
#include "format/labels.h"
#include "format/model_files.h"
#include "read/decode_changes.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tw_text tw_lineage_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    return (struct tw_text){path + begin, end - begin};
}

json_t *tw_lineage_file(const char *path, struct tw_error *err)
{
    char hex[65];
    uint64_t bytes;
    if (!tw_file_sha256_hex(path, hex, &bytes, err))
        return NULL;
    json_t *file = json_pack("{s:s, s:I, s:s}", "path", path, "bytes", (json_int_t)bytes, "sha256", hex);
    if (!file)
        tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for lineage");
    return file;
}

bool tw_lineage_add_file(json_t *lineage, const char *name, const char *path, struct tw_error *err)
{
    if (!path[0])
        return true;
    json_t *file = tw_lineage_file(path, err);
    return file && json_object_set_new(lineage, name, json_pack("[o]", file)) == 0;
}

json_t *tw_lineage_files(const char *folder, struct tw_error *err)
{
    static const char *const names[] = {TW_FILE_CONFIG, TW_FILE_VOCABULARY, TW_FILE_TOKENIZER,
        TW_FILE_ADDED_TOKENS, TW_FILE_TOKENIZER_CONFIG, TW_FILE_SPECIAL_TOKENS};
    json_t *files = json_object();
    for (size_t at = 0; files && at < sizeof names / sizeof names[0]; at++) {
        char path[PATH_MAX], hex[65];
        uint64_t bytes;
        bool named = tw_path_join(path, sizeof path, folder, names[at], err);
        if (named && access(path, F_OK) != 0)
            continue;
        if (named && tw_file_sha256_hex(path, hex, &bytes, err) &&
            json_object_set_new(files, names[at], json_string(hex)) == 0)
            continue;
        json_decref(files);
        files = NULL;
    }
    return files;
}

json_t *tw_lineage_base(const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    if (!tw_model_weights_path(folder, path, sizeof path, err))
        return NULL;
    json_t *file = tw_lineage_file(path, err);
    if (!file)
        return NULL;
    struct tw_text name = tw_lineage_name(folder);
    json_t *beside = tw_lineage_files(folder, err);
    json_t *base = beside ? json_pack("{s:s%, s:O, s:o}", "name", name.bytes, name.length, "sha256",
                                json_object_get(file, "sha256"), "files", beside)
                          : NULL;
    json_decref(file);
    if (beside && !base)
        tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for lineage");
    return base;
}

json_t *tw_lineage_bases(const struct tw_setting_texts *folders, struct tw_error *err)
{
    json_t *list = json_array();
    for (size_t at = 0; list && at < folders->count; at++) {
        json_t *base = tw_lineage_base(folders->items[at], err);
        if (!base || json_array_append_new(list, base) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *tw_lineage_data(const struct tw_setting_texts *files, struct tw_error *err)
{
    json_t *list = json_array();
    for (size_t at = 0; at < files->count; at++) {
        char path[PATH_MAX];
        double weight;
        json_t *file = NULL;
        if (tw_dataset_argument(files->items[at], path, sizeof path, &weight, err))
            file = tw_lineage_file(path, err);
        if (!file || json_object_set_new(file, "weight", json_real(weight)) != 0 ||
            json_array_append_new(list, file) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Nothing where records are read as the defaults say. */
static bool add_decode(json_t *lineage, const struct tw_decode_options *decode)
{
    json_t *changes = tw_decode_changes(decode);
    bool whole =
        changes && (json_object_size(changes) == 0 || json_object_set(lineage, "decode", changes) == 0);
    json_decref(changes);
    return whole;
}

json_t *tw_lineage_of_run(const char *command, uint64_t seed, const struct tw_decode_options *decode,
    json_t *own, struct tw_error *err)
{
    if (!own)
        return NULL;
    json_t *lineage = json_pack("{s:s, s:I}", "command", command ? command : "", "seed", (json_int_t)seed);
    bool whole = lineage && json_object_update(lineage, own) == 0 && add_decode(lineage, decode);
    json_decref(own);
    if (whole)
        return lineage;
    json_decref(lineage);
    tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for lineage");
    return NULL;
}

/* Records are read by the configuration, which is no part of a run's settings. */
static bool refuse_changed(const char *key, const char *folder, struct tw_error *err)
{
    if (strcmp(key, "decode") == 0)
        return tw_fail(err, TW_CONFIG, folder,
            "name the configuration by which it began, with -c, or begin anew in another folder",
            "the section decode of the configuration is not what it was when the run began");
    return tw_fail(err, TW_CONFIG, folder,
        "give back the files as they were, or begin anew in another folder", "%s changed since the run began",
        key);
}

/* For where only one of two has "files": who wrote the other down knew of none. */
static json_t *without_files(const json_t *object)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)object);
    json_object_del(copy, "files");
    return copy;
}

static bool same_object(const json_t *left, const json_t *right)
{
    if (!json_object_get(left, "files") == !json_object_get(right, "files"))
        return json_equal(left, right);
    json_t *one = without_files(left), *other = without_files(right);
    bool same = json_equal(one, other);
    json_decref(one);
    json_decref(other);
    return same;
}

/* A member, or a list of models. */
static bool same_member(const json_t *left, const json_t *right)
{
    size_t count = json_array_size(left);
    if (!json_is_array(left) || !json_is_array(right) || count != json_array_size(right))
        return same_object(left, right);
    for (size_t at = 0; at < count; at++)
        if (!same_object(json_array_get(left, at), json_array_get(right, at)))
            return false;
    return true;
}

/* A topic's records stand in the folder of the run as they were decoded: `data` names them alone. */
static bool is_of_topic_alone(const json_t *lineage)
{
    return json_object_get(lineage, "topic") && json_array_size(json_object_get(lineage, "data")) <= 1;
}

/* The first member of `left` that `right` has not, or not as it is; NULL when there is none. */
static const char *changed_member(json_t *left, const json_t *right)
{
    const char *key;
    json_t *value;
    json_object_foreach(left, key, value)
    {
        bool counts = strcmp(key, "command") != 0 && (strcmp(key, "decode") != 0 || !is_of_topic_alone(left));
        if (counts && !same_member(json_object_get(right, key), value))
            return key;
    }
    return NULL;
}

bool tw_lineage_check_same(json_t *lineage, json_t *before, const char *folder, struct tw_error *err)
{
    const char *key = changed_member(lineage, before);
    if (!key)
        key = changed_member(before, lineage);
    return !key || refuse_changed(key, folder, err);
}

static void add_report(json_t *row, const char *prefix, const struct tw_metric_report *report)
{
    char key[64];
    const struct {
        const char *name;
        double value;
    } measures[] = {{"accuracy", report->accuracy}, {"f1", report->macro_f1}, {"ece", report->ece}};
    for (size_t at = 0; at < sizeof measures / sizeof measures[0]; at++) {
        snprintf(key, sizeof key, "%s%s", prefix, measures[at].name);
        json_object_set_new(row, key, json_real(measures[at].value));
    }
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        snprintf(key, sizeof key, "%sf1_%s", prefix, tw_class_name(class));
        json_object_set_new(row, key, json_real(report->classes[class].f1));
    }
    snprintf(key, sizeof key, "%ssamples", prefix);
    json_object_set_new(row, key, json_integer((json_int_t)report->n));
}

/* NAME and NAME_exponent, as config.json has them. */
static void add_temperature(json_t *row, const char *name, struct tw_temperature temperature)
{
    char key[64];
    json_object_set_new(row, name, json_real((double)temperature.base));
    snprintf(key, sizeof key, "%s_exponent", name);
    json_object_set_new(row, key, json_real((double)temperature.exponent));
}

/* eval_accuracy and eval_f1 are the texts'; without labelled texts, the entities'. */
json_t *tw_lineage_metrics(const struct tw_validation *validation)
{
    json_t *row = json_pack("{s:f}", "eval_metric", validation->metric);
    if (!row)
        return NULL;
    add_report(row, "eval_", validation->documents.n ? &validation->documents : &validation->entities);
    if (validation->documents.n)
        add_temperature(row, "eval_temperature", validation->document.temperature);
    if (validation->entities.n) {
        add_report(row, "eval_entity_", &validation->entities);
        add_temperature(row, "eval_entity_temperature", validation->entity.temperature);
    }
    return row;
}

char *tw_lineage_own(
    const json_t *lineage, const json_t *metrics, const struct tw_validation *validation, bool entity_head)
{
    json_t *own = json_object();
    json_object_set_new(own, "lineage", json_deep_copy(lineage));
    if (metrics)
        json_object_set_new(own, "metrics", json_deep_copy(metrics));
    if (entity_head) {
        json_object_set_new(own, "entity_head",
            json_pack("{s:s, s:s, s:s}", "reads", "[CLS] joined with the mean of the entity's tokens",
                "pooler", "entity_pooler.dense (tanh)", "classifier", "entity_classifier"));
        add_temperature(own, "entity_temperature",
            validation && validation->entities.n ? validation->entity.temperature
                                                 : (struct tw_temperature){.base = 1});
    }
    char *text = json_dumps(own, JSON_REAL_PRECISION(9));
    json_decref(own);
    return text;
}
