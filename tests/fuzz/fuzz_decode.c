/* fuzz_decode: any bytes as a message, in any wrapping: one fate, texts that the database takes, memory
 * within its bound, and the same document whatever the value was compressed by.
 *
 * First byte: the envelope and the unit of times. Second byte: how the rest is wrapped before it is
 * decoded (enum wrapping). The rest is the payload; for WITH_HEADERS its first line is a header's value. */
#include "promise.h"

#include <zlib.h>
#include <zstd.h>

#include "read/decode.h"

enum wrapping {
    AS_IT_IS,
    GZIP,
    GZIP_IN_TWO,
    ZSTD,
    ZSTD_IN_TWO,
    FRAMED,
    GZIP_FRAMED,
    WITH_HEADERS,
    WRAPPINGS
};

enum { MOST_BYTES = 1 << 16 };

static struct tw_arena arena;

static void begin_arena(void)
{
    struct tw_error err;
    if (!arena.base)
        promise(tw_arena_begin(&arena, (size_t)64 << 20, &err), "address space is there");
}

static size_t add_gzip(struct tw_text part, char *to, size_t room)
{
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)part.bytes,
        .avail_in = (uInt)part.length,
        .next_out = (Bytef *)to,
        .avail_out = (uInt)room};
    promise(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                deflate(&stream, Z_FINISH) == Z_STREAM_END,
        "zlib compresses");
    deflateEnd(&stream);
    return room - stream.avail_out;
}

static size_t add_zstd(struct tw_text part, char *to, size_t room)
{
    size_t used = ZSTD_compress(to, room, part.bytes, part.length, 1);
    promise(!ZSTD_isError(used), "zstd compresses");
    return used;
}

/* The payload as it is sent; the caller frees its bytes. */
static struct tw_text wrap(enum wrapping wrapping, struct tw_text payload)
{
    size_t room = 2 * payload.length + 1024, used = 0;
    char *bytes = malloc(room);
    promise(bytes != NULL, "there is memory");
    struct tw_text first = {payload.bytes, payload.length / 2};
    struct tw_text second = {payload.bytes + first.length, payload.length - first.length};
    static const char framing[5] = {0, 0, 0, 1, 7};
    char *framed = malloc(payload.length + sizeof framing);
    promise(framed != NULL, "there is memory");
    memcpy(framed, framing, sizeof framing);
    memcpy(framed + sizeof framing, payload.bytes, payload.length);
    struct tw_text with_framing = {framed, payload.length + sizeof framing};
    switch (wrapping) {
    case GZIP:
        used = add_gzip(payload, bytes, room);
        break;
    case GZIP_IN_TWO:
        used = add_gzip(first, bytes, room);
        used += add_gzip(second, bytes + used, room - used);
        break;
    case ZSTD:
        used = add_zstd(payload, bytes, room);
        break;
    case ZSTD_IN_TWO:
        used = add_zstd(first, bytes, room);
        used += add_zstd(second, bytes + used, room - used);
        break;
    case FRAMED:
        memcpy(bytes, framed, used = with_framing.length);
        break;
    case GZIP_FRAMED:
        used = add_gzip(with_framing, bytes, room);
        break;
    default:
        memcpy(bytes, payload.bytes, used = payload.length);
    }
    free(framed);
    /* To its exact size, so that a read past the end is seen. */
    struct tw_text sent = own_copy((struct tw_text){bytes, used});
    free(bytes);
    return sent;
}

static void check_texts(const struct tw_document *document)
{
    const struct tw_text texts[] = {
        document->id, document->title, document->body, document->source, document->language};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++)
        promise(is_utf8_without_nul(texts[at]), "texts are UTF-8 without NUL");
    for (uint32_t at = 0; at < document->symbol_count; at++)
        promise(document->symbols[at].length > 0 && is_utf8_without_nul(document->symbols[at]),
            "symbols are texts");
}

static void check(const struct tw_decode_options *options, const struct tw_message *message,
    const struct tw_document *document)
{
    switch (document->fate) {
    case TW_FATE_STORED:
        check_texts(document);
        promise(!tw_text_is_blank(document->title) || !tw_text_is_blank(document->body), "there is a text");
        promise(document->event_us >= 0 && document->event_us - message->stamp_us <= options->max_ahead_us,
            "the time lies in its span");
        promise((document->repairs == 0) == (document->repaired == 0), "repairs are counted by field");
        break;
    case TW_FATE_DEAD_LETTER:
        promise(document->refusal && document->refusal->code == TW_REFUSED && document->refusal->what[0],
            "a refusal says what");
        promise(is_utf8_without_nul(tw_text_of(document->refusal->what)) &&
                    is_utf8_without_nul(tw_text_of(document->refusal->where)) &&
                    is_utf8_without_nul(tw_text_of(document->refusal->cure)),
            "a refusal is UTF-8");
        promise(!document->moves_watermark, "no dead letter moves the watermark");
        break;
    default:
        promise(!document->moves_watermark || document->fate == TW_FATE_TICK, "a tombstone moves nothing");
    }
}

static bool same(const struct tw_document *left, const struct tw_document *right)
{
    if (left->fate != right->fate || left->symbol_count != right->symbol_count ||
        left->event_us != right->event_us || left->repaired != right->repaired)
        return false;
    for (uint32_t at = 0; at < left->symbol_count; at++)
        if (!tw_text_equal(left->symbols[at], right->symbols[at]))
            return false;
    return tw_text_equal(left->id, right->id) && tw_text_equal(left->title, right->title) &&
           tw_text_equal(left->body, right->body) && tw_text_equal(left->source, right->source) &&
           tw_text_equal(left->language, right->language);
}

/* Symbols have 64 bytes each besides; AddressSanitizer's gaps make it 256. */
static size_t most_bytes(const struct tw_message *message, struct tw_text payload)
{
    size_t most = 6 * (message->payload.length + payload.length) + 8192;
    for (size_t at = 0; at < payload.length; at++)
        most += strchr(" ,;|\n", payload.bytes[at]) ? 256 : 0;
    for (uint32_t header = 0; header < message->header_count; header++)
        most += (size_t)256 * message->headers[header].value.length;
    return most;
}

/* `sent` is what the message holds, `payload` what it is unwrapped. */
static void decode(const struct tw_decode_options *options, struct tw_message *message, struct tw_text sent,
    struct tw_text payload, struct tw_document *out)
{
    struct tw_error err;
    size_t before = arena.used;
    message->payload = sent;
    promise(tw_decode(options, message, &arena, out, &err), "the arena suffices");
    bool packed = sent.bytes != payload.bytes || (sent.length > 2 && strchr("\x1F\x28", sent.bytes[0]));
    promise(arena.used - before <= most_bytes(message, payload) + (packed ? 32 * MOST_BYTES : 0),
        "memory is within its bound");
    check(options, message, out);
}

/* Is the wrapping to be seen through? Not where the payload itself claims to be wrapped. */
static bool is_transparent(enum wrapping wrapping, struct tw_text payload)
{
    if (payload.length == 0 || payload.length > MOST_BYTES - 8 || wrapping == WITH_HEADERS)
        return false;
    unsigned char first = (unsigned char)payload.bytes[0];
    if (first == 0 || first == 0x1F || first == 0x28)
        return false;
    return (wrapping != FRAMED && wrapping != GZIP_FRAMED) || first == '{' || first == '[';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct tw_decode_options options = tw_decode_defaults();
    unsigned choice = take_byte(&input);
    options.envelope = (enum tw_envelope)(choice % 5);
    options.time_unit = (enum tw_time_unit)(choice / 5 % 5);
    options.root = choice / 25 % 4 == 3 ? "payload.after" : NULL;
    options.max_payload_bytes = MOST_BYTES;
    enum wrapping wrapping = (enum wrapping)(take_byte(&input) % WRAPPINGS);
    begin_arena();
    tw_arena_reset(&arena, (size_t)4 << 20);
    struct tw_message message = {.stamp_us = INT64_C(1700000000000000), .has_value = true};
    struct tw_header headers[3];
    if (wrapping == WITH_HEADERS) {
        struct tw_text value = take_until(&input, '\n');
        static const char *const names[] = {"tw-time", "title", "symbols", "ts", "id", "language", "body"};
        for (unsigned at = 0; at < 3; at++)
            headers[at] = (struct tw_header){tw_text_of(names[(choice + at) % 7]), value};
        message.headers = headers;
        message.header_count = 3;
        message.has_value = choice < 192;
    }
    struct tw_text payload = own_copy((struct tw_text){(const char *)input.bytes, input.length});
    struct tw_text sent = wrap(wrapping, payload);
    struct tw_document plain, wrapped;
    decode(&options, &message, sent, payload, &wrapped);
    if (is_transparent(wrapping, payload)) {
        decode(&options, &message, payload, payload, &plain);
        promise(same(&plain, &wrapped), "a wrapping changes nothing");
    }
    free((void *)(uintptr_t)sent.bytes);
    free((void *)(uintptr_t)payload.bytes);
    return 0;
}
