/* run_settings: the keys that every command that trains has, as one fragment of its table (settings.h).
 *
 *     struct mine { struct tw_run_settings run; ... };        // first: the run looks for it there
 *     static const struct tw_setting rows[] = {
 *         {"model", ...}, TW_RUN_OUTPUT_ROW(struct mine),
 *         TW_RUN_ROWS(struct mine, "4", "16", "3e-5", "3"), ...};  // epochs, batch, lr, patience */
#ifndef TW_RUN_SETTINGS_H
#define TW_RUN_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "files/settings.h"

struct tw_run_settings {
    const char *output;
    uint64_t epochs, steps; /* steps > 0: that many, whatever epochs says */
    uint64_t batch, accumulate;
    double lr;
    const char *schedule;
    double warmup; /* below 1: a share of all steps; else steps */
    double weight_decay, clip, dropout, layer_decay;
    double average;   /* a step's decay of the moving average of weights; 0: none */
    double keep_base; /* share of the weights it began with in the model that is tried and kept */
    uint64_t patience, eval_steps, save_steps, log_steps;
    uint64_t seed, threads; /* threads: at least 1 when the run begins */
    const char *dtype, *precision, *gemm;
};

/* Choices, ended by NULL. */
extern const char *const tw_run_schedules[], *const tw_run_dtypes[], *const tw_run_precisions[];

/* Of tw_run_precisions: not the name of one, but what precision.h makes one of. */
#define TW_RUN_PRECISION_AUTO "auto"

#define TW_RUN_MOST 1e15
#define TW_RUN_AT(type, member) (offsetof(type, run) + offsetof(struct tw_run_settings, member))

#define TW_RUN_OUTPUT_ROW(type)                                                                              \
    {                                                                                                        \
        "output", TW_SETTING_TEXT, TW_RUN_AT(type, output), 0, 0, NULL, "",                                  \
            "folder of the run and its model, new or empty", 'o'                                             \
    }

#define TW_RUN_ROWS(type, default_epochs, default_batch, default_lr, default_patience)                       \
    {"epochs", TW_SETTING_COUNT, TW_RUN_AT(type, epochs), 1, 10000, NULL, default_epochs,                    \
        "times that all is read", 0},                                                                        \
        {"steps", TW_SETTING_COUNT, TW_RUN_AT(type, steps), 0, TW_RUN_MOST, NULL, "0",                       \
            "steps in all, whatever --epochs says; 0: as many as the epochs have", 0},                       \
        {"batch", TW_SETTING_COUNT, TW_RUN_AT(type, batch), 1, 65536, NULL, default_batch, "texts a step",   \
            0},                                                                                              \
        {"accumulate", TW_SETTING_COUNT, TW_RUN_AT(type, accumulate), 1, 1024, NULL, "1",                    \
            "batches whose gradients make one step", 0},                                                     \
        {"lr", TW_SETTING_REAL, TW_RUN_AT(type, lr), 0, 10, NULL, default_lr, "highest learning rate", 0},   \
        {"schedule", TW_SETTING_CHOICE, TW_RUN_AT(type, schedule), 0, 0, tw_run_schedules, "linear",         \
            "how the rate goes", 0},                                                                         \
        {"warmup", TW_SETTING_REAL, TW_RUN_AT(type, warmup), 0, TW_RUN_MOST, NULL, "0.1",                    \
            "until the highest rate: a share of all steps below 1, else steps", 0},                          \
        {"weight_decay", TW_SETTING_REAL, TW_RUN_AT(type, weight_decay), 0, 10, NULL, "0.01",                \
            "decay of matrices (AdamW)", 0},                                                                 \
        {"clip", TW_SETTING_REAL, TW_RUN_AT(type, clip), 0, 1e6, NULL, "1",                                  \
            "most norm of a step's gradients; 0: never clip", 0},                                            \
        {"dropout", TW_SETTING_REAL, TW_RUN_AT(type, dropout), 0, 0.9, NULL, "0.1",                          \
            "dropout of hidden states, attention, heads", 0},                                                \
        {"layer_decay", TW_SETTING_REAL, TW_RUN_AT(type, layer_decay), 0.01, 1, NULL, "1",                   \
            "each layer's rate is this times that of the layer above", 0},                                   \
        {"average", TW_SETTING_REAL, TW_RUN_AT(type, average), 0, 0.99999, NULL, "0",                        \
            "decay a step of a moving average of the weights, which then is what is tried and "              \
            "kept; 0: none",                                                                                 \
            0},                                                                                              \
        {"keep_base", TW_SETTING_REAL, TW_RUN_AT(type, keep_base), 0, 0.9, NULL, "0",                        \
            "share of the weights it began with in the model that is tried and kept", 0},                    \
        {"patience", TW_SETTING_COUNT, TW_RUN_AT(type, patience), 0, 10000, NULL, default_patience,          \
            "evaluations without a better one that end the run; 0: none does", 0},                           \
        {"eval_steps", TW_SETTING_COUNT, TW_RUN_AT(type, eval_steps), 0, TW_RUN_MOST, NULL, "0",             \
            "steps between evaluations; 0: after each epoch", 0},                                            \
        {"save_steps", TW_SETTING_COUNT, TW_RUN_AT(type, save_steps), 0, TW_RUN_MOST, NULL, "0",             \
            "steps between checkpoints; 0: at each evaluation", 0},                                          \
        {"log_steps", TW_SETTING_COUNT, TW_RUN_AT(type, log_steps), 1, TW_RUN_MOST, NULL, "10",              \
            "steps between rows of metrics.jsonl", 0},                                                       \
        {"seed", TW_SETTING_COUNT, TW_RUN_AT(type, seed), 0, TW_RUN_MOST, NULL, "1",                         \
            "of every random number", 0},                                                                    \
        {"threads", TW_SETTING_COUNT, TW_RUN_AT(type, threads), 0, 1024, NULL, "0",                          \
            "threads; 0: as many as processors", 0},                                                         \
        {"dtype", TW_SETTING_CHOICE, TW_RUN_AT(type, dtype), 0, 0, tw_run_dtypes, "f32",                     \
            "form of the weights written", 0},                                                               \
        {"precision", TW_SETTING_CHOICE, TW_RUN_AT(type, precision), 0, 0, tw_run_precisions,                \
            TW_RUN_PRECISION_AUTO,                                                                           \
            "of the factors of a step's products; auto: the faster here, and run.yaml says which", 0},       \
    {                                                                                                        \
        "gemm", TW_SETTING_TEXT, TW_RUN_AT(type, gemm), 0, 0, NULL, "fixed",                                 \
            "library of matrix products (gemm.backend)", 0                                                   \
    }

#endif
