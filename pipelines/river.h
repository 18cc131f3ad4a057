/* river: messages in, rows out. One worker, one batch, one arena; pure, without I/O.
 *
 *     decode > clean > link > events > tokenize > classify > bars, headline rule, sketches
 *
 * `struct tw_river` holds what all workers share, read-only: build it once, swap it whole on reload. Each
 * worker owns a `struct tw_river_worker` (model workspace, scratch). The same function serves `serve`,
 * `classify`, `evaluate` and `replay`, so that a text has one score wherever it is read. */
#ifndef TW_RIVER_H
#define TW_RIVER_H

#include "base/arena.h"
#include "rows.h"

struct tw_automaton;      /* entities.h */
struct tw_classifier;     /* classify.h: the model with its tokenizer, or the constant model */
struct tw_decode_options; /* decode.h */
struct tw_pulse;          /* base/pulse.h */
struct tw_rule_set;       /* rules.h; may be NULL: no headline rules */
struct tw_source_weights; /* source_weights.h; may be NULL: all sources count whole */
struct tw_taxonomy;       /* taxonomy.h; may be NULL: no events */
struct tw_stopwatch;      /* base/stopwatch.h */
struct tw_river_worker;

/* The steps of a document, for a stopwatch. */
enum tw_river_step {
    TW_STEP_DECODE,
    TW_STEP_CLEAN,
    TW_STEP_LINK,
    TW_STEP_EVENTS,
    TW_STEP_TOKENIZE,
    TW_STEP_ENCODE,
    TW_STEP_HEADS,
    TW_STEP_ROWS, /* scores, events, bars, headlines, sketches */
    TW_STEPS
};

struct tw_river {
    const struct tw_decode_options *decode;
    const struct tw_automaton *entities; /* NULL: link by symbols only */
    const struct tw_classifier *classifier;
    const struct tw_rule_set *rules;
    const struct tw_taxonomy *events;
    const struct tw_source_weights *sources;
    bool link_unlisted; /* link.unlisted */
    bool stories;       /* make sketches, to file documents by */
    bool raw;           /* skip cleaning */
};

/* A worker's own space. TW_INTERNAL when memory is refused. */
TW_MUST_USE bool tw_river_worker_new(
    const struct tw_river *river, struct tw_river_worker **out, struct tw_error *err);
/* Each message and each pass through the encoder is a step of that pulse from now on (base/pulse.h); a run
 * that is asked to stop ends with TW_INTERRUPTED before the next one. */
void tw_river_watch(struct tw_river_worker *worker, struct tw_pulse *pulse);
/* From now on the steps of tw_river_run are timed, by enum tw_river_step: what is read text by text, encoder
 * and heads pass by pass. NULL: they are not. */
void tw_river_time(struct tw_river_worker *worker, struct tw_stopwatch *watch);
/* NULL is fine. */
void tw_river_worker_free(struct tw_river_worker *worker);

/* Runs `count` messages of one partition. What cannot be decoded becomes a dead letter in its place; that is
 * no failure. False only for TW_FULL (the arena is too small for the batch: the caller splits it),
 * TW_INTERNAL (a kernel failed) or TW_INTERRUPTED (tw_river_watch); then `out` must not be used. */
TW_MUST_USE bool tw_river_run(const struct tw_river *river, struct tw_river_worker *worker,
    const struct tw_message *messages, uint32_t count, struct tw_arena *arena, struct tw_rows *out,
    struct tw_error *err);

/* Parts of the same river, for callers that bring documents of their own (tasks/). */
/* clean > link > events > tokenize, for a document that has a title or a body. TW_FULL. */
TW_MUST_USE bool tw_river_prepare(
    const struct tw_river *river, struct tw_document *document, struct tw_arena *arena, struct tw_error *err);
/* classify (classify.h: tw_classify) in the worker's space. */
TW_MUST_USE bool tw_river_classify(const struct tw_river *river, struct tw_river_worker *worker,
    struct tw_document *documents, uint32_t count, struct tw_arena *arena, float *logits,
    struct tw_error *err);

#endif
