/* facts: what decides ids, gathered from a tokenizer's files and held against each other.
 *
 *     struct tw_gathering gathering = {.folder = folder, .arena = arena, .facts = &facts, .err = err};
 *     facts.tokens[id] = ...                            the vocabulary, by whoever reads it
 *     tw_facts_begin_added(&gathering)                  then the tokens that were added to it
 *     tw_facts_place(&gathering, file, text, id, way)   any number, each at its id
 *     tw_facts_settle(&gathering, file)                 at the end: special tokens by their names
 *
 * Whoever reads a file (files.h, post_processor.h) puts here what it says. A token with two ids, an id with
 * two tokens, a token without a place and a special token that the model cannot do without are refused by
 * name, whichever files say so.
 *
 * Everything that `facts` points to is placed in the arena, or lives as long as the files' JSON while they
 * are being read (`named`). Errors are TW_CONFIG with file, what and cure; TW_FULL when the arena is. */
#ifndef TW_FACTS_H
#define TW_FACTS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "tokenizer/added.h"
#include "tokenizer/tokenizer.h"

#define TW_MOST_ADDED_TOKENS 4096
#define TW_MOST_IDS (1U << 24)

/* Cures that the readers share. */
#define TW_CURE_BERT "use a BERT WordPiece tokenizer, as BertTokenizerFast saves it"
#define TW_CURE_COPY "copy the file again"

struct tw_tokenizer_facts {
    struct tw_text *tokens; /* by id; bytes == NULL for an id without token */
    uint32_t token_count;   /* one past the highest id */
    struct tw_special_ids special;
    struct tw_added_token *added; /* in no order */
    uint32_t added_count;
    struct tw_normal_form form;
    bool two_between; /* [CLS] first [SEP] [SEP] second [SEP] */
    uint32_t most_characters;
    uint32_t model_max_length;
};

/* The first three must be in the vocabulary. */
enum tw_special {
    TW_SPECIAL_UNKNOWN,
    TW_SPECIAL_CLASSIFY,
    TW_SPECIAL_SEPARATOR,
    TW_SPECIAL_PADDING,
    TW_SPECIAL_MASK,
    TW_SPECIALS
};

/* The key under which files name each of them: "unk_token". */
extern const char *const tw_special_keys[TW_SPECIALS];

struct tw_gathering {
    const char *folder;
    struct tw_arena *arena;
    struct tw_tokenizer_facts *facts;
    struct tw_text named[TW_SPECIALS]; /* what the special tokens are called, as far as it is read */
    struct tw_error *err;
};

/* How an added token is looked for (added.h). */
struct tw_added_way {
    bool normalized, single_word, outside;
};

/* Fails with TW_CONFIG at "folder/file". Always false. */
bool tw_facts_refuse(struct tw_gathering *gathering, const char *file, const char *cure, const char *what,
    ...) TW_PRINTF(4, 5);
/* Refuses the part `key` of tokenizer.json, whose "type" is `found` and should be `wanted`. Always false. */
bool tw_facts_refuse_type(
    struct tw_gathering *gathering, const char *key, const json_t *found, const char *wanted);

/* A token as files write it: "[CLS]", or {"content": "[CLS]", ...}. bytes == NULL when it is neither. */
struct tw_text tw_facts_content(const json_t *value);
/* Is the value this very text? */
bool tw_facts_says(const json_t *value, const char *wanted);

/* The id of a token of the vocabulary; -1: it is not in it. Looks at one after the other. */
int32_t tw_facts_find(const struct tw_tokenizer_facts *facts, struct tw_text token);

/* Room for added tokens; none yet. */
TW_MUST_USE bool tw_facts_begin_added(struct tw_gathering *gathering);
/* Adds a token that has its id; the same one again changes nothing. */
TW_MUST_USE bool tw_facts_add(struct tw_gathering *gathering, const char *file, struct tw_text text,
    int32_t id, struct tw_added_way way);
/* Adds a token at its place in the vocabulary, or at a free one behind it (then it is `outside`). */
TW_MUST_USE bool tw_facts_place(struct tw_gathering *gathering, const char *file, struct tw_text text,
    double id, struct tw_added_way way);

/* The special ids by `named`, and each special token as an added one. */
TW_MUST_USE bool tw_facts_settle(struct tw_gathering *gathering, const char *file);

#endif
