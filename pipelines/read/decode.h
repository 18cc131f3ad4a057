/* decode: message bytes to a document, or the reason why not.
 *
 *   in    one tw_message: payload, Kafka headers, offset, Kafka stamp
 *   out   one tw_document with its fate: stored, dead letter (refusal filled) or tick
 *
 * A message is a JSON object (contracts, "A message"). Of each list of names the first field present and not
 * null wins; a Kafka header of one of those names is the fallback. Unknown fields are ignored.
 *
 *   id            text, or an integer (kept as its decimal text)
 *   time          RFC 3339 with an offset, or an integer in `time_unit`; a float is refused (what is beyond
 *                 microseconds in a fraction is cut off). In a header the integer is decimal text. None: the
 *                 record's Kafka stamp. A second of 60 is taken at 23:59:60 UTC only, as the midnight after it.
 *   title, body   text; at least one of them holds something other than white space
 *   symbols       an array of texts, or one text with symbols separated by commas or white space
 *
 * Repairs, counted in the document: a NUL (raw or \u0000), a lone surrogate escape and each maximal piece of
 * broken UTF-8 become U+FFFD, a BOM at the start is dropped. (jansson refuses all four.)
 *
 * A record without value is a tick when it carries the header `tw-time` (RFC 3339, or decimal microseconds), and
 * a dead letter otherwise. A time before 1970-01-01, or later than the stamp by more than `max_ahead_us`, makes
 * a dead letter that does not move the watermark; no dead letter ever does.
 *
 * Everything is copied into the arena; the message itself must outlive the document (dead letters keep its raw
 * bytes). A message of n bytes takes at most 4 n + 4 KiB of arena. Pure: no clock, no locale, no time zone. */
#ifndef TW_DECODE_H
#define TW_DECODE_H

#include "base/arena.h"
#include "document.h"

enum tw_time_unit { TW_UNIT_MILLISECONDS, TW_UNIT_SECONDS, TW_UNIT_MICROSECONDS };

struct tw_name_list {
    const char *const *names;
    uint32_t count;
};

struct tw_decode_options {
    struct tw_name_list id, time, title, body, source, language, symbols;
    enum tw_time_unit time_unit;
    int64_t max_ahead_us;     /* how far beyond the record's stamp an event time may lie */
    size_t max_payload_bytes; /* a longer payload is refused unread */
};

/* The defaults of the contracts: names as listed there, milliseconds, one day, 4 MiB. */
struct tw_decode_options tw_decode_defaults(void);

/* Decodes one message. A refusal is no failure: the document's fate says so. False only when the arena is full
 * (TW_FULL). */
TW_MUST_USE bool tw_decode(const struct tw_decode_options *options, const struct tw_message *message,
    struct tw_arena *arena, struct tw_document *out, struct tw_error *err);

/* Makes `document` a dead letter with this error. False when the arena is full (TW_FULL). */
TW_MUST_USE bool tw_document_refuse(
    struct tw_document *document, const struct tw_error *why, struct tw_arena *arena, struct tw_error *err);

/* The header of that name, or NULL. The first one wins. */
const struct tw_header *tw_message_header(const struct tw_message *message, struct tw_text name);

/* RFC 3339 to microseconds since 1970. TW_REFUSED, saying what is wrong; `where` stays empty. */
TW_MUST_USE bool tw_time_parse(struct tw_text text, int64_t *out_us, struct tw_error *err);

enum { TW_TIME_TEXT_BYTES = 32 };
/* Microseconds to `1987-10-19T14:30:00Z`, with six decimals only when they are not zero; NUL-terminated.
 * Outside the years 0000 to 9999 it gives the number and "us". Returns the length. */
size_t tw_time_text(int64_t time_us, char out[TW_TIME_TEXT_BYTES]);

/* Bytes to text that is valid UTF-8 without NUL: broken pieces and NULs become U+FFFD, each counted in *repairs
 * (which is added to). Returns `text` itself when there is nothing to mend. bytes == NULL when the arena is full.
 * For text that is not JSON: lines of an archive, Kafka headers. */
struct tw_text tw_text_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs);
/* The same for JSON, escapes mended and a BOM dropped too: what a JSON library may be given. */
struct tw_text tw_json_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs);

#endif
