/* learning: what the tests of finetune, pretrain and distill share: invented records, a tiny base model,
 * somebody who looks on. */
#ifndef TW_TESTS_LEARNING_H
#define TW_TESTS_LEARNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "read/decode.h"
#include "run/run.h"

struct learning {
    char base[64], work[64]; /* the tiny model; a folder for runs */
    struct tw_arena arena;
    struct tw_decode_options decode;
};

/* texts.jsonl and companies.jsonl: 48 texts whose label is their verb's, 24 with two companies that fare
 * differently. */
void given_records(const struct learning *learning);
bool learning_begin(struct learning *learning);
int learning_end(struct learning *learning);

/* A path below `work`, in the arena. */
const char *in_work(struct learning *learning, const char *name);
struct tw_text read_file(struct learning *learning, const char *folder, const char *name);
bool is_there(const char *folder, const char *name);

struct tw_settings;
void set_setting(struct learning *learning, const struct tw_settings *table, void *settings, const char *name,
    const char *value);

/* Who looks on. */
struct seen {
    uint64_t stop_at, steps; /* stop_at 0: never */
    int evaluations, lines;
    uint64_t first_step; /* of an evaluation */
    double first_loss, last_loss;
};
struct tw_run_call run_of(const struct learning *learning, struct seen *seen);

/* A model with both heads below `work`, that has learned the invented records. */
void given_teacher(struct learning *learning, const char *name);
/* ... that left out a fold of it (fold.h); "": nothing. */
void given_fold_teacher(struct learning *learning, const char *name, const char *left_out);

#endif
