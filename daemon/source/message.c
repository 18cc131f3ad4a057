#include "source/message.h"

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

bool tw_message_take(
    rd_kafka_message_t *from, struct tw_message *to, struct tw_arena *arena, struct tw_error *err)
{
    rd_kafka_timestamp_type_t type;
    int64_t stamp_ms = rd_kafka_message_timestamp(from, &type);
    to->offset = from->offset;
    /* A record of an old client has no stamp (-1): then the epoch, which moves nothing ahead. */
    to->stamp_us = stamp_ms > 0 && stamp_ms < INT64_MAX / 1000 ? stamp_ms * 1000 : 0;
    to->payload = (struct tw_text){from->payload ? from->payload : "", from->payload ? from->len : 0};
    to->key = (struct tw_text){from->key ? from->key : "", from->key ? from->key_len : 0};
    to->has_value = from->payload != NULL;
    return take_headers(from, to, arena, err);
}
