/* classifier_options: which model the configuration means, and how it is opened. The one place that knows,
 * for `serve`, `check` and every command that classifies: so they cannot differ.
 *
 *   in    the configuration, and what a command line asks for in its place
 *   out   struct tw_classifier_options (score/classify.h), its texts in the caller's arena
 *
 * Where the model stands:
 *
 *     -m FOLDER                      that one, looked at by tw_classifier_open
 *     else model.path                that folder; TW_CONFIG when it is not there, and never another in its
 *                                    place
 *     else ../share/tapewatch/model  beside the folder of the running program
 *     else config/model              of the source tree, for a program in its build tree
 *     else                           TW_CONFIG
 *
 * Of a folder that is configured or the program's own, model.precision may take the one with 8-bit weights
 * beside it (model_precision.h): FOLDER-int8, or model-int8 of the build tree for config/model. -m FOLDER is
 * that one, in whatever form it is, unless --precision is given too.
 *
 * model.kind: constant needs none of these; it takes the tokenizer of model.path when that is set. */
#ifndef TW_CLASSIFIER_OPTIONS_H
#define TW_CLASSIFIER_OPTIONS_H

#include "config/config.h"

struct tw_classifier_options;

/* What a command line says in place of the configuration. Zeroed: nothing. */
struct tw_model_asked {
    const char *folder;   /* -m; NULL: not given */
    const char *labels;   /* --labels a,b,c; NULL: not given */
    bool names_precision; /* --precision is given, in place of model.precision: */
    enum tw_model_precision precision;
    bool limits_tokens;  /* --max-tokens is given: */
    uint32_t max_tokens; /* 0: no limit of our own */
    bool tokenizer_only; /* for `tokenize`, which reads no weights */
};

/* Fills `out`, ready for tw_classifier_open; all it points to lives in `arena`, in `config` or in `asked`.
 * TW_CONFIG for a folder that is not there, TW_PERMISSION for one that may not be looked at, TW_FULL. */
TW_MUST_USE bool tw_config_classifier_options(const struct tw_config *config,
    const struct tw_model_asked *asked, struct tw_arena *arena, struct tw_classifier_options *out,
    struct tw_error *err);

/* The folder alone, without -m: for a command that starts from the model that would run. In `arena`.
 * TW_CONFIG, TW_PERMISSION, TW_FULL. */
TW_MUST_USE bool tw_config_model_folder(
    const struct tw_config *config, struct tw_arena *arena, const char **out, struct tw_error *err);

#endif
