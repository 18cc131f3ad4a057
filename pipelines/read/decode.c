#include "read/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

enum { DAY_SECONDS = 86400, MICROSECONDS = 1000000 };

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */
enum { REPLACEMENT_BYTES = 3 };

struct tw_decode_options tw_decode_defaults(void)
{
    static const char *const id[] = {"id"};
    static const char *const time[] = {"ts", "time", "timestamp"};
    static const char *const title[] = {"title", "headline"};
    static const char *const body[] = {"body", "text"};
    static const char *const source[] = {"source"};
    static const char *const language[] = {"language", "lang"};
    static const char *const symbols[] = {"symbols"};
    return (struct tw_decode_options){
        .id = {id, 1},
        .time = {time, 3},
        .title = {title, 2},
        .body = {body, 2},
        .source = {source, 1},
        .language = {language, 2},
        .symbols = {symbols, 1},
        .time_unit = TW_UNIT_MILLISECONDS,
        .max_ahead_us = (int64_t)DAY_SECONDS * MICROSECONDS,
        .max_payload_bytes = (size_t)4 << 20,
    };
}

/* ---- time ---- */

/* Reads exactly `digits` digits at *at; -1 when they are not there. */
static int read_digits(struct tw_text text, size_t *at, size_t digits)
{
    if (text.length - *at < digits)
        return -1;
    int value = 0;
    for (size_t digit = 0; digit < digits; digit++) {
        char byte = text.bytes[*at + digit];
        if (byte < '0' || byte > '9')
            return -1;
        value = value * 10 + (byte - '0');
    }
    *at += digits;
    return value;
}

static bool read_byte(struct tw_text text, size_t *at, const char *any_of)
{
    if (*at >= text.length || !text.bytes[*at] || !strchr(any_of, text.bytes[*at]))
        return false;
    ++*at;
    return true;
}

static bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar: years counted from March, in eras of 400
 * (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil). */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t shifted = year - (month <= 2);
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* The inverse, civil_from_days of the same source. */
static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

/* The text comes from outside and goes into an error line, and from there into a table: what is not printable ASCII
 * shows as '?', and what is long is cut. */
static bool refuse_time(struct tw_text text, const char *why, struct tw_error *err)
{
    char shown[48];
    size_t length = text.length < 40 ? text.length : 40;
    for (size_t at = 0; at < length; at++)
        shown[at] = text.bytes[at] >= ' ' && text.bytes[at] <= '~' ? text.bytes[at] : '?';
    snprintf(shown + length, sizeof shown - length, "%s", text.length > 40 ? "..." : "");
    return tw_fail(err, TW_REFUSED, NULL,
        "send RFC 3339 with an offset, as 1987-10-19T14:30:00Z, or an integer in decode.time_unit",
        "\"%s\" is not a time: %s", shown, why);
}

struct clock_reading {
    int year, month, day, hour, minute, second;
    int64_t fraction_us;
    int64_t offset_seconds;
};

static bool read_date(struct tw_text text, size_t *at, struct clock_reading *out)
{
    out->year = read_digits(text, at, 4);
    if (out->year < 0 || !read_byte(text, at, "-"))
        return false;
    out->month = read_digits(text, at, 2);
    if (out->month < 0 || !read_byte(text, at, "-"))
        return false;
    out->day = read_digits(text, at, 2);
    return out->day >= 0;
}

static bool read_clock(struct tw_text text, size_t *at, struct clock_reading *out)
{
    out->hour = read_digits(text, at, 2);
    if (out->hour < 0 || !read_byte(text, at, ":"))
        return false;
    out->minute = read_digits(text, at, 2);
    if (out->minute < 0 || !read_byte(text, at, ":"))
        return false;
    out->second = read_digits(text, at, 2);
    return out->second >= 0;
}

/* Digits after the point, to microseconds; what is finer is cut off. */
static bool read_fraction(struct tw_text text, size_t *at, struct clock_reading *out)
{
    out->fraction_us = 0;
    if (!read_byte(text, at, "."))
        return true;
    int64_t weight = MICROSECONDS / 10;
    size_t first = *at;
    for (; *at < text.length && text.bytes[*at] >= '0' && text.bytes[*at] <= '9'; ++*at) {
        out->fraction_us += (text.bytes[*at] - '0') * weight;
        weight /= 10;
    }
    return *at > first;
}

static bool read_offset(struct tw_text text, size_t *at, struct clock_reading *out)
{
    out->offset_seconds = 0;
    if (read_byte(text, at, "Zz"))
        return true;
    bool west = *at < text.length && text.bytes[*at] == '-';
    if (!read_byte(text, at, "+-"))
        return false;
    int hours = read_digits(text, at, 2);
    if (hours < 0 || hours > 23 || !read_byte(text, at, ":"))
        return false;
    int minutes = read_digits(text, at, 2);
    if (minutes < 0 || minutes > 59)
        return false;
    out->offset_seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
    return true;
}

bool tw_time_parse(struct tw_text text, int64_t *out_us, struct tw_error *err)
{
    struct clock_reading read;
    size_t at = 0;
    if (!read_date(text, &at, &read))
        return refuse_time(text, "it does not begin with YYYY-MM-DD", err);
    if (read.month < 1 || read.month > 12 || read.day < 1 || read.day > days_of_month(read.year, read.month))
        return refuse_time(text, "the calendar has no such day", err);
    if (!read_byte(text, &at, "Tt ") || !read_clock(text, &at, &read))
        return refuse_time(text, "no Thh:mm:ss after the date", err);
    if (read.hour > 23 || read.minute > 59 || read.second > 60)
        return refuse_time(text, "the clock has no such time", err);
    if (!read_fraction(text, &at, &read))
        return refuse_time(text, "no digits after the point", err);
    if (!read_offset(text, &at, &read))
        return refuse_time(text, "it has no offset (Z or +hh:mm)", err);
    if (at != text.length)
        return refuse_time(text, "something stands after the offset", err);

    int64_t seconds = days_from_date(read.year, read.month, read.day) * DAY_SECONDS + read.hour * 3600 +
                      read.minute * 60 + read.second - read.offset_seconds;
    /* A leap second is the last of a UTC day: it reads as the midnight after it, as POSIX clocks do. */
    if (read.second == 60 && seconds % DAY_SECONDS != 0)
        return refuse_time(text, "a second of 60 stands at 23:59:60 UTC only", err);
    *out_us = seconds * MICROSECONDS + (read.second == 60 ? 0 : read.fraction_us);
    return true;
}

size_t tw_time_text(int64_t time_us, char out[TW_TIME_TEXT_BYTES])
{
    int64_t seconds = time_us / MICROSECONDS;
    int64_t rest_us = time_us % MICROSECONDS;
    if (rest_us < 0) {
        rest_us += MICROSECONDS;
        seconds--;
    }
    int64_t days = seconds / DAY_SECONDS;
    int64_t second_of_day = seconds % DAY_SECONDS;
    if (second_of_day < 0) {
        second_of_day += DAY_SECONDS;
        days--;
    }
    int64_t year;
    int month, day;
    date_from_days(days, &year, &month, &day);
    if (year < 0 || year > 9999)
        return (size_t)snprintf(out, TW_TIME_TEXT_BYTES, "%" PRId64 " us", time_us);
    int length = snprintf(out, TW_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month, day,
        (int)(second_of_day / 3600), (int)(second_of_day / 60 % 60), (int)(second_of_day % 60));
    if (rest_us)
        length += snprintf(out + length, TW_TIME_TEXT_BYTES - (size_t)length, ".%06d", (int)rest_us);
    length += snprintf(out + length, TW_TIME_TEXT_BYTES - (size_t)length, "Z");
    return (size_t)length;
}

/* ---- repair ---- */

/* Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0; *broken is then the length of
 * the maximal ill-formed piece, at least 1. NUL counts as ill-formed: nothing after us takes it. */
static size_t sequence_at(struct tw_text text, size_t at, size_t *broken)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes + at;
    size_t left = text.length - at;
    unsigned char lead = bytes[0];
    *broken = 1;
    if (lead < 0x80)
        return lead != 0;
    size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                    : lead >= 0xE0 && lead <= 0xEF ? 3
                    : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                   : 0;
    if (length == 0)
        return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t next = 1; next < length; next++) {
        if (next >= left || bytes[next] < low || bytes[next] > high) {
            *broken = next;
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

/* Eight bytes at once: true when all are ASCII, none is NUL and, if `no_backslash`, none is a backslash. */
static bool eight_are_plain(const char *bytes, bool no_backslash)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t suspicious = word | (word - ones);
    if (no_backslash) {
        uint64_t other = word ^ (ones * '\\');
        suspicious |= other - ones;
    }
    return (suspicious & highs) == 0;
}

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* The code unit of \uXXXX at `at`, or -1 when no such escape stands there. */
static int escape_at(struct tw_text text, size_t at)
{
    if (text.length - at < 6 || text.bytes[at] != '\\' || text.bytes[at + 1] != 'u')
        return -1;
    int unit = 0;
    for (size_t digit = 2; digit < 6; digit++) {
        int value = hex_value(text.bytes[at + digit]);
        if (value < 0)
            return -1;
        unit = unit * 16 + value;
    }
    return unit;
}

/* One step of the repair: how many bytes stand at `at` and whether they are to be replaced. */
struct piece {
    size_t length;
    bool mend;   /* replaced by U+FFFD */
    bool escape; /* as an escape of six bytes, not as itself */
};

static struct piece piece_at(struct tw_text text, size_t at, bool json)
{
    if (json && text.bytes[at] == '\\') {
        int unit = escape_at(text, at);
        if (unit < 0) /* not \u: jansson judges it; an escaped backslash must not start an escape */
            return (struct piece){at + 1 < text.length && text.bytes[at + 1] == '\\' ? 2 : 1, false, false};
        bool high = unit >= 0xD800 && unit <= 0xDBFF, low = unit >= 0xDC00 && unit <= 0xDFFF;
        if (high) {
            int second = escape_at(text, at + 6);
            if (second >= 0xDC00 && second <= 0xDFFF)
                return (struct piece){12, false, false};
        }
        return (struct piece){6, unit == 0 || high || low, true};
    }
    size_t broken;
    size_t length = sequence_at(text, at, &broken);
    return length ? (struct piece){length, false, false} : (struct piece){broken, true, false};
}

/* Where the first byte stands that needs mending; text.length when none does. */
static size_t first_to_mend(struct tw_text text, bool json)
{
    size_t at = 0;
    while (at < text.length) {
        while (text.length - at >= 8 && eight_are_plain(text.bytes + at, json))
            at += 8;
        if (at >= text.length)
            break;
        struct piece piece = piece_at(text, at, json);
        if (piece.mend)
            return at;
        at += piece.length;
    }
    return text.length;
}

/* Writes the mended text to `to` (NULL: only counts); returns its length. */
static size_t mend(struct tw_text text, bool json, char *to, uint32_t *repairs)
{
    static const char escape[] = "\\uFFFD";
    size_t used = 0;
    for (size_t at = 0; at < text.length;) {
        struct piece piece = piece_at(text, at, json);
        const char *from = !piece.mend ? text.bytes + at : piece.escape ? escape : REPLACEMENT;
        size_t length = !piece.mend ? piece.length : piece.escape ? 6 : REPLACEMENT_BYTES;
        if (to)
            memcpy(to + used, from, length);
        used += length;
        *repairs += piece.mend;
        at += piece.length;
    }
    return used;
}

static struct tw_text repair(struct tw_text text, bool json, struct tw_arena *arena, uint32_t *repairs)
{
    if (first_to_mend(text, json) == text.length)
        return text;
    uint32_t counted = 0;
    size_t length = mend(text, json, NULL, &counted);
    char *mended = tw_arena_take(arena, length);
    if (!mended)
        return (struct tw_text){NULL, 0};
    mend(text, json, mended, repairs);
    return (struct tw_text){mended, length};
}

struct tw_text tw_text_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs)
{
    return repair(text, false, arena, repairs);
}

static size_t bom_bytes_of(struct tw_text text)
{
    return text.length >= 3 && memcmp(text.bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

struct tw_text tw_json_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs)
{
    size_t bom_bytes = bom_bytes_of(text);
    *repairs += bom_bytes > 0;
    return repair((struct tw_text){text.bytes + bom_bytes, text.length - bom_bytes}, true, arena, repairs);
}

/* ---- fields ---- */

/* What one decode works with, so that each step has one parameter. */
struct decoding {
    const struct tw_decode_options *options;
    const struct tw_message *message;
    struct tw_arena *arena;
    struct tw_document *document;
    const json_t *object;
    struct tw_error *err;
};

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "null";
    }
}

const struct tw_header *tw_message_header(const struct tw_message *message, struct tw_text name)
{
    for (uint32_t header = 0; header < message->header_count; header++)
        if (tw_text_equal(message->headers[header].name, name))
            return &message->headers[header];
    return NULL;
}

/* A field as it was found: in the payload (value), in a header, or nowhere. */
struct found {
    const char *name;
    const json_t *value;
    const struct tw_header *header;
};

static struct found find_field(const struct decoding *decoding, const struct tw_name_list *list)
{
    for (uint32_t name = 0; name < list->count; name++) {
        const json_t *value = json_object_get(decoding->object, list->names[name]);
        if (value && !json_is_null(value))
            return (struct found){list->names[name], value, NULL};
    }
    if (decoding->message->header_count)
        for (uint32_t name = 0; name < list->count; name++) {
            const struct tw_header *header =
                tw_message_header(decoding->message, tw_text_of(list->names[name]));
            if (header)
                return (struct found){list->names[name], NULL, header};
        }
    return (struct found){NULL, NULL, NULL};
}

static bool fail_field(
    const struct decoding *decoding, struct found found, const char *cure, const char *what)
{
    char where[128];
    snprintf(where, sizeof where, "%s %.100s", found.header ? "header" : "field", found.name);
    return tw_fail(decoding->err, TW_REFUSED, where, cure, "%s", what);
}

static bool fail_type(const struct decoding *decoding, struct found found, const char *wanted)
{
    char what[128];
    snprintf(what, sizeof what, "%s where %s is expected", type_name(found.value), wanted);
    return fail_field(decoding, found, "mend the sender, or name another field under decode", what);
}

static bool keep(const struct decoding *decoding, struct tw_text from, struct tw_text *to)
{
    *to = tw_arena_copy(decoding->arena, from);
    return to->bytes ? true : tw_arena_fail(decoding->arena, decoding->err);
}

static struct tw_text string_of(const json_t *value)
{
    return (struct tw_text){json_string_value(value), json_string_length(value)};
}

/* A header's bytes are mended as text is: a header may hold anything. */
static bool keep_header(const struct decoding *decoding, const struct tw_header *header, struct tw_text *to)
{
    struct tw_text mended = tw_text_repair(header->value, decoding->arena, &decoding->document->repairs);
    if (!mended.bytes && header->value.length)
        return tw_arena_fail(decoding->arena, decoding->err);
    return keep(decoding, mended, to);
}

static bool take_text(const struct decoding *decoding, const struct tw_name_list *list, struct tw_text *to)
{
    struct found found = find_field(decoding, list);
    if (!found.name)
        return true;
    if (found.header)
        return keep_header(decoding, found.header, to);
    if (!json_is_string(found.value))
        return fail_type(decoding, found, "text");
    return keep(decoding, string_of(found.value), to);
}

static bool take_id(const struct decoding *decoding)
{
    struct found found = find_field(decoding, &decoding->options->id);
    if (!found.value || !json_is_integer(found.value))
        return take_text(decoding, &decoding->options->id, &decoding->document->id);
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(found.value));
    return keep(decoding, (struct tw_text){digits, (size_t)length}, &decoding->document->id);
}

static bool is_separator(char byte)
{
    return byte == ',' || byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* "AAPL, MSFT" to its symbols; they point into `text`. */
static bool split_symbols(const struct decoding *decoding, struct tw_text text)
{
    struct tw_text *symbols = tw_arena_array(decoding->arena, text.length / 2 + 1, sizeof *symbols);
    if (!symbols)
        return tw_arena_fail(decoding->arena, decoding->err);
    uint32_t count = 0;
    for (size_t at = 0; at < text.length;) {
        size_t begin = at;
        while (at < text.length && !is_separator(text.bytes[at]))
            at++;
        if (at > begin)
            symbols[count++] = (struct tw_text){text.bytes + begin, at - begin};
        at++;
    }
    decoding->document->symbols = symbols;
    decoding->document->symbol_count = count;
    return true;
}

static bool take_symbol_array(const struct decoding *decoding, struct found found)
{
    size_t count = json_array_size(found.value);
    struct tw_text *symbols = tw_arena_array(decoding->arena, count, sizeof *symbols);
    if (!symbols)
        return tw_arena_fail(decoding->arena, decoding->err);
    for (size_t at = 0; at < count; at++) {
        const json_t *symbol = json_array_get(found.value, at);
        if (!json_is_string(symbol)) {
            found.value = symbol;
            return fail_type(decoding, found, "text in the array");
        }
        if (!keep(decoding, string_of(symbol), &symbols[at]))
            return false;
    }
    decoding->document->symbols = symbols;
    decoding->document->symbol_count = (uint32_t)count;
    return true;
}

static bool take_symbols(const struct decoding *decoding)
{
    struct found found = find_field(decoding, &decoding->options->symbols);
    if (!found.name)
        return true;
    if (found.value && json_is_array(found.value))
        return take_symbol_array(decoding, found);
    if (found.value && !json_is_string(found.value))
        return fail_type(decoding, found, "an array of texts");
    struct tw_text text;
    if (found.header ? !keep_header(decoding, found.header, &text)
                     : !keep(decoding, string_of(found.value), &text))
        return false;
    return split_symbols(decoding, text);
}

/* ---- event time ---- */

static bool scale_time(int64_t number, enum tw_time_unit unit, int64_t *out_us)
{
    static const int64_t us[] = {
        [TW_UNIT_MILLISECONDS] = 1000, [TW_UNIT_SECONDS] = MICROSECONDS, [TW_UNIT_MICROSECONDS] = 1};
    return !__builtin_mul_overflow(number, us[unit], out_us);
}

/* A decimal integer, the whole text. */
static bool read_integer(struct tw_text text, int64_t *out)
{
    bool negative = text.length > 0 && text.bytes[0] == '-';
    int64_t value = 0;
    if (text.length == (size_t)negative)
        return false;
    for (size_t at = negative; at < text.length; at++) {
        char byte = text.bytes[at];
        if (byte < '0' || byte > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, byte - '0', &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

static bool read_time_text(
    struct tw_text text, enum tw_time_unit unit, bool integer_too, int64_t *out_us, struct tw_error *err)
{
    int64_t number;
    if (!integer_too || !read_integer(text, &number))
        return tw_time_parse(text, out_us, err);
    if (!scale_time(number, unit, out_us))
        return tw_fail(err, TW_REFUSED, NULL, "check decode.time_unit", "the number is beyond any time");
    return true;
}

static bool read_time_field(const struct decoding *decoding, struct found found, int64_t *out_us)
{
    enum tw_time_unit unit = decoding->options->time_unit;
    if (found.header)
        return read_time_text(found.header->value, unit, true, out_us, decoding->err);
    if (json_is_string(found.value))
        return read_time_text(string_of(found.value), unit, false, out_us, decoding->err);
    if (json_is_integer(found.value)) {
        if (scale_time(json_integer_value(found.value), unit, out_us))
            return true;
        return tw_fail(
            decoding->err, TW_REFUSED, NULL, "check decode.time_unit", "the number is beyond any time");
    }
    return tw_fail(decoding->err, TW_REFUSED, NULL,
        "send RFC 3339 with an offset, or an integer in decode.time_unit",
        "%s where RFC 3339 or an integer is expected", type_name(found.value));
}

/* The span in which an event time is believed (contracts, "A message"). */
static bool check_time(const struct decoding *decoding, int64_t event_us)
{
    char event[TW_TIME_TEXT_BYTES];
    tw_time_text(event_us, event);
    if (event_us < 0)
        return tw_fail(decoding->err, TW_REFUSED, NULL, "check the sender's clock and decode.time_unit",
            "%s lies before 1970-01-01", event);
    int64_t latest_us;
    if (__builtin_add_overflow(decoding->message->stamp_us, decoding->options->max_ahead_us, &latest_us))
        latest_us = INT64_MAX;
    if (event_us <= latest_us)
        return true;
    return tw_fail(decoding->err, TW_REFUSED, NULL,
        "check the sender's clock and decode.time_unit, or raise time.max_ahead",
        "%s is later than the record's stamp by more than time.max_ahead", event);
}

static bool take_time(const struct decoding *decoding)
{
    struct tw_document *document = decoding->document;
    struct found found = find_field(decoding, &decoding->options->time);
    if (!found.name) {
        document->event_us = decoding->message->stamp_us;
        document->time_source = TW_TIME_KAFKA;
        if (document->event_us < 0)
            return tw_fail(decoding->err, TW_REFUSED, "field ts", "send a time with each message",
                "the message has no time and its record no stamp");
        return true;
    }
    int64_t event_us = TW_NO_TIME;
    if (!read_time_field(decoding, found, &event_us) || !check_time(decoding, event_us)) {
        char where[128];
        snprintf(where, sizeof where, "%s %.100s", found.header ? "header" : "field", found.name);
        return tw_error_in(decoding->err, where);
    }
    document->event_us = event_us;
    document->time_source = found.header ? TW_TIME_HEADER : TW_TIME_PAYLOAD;
    return true;
}

/* ---- the message ---- */

static bool holds_text(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if ((unsigned char)text.bytes[at] > ' ')
            return true;
    return false;
}

static bool take_fields(const struct decoding *decoding)
{
    const struct tw_decode_options *options = decoding->options;
    struct tw_document *document = decoding->document;
    if (!take_time(decoding) || !take_id(decoding) ||
        !take_text(decoding, &options->title, &document->title) ||
        !take_text(decoding, &options->body, &document->body) ||
        !take_text(decoding, &options->source, &document->source) ||
        !take_text(decoding, &options->language, &document->language) || !take_symbols(decoding))
        return false;
    if (holds_text(document->title) || holds_text(document->body))
        return true;
    return tw_fail(decoding->err, TW_REFUSED, NULL,
        "send a title or a body, or name their fields under decode",
        "no text: neither title nor body holds any");
}

/* jansson's place is in the mended text: the place in the message as it came. */
static size_t place_in_message(struct tw_text raw, size_t bom_bytes, size_t place)
{
    size_t used = 0, at = bom_bytes;
    while (at < raw.length && used < place) {
        struct piece piece = piece_at(raw, at, true);
        used += piece.mend ? (piece.escape ? 6 : REPLACEMENT_BYTES) : piece.length;
        at += piece.length;
    }
    return at < raw.length ? at : raw.length;
}

/* jansson quotes what stands near, which may be cut inside a character: only what it says is kept. */
static bool fail_json(
    const struct tw_message *message, const json_error_t *error, size_t bom_bytes, struct tw_error *err)
{
    const char *near = strstr(error->text, " near ");
    int length = near ? (int)(near - error->text) : (int)strlen(error->text);
    size_t place = error->position > 0 ? (size_t)error->position : 0;
    char where[64];
    snprintf(where, sizeof where, "byte %zu", place_in_message(message->payload, bom_bytes, place));
    return tw_fail(
        err, TW_REFUSED, where, "send one JSON object a message", "not JSON: %.*s", length, error->text);
}

static bool parse_object(const struct decoding *decoding, json_t **out)
{
    const struct tw_message *message = decoding->message;
    struct tw_error *err = decoding->err;
    if (message->payload.length > decoding->options->max_payload_bytes)
        return tw_fail(err, TW_REFUSED, NULL, "send it in parts, or raise decode.most_bytes",
            "the message has %zu bytes, %zu are allowed", message->payload.length,
            decoding->options->max_payload_bytes);
    size_t bom_bytes = bom_bytes_of(message->payload);
    if (message->payload.length == bom_bytes)
        return tw_fail(err, TW_REFUSED, "byte 0", "send one JSON object a message", "the message is empty");
    struct tw_text text = tw_json_repair(message->payload, decoding->arena, &decoding->document->repairs);
    if (!text.bytes)
        return tw_arena_fail(decoding->arena, err);
    json_error_t error;
    json_t *value = json_loadb(text.bytes, text.length, JSON_DECODE_ANY, &error);
    if (!value)
        return fail_json(message, &error, bom_bytes, err);
    if (!json_is_object(value)) {
        tw_fail(err, TW_REFUSED, NULL, "send one JSON object a message", "the message is %s, not an object",
            type_name(value));
        json_decref(value);
        return false;
    }
    *out = value;
    return true;
}

/* A record without value: a tick when it says so. */
static bool decode_tick(const struct decoding *decoding)
{
    const struct tw_header *header = tw_message_header(decoding->message, tw_text_of("tw-time"));
    if (!header)
        return tw_fail(
            decoding->err, TW_REFUSED, NULL, "send one JSON object a message", "the record has no value");
    int64_t event_us = TW_NO_TIME;
    if (!read_time_text(header->value, TW_UNIT_MICROSECONDS, true, &event_us, decoding->err) ||
        !check_time(decoding, event_us))
        return tw_error_in(decoding->err, "header tw-time");
    decoding->document->fate = TW_FATE_TICK;
    decoding->document->event_us = event_us;
    decoding->document->time_source = TW_TIME_HEADER;
    decoding->document->moves_watermark = true;
    return true;
}

static bool decode_value(struct decoding *decoding)
{
    json_t *object = NULL;
    if (!parse_object(decoding, &object))
        return false;
    decoding->object = object;
    bool taken = take_fields(decoding);
    json_decref(object);
    decoding->document->moves_watermark = taken;
    return taken;
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
    *out = (struct tw_document){.message = message, .fate = TW_FATE_STORED, .event_us = TW_NO_TIME};
    struct tw_error why;
    struct decoding decoding = {options, message, arena, out, NULL, &why};
    if (message->has_value ? decode_value(&decoding) : decode_tick(&decoding))
        return true;
    if (why.code == TW_REFUSED)
        return tw_document_refuse(out, &why, arena, err);
    *err = why;
    return false;
}
