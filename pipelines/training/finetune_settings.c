#include "training/finetune.h"

#include "examples/augment.h"

#include <stddef.h>

static const char *const unfreezings[] = {"none", "gradual", NULL};
static const char *const augmentations[] = {"entity-swap", "number-jitter", "token-dropout", "frames", NULL};

#define AT(member) offsetof(struct tw_finetune_settings, member)

static const struct tw_setting rows[] = {
    {"model", TW_SETTING_TEXT, AT(model), 0, 0, NULL, "", "the base model, a Hugging Face folder", 'm'},
    TW_RUN_OUTPUT_ROW(struct tw_finetune_settings),
    {"data", TW_SETTING_TEXTS, AT(data), 0, 0, NULL, "",
        "records to learn from, FILE or FILE:WEIGHT; the same as a bare FILE", 0},
    {"feedback", TW_SETTING_TEXT, AT(feedback), 0, 0, NULL, "",
        "analysts' labels, from the database of a configuration file or service=NAME; or FILE.jsonl, as a run before wrote them",
        0},
    {"learn_only", TW_SETTING_TEXTS, AT(learn_only), 0, 0, NULL, "",
        "more records to learn from, none of them held back, as generated ones", 0},
    {"validation", TW_SETTING_TEXTS, AT(validation), 0, 0, NULL, "", "records for validation only", 0},
    {"validation_share", TW_SETTING_REAL, AT(validation_share), 0, 0.9, NULL, "0.1",
        "of the data, held back by hash of text (0 with files for validation: all of it is learned)", 0},
    {"leave_out", TW_SETTING_TEXT, AT(leave_out), 0, 0, NULL, "",
        "learn nothing from this fold of the data by hash of text, as 1/2: a teacher for it (distill)", 0},
    {"label_smoothing", TW_SETTING_REAL, AT(label_smoothing), 0, 0.9, NULL, "0",
        "spread over the other labels", 0},
    {"class_weights", TW_SETTING_TEXT, AT(class_weights), 0, 0, NULL, "none",
        "none, balanced, or three numbers NEGATIVE,NEUTRAL,POSITIVE", 0},
    {"document_loss", TW_SETTING_REAL, AT(document_loss), 0, 1000, NULL, "1", "weight of labels of texts", 0},
    {"entity_loss", TW_SETTING_REAL, AT(entity_loss), 0, 1000, NULL, "1", "weight of labels of entities", 0},
    {"unfreeze", TW_SETTING_CHOICE, AT(unfreeze), 0, 0, unfreezings, "none",
        "gradual: heads learn first, then one more layer from the top at a time", 0},
    {"unfreeze_every", TW_SETTING_REAL, AT(unfreeze_every), 0.001, 1000, NULL, "0.3333",
        "epochs between two layers", 0},
    {"augment", TW_SETTING_WORDS, AT(augment), 0, 0, augmentations, "none",
        "changes made to records, anew each epoch", 0},
    {"augment_rate", TW_SETTING_REAL, AT(augment_rate), 0, 1, NULL, "0.5",
        "records changed by swap, jitter and frames", 0},
    {"templates", TW_SETTING_TEXT, AT(templates), 0, 0, NULL, "",
        "templates (as of generate): entity-swap draws half of its names from them, frames its frames", 0},
    {"token_dropout", TW_SETTING_REAL, AT(token_dropout), 0, 0.9, NULL, "0.1",
        "tokens that token-dropout masks", 0},
    {"max_tokens", TW_SETTING_COUNT, AT(max_tokens), 3, 65536, NULL, "128",
        "texts are cut to this for learning", 0},
    {"fresh_heads", TW_SETTING_SWITCH, AT(fresh_heads), 0, 0, NULL, "false",
        "start heads anew even if the base has them", 0},
    {"agreed_labels", TW_SETTING_SWITCH, AT(agreed_labels), 0, 0, NULL, "false",
        "texts to learn from without label take the one that all their entities have", 0},
    {"record_labels", TW_SETTING_TEXT, AT(record_labels), 0, 0, NULL, "",
        "classes of records' labels 0, 1, 2, as negative,neutral,positive; or -1:negative,0:neutral,1:positive",
        0},
    {"raw", TW_SETTING_SWITCH, AT(raw), 0, 0, NULL, "false", "take texts as they are, without cleaning", 0},
    {"skip_refused", TW_SETTING_SWITCH, AT(skip_refused), 0, 0, NULL, "false",
        "go on without records that cannot be used", 0},
    TW_RUN_ROWS(struct tw_finetune_settings, "4", "16", "3e-5", "3"),
};

const struct tw_settings tw_finetune_table = {"finetune", rows, sizeof rows / sizeof rows[0]};
