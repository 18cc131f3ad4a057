/* envelope: what a message is wrapped in, taken off.
 *
 *   in    bytes of a record as Kafka gave them; later the JSON object in them
 *   out   the bytes of JSON; later the object that holds the text's fields
 *
 * Around the bytes, always:
 *   - five bytes of a schema registry (0, then the schema's number, big-endian) before JSON come off; before
 *     anything else (Avro, Protobuf) they are a refusal that says so;
 *   - gzip (RFC 1952) and zstd (RFC 8878) values are opened, to `most_bytes` at the most.
 *
 * Around the fields, by `decode.envelope`:
 *   connect       Kafka Connect's JsonConverter with schemas: {"schema":…, "payload": the fields}
 *   debezium      a change event, alone or as Connect's payload: {"op":…, "after": the fields}; an "after" of
 *                 null is a deletion
 *   cloudevents   CloudEvents 1.0, structured mode: {"specversion":…, "data": the fields, as an object or as
 *                 JSON in a text}; its own `id`, `time` and `source` stand in for what the fields do not have
 *   auto          whichever of them it plainly is, unless the message has a text of its own
 *   none          nothing is taken off
 * and by `decode.root`, a path of names with dots (payload.after), in their place. */
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

/* The JSON in a record's bytes: framing off, compressed values opened into the arena. TW_REFUSED for what is
 * framed or compressed and cannot be opened; TW_FULL when the arena is. */
TW_MUST_USE bool tw_envelope_open_bytes(struct tw_text bytes, size_t most_bytes, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err);

/* What came out of an envelope. Objects belong to the message, but for `parsed`, which the caller gives
 * back. */
struct tw_envelope_contents {
    json_t *fields;   /* NULL: the envelope says that the record was deleted */
    json_t *outer;    /* whose fields stand in for missing ones, or NULL */
    json_t *parsed;   /* a value that was JSON in a text, or NULL */
    const char *seen; /* "a Connect envelope"...; NULL when there was none */
};

/* Is the object plainly one of the envelopes that `auto` takes off? */
bool tw_envelope_is_any(const json_t *object);

/* Takes the envelope off. `root`: NULL or empty: none. TW_REFUSED, saying which envelope was seen and what it
 * lacks. */
TW_MUST_USE bool tw_envelope_open(json_t *object, enum tw_envelope kind, const char *root,
    struct tw_arena *arena, struct tw_envelope_contents *out, struct tw_error *err);

/* A field of an object that holds messages or a text in its turn, for the refusal of a message without text:
 * its name, or NULL. *several: it is an array of messages. */
const char *tw_envelope_hint(
    const json_t *object, const char *const *text_names, size_t count, bool *several);

#endif
