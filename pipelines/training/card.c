#include "training/card.h"

#include "training/lineage.h"

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

static void write_header(FILE *out, const char *name, const struct tw_pretrain_validation *validation)
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

static void write_results(
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

static void write_training(FILE *out, const struct tw_pretrain_settings *settings, const json_t *lineage)
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
    tw_lineage_write_data(out, "Learned from", json_object_get(lineage, "data"));
}

char *tw_card_pretrained(const struct tw_pretrain_settings *settings, const json_t *lineage,
    const struct tw_pretrain_validation *validation)
{
    char *text = NULL, name[256];
    size_t length = 0;
    struct tw_text folder = tw_lineage_name(settings->run.output);
    snprintf(name, sizeof name, "%.*s", (int)folder.length, folder.bytes);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    write_header(out, name, validation);
    fprintf(out,
        "# %s\n\nA language model: it guesses words that are masked. A start for models of sentiment.\n\n",
        name);
    if (validation)
        write_results(out, settings, validation);
    write_training(out, settings, lineage);
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
