#include "offline/distill.h"

#include <stddef.h>

#define AT(member) offsetof(struct tw_distill_settings, member)
#define MOST_COUNT 1e9

static const struct tw_setting rows[] = {
    {"teacher", TW_SETTING_TEXT, AT(teacher), 0, 0, NULL, "", "the model to learn from, a folder with heads",
        0},
    {"student", TW_SETTING_TEXT, AT(student), 0, 0, NULL, "",
        "the model that learns, a Hugging Face folder; nothing: the teacher's own weights", 'm'},
    {"layers", TW_SETTING_TEXT, AT(layers), 0, 0, NULL, "",
        "which layers of that folder the student keeps, as 1,3,5 (0 is the first); nothing: all", 0},
    TW_COURSE_OUTPUT_ROW(struct tw_distill_settings),
    {"data", TW_SETTING_TEXTS, AT(data), 0, 0, NULL, "",
        "labelled records, FILE or FILE:WEIGHT; the same as a bare FILE", 0},
    {"validation", TW_SETTING_TEXTS, AT(validation), 0, 0, NULL, "", "records for validation only", 0},
    {"validation_share", TW_SETTING_REAL, AT(validation_share), 0, 0.9, NULL, "0.1",
        "of the data, held back by hash of text", 0},
    {"unlabelled", TW_SETTING_TEXTS, AT(unlabelled), 0, 0, NULL, "", "archives of texts without labels", 0},
    {"titles", TW_SETTING_TEXTS, AT(titles), 0, 0, NULL, "", "archives of which the titles are read alone",
        0},
    {"unlabelled_share", TW_SETTING_REAL, AT(unlabelled_share), 0, 1, NULL, "1",
        "of the texts without labels, chosen by hash of text", 0},
    {"entities", TW_SETTING_TEXT, AT(entities), 0, 0, NULL, "",
        "entities file: companies that texts without labels name are learned too", 0},
    {"link_symbols", TW_SETTING_SWITCH, AT(link_symbols), 0, 0, NULL, "false",
        "so are symbols in them, as $AAPL or <OM>, listed or not", 0},
    {"soft_loss", TW_SETTING_REAL, AT(soft_loss), 0, 1000, NULL, "1", "weight of the teacher's answers", 0},
    {"distill_temperature", TW_SETTING_REAL, AT(distill_temperature), 0.1, 100, NULL, "2",
        "by which logits are divided when student and teacher are compared", 0},
    {"document_loss", TW_SETTING_REAL, AT(document_loss), 0, 1000, NULL, "0.5", "weight of labels of texts",
        0},
    {"entity_loss", TW_SETTING_REAL, AT(entity_loss), 0, 1000, NULL, "0.5", "weight of labels of entities",
        0},
    {"hidden_loss", TW_SETTING_REAL, AT(hidden_loss), 0, 1000, NULL, "0",
        "weight of the distance to the teacher's hidden states", 0},
    {"vocabulary", TW_SETTING_COUNT, AT(vocabulary), 0, MOST_COUNT, NULL, "0",
        "word pieces that the student keeps; 0: all", 0},
    {"vocabulary_margin", TW_SETTING_COUNT, AT(vocabulary_margin), 0, MOST_COUNT, NULL, "5000",
        "of these, so many from the top of the vocabulary, used or not", 0},
    {"augment_copies", TW_SETTING_COUNT, AT(augment_copies), 0, 1000, NULL, "0",
        "changed copies of each labelled record (entity-swap, number-jitter)", 0},
    {"splice_copies", TW_SETTING_COUNT, AT(splice_copies), 0, 1000, NULL, "0",
        "mixtures of each labelled text with another, without a label", 0},
    {"max_tokens", TW_SETTING_COUNT, AT(max_tokens), 3, 65536, NULL, "128",
        "texts are cut to this for learning", 0},
    {"compare_seconds", TW_SETTING_REAL, AT(compare_seconds), 0, 3600, NULL, "5",
        "how long the speed of each model is measured at the end", 0},
    {"agreed_labels", TW_SETTING_SWITCH, AT(agreed_labels), 0, 0, NULL, "false",
        "texts to learn from without label take the one that all their entities have", 0},
    {"raw", TW_SETTING_SWITCH, AT(raw), 0, 0, NULL, "false", "take texts as they are, without cleaning", 0},
    {"skip_refused", TW_SETTING_SWITCH, AT(skip_refused), 0, 0, NULL, "false",
        "go on without records that cannot be used", 0},
    TW_COURSE_ROWS(struct tw_distill_settings, "6", "32", "1e-4", "0"),
};

const struct tw_settings tw_distill_table = {"distill", rows, sizeof rows / sizeof rows[0]};
