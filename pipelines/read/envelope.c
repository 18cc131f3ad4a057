#include "read/envelope.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "read/json_text.h"

enum { FRAMING_BYTES = 5 };

/* ---- bytes ---- */

static bool begins_json(struct tw_text bytes)
{
    for (size_t at = 0; at < bytes.length; at++)
        if (!strchr(" \t\r\n", bytes.bytes[at]) || !bytes.bytes[at])
            return bytes.bytes[at] == '{' || bytes.bytes[at] == '[';
    return false;
}

static bool take_framing_off(struct tw_text bytes, struct tw_text *out, struct tw_error *err)
{
    const unsigned char *head = (const unsigned char *)bytes.bytes;
    *out = bytes;
    if (bytes.length <= FRAMING_BYTES || head[0] != 0)
        return true;
    struct tw_text rest = {bytes.bytes + FRAMING_BYTES, bytes.length - FRAMING_BYTES};
    unsigned schema = (unsigned)head[1] << 24 | (unsigned)head[2] << 16 | (unsigned)head[3] << 8 | head[4];
    if (!begins_json(rest))
        return tw_fail(err, TW_REFUSED, "byte 0", "send JSON",
            "begins with byte 0, the framing of a schema registry (schema id %u), and no JSON follows: Avro or "
            "Protobuf",
            schema);
    *out = rest;
    return true;
}

static bool fail_too_large(const char *form, size_t most_bytes, struct tw_error *err)
{
    return tw_fail(err, TW_REFUSED, NULL, "send it in parts, or raise decode.most_bytes",
        "a value compressed by %s opens to more than the %zu bytes allowed", form, most_bytes);
}

static bool fail_broken(const char *form, struct tw_error *err)
{
    return tw_fail(err, TW_REFUSED, NULL, "send JSON, as it is or compressed whole",
        "begins as %s does, and cannot be opened", form);
}

/* Decompresses by `step` into a piece of the arena that grows by doubling; what is not used goes back. */
struct opened {
    char *bytes;
    size_t used, room;
};

/* Members one after another are one value (RFC 1952, 2.2); anything else behind one is refused. */
static bool open_gzip(struct tw_text from, struct opened *into, bool *whole)
{
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)from.bytes,
        .avail_in = (uInt)from.length,
        .next_out = (Bytef *)into->bytes,
        .avail_out = (uInt)into->room};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        return false;
    int status = inflate(&stream, Z_FINISH);
    while (status == Z_STREAM_END && stream.avail_in > 0 && inflateReset(&stream) == Z_OK)
        status = inflate(&stream, Z_FINISH);
    into->used = into->room - stream.avail_out;
    *whole = status == Z_STREAM_END;
    bool room_is_out = stream.avail_out == 0 && (status == Z_BUF_ERROR || status == Z_OK);
    inflateEnd(&stream);
    return *whole || room_is_out;
}

/* Frames one after another are one value (RFC 8878, 3). */
static bool open_zstd(struct tw_text from, struct opened *into, bool *whole)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return false;
    ZSTD_inBuffer in = {from.bytes, from.length, 0};
    ZSTD_outBuffer out = {into->bytes, into->room, 0};
    size_t left = 1;
    while ((left != 0 || in.pos < in.size) && !ZSTD_isError(left)) {
        size_t before_in = in.pos, before_out = out.pos;
        left = ZSTD_decompressStream(context, &out, &in);
        if (in.pos == before_in && out.pos == before_out)
            break;
    }
    ZSTD_freeDCtx(context);
    into->used = out.pos;
    *whole = left == 0 && in.pos == in.size;
    return *whole || (!ZSTD_isError(left) && out.pos == out.size);
}

/* The room is tried at 8 times the compressed size, then at the limit: a second try is rare, and bounded. */
static bool decompress(struct tw_text from, bool gzip, size_t most_bytes, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    const char *form = gzip ? "gzip" : "zstd";
    size_t room = from.length < most_bytes / 8 ? from.length * 8 : most_bytes;
    for (;;) {
        size_t mark = tw_arena_mark(arena);
        struct opened opened = {.bytes = tw_arena_take(arena, room + 1), .room = room + 1};
        bool whole = false;
        if (!opened.bytes)
            return tw_arena_fail(arena, err);
        if (!(gzip ? open_gzip : open_zstd)(from, &opened, &whole))
            return fail_broken(form, err);
        if (whole && opened.used <= most_bytes) {
            *out = (struct tw_text){opened.bytes, opened.used};
            return true;
        }
        tw_arena_rewind(arena, mark);
        if (room >= most_bytes)
            return fail_too_large(form, most_bytes, err);
        room = most_bytes;
    }
}

bool tw_envelope_open_bytes(struct tw_text bytes, size_t most_bytes, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    bool gzip = bytes.length > 2 && memcmp(bytes.bytes, "\x1F\x8B", 2) == 0;
    bool zstd = bytes.length > 4 && memcmp(bytes.bytes, "\x28\xB5\x2F\xFD", 4) == 0;
    if ((gzip || zstd) && !decompress(bytes, gzip, most_bytes, arena, &bytes, err))
        return false;
    return take_framing_off(bytes, out, err);
}

/* ---- fields ---- */

static bool is_connect(const json_t *object)
{
    return json_object_get(object, "schema") && json_object_get(object, "payload");
}

static bool is_debezium(const json_t *object)
{
    return json_is_string(json_object_get(object, "op")) && json_object_get(object, "after") &&
           (json_object_get(object, "source") || json_object_get(object, "ts_ms"));
}

static bool is_cloudevent(const json_t *object)
{
    return json_is_string(json_object_get(object, "specversion")) &&
           (json_object_get(object, "data") || json_object_get(object, "data_base64"));
}

/* The object under a name; NULL in *out for null. */
static bool descend(
    const json_t *object, const char *name, const char *seen, json_t **out, struct tw_error *err)
{
    json_t *value = json_object_get(object, name);
    *out = json_is_object(value) ? value : NULL;
    if (*out || (value && json_is_null(value)))
        return true;
    char where[128];
    snprintf(where, sizeof where, "field %.100s", name);
    return tw_fail(err, TW_REFUSED, where, "check decode.envelope and decode.root against a message",
        "%s, and %s where an object is expected", seen, value ? tw_json_type_name(value) : "nothing");
}

static bool open_debezium(json_t *object, struct tw_envelope_contents *out, struct tw_error *err)
{
    out->seen = "a Debezium change event";
    return descend(object, "after", out->seen, &out->fields, err);
}

static bool open_connect(
    json_t *object, bool change_too, struct tw_envelope_contents *out, struct tw_error *err)
{
    out->seen = "a Connect envelope";
    if (!descend(object, "payload", out->seen, &out->fields, err))
        return false;
    return !out->fields || !change_too || !is_debezium(out->fields) || open_debezium(out->fields, out, err);
}

static bool open_cloudevent(
    json_t *object, struct tw_arena *arena, struct tw_envelope_contents *out, struct tw_error *err)
{
    const json_t *data = json_object_get(object, "data");
    out->seen = "a CloudEvent";
    out->outer = object;
    if (json_object_get(object, "data_base64"))
        return tw_fail(
            err, TW_REFUSED, "field data_base64", "send data as JSON", "a CloudEvent with binary data");
    if (!json_is_string(data))
        return descend(object, "data", out->seen, &out->fields, err);
    struct tw_json_repairs repairs = {0};
    struct tw_text text = {json_string_value(data), json_string_length(data)};
    if (!tw_json_read(text, arena, &out->parsed, &repairs, err))
        return err->code == TW_REFUSED ? tw_error_in(err, "field data") : false;
    if (!json_is_object(out->parsed))
        return tw_fail(err, TW_REFUSED, "field data", "send data as a JSON object",
            "a CloudEvent, and %s where an object is expected", tw_json_type_name(out->parsed));
    out->fields = out->parsed;
    return true;
}

static bool open_root(
    json_t *object, const char *root, struct tw_envelope_contents *out, struct tw_error *err)
{
    char seen[160];
    out->fields = object;
    while (*root) {
        char name[128];
        size_t length = strcspn(root, ".");
        snprintf(name, sizeof name, "%.*s", (int)(length < 127 ? length : 127), root);
        snprintf(seen, sizeof seen, "decode.root names it");
        if (!descend(out->fields, name, seen, &out->fields, err))
            return false;
        if (!out->fields)
            return true;
        root += length + (root[length] == '.');
    }
    return true;
}

static bool fail_no_envelope(const char *wanted, struct tw_error *err)
{
    return tw_fail(
        err, TW_REFUSED, NULL, "check decode.envelope against a message", "the message is no %s", wanted);
}

bool tw_envelope_is_any(const json_t *object)
{
    return is_connect(object) || is_debezium(object) || is_cloudevent(object);
}

bool tw_envelope_open(json_t *object, enum tw_envelope kind, const char *root, struct tw_arena *arena,
    struct tw_envelope_contents *out, struct tw_error *err)
{
    *out = (struct tw_envelope_contents){.fields = object};
    if (root && *root)
        return open_root(object, root, out, err);
    bool any = kind == TW_ENVELOPE_AUTO;
    if (kind == TW_ENVELOPE_CONNECT || (any && is_connect(object)))
        return is_connect(object) ? open_connect(object, any, out, err)
                                  : fail_no_envelope("Connect envelope: it has no schema and payload", err);
    if (kind == TW_ENVELOPE_DEBEZIUM || (any && is_debezium(object))) {
        if (is_connect(object))
            return open_connect(object, true, out, err);
        return is_debezium(object) ? open_debezium(object, out, err)
                                   : fail_no_envelope("Debezium change event: it has no op and after", err);
    }
    if (kind == TW_ENVELOPE_CLOUDEVENTS || (any && is_cloudevent(object)))
        return is_cloudevent(object) ? open_cloudevent(object, arena, out, err)
                                     : fail_no_envelope("CloudEvent: it has no specversion and data", err);
    return true;
}

static bool has_any(const json_t *object, const char *const *names, size_t count)
{
    for (size_t name = 0; name < count; name++)
        if (json_is_string(json_object_get(object, names[name])))
            return true;
    return false;
}

const char *tw_envelope_hint(const json_t *object, const char *const *text_names, size_t count, bool *several)
{
    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        const json_t *value = json_object_iter_value(at);
        *several = json_is_array(value);
        if (has_any(*several ? json_array_get(value, 0) : value, text_names, count))
            return json_object_iter_key(at);
    }
    return NULL;
}
