/* encode: rows to the parameters of the commit's statements, in PostgreSQL's binary format.
 *
 * Done by the worker that made the rows, in the batch's arena, so that the loop only hands pointers to libpq.
 * A slice of a batch can be encoded too: that is how a bad document is found (commit.h). */
#ifndef TW_ENCODE_H
#define TW_ENCODE_H

#include "batch.h"

struct tw_encode_options {
    uint32_t rows_per_statement; /* 500 to 1,000 (design, section 4) */
    const char *model_sha256;    /* 64 hexadecimal digits: which model made the scores */
    int64_t lateness_us;
};

/* Encodes documents [first, first + count) of batch->rows. TW_FULL when the arena is. */
TW_MUST_USE bool tw_encode(const struct tw_encode_options *options, const struct tw_batch *batch,
    uint32_t first, uint32_t count, struct tw_arena *arena, struct tw_encoded **out, struct tw_error *err);

#endif
