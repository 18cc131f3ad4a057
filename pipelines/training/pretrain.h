/* pretrain: texts without labels and a vocabulary, or a base model, to a model of the language (masked words;
 * masking.h).
 *   in    settings (one table, settings.h); archives, or a topic's retained range; a base model's folder, or
 *         a vocabulary and a shape
 *   out   a folder that transformers loads as BertForMaskedLM (cls.predictions..), and finetune takes as its
 *         -m
 *
 *     read > tokenize > windows (corpus.h) > a part held back > [ shuffle > mask > pack > step ] by epochs >
 *     loss and perplexity of the part held back, masked the same way each time > the one with the lowest loss
 *     becomes the folder
 *
 * From a base (domain adaptation) its weights and its tokenizer are taken; a masked head that it does not
 * have starts anew, tied to the word embedding as always. From scratch all starts from numbers made of the
 * seed.
 *
 * A topic is read into the folder once, when the run begins, from its beginning to where it ends then,
 * partition by partition:
 *   topic.json         name and ranges: they become part of the lineage
 *   topic.jsonl.zst    its documents, {"id":"topic/partition/offset","title":..,"body":..} a line
 * A run that is resumed reads the file: the topic may have forgotten meanwhile.
 *
 * In config.json, under "tapewatch": "lineage" (command, seed, base or vocabulary, data, corpus), "metrics"
 * (eval_loss, perplexity). The folder, checkpoints, resuming: run.h.
 *
 * Errors: those of run.h, corpus.h, masking.h, model.h, tokenizer.h. */
#ifndef TW_PRETRAIN_H
#define TW_PRETRAIN_H

#include "examples/corpus.h"
#include "run/run.h"

struct tw_pretrain_settings {
    struct tw_run_settings run;
    const char *model;            /* the base; "": from scratch */
    struct tw_setting_texts data; /* archives and folders */
    const char *topic, *brokers;  /* brokers: for whoever reads the topic */
    const char *vocab;            /* from scratch: a folder with a tokenizer's files, or its vocab.txt */
    uint64_t hidden, layers, heads, intermediate, max_positions; /* from scratch */
    double mask_share;
    bool whole_word;
    double validation_share;
    uint64_t eval_windows; /* tried at most; 0: all that are held back */
    uint64_t max_tokens, max_corpus;
    bool raw, skip_refused;
};

extern const struct tw_settings tw_pretrain_table;

/* Who reads a topic (the daemon's room: here is no Kafka). */
struct tw_pretrain_topic {
    void *self;
    /* Finds out what is there. Nothing is written yet. */
    bool (*inspect)(void *self, struct tw_error *err);
    /* Writes topic.json, then topic.jsonl.zst, whole or not at all, into the folder. */
    bool (*spool)(void *self, const char *folder, struct tw_error *err);
};

/* What an evaluation found (run.h: its details). */
struct tw_pretrain_validation {
    double loss;       /* mean negative log likelihood of the masked tokens */
    double perplexity; /* e^loss */
    double accuracy;   /* of them, guessed right */
    uint64_t windows, tokens, masked;
};

/* `topic` may be NULL when settings name none. */
TW_MUST_USE bool tw_pretrain(const struct tw_pretrain_settings *settings, const struct tw_run_call *call,
    const struct tw_pretrain_topic *topic, struct tw_run_result *result, struct tw_error *err);

struct tw_pretrain_facts {
    struct tw_corpus_facts corpus;
    uint32_t most_tokens; /* of a window */
    uint64_t epoch_steps, steps;
    uint64_t topic_refused;
};

/* --dry-run: reads the data as the run would; the topic into a temporary folder that goes again. */
TW_MUST_USE bool tw_pretrain_inspect(const struct tw_pretrain_settings *settings,
    const struct tw_run_call *call, const struct tw_pretrain_topic *topic, struct tw_pretrain_facts *facts,
    struct tw_error *err);

#endif
