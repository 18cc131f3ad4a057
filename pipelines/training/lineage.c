#include "training/lineage.h"

#include "base/file.h"
#include "format/labels.h"
#include "training/run_log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

json_t *tw_lineage_base(const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    if (!tw_path_join(path, sizeof path, folder, "model.safetensors", err))
        return NULL;
    json_t *file = tw_lineage_file(path, err);
    if (!file)
        return NULL;
    struct tw_text name = tw_lineage_name(folder);
    json_t *base =
        json_pack("{s:s%, s:O}", "name", name.bytes, name.length, "sha256", json_object_get(file, "sha256"));
    json_decref(file);
    if (!base)
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

/* ---- the card ---- */

static void write_model_metrics(FILE *out, const char *task, const struct tw_metric_report *report)
{
    const struct {
        const char *type, *name;
        double value;
    } metrics[] = {{"accuracy", "accuracy", report->accuracy}, {"f1", "macro F1", report->macro_f1}};
    fprintf(out, "  - task:\n      type: text-classification\n      name: %s\n", task);
    fprintf(out, "    dataset:\n      type: held-out\n      name: records held back by hash of text\n");
    fprintf(out, "    metrics:\n");
    for (size_t at = 0; at < sizeof metrics / sizeof metrics[0]; at++)
        fprintf(out, "    - type: %s\n      name: %s\n      value: %.4f\n", metrics[at].type,
            metrics[at].name, metrics[at].value);
}

static void write_header(
    FILE *out, const char *name, const struct tw_validation *validation, bool documents, bool entities)
{
    fputs("---\nlibrary_name: transformers\npipeline_tag: text-classification\n"
          "tags:\n- finance\n- sentiment\n- tapewatch\n",
        out);
    if (validation) {
        fprintf(out, "model-index:\n- name: %s\n  results:\n", name);
        if (documents && validation->documents.n)
            write_model_metrics(out, "sentiment of a text", &validation->documents);
        if (entities && validation->entities.n)
            write_model_metrics(out, "sentiment towards an entity in a text", &validation->entities);
    }
    fputs("---\n\n", out);
}

static void write_row(FILE *out, const char *what, const struct tw_metric_report *report)
{
    if (report->n)
        fprintf(out, "| %s | %llu | %.4f | %.4f | %.4f | %.4f / %.4f / %.4f |\n", what,
            (unsigned long long)report->n, report->accuracy, report->macro_f1, report->ece,
            report->classes[0].f1, report->classes[1].f1, report->classes[2].f1);
}

static void write_results(FILE *out, const struct tw_validation *validation)
{
    fputs("## Results\n\nOn the records held back from training, after calibration:\n\n"
          "| what | n | accuracy | macro F1 | calibration error | F1 negative / neutral / positive |\n"
          "| --- | --- | --- | --- | --- | --- |\n",
        out);
    write_row(out, "texts", &validation->documents);
    write_row(out, "entities", &validation->entities);
    fputs(
        "\nThe same records chose the best step, stopped the run and fitted the temperature: expect a little less "
        "on records that nobody has looked at.\n\n",
        out);
}

void tw_lineage_write_data(FILE *card, const char *title, const json_t *files)
{
    bool weighted = json_object_get(json_array_get(files, 0), "weight") != NULL;
    if (json_array_size(files) == 0)
        return;
    fprintf(card, "%s:\n\n| file | bytes |%s SHA-256 |\n| --- | --- |%s --- |\n", title,
        weighted ? " weight |" : "", weighted ? " --- |" : "");
    for (size_t at = 0; at < json_array_size(files); at++) {
        const json_t *file = json_array_get(files, at);
        struct tw_text name = tw_lineage_name(json_string_value(json_object_get(file, "path")));
        fprintf(card, "| %.*s | %lld |", (int)name.length, name.bytes,
            (long long)json_integer_value(json_object_get(file, "bytes")));
        if (weighted)
            fprintf(card, " %g |", json_real_value(json_object_get(file, "weight")));
        fprintf(card, " %s |\n", json_string_value(json_object_get(file, "sha256")));
    }
    fputc('\n', card);
}

static void write_training(
    FILE *out, const struct tw_run_settings *settings, uint64_t max_tokens, const json_t *lineage)
{
    const json_t *base = json_object_get(lineage, "base"), *records = json_object_get(lineage, "records"),
                 *teacher = json_object_get(lineage, "teacher");
    fprintf(out, "## Training\n\nBase model: %s (SHA-256 of its weights %s).\n",
        json_string_value(json_object_get(base, "name")), json_string_value(json_object_get(base, "sha256")));
    if (teacher)
        fprintf(out,
            "Distilled from %s (SHA-256 of its weights %s): the student learned the teacher's logits for every text, and the "
            "labels where there are some.\n",
            json_string_value(json_object_get(teacher, "name")),
            json_string_value(json_object_get(teacher, "sha256")));
    fprintf(out,
        "%lld records were learned from, %lld held back. At most %llu epochs in steps of %llu records, AdamW, highest "
        "rate %g (%s), seed %llu, texts cut to %llu tokens; `run.yaml` has every setting, `metrics.jsonl` "
        "every step.\n\n",
        (long long)json_integer_value(json_object_get(records, "training")),
        (long long)json_integer_value(json_object_get(records, "validation")),
        (unsigned long long)settings->epochs, (unsigned long long)(settings->batch * settings->accumulate),
        settings->lr, settings->schedule, (unsigned long long)settings->seed, (unsigned long long)max_tokens);
    tw_lineage_write_data(out, "Learned from", json_object_get(lineage, "data"));
    tw_lineage_write_data(out, "Distilled over, without labels", json_object_get(lineage, "unlabelled"));
    tw_lineage_write_data(out, "Distilled over, titles alone", json_object_get(lineage, "titles"));
    tw_lineage_write_data(
        out, "Companies in texts without labels found by", json_object_get(lineage, "entities"));
    tw_lineage_write_data(out, "Validated on", json_object_get(lineage, "validation"));
}

static void write_use(FILE *out, const char *name, bool documents, bool entities)
{
    fputs("## Use\n\n", out);
    if (documents)
        fprintf(out,
            "The document head loads in transformers:\n\n```python\nfrom transformers import pipeline\n"
            "pipeline(\"text-classification\", model=\"%s\")(\"Acme beats forecasts\")\n```\n\n",
            name);
    if (entities)
        fputs(
            "The entity head (`entity_pooler`, `entity_classifier`) is tapewatch's own; transformers leaves it out.\n\n",
            out);
    fprintf(out,
        "```sh\necho '{\"text\": \"Acme beats forecasts\", \"entities\": [{\"name\": \"Acme\"}]}' | "
        "tapewatch classify -m %s --input json\n```\n\n",
        name);
}

char *tw_card_finetuned(const struct tw_run_settings *settings, uint64_t max_tokens, const json_t *lineage,
    const struct tw_validation *validation, bool documents, bool entities)
{
    char *text = NULL, name[256];
    size_t length = 0;
    struct tw_text folder = tw_lineage_name(settings->output);
    snprintf(name, sizeof name, "%.*s", (int)folder.length, folder.bytes);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    write_header(out, name, validation, documents, entities);
    fprintf(out, "# %s\n\nSentiment of short financial texts%s: negative, neutral or positive.\n\n", name,
        entities ? ", and towards each entity named in them" : "");
    if (validation)
        write_results(out, validation);
    write_training(out, settings, max_tokens, lineage);
    write_use(out, name, documents, entities);
    fputs(
        "## Limits\n\nIt has learned from the files above and knows their subjects, language and time; on other texts "
        "its probabilities may be wrong without looking so. It tells how a text sounds, not what a price will do.\n",
        out);
    return fclose(out) == 0 ? text : NULL;
}
