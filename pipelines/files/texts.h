/* texts: the cleaned texts of an archive, one after another, for whoever learns from texts without labels.
 *   in    an archive (reader.h), how it is decoded and cleaned
 *   out   each text, handed to a function; refusals told or final
 *
 *     static bool take(void *self, struct tw_text text, struct tw_arena *scratch, struct tw_error *err) ...
 *     if (!tw_texts_read(path, &options, take, self, &refused, err)) return false;
 *
 * Title, one space, body (clean.h); it may be empty. The text, and whatever the function takes of the arena,
 * lives until it returns. One record in memory at a time.
 *
 * Errors: TW_REFUSED (file:line) for a record that cannot be used: it ends the reading, or, with
 * `on_refused` set, is told there, counted, and the rest goes on. TW_INTERRUPTED when `stopped` says so;
 * those of the function; those of reader.h. */
#ifndef TW_TEXTS_H
#define TW_TEXTS_H

#include <stdint.h>

#include "base/arena.h"

struct tw_decode_options;
struct tw_intake;

struct tw_texts_options {
    const struct tw_decode_options *decode;
    int64_t stamp_us;         /* time of reading */
    bool raw;                 /* take texts as they are */
    struct tw_intake *intake; /* counts what is read, or NULL */
    /* Both may be NULL. */
    void (*on_refused)(void *context, const struct tw_error *why);
    bool (*stopped)(void *context); /* asked now and then */
    void *context;
};

typedef bool tw_texts_take(void *self, struct tw_text text, struct tw_arena *scratch, struct tw_error *err);

/* Reads one file to its end. *refused is added to. */
TW_MUST_USE bool tw_texts_read(const char *path, const struct tw_texts_options *options, tw_texts_take *take,
    void *self, uint64_t *refused, struct tw_error *err);

#endif
