#include "offline/finetune.h"

#include "augment.h"

#include <stddef.h>

static const char *const schedules[] = {"linear", "slanted", "cosine", "constant", NULL};
static const char *const unfreezings[] = {"none", "gradual", NULL};
static const char *const dtypes[] = {"f32", "f16", "bf16", NULL};
static const char *const augmentations[] = {"entity-swap", "number-jitter", "token-dropout", NULL};

#define AT(member) offsetof(struct tw_finetune_settings, member)
#define MOST_COUNT 1e15

static const struct tw_setting rows[] = {
    {"model", TW_SETTING_TEXT, AT(model), 0, 0, NULL, "", "the base model, a Hugging Face folder", 'm'},
    {"output", TW_SETTING_TEXT, AT(output), 0, 0, NULL, "", "folder of the run and its model, new or empty",
        'o'},
    {"data", TW_SETTING_TEXTS, AT(data), 0, 0, NULL, "",
        "records to learn from, FILE or FILE:WEIGHT; the same as a bare FILE", 0},
    {"validation", TW_SETTING_TEXTS, AT(validation), 0, 0, NULL, "", "records for validation only", 0},
    {"validation_share", TW_SETTING_REAL, AT(validation_share), 0, 0.9, NULL, "0.1",
        "of the data, held back by hash of text (0 with files for validation: all of it is learned)", 0},
    {"epochs", TW_SETTING_COUNT, AT(epochs), 1, 10000, NULL, "4", "times that all records are read", 0},
    {"batch", TW_SETTING_COUNT, AT(batch), 1, 65536, NULL, "16", "records a step", 0},
    {"accumulate", TW_SETTING_COUNT, AT(accumulate), 1, 1024, NULL, "1",
        "batches whose gradients make one step", 0},
    {"lr", TW_SETTING_REAL, AT(lr), 0, 10, NULL, "3e-5", "highest learning rate", 0},
    {"schedule", TW_SETTING_CHOICE, AT(schedule), 0, 0, schedules, "linear", "how the rate goes", 0},
    {"warmup", TW_SETTING_REAL, AT(warmup), 0, MOST_COUNT, NULL, "0.1",
        "until the highest rate: a share of all steps below 1, else steps", 0},
    {"weight_decay", TW_SETTING_REAL, AT(weight_decay), 0, 10, NULL, "0.01", "decay of matrices (AdamW)", 0},
    {"clip", TW_SETTING_REAL, AT(clip), 0, 1e6, NULL, "1", "most norm of a step's gradients; 0: never clip",
        0},
    {"dropout", TW_SETTING_REAL, AT(dropout), 0, 0.9, NULL, "0.1",
        "dropout of hidden states, attention, heads", 0},
    {"label_smoothing", TW_SETTING_REAL, AT(label_smoothing), 0, 0.9, NULL, "0",
        "spread over the other labels", 0},
    {"class_weights", TW_SETTING_TEXT, AT(class_weights), 0, 0, NULL, "none",
        "none, balanced, or three numbers NEGATIVE,NEUTRAL,POSITIVE", 0},
    {"document_loss", TW_SETTING_REAL, AT(document_loss), 0, 1000, NULL, "1", "weight of labels of texts", 0},
    {"entity_loss", TW_SETTING_REAL, AT(entity_loss), 0, 1000, NULL, "1", "weight of labels of entities", 0},
    {"layer_decay", TW_SETTING_REAL, AT(layer_decay), 0.01, 1, NULL, "1",
        "each layer's rate is this times that of the layer above", 0},
    {"unfreeze", TW_SETTING_CHOICE, AT(unfreeze), 0, 0, unfreezings, "none",
        "gradual: heads learn first, then one more layer from the top at a time", 0},
    {"unfreeze_every", TW_SETTING_REAL, AT(unfreeze_every), 0.001, 1000, NULL, "0.3333",
        "epochs between two layers", 0},
    {"patience", TW_SETTING_COUNT, AT(patience), 0, 10000, NULL, "3",
        "evaluations without a better macro-F1 that end the run; 0: none does", 0},
    {"eval_steps", TW_SETTING_COUNT, AT(eval_steps), 0, MOST_COUNT, NULL, "0",
        "steps between evaluations; 0: after each epoch", 0},
    {"save_steps", TW_SETTING_COUNT, AT(save_steps), 0, MOST_COUNT, NULL, "0",
        "steps between checkpoints; 0: at each evaluation", 0},
    {"log_steps", TW_SETTING_COUNT, AT(log_steps), 1, MOST_COUNT, NULL, "10",
        "steps between rows of metrics.jsonl", 0},
    {"augment", TW_SETTING_WORDS, AT(augment), 0, 0, augmentations, "none",
        "changes made to records, anew each epoch", 0},
    {"augment_rate", TW_SETTING_REAL, AT(augment_rate), 0, 1, NULL, "0.5",
        "records changed by swap and jitter", 0},
    {"token_dropout", TW_SETTING_REAL, AT(token_dropout), 0, 0.9, NULL, "0.1",
        "tokens that token-dropout masks", 0},
    {"max_tokens", TW_SETTING_COUNT, AT(max_tokens), 3, 65536, NULL, "128",
        "texts are cut to this for learning", 0},
    {"seed", TW_SETTING_COUNT, AT(seed), 0, MOST_COUNT, NULL, "1", "of every random number", 0},
    {"threads", TW_SETTING_COUNT, AT(threads), 0, 1024, NULL, "0", "threads; 0: as many as processors", 0},
    {"fresh_heads", TW_SETTING_SWITCH, AT(fresh_heads), 0, 0, NULL, "false",
        "start heads anew even if the base has them", 0},
    {"agreed_labels", TW_SETTING_SWITCH, AT(agreed_labels), 0, 0, NULL, "false",
        "texts to learn from without label take the one that all their entities have", 0},
    {"raw", TW_SETTING_SWITCH, AT(raw), 0, 0, NULL, "false", "take texts as they are, without cleaning", 0},
    {"skip_refused", TW_SETTING_SWITCH, AT(skip_refused), 0, 0, NULL, "false",
        "go on without records that cannot be used", 0},
    {"dtype", TW_SETTING_CHOICE, AT(dtype), 0, 0, dtypes, "f32", "form of the weights written", 0},
    {"gemm", TW_SETTING_TEXT, AT(gemm), 0, 0, NULL, "fixed", "library of matrix products (gemm.backend)", 0},
};

const struct tw_settings tw_finetune_table = {"finetune", rows, sizeof rows / sizeof rows[0]};
