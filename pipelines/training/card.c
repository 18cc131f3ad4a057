#include "training/card.h"

#include "run/lineage.h"

#include <stdio.h>
#include <stdlib.h>

static long long integer(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* ---- both ---- */

static void name_folder(const char *folder, char *name, size_t size)
{
    struct tw_text last = tw_lineage_name(folder);
    snprintf(name, size, "%.*s", (int)last.length, last.bytes);
}

/* A table of files, as tw_lineage_data lists them, under a title; nothing when there are none. */
static void write_data(FILE *out, const char *title, const json_t *files)
{
    bool weighted = json_object_get(json_array_get(files, 0), "weight") != NULL;
    if (json_array_size(files) == 0)
        return;
    fprintf(out, "%s:\n\n| file | bytes |%s SHA-256 |\n| --- | --- |%s --- |\n", title,
        weighted ? " weight |" : "", weighted ? " --- |" : "");
    for (size_t at = 0; at < json_array_size(files); at++) {
        const json_t *file = json_array_get(files, at);
        struct tw_text name = tw_lineage_name(json_string_value(json_object_get(file, "path")));
        fprintf(out, "| %.*s | %lld |", (int)name.length, name.bytes,
            (long long)json_integer_value(json_object_get(file, "bytes")));
        if (weighted)
            fprintf(out, " %g |", json_real_value(json_object_get(file, "weight")));
        fprintf(out, " %s |\n", json_string_value(json_object_get(file, "sha256")));
    }
    fputc('\n', out);
}

/* ---- a model of the language ---- */

static void write_language_header(
    FILE *out, const char *name, const struct tw_pretrain_validation *validation)
{
    fputs("---\nlibrary_name: transformers\npipeline_tag: fill-mask\ntags:\n- finance\n- tapewatch\n", out);
    if (validation)
        fprintf(out,
            "model-index:\n- name: %s\n  results:\n  - task:\n      type: fill-mask\n      name: masked words\n"
            "    dataset:\n      type: held-out\n      name: texts held back by hash\n    metrics:\n"
            "    - type: perplexity\n      name: perplexity\n      value: %.4f\n"
            "    - type: accuracy\n      name: masked tokens guessed\n      value: %.4f\n",
            name, validation->perplexity, validation->accuracy);
    fputs("---\n\n", out);
}

static void write_language_results(
    FILE *out, const struct tw_pretrain_settings *settings, const struct tw_pretrain_validation *validation)
{
    fprintf(out,
        "## Results\n\nOn texts held back from training, %g%% of the tokens masked%s, the same ones each time:\n\n"
        "| windows | masked tokens | loss | perplexity | guessed right |\n| --- | --- | --- | --- | --- |\n"
        "| %llu | %llu | %.4f | %.3f | %.4f |\n\n"
        "The same texts chose the best step.\n\n",
        100 * settings->mask_share, settings->whole_word ? ", words whole" : "",
        (unsigned long long)validation->windows, (unsigned long long)validation->masked, validation->loss,
        validation->perplexity, validation->accuracy);
}

static void write_origin(FILE *out, const json_t *lineage)
{
    const json_t *base = json_object_get(lineage, "base");
    const json_t *vocabulary = json_object_get(lineage, "vocabulary");
    if (base)
        fprintf(out, "Base model: %s (SHA-256 of its weights %s).\n", string(base, "name"),
            string(base, "sha256"));
    if (vocabulary)
        fprintf(out, "From scratch, over a vocabulary with the SHA-256 %s.\n", string(vocabulary, "sha256"));
}

static void write_topic(FILE *out, const json_t *topic)
{
    const json_t *partitions = json_object_get(topic, "partitions");
    if (!topic)
        return;
    fprintf(out, "Topic %s:\n\n| partition | from | to |\n| --- | --- | --- |\n", string(topic, "topic"));
    for (size_t at = 0; at < json_array_size(partitions); at++) {
        const json_t *partition = json_array_get(partitions, at);
        fprintf(out, "| %lld | %lld | %lld |\n", integer(partition, "partition"), integer(partition, "from"),
            integer(partition, "to"));
    }
    fputc('\n', out);
}

static void write_language_training(
    FILE *out, const struct tw_pretrain_settings *settings, const json_t *lineage)
{
    const json_t *corpus = json_object_get(lineage, "corpus");
    const struct tw_run_settings *run = &settings->run;
    fputs("## Training\n\n", out);
    write_origin(out, lineage);
    fprintf(out,
        "%lld texts of %lld tokens in windows of at most %lld; %lld windows were held back. Steps of %llu windows, "
        "AdamW, highest rate %g (%s), seed %llu; `run.yaml` has every setting, `metrics.jsonl` every step.\n\n",
        integer(corpus, "records"), integer(corpus, "tokens"), integer(corpus, "most_tokens"),
        integer(corpus, "windows_held_back"), (unsigned long long)(run->batch * run->accumulate), run->lr,
        run->schedule, (unsigned long long)run->seed);
    write_topic(out, json_object_get(lineage, "topic"));
    write_data(out, "Learned from", json_object_get(lineage, "data"));
    write_data(out, "Learned from, nothing held back", json_object_get(lineage, "learn_only"));
}

char *tw_card_language(const struct tw_pretrain_settings *settings, const json_t *lineage,
    const struct tw_pretrain_validation *validation)
{
    char *text = NULL, name[256];
    size_t length = 0;
    name_folder(settings->run.output, name, sizeof name);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    write_language_header(out, name, validation);
    fprintf(out,
        "# %s\n\nA language model: it guesses words that are masked. A start for models of sentiment.\n\n",
        name);
    if (validation)
        write_language_results(out, settings, validation);
    write_language_training(out, settings, lineage);
    fprintf(out,
        "## Use\n\n```python\nfrom transformers import pipeline\n"
        "pipeline(\"fill-mask\", model=\"%s\")(\"Shares [MASK] on the news\")\n```\n\n"
        "```sh\ntapewatch finetune -m %s -o sentiment labelled.jsonl\n```\n\n",
        name, name);
    fputs(
        "## Limits\n\nIt knows the language and the time of its texts, and repeats what they say, right or wrong. It has "
        "no opinion of sentiment before it is fine-tuned.\n",
        out);
    return fclose(out) == 0 ? text : NULL;
}

/* ---- a model of sentiment ---- */

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

static void write_sentiment_header(
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

static void write_sentiment_results(FILE *out, const struct tw_validation *validation)
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

static void write_sentiment_training(
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
    write_data(out, "Learned from", json_object_get(lineage, "data"));
    write_data(out, "Learned from, nothing held back", json_object_get(lineage, "learn_only"));
    write_data(out, "Distilled over, without labels", json_object_get(lineage, "unlabelled"));
    write_data(out, "Distilled over, titles alone", json_object_get(lineage, "titles"));
    write_data(out, "Companies in texts without labels found by", json_object_get(lineage, "entities"));
    write_data(out, "Validated on", json_object_get(lineage, "validation"));
}

static void write_sentiment_use(FILE *out, const char *name, bool documents, bool entities)
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

char *tw_card_sentiment(const struct tw_run_settings *settings, uint64_t max_tokens, const json_t *lineage,
    const struct tw_validation *validation, bool documents, bool entities)
{
    char *text = NULL, name[256];
    size_t length = 0;
    name_folder(settings->output, name, sizeof name);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    write_sentiment_header(out, name, validation, documents, entities);
    fprintf(out, "# %s\n\nSentiment of short financial texts%s: negative, neutral or positive.\n\n", name,
        entities ? ", and towards each entity named in them" : "");
    if (validation)
        write_sentiment_results(out, validation);
    write_sentiment_training(out, settings, max_tokens, lineage);
    write_sentiment_use(out, name, documents, entities);
    fputs(
        "## Limits\n\nIt has learned from the files above and knows their subjects, language and time; on other texts "
        "its probabilities may be wrong without looking so. It tells how a text sounds, not what a price will do.\n",
        out);
    return fclose(out) == 0 ? text : NULL;
}
