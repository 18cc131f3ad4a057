/* tokenizer: text to the token ids of a WordPiece vocabulary, those of Hugging Face's BertTokenizerFast and
 * MPNetTokenizer.
 *
 *     load a folder once --> share it --> tokenize(text, pair, most_tokens) --> ids, source offsets
 *
 *     struct tw_tokenizer *tokenizer = NULL;
 *     if (!tw_tokenizer_load("model", &tokenizer, err)) return false;
 *     struct tw_tokens tokens;
 *     if (!tw_tokenize(tokenizer, text, NULL, 512, arena, &tokens, err)) return false;
 *     ...
 *     tw_tokenizer_free(tokenizer);
 *
 * A text goes through normalize.h (control characters, white space, CJK, accents, case; words and
 * punctuation) and wordpiece.h (longest piece first, [UNK] for a word that cannot be cut or is longer than
 * the limit). Added tokens, special ones among them ("[SEP]"), are taken out whole before words are cut, as
 * the fast tokenizer does (added.h). Invalid UTF-8 never fails: each maximal bad sequence counts as
 * U+FFFD, which cleaning drops.
 *
 * Offsets are the peer's too, as bytes: a token reaches from the source of its first character to that of its
 * last. (One difference: where canonical ordering moves a mark that stays, each mark keeps its own place
 * here.)
 *
 * A tokenizer is immutable after load and may be used by any number of threads at once. */
#ifndef TW_TOKENIZER_H
#define TW_TOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/snapshot.h"
#include "base/text.h"

struct tw_tokenizer;

/* Ids of the special tokens; -1 where the folder names none. The first three are always there. */
struct tw_special_ids {
    int32_t unknown;   /* [UNK]  */
    int32_t classify;  /* [CLS]  */
    int32_t separator; /* [SEP]  */
    int32_t padding;   /* [PAD]  */
    int32_t mask;      /* [MASK] */
};

/* One tokenized text (or pair): [CLS] first [SEP], or [CLS] first [SEP] second [SEP]; MPNet has two [SEP]
 * between. */
struct tw_tokens {
    int32_t *ids;
    uint32_t *begins;      /* bytes into the source text of the token's segment, [begin, end); */
    uint32_t *ends;        /* [CLS] and [SEP] that were added have 0 and 0 */
    uint32_t count;        /* tokens in all, added special tokens included */
    uint32_t first_length; /* tokens of segment 0: [CLS], the first text, the [SEP] after it */
    uint32_t unknown;      /* [UNK] among them */
    bool truncated;        /* most_tokens cut something off */
};

/* `most_tokens` for: never cut. */
#define TW_TOKENS_UNLIMITED UINT32_MAX
/* What tw_tokenizer_model_max_length says when the folder gives no limit. */
#define TW_MODEL_MAX_LENGTH_NONE UINT32_MAX

/* Reads `folder`/tokenizer.json when it is there, else `folder`/vocab.txt; and tokenizer_config.json beside
 * either (special_tokens_map.json when that names no special tokens, added_tokens.json when it tells of no
 * added ones). The whole pipeline of tokenizer.json is looked at: what would give other ids (another model,
 * normalizer, pre-tokenizer or template, a contradiction between the files) is refused by name. TW_CONFIG
 * with file and, for vocab.txt, line; TW_IO or TW_PERMISSION when a file cannot be read. On failure *out is
 * NULL. */
TW_MUST_USE bool tw_tokenizer_load(const char *folder, struct tw_tokenizer **out, struct tw_error *err);
/* The same from files that were taken with the model's (model_files.h), so that both are of one version. */
TW_MUST_USE bool tw_tokenizer_load_from(
    const struct tw_snapshot *files, struct tw_tokenizer **out, struct tw_error *err);
/* NULL is fine. */
void tw_tokenizer_free(struct tw_tokenizer *tokenizer);

/* Tokenizes `text`, or `text` and `*pair`. The arrays of `out` are placed in `arena` and die with it.
 * `most_tokens` counts the special tokens; [SEP] always stays. A pair is cut as Hugging Face's
 * "longest_first" does it: the longer text gives way until both are equal, then both. A text is read only
 * as far as its tokens are needed (and one more, to know whether it was cut); only a pair of which both
 * overflow is counted to its end. TW_FULL when the arena is full, TW_USAGE when most_tokens has no room
 * for the special tokens (2, of a pair 3 or 4), TW_REFUSED for a text of 4 GiB or more. */
TW_MUST_USE bool tw_tokenize(const struct tw_tokenizer *tokenizer, struct tw_text text,
    const struct tw_text *pair, uint32_t most_tokens, struct tw_arena *arena, struct tw_tokens *out,
    struct tw_error *err);

/* One past the highest id: the number of rows that an embedding must have at least. */
uint32_t tw_tokenizer_vocabulary_size(const struct tw_tokenizer *tokenizer);
/* The token's text as the vocabulary has it ("##ing"); bytes == NULL for an id that is not in the
 * vocabulary. */
struct tw_text tw_tokenizer_token(const struct tw_tokenizer *tokenizer, int32_t id);
/* The id of a token's text, -1 when it is not in the vocabulary. */
int32_t tw_tokenizer_id(const struct tw_tokenizer *tokenizer, struct tw_text token);
/* Ids of [CLS], [SEP] and the like; -1 for one that the vocabulary does not have. */
struct tw_special_ids tw_tokenizer_special_ids(const struct tw_tokenizer *tokenizer);
/* What tokenizer_config.json says that the model reads at most; TW_MODEL_MAX_LENGTH_NONE when it says
 * nothing. */
uint32_t tw_tokenizer_model_max_length(const struct tw_tokenizer *tokenizer);
/* Is text put into lower case before it is cut? */
bool tw_tokenizer_lower_case(const struct tw_tokenizer *tokenizer);

#endif
