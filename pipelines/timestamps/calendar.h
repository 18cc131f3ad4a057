/* calendar: days of the proleptic Gregorian calendar, counted from 1970-01-01. Months and days begin at 1. No
 * clock, no locale, no leap seconds. */
#ifndef TW_CALENDAR_H
#define TW_CALENDAR_H

#include <stdint.h>

/* The days of a month, `month` from 1 to 12. */
int tw_days_of_month(int year, int month);

/* Days from 1970-01-01 to a day. */
int64_t tw_days_from_date(int64_t year, int month, int day);

/* The date of a day; the inverse of tw_days_from_date. */
void tw_date_from_days(int64_t days, int64_t *year, int *month, int *day);

/* The year in which a day lies. */
int64_t tw_year_of_day(int64_t days);

#endif
