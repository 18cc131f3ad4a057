#include "read/time_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "read/feed_names.h"
#include "timestamps/time_text.h"
#include "timestamps/time_zone.h"

#define YEAR_2000_US INT64_C(946684800000000)

static size_t digits_at(struct tw_text text, size_t at)
{
    size_t count = 0;
    while (tw_text_is_digit(tw_text_byte(text, at + count)))
        count++;
    return count;
}

static struct tw_text trimmed(const json_t *string)
{
    return tw_text_trimmed((struct tw_text){json_string_value(string), json_string_length(string)});
}

/* ---- a clock ---- */

/* Digits of a clock without colons: hhmm, hhmmss. */
static bool is_clock_number(json_int_t value)
{
    bool minutes = value >= 0 && value <= 2359, seconds = value >= 10000 && value <= 235959;
    return (minutes && value % 100 < 60) || (seconds && value / 100 % 100 < 60 && value % 100 < 60);
}

/* "14:31", "T14:31Z", "2:31 PM", "143105"; an hour with a fraction, or a day, is none. */
static bool is_clock_text(struct tw_text text)
{
    size_t at = tw_text_byte(text, 0) == 'T', digits = digits_at(text, at);
    char mark = tw_text_byte(text, at + digits);
    if (mark == ':')
        return digits >= 1 && digits <= 2 && digits_at(text, at + digits + 1) == 2;
    return (digits == 4 || digits == 6) && (mark == '\0' || mark == ' ' || mark == 'Z' || mark == '+');
}

bool tw_time_fields_is_clock(const json_t *value)
{
    return json_is_string(value) ? is_clock_text(trimmed(value))
                                 : json_is_integer(value) && is_clock_number(json_integer_value(value));
}

/* ---- a day and a clock ---- */

/* 2026-11-30T00:00:00.000Z, as databases and data frames show a day: without its midnight. */
static struct tw_text without_midnight(struct tw_text text)
{
    size_t at = 10;
    char mark = tw_text_byte(text, at);
    if (digits_at(text, 0) != 4 || (mark != 'T' && mark != ' '))
        return text;
    while (++at < text.length && strchr("0:.Z+", text.bytes[at]))
        ;
    return at == text.length ? (struct tw_text){text.bytes, 10} : text;
}

/* A day without a clock, as a text: no colon stands in it, and it is no number but YYYYMMDD. */
static bool write_day(const json_t *value, char *to, size_t size)
{
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value))
        return number >= 19000101 && number <= 20991231 &&
               snprintf(to, size, "%" PRId64, (int64_t)number) > 0;
    struct tw_text text = json_is_string(value) ? without_midnight(trimmed(value)) : (struct tw_text){"", 0};
    size_t digits = digits_at(text, 0);
    if (text.length < 6 || text.length >= size || memchr(text.bytes, ':', text.length) ||
        (digits == text.length && digits != 8))
        return false;
    snprintf(to, size, "%.*s", (int)text.length, text.bytes);
    return true;
}

/* The clock with colons. */
static bool write_clock(const json_t *value, char *to, size_t size)
{
    struct tw_text text = json_is_string(value) ? trimmed(value) : (struct tw_text){"", 0};
    char digits[8];
    if (!tw_time_fields_is_clock(value) || text.length >= size)
        return false;
    if (text.length && tw_text_byte(text, 0) == 'T') {
        text.bytes++;
        text.length--;
    }
    size_t count = text.length ? digits_at(text, 0) : 0;
    if (count == 1 || count == 2) {
        snprintf(to, size, "%.*s", (int)text.length, text.bytes);
        return true;
    }
    json_int_t number = json_integer_value(value);
    bool seconds = count == 6 || number >= 10000;
    if (text.length)
        snprintf(digits, sizeof digits, "%.*s", (int)count, text.bytes);
    else
        snprintf(digits, sizeof digits, "%0*d", seconds ? 6 : 4, (int)number);
    snprintf(to, size, "%.2s:%.2s%s%.2s%.*s", digits, digits + 2, seconds ? ":" : "", digits + 4,
        (int)(text.length - count), text.length ? text.bytes + count : "");
    return true;
}

static const json_t *member_of(json_t *object, const char *name)
{
    const uint32_t letter = tw_fields_letter(name);
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        if (letter == tw_fields_letter(json_object_iter_key(at)) &&
            tw_feed_same_name(name, json_object_iter_key(at)))
            return json_object_iter_value(at);
    return NULL;
}

/* Most objects hold no clock, so that no pair need be looked for. */
static bool holds_clock(json_t *object)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        if (tw_time_fields_is_clock(json_object_iter_value(at)))
            return true;
    return false;
}

const json_t *tw_time_fields_join(json_t *object, char joined[TW_TIME_FIELDS_BYTES])
{
    static const char *const pairs[][2] = {{"date", "time"}, {"pubDate", "pubTime"},
        {"publishDate", "publishTime"}, {"publishedDate", "publishedTime"},
        {"publicationDate", "publicationTime"}, {"createdDate", "createdTime"}, {"newsDate", "newsTime"},
        {"releaseDate", "releaseTime"}, {"storyDate", "storyTime"}};
    if (!holds_clock(object))
        return NULL;
    for (size_t pair = 0; pair < sizeof pairs / sizeof pairs[0]; pair++) {
        char day[TW_TIME_FIELDS_BYTES / 2], clock[TW_TIME_FIELDS_BYTES / 2];
        const json_t *value = member_of(object, pairs[pair][0]);
        if (!write_day(value, day, sizeof day) ||
            !write_clock(member_of(object, pairs[pair][1]), clock, sizeof clock))
            continue;
        snprintf(joined, TW_TIME_FIELDS_BYTES, "%s %s", day, clock);
        return value;
    }
    return NULL;
}

json_t *tw_time_fields_about(const json_t *object)
{
    static const char *const names[] = {"meta", "metadata", "header", "_meta"};
    json_t *about = NULL;
    for (size_t name = 0; name < sizeof names / sizeof names[0] && !json_is_object(about); name++)
        about = json_object_get(object, names[name]);
    return json_is_object(about) ? about : NULL;
}

/* ---- names that nobody knows ---- */

/* Does the name hold one of these words, small ones, in whatever case? Asked of each member of a message
 * without a time: most of its letters begin no word. */
static bool holds_word(const char *name, const struct tw_text *words, size_t count)
{
    uint32_t letters = 0;
    for (size_t word = 0; word < count; word++)
        letters |= UINT32_C(1) << (words[word].bytes[0] & 31);
    for (const char *at = name; *at; at++)
        for (size_t word = 0; letters >> (*at & 31) & 1 && word < count; word++)
            if ((*at | 0x20) == words[word].bytes[0] &&
                strncasecmp(at, words[word].bytes, words[word].length) == 0)
                return true;
    return false;
}

static bool ends_with(struct tw_text name, const struct tw_text *ends, size_t count)
{
    for (size_t end = 0; end < count; end++) {
        size_t length = ends[end].length;
        if (name.length > length && name.bytes[name.length - 1] == ends[end].bytes[length - 1] &&
            memcmp(name.bytes + name.length - length, ends[end].bytes, length) == 0)
            return true;
    }
    return false;
}

static bool speaks_of_time(const char *name)
{
    static const struct tw_text words[] = {
        {"date", 4}, {"time", 4}, {"stamp", 5}, {"publish", 7}, {"created", 7}, {"posted", 6}};
    static const struct tw_text ends[] = {
        {"_at", 3}, {"_on", 3}, {"_ts", 3}, {"_ms", 3}, {"At", 2}, {"Ts", 2}};
    return holds_word(name, words, sizeof words / sizeof words[0]) ||
           ends_with(tw_text_of(name), ends, sizeof ends / sizeof ends[0]);
}

/* A time that may be when the message came out. */
static bool is_recent(const json_t *value, const struct tw_event_time_options *reading, int64_t latest_us,
    int64_t *out_us, bool *naive)
{
    bool doubtful;
    struct tw_error why;
    enum tw_event_time read = tw_event_time_of(value, reading, out_us, &doubtful, &why);
    *naive = read == TW_EVENT_TIME_REFUSED && strstr(why.cure, "decode.time_zone");
    return read == TW_EVENT_TIME_READ && *out_us >= YEAR_2000_US && *out_us <= latest_us;
}

const char *tw_time_fields_unknown(
    json_t *object, const struct tw_event_time_options *reading, int64_t latest_us, bool *naive)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        int64_t time_us;
        if (speaks_of_time(json_object_iter_key(at)) &&
            (is_recent(json_object_iter_value(at), reading, latest_us, &time_us, naive) || *naive))
            return json_object_iter_key(at);
    }
    return NULL;
}

/* "published_ts", "datePublication"; no publisher, no id, and nothing that is taken back or made anew. */
static bool speaks_of_publication(const char *name)
{
    static const struct tw_text beginning = {"pub", 3};
    static const struct tw_text words[] = {{"publish", 7}, {"publication", 11}, {"pubdate", 7}};
    static const struct tw_text others[] = {
        {"publisher", 9}, {"unpubl", 6}, {"republ", 6}, {"until", 5}, {"expir", 5}, {"id", 2}};
    return holds_word(name, &beginning, 1) && holds_word(name, words, sizeof words / sizeof words[0]) &&
           !holds_word(name, others, sizeof others / sizeof others[0]);
}

bool tw_time_fields_published(
    json_t *object, const struct tw_event_time_options *reading, int64_t latest_us, int64_t *out_us)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        bool naive;
        if (speaks_of_publication(json_object_iter_key(at)) &&
            is_recent(json_object_iter_value(at), reading, latest_us, out_us, &naive))
            return true;
    }
    return false;
}

/* ---- names that say what a time means ---- */

/* The name without UTC or GMT behind it; false when neither is there, or it is too long for one of a time. */
static bool without_zone(const char *name, char *base, size_t size)
{
    size_t length = strlen(name);
    if (length < 7 || length >= size ||
        (strcasecmp(name + length - 3, "utc") != 0 && strcasecmp(name + length - 3, "gmt") != 0))
        return false;
    snprintf(base, size, "%.*s", (int)(length - 3), name);
    return true;
}

static bool is_one_of(const struct tw_name_list *names, const char *key)
{
    for (uint32_t name = 0; name < names->count; name++)
        if (tw_feed_same_name(names->names[name], key))
            return true;
    return tw_feed_has_name(TW_FEED_TIME, key);
}

bool tw_time_fields_utc(json_t *object, const struct tw_name_list *names, int64_t *out_us)
{
    static const struct tw_time_zone utc = {0};
    const struct tw_time_clocks clocks = {&utc, NULL};
    const struct tw_event_time_options reading = {TW_UNIT_AUTO, &clocks};
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        char base[48];
        bool doubtful;
        struct tw_error why;
        const json_t *value = json_object_iter_value(at);
        if (json_is_string(value) && without_zone(json_object_iter_key(at), base, sizeof base) &&
            is_one_of(names, base) &&
            tw_event_time_of(value, &reading, out_us, &doubtful, &why) == TW_EVENT_TIME_READ)
            return true;
    }
    return false;
}
