/* classifier: what scores texts: a model folder with its tokenizer, or the constant model.
 *   in    a folder, limits; documents with `text`
 *   out   document.tokens, token_count, truncated, read_bytes, windows (tw_classifier_tokenize);
 *         document.readings, spans (tw_classifier_read_entities)
 *
 *     tw_classifier_open             once
 *     tw_classifier_tokenize         each document; classify.h then scores them
 *
 * How much of a text is read. One of at most TW_WINDOW_TOKENS tokens, a title with its body of at most
 * TW_TITLED_TOKENS (less where the model takes less at once), is one window, read whole. A longer one is read
 * in up to `max_windows` windows (text_windows.h), whose scores are joined (join.h), and no more than
 * `max_tokens` tokens of it in all. With a single window allowed, the first tokens of each text are read, as
 * many as `max_tokens` and the model allow, and what follows is not. Either way `truncated` says that
 * something was left out.
 *
 * It is immutable and shared by all workers; its cache of scores has locks of its own.
 *
 * The constant model (`model.kind: constant`) runs everything but the encoder: the score
 * is made of XXH3 of the token ids, three weights of 16 bits each (plus one) over their sum. With a model
 * folder it uses that folder's tokenizer; without one, a token is the hash of a word. */
#ifndef TW_CLASSIFIER_H
#define TW_CLASSIFIER_H

#include "base/arena.h"
#include "document.h"
#include "score/text_windows.h"

enum { TW_MICRO_BATCH_TOKENS = 2048 };

struct tw_classifier;
struct tw_compute;
struct tw_model;
struct tw_predict;
struct tw_score_cache;
struct tw_tokenizer;

struct tw_classifier_options {
    const char *folder;    /* the model's folder; may be NULL for the constant model */
    const char *why;       /* why this one and no other, for people; NULL: it was named. Not looked at here */
    bool constant;         /* model.kind: constant */
    uint32_t micro_tokens; /* tokens of one pass through the encoder; 0: TW_MICRO_BATCH_TOKENS */
    uint32_t max_tokens;   /* model.max_tokens; 0: no limit of our own */
    uint32_t max_windows;  /* model.max_windows; 0: 1 */
    const char *labels;    /* --labels a,b,c in the model's order; NULL: by the names of config.json */
    const char *gemm;      /* gemm.backend (gemm.h); NULL: auto */
    size_t cache_bytes;    /* model.cache: scores of texts that come again (score_cache.h); 0: none */
    bool tokenizer_only;   /* for `tokenize`: only the tokenizer's files are needed; tw_classify is refused */
};

/* Opens the model. TW_CONFIG, TW_IO with file names as where. */
TW_MUST_USE bool tw_classifier_open(
    const struct tw_classifier_options *options, struct tw_classifier **out, struct tw_error *err);
/* NULL is fine. */
void tw_classifier_free(struct tw_classifier *classifier);

/* SHA-256 of the weights file (of the word "constant" for the constant model), 64 digits and a NUL: which
 * model made a score. */
const char *tw_classifier_sha256(const struct tw_classifier *classifier);
/* Longest row of ids that the model takes, [CLS] and [SEP] included. */
uint32_t tw_classifier_max_tokens(const struct tw_classifier *classifier);
/* Most tokens that are read of one text, all of its windows together: what a text costs at most. */
uint32_t tw_classifier_text_tokens(const struct tw_classifier *classifier);
/* The windows that a text is read in at most; 1: each text is one window. */
uint32_t tw_classifier_max_windows(const struct tw_classifier *classifier);
/* Tokens of one pass through the encoder. */
uint32_t tw_classifier_micro_tokens(const struct tw_classifier *classifier);

/* The model, for those who look deeper (`bench`, `explain`); NULL where there is none. */
const struct tw_model *tw_classifier_model(const struct tw_classifier *classifier);
/* With what it computes (model/compute.h); means nothing where there is no model. */
const struct tw_compute *tw_classifier_compute(const struct tw_classifier *classifier);
/* The same of the tokenizer. */
const struct tw_tokenizer *tw_classifier_tokenizer(const struct tw_classifier *classifier);
/* "fp32", or "int8" for weights of 8 bits; "" for the constant model. */
const char *tw_classifier_precision(const struct tw_classifier *classifier);
/* One line for people: the kernels in use (int8.h, gemm.h); empty for the constant model. */
void tw_classifier_gemm_report(const struct tw_classifier *classifier, char *line, size_t size);

/* Where its scores are kept; NULL: nowhere. The constant model has none: it is faster than one. */
struct tw_score_cache *tw_classifier_cache(const struct tw_classifier *classifier);

/* True for the constant model. */
bool tw_classifier_is_constant(const struct tw_classifier *classifier);
/* The loop of inference (infer/predict.h) for one worker; NULL where there is no model. TW_INTERNAL when
 * memory is refused. */
TW_MUST_USE bool tw_classifier_open_predict(
    const struct tw_classifier *classifier, struct tw_predict **out, struct tw_error *err);

/* Fills tokens, token_count, truncated, read_bytes and, for a text that is longer than one window, windows
 * from `text`, its title's length and `mentions`. False when the arena is full (TW_FULL). */
TW_MUST_USE bool tw_classifier_tokenize(const struct tw_classifier *classifier, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err);

/* Makes document.readings, one for each of `mentions.count` companies, after tokenizing: each is read at its
 * first mention, of a text of several windows at the first one in each of them (document.spans); one without
 * a mention, in the whole text. Windows of such a text are cut anew for mentions that are not the document's
 * own. None when the model has no head for entities. TW_FULL. */
TW_MUST_USE bool tw_classifier_read_entities(const struct tw_classifier *classifier,
    struct tw_document *document, struct tw_text_mentions mentions, struct tw_arena *arena,
    struct tw_error *err);

#endif
