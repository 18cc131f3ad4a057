#include "training/pretrain.h"

#include <stddef.h>

#define AT(member) offsetof(struct tw_pretrain_settings, member)
#define MOST_SIZE 65536

static const struct tw_setting rows[] = {
    {"model", TW_SETTING_TEXT, AT(model), 0, 0, NULL, "",
        "the model to go on from, a Hugging Face folder; none: from scratch", 'm'},
    TW_RUN_OUTPUT_ROW(struct tw_pretrain_settings),
    {"data", TW_SETTING_TEXTS, AT(data), 0, 0, NULL, "",
        "archives, or folders of them; the same as a bare FILE", 0},
    {"topic", TW_SETTING_TEXT, AT(topic), 0, 0, NULL, "",
        "a topic, from its beginning to where it ends when the run begins", 0},
    {"brokers", TW_SETTING_TEXT, AT(brokers), 0, 0, NULL, "",
        "HOST:PORT,.. for --topic; none: those of the configuration", 0},
    {"vocab", TW_SETTING_TEXT, AT(vocab), 0, 0, NULL, "",
        "from scratch: a vocab.txt, or the folder that has it", 0},
    {"hidden", TW_SETTING_COUNT, AT(hidden), 8, MOST_SIZE, NULL, "256", "from scratch: width", 0},
    {"layers", TW_SETTING_COUNT, AT(layers), 1, 256, NULL, "4", "from scratch: layers of the encoder", 0},
    {"heads", TW_SETTING_COUNT, AT(heads), 1, 1024, NULL, "4", "from scratch: heads; they divide the width",
        0},
    {"intermediate", TW_SETTING_COUNT, AT(intermediate), 0, 4 * MOST_SIZE, NULL, "0",
        "from scratch: width within a layer; 0: 4 times the width", 0},
    {"max_positions", TW_SETTING_COUNT, AT(max_positions), 8, MOST_SIZE, NULL, "512",
        "from scratch: tokens of the longest text", 0},
    {"mask_share", TW_SETTING_REAL, AT(mask_share), 0.01, 0.9, NULL, "0.15", "tokens that are to be guessed",
        0},
    {"whole_word", TW_SETTING_SWITCH, AT(whole_word), 0, 0, NULL, "false",
        "words are chosen whole, with all their pieces", 0},
    {"validation_share", TW_SETTING_REAL, AT(validation_share), 0, 0.9, NULL, "0.05",
        "of the texts, held back by hash", 0},
    {"eval_windows", TW_SETTING_COUNT, AT(eval_windows), 0, TW_RUN_MOST, NULL, "2000",
        "windows tried at most, evenly from those held back; 0: all", 0},
    {"max_tokens", TW_SETTING_COUNT, AT(max_tokens), 3, MOST_SIZE, NULL, "128",
        "tokens of a window; longer texts are cut into several", 0},
    {"max_corpus", TW_SETTING_COUNT, AT(max_corpus), 1, 1e12, NULL, "250000000",
        "tokens held in memory at most, 4 bytes each", 0},
    {"raw", TW_SETTING_SWITCH, AT(raw), 0, 0, NULL, "false", "take texts as they are, without cleaning", 0},
    {"skip_refused", TW_SETTING_SWITCH, AT(skip_refused), 0, 0, NULL, "false",
        "go on without records that cannot be used", 0},
    TW_RUN_ROWS(struct tw_pretrain_settings, "3", "32", "1e-4", "0"),
};

const struct tw_settings tw_pretrain_table = {"pretrain", rows, sizeof rows / sizeof rows[0]};
