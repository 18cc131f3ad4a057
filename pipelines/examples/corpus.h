/* corpus: texts without labels as token ids in memory, in windows that a model can read.
 *   in    archives (reader.h), a tokenizer
 *   out   windows in the order of files and records; which of them are held back; what is to be known of them
 *
 *     struct tw_corpus *corpus;
 *     if (!tw_corpus_new(&options, &corpus, err)) return false;
 *     if (!tw_corpus_read(corpus, "archive.jsonl.zst", err)) ...      // as often as one likes
 *     ... corpus->windows[0 .. count) ...
 *     tw_corpus_free(corpus);
 *
 * Texts are decoded and cleaned as everywhere (decode.h, clean.h): title, one space, body. One that is longer
 * than `most_tokens` is cut into as few windows as hold it, about equal in length, between words: every token
 * stands in exactly one window. A shorter one is a window of its own. Windows carry neither [CLS] nor [SEP]:
 * most_tokens counts them, whoever collates adds them.
 *
 * Held back is a text with all its windows, by the hash of the text (dataset.h, tw_dataset_holds_back): the
 * same text is never on both sides.
 *
 * Memory: 4 bytes a token (each window's rounded up to 16), 24 a window. A corpus of more than `limit_tokens`
 * is refused.
 *
 * Errors: TW_REFUSED (file:line) for a record that cannot be used: it ends the reading, or, with
 * `on_refused` set, is told there, counted, and the rest goes on. TW_CONFIG for a file without a usable
 * record; TW_IO for one that is cut short or broken; TW_FULL past limit_tokens. */
#ifndef TW_CORPUS_H
#define TW_CORPUS_H

#include <stdint.h>

#include "base/arena.h"

struct tw_decode_options;
struct tw_tokenizer;

struct tw_corpus_window {
    const int32_t *ids;
    uint32_t count; /* at least 1 */
    bool held_back;
};

struct tw_intake;

struct tw_corpus_options {
    const struct tw_decode_options *decode;
    int64_t stamp_us; /* time of reading */
    const struct tw_tokenizer *tokenizer;
    uint32_t most_tokens; /* of a window with its [CLS] and [SEP]; at least 3 */
    double share_held_back;
    uint64_t limit_tokens;
    bool raw;                 /* take texts as they are */
    struct tw_intake *intake; /* counts what is read, or NULL */
    bool count_repeated;      /* costs 8 bytes a record */
    /* Both may be NULL. */
    void (*on_refused)(void *context, const struct tw_error *why);
    bool (*stopped)(void *context); /* asked now and then: TW_INTERRUPTED */
    void *context;
};

struct tw_corpus_facts {
    uint64_t records;      /* that hold words */
    uint64_t refused;      /* that cannot be used */
    uint64_t wordless;     /* texts of which cleaning left no token */
    uint64_t repeated;     /* records whose text stood before (count_repeated) */
    uint64_t long_records; /* that take several windows */
    uint64_t tokens, unknown, tokens_held_back;
    uint64_t windows, windows_held_back;
    uint64_t longest; /* tokens of the longest text */
};

struct tw_corpus {
    struct tw_corpus_options options;
    struct tw_arena arena; /* ids */
    struct tw_corpus_window *windows;
    size_t count, room;
    uint64_t *hashes; /* of texts, when they are counted */
    size_t hash_count, hash_room;
    struct tw_corpus_facts facts; /* but for `repeated`: tw_corpus_count_repeated */
};

/* An empty corpus; what the options point to outlives it. TW_INTERNAL without memory. */
TW_MUST_USE bool tw_corpus_new(
    const struct tw_corpus_options *options, struct tw_corpus **out, struct tw_error *err);
/* NULL is fine. */
void tw_corpus_free(struct tw_corpus *corpus);

/* Reads one file to its end. */
TW_MUST_USE bool tw_corpus_read(struct tw_corpus *corpus, const char *path, struct tw_error *err);

/* Fills facts.repeated. */
void tw_corpus_count_repeated(struct tw_corpus *corpus);

#endif
