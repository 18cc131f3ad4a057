/* time_names: months, days of the week and zones by their names.
 *
 *   in    a word in capitals of ASCII
 *   out   the month, the day or the offset that it names; how far a name of the IANA database reaches
 *
 * TW_TIME_STANDARD: English months, and zones that mean one offset everywhere (RFC 822, section 5.1; RFC
 * 2822, section 4.3; and CET, JST and others). TW_TIME_NEWSWIRE: besides, months and days of the week in
 * German, French, Spanish, Italian, Portuguese, Dutch, the Nordic languages and Polish, without accents
 * (time_scripts.h takes them off), and zones that mean one offset wherever newswires write them: BST is
 * Britain's, IST India's. Of a month or a day three letters are enough, where all these languages mean the
 * same by them: "jui" is no month. */
#ifndef TW_TIME_NAMES_H
#define TW_TIME_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum tw_time_names { TW_TIME_STANDARD, TW_TIME_NEWSWIRE };

/* The month from 1 to 12 whose name the word is, or begins; 0: none. */
int tw_time_names_month(const char *word, size_t length, enum tw_time_names names);

/* Is it the name of a day of the week, or its beginning? */
bool tw_time_names_weekday(const char *word, size_t length, enum tw_time_names names);

/* The zone's minutes east of UTC; false when the word, which ends with NUL, names none. */
bool tw_time_names_zone(const char *word, enum tw_time_names names, int *minutes);

/* Is it the name of a clock of the United States: one of its zones of RFC 822? */
bool tw_time_names_american(const char *word);

/* How many bytes of the text's beginning are shaped as a zone's name of the IANA database is that has an
 * area and a place, as America/New_York, or are the four with both clocks of the United States, as EST5EDT;
 * 0: none. Whether there is such a zone time_zones.h knows. */
size_t tw_time_names_place(struct tw_text text);

#endif
