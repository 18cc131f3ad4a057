#include "read/envelope.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY /* whose memory it takes is said by what it calls unstable, since 2016 */
#include <zstd.h>

#include "clean/utf8.h"
#include "read/json_memory.h"
#include "read/json_text.h"

const char *const tw_envelope_names[] = {[TW_ENVELOPE_AUTO] = "auto",
    [TW_ENVELOPE_NONE] = "none",
    [TW_ENVELOPE_CONNECT] = "connect",
    [TW_ENVELOPE_DEBEZIUM] = "debezium",
    [TW_ENVELOPE_CLOUDEVENTS] = "cloudevents",
    NULL};

/* ---- bytes ---- */

static bool begins_json(struct tw_text bytes)
{
    for (size_t at = 0; at < bytes.length; at++)
        if (!strchr(" \t\r\n", bytes.bytes[at]) || !bytes.bytes[at])
            return bytes.bytes[at] == '{' || bytes.bytes[at] == '[';
    return false;
}

/* What registries put before a value: a first byte, and so many in all. Confluent's number of a schema, and
 * its GUID; Apicurio's number of eight bytes; AWS Glue's, where the second byte says that nothing is
 * compressed. */
static const struct {
    unsigned char first;
    size_t bytes;
} framings[] = {{0, 5}, {0, 9}, {1, 17}, {3, 18}};

static bool take_framing_off(struct tw_text bytes, struct tw_text *out, struct tw_error *err)
{
    const unsigned char *head = (const unsigned char *)bytes.bytes;
    *out = bytes;
    for (size_t at = 0; at < sizeof framings / sizeof framings[0]; at++) {
        if (bytes.length <= framings[at].bytes || head[0] != framings[at].first || (head[0] == 3 && head[1]))
            continue;
        struct tw_text rest = {bytes.bytes + framings[at].bytes, bytes.length - framings[at].bytes};
        if (begins_json(rest)) {
            *out = rest;
            return true;
        }
    }
    if (bytes.length <= framings[0].bytes || head[0] != 0)
        return true;
    unsigned schema = (unsigned)head[1] << 24 | (unsigned)head[2] << 16 | (unsigned)head[3] << 8 | head[4];
    return tw_fail(err, TW_REFUSED, "byte 0", "send JSON",
        "begins with byte 0, the framing of a schema registry (schema id %u), and no JSON follows: Avro or "
        "Protobuf",
        schema);
}

/* ---- UTF-16 ---- */

/* A byte order mark, or a bracket or quote with its empty half: 'l' for little-endian, 'b' for big-endian; 0:
 * neither. No framing of a registry has a zero on both sides of a quote. */
static char utf16_order(struct tw_text bytes)
{
    const char *head = bytes.bytes;
    if (bytes.length < 4 || bytes.length % 2 != 0)
        return 0;
    if (memcmp(head, "\xFF\xFE", 2) == 0)
        return 'l';
    if (memcmp(head, "\xFE\xFF", 2) == 0)
        return 'b';
    bool little = strchr("{[", head[0]) && head[0] && !head[1] && head[2] && !head[3];
    bool big = !head[0] && head[1] && strchr("{[", head[1]) && !head[2] && head[3];
    return little ? 'l' : big ? 'b' : 0;
}

static uint32_t utf16_unit(struct tw_text bytes, size_t at, char order)
{
    const unsigned char *here = (const unsigned char *)bytes.bytes + at;
    return order == 'l' ? here[0] | (uint32_t)here[1] << 8 : here[1] | (uint32_t)here[0] << 8;
}

/* A value in UTF-16, as .NET's Encoding.Unicode writes it, in UTF-8; half a pair is U+FFFD. */
static bool open_utf16(struct tw_text from, struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    char order = utf16_order(from);
    size_t used = 0;
    *out = from;
    if (!order)
        return true;
    char *bytes = tw_arena_take(arena, from.length / 2 * 3);
    if (!bytes)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < from.length; at += 2) {
        uint32_t point = utf16_unit(from, at, order);
        uint32_t next = at + 2 < from.length ? utf16_unit(from, at + 2, order) : 0;
        uint32_t pair = tw_utf16_join(point, next);
        if (pair) {
            point = pair;
            at += 2;
        } else if (point >= 0xD800 && point <= 0xDFFF) {
            point = 0xFFFD;
        }
        used += tw_utf8_write(point, bytes + used);
    }
    *out = (struct tw_text){bytes, used};
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

/* What the libraries need meanwhile is the worker's, too (json_memory.h). */
static void *take_for_zlib(void *nobody, unsigned count, unsigned size)
{
    (void)nobody;
    return tw_json_memory_take((size_t)count * size);
}

static void *take_for_zstd(void *nobody, size_t bytes)
{
    (void)nobody;
    return tw_json_memory_take(bytes);
}

static void give_back(void *nobody, void *piece)
{
    (void)nobody;
    tw_json_memory_give_back(piece);
}

/* Members one after another are one value (RFC 1952, 2.2); anything else behind one is refused. */
static bool open_gzip(struct tw_text from, struct opened *into, bool *whole)
{
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)from.bytes,
        .avail_in = (uInt)from.length,
        .next_out = (Bytef *)into->bytes,
        .avail_out = (uInt)into->room,
        .zalloc = take_for_zlib,
        .zfree = give_back};
    if (inflateInit2(&stream, 32 + MAX_WBITS) != Z_OK) /* gzip or zlib, by the first bytes */
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
    ZSTD_DCtx *context = ZSTD_createDCtx_advanced((ZSTD_customMem){take_for_zstd, give_back, NULL});
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
    const char *form = !gzip ? "zstd" : from.bytes[0] == 0x78 ? "zlib" : "gzip";
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

/* The two bytes of RFC 1950 for a window of 32 KiB: their number is a multiple of 31. */
static bool is_zlib(struct tw_text bytes)
{
    const unsigned char *head = (const unsigned char *)bytes.bytes;
    return bytes.length > 6 && head[0] == 0x78 && (head[0] * 256u + head[1]) % 31 == 0 && head[1] != '^';
}

/* Packed by what is not opened here. */
static bool refuse_other_packing(struct tw_text bytes, struct tw_error *err)
{
    static const struct {
        const char *mark, *form;
        size_t length;
    } others[] = {{"\x04\x22\x4D\x18", "LZ4", 4}, {"\xFF\x06\0\0sNaPpY", "Snappy", 10},
        {"\x82SNAPPY\0", "Snappy", 8}, {"BZh", "bzip2", 3},
        {"\xFD"
         "7zXZ\0",
            "xz", 6}};
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++)
        if (bytes.length > others[at].length && memcmp(bytes.bytes, others[at].mark, others[at].length) == 0)
            return tw_fail(err, TW_REFUSED, NULL,
                "send it as it is, or by gzip or zstd; Kafka's own compression.type is always read",
                "the value is packed by %s", others[at].form);
    return true;
}

bool tw_envelope_open_bytes(struct tw_text bytes, size_t most_bytes, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    bool gzip = bytes.length > 2 && (memcmp(bytes.bytes, "\x1F\x8B", 2) == 0 || is_zlib(bytes));
    bool zstd = bytes.length > 4 && memcmp(bytes.bytes, "\x28\xB5\x2F\xFD", 4) == 0;
    if ((gzip || zstd) && !decompress(bytes, gzip, most_bytes, arena, &bytes, err))
        return false;
    return refuse_other_packing(bytes, err) && open_utf16(bytes, arena, &bytes, err) &&
           take_framing_off(bytes, out, err);
}

/* ---- fields ---- */

static struct tw_text text_in(const json_t *string)
{
    return (struct tw_text){json_string_value(string), json_string_length(string)};
}

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

/* What an envelope is opened with. */
struct opening {
    struct tw_arena *arena;
    struct tw_envelope_contents *out;
    struct tw_error *err;
};

/* JSON in a text; refused when it is no object. */
static bool parse_text(struct opening *opening, struct tw_text text, const char *where, json_t **out)
{
    json_t **parsed = opening->out->parsed;
    struct tw_json_repairs repairs = {0};
    size_t count = 0;
    while (count < TW_ENVELOPE_TEXTS && parsed[count])
        count++;
    if (count == TW_ENVELOPE_TEXTS)
        return tw_fail(opening->err, TW_REFUSED, where, "send one JSON object a message",
            "JSON in a text in a text, more than %d of them", TW_ENVELOPE_TEXTS);
    if (!tw_json_read(text, opening->arena, &parsed[count], &repairs, opening->err))
        return opening->err->code == TW_REFUSED ? tw_error_in(opening->err, where) : false;
    *out = parsed[count];
    return true;
}

/* The object under a name, or in the text under it; NULL in *out for null. */
static bool descend(
    struct opening *opening, const json_t *object, const char *name, const char *seen, json_t **out)
{
    json_t *value = json_object_get(object, name);
    char where[128];
    snprintf(where, sizeof where, "field %.100s", name);
    if (json_is_string(value) && begins_json(text_in(value)) &&
        !parse_text(opening, text_in(value), where, &value))
        return false;
    if (json_array_size(value) == 1 && json_is_object(json_array_get(value, 0))) /* a list of one message */
        value = json_array_get(value, 0);
    *out = json_is_object(value) ? value : NULL;
    if (*out || (value && json_is_null(value)))
        return true;
    char cure[192] = "check decode.envelope and decode.root against a message";
    if (json_is_string(value)) /* the message is that text */
        snprintf(cure, sizeof cure, "set decode.envelope: none and decode.body: [%.100s], or send an object",
            name);
    return tw_fail(opening->err, TW_REFUSED, where, cure, "%s, and %s where an object is expected", seen,
        value ? tw_json_type_name(value) : "nothing");
}

static bool open_debezium(struct opening *opening, const json_t *object)
{
    opening->out->seen = "a Debezium change event";
    return descend(opening, object, "after", opening->out->seen, &opening->out->fields);
}

static bool open_connect(struct opening *opening, const json_t *object, bool change_too)
{
    struct tw_envelope_contents *out = opening->out;
    out->seen = "a Connect envelope";
    const char *words = json_string_value(json_object_get(object, "payload"));
    if (words && strchr(words, ' ') && !begins_json(tw_text_of(words)))
        return true; /* a text alone: wrapped.h */
    if (!descend(opening, object, "payload", out->seen, &out->fields))
        return false;
    return !out->fields || !change_too || !is_debezium(out->fields) || open_debezium(opening, out->fields);
}

static int base64_digit(char byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = byte ? strchr(digits, byte) : NULL;
    return found ? (int)(found - digits) : -1;
}

bool tw_envelope_open_base64(struct tw_text from, struct tw_arena *arena, struct tw_text *out)
{
    char *bytes = tw_arena_take(arena, from.length / 4 * 3 + 3);
    size_t used = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    *out = (struct tw_text){"", 0};
    if (!bytes)
        return false;
    for (size_t at = 0; at < from.length && from.bytes[at] != '='; at++) {
        int digit = base64_digit(from.bytes[at]);
        if (digit < 0)
            return true;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[used++] = (char)(bits >> count & 0xFF);
        }
    }
    *out = (struct tw_text){bytes, used};
    return true;
}

static bool open_cloudevent(struct opening *opening, json_t *object)
{
    static const char *const names[] = {"data", "data_base64"};
    struct tw_envelope_contents *out = opening->out;
    const json_t *binary = json_object_get(object, names[1]);
    out->seen = "a CloudEvent";
    out->outer = object;
    const json_t *data = json_object_get(object, names[0]);
    if (!binary && json_is_string(data) && !begins_json(text_in(data)))
        return true; /* words, or base64 (CloudEvents 0.3) */
    if (!binary)
        return descend(opening, object, names[0], out->seen, &out->fields);
    struct tw_text text = {"", 0};
    json_t *value = NULL;
    if (json_is_string(binary) && !tw_envelope_open_base64(text_in(binary), opening->arena, &text))
        return tw_arena_fail(opening->arena, opening->err);
    if (!begins_json(text))
        return tw_fail(opening->err, TW_REFUSED, "field data_base64", "send data as JSON",
            "a CloudEvent with binary data");
    if (!parse_text(opening, text, "field data_base64", &value))
        return false;
    out->fields = json_is_object(value) ? value : NULL;
    return out->fields || tw_fail(opening->err, TW_REFUSED, "field data_base64", "send data as a JSON object",
                              "a CloudEvent, and %s where an object is expected", tw_json_type_name(value));
}

/* One step of decode.root, which is undone in JSON Pointer's way (RFC 6901, section 4): ~1 is a slash. */
static void take_step(const char *root, size_t length, bool pointer, char name[128])
{
    size_t used = 0;
    for (size_t at = 0; at < length && used < 127; at++) {
        bool escape =
            pointer && root[at] == '~' && at + 1 < length && (root[at + 1] == '0' || root[at + 1] == '1');
        name[used++] = !escape ? root[at] : root[at + 1] == '1' ? '/' : '~';
        at += escape;
    }
    name[used] = '\0';
}

static bool open_root(struct opening *opening, json_t *object, const char *root)
{
    struct tw_envelope_contents *out = opening->out;
    const bool pointer = root[0] == '/';
    out->fields = object;
    root += pointer;
    while (*root) {
        char name[128];
        size_t length = strcspn(root, pointer ? "/" : ".");
        take_step(root, length, pointer, name);
        if (!descend(opening, out->fields, name, "decode.root names it", &out->fields))
            return false;
        if (!out->fields)
            return true;
        root += length + (root[length] != '\0');
    }
    return true;
}

static bool fail_no_envelope(const char *wanted, struct tw_error *err)
{
    return tw_fail(
        err, TW_REFUSED, NULL, "check decode.envelope against a message", "the message is no %s", wanted);
}

/* What is left of a change event when its envelope was taken off before (ExtractNewRecordState). */
bool tw_envelope_says_deleted(const json_t *object)
{
    const json_t *deleted = json_object_get(object, "__deleted");
    return json_is_true(deleted) ||
           (json_is_string(deleted) && strcmp(json_string_value(deleted), "true") == 0);
}

static bool open_kind(struct opening *opening, json_t *object, enum tw_envelope kind)
{
    bool any = kind == TW_ENVELOPE_AUTO;
    if (kind == TW_ENVELOPE_CONNECT || (any && is_connect(object)))
        return is_connect(object)
                   ? open_connect(opening, object, any)
                   : fail_no_envelope("Connect envelope: it has no schema and payload", opening->err);
    if (kind == TW_ENVELOPE_DEBEZIUM || (any && is_debezium(object))) {
        if (is_connect(object))
            return open_connect(opening, object, true);
        return is_debezium(object)
                   ? open_debezium(opening, object)
                   : fail_no_envelope("Debezium change event: it has no op and after", opening->err);
    }
    if (kind == TW_ENVELOPE_CLOUDEVENTS || (any && is_cloudevent(object)))
        return is_cloudevent(object)
                   ? open_cloudevent(opening, object)
                   : fail_no_envelope("CloudEvent: it has no specversion and data", opening->err);
    return true;
}

bool tw_envelope_open(json_t *object, enum tw_envelope kind, const char *root, struct tw_arena *arena,
    struct tw_envelope_contents *out, struct tw_error *err)
{
    *out = (struct tw_envelope_contents){.fields = object};
    struct opening opening = {arena, out, err};
    if (root && *root)
        return open_root(&opening, object, root);
    if ((kind == TW_ENVELOPE_AUTO || kind == TW_ENVELOPE_DEBEZIUM) && tw_envelope_says_deleted(object)) {
        out->fields = NULL;
        return true;
    }
    return open_kind(&opening, object, kind);
}

void tw_envelope_close(struct tw_envelope_contents *contents)
{
    for (size_t at = 0; at < TW_ENVELOPE_TEXTS; at++)
        json_decref(contents->parsed[at]);
}

static bool has_any(const json_t *object, const char *const *names, size_t count)
{
    for (size_t name = 0; name < count; name++)
        if (json_is_string(json_object_get(object, names[name])))
            return true;
    return false;
}

/* A text that looks like an object with one of the names in it. Not parsed: it is for a hint. */
static bool is_json_with_any(const json_t *string, const char *const *names, size_t count)
{
    struct tw_text text = text_in(string);
    if (!begins_json(text) || text.bytes[strspn(text.bytes, " \t\r\n")] != '{')
        return false;
    for (size_t name = 0; name < count; name++) {
        char quoted[104];
        snprintf(quoted, sizeof quoted, "\"%.100s\"", names[name]);
        if (strstr(text.bytes, quoted))
            return true;
    }
    return false;
}

/* Looks through an object's members, and theirs, for what holds a text; hint->path is the way to
 * the object. */
static bool hint_within(
    const json_t *object, const char *const *names, size_t count, int level, struct tw_envelope_hint *hint)
{
    enum { MOST_LEVELS = 3 };
    size_t length = strlen(hint->path);
    json_t *members = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const json_t *value = json_object_iter_value(at);
        int added = snprintf(hint->path + length, sizeof hint->path - length, "%s%s", length ? "." : "",
            json_object_iter_key(at));
        hint->several = json_is_array(value);
        if (added < 0 || (size_t)added >= sizeof hint->path - length)
            continue;
        if ((json_is_string(value) && is_json_with_any(value, names, count)) ||
            has_any(hint->several ? json_array_get(value, 0) : value, names, count) ||
            (json_is_object(value) && level < MOST_LEVELS &&
                hint_within(value, names, count, level + 1, hint)))
            return true;
    }
    hint->path[length] = '\0';
    return false;
}

/* The longest text of several words among an object's fields of other names. */
static bool hint_at_words(
    const json_t *object, const char *const *names, size_t count, struct tw_envelope_hint *hint)
{
    size_t longest = 0;
    json_t *members = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const json_t *value = json_object_iter_value(at);
        const char *key = json_object_iter_key(at);
        size_t length = json_is_string(value) ? json_string_length(value) : 0;
        bool known = false;
        for (size_t name = 0; name < count; name++)
            known = known || strcmp(names[name], key) == 0;
        if (known || length <= longest || strlen(key) >= sizeof hint->path ||
            !strchr(json_string_value(value), ' '))
            continue;
        longest = length;
        memcpy(hint->path, key, strlen(key) + 1);
    }
    return longest > 0;
}

bool tw_envelope_hint(const json_t *object, const char *const *names, size_t text_count, size_t count,
    struct tw_envelope_hint *hint)
{
    *hint = (struct tw_envelope_hint){.path = ""};
    if (hint_within(object, names, text_count, 1, hint))
        return true;
    *hint = (struct tw_envelope_hint){.is_words = true};
    return hint_at_words(object, names, count, hint);
}
