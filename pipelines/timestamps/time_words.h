/* time_words: times as newswires and people write them, word by word, in whatever order.
 *
 *   in    a text that none of time_text.h's standard forms is
 *   out   its parts, or false
 *
 *   "May 28, 2024, 08:40 ET" · "8:40 AM EDT, Tuesday, May 28th, 2024" · "Published: May 28, 2024 at 8:40
 *   a.m. ET" · "May 28, 2024 | 08:40 Eastern Time" · "28.05.2024 14:40 CEST" · "5/28/24 8:40 AM EDT" ·
 *   "28/May/2024:12:40:00 +0000" · "20240528-12:40:00Z" · "28 May 2024 13:40 BST" · "lundi 30 novembre 2026,
 *   14 h 31" · "30 de noviembre de 2026, 2:31 p. m." · "30.11.2026 14.31" · "30-NOV-26 02.31.05 PM +00:00" ·
 *   "2026-11-30-14.31.05"
 * The languages that months and days of the week are read in are those of time_names.h.
 * ET, CT, MT and PT are the clocks of the United States, with the days on which these are changed since 1967.
 * IST is India's, BST Britain's: of those who use the names their newswires are read. A name of the IANA
 * database is kept as it stands. A year of two digits is 1950 to 2049. Every word must be understood. Pure.
 *
 * Of two numbers and a year, one above 12 is the day, and behind dots the first one is (28.05.2024). Else it
 * is an American who wrote them, the month first, where a clock of the United States is named (ET, PDT), or
 * where slashes stand between them and AM, PM, a.m. or p.m. behind them, and no clock of elsewhere. All
 * others are refused: 03/04/2026 is in March for some and in April for others; "am" and "pm" in small letters
 * are written by both, and dashes with AM and PM by Indians. */
#ifndef TW_TIME_WORDS_H
#define TW_TIME_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* What a time is made of; numbers are not checked against the calendar. */
struct tw_time_parts {
    int year, month, day, hour, minute, second;
    int64_t fraction_us;
    bool has_clock;
    bool has_offset;
    int64_t offset_seconds;
    struct tw_text place; /* a zone's name of the IANA database; empty: none stands there */
    bool either_way;      /* refused because its day and month might change places */
};

/* Reads the whole text. False: a word was not understood, or a day, month or year is missing, or nobody could
 * tell day and month apart. */
bool tw_time_words(struct tw_text text, struct tw_time_parts *out);

#endif
