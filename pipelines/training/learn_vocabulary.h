/* learn_vocabulary: archives to a WordPiece vocabulary, for models from scratch.
 *   in    archives and folders of them (reader.h); how many pieces, of what alphabet
 *   out   a folder: vocab.txt, tokenizer_config.json, special_tokens_map.json, which tokenizer.h,
 *         transformers' BertTokenizer and pretrain load; what of the words it covers
 *
 *     read > decode > clean > words and how often they stand (tally.h) > pieces (pieces.h) > the folder > the
 *     words cut with it
 *
 * Nothing is written before all is learned; the folder appears whole or not at all. The same records give the
 * same bytes, in whatever order of files and records.
 *
 * Special tokens are BERT's, ids 0 to 4: [PAD] [UNK] [CLS] [SEP] [MASK].
 *
 * Errors: TW_REFUSED as texts.h has it; TW_CONFIG for a file without a usable record or archives without
 * words; TW_OUTPUT for a folder that is not empty; those of texts.h, tally.h, pieces.h. */
#ifndef TW_LEARN_VOCABULARY_H
#define TW_LEARN_VOCABULARY_H

#include "files/settings.h"

struct tw_decode_options;

struct tw_learn_vocabulary_settings {
    const char *output;
    uint64_t size, min_count, most_characters, max_positions;
    bool cased, raw, skip_refused;
};

extern const struct tw_settings tw_learn_vocabulary_table;

struct tw_intake;

/* How it is called and who looks on. */
struct tw_learn_vocabulary_call {
    const char *const *archives; /* and folders of them */
    size_t archive_count;
    const struct tw_decode_options *decode;
    int64_t stamp_us;         /* time of reading */
    struct tw_intake *intake; /* counts what is read, or NULL */
    void *context;
    /* Any of these may be NULL. */
    void (*on_reading)(void *context, uint64_t records, uint64_t words); /* now and then */
    void (*on_learning)(void *context, uint32_t pieces, uint32_t most);  /* after each piece */
    void (*on_refused)(void *context, const struct tw_error *why);       /* a record (skip_refused) */
};

struct tw_learn_vocabulary_result {
    uint64_t records, refused;
    uint64_t words;      /* all that stand, of those that a vocabulary can spell at all (tally.h) */
    uint64_t different;  /* of these */
    uint64_t whole;      /* words that are one piece */
    uint64_t unknown;    /* words that are [UNK]: they hold a character that the alphabet left out */
    uint64_t cut;        /* pieces that all words are cut into, [UNK] counted as one */
    uint32_t pieces;     /* of the vocabulary */
    uint32_t characters; /* of its alphabet */
};

/* Reads the archives, learns, writes the folder and fills the result. */
TW_MUST_USE bool tw_learn_vocabulary(const struct tw_learn_vocabulary_settings *settings,
    const struct tw_learn_vocabulary_call *call, struct tw_learn_vocabulary_result *result,
    struct tw_error *err);

#endif
