#include "read/event_time.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "timestamps/time_text.h"

enum { MICROSECONDS = 1000000, MOST_LEVELS = 4 };

const char *const tw_time_unit_names[] = {[TW_UNIT_AUTO] = "auto",
    [TW_UNIT_SECONDS] = "s",
    [TW_UNIT_MILLISECONDS] = "ms",
    [TW_UNIT_MICROSECONDS] = "us",
    [TW_UNIT_NANOSECONDS] = "ns",
    NULL};

#define YEAR_1980_US INT64_C(315532800000000)
#define YEAR_1990_US INT64_C(631152000000000)

/* A number as whole units and the fraction of one, in millionths. */
struct number {
    int64_t whole;
    int64_t millionths;
    bool negative;
};

static enum tw_time_unit unit_of(int64_t whole)
{
    static const struct {
        int64_t below;
        enum tw_time_unit unit;
    } sizes[] = {{INT64_C(100000000000), TW_UNIT_SECONDS}, {INT64_C(100000000000000), TW_UNIT_MILLISECONDS},
        {INT64_C(100000000000000000), TW_UNIT_MICROSECONDS}};
    for (size_t at = 0; at < sizeof sizes / sizeof sizes[0]; at++)
        if (whole < sizes[at].below)
            return sizes[at].unit;
    return TW_UNIT_NANOSECONDS;
}

/* Numbers of hundreds of nanoseconds that count from elsewhere, where `auto` tells them by the size: of the
 * years 2000 to 2050, .NET's ticks since the year 1 would be nanoseconds of 1990, and Windows' file times
 * since 1601 nanoseconds of 1974, of which nobody sends news. False: none of them. */
static bool scale_ticks(struct number number, int64_t *out_us)
{
    static const struct {
        int64_t first, last, at_1970;
    } epochs[] = {{INT64_C(630822816000000000), INT64_C(646602048000000000), INT64_C(621355968000000000)},
        {INT64_C(125911584000000000), INT64_C(141690816000000000), INT64_C(116444736000000000)}};
    for (size_t at = 0; at < sizeof epochs / sizeof epochs[0]; at++)
        if (!number.negative && number.whole >= epochs[at].first && number.whole < epochs[at].last) {
            *out_us = (number.whole - epochs[at].at_1970) / 10;
            return true;
        }
    return false;
}

/* What is finer than a microsecond is cut off, towards 1970. */
static bool scale(struct number number, enum tw_time_unit unit, int64_t *out_us)
{
    static const int64_t us_of[] = {
        [TW_UNIT_SECONDS] = MICROSECONDS, [TW_UNIT_MILLISECONDS] = 1000, [TW_UNIT_MICROSECONDS] = 1};
    if (unit == TW_UNIT_AUTO && scale_ticks(number, out_us))
        return true;
    if (unit == TW_UNIT_AUTO)
        unit = unit_of(number.whole);
    if (unit == TW_UNIT_NANOSECONDS)
        *out_us = number.whole / 1000;
    else if (__builtin_mul_overflow(number.whole, us_of[unit], out_us) ||
             __builtin_add_overflow(*out_us, number.millionths * us_of[unit] / MICROSECONDS, out_us))
        return false;
    if (number.negative)
        *out_us = -*out_us;
    return true;
}

/* Digits, a sign and a fraction if they like; the whole text. */
static bool read_number(struct tw_text text, struct number *out)
{
    size_t at = text.length > 0 && text.bytes[0] == '-', first = at;
    *out = (struct number){.negative = at > 0};
    for (; at < text.length && tw_text_is_digit(text.bytes[at]); at++)
        if (__builtin_mul_overflow(out->whole, 10, &out->whole) ||
            __builtin_add_overflow(out->whole, text.bytes[at] - '0', &out->whole))
            return false;
    if (at == first)
        return false;
    if (at == text.length)
        return true;
    if (text.bytes[at++] != '.')
        return false;
    int64_t weight = MICROSECONDS / 10;
    for (; at < text.length && tw_text_is_digit(text.bytes[at]); at++, weight /= 10)
        out->millionths += (text.bytes[at] - '0') * weight;
    return at == text.length;
}

static bool take_number(struct number number, const struct tw_event_time_options *options, int64_t *out_us,
    bool *doubtful, struct tw_error *err)
{
    /* Seconds of the first of January 1970 are days of the years 1990 to 2099 to a spreadsheet. */
    if (options->unit == TW_UNIT_AUTO && !number.negative && number.whole >= 32874 && number.whole < 73051)
        return tw_fail(err, TW_REFUSED, NULL,
            "send RFC 3339 with an offset; decode.time_unit: s says that it is seconds since 1970",
            "the number is a day as spreadsheets count them");
    if (!scale(number, options->unit, out_us))
        return tw_fail(err, TW_REFUSED, NULL, "check decode.time_unit", "the number is beyond any time");
    if (options->unit == TW_UNIT_AUTO && *out_us >= 0 && *out_us < YEAR_1980_US)
        return tw_fail(err, TW_REFUSED, NULL,
            "send RFC 3339 with an offset; if it counts from 1970, decode.time_unit says what: s, ms, us or ns",
            "the number would be a time before 1980, and counts something else");
    *doubtful = *out_us < YEAR_1990_US;
    return true;
}

/* Digits that say a day of this century or the last: YYYYMMDD, YYYYMMDDhhmm, YYYYMMDDhhmmss, behind the last
 * of which a fraction may stand. */
static bool is_calendar(struct tw_text text)
{
    const char *point = text.length > 14 && text.length < 24 ? memchr(text.bytes, '.', text.length) : NULL;
    size_t fraction = point ? (size_t)(point - text.bytes) : 0;
    for (size_t at = fraction + 1; point && at < text.length; at++)
        if (!tw_text_is_digit(text.bytes[at]))
            return false;
    text.length = fraction == 14 ? fraction : text.length;
    if (text.length != 8 && text.length != 12 && text.length != 14)
        return false;
    int parts[6] = {0}; /* year, month, day, hour, minute, second */
    for (size_t at = 0; at < text.length; at++) {
        if (!tw_text_is_digit(text.bytes[at]))
            return false;
        size_t part = at < 4 ? 0 : at / 2 - 1;
        parts[part] = parts[part] * 10 + (text.bytes[at] - '0');
    }
    return parts[0] >= 1900 && parts[0] <= 2099 && parts[1] >= 1 && parts[1] <= 12 && parts[2] >= 1 &&
           parts[2] <= 31 && parts[3] <= 23 && parts[4] <= 59 && parts[5] <= 59;
}

static bool read_calendar(
    struct tw_text text, const struct tw_time_clocks *clocks, int64_t *out_us, struct tw_error *err)
{
    char spread[32];
    int length = snprintf(spread, sizeof spread, "%.8s%s%.*s", text.bytes, text.length > 8 ? "T" : "",
        (int)(text.length - 8), text.bytes + 8);
    return tw_time_parse((struct tw_text){spread, (size_t)length}, clocks, out_us, err);
}

/* "/Date(1716900000000)/" and "/Date(1716900000000+0200)/": milliseconds, as .NET writes them to JSON. */
static bool read_dotnet(struct tw_text text, struct number *out)
{
    static const char head[] = "/Date(", tail[] = ")/";
    size_t around = sizeof head - 1 + sizeof tail - 1;
    if (text.length <= around || memcmp(text.bytes, head, sizeof head - 1) != 0 ||
        memcmp(text.bytes + text.length - 2, tail, 2) != 0)
        return false;
    struct tw_text digits = {text.bytes + sizeof head - 1, text.length - around};
    size_t length = 1;
    while (length < digits.length && digits.bytes[length] != '+' && digits.bytes[length] != '-')
        length++;
    digits.length = length;
    return read_number(digits, out);
}

/* "1.79604906E9", as spreadsheets and data frames write large numbers. */
static bool read_scientific(struct tw_text text, struct number *out)
{
    char digits[32], *end;
    if (text.length == 0 || text.length >= sizeof digits || !tw_text_is_digit(text.bytes[0]))
        return false;
    memcpy(digits, text.bytes, text.length);
    digits[text.length] = '\0';
    if (!strpbrk(digits, "eE") || digits[strspn(digits, "0123456789.eE+-")] != '\0')
        return false;
    double size = strtod(digits, &end), whole = floor(size);
    if (*end || !(size < 9.2e18))
        return false;
    *out = (struct number){(int64_t)whole, (int64_t)((size - whole) * MICROSECONDS + 0.5), false};
    return true;
}

bool tw_event_time_of_text(struct tw_text text, const struct tw_event_time_options *options, int64_t *out_us,
    bool *doubtful, struct tw_error *err)
{
    struct number number;
    *doubtful = false;
    while (text.length && (unsigned char)text.bytes[0] <= ' ') {
        text.bytes++;
        text.length--;
    }
    while (text.length && (unsigned char)text.bytes[text.length - 1] <= ' ')
        text.length--;
    if (options->unit == TW_UNIT_AUTO && is_calendar(text))
        return read_calendar(text, options->clocks, out_us, err);
    if (read_number(text, &number) || read_scientific(text, &number))
        return take_number(number, options, out_us, doubtful, err);
    const struct tw_event_time_options milliseconds = {TW_UNIT_MILLISECONDS, NULL};
    if (read_dotnet(text, &number)) {
        bool old; /* the unit is none that was set */
        return take_number(number, &milliseconds, out_us, &old, err);
    }
    return tw_time_parse(text, options->clocks, out_us, err);
}

bool tw_event_time_says_none(struct tw_text text)
{
    static const char *const words[] = {"null", "NULL", "None", "none", "nil", "NaN", "nan", "NaT", "N/A",
        "n/a", "-", "undefined", "0", "Invalid date", "Invalid Date"};
    for (size_t word = 0; word < sizeof words / sizeof words[0]; word++)
        if (tw_text_equal(text, tw_text_of(words[word])))
            return true;
    return tw_text_is_blank(text) || (text.length >= 10 && (memcmp(text.bytes, "0000-00-00", 10) == 0 ||
                                                               memcmp(text.bytes, "0001-01-01", 10) == 0));
}

/* What MongoDB's extended JSON, Java, PHP and a few others wrap a time in. */
static const json_t *opened(const json_t *value)
{
    static const char *const names[] = {"$date", "$numberLong", "$numberDecimal", "$numberDouble", "long",
        "string", "seconds", "_seconds", "$t", "#text", "_", "epochSecond", "dateTime", "date",
        "timestampValue", "stringValue", "integerValue"};
    for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
        const json_t *inner = json_object_get(value, names[name]);
        if (inner)
            return inner;
    }
    return json_is_array(value) && json_array_size(value) == 1 ? json_array_get(value, 0) : NULL;
}

static enum tw_event_time verdict(bool read)
{
    return read ? TW_EVENT_TIME_READ : TW_EVENT_TIME_REFUSED;
}

/* {"date": "2026-11-30 14:31:00.000000", "timezone": "Europe/Berlin"}, as PHP writes a DateTime, and
 * {"dateTime": .., "timeZone": ..}, as calendars do: one text, in `joined`. A zone of several words is a
 * name of Windows's, which IANA does not know. */
static bool join_zone(const json_t *value, char *joined, size_t size)
{
    static const char *const times[] = {"date", "dateTime"}, *const zones[] = {"timezone", "timeZone"};
    for (size_t at = 0; at < sizeof times / sizeof times[0]; at++) {
        const char *time = json_string_value(json_object_get(value, times[at]));
        const char *zone = json_string_value(json_object_get(value, zones[at]));
        if (time && zone && !strchr(zone, ' ') && strlen(time) + strlen(zone) + 2 <= size)
            return snprintf(joined, size, "%s %s", time, zone) > 0;
    }
    return false;
}

/* [2026, 11, 30, 14, 31, 0, 123000000], as Java's Jackson writes a time without a zone, as a text. */
static bool spell_array(const json_t *value, char *text, size_t size)
{
    enum { DAY_PARTS = 3, MOST_PARTS = 7 };
    static const json_int_t most[MOST_PARTS] = {9999, 12, 31, 24, 59, 60, 999999999};
    int parts[MOST_PARTS] = {0};
    size_t count = json_array_size(value);
    if (count < DAY_PARTS || count > MOST_PARTS)
        return false;
    for (size_t at = 0; at < count; at++) {
        json_int_t part = json_integer_value(json_array_get(value, at));
        if (!json_is_integer(json_array_get(value, at)) || part < 0 || part > most[at])
            return false;
        parts[at] = (int)part;
    }
    if (count == DAY_PARTS)
        return snprintf(text, size, "%04d-%02d-%02d", parts[0], parts[1], parts[2]) > 0;
    return snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%09d", parts[0], parts[1], parts[2], parts[3],
               parts[4], parts[5], parts[6]) > 0;
}

static enum tw_event_time of_real(double value, const struct tw_event_time_options *options, int64_t *out_us,
    bool *doubtful, struct tw_error *err)
{
    double size = fabs(value);
    if (!(size < 9.2e18))
        return verdict(
            tw_fail(err, TW_REFUSED, NULL, "check decode.time_unit", "the number is beyond any time"));
    double whole = floor(size);
    struct number number = {(int64_t)whole, (int64_t)((size - whole) * MICROSECONDS + 0.5), value < 0};
    return verdict(take_number(number, options, out_us, doubtful, err));
}

/* Digits that may say a day are read as such; other whole numbers need no text. */
static enum tw_event_time of_integer(int64_t value, const struct tw_event_time_options *options,
    int64_t *out_us, bool *doubtful, struct tw_error *err)
{
    static const struct {
        int64_t first, last;
    } calendars[] = {{INT64_C(19000101), INT64_C(20991231)}, {INT64_C(190001010000), INT64_C(209912312359)},
        {INT64_C(19000101000000), INT64_C(20991231235959)}};
    bool is_day =
        value == INT64_MIN; /* which has no magnitude: its digits are refused as any that are too large */
    for (size_t at = 0; at < sizeof calendars / sizeof calendars[0]; at++)
        is_day |= value >= calendars[at].first && value <= calendars[at].last;
    if (!is_day) {
        struct number number = {value < 0 ? -value : value, 0, value < 0};
        return verdict(take_number(number, options, out_us, doubtful, err));
    }
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, value);
    return verdict(
        tw_event_time_of_text((struct tw_text){digits, (size_t)length}, options, out_us, doubtful, err));
}

enum tw_event_time tw_event_time_of(const json_t *value, const struct tw_event_time_options *options,
    int64_t *out_us, bool *doubtful, struct tw_error *err)
{
    *doubtful = false;
    for (int level = 0; value && level <= MOST_LEVELS; level++) {
        if (json_is_string(value)) {
            struct tw_text text = {json_string_value(value), json_string_length(value)};
            if (tw_event_time_says_none(text))
                return TW_EVENT_TIME_NONE;
            return verdict(tw_event_time_of_text(text, options, out_us, doubtful, err));
        }
        if (json_is_number(value) && json_number_value(value) == 0) /* nobody has set it */
            return TW_EVENT_TIME_NONE;
        char text[96];
        if (join_zone(value, text, sizeof text) || spell_array(value, text, sizeof text))
            return verdict(tw_time_parse(tw_text_of(text), options->clocks, out_us, err));
        double real = json_is_real(value) ? json_real_value(value) : 0;
        if (real != 0 && fabs(real) < 1e17 && floor(real) == real) /* 20261130143100.0, of a data frame */
            return of_integer((int64_t)real, options, out_us, doubtful, err);
        if (json_is_real(value))
            return of_real(real, options, out_us, doubtful, err);
        if (json_is_integer(value))
            return of_integer(json_integer_value(value), options, out_us, doubtful, err);
        value = opened(value);
    }
    return TW_EVENT_TIME_NONE;
}
