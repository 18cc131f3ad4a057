#include "timestamps/time_zone.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "timestamps/calendar.h"

enum { DAY_SECONDS = 86400, MOST_TRANSITIONS = 10000, HEADER_BYTES = 44 };

/* ---- the file (RFC 8536, section 3) ---- */

struct zone_header {
    uint32_t is_utc_count, is_standard_count, leap_count, time_count, type_count, character_count;
};

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t read_i64(const unsigned char *bytes)
{
    return (int64_t)((uint64_t)read_u32(bytes) << 32 | read_u32(bytes + 4));
}

static bool read_header(struct tw_text file, size_t at, struct zone_header *out)
{
    if (file.length < at + HEADER_BYTES || memcmp(file.bytes + at, "TZif", 4) != 0)
        return false;
    const unsigned char *bytes = (const unsigned char *)file.bytes + at + 20;
    *out = (struct zone_header){read_u32(bytes), read_u32(bytes + 4), read_u32(bytes + 8),
        read_u32(bytes + 12), read_u32(bytes + 16), read_u32(bytes + 20)};
    return out->is_utc_count <= 256 && out->is_standard_count <= 256 && out->leap_count <= MOST_TRANSITIONS &&
           out->time_count <= MOST_TRANSITIONS && out->type_count >= 1 && out->type_count <= 256 &&
           out->character_count <= 1024;
}

static size_t block_bytes(const struct zone_header *header, size_t time_bytes)
{
    return header->time_count * (time_bytes + 1) + header->type_count * 6 + header->character_count +
           header->leap_count * (time_bytes + 4) + header->is_standard_count + header->is_utc_count;
}

/* The 64-bit block's transitions and the offset that holds after each. False for a file that contradicts
 * itself. */
static bool read_transitions(const unsigned char *block, const struct zone_header *header,
    struct tw_arena *arena, struct tw_time_zone *out)
{
    const unsigned char *times = block, *indices = times + header->time_count * 8u;
    const unsigned char *types = indices + header->time_count;
    int64_t *transitions = tw_arena_array(arena, header->time_count, sizeof *transitions);
    int32_t *offsets = tw_arena_array(arena, header->time_count, sizeof *offsets);
    if (!transitions || !offsets)
        return false;
    for (uint32_t at = 0; at < header->time_count; at++) {
        transitions[at] = read_i64(times + at * 8u);
        if (indices[at] >= header->type_count || (at && transitions[at] <= transitions[at - 1]))
            return false;
        offsets[at] = (int32_t)read_u32(types + indices[at] * 6u);
    }
    out->transitions = transitions;
    out->offsets_after = offsets;
    out->count = header->time_count;
    out->offset_before = (int32_t)read_u32(types);
    return true;
}

/* ---- the footer: POSIX's TZ, such as EST5EDT,M3.2.0,M11.1.0 (POSIX.1-2017, 8.3) ---- */

static bool skip_name(const char **at)
{
    const char *begin = *at;
    if (**at == '<') {
        while (**at && **at != '>')
            ++*at;
        return *(*at)++ == '>';
    }
    while (tw_text_is_letter(**at))
        ++*at;
    return *at - begin >= 3;
}

static bool read_number(const char **at, int most, int *out)
{
    const char *begin = *at;
    for (*out = 0; tw_text_is_digit(**at) && *out <= most; ++*at)
        *out = *out * 10 + (**at - '0');
    return *at > begin && *out <= most;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_seconds(const char **at, int32_t *out)
{
    int sign = **at == '-' ? -1 : 1;
    if (**at == '-' || **at == '+')
        ++*at;
    int parts[3] = {0};
    static const int most[] = {167, 59, 59};
    for (int part = 0; part < 3; part++) {
        if (part > 0 && **at != ':')
            break;
        *at += part > 0;
        if (!read_number(at, most[part], &parts[part]))
            return false;
    }
    *out = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

/* ,Mm.w.d[/time] */
static bool read_rule(const char **at, struct tw_zone_rule *out)
{
    if (strncmp(*at, ",M", 2) != 0)
        return false;
    *at += 2;
    if (!read_number(at, 12, &out->month) || *(*at)++ != '.' || !read_number(at, 5, &out->week) ||
        *(*at)++ != '.' || !read_number(at, 6, &out->weekday))
        return false;
    out->second_of_day = 2 * 3600;
    if (**at != '/')
        return out->month >= 1 && out->week >= 1;
    ++*at;
    return read_seconds(at, &out->second_of_day) && out->month >= 1 && out->week >= 1;
}

/* POSIX counts west of Greenwich as positive. Days of the year in place of months ("J60") do not occur in the
 * database today. */
static bool read_footer(const char *footer, struct tw_time_zone *out)
{
    const char *at = footer;
    int32_t west;
    if (!*at)
        return true;
    if (!skip_name(&at) || !read_seconds(&at, &west))
        return false;
    out->standard_offset = -west;
    if (!*at)
        return true;
    out->daylight_offset = out->standard_offset + 3600;
    if (!skip_name(&at))
        return false;
    if (*at != ',') {
        if (!read_seconds(&at, &west))
            return false;
        out->daylight_offset = -west;
    }
    out->has_rule = read_rule(&at, &out->to_daylight) && read_rule(&at, &out->to_standard) && !*at;
    return out->has_rule;
}

static bool read_zone(struct tw_text file, struct tw_arena *arena, struct tw_time_zone *out)
{
    struct zone_header header;
    if (!read_header(file, 0, &header))
        return false;
    size_t at = HEADER_BYTES + block_bytes(&header, 4);
    if (!read_header(file, at, &header) || file.length - at - HEADER_BYTES < block_bytes(&header, 8))
        return false; /* version 1 alone: no 64-bit block; none is made so since 2005 */
    at += HEADER_BYTES;
    if (!read_transitions((const unsigned char *)file.bytes + at, &header, arena, out))
        return false;
    at += block_bytes(&header, 8);
    const char *end = memchr(file.bytes + at + 1, '\n', file.length > at + 1 ? file.length - at - 1 : 0);
    char footer[128];
    size_t length = end ? (size_t)(end - file.bytes) - at - 1 : 0;
    if (!end || file.bytes[at] != '\n' || length >= sizeof footer)
        return false;
    memcpy(footer, file.bytes + at + 1, length);
    footer[length] = '\0';
    return read_footer(footer, out);
}

/* A name is a path within the database: letters, digits and a few marks, no step upwards. No place begins
 * with a small letter: localtime is this machine's own, right/ counts leap seconds. Factory says that nobody
 * has set a zone. */
static bool is_zone_name(const char *name)
{
    size_t length = strlen(name);
    if (!tw_text_is_capital(name[0]) || length > 100 || strstr(name, "..") || strcmp(name, "Factory") == 0)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == length;
}

bool tw_time_zone_load(
    const char *name, struct tw_arena *arena, struct tw_time_zone *out, struct tw_error *err)
{
    static const char cure[] = "give a name of the IANA database, as UTC or America/New_York";
    *out = (struct tw_time_zone){0};
    if (strcmp(name, "UTC") == 0)
        return true;
    char path[256];
    struct tw_loaded_file file;
    if (!is_zone_name(name))
        return tw_fail(err, TW_CONFIG, NULL, cure, "\"%.60s\" is not a time zone's name", name);
    snprintf(path, sizeof path, "%s/%s", TW_TIME_ZONE_DATABASE, name);
    if (!tw_file_load(path, &file, err))
        return tw_fail(err, TW_CONFIG, NULL,
            "give a name of the IANA database, as UTC or America/New_York; its files "
            "come with the packages tzdata and (old names, as US/Eastern) tzdata-legacy",
            "no time zone \"%.60s\": %.120s cannot be read", name, path);
    bool read = file.length > 0 && read_zone((struct tw_text){file.bytes, file.length}, arena, out);
    tw_file_unload(&file);
    if (!read)
        return tw_fail(err, TW_CONFIG, NULL, cure, "%.120s is no file of the IANA database", path);
    return true;
}

/* ---- asking ---- */

/* The moment, in seconds since 1970 by a clock of `offset`, at which the rule strikes in that year. */
static int64_t strike(const struct tw_zone_rule *rule, int64_t year)
{
    int64_t first = tw_days_from_date(year, rule->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (rule->weekday - weekday + 7) % 7 + (rule->week - 1) * 7;
    int64_t next =
        rule->month == 12 ? tw_days_from_date(year + 1, 1, 1) : tw_days_from_date(year, rule->month + 1, 1);
    while (day >= next)
        day -= 7;
    return day * DAY_SECONDS + rule->second_of_day;
}

static int32_t offset_by_rule(const struct tw_time_zone *zone, int64_t utc_seconds)
{
    int64_t days = utc_seconds / DAY_SECONDS - (utc_seconds % DAY_SECONDS < 0);
    int64_t year = tw_year_of_day(days);
    int64_t to_daylight = strike(&zone->to_daylight, year) - zone->standard_offset;
    int64_t to_standard = strike(&zone->to_standard, year) - zone->daylight_offset;
    bool daylight = to_daylight < to_standard ? utc_seconds >= to_daylight && utc_seconds < to_standard
                                              : utc_seconds >= to_daylight || utc_seconds < to_standard;
    return daylight ? zone->daylight_offset : zone->standard_offset;
}

int32_t tw_time_zone_offset(const struct tw_time_zone *zone, int64_t utc_seconds)
{
    uint32_t low = 0, high = zone->count; /* the number of transitions at or before the moment */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (zone->transitions[middle] <= utc_seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return offset_by_rule(zone, utc_seconds);
    return low ? zone->offsets_after[low - 1] : zone->offset_before;
}

/* Two guesses surround the answer: with the offset that held a day before and the one that holds a day after.
 * The earlier moment that reads back as the local time is it; where none does (the hour that spring leaves
 * out), the offset before holds. */
int64_t tw_time_zone_to_utc(const struct tw_time_zone *zone, int64_t local_seconds)
{
    int32_t before = tw_time_zone_offset(zone, local_seconds - DAY_SECONDS);
    int32_t after = tw_time_zone_offset(zone, local_seconds + DAY_SECONDS);
    int64_t earlier = local_seconds - (before > after ? before : after);
    int64_t later = local_seconds - (before > after ? after : before);
    if (tw_time_zone_offset(zone, earlier) + earlier == local_seconds)
        return earlier;
    if (tw_time_zone_offset(zone, later) + later == local_seconds)
        return later;
    return local_seconds - before;
}
