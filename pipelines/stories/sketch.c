#include "stories/sketch.h"

#include <endian.h>
#include <xxhash.h>

enum { VERSION = 1, HEADER_BYTES = 16, ENTITY_BYTES = 4, LONGEST_SYMBOL = UINT16_MAX };

/* -- writing --------------------------------------------------------------------------------------------- */

static char *put2(char *to, uint16_t number)
{
    uint16_t little = htole16(number);
    memcpy(to, &little, sizeof little);
    return to + sizeof little;
}

static char *put4(char *to, uint32_t number)
{
    uint32_t little = htole32(number);
    memcpy(to, &little, sizeof little);
    return to + sizeof little;
}

static char *put8(char *to, uint64_t number)
{
    uint64_t little = htole64(number);
    memcpy(to, &little, sizeof little);
    return to + sizeof little;
}

/* The score of its row (rows.h): the entity's own, or the document's for want of one. */
static int32_t sentiment_of(const struct tw_document *document, uint32_t entity)
{
    return entity < document->reading_count ? document->readings[entity].score.sentiment
                                            : document->score.sentiment;
}

/* Entities that fit: no document comes near the limit of either. */
static uint32_t entities_of(const struct tw_document *document, size_t *bytes)
{
    uint32_t count = 0;
    for (; count < document->entity_count && count < UINT16_MAX; count++) {
        if (document->entities[count].symbol.length > LONGEST_SYMBOL)
            break;
        *bytes += ENTITY_BYTES + document->entities[count].symbol.length;
    }
    return count;
}

bool tw_sketch_write(
    const struct tw_document *document, struct tw_arena *arena, struct tw_text *bytes, struct tw_error *err)
{
    struct tw_fingerprint_room room;
    struct tw_fingerprint print = tw_fingerprint_of(document, &room);
    size_t length = HEADER_BYTES + sizeof(uint32_t) * ((size_t)print.count + print.name_count);
    uint32_t entities = entities_of(document, &length);
    char *start = tw_arena_take(arena, length);
    if (!start)
        return tw_arena_fail(arena, err);
    start[0] = VERSION;
    start[1] = print.whole;
    char *to = put2(put2(put2(start + 2, print.count), print.name_count), (uint16_t)entities);
    to = put8(to, print.entities);
    for (uint32_t at = 0; at < print.count; at++)
        to = put4(to, print.elements[at]);
    for (uint32_t at = 0; at < print.name_count; at++)
        to = put4(to, print.names[at]);
    for (uint32_t at = 0; at < entities; at++) {
        struct tw_text symbol = document->entities[at].symbol;
        to = put2(to, (uint16_t)sentiment_of(document, at));
        to = put2(to, (uint16_t)symbol.length);
        if (symbol.length > 0)
            memcpy(to, symbol.bytes, symbol.length);
        to += symbol.length;
    }
    *bytes = (struct tw_text){start, length};
    return true;
}

/* -- reading --------------------------------------------------------------------------------------------- */

static uint16_t get2(const char *from)
{
    uint16_t little;
    memcpy(&little, from, sizeof little);
    return le16toh(little);
}

static uint32_t get4(const char *from)
{
    uint32_t little;
    memcpy(&little, from, sizeof little);
    return le32toh(little);
}

static uint64_t get8(const char *from)
{
    uint64_t little;
    memcpy(&little, from, sizeof little);
    return le64toh(little);
}

static bool refuse(struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, "sketch", "run the version of tapewatch that stored it, or a later one",
        "the sketch of a document is not one that this program writes");
}

static bool read_numbers(
    const char *from, uint32_t count, struct tw_arena *arena, const uint32_t **out, struct tw_error *err)
{
    uint32_t *numbers = tw_arena_array(arena, count, sizeof *numbers);
    if (!numbers)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < count; at++)
        numbers[at] = get4(from + at * sizeof *numbers);
    *out = numbers;
    return true;
}

static bool read_entities(struct tw_text rest, uint32_t count, struct tw_arena *arena,
    struct tw_sketch *sketch, struct tw_error *err)
{
    struct tw_sketch_entity *entities = tw_arena_array(arena, count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < count; at++) {
        if (rest.length < ENTITY_BYTES || get2(rest.bytes + 2) > rest.length - ENTITY_BYTES)
            return refuse(err);
        entities[at] = (struct tw_sketch_entity){
            .symbol = {rest.bytes + ENTITY_BYTES, get2(rest.bytes + 2)},
            .sentiment = (int16_t)get2(rest.bytes),
        };
        rest.bytes += ENTITY_BYTES + entities[at].symbol.length;
        rest.length -= ENTITY_BYTES + entities[at].symbol.length;
    }
    sketch->entities = entities;
    sketch->entity_count = count;
    return rest.length == 0 || refuse(err);
}

bool tw_sketch_read(
    struct tw_text bytes, struct tw_arena *arena, struct tw_sketch *sketch, struct tw_error *err)
{
    *sketch = (struct tw_sketch){0};
    if (bytes.length < HEADER_BYTES || bytes.bytes[0] != VERSION || (bytes.bytes[1] & ~1) != 0)
        return refuse(err);
    struct tw_fingerprint *print = &sketch->print;
    print->whole = bytes.bytes[1] != 0;
    print->count = get2(bytes.bytes + 2);
    print->name_count = get2(bytes.bytes + 4);
    print->entities = get8(bytes.bytes + 8);
    size_t numbers = sizeof(uint32_t) * ((size_t)print->count + print->name_count);
    if (print->count > TW_FINGERPRINT_MOST || print->name_count > TW_FINGERPRINT_NAMES ||
        bytes.length - HEADER_BYTES < numbers)
        return refuse(err);
    const char *elements = bytes.bytes + HEADER_BYTES;
    struct tw_text rest = {elements + numbers, bytes.length - HEADER_BYTES - numbers};
    if (!read_numbers(elements, print->count, arena, &print->elements, err) ||
        !read_numbers(
            elements + print->count * sizeof(uint32_t), print->name_count, arena, &print->names, err))
        return false;
    tw_fingerprint_complete(print);
    return read_entities(rest, get2(bytes.bytes + 6), arena, sketch, err);
}

/* -- what is done with it -------------------------------------------------------------------------------- */

bool tw_sketch_tell(const struct tw_sketch *sketch, int64_t time_us, int64_t number, struct tw_arena *arena,
    struct tw_story_telling *telling, struct tw_error *err)
{
    uint64_t *entities = tw_arena_array(arena, sketch->entity_count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < sketch->entity_count; at++) {
        struct tw_text symbol = sketch->entities[at].symbol;
        entities[at] = XXH3_64bits(symbol.bytes, symbol.length);
    }
    *telling = (struct tw_story_telling){.print = &sketch->print,
        .time_us = time_us,
        .number = number,
        .entities = entities,
        .entity_count = sketch->entity_count};
    return true;
}

struct tw_bar_row tw_sketch_bar(const struct tw_sketch_entity *entity, int64_t time_us)
{
    int64_t sentiment = entity->sentiment;
    return (struct tw_bar_row){.symbol = entity->symbol,
        .bar_us = tw_bar_start(time_us),
        .count = 1,
        .sum = sentiment,
        .sum_of_squares = sentiment * sentiment,
        .negative_sum = sentiment < 0 ? sentiment : 0};
}
