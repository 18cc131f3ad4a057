/* envelope: what a message is wrapped in, taken off.
 *
 *   in    bytes of a record as Kafka gave them; later the JSON object in them
 *   out   the bytes of JSON; later the object that holds the text's fields
 *
 * Around the bytes, always:
 *   - what schema registries put before JSON comes off: five bytes of Confluent's (0, then the schema's
 *     number, big-endian), or 17 with its GUID; nine of Apicurio's; 18 of AWS Glue's. Before anything else
 *     (Avro, Protobuf) the five are a refusal that says so;
 *   - UTF-16, with a byte order mark or without, becomes UTF-8;
 *   - gzip (RFC 1952), zlib (RFC 1950) and zstd (RFC 8878) values are opened, to `most_bytes` at the most;
 *     LZ4, Snappy, bzip2 and xz are refused by name.
 *
 * Around the fields, by `decode.envelope`:
 *   connect       Kafka Connect's JsonConverter with schemas: {"schema":…, "payload": the fields}
 *   debezium      a change event, alone or as Connect's payload: {"op":…, "after": the fields}; an "after"
 *                 of null is a deletion
 *   cloudevents   CloudEvents 1.0, structured mode: {"specversion":…, "data": the fields, as an object or as
 *                 JSON in a text or in base64 (data_base64)}; its own `id`, `time` and `source` stand in for
 *                 what the fields do not have. Data that is words is left to wrapped.h
 *   auto          whichever of them it plainly is, unless the message has a text of its own; and what
 *                 queues, streams and feeds put around a message (wrapped.h)
 *   none          nothing is taken off
 * An object may be the only one of an array, or JSON in a text, wherever one is expected (MongoDB's change
 * events, SNS, log shippers), and the data of a CloudEvent JSON in base64. A change event without envelope
 * that says "__deleted": "true" is a deletion, too, by auto and debezium.
 * And by `decode.root`, a path of names with dots (payload.after) or a JSON Pointer (/payload/after, RFC
 * 6901), in their place. */
#ifndef TW_ENVELOPE_H
#define TW_ENVELOPE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum tw_envelope {
    TW_ENVELOPE_AUTO,
    TW_ENVELOPE_NONE,
    TW_ENVELOPE_CONNECT,
    TW_ENVELOPE_DEBEZIUM,
    TW_ENVELOPE_CLOUDEVENTS
};

/* Their names, as the configuration has them, ended by NULL. */
extern const char *const tw_envelope_names[];

/* The JSON in a record's bytes: framing off, compressed values opened into the arena. TW_REFUSED for what is
 * framed or compressed and cannot be opened; TW_FULL when the arena is. */
TW_MUST_USE bool tw_envelope_open_bytes(struct tw_text bytes, size_t most_bytes, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err);

/* How many texts in texts are read as JSON in one message. */
enum { TW_ENVELOPE_TEXTS = 8 };

/* What came out of an envelope. Objects belong to the message, or to `parsed`, which the caller gives back
 * by tw_envelope_close. */
struct tw_envelope_contents {
    json_t *fields;                    /* NULL: the envelope says that the record was deleted */
    json_t *outer;                     /* whose fields stand in for missing ones, or NULL */
    json_t *parsed[TW_ENVELOPE_TEXTS]; /* values that were JSON in a text; NULL behind the last */
    const char *seen;                  /* "a Connect envelope"...; NULL when there was none */
};

/* RFC 4648, section 4; what stands behind the padding is not looked at. False when the arena is full; an
 * empty text for what is no base64. */
TW_MUST_USE bool tw_envelope_open_base64(struct tw_text from, struct tw_arena *arena, struct tw_text *out);

/* Does the object say that its record was deleted: "__deleted": "true"? */
bool tw_envelope_says_deleted(const json_t *object);

/* Takes the envelope off. `root`: NULL or empty: none. TW_REFUSED, saying which envelope was seen and what
 * it lacks. */
TW_MUST_USE bool tw_envelope_open(json_t *object, enum tw_envelope kind, const char *root,
    struct tw_arena *arena, struct tw_envelope_contents *out, struct tw_error *err);

/* Gives back what tw_envelope_open has parsed, whether it succeeded or not. */
void tw_envelope_close(struct tw_envelope_contents *contents);

/* Where a message without text may have one. */
struct tw_envelope_hint {
    char path[128]; /* names with dots between */
    bool several;   /* an array of messages stands there */
    bool is_words;  /* a text of several words, under a name that is none of a text's */
};

/* A field that holds a text, messages or JSON in a text, for the refusal of a message without text: three
 * levels deep at the most. `names`: `text_count` of a text's, behind them those of what is known for
 * something else, whose words are no text; `count` in all. False when there is none. */
bool tw_envelope_hint(const json_t *object, const char *const *names, size_t text_count, size_t count,
    struct tw_envelope_hint *hint);

#endif
