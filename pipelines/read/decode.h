/* decode: message bytes to a document, or the reason why not.
 *
 *   in    one tw_message: payload, Kafka headers, offset, Kafka stamp
 *   out   one tw_document with its fate: stored, dead letter (refusal filled), tick or tombstone
 *
 * A message is a JSON object, wrapped or not (envelope.h). What makes it a document is a text: a title or a
 * body that holds something other than white space. Everything else is optional: of each list of names the
 * first whose value says something wins, then the envelope's own fields, then a Kafka header of one of those
 * names, then what feeds call the field (feed_names.h); a value of another type is read for what it plainly
 * is (plain.h) or left out, and counted by field, never a dead letter. Unknown fields are ignored, and
 * nothing in them can spoil a message (json_text.h).
 *
 *   id            text or a number
 *   time          a text (time_text.h), or a number in `time_unit`: `auto` tells seconds, milliseconds,
 *                 microseconds and nanoseconds by the size; digits as text, with a fraction or without, count
 *                 as a number; 8, 12 or 14 digits that are a day of the 20th or 21st century are that day;
 *                 {"$date": ...} is opened; a day and a clock in two fields are one
 *                 (time_fields.h). None: the record's Kafka stamp.
 *   title, body   text; an array of texts is joined by line breaks
 *   symbols       an array of texts or of objects with a symbol, an object whose members are such or whose
 *                 members' names are symbols, or one text with symbols separated by , ; | or white space
 *                 ("VELQ US Equity" is one)
 *
 * The time alone can make a dead letter of a message with a text: one that cannot be read in any of its
 * fields, that lies outside the years 1970 to 9999, or later than the stamp by more than `max_ahead_us`.
 *
 * A record without value is a tick when it carries the header `tw-time` (a time, or decimal microseconds),
 * and a tombstone otherwise.
 *
 * What moves the watermark: a document or a tick, never a dead letter, and only one whose time is no later
 * than its record's stamp by more than `watermark_ahead_us`, and whose stamp is no later than the reader's
 * clock (message.clock_us) by more than a day. One clock that runs ahead must not close the bars of all.
 *
 * Everything is copied into the arena; the message itself must outlive the document (dead letters keep its
 * raw bytes). A message of n bytes takes at most 6 n + 4 KiB of arena, n counted after decompression, and 64
 * bytes for each of its symbols and companies besides. Pure: no clock, no locale, no TZ of the
 * environment. */
#ifndef TW_DECODE_H
#define TW_DECODE_H

#include "base/arena.h"
#include "document.h"
#include "read/envelope.h"
#include "read/event_time.h"
#include "read/feed_names.h"
#include "read/fields.h"
#include "timestamps/time_text.h"

struct tw_decode_options {
    struct tw_name_list id, time, title, body, source, language, symbols;
    struct tw_feed_letters feed_letters; /* as tw_decode_defaults gathers them: of names tried last */
    enum tw_envelope envelope;
    const char *root; /* path to the object that holds the fields (envelope.h), or NULL */
    enum tw_time_unit time_unit;
    const char *time_zone_name;   /* as configured; empty or NULL: none */
    struct tw_time_clocks clocks; /* what a time without an offset means */
    int64_t max_ahead_us;         /* how far beyond the record's stamp an event time may lie */
    int64_t watermark_ahead_us;   /* and how far, to move the watermark */
    size_t max_payload_bytes;     /* a longer payload is refused unread; an opened one ends there */
};

/* How repairs are named in metrics and logs: "bytes", "json", "id", ... */
extern const char *const tw_repair_names[TW_REPAIRS];

/* The defaults: names as deploy/docs/configuration.md lists them, units and envelopes told by what they are,
 * one day and one minute ahead, 4 MiB. */
struct tw_decode_options tw_decode_defaults(void);

/* Decodes one message. A refusal is no failure: the document's fate says so. False only when the arena is
 * full (TW_FULL). */
TW_MUST_USE bool tw_decode(const struct tw_decode_options *options, const struct tw_message *message,
    struct tw_arena *arena, struct tw_document *out, struct tw_error *err);

/* Whoever reads more of a message than decode does: it is shown the object that holds the fields of a
 * document with a text, and the whole message's object when an envelope was taken off (else NULL). What it
 * refuses (TW_REFUSED) is a refusal of the message; its other errors are those of the call. */
struct tw_decode_witness {
    void *self;
    bool (*see)(
        void *self, const json_t *fields, const json_t *outer, struct tw_arena *arena, struct tw_error *err);
};

/* Decodes one message before a witness, which may be NULL. */
TW_MUST_USE bool tw_decode_witnessed(const struct tw_decode_options *options,
    const struct tw_message *message, const struct tw_decode_witness *witness, struct tw_arena *arena,
    struct tw_document *out, struct tw_error *err);

/* Makes `document` a dead letter with this error. False when the arena is full (TW_FULL). */
TW_MUST_USE bool tw_document_refuse(
    struct tw_document *document, const struct tw_error *why, struct tw_arena *arena, struct tw_error *err);

#endif
