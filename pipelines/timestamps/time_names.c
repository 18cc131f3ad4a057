#include "timestamps/time_names.h"

#include <string.h>

enum { MONTHS = 12, DAYS = 7 };

static const char *const months[MONTHS] = {"JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY",
    "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
/* As they stand in dates, without accents: German, French, Spanish, Italian, Portuguese, Dutch, Nordic,
 * Polish; and the abbreviations that are no beginning. */
static const char *const other_months[][MONTHS] = {
    {"JANUAR", "FEBRUAR", "MARZ", "APRIL", "MAI", "JUNI", "JULI", "AUGUST", "SEPTEMBER", "OKTOBER",
        "NOVEMBER", "DEZEMBER"},
    {"JANNER", "FEBER", "", "", "", "", "", "", "SEPT", "", "", ""},
    {"JANVIER", "FEVRIER", "MARS", "AVRIL", "MAI", "JUIN", "JUILLET", "AOUT", "SEPTEMBRE", "OCTOBRE",
        "NOVEMBRE", "DECEMBRE"},
    {"ENERO", "FEBRERO", "MARZO", "ABRIL", "MAYO", "JUNIO", "JULIO", "AGOSTO", "SEPTIEMBRE", "OCTUBRE",
        "NOVIEMBRE", "DICIEMBRE"},
    {"", "", "", "", "", "", "", "", "SETIEMBRE", "", "", ""},
    {"GENNAIO", "FEBBRAIO", "MARZO", "APRILE", "MAGGIO", "GIUGNO", "LUGLIO", "AGOSTO", "SETTEMBRE", "OTTOBRE",
        "NOVEMBRE", "DICEMBRE"},
    {"JANEIRO", "FEVEREIRO", "MARCO", "ABRIL", "MAIO", "JUNHO", "JULHO", "AGOSTO", "SETEMBRO", "OUTUBRO",
        "NOVEMBRO", "DEZEMBRO"},
    {"JANUARI", "FEBRUARI", "MAART", "APRIL", "MEI", "JUNI", "JULI", "AUGUSTUS", "SEPTEMBER", "OKTOBER",
        "NOVEMBER", "DECEMBER"},
    {"", "", "MRT", "", "", "", "", "", "", "", "", ""},
    {"", "", "MARTS", "", "MAJ", "", "", "AUGUSTI", "", "", "", "DESEMBER"},
    {"STYCZNIA", "LUTEGO", "MARCA", "KWIETNIA", "MAJA", "CZERWCA", "LIPCA", "SIERPNIA", "WRZESNIA",
        "PAZDZIERNIKA", "LISTOPADA", "GRUDNIA"},
};
static const char *const days[DAYS] = {
    "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};
/* In the order of the months' languages. */
static const char *const other_days[][DAYS] = {
    {"MONTAG", "DIENSTAG", "MITTWOCH", "DONNERSTAG", "FREITAG", "SAMSTAG", "SONNTAG"},
    {"LUNDI", "MARDI", "MERCREDI", "JEUDI", "VENDREDI", "SAMEDI", "DIMANCHE"},
    {"LUNES", "MARTES", "MIERCOLES", "JUEVES", "VIERNES", "SABADO", "DOMINGO"},
    {"LUNEDI", "MARTEDI", "MERCOLEDI", "GIOVEDI", "VENERDI", "SABATO", "DOMENICA"},
    {"SEGUNDA", "TERCA", "QUARTA", "QUINTA", "SEXTA", "SABADO", "DOMINGO"},
    {"MAANDAG", "DINSDAG", "WOENSDAG", "DONDERDAG", "VRIJDAG", "ZATERDAG", "ZONDAG"},
    {"MANDAG", "TIRSDAG", "ONSDAG", "TORSDAG", "FREDAG", "LORDAG", "SONDAG"},
    {"MANDAG", "TISDAG", "ONSDAG", "TORSDAG", "FREDAG", "LORDAG", "SONDAG"},
    {"PONIEDZIALEK", "WTOREK", "SRODA", "CZWARTEK", "PIATEK", "SOBOTA", "NIEDZIELA"},
};
/* German and Dutch ones of two letters. */
static const char *const short_days[] = {
    "MO", "DI", "MI", "DO", "FR", "SA", "SO", "MA", "WO", "VR", "ZA", "ZO"};

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

/* The place that all languages agree on; 0 where none knows the word, or two mean different ones. */
static int month_of_others(const char *word, size_t length)
{
    int found = 0;
    for (size_t language = 0; language < sizeof other_months / sizeof other_months[0]; language++)
        for (int month = 0; month < MONTHS && length >= 3; month++) {
            if (strncmp(other_months[language][month], word, length) != 0)
                continue;
            if (found && found != month + 1)
                return 0;
            found = month + 1;
        }
    return found;
}

int tw_time_names_month(const char *word, size_t length, enum tw_time_names names)
{
    int month = place_of(word, length, months, MONTHS);
    return month || names == TW_TIME_STANDARD ? month : month_of_others(word, length);
}

bool tw_time_names_weekday(const char *word, size_t length, enum tw_time_names names)
{
    bool known = place_of(word, length, days, DAYS) > 0;
    if (known || names == TW_TIME_STANDARD)
        return known;
    for (size_t language = 0; language < sizeof other_days / sizeof other_days[0] && !known; language++)
        known = place_of(word, length, other_days[language], DAYS) > 0;
    for (size_t day = 0; day < sizeof short_days / sizeof short_days[0] && !known; day++)
        known = length == 2 && memcmp(short_days[day], word, 2) == 0;
    return known;
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
    static const char *const clocks[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT"};
    size_t length = 0, area = 0;
    for (size_t at = 0; at < sizeof clocks / sizeof clocks[0]; at++)
        if (tw_text_goes_on(text, 0, clocks[at]) &&
            !tw_text_is_alphanumeric(tw_text_byte(text, strlen(clocks[at]))))
            return strlen(clocks[at]);
    while (area < text.length && tw_text_is_letter(text.bytes[area]))
        area++;
    if (area < 2 || area + 1 >= text.length || text.bytes[area] != '/' ||
        !tw_text_is_letter(text.bytes[area + 1]))
        return 0;
    while (length < text.length && may_stand_in_place(text.bytes[length]))
        length++;
    return length;
}
