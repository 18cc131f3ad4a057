#include "timestamps/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "timestamps/calendar.h"
#include "timestamps/time_names.h"
#include "timestamps/time_scripts.h"
#include "timestamps/time_words.h"
#include "timestamps/time_zone.h"
#include "timestamps/time_zones.h"

enum { DAY_SECONDS = 86400, MICROSECONDS = 1000000 };

/* ---- reading ---- */

/* A time as it is read, and how far the reader has come. */
struct reading {
    struct tw_text text;
    size_t at;
    int year, month, day, hour, minute, second;
    int64_t fraction_us;
    bool has_clock;
    bool has_offset;
    int64_t offset_seconds;
    struct tw_text place; /* a zone's name that stands in place of an offset, or beside one */
    const char *wrong;    /* the first thing that is wrong */
};

static bool wrong(struct reading *reading, const char *why)
{
    if (!reading->wrong)
        reading->wrong = why;
    return false;
}

static char byte_at(const struct reading *reading, size_t ahead)
{
    return reading->at + ahead < reading->text.length ? reading->text.bytes[reading->at + ahead] : '\0';
}

static size_t digits_ahead(const struct reading *reading)
{
    size_t count = 0;
    while (tw_text_is_digit(byte_at(reading, count)))
        count++;
    return count;
}

/* Exactly `digits` digits; -1 when they are not there. */
static int take_digits(struct reading *reading, size_t digits)
{
    int value = 0;
    for (size_t digit = 0; digit < digits; digit++) {
        if (!tw_text_is_digit(byte_at(reading, digit)))
            return -1;
        value = value * 10 + (byte_at(reading, digit) - '0');
    }
    reading->at += digits;
    return value;
}

static bool take_byte(struct reading *reading, const char *any_of)
{
    char byte = byte_at(reading, 0);
    if (!byte || !strchr(any_of, byte))
        return false;
    reading->at++;
    return true;
}

static void skip_spaces(struct reading *reading)
{
    while (take_byte(reading, " \t"))
        ;
}

/* The word of letters that stands here, in capitals; its length, 0 when none does or it is longer than
 * `word` holds. */
static size_t word_ahead(const struct reading *reading, char word[16])
{
    size_t length = 0;
    for (; tw_text_is_letter(byte_at(reading, length)); length++) {
        if (length == 15) {
            word[0] = '\0';
            return 0;
        }
        word[length] = (char)(byte_at(reading, length) & ~0x20);
    }
    word[length] = '\0';
    return length;
}

static int take_month(struct reading *reading)
{
    char word[16];
    size_t length = word_ahead(reading, word);
    int month = tw_time_names_month(word, length, TW_TIME_STANDARD);
    if (month > 0)
        reading->at += length + (byte_at(reading, length) == '.');
    return month;
}

/* A weekday is a courtesy to people: it decides nothing. */
static bool take_weekday(struct reading *reading)
{
    char word[16];
    size_t length = word_ahead(reading, word);
    if (!tw_time_names_weekday(word, length, TW_TIME_STANDARD))
        return false;
    reading->at += length;
    take_byte(reading, ",");
    skip_spaces(reading);
    return true;
}

/* Digits after the point, to microseconds; what is finer is cut off. */
static bool take_fraction(struct reading *reading)
{
    if (!take_byte(reading, ".,"))
        return true;
    int64_t weight = MICROSECONDS / 10;
    size_t first = reading->at;
    for (; tw_text_is_digit(byte_at(reading, 0)); reading->at++) {
        reading->fraction_us += (byte_at(reading, 0) - '0') * weight;
        weight /= 10;
    }
    return reading->at > first || wrong(reading, "no digits after the point");
}

/* hh:mm, hh:mm:ss, hhmm, hhmmss; a fraction may follow seconds. */
static bool take_clock(struct reading *reading)
{
    static const char missing[] = "no hh:mm after the date";
    reading->hour = take_digits(reading, digits_ahead(reading) == 1 && byte_at(reading, 1) == ':' ? 1 : 2);
    if (reading->hour < 0)
        return wrong(reading, missing);
    bool colons = take_byte(reading, ":");
    reading->minute = take_digits(reading, 2);
    if (reading->minute < 0)
        return wrong(reading, missing);
    reading->has_clock = true;
    if (colons ? !take_byte(reading, ":") : !tw_text_is_digit(byte_at(reading, 0)))
        return true;
    reading->second = take_digits(reading, 2);
    return reading->second >= 0 ? take_fraction(reading) : wrong(reading, "no two digits of seconds");
}

/* The minus sign of typographers, U+2212, which ISO 8601 means. */
static bool is_minus_sign(const struct reading *reading)
{
    return byte_at(reading, 0) == '\xE2' && byte_at(reading, 1) == '\x88' && byte_at(reading, 2) == '\x92';
}

static bool is_signed(const struct reading *reading)
{
    return byte_at(reading, 0) == '+' || byte_at(reading, 0) == '-' || is_minus_sign(reading);
}

/* +hh, +hhmm, +hh:mm; +h only behind a name, as in GMT+2. */
static bool take_numeric_offset(struct reading *reading, bool behind_name)
{
    bool west = byte_at(reading, 0) != '+';
    reading->at += is_minus_sign(reading) ? 3 : 1;
    int hours = take_digits(reading, behind_name && digits_ahead(reading) == 1 ? 1 : 2), minutes = 0;
    bool colon = hours >= 0 && take_byte(reading, ":");
    if (hours >= 0 && (colon || tw_text_is_digit(byte_at(reading, 0))))
        minutes = take_digits(reading, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return wrong(reading, "its offset is none (Z, +hhmm or +hh:mm)");
    reading->offset_seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
    reading->has_offset = true;
    return true;
}

static bool take_named_offset(struct reading *reading)
{
    char word[16];
    size_t length = word_ahead(reading, word);
    int minutes;
    if (!tw_time_names_zone(word, TW_TIME_STANDARD, &minutes))
        return wrong(reading, "its zone has no meaning everywhere (use Z or +hh:mm)");
    reading->at += length;
    if (reading->has_offset) /* told twice: "+0000 UTC" */
        return true;
    reading->offset_seconds = minutes * 60;
    reading->has_offset = true;
    bool is_utc = length > 1 && minutes == 0 && word[0] != 'W';
    return !is_utc || !is_signed(reading) || take_numeric_offset(reading, true); /* "GMT+02:00" */
}

/* 12:40 AM, 12:40 a.m. are forty minutes past midnight. */
static bool take_half_of_day(struct reading *reading)
{
    char half = (char)(byte_at(reading, 0) & ~0x20);
    size_t dots = byte_at(reading, 1) == '.' ? 1 : 0;
    char after = byte_at(reading, 2 + dots);
    if ((half != 'A' && half != 'P') || (byte_at(reading, 1 + dots) & ~0x20) != 'M' ||
        tw_text_is_letter(after))
        return true;
    if (reading->hour < 1 || reading->hour > 12)
        return wrong(reading, "the clock has no such time");
    reading->hour = reading->hour % 12 + (half == 'P' ? 12 : 0);
    reading->at += 2 + dots + (dots && after == '.');
    skip_spaces(reading);
    return true;
}

static struct tw_text rest_of(const struct reading *reading)
{
    return (struct tw_text){reading->text.bytes + reading->at, reading->text.length - reading->at};
}

/* America/New_York, in place of an offset or beside one. False when none stands here. */
static bool take_place(struct reading *reading)
{
    size_t length = tw_time_names_place(rest_of(reading));
    if (length == 0)
        return false;
    reading->place = (struct tw_text){rest_of(reading).bytes, length};
    reading->at += length;
    return true;
}

/* Go and Ruby write the zone's name behind the offset, and Go its other clock: "+0000 UTC m=+0.012". */
static bool skip_repeated_name(struct reading *reading)
{
    skip_spaces(reading);
    if (tw_text_is_letter(byte_at(reading, 0)) && byte_at(reading, 1) != '=' && !take_place(reading) &&
        !take_named_offset(reading))
        return false;
    skip_spaces(reading);
    if (byte_at(reading, 0) == 'm' && byte_at(reading, 1) == '=')
        reading->at = reading->text.length;
    return true;
}

/* Java writes the zone's name behind its offset, +01:00[Europe/Paris]; RFC 5322 lets it stand in a comment,
 * +0000 (UTC). Where no offset stands before it, it must be a zone's. */
static bool take_zone_within(struct reading *reading, const char *open, char close)
{
    size_t before = reading->at;
    if (!take_byte(reading, open))
        return true;
    if (!reading->has_offset && (!take_place(reading) || byte_at(reading, 0) != close)) {
        reading->at = before;
        reading->place.length = 0;
        return true;
    }
    while (byte_at(reading, 0) && byte_at(reading, 0) != close)
        reading->at++;
    bool closed = byte_at(reading, 0) == close;
    reading->at += closed;
    return closed || wrong(reading, "something stands after the time");
}

static bool take_offset(struct reading *reading)
{
    skip_spaces(reading);
    if (!take_half_of_day(reading))
        return false;
    bool taken = is_signed(reading) ? take_numeric_offset(reading, false) && skip_repeated_name(reading)
                 : tw_text_is_letter(byte_at(reading, 0)) ? take_place(reading) || take_named_offset(reading)
                                                          : true;
    if (!taken || !take_zone_within(reading, "[", ']'))
        return false;
    skip_spaces(reading);
    return take_zone_within(reading, "(", ')');
}

/* ---- the three families ---- */

/* W49-1, W491, 334 behind a year: a day of its ISO week (8601-1, 5.2.3: the first week holds 4 January), or
 * of the year. */
static bool take_day_of_year(struct reading *reading, bool dashed)
{
    bool week = take_byte(reading, "W");
    int number = take_digits(reading, week ? 2 : 3);
    int weekday = !week ? 0 : dashed && !take_byte(reading, "-") ? -1 : take_digits(reading, 1);
    if (week && weekday < 0)
        return wrong(reading, "a week is no day: no number of its day behind it");
    int64_t january = tw_days_from_date(reading->year, 1, 1), year;
    /* Of the week that holds 4 January; 1970-01-01 was a Thursday. */
    int64_t monday = january + 3 - ((january + 6) % 7 + 7) % 7;
    int64_t days = week ? monday + (number - 1) * INT64_C(7) + weekday - 1 : january + number - 1;
    tw_date_from_days(days, &year, &reading->month, &reading->day);
    int64_t last = january + 364 + tw_days_of_month(reading->year, 2) - 28;
    bool sound = week ? number >= 1 && number <= 53 && weekday >= 1 && weekday <= 7 &&
                            (number < 53 || days - weekday + 4 <= last)
                      : number >= 1 && january + number - 1 <= last;
    reading->year = (int)year;
    return sound || wrong(reading, "the calendar has no such day");
}

/* -11-30, 1130, -W49-1, W491, -334 behind the year. */
static bool take_day(struct reading *reading, bool basic)
{
    static const char beginning[] = "it does not begin with YYYY-MM-DD";
    bool dashed = !basic && take_byte(reading, "-/");
    if (byte_at(reading, 0) == 'W' || (dashed && digits_ahead(reading) == 3))
        return take_day_of_year(reading, dashed);
    if (!basic && !dashed)
        return wrong(reading, beginning);
    reading->month = take_digits(reading, 2);
    if (reading->month < 0 || (!basic && !take_byte(reading, "-/")))
        return wrong(reading, beginning);
    reading->day = take_digits(reading, 2);
    return reading->day >= 0 || wrong(reading, beginning);
}

static bool read_iso(struct reading *reading)
{
    bool basic = digits_ahead(reading) == 8;
    reading->year = take_digits(reading, 4);
    if (reading->year < 0)
        return wrong(reading, "it does not begin with YYYY-MM-DD");
    if (!take_day(reading, basic))
        return false;
    if (reading->at == reading->text.length)
        return true;
    if (!take_byte(reading, "Tt "))
        return wrong(reading, "no Thh:mm after the date");
    skip_spaces(reading);
    return take_clock(reading) && take_offset(reading);
}

/* A year of two digits counts from 1950 (RFC 2822, section 4.3). */
static bool take_year(struct reading *reading)
{
    size_t digits = digits_ahead(reading);
    if (digits != 2 && digits != 4)
        return wrong(reading, "no year of two or four digits");
    reading->year = take_digits(reading, digits);
    if (digits == 2)
        reading->year += reading->year < 50 ? 2000 : 1900;
    return true;
}

/* 19 Oct 1987 14:30:00 GMT, 19-Oct-87 14:30 */
static bool read_mail(struct reading *reading)
{
    reading->day = take_digits(reading, digits_ahead(reading) == 1 ? 1 : 2);
    bool dashes = take_byte(reading, "-");
    skip_spaces(reading);
    reading->month = take_month(reading);
    if (reading->day < 0 || reading->month == 0)
        return wrong(reading, "it does not begin with YYYY-MM-DD or a day and a month's name");
    if (dashes && !take_byte(reading, "-"))
        return wrong(reading, "no year after the month");
    skip_spaces(reading);
    if (!take_year(reading))
        return false;
    skip_spaces(reading);
    if (reading->at == reading->text.length)
        return true;
    return take_clock(reading) && take_offset(reading);
}

/* Oct 19 14:30:00 +0000 1987: asctime's order, as Twitter writes it too; Oct 19, 1987 14:30 GMT. */
static bool read_asctime(struct reading *reading)
{
    reading->month = take_month(reading);
    skip_spaces(reading);
    reading->day = take_digits(reading, digits_ahead(reading) == 1 ? 1 : 2);
    if (reading->month == 0 || reading->day < 0)
        return wrong(reading, "it does not begin with YYYY-MM-DD or a month's name and a day");
    bool comma = take_byte(reading, ",");
    skip_spaces(reading);
    if (comma || digits_ahead(reading) == 4) {
        if (!take_year(reading))
            return false;
        take_byte(reading, ",");
        skip_spaces(reading);
        return reading->at == reading->text.length || (take_clock(reading) && take_offset(reading));
    }
    if (!take_clock(reading) || !take_offset(reading))
        return false;
    skip_spaces(reading);
    return take_year(reading);
}

static bool read_any(struct reading *reading)
{
    bool weekday = take_weekday(reading);
    if (tw_text_is_letter(byte_at(reading, 0)))
        return read_asctime(reading);
    return weekday || digits_ahead(reading) < 4 ? read_mail(reading) : read_iso(reading);
}

/* ---- the whole ---- */

/* The text comes from outside and goes into an error line, and from there into a table: what is not
 * printable ASCII shows as '?', and what is long is cut. */
static bool refuse_time(struct tw_text text, const char *cure, const char *why, struct tw_error *err)
{
    char shown[48];
    size_t length = text.length < 40 ? text.length : 40;
    for (size_t at = 0; at < length; at++)
        shown[at] = text.bytes[at] >= ' ' && text.bytes[at] <= '~' ? text.bytes[at] : '?';
    snprintf(shown + length, sizeof shown - length, "%s", text.length > 40 ? "..." : "");
    return tw_fail(err, TW_REFUSED, NULL, cure, "\"%s\" is not a time: %s", shown, why);
}

static bool check_reading(struct reading *reading)
{
    if (reading->month < 1 || reading->month > 12 || reading->day < 1 ||
        reading->day > tw_days_of_month(reading->year, reading->month))
        return wrong(reading, "the calendar has no such day");
    bool midnight =
        reading->hour == 24 && reading->minute == 0 && reading->second == 0 && !reading->fraction_us;
    if ((reading->hour > 23 && !midnight) || reading->minute > 59 || reading->second > 60)
        return wrong(reading, "the clock has no such time");
    return reading->at == reading->text.length || wrong(reading, "something stands after the time");
}

/* Without the white space around it, and without quotes, which a text that was made JSON twice has. */
static struct tw_text bare(struct tw_text written)
{
    struct tw_text text = tw_text_trimmed(written);
    bool quoted = text.length > 2 && text.bytes[0] == '"' && text.bytes[text.length - 1] == '"';
    return quoted ? (struct tw_text){text.bytes + 1, text.length - 2} : text;
}

/* What is no standard form, word by word; why it is none stays where that fails, too. *cure is set where
 * there is a better one. */
static bool read_words(struct reading *reading, const char **cure)
{
    struct tw_time_parts parts;
    if (!tw_time_words(reading->text, &parts)) {
        if (parts.either_way) {
            reading->wrong = "which number is the day, which the month?";
            *cure = "send the date as YYYY-MM-DD, or the month by its name";
        }
        return false;
    }
    struct reading again = {.text = reading->text,
        .at = reading->text.length,
        .year = parts.year,
        .month = parts.month,
        .day = parts.day,
        .hour = parts.hour,
        .minute = parts.minute,
        .second = parts.second,
        .fraction_us = parts.fraction_us,
        .has_clock = parts.has_clock,
        .has_offset = parts.has_offset,
        .offset_seconds = parts.offset_seconds,
        .place = parts.place};
    bool sound = check_reading(&again);
    if (sound)
        *reading = again;
    return sound;
}

/* What a time without an offset was read from: the clock that it names, else the one that all such times
 * mean. NULL: neither is known. */
static const struct tw_time_zone *clock_of(const struct reading *reading, const struct tw_time_clocks *clocks)
{
    if (!clocks)
        return NULL;
    return reading->place.length ? tw_time_zones_find(clocks->zones, reading->place) : clocks->naive;
}

bool tw_time_parse(
    struct tw_text text, const struct tw_time_clocks *clocks, int64_t *out_us, struct tw_error *err)
{
    static const char standard[] =
        "send RFC 3339 with an offset, as 1987-10-19T14:30:00Z, or a number in decode.time_unit";
    const char *cure = standard;
    struct reading reading = {.text = bare(text)};
    char plain[TW_TIME_SCRIPTS_BYTES];
    size_t length = tw_time_scripts(reading.text, plain);
    if (length)
        reading.text = tw_text_trimmed((struct tw_text){plain, length});
    if ((!read_any(&reading) || !check_reading(&reading)) && !read_words(&reading, &cure))
        return refuse_time(text, cure, reading.wrong, err);
    const struct tw_time_zone *clock = clock_of(&reading, clocks);
    if (reading.place.length && !reading.has_offset && !clock)
        return refuse_time(text,
            "send an offset, or install the zones (packages tzdata and tzdata-legacy) and start again",
            "this system has no time zone of that name", err);
    if (!reading.has_clock && !clock)
        return refuse_time(text,
            "say what a day means by decode.time_zone, as UTC or America/New_York, or send a clock and an offset",
            "no Thh:mm after the date", err);
    if (!reading.has_offset && !clock)
        return refuse_time(text,
            "say what it means by decode.time_zone, as UTC or America/New_York, or send an offset",
            "it has no offset (Z or +hh:mm)", err);
    int64_t local = tw_days_from_date(reading.year, reading.month, reading.day) * DAY_SECONDS +
                    reading.hour * 3600 + reading.minute * 60 + reading.second;
    int64_t seconds = reading.has_offset ? local - reading.offset_seconds : tw_time_zone_to_utc(clock, local);
    /* A leap second is the last of a UTC day: it reads as the midnight after it, as POSIX clocks do. */
    if (reading.second == 60 && seconds % DAY_SECONDS != 0)
        return refuse_time(text, standard, "a second of 60 stands at 23:59:60 UTC only", err);
    *out_us = seconds * MICROSECONDS + (reading.second == 60 ? 0 : reading.fraction_us);
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
    tw_date_from_days(days, &year, &month, &day);
    if (year < 0 || year > 9999)
        return (size_t)snprintf(out, TW_TIME_TEXT_BYTES, "%" PRId64 " us", time_us);
    int length = snprintf(out, TW_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month, day,
        (int)(second_of_day / 3600), (int)(second_of_day / 60 % 60), (int)(second_of_day % 60));
    if (rest_us)
        length += snprintf(out + length, TW_TIME_TEXT_BYTES - (size_t)length, ".%06d", (int)rest_us);
    length += snprintf(out + length, TW_TIME_TEXT_BYTES - (size_t)length, "Z");
    return (size_t)length;
}
