#include "timestamps/time_words.h"

#include <string.h>

#include "timestamps/calendar.h"
#include "timestamps/time_names.h"

enum { NO_YEAR = -1, MICROSECONDS = 1000000, HOUR = 3600 };

/* Who wrote a date, as far as its clock shows it. */
enum writer { WRITER_UNKNOWN, WRITER_AMERICAN, WRITER_FOREIGN };

/* A text being read. */
struct reader {
    struct tw_text text;
    size_t at;
    struct tw_time_parts *parts;
    int american; /* hours of its standard time east of UTC, of ET, CT, MT, PT; 0: none of them */
    enum writer writer;
    bool half_of_day;    /* AM or PM was read */
    bool american_half;  /* and in capitals or with points, as Americans write it */
    bool dashed;         /* the date stood with dashes, as Indians write it with AM and PM too */
    bool universal;      /* UTC or GMT, which a sign may follow */
    bool may_be_tuesday; /* what was taken for a month */
};

static char byte_at(const struct reader *reader, size_t ahead)
{
    return reader->at + ahead < reader->text.length ? reader->text.bytes[reader->at + ahead] : '\0';
}

static size_t digits_from(const struct reader *reader, size_t ahead)
{
    size_t count = 0;
    while (tw_text_is_digit(byte_at(reader, ahead + count)))
        count++;
    return count;
}

static int number_from(const struct reader *reader, size_t ahead, size_t digits)
{
    int value = 0;
    for (size_t digit = 0; digit < digits && digit < 9; digit++)
        value = value * 10 + (byte_at(reader, ahead + digit) - '0');
    return value;
}

/* ---- what stands between words ---- */

static size_t mark_bytes(const struct reader *reader)
{
    static const char *const marks[] = {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", "\xC2\xB7",
        "\xE2\x80\xA2", "\xE2\x80\x93", "\xE2\x80\x94"};
    char byte = byte_at(reader, 0);
    if (byte && strchr(" \t,|;()[]", byte))
        return 1;
    for (size_t mark = 0; mark < sizeof marks / sizeof marks[0]; mark++) {
        size_t length = strlen(marks[mark]);
        if (reader->text.length - reader->at >= length &&
            memcmp(reader->text.bytes + reader->at, marks[mark], length) == 0)
            return length;
    }
    return 0;
}

/* ---- words ---- */

/* Hours east of UTC of a clock of the United States in winter; 0: the word names none. */
static int american_zone(const char *word)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"ET", -5}, {"CT", -6}, {"MT", -7}, {"PT", -8}, {"EASTERN", -5}, {"CENTRAL", -6},
        {"MOUNTAIN", -7}, {"PACIFIC", -8}};
    for (size_t zone = 0; zone < sizeof zones / sizeof zones[0]; zone++)
        if (strcmp(zones[zone].name, word) == 0)
            return zones[zone].hours;
    return 0;
}

static bool is_courtesy(const char *word)
{
    static const char *const words[] = {"AT", "ON", "OF", "THE", "TIME", "DATE", "UPDATED", "PUBLISHED",
        "POSTED", "LAST", "FIRST", "CREATED", "RELEASED", "ISSUED", "UHR", "T", "DE", "DEL", "LAS", "LA",
        "EL", "LE", "A", "AS", "IL", "ALLE", "ORE", "OM", "UM", "DEN", "DER", "DEM", "KL", "KLO", "O", "GODZ",
        "H", "HRS", "MIN", "FEIRA"};
    for (size_t at = 0; at < sizeof words / sizeof words[0]; at++)
        if (strcmp(words[at], word) == 0)
            return true;
    return false;
}

/* AM, PM, a.m., and "p. m." as it is written in Spanish: its bytes; 0 when it does not stand here. */
static size_t half_of_day_bytes(const struct reader *reader)
{
    char half = (char)(byte_at(reader, 0) & ~0x20);
    size_t dots = byte_at(reader, 1) == '.';
    if (dots && byte_at(reader, 2) == ' ')
        dots = 2;
    else if (dots && byte_at(reader, 2) == '\xC2' && byte_at(reader, 3) == '\xA0')
        dots = 3;
    if ((half != 'A' && half != 'P') || (byte_at(reader, 1 + dots) & ~0x20) != 'M' ||
        tw_text_is_letter(byte_at(reader, 2 + dots)))
        return 0;
    return 2 + dots + (dots && byte_at(reader, 2 + dots) == '.');
}

static bool take_half_of_day(struct reader *reader, size_t bytes)
{
    struct tw_time_parts *parts = reader->parts;
    if (reader->half_of_day || !parts->has_clock || parts->hour < 1 || parts->hour > 12)
        return false;
    reader->half_of_day = true;
    reader->american_half = byte_at(reader, 0) < 'a' || byte_at(reader, 1) == '.';
    parts->hour = parts->hour % 12 + ((byte_at(reader, 0) & ~0x20) == 'P' ? 12 : 0);
    reader->at += bytes;
    return true;
}

static bool set_offset(struct reader *reader, int64_t offset)
{
    if (reader->parts->has_offset && reader->parts->offset_seconds != offset)
        return false;
    reader->parts->has_offset = true;
    reader->parts->offset_seconds = offset;
    return true;
}

static struct tw_text rest_of(const struct reader *reader)
{
    return (struct tw_text){reader->text.bytes + reader->at, reader->text.length - reader->at};
}

/* America/New_York, EST5EDT. In the Americas dates are written in every order. */
static bool take_place(struct reader *reader)
{
    static const char us[] = "US/", americas[] = "America/";
    struct tw_text rest = rest_of(reader);
    size_t length = tw_time_names_place(rest);
    if (reader->parts->place.length)
        return false;
    if (strncmp(rest.bytes, us, sizeof us - 1) == 0 || !memchr(rest.bytes, '/', length))
        reader->writer = WRITER_AMERICAN;
    else if (length < sizeof americas || strncmp(rest.bytes, americas, sizeof americas - 1) != 0)
        reader->writer = WRITER_FOREIGN;
    reader->parts->place = (struct tw_text){rest.bytes, length};
    reader->at += length;
    return true;
}

static bool take_word(struct reader *reader)
{
    enum { MOST = 15 };
    char word[MOST + 1];
    size_t length = 0, half = half_of_day_bytes(reader);
    int minutes;
    if (half)
        return take_half_of_day(reader, half);
    if (tw_time_names_place(rest_of(reader)))
        return take_place(reader);
    for (; tw_text_is_letter(byte_at(reader, length)); length++) {
        if (length == MOST)
            return false;
        word[length] = (char)(byte_at(reader, length) & ~0x20);
    }
    word[length] = '\0';
    reader->at += length;
    int month = tw_time_names_month(word, length, TW_TIME_NEWSWIRE), american = american_zone(word);
    if (month > 0) {
        bool first = reader->parts->month == 0;
        /* "mar. 3 mars": of French, Spanish and Italian Tuesdays three letters are March's, too */
        first = first || reader->may_be_tuesday;
        reader->may_be_tuesday = first && reader->parts->day == 0 && strcmp(word, "MAR") == 0;
        reader->parts->month = month;
        reader->at += byte_at(reader, 0) == '.' || byte_at(reader, 0) == '-' || byte_at(reader, 0) == '/';
        return first;
    }
    if (tw_time_names_weekday(word, length, TW_TIME_NEWSWIRE)) {
        char next = byte_at(reader, 0); /* "segunda-feira" */
        reader->at += next == '.' || (next == '-' && tw_text_is_letter(byte_at(reader, 1)));
        return true;
    }
    if (american) {
        reader->american = american;
        reader->writer = WRITER_AMERICAN;
        return true;
    }
    if (tw_time_names_zone(word, TW_TIME_NEWSWIRE, &minutes)) {
        reader->universal = length == 3 && minutes == 0;
        if (tw_time_names_american(word))
            reader->writer = WRITER_AMERICAN;
        else if (minutes != 0)
            reader->writer = WRITER_FOREIGN;
        return set_offset(reader, minutes * INT64_C(60));
    }
    bool fixed = strcmp(word, "STANDARD") == 0 || strcmp(word, "DAYLIGHT") == 0;
    if (fixed && reader->american) {
        bool set = set_offset(reader, (reader->american + (word[0] == 'D')) * (int64_t)HOUR);
        reader->american = 0;
        return set;
    }
    reader->at += byte_at(reader, 0) == ':' || byte_at(reader, 0) == '.';
    bool before_clock = length == 1 && (word[0] == 'A' || word[0] == 'O'); /* "30 mars 2026 à 14h31" */
    return is_courtesy(word) && !(before_clock && reader->parts->has_clock);
}

/* ---- numbers ---- */

/* Digits behind one of these marks, to microseconds; what is finer is cut off. */
static void take_fraction(struct reader *reader, const char *marks)
{
    char mark = byte_at(reader, 0);
    if (!mark || !strchr(marks, mark) || digits_from(reader, 1) == 0)
        return;
    reader->at++;
    for (int64_t weight = MICROSECONDS / 10; tw_text_is_digit(byte_at(reader, 0)); reader->at++, weight /= 10)
        reader->parts->fraction_us += (byte_at(reader, 0) - '0') * weight;
}

/* hh:mm, hh:mm:ss, with a fraction behind . , or :; `mark` is what stands between hours and minutes. */
static bool take_clock(struct reader *reader, size_t digits, char mark)
{
    struct tw_time_parts *parts = reader->parts;
    bool again = parts->has_clock;
    int hour = number_from(reader, 0, digits), minute = number_from(reader, digits + 1, 2);
    if (digits > 2 || digits_from(reader, digits + 1) != 2)
        return false;
    reader->at += digits + 3;
    if (again) /* "14:40:00 02:00": a plus that an address has made a blank */
        return digits == 2 && hour <= 14 && minute % 15 == 0 && !parts->has_offset &&
               set_offset(reader, (hour * 60 + minute) * INT64_C(60));
    parts->has_clock = true;
    parts->hour = hour;
    parts->minute = minute;
    mark = mark == '.' ? '.' : ':';
    if (byte_at(reader, 0) != mark || digits_from(reader, 1) != 2)
        return byte_at(reader, 0) != ':';
    parts->second = number_from(reader, 1, 2);
    reader->at += 3;
    take_fraction(reader, ".,:");
    return true;
}

static bool set_year(struct tw_time_parts *parts, int year, size_t digits)
{
    if (parts->year != NO_YEAR || (digits != 2 && digits != 4))
        return false;
    parts->year = digits == 4 ? year : year + (year < 50 ? 2000 : 1900);
    return true;
}

static bool set_day(struct tw_time_parts *parts, int day)
{
    if (parts->day != 0)
        return false;
    parts->day = day;
    return true;
}

/* 28.05.2024, 5/28/24, 2024/05/28: three numbers with one mark. What could be read either way is taken as an
 * American means it; whether one wrote it shows at the end of the text. */
static bool take_date(struct reader *reader, size_t first_digits, char mark)
{
    struct tw_time_parts *parts = reader->parts;
    size_t second_digits = digits_from(reader, first_digits + 1), third_at = first_digits + second_digits + 2;
    size_t third_digits = digits_from(reader, third_at);
    int first = number_from(reader, 0, first_digits),
        second = number_from(reader, first_digits + 1, second_digits);
    int third = number_from(reader, third_at, third_digits);
    if (second_digits > 2 || parts->month || parts->day)
        return false;
    reader->at += third_at + third_digits;
    if (first_digits == 4 && third_digits <= 2) {
        bool clock = byte_at(reader, 0) == '-' && digits_from(reader, 1) == 2 && byte_at(reader, 3) == '.';
        reader->at += clock; /* 2026-11-30-14.31.05, as DB2 writes it */
        parts->month = second;
        return set_day(parts, third) && set_year(parts, first, 4);
    }
    if (mark == '-' && first_digits == 2 && third_digits == 2) { /* as databases shorten it */
        parts->month = second;
        return set_day(parts, third) && set_year(parts, first, 2);
    }
    if (first_digits > 2)
        return false;
    parts->either_way = mark != '.' && first <= 12 && second <= 12 && first != second;
    bool month_first = mark != '.' && (second > 12 || parts->either_way);
    reader->dashed = mark == '-';
    parts->month = month_first ? first : second;
    return set_day(parts, month_first ? second : first) && set_year(parts, third, third_digits);
}

/* 20240528, 202405281240, 20240528124000, and 20240528124000.5Z as directories of LDAP have it. */
static bool take_compact(struct reader *reader, size_t digits)
{
    struct tw_time_parts *parts = reader->parts;
    if (parts->year != NO_YEAR || parts->month || parts->day)
        return false;
    parts->year = number_from(reader, 0, 4);
    parts->month = number_from(reader, 4, 2);
    parts->day = number_from(reader, 6, 2);
    parts->has_clock = digits > 8;
    parts->hour = digits > 8 ? number_from(reader, 8, 2) : 0;
    parts->minute = digits > 8 ? number_from(reader, 10, 2) : 0;
    parts->second = digits > 12 ? number_from(reader, 12, 2) : 0;
    reader->at += digits;
    reader->at += digits == 8 && byte_at(reader, 0) == '-';
    if (digits > 12)
        take_fraction(reader, ".,");
    return true;
}

/* "14h31", "14 h 31", "14h": its bytes, 0 when none stands here; where the digits of the minutes stand. */
static size_t french_clock(const struct reader *reader, size_t digits, size_t *minutes_at)
{
    size_t at = digits + (byte_at(reader, digits) == ' ');
    if (digits > 2 || reader->parts->has_clock || (byte_at(reader, at) & ~0x20) != 'H' ||
        tw_text_is_letter(byte_at(reader, at + 1)))
        return 0;
    *minutes_at = at + 1 + (byte_at(reader, at + 1) == ' ');
    if (digits_from(reader, *minutes_at) != 2) {
        *minutes_at = 0;
        return at + 1;
    }
    return *minutes_at + 2;
}

static bool take_french_clock(struct reader *reader, size_t digits, size_t bytes, size_t minutes_at)
{
    struct tw_time_parts *parts = reader->parts;
    parts->has_clock = true;
    parts->hour = number_from(reader, 0, digits);
    parts->minute = minutes_at ? number_from(reader, minutes_at, 2) : 0;
    reader->at += bytes;
    return true;
}

/* "8 a.m.": an hour alone. */
static bool is_hour_alone(const struct reader *reader, size_t digits)
{
    struct reader ahead = *reader;
    ahead.at += digits;
    while (mark_bytes(&ahead))
        ahead.at += mark_bytes(&ahead);
    return digits <= 2 && !reader->parts->has_clock && half_of_day_bytes(&ahead) > 0;
}

static bool is_ordinal(const struct reader *reader, size_t digits)
{
    static const char endings[] = "STNDRDTHER"; /* "1er" in French */
    char first = (char)(byte_at(reader, digits) & ~0x20),
         second = (char)(byte_at(reader, digits + 1) & ~0x20);
    for (size_t at = 0; at < sizeof endings - 1; at += 2)
        if (endings[at] == first && endings[at + 1] == second &&
            !tw_text_is_letter(byte_at(reader, digits + 2)))
            return true;
    return false;
}

static bool take_number(struct reader *reader)
{
    struct tw_time_parts *parts = reader->parts;
    size_t digits = digits_from(reader, 0);
    int value = number_from(reader, 0, digits);
    char mark = byte_at(reader, digits), next = byte_at(reader, digits + 1);
    size_t second = digits_from(reader, digits + 1), minutes_at = 0;
    size_t french = french_clock(reader, digits, &minutes_at);
    if (french)
        return take_french_clock(reader, digits, french, minutes_at);
    bool dotted = mark == '.' && second == 2 && parts->year != NO_YEAR && parts->day && !parts->has_clock;
    if ((mark == ':' || dotted) && digits <= 2)
        return take_clock(reader, digits, mark);
    if (mark && strchr("./-", mark) && second && byte_at(reader, digits + 1 + second) == mark &&
        digits_from(reader, digits + second + 2))
        return take_date(reader, digits, mark);
    if (digits == 8 || digits == 12 || digits == 14)
        return take_compact(reader, digits);
    if (is_hour_alone(reader, digits)) {
        parts->has_clock = true;
        parts->hour = value;
        reader->at += digits;
        return true;
    }
    reader->at += digits + (is_ordinal(reader, digits) ? 2 : 0);
    reader->at += mark == '.' && digits <= 2;
    reader->at += (mark == '-' || mark == '/') && tw_text_is_letter(next);
    if (digits == 4) {
        reader->at += mark == ':' && tw_text_is_digit(next); /* 28/May/2024:12:40 */
        return set_year(parts, value, 4);
    }
    if (digits > 2)
        return false;
    return parts->day == 0 ? set_day(parts, value) : parts->month != 0 && set_year(parts, value, digits);
}

/* +hhmm, -hh:mm, +h behind a clock; a dash between blanks is a mark. */
static bool take_sign(struct reader *reader)
{
    bool west = byte_at(reader, 0) == '-';
    size_t digits = digits_from(reader, 1), at = 1 + digits;
    if (west && (digits == 0 || byte_at(reader, 1) == ' ')) {
        reader->at++;
        return digits == 0 && (byte_at(reader, 0) == ' ' || byte_at(reader, 0) == '\0');
    }
    bool behind_name = reader->parts->has_offset && reader->universal;
    if (!reader->parts->has_clock || (digits != 2 && digits != 4 && !(digits == 1 && behind_name)))
        return false;
    int hours = number_from(reader, 1, digits == 4 ? 2 : digits);
    int minutes = digits == 4 ? number_from(reader, 3, 2) : 0;
    if (byte_at(reader, at) == ':' && digits_from(reader, at + 1) == 2) {
        minutes = number_from(reader, at + 1, 2);
        at += 3;
    }
    reader->at += at;
    reader->parts->has_offset = reader->parts->has_offset && !behind_name; /* "GMT+2" */
    return hours <= 14 && minutes < 60 &&
           set_offset(reader, (hours * 60 + minutes) * INT64_C(60) * (west ? -1 : 1));
}

/* ---- American clocks ---- */

/* The day of a month's nth Sunday, or of its last for 5, counted from 1970. */
static int64_t sunday(int year, int month, int nth)
{
    int64_t first = tw_days_from_date(year, month, 1);
    int64_t day = first + (3 - first % 7 + 7) % 7 + (int64_t)(nth - 1) * 7; /* 1970-01-01 was a Thursday */
    return day < tw_days_from_date(year + month / 12, month % 12 + 1, 1) ? day : day - 7;
}

/* Is it summer time there by that local clock? Energy Policy Act of 2005; law of 1986; Uniform Time Act. */
static bool is_summer(const struct tw_time_parts *parts)
{
    int64_t hour = tw_days_from_date(parts->year, parts->month, parts->day) * 24 + parts->hour;
    int64_t begin = parts->year >= 2007   ? sunday(parts->year, 3, 2)
                    : parts->year >= 1987 ? sunday(parts->year, 4, 1)
                                          : sunday(parts->year, 4, 5);
    int64_t end = parts->year >= 2007 ? sunday(parts->year, 11, 1) : sunday(parts->year, 10, 5);
    return hour >= begin * 24 + 2 && hour < end * 24 + 2;
}

/* Did an American write its day and month? */
static bool is_american(const struct reader *reader)
{
    return reader->writer == WRITER_AMERICAN ||
           (reader->writer == WRITER_UNKNOWN && reader->american_half && !reader->dashed);
}

bool tw_time_words(struct tw_text text, struct tw_time_parts *out)
{
    enum { MOST = 80 };
    *out = (struct tw_time_parts){.year = NO_YEAR};
    struct reader reader = {.text = text, .parts = out};
    bool taken = text.length <= MOST;
    while (taken && reader.at < text.length) {
        char byte = byte_at(&reader, 0);
        size_t mark = mark_bytes(&reader);
        reader.at += mark;
        if (mark)
            continue;
        taken = tw_text_is_digit(byte)       ? take_number(&reader)
                : byte == '+' || byte == '-' ? take_sign(&reader)
                                             : tw_text_is_letter(byte) && take_word(&reader);
    }
    out->either_way = taken && out->either_way && !is_american(&reader);
    if (!taken || out->either_way || out->year == NO_YEAR || out->month < 1 || out->month > 12 ||
        out->day == 0)
        return false;
    if (reader.american && out->has_clock && !out->has_offset) {
        out->has_offset = true;
        out->offset_seconds = (reader.american + is_summer(out)) * (int64_t)HOUR;
    }
    return true;
}
