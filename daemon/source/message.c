#include "source/message.h"

#include <string.h>

#include <xxhash.h>

/* What librdkafka and the arena keep of a header beside its bytes. */
enum { HEADER_BYTES = 96 };

static bool take_headers(
    rd_kafka_message_t *from, struct tw_message *to, struct tw_arena *arena, struct tw_error *err)
{
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_headers(from, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return true; /* it has none */
    size_t count = rd_kafka_header_cnt(list);
    struct tw_header *headers = tw_arena_array(arena, count, sizeof *headers);
    if (!headers)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < count; at++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t length = 0;
        rd_kafka_header_get_all(list, at, &name, &value, &length);
        headers[at].name = tw_text_of(name);
        headers[at].value = (struct tw_text){value ? value : "", value ? length : 0};
    }
    to->headers = headers;
    to->header_count = (uint32_t)count;
    return true;
}

/* A record of an old client has no stamp (-1): then the epoch, which moves nothing ahead. */
static int64_t stamp_us(const rd_kafka_message_t *from)
{
    rd_kafka_timestamp_type_t type;
    int64_t stamp_ms = rd_kafka_message_timestamp(from, &type);
    return stamp_ms > 0 && stamp_ms < INT64_MAX / 1000 ? stamp_ms * 1000 : 0;
}

bool tw_message_take(
    rd_kafka_message_t *from, struct tw_message *to, struct tw_arena *arena, struct tw_error *err)
{
    to->offset = from->offset;
    to->stamp_us = stamp_us(from);
    to->payload = (struct tw_text){from->payload ? from->payload : "", from->payload ? from->len : 0};
    to->key = (struct tw_text){from->key ? from->key : "", from->key ? from->key_len : 0};
    to->has_value = from->payload != NULL;
    return take_headers(from, to, arena, err);
}

/* Each piece is hashed with the hash of all before it. An absent one is told from an empty one. */
static uint64_t chain(uint64_t hash, const void *bytes, size_t length)
{
    return bytes ? XXH3_64bits_withSeed(bytes, length, hash) : XXH3_64bits_withSeed("", 0, ~hash);
}

static uint64_t chain_headers(uint64_t hash, rd_kafka_message_t *message)
{
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return hash;
    for (size_t at = 0, count = rd_kafka_header_cnt(list); at < count; at++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t length = 0;
        rd_kafka_header_get_all(list, at, &name, &value, &length);
        hash = chain(chain(hash, name, strlen(name)), value, length);
    }
    return hash;
}

struct tw_record_mark tw_message_mark(rd_kafka_message_t *message)
{
    int64_t time_us = stamp_us(message);
    uint64_t hash = chain(chain(0, message->key, message->key_len), message->payload, message->len);
    return (struct tw_record_mark){.known = true,
        .stamp_us = time_us < TW_TIMES_END_US ? time_us : TW_NO_TIME,
        .hash = (int64_t)chain_headers(hash, message)};
}

bool tw_record_marks_agree(const struct tw_record_mark *left, const struct tw_record_mark *right)
{
    return !left->known || !right->known || (left->hash == right->hash && left->stamp_us == right->stamp_us);
}

size_t tw_message_bytes(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *list = NULL;
    size_t bytes = message->len + message->key_len;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return bytes;
    for (size_t at = 0, count = rd_kafka_header_cnt(list); at < count; at++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t length = 0;
        rd_kafka_header_get_all(list, at, &name, &value, &length);
        bytes += HEADER_BYTES + 2 * (strlen(name) + length);
    }
    return bytes;
}
