/* splice: the beginning of one text and the end of another as a new text, for a teacher to judge.
 *   in    two texts; (seed, copy, record)
 *   out   whole words of the first, from its beginning, and of the second, to its end
 *
 * Where labelled texts are few, such mixtures are texts of the same kind without end; no label holds for
 * them, but a teacher has an answer. Each part is between three and seven tenths of its text's words, drawn
 * by (seed, copy, record) alone. */
#ifndef TW_SPLICE_H
#define TW_SPLICE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/* Which text of `count` the end is taken from. */
uint64_t tw_splice_partner(uint64_t seed, uint32_t copy, uint64_t record, uint64_t count);

/* In the arena; TW_FULL. The result is empty when a text has no two words. */
TW_MUST_USE bool tw_splice(uint64_t seed, uint32_t copy, uint64_t record, struct tw_text beginning,
    struct tw_text end, struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

#endif
