/* arena: bump memory with a limit, a mark and one end.
 *
 * Three lifetimes use it: process (what is loaded once), batch (a batch's documents and all that hangs on
 * them), call (scratch, by mark and rewind). Address space for `limit_bytes` is reserved at begin; pages
 * are touched only as they are used. When a piece does not fit, take returns NULL and the arena stays
 * `full` (a sticky mark) until it is reset or rewound, so that a builder may check once at its end.
 * Nothing is freed piecemeal; tw_arena_end is the whole failure path.
 *
 * Not thread-safe: an arena belongs to whoever holds the batch. Under AddressSanitizer, what has not been
 * taken (and a gap between pieces) is poisoned, so overruns are seen, up to a mebibyte ahead of all that
 * was. */
#ifndef TW_ARENA_H
#define TW_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct tw_arena {
    char *base;
    size_t used;    /* bytes taken, alignment included */
    size_t limit;   /* bytes reserved */
    size_t highest; /* most ever used since the pages were last given back */
    size_t guarded; /* bytes that AddressSanitizer knows of; 0 without it */
    bool full;      /* a piece did not fit; sticky until rewind or reset */
};

/* Reserves address space. TW_INTERNAL when the system refuses. A zeroed struct tw_arena is safe to end. */
TW_MUST_USE bool tw_arena_begin(struct tw_arena *arena, size_t limit_bytes, struct tw_error *err);
/* Gives the address space back; everything that was taken is gone. */
void tw_arena_end(struct tw_arena *arena);

/* A piece of `bytes`, aligned to 16, contents undefined; NULL when full. A piece of 0 bytes is not NULL. */
TW_MUST_USE void *tw_arena_take(struct tw_arena *arena, size_t bytes);
/* `count` elements of `size` bytes, set to zero; NULL when full or when the product overflows. */
TW_MUST_USE void *tw_arena_array(struct tw_arena *arena, size_t count, size_t size);
/* As take, aligned to 64 for vector kernels. */
TW_MUST_USE void *tw_arena_aligned(struct tw_arena *arena, size_t bytes);
/* A copy of the text inside the arena; bytes == NULL when full (also NUL-terminated for convenience). */
TW_MUST_USE struct tw_text tw_arena_copy(struct tw_arena *arena, struct tw_text text);

/* Scratch: everything taken after the mark is given back by the rewind, and `full` is cleared. */
size_t tw_arena_mark(const struct tw_arena *arena);
/* Back to a mark of tw_arena_mark. */
void tw_arena_rewind(struct tw_arena *arena, size_t mark);
/* Gives everything back; pages beyond `keep_bytes` return to the system, so that one giant does not stay
 * resident for ever. */
void tw_arena_reset(struct tw_arena *arena, size_t keep_bytes);

/* The error of a full arena: TW_FULL, lasting, naming the limit. Returns false. */
bool tw_arena_fail(const struct tw_arena *arena, struct tw_error *err);

#endif
