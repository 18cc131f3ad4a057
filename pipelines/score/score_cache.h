/* score_cache: scores of texts that were scored before: syndicated copies, posts that were passed on.
 *   in    a document with its cleaned text, the tokens of its entities and its windows (document.h)
 *   out   its score and its readings' scores, when a document of the same bytes and places has been put here
 *
 *     tw_score_cache_open(bytes, NULL, &cache, err)
 *     if (!tw_score_cache_find(cache, document)) { ... score it ...; tw_score_cache_put(cache, document); }
 *     tw_score_cache_close(cache)
 *
 * A cache belongs to one opened model with its tokenizer and limit of tokens (classifier.h), whose scores
 * depend on these bytes and places alone: a score from here has the bits that the model would give. They are
 * compared whole; a hash only says where to look.
 *
 * Bounded: all memory is reserved when it is opened, and touched as it fills. The oldest entries give way. A
 * text that would take more than an eighth of a part of it is not kept.
 *
 * Shared by all threads: it is cut into parts, each with a lock of its own. */
#ifndef TW_SCORE_CACHE_H
#define TW_SCORE_CACHE_H

#include "document.h"

struct tw_score_cache;

/* For as many bytes, 64 KiB at least. `hash`: NULL, or another than XXH3 (for tests). TW_INTERNAL when memory
 * is refused. */
TW_MUST_USE bool tw_score_cache_open(size_t bytes, uint64_t (*hash)(const struct tw_document *document),
    struct tw_score_cache **out, struct tw_error *err);
/* NULL is fine. */
void tw_score_cache_close(struct tw_score_cache *cache);

/* Fills the document's score and those of its readings. False when it is not there: nothing is changed. */
bool tw_score_cache_find(struct tw_score_cache *cache, struct tw_document *document);

/* Keeps the scores of a document, unless they are there already. */
void tw_score_cache_put(struct tw_score_cache *cache, const struct tw_document *document);

#endif
