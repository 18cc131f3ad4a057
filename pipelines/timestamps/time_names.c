#include "timestamps/time_names.h"

#include <string.h>

enum { MONTHS = 12, DAYS = 7 };

static const char *const months[MONTHS] = {"JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY",
    "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
/* Where German differs, and the abbreviation that is no beginning. */
static const char *const german_months[MONTHS] = {
    "JANUAR", "FEBRUAR", "", "", "MAI", "JUNI", "JULI", "", "SEPT", "OKTOBER", "", "DEZEMBER"};
static const char *const days[DAYS] = {
    "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};

struct zone {
    const char *name;
    int minutes; /* east of UTC */
};
static const struct zone standard_zones[] = {{"Z", 0}, {"UTC", 0}, {"GMT", 0}, {"UT", 0}, {"EST", -300},
    {"EDT", -240}, {"CST", -360}, {"CDT", -300}, {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420},
    {"WET", 0}, {"WEST", 60}, {"CET", 60}, {"CEST", 120}, {"EET", 120}, {"EEST", 180}, {"HKT", 480},
    {"SGT", 480}, {"JST", 540}, {"KST", 540}, {"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780}};
static const struct zone newswire_zones[] = {
    {"BST", 60}, {"IST", 330}, {"MEZ", 60}, {"MESZ", 120}, {"MSK", 180}};

/* The place, from 1, of the name that begins with the word; 0: none does. */
static int place_of(const char *word, size_t length, const char *const *names, int count)
{
    for (int name = 0; name < count && length >= 3; name++)
        if (strncmp(names[name], word, length) == 0)
            return name + 1;
    return 0;
}

int tw_time_names_month(const char *word, size_t length, enum tw_time_names names)
{
    int month = place_of(word, length, months, MONTHS);
    return month || names == TW_TIME_STANDARD ? month : place_of(word, length, german_months, MONTHS);
}

bool tw_time_names_weekday(const char *word, size_t length)
{
    return place_of(word, length, days, DAYS) > 0;
}

static bool find_zone(const char *word, const struct zone *zones, size_t count, int *minutes)
{
    for (size_t at = 0; at < count; at++)
        if (strcmp(zones[at].name, word) == 0) {
            *minutes = zones[at].minutes;
            return true;
        }
    return false;
}

bool tw_time_names_zone(const char *word, enum tw_time_names names, int *minutes)
{
    return find_zone(word, standard_zones, sizeof standard_zones / sizeof standard_zones[0], minutes) ||
           (names == TW_TIME_NEWSWIRE &&
               find_zone(word, newswire_zones, sizeof newswire_zones / sizeof newswire_zones[0], minutes));
}

bool tw_time_names_american(const char *word)
{
    static const char *const names[] = {"EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (strcmp(names[at], word) == 0)
            return true;
    return false;
}

static bool may_stand_in_place(char byte)
{
    return tw_text_is_letter(byte) || tw_text_is_digit(byte) || (byte && strchr("_+-/", byte));
}

size_t tw_time_names_place(struct tw_text text)
{
    size_t length = 0, area = 0;
    while (area < text.length && tw_text_is_letter(text.bytes[area]))
        area++;
    if (area < 2 || area + 1 >= text.length || text.bytes[area] != '/' ||
        !tw_text_is_letter(text.bytes[area + 1]))
        return 0;
    while (length < text.length && may_stand_in_place(text.bytes[length]))
        length++;
    return length;
}
