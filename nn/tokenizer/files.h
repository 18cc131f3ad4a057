/* files: a model folder's tokenizer files to the facts that decide ids (facts.h).
 *
 *     tokenizer.json           the whole pipeline; each part is compared with what BERT's or MPNet's must be
 *     vocab.txt                a token a line, its id the line's number from 0; when tokenizer.json is absent
 *     tokenizer_config.json    case, accents, CJK, names of the special tokens, model_max_length; or absent
 *     special_tokens_map.json  names of the special tokens that tokenizer_config.json leaves out; or absent
 *     added_tokens.json        tokens added, when tokenizer_config.json tells of none; or absent
 *
 * What is known to change ids and is not done here is refused by name; unknown keys are ignored. A special
 * token that is not in the vocabulary is none: the peer would give it an id for which the model has no
 * row. */
#ifndef TW_FILES_H
#define TW_FILES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "tokenizer/facts.h"

/* Files larger than this are not tokenizers. */
#define TW_TOKENIZER_MOST_BYTES ((size_t)64 << 20)

/* Everything `out` points to is placed in `arena`. Errors as tw_tokenizer_load; tokens that stand twice are
 * left to tw_wordpiece_build. */
TW_MUST_USE bool tw_tokenizer_read(const struct tw_snapshot *files, struct tw_arena *arena,
    struct tw_tokenizer_facts *out, struct tw_error *err);

/* The file and line where token `id` stands, for an error: "model/vocab.txt:12", or just
 * "model/tokenizer.json". */
void tw_tokenizer_where(const struct tw_snapshot *files, uint32_t id, char *where, size_t size);

#endif
