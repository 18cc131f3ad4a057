/* document: the record that flows down the river, and which room fills which field.
 *
 *     source, archive   tw_message    bytes as they came, with where they stood
 *     decode            tw_document   id, title, body, source, language, symbols, event time; or the refusal
 *     source weights    source_weight how much the source counts
 *     clean             text          title, one space, body: markup and URLs out
 *     link              mentions      which entities stand where in the text
 *     events            events        what the text says has happened, and to which of them
 *     tokenize          tokens        ids for the model
 *     classify          scores        one for the document; one for each entity linked
 *
 * Times are microseconds since 1970-01-01 UTC. All memory hangs on the batch's arena (the payload on its
 * carrier: a Kafka message or a line of an archive) and dies with the batch. */
#ifndef TW_DOCUMENT_H
#define TW_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define TW_NO_TIME INT64_MIN
enum { TW_TIME_UNREAD_BYTES = 320 }; /* of tw_document.time_unread */
/* The first event time that no table can hold: 10000-01-01, a year of more than four digits. */
#define TW_TIMES_END_US INT64_C(253402300800000000)

struct tw_header {
    struct tw_text name;
    struct tw_text value;
};

/* One record of a topic or one line of an archive. */
struct tw_message {
    int64_t offset;         /* Kafka offset; in an archive, the line number from 1 */
    int64_t stamp_us;       /* the record's own Kafka timestamp; for an archive the time of reading */
    int64_t clock_us;       /* the reader's clock, which stamps are held against; 0: against none */
    struct tw_text payload; /* empty with has_value = false: a record without value */
    struct tw_text key;
    const struct tw_header *headers;
    uint32_t header_count;
    bool has_value;
};

enum tw_time_source {
    TW_TIME_PAYLOAD, /* a field of the message */
    TW_TIME_HEADER,  /* a Kafka header of the same name */
    TW_TIME_KAFKA,   /* the record's Kafka stamp, for want of anything better */
};

/* What became of a message. Exactly one of these holds for each. */
enum tw_fate {
    TW_FATE_STORED,      /* a document, and its scores */
    TW_FATE_DEAD_LETTER, /* could not be used: `refusal` says why; its raw bytes are kept */
    TW_FATE_TICK,        /* a record without value and with header tw-time: moves watermark and offset only */
    TW_FATE_TOMBSTONE,   /* a record without value, or a change event that deletes: moves the offset only */
};

/* Does the fate leave nothing in the database but the offset moved past it? */
static inline bool tw_fate_stores_nothing(enum tw_fate fate)
{
    return fate == TW_FATE_TICK || fate == TW_FATE_TOMBSTONE;
}

/* What of a message was not as expected and was read for what it plainly is, or left out: one bit each in
 * tw_document.repaired, one label each of tapewatch_decode_repairs_total (tw_repair_names, decode.h). */
enum tw_repair {
    TW_REPAIR_BYTES, /* NULs, lone surrogates, broken UTF-8, a BOM */
    TW_REPAIR_JSON,  /* values that JSON does not know: NaN, huge numbers, wrong escapes, endless nesting */
    TW_REPAIR_ID,
    TW_REPAIR_TIME,
    TW_REPAIR_TITLE,
    TW_REPAIR_BODY,
    TW_REPAIR_SOURCE,
    TW_REPAIR_LANGUAGE,
    TW_REPAIR_SYMBOLS,
    TW_REPAIRS
};

/* One mention of an entity in the cleaned text; symbol NULL-terminated nowhere, owned by automaton or
 * arena. */
struct tw_mention {
    uint32_t entity; /* index into tw_document.entities */
    uint32_t begin;  /* bytes into the cleaned text; begin == end for one named by `symbols` alone */
    uint32_t end;
};

/* An entity linked to a document. */
struct tw_linked_entity {
    struct tw_text symbol;
    struct tw_text name; /* first name of the entities file; the symbol itself when unlisted */
    bool listed;
    uint32_t mentions; /* times it is mentioned, at least 1 */
};

/* Something that the text says has happened (events.h). */
struct tw_event {
    uint32_t type;       /* of the taxonomy */
    uint32_t entity;     /* index into tw_document.entities, or TW_EVENT_OF_NOBODY */
    uint32_t begin, end; /* bytes of the cleaned text that say so */
};

#define TW_EVENT_OF_NOBODY UINT32_MAX

/* Probabilities by sentiment, and the integer that is summed: round half to even of
 * 10,000 x (P(positive) - P(negative)). */
struct tw_score {
    float negative;
    float neutral;
    float positive;
    int32_t sentiment;
};

/* What the model reads at once of a text that is longer than one window (score/text_windows.h). */
struct tw_text_window {
    uint32_t begin, end;               /* bytes of the cleaned text */
    uint32_t first_token, token_count; /* of tw_document.tokens, [CLS] and [SEP] included */
};

/* Where a window speaks of an entity: tokens [begin, end), counted from the window's first one. */
struct tw_text_span {
    uint32_t window, reading; /* indices into tw_document.windows and .readings */
    uint32_t begin, end;
};

/* What the model reads of one entity, tokens [begin, end), the first of them where windows name it more than
 * once; and what its head for entities says of it. */
struct tw_reading {
    uint32_t begin, end;
    struct tw_score score;
};

struct tw_document {
    const struct tw_message *message;
    enum tw_fate fate;
    /* Of a dead letter: code TW_REFUSED, what, where in the message, cure. Of a document that PostgreSQL has
     * refused, what it said, once that is known to be committed (store/commit.h). */
    struct tw_error *refusal;

    struct tw_text id; /* empty when the message has none */
    struct tw_text title;
    struct tw_text body;
    struct tw_text source;
    uint32_t source_weight; /* how much it counts, and the name of the list that says so */
    uint32_t source_name;   /* (link/source_weights.h) */
    struct tw_text language;
    const struct tw_text *symbols;
    uint32_t symbol_count;
    int64_t event_us;
    enum tw_time_source time_source;
    bool moves_watermark;  /* false of a document or a tick: its time lies too far ahead (decode.h) */
    bool time_is_doubtful; /* it was a number and lies before 1990: most likely in another unit */
    /* Why a time that stands in the message is not its time, and the cure, as one line; NULL: none was
     * passed over. */
    const char *time_unread;
    uint32_t repairs;  /* pieces of bytes and values mended */
    uint32_t repaired; /* 1 << enum tw_repair for what was mended */

    struct tw_text text;   /* cleaned: title, one space, body */
    uint32_t title_length; /* bytes of `text` that are title */

    const struct tw_linked_entity *entities; /* sorted by symbol, each once */
    uint32_t entity_count;
    const struct tw_mention *mentions; /* in order of begin, never overlapping */
    uint32_t mention_count;
    uint32_t links_dropped;   /* mentions beyond what one document may hold (link.h) */
    uint32_t symbols_unknown; /* of `symbols`: those that name nobody */

    const struct tw_event *events; /* in order of begin; each type once for each entity */
    uint32_t event_count;
    uint32_t events_dropped; /* matches beyond what a sentence, events beyond what a document may hold */

    struct tw_text
        sketch; /* by which it is filed with its story (stories/sketch.h); empty: it is not to be */

    const int32_t *tokens;                     /* ids with [CLS] and [SEP] */
    const uint32_t *token_begins, *token_ends; /* the bytes of `text` that each stands for; NULL: not told */
    uint32_t token_count;
    bool truncated;      /* the model did not read all of `text` */
    uint32_t read_bytes; /* bytes of `text` that it read */
    /* Of a text that is longer than one window, which all tokens are otherwise: in the order of the text, the
     * first is the title; their tokens stand end to end. None: the text is one window. */
    const struct tw_text_window *windows;
    uint32_t window_count;
    const struct tw_text_span *spans; /* in the order of their windows */
    uint32_t span_count;

    struct tw_score score;
    bool cached; /* scores are those of an equal text before it (score/score_cache.h) */
    /* One for each entity to be scored (entities, or those that a record names); none when the model has no
     * head for them: then an entity's score is the document's. */
    struct tw_reading *readings;
    uint32_t reading_count;
};

#endif
