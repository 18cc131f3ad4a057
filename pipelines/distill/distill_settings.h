/* distill_settings: what distill is told, and the table of it: options, run.yaml, help (settings.h). What
 * each means: distill.h. */
#ifndef TW_DISTILL_SETTINGS_H
#define TW_DISTILL_SETTINGS_H

#include "run/run_settings.h"

struct tw_distill_settings {
    struct tw_run_settings run;
    const char *teacher, *student; /* student "": the teacher's own weights */
    struct tw_setting_texts fold_teachers;
    const char *layers; /* "" all; else which of the student folder's layers, as 1,3,5 (0 is the first) */
    struct tw_setting_texts data, learn_only, validation, unlabelled, titles;
    double validation_share, unlabelled_share;
    const char *entities; /* "": none */
    bool link_symbols;
    double soft_loss, distill_temperature, document_loss, entity_loss, hidden_loss;
    uint64_t vocabulary, vocabulary_margin; /* vocabulary 0: as it is */
    double learn_only_answer;               /* 0: the teacher answers for learn_only records too */
    bool shared_answers;
    uint64_t augment_copies, splice_copies;
    const char *templates; /* "": none */
    uint64_t max_tokens;
    double compare_seconds;
    bool agreed_labels, raw, skip_refused;
    const char *record_labels;
};

extern const struct tw_settings tw_distill_table;

#endif
