#include "read/decode.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "clean/clean.h"
#include "clean/utf8.h"
#include "read/dynamodb.h"
#include "read/event_time.h"
#include "read/json_text.h"
#include "read/listed_symbols.h"
#include "read/message_headers.h"
#include "read/plain.h"
#include "read/split_symbols.h"
#include "read/time_fields.h"
#include "read/wrapped.h"
#include "timestamps/time_text.h"

/* How far a stamp may lie beyond the reader's clock and still be followed by the watermark. */
#define DAY_US (INT64_C(86400) * 1000000)

static const char cure_message[] = "send one JSON object a message";

const char *const tw_repair_names[TW_REPAIRS] = {
    "bytes", "json", "id", "time", "title", "body", "source", "language", "symbols"};

#define NAMES(list)                                                                                          \
    {                                                                                                        \
        list, sizeof(list) / sizeof((list)[0])                                                               \
    }

struct tw_decode_options tw_decode_defaults(void)
{
    static const char *const id[] = {"id"};
    static const char *const time[] = {
        "ts", "time", "timestamp", "published_at", "publishedAt", "created_at"};
    static const char *const title[] = {"title", "headline"};
    static const char *const body[] = {"body", "text", "content"};
    static const char *const source[] = {"source"};
    static const char *const language[] = {"language", "lang"};
    static const char *const symbols[] = {"symbols", "tickers"};
    return (struct tw_decode_options){
        .id = NAMES(id),
        .time = NAMES(time),
        .title = NAMES(title),
        .body = NAMES(body),
        .source = NAMES(source),
        .language = NAMES(language),
        .symbols = NAMES(symbols),
        .feed_letters = tw_feed_letters(),
        .envelope = TW_ENVELOPE_AUTO,
        .time_unit = TW_UNIT_AUTO,
        .max_ahead_us = DAY_US,
        .watermark_ahead_us = INT64_C(60) * 1000000,
        .max_payload_bytes = (size_t)4 << 20,
    };
}

enum field { ID, TIME, TITLE, BODY, SOURCE, LANGUAGE, SYMBOLS, FIELDS };
_Static_assert((int)FIELDS <= (int)TW_FIELD_LISTS_MOST, "tw_fields_find has room for that many lists");

/* The values of an object's fields, by the names that they go by. */
struct found {
    json_t *object;   /* NULL: there is none, and no value is written */
    uint32_t letters; /* that its members begin with (fields.h) */
    const json_t *values[FIELDS][TW_FIELD_NAMES_MOST];
};

/* What one decode works with, so that each step has one parameter. */
struct decoding {
    const struct tw_decode_options *options;
    const struct tw_name_list *lists[FIELDS]; /* of the options */
    struct tw_name_list language;             /* with the feeds' names behind them */
    const char *language_names[TW_FIELD_NAMES_MOST];
    const struct tw_message *message;
    struct tw_arena *arena;
    struct tw_document *document;
    struct found fields;                     /* of the object that holds the text */
    struct found outer;                      /* of an envelope whose fields stand in for missing ones */
    const struct tw_decode_witness *witness; /* or NULL */
    struct tw_error *err;
};

/* Most messages have no language: its other names are looked for with the first, not after them. */
static void list_languages(const struct tw_name_list *own, struct decoding *decoding)
{
    static const char *const others[] = {"langs", "language_code"};
    enum { OTHERS = sizeof others / sizeof others[0] };
    decoding->lists[LANGUAGE] = own;
    if (own->count + OTHERS > TW_FIELD_NAMES_MOST)
        return;
    memcpy(decoding->language_names, own->names, own->count * sizeof *own->names);
    memcpy(decoding->language_names + own->count, others, sizeof others);
    decoding->language = (struct tw_name_list){decoding->language_names, own->count + OTHERS};
    decoding->lists[LANGUAGE] = &decoding->language;
}

static void list_names(const struct tw_decode_options *options, struct decoding *decoding)
{
    const struct tw_name_list **lists = decoding->lists;
    lists[ID] = &options->id;
    lists[TIME] = &options->time;
    lists[TITLE] = &options->title;
    lists[BODY] = &options->body;
    lists[SOURCE] = &options->source;
    list_languages(&options->language, decoding);
    lists[SYMBOLS] = &options->symbols;
}

static void find_fields(struct decoding *decoding, json_t *object, struct found *found)
{
    found->object = object;
    if (object)
        found->letters = tw_fields_find(object, decoding->lists, FIELDS, found->values);
}

/* Adds what the object has under a feed's names for a field; most have no member with their letters. */
static void add_feed_values(const struct decoding *decoding, const struct found *found,
    enum tw_feed_field field, struct tw_feed_values *out)
{
    const struct tw_feed_letters *letters = &decoding->options->feed_letters;
    if (found->object && found->letters & letters->of[field])
        tw_feed_values_add(found->object, letters, field, out);
}

static void count_repair(const struct decoding *decoding, enum tw_repair what, uint32_t pieces)
{
    if (pieces == 0)
        return;
    decoding->document->repairs += pieces;
    decoding->document->repaired |= UINT32_C(1) << what;
}

/* Names are gone through twice: for the fields, then for the envelope. */
static uint32_t name_count(const struct decoding *decoding, enum field field)
{
    return (decoding->outer.object ? 2 : 1) * decoding->lists[field]->count;
}

static const char *nth_name(const struct tw_name_list *list, uint32_t nth)
{
    return list->names[nth < list->count ? nth : nth - list->count];
}

/* The value of the nth name: first of all names in the fields, then of all names in the envelope; NULL when
 * there is none. */
static const json_t *nth_value(const struct decoding *decoding, enum field field, uint32_t nth)
{
    const struct tw_name_list *list = decoding->lists[field];
    const struct found *found = nth < list->count ? &decoding->fields : &decoding->outer;
    uint32_t name = nth < list->count ? nth : nth - list->count;
    if (name < TW_FIELD_NAMES_MOST)
        return found->values[field][name];
    const json_t *value = json_object_get(found->object, list->names[name]);
    return value && !json_is_null(value) ? value : NULL;
}

static bool keep(const struct decoding *decoding, struct tw_text from, struct tw_text *to)
{
    *to = tw_arena_copy(decoding->arena, from);
    return to->bytes ? true : tw_arena_fail(decoding->arena, decoding->err);
}

/* A header's bytes are mended as text is: a header may hold anything. */
static bool keep_header(const struct decoding *decoding, const struct tw_header *header, struct tw_text *to)
{
    uint32_t repairs = 0;
    struct tw_text mended = tw_text_repair(header->value, decoding->arena, &repairs);
    if (!mended.bytes && header->value.length)
        return tw_arena_fail(decoding->arena, decoding->err);
    count_repair(decoding, TW_REPAIR_BYTES, repairs);
    return keep(decoding, mended, to);
}

/* ---- texts ---- */

/* How a field of text is read. */
struct text_field {
    enum field field;
    enum tw_repair repair;
    bool joined;           /* an array of texts is one text */
    bool numbers_are_fine; /* a number is no repair */
};

/* One value as a text; empty when it says nothing. False when the arena is full. */
static bool read_text(
    const struct decoding *decoding, const struct text_field *field, const json_t *value, struct tw_text *out)
{
    *out = (struct tw_text){"", 0};
    enum tw_plain plain = tw_plain_text(value, tw_plain_names, decoding->arena, out);
    if (plain == TW_PLAIN_FULL)
        return tw_arena_fail(decoding->arena, decoding->err);
    if (plain == TW_PLAIN_NONE && field->joined && !tw_plain_join(value, decoding->arena, out))
        return tw_arena_fail(decoding->arena, decoding->err);
    bool as_expected = plain == TW_PLAIN_TEXT || (field->numbers_are_fine && json_is_integer(value));
    count_repair(decoding, field->repair, !as_expected);
    return true;
}

/* Is nothing of it seen: white space of any script, fillers, empty markup ("<p></p>", "&nbsp;")? Short texts
 * alone are tried. */
static bool shows_nothing(const struct decoding *decoding, struct tw_text text)
{
    enum { MOST = 256 };
    size_t at = 0, mark = tw_arena_mark(decoding->arena);
    while (at < text.length && (unsigned char)text.bytes[at] <= ' ')
        at++;
    if (at == text.length)
        return true;
    unsigned char first = (unsigned char)text.bytes[at];
    if (text.length > MOST || (first != '<' && first != '&' && first < 0x80))
        return false;
    struct tw_text cleaned = tw_clean_text(text, decoding->arena);
    tw_arena_rewind(decoding->arena, mark);
    return cleaned.bytes && cleaned.length == 0;
}

/* The first name with words; with nothing but markup when no other has any. */
static bool take_text(const struct decoding *decoding, const struct text_field *field, struct tw_text *to)
{
    struct tw_text unseen = {"", 0};
    /* An envelope's own words are no title and no body. */
    uint32_t count =
        field->joined ? decoding->lists[field->field]->count : name_count(decoding, field->field);
    for (uint32_t nth = 0; nth < count; nth++) {
        const json_t *value = nth_value(decoding, field->field, nth);
        struct tw_text text;
        if (!value)
            continue;
        if (!read_text(decoding, field, value, &text))
            return false;
        if (!field->joined ? !tw_text_is_blank(text) : !shows_nothing(decoding, text))
            return keep(decoding, text, to);
        unseen = tw_text_is_blank(unseen) ? text : unseen;
    }
    const struct tw_header *header = tw_message_header_of(decoding->message, decoding->lists[field->field]);
    if (header)
        return keep_header(decoding, header, to);
    return tw_text_is_blank(unseen) || keep(decoding, unseen, to);
}

/* ---- symbols ---- */

/* Several fields may list symbols; the first that names one counts. */
static bool take_symbols_of(const struct decoding *decoding, const json_t *value, enum tw_listed kind)
{
    struct tw_document *document = decoding->document;
    struct tw_symbol_list_read listed;
    if (document->symbol_count > 0)
        return true;
    if (!tw_listed_symbols(value, kind, decoding->arena, &listed, decoding->err))
        return false;
    count_repair(decoding, TW_REPAIR_SYMBOLS, listed.repairs);
    document->symbols = listed.symbols;
    document->symbol_count = listed.count;
    return true;
}

static bool take_symbols_of_feeds(
    const struct decoding *decoding, enum tw_feed_field field, enum tw_listed kind)
{
    struct tw_feed_values others;
    others.count = 0;
    if (decoding->document->symbol_count > 0)
        return true;
    add_feed_values(decoding, &decoding->fields, field, &others);
    for (uint32_t nth = 0; nth < others.count; nth++)
        if (!take_symbols_of(decoding, others.values[nth], kind))
            return false;
    return true;
}

static bool take_symbols(const struct decoding *decoding)
{
    struct tw_document *document = decoding->document;
    for (uint32_t nth = 0; nth < name_count(decoding, SYMBOLS); nth++) {
        const json_t *value = nth_value(decoding, SYMBOLS, nth);
        if (value && !take_symbols_of(decoding, value, TW_LISTED_SYMBOLS))
            return false;
    }
    const struct tw_header *header =
        document->symbol_count ? NULL : tw_message_header_of(decoding->message, decoding->lists[SYMBOLS]);
    struct tw_text text = {"", 0};
    if (header &&
        (!keep_header(decoding, header, &text) || !tw_split_symbols(decoding->arena, text, &document->symbols,
                                                      &document->symbol_count, decoding->err)))
        return false;
    return take_symbols_of_feeds(decoding, TW_FEED_SYMBOLS, TW_LISTED_SYMBOLS) &&
           take_symbols_of_feeds(decoding, TW_FEED_COMPANIES, TW_LISTED_COMPANIES);
}

/* ---- event time ---- */

static int64_t later(int64_t time_us, int64_t by_us)
{
    int64_t sum_us;
    return __builtin_add_overflow(time_us, by_us, &sum_us) ? INT64_MAX : sum_us;
}

/* May the watermark follow this time? Decided here, by what came with the record, and stored with it. */
static bool may_move_watermark(const struct decoding *decoding)
{
    const struct tw_message *message = decoding->message;
    bool stamp_is_sound = message->clock_us == 0 || message->stamp_us <= later(message->clock_us, DAY_US);
    return stamp_is_sound &&
           decoding->document->event_us <= later(message->stamp_us, decoding->options->watermark_ahead_us);
}

/* The span in which an event time is believed (contracts, "A message"). */
static bool check_time(const struct decoding *decoding, int64_t event_us, struct tw_error *err)
{
    int64_t latest_us = later(decoding->message->stamp_us, decoding->options->max_ahead_us);
    if (event_us >= 0 && event_us < TW_TIMES_END_US && event_us <= latest_us)
        return true;
    char event[TW_TIME_TEXT_BYTES];
    tw_time_text(event_us, event);
    if (event_us < 0)
        return tw_fail(err, TW_REFUSED, NULL, "check the sender's clock and decode.time_unit",
            "%s lies before 1970-01-01", event);
    if (event_us >= TW_TIMES_END_US)
        return tw_fail(err, TW_REFUSED, NULL, "check the sender's clock and decode.time_unit",
            "%s lies after the year 9999", event);
    return tw_fail(err, TW_REFUSED, NULL,
        "check the sender's clock and decode.time_unit, or raise time.max_ahead",
        "%s is later than the record's stamp by more than time.max_ahead", event);
}

static bool fail_in_field(const struct decoding *decoding, const char *kind, const char *name)
{
    char where[128];
    snprintf(where, sizeof where, "%s %.100s", kind, name);
    return tw_error_in(decoding->err, where);
}

/* One value as a time. A clock alone counts with the day that stands beside it; *clock: it was one. */
static enum tw_event_time read_time(
    const struct decoding *decoding, const json_t *value, json_t *object, bool *clock, struct tw_error *why)
{
    const struct tw_event_time_options reading = {decoding->options->time_unit, &decoding->options->clocks};
    struct tw_document *document = decoding->document;
    char joined[TW_TIME_FIELDS_BYTES];
    *clock = tw_time_fields_is_clock(value) && tw_time_fields_join(object, joined);
    if (!*clock)
        return tw_event_time_of(value, &reading, &document->event_us, &document->time_is_doubtful, why);
    return tw_event_time_of_text(
               tw_text_of(joined), &reading, &document->event_us, &document->time_is_doubtful, why)
               ? TW_EVENT_TIME_READ
               : TW_EVENT_TIME_REFUSED;
}

/* Of several fields with a time the first that can be read counts; when none can, the first one's refusal
 * stands, which *clock says is one of a clock. */
static bool take_time_field(const struct decoding *decoding, bool *found, bool *clock)
{
    const struct tw_name_list *names = decoding->lists[TIME];
    struct tw_document *document = decoding->document;
    struct tw_error first, why;
    first.code = TW_OK;
    for (uint32_t nth = 0; nth < name_count(decoding, TIME); nth++) {
        const json_t *value = nth_value(decoding, TIME, nth);
        json_t *object = nth < names->count ? decoding->fields.object : decoding->outer.object;
        bool is_clock = false;
        enum tw_event_time read =
            value ? read_time(decoding, value, object, &is_clock, &why) : TW_EVENT_TIME_NONE;
        count_repair(decoding, TW_REPAIR_TIME, value && read != TW_EVENT_TIME_READ);
        if (read == TW_EVENT_TIME_READ) {
            *found = true;
            document->time_source = TW_TIME_PAYLOAD;
            return check_time(decoding, document->event_us, decoding->err) ||
                   fail_in_field(decoding, "field", nth_name(names, nth));
        }
        if (read == TW_EVENT_TIME_REFUSED && first.code == TW_OK) {
            first = why;
            *clock = is_clock;
            char where[128];
            snprintf(where, sizeof where, "field %.100s", nth_name(names, nth));
            tw_error_in(&first, where);
        }
    }
    if (first.code == TW_OK)
        return true;
    *decoding->err = first;
    return false;
}

/* A time that stands in the message and is not used, the first of them, is kept with its reason and cure. */
static void keep_unread(const struct decoding *decoding, const struct tw_error *why)
{
    char line[TW_TIME_UNREAD_BYTES];
    if (decoding->document->time_unread)
        return;
    tw_error_line(why, line, sizeof line);
    decoding->document->time_unread = tw_arena_copy(decoding->arena, tw_text_of(line)).bytes;
}

/* Is it a time that may be believed? *why: why it cannot be read. */
static bool believe_time(const struct decoding *decoding, enum tw_event_time read, struct tw_error *why)
{
    bool believed = read == TW_EVENT_TIME_READ && check_time(decoding, decoding->document->event_us, why);
    count_repair(decoding, TW_REPAIR_TIME, !believed);
    if (!believed && read != TW_EVENT_TIME_NONE)
        keep_unread(decoding, why);
    if (!believed)
        return false;
    decoding->document->time_source = TW_TIME_PAYLOAD;
    decoding->document->time_unread = NULL;
    return true;
}

/* A time under a name that nobody knows: one that speaks of publication is taken, others are told of. */
static bool take_unknown_time(const struct decoding *decoding, const struct tw_event_time_options *reading)
{
    struct tw_document *document = decoding->document;
    int64_t latest_us = later(decoding->message->stamp_us, decoding->options->max_ahead_us);
    struct tw_error why;
    if (tw_time_fields_published(decoding->fields.object, reading, latest_us, &document->event_us))
        return believe_time(decoding, TW_EVENT_TIME_READ, &why);
    bool naive = false;
    const char *name = tw_time_fields_unknown(decoding->fields.object, reading, latest_us, &naive);
    count_repair(decoding, TW_REPAIR_TIME, name != NULL);
    if (name) {
        char cure[160];
        snprintf(cure, sizeof cure, "if it is when the text came out, set decode.time: [%.64s]%s", name,
            naive ? " and decode.time_zone" : "");
        tw_fail(&why, TW_REFUSED, NULL, cure, "field %.64s holds a time, and its name is not known", name);
        keep_unread(decoding, &why);
    }
    return false;
}

/* A time by another name, or in two fields; one that cannot be read or believed is none. What stands under
 * a name that nobody knows is counted: it may be the time. */
static bool take_other_time(const struct decoding *decoding)
{
    const struct tw_decode_options *options = decoding->options;
    const struct tw_event_time_options reading = {options->time_unit, &options->clocks};
    struct tw_document *document = decoding->document;
    json_t *object = decoding->fields.object;
    struct tw_feed_values others;
    others.count = 0;
    struct tw_error why;
    char joined[TW_TIME_FIELDS_BYTES];
    const json_t *day = tw_time_fields_join(object, joined);
    if (day) {
        bool read = tw_event_time_of_text(
            tw_text_of(joined), &reading, &document->event_us, &document->time_is_doubtful, &why);
        if (believe_time(decoding, read ? TW_EVENT_TIME_READ : TW_EVENT_TIME_REFUSED, &why))
            return true;
    }
    if (tw_time_fields_utc(object, decoding->lists[TIME], &document->event_us) &&
        believe_time(decoding, TW_EVENT_TIME_READ, &why))
        return true;
    add_feed_values(decoding, &decoding->fields, TW_FEED_TIME, &others);
    add_feed_values(decoding, &decoding->outer, TW_FEED_TIME, &others);
    json_t *about[] = {tw_time_fields_about(object), tw_time_fields_about(decoding->outer.object)};
    for (size_t at = 0; at < sizeof about / sizeof about[0]; at++) {
        tw_feed_values_add_named(about[at], decoding->lists[TIME], &others);
        tw_feed_values_add(about[at], &options->feed_letters, TW_FEED_TIME, &others);
    }
    for (uint32_t nth = 0; nth < others.count; nth++)
        if (others.values[nth] != day && believe_time(decoding,
                                             tw_event_time_of(others.values[nth], &reading,
                                                 &document->event_us, &document->time_is_doubtful, &why),
                                             &why))
            return true;
    document->time_is_doubtful = false;
    return take_unknown_time(decoding, &reading);
}

static bool take_time(const struct decoding *decoding)
{
    const struct tw_decode_options *options = decoding->options;
    struct tw_document *document = decoding->document;
    bool found = false, clock = false;
    bool taken = take_time_field(decoding, &found, &clock);
    if (found)
        return taken;
    if (!taken)
        return clock && take_other_time(decoding); /* "time": "14:31" beside a "dateTime" that is whole */
    const struct tw_header *header = tw_message_header_of(decoding->message, &options->time);
    if (header && !tw_event_time_says_none(header->value)) {
        document->time_source = TW_TIME_HEADER;
        const struct tw_event_time_options reading = {options->time_unit, &options->clocks};
        if (tw_event_time_of_text(
                header->value, &reading, &document->event_us, &document->time_is_doubtful, decoding->err) &&
            check_time(decoding, document->event_us, decoding->err))
            return true;
        char name[104];
        snprintf(name, sizeof name, "%.*s", (int)(header->name.length < 100 ? header->name.length : 100),
            header->name.bytes);
        return fail_in_field(decoding, "header", name);
    }
    if (take_other_time(decoding))
        return true;
    document->event_us = decoding->message->stamp_us;
    document->time_source = TW_TIME_KAFKA;
    if (document->event_us < 0)
        return tw_fail(decoding->err, TW_REFUSED, "field ts", "send a time with each message",
            "the message has no time and its record no stamp");
    return check_time(decoding, document->event_us, decoding->err) ||
           tw_error_in(decoding->err, "the record's stamp");
}

/* ---- the message ---- */

static bool fail_no_text(const struct decoding *decoding)
{
    static const char what[] = "no text: neither title nor body holds any";
    const struct tw_decode_options *options = decoding->options;
    const struct tw_name_list *lists[] = {&options->title, &options->body, &options->id, &options->time,
        &options->source, &options->language, &options->symbols};
    const char *names[128];
    size_t count = 0, text_count = 0;
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++) {
        for (uint32_t name = 0; name < lists[list]->count && count < sizeof names / sizeof names[0]; name++)
            names[count++] = lists[list]->names[name];
        text_count = list < 2 ? count : text_count;
    }
    struct tw_envelope_hint hint;
    if (!tw_envelope_hint(decoding->fields.object, names, text_count, count, &hint))
        return tw_fail(decoding->err, TW_REFUSED, NULL,
            "send a title or a body, or name their fields under decode", "%s", what);
    if (hint.several)
        return tw_wrapped_fail_several(
            "no text: neither title nor body holds any, but", hint.path, decoding->err);
    char cure[200];
    snprintf(cure, sizeof cure,
        hint.is_words ? "set decode.body: [%.100s], or send a title or a body" : "set decode.root: %.100s",
        hint.path);
    return tw_fail(decoding->err, TW_REFUSED, NULL, cure,
        hint.is_words ? "%s, but field %.100s holds words" : "%s, but field %.100s does", what, hint.path);
}

/* A text by another name, where its own names hold nothing; of a title or body only that of the fields. */
static bool take_other_text(const struct decoding *decoding, const struct text_field *field,
    enum tw_feed_field names, struct tw_text *to)
{
    struct tw_feed_values others;
    others.count = 0;
    if (!tw_text_is_blank(*to))
        return true;
    add_feed_values(decoding, &decoding->fields, names, &others);
    if (!field->joined)
        add_feed_values(decoding, &decoding->outer, names, &others);
    for (uint32_t nth = 0; nth < others.count; nth++) {
        struct tw_text text;
        if (!read_text(decoding, field, others.values[nth], &text))
            return false;
        if (!shows_nothing(decoding, text))
            return keep(decoding, text, to);
    }
    return true;
}

/* A title has its other names where the body has none of its own. */
static bool take_texts(const struct decoding *decoding)
{
    struct tw_document *document = decoding->document;
    const struct text_field id = {ID, TW_REPAIR_ID, false, true};
    const struct text_field title = {TITLE, TW_REPAIR_TITLE, true, false};
    const struct text_field body = {BODY, TW_REPAIR_BODY, true, false};
    const struct text_field source = {SOURCE, TW_REPAIR_SOURCE, false, false};
    const struct text_field language = {LANGUAGE, TW_REPAIR_LANGUAGE, false, false};
    if (!take_text(decoding, &id, &document->id) || !take_text(decoding, &title, &document->title) ||
        !take_text(decoding, &body, &document->body) || !take_text(decoding, &source, &document->source) ||
        !take_text(decoding, &language, &document->language))
        return false;
    if (tw_text_is_blank(document->body) &&
        (!take_other_text(decoding, &body, TW_FEED_BODY, &document->body) ||
            !take_other_text(decoding, &title, TW_FEED_TITLE, &document->title)))
        return false;
    return take_other_text(decoding, &id, TW_FEED_ID, &document->id) &&
           take_other_text(decoding, &source, TW_FEED_SOURCE, &document->source);
}

/* Bytes of another encoding were mended to nothing: they are no text. */
static bool check_readable(const struct decoding *decoding)
{
    const struct tw_document *document = decoding->document;
    return !(document->repaired >> TW_REPAIR_BYTES & 1) ||
           (tw_text_check_readable(document->title, decoding->err) &&
               tw_text_check_readable(document->body, decoding->err));
}

static bool take_fields(const struct decoding *decoding)
{
    if (!take_time(decoding) || !take_texts(decoding) || !take_symbols(decoding) || !check_readable(decoding))
        return false;
    if (!tw_text_is_blank(decoding->document->body))
        return true;
    const struct tw_wrapped_names names = {decoding->lists[TITLE], decoding->lists[BODY]};
    return tw_text_is_blank(decoding->document->title)
               ? fail_no_text(decoding)
               : !tw_wrapped_is_feed(decoding->fields.object, &names, decoding->err);
}

/* Do the fields have a text as it should be? Then the object that holds them is no envelope, but where the
 * text is JSON (SQS's body), or the beginning of a longer one. */
static bool has_text(const struct decoding *decoding)
{
    static const enum field fields[] = {TITLE, BODY};
    for (size_t at = 0; at < sizeof fields / sizeof fields[0]; at++)
        for (uint32_t name = 0; name < decoding->lists[fields[at]]->count; name++) {
            const json_t *value = nth_value(decoding, fields[at], name);
            if (json_is_string(value) && json_string_length(value))
                return json_string_value(value)[0] != '{' &&
                       /* a tweet has many members: others are not searched */
                       !(json_object_size(decoding->fields.object) > 5 &&
                           tw_wrapped_longer_tweet(decoding->fields.object));
        }
    return false;
}

static void become_tombstone(struct tw_document *document)
{
    document->fate = TW_FATE_TOMBSTONE;
    document->moves_watermark = false;
}

/* The fields of what the envelope holds; the document is a tombstone when it says that the record was
 * deleted. */
static bool decode_contents(struct decoding *decoding, const struct tw_envelope_contents *contents)
{
    if (!contents->fields) {
        become_tombstone(decoding->document);
        return true;
    }
    if (tw_wrapped_is_table(contents->fields, decoding->err))
        return false;
    if (contents->fields != decoding->fields.object)
        find_fields(decoding, contents->fields, &decoding->fields);
    find_fields(decoding, contents->outer, &decoding->outer);
    bool taken = take_fields(decoding);
    decoding->document->moves_watermark = taken && may_move_watermark(decoding);
    return taken;
}

static bool decode_object(struct decoding *decoding, json_t *object)
{
    const struct tw_decode_options *options = decoding->options;
    struct tw_envelope_contents contents;
    enum tw_envelope kind = options->envelope;
    tw_dynamodb_open(object);
    find_fields(decoding, object, &decoding->fields);
    const struct tw_wrapped_names names = {&options->title, &options->body};
    if (kind == TW_ENVELOPE_AUTO && !tw_envelope_says_deleted(object) && has_text(decoding))
        kind = TW_ENVELOPE_NONE;
    bool wrapped = kind != TW_ENVELOPE_NONE && !(options->root && *options->root);
    bool decoded = tw_envelope_open(object, kind, options->root, decoding->arena, &contents, decoding->err);
    if (decoded && wrapped && tw_wrapped_says_deleted(object))
        contents.fields = NULL;
    decoded = decoded && (!wrapped || tw_wrapped_open(&names, decoding->arena, &contents, decoding->err)) &&
              decode_contents(decoding, &contents);
    const struct tw_decode_witness *witness = decoded && contents.fields ? decoding->witness : NULL;
    if (witness)
        decoded = witness->see(witness->self, contents.fields, contents.fields != object ? object : NULL,
            decoding->arena, decoding->err);
    tw_envelope_close(&contents);
    return decoded;
}

/* The object in a text, in place of the text; the text stays when there is none in it. */
static bool read_text_of_json(const struct decoding *decoding, json_t **value)
{
    struct tw_text text = {json_string_value(*value), json_string_length(*value)};
    struct tw_json_repairs repairs = {0};
    json_t *inner = NULL;
    struct tw_error why;
    size_t blanks = strspn(text.bytes, " \t\r\n");
    if (text.bytes[blanks] != '{')
        return true;
    if (!tw_json_read(text, decoding->arena, &inner, &repairs, &why)) {
        bool refused = why.code == TW_REFUSED;
        if (!refused) {
            *decoding->err = why;
            json_decref(*value);
        }
        return refused;
    }
    count_repair(decoding, TW_REPAIR_JSON, 1);
    json_decref(*value);
    *value = inner;
    return true;
}

static bool decode_value(struct decoding *decoding)
{
    const struct tw_message *message = decoding->message;
    size_t most = decoding->options->max_payload_bytes;
    struct tw_error *err = decoding->err;
    struct tw_text bytes;
    if (message->payload.length > most)
        return tw_fail(err, TW_REFUSED, NULL, "send it in parts, or raise decode.most_bytes",
            "the message has %zu bytes, %zu are allowed", message->payload.length, most);
    if (!tw_envelope_open_bytes(message->payload, most, decoding->arena, &bytes, err))
        return false;
    json_t *value = NULL;
    struct tw_json_repairs repairs = {0};
    if (!tw_json_read(bytes, decoding->arena, &value, &repairs, err))
        return false;
    count_repair(decoding, TW_REPAIR_BYTES, repairs.text);
    count_repair(decoding, TW_REPAIR_JSON, repairs.values);
    /* A message that was written as JSON twice is an object in a text. */
    if (json_is_string(value) && !read_text_of_json(decoding, &value))
        return false;
    json_t *only =
        json_array_size(value) == 1 ? json_array_get(value, 0) : value; /* [{..}], as sockets send */
    bool decoded = json_is_object(only) ? decode_object(decoding, only)
                                        : tw_fail(err, TW_REFUSED, NULL, cure_message,
                                              "the message is %s, not an object", tw_json_type_name(value));
    json_decref(value);
    return decoded;
}

/* A record without value: a tick when it says so, else the mark that a key was deleted. */
static bool decode_tick(const struct decoding *decoding)
{
    const struct tw_header *header = tw_message_header(decoding->message, tw_text_of("tw-time"));
    struct tw_document *document = decoding->document;
    if (!header) {
        become_tombstone(document);
        return true;
    }
    const struct tw_event_time_options reading = {TW_UNIT_MICROSECONDS, NULL};
    bool doubtful;
    if (!tw_event_time_of_text(header->value, &reading, &document->event_us, &doubtful, decoding->err) ||
        !check_time(decoding, document->event_us, decoding->err))
        return tw_error_in(decoding->err, "header tw-time");
    document->fate = TW_FATE_TICK;
    document->time_source = TW_TIME_HEADER;
    document->moves_watermark = may_move_watermark(decoding);
    return true;
}

bool tw_document_refuse(
    struct tw_document *document, const struct tw_error *why, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_error *refusal = tw_arena_take(arena, sizeof *refusal);
    if (!refusal)
        return tw_arena_fail(arena, err);
    *refusal = *why;
    document->fate = TW_FATE_DEAD_LETTER;
    document->refusal = refusal;
    document->moves_watermark = false;
    return true;
}

bool tw_decode(const struct tw_decode_options *options, const struct tw_message *message,
    struct tw_arena *arena, struct tw_document *out, struct tw_error *err)
{
    return tw_decode_witnessed(options, message, NULL, arena, out, err);
}

bool tw_decode_witnessed(const struct tw_decode_options *options, const struct tw_message *message,
    const struct tw_decode_witness *witness, struct tw_arena *arena, struct tw_document *out,
    struct tw_error *err)
{
    *out = (struct tw_document){.message = message, .fate = TW_FATE_STORED, .event_us = TW_NO_TIME};
    struct tw_error why;
    struct decoding
        decoding; /* the values found are written as they are found, nothing is set to zero for them */
    decoding.options = options;
    decoding.message = message;
    decoding.arena = arena;
    decoding.document = out;
    decoding.outer.object = NULL;
    decoding.witness = witness;
    decoding.err = &why;
    list_names(options, &decoding);
    if (message->has_value ? decode_value(&decoding) : decode_tick(&decoding))
        return true;
    if (why.code == TW_REFUSED)
        return tw_document_refuse(out, &why, arena, err);
    *err = why;
    return false;
}
