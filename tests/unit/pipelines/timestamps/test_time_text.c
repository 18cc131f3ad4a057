/* time_text: times as feeds write them, exactly; and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "timestamps/time_text.h"
#include "timestamps/time_zone.h"
#include "timestamps/time_zones.h"

static void times_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        const char *again;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"1970-01-01t00:00:00.000001z", 1, "1970-01-01T00:00:00.000001Z"},
        {"1970-01-01 00:00:00.1234567899Z", 123456, "1970-01-01T00:00:00.123456Z"},
        {"1970-01-01T01:00:00+01:00", 0, "1970-01-01T00:00:00Z"},
        {"1969-12-31T18:30:00-05:30", 0, "1970-01-01T00:00:00Z"},
        {"2000-02-29T12:00:00Z", INT64_C(951825600000000), "2000-02-29T12:00:00Z"},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000000), "2017-01-01T00:00:00Z"},
        {"2017-01-01T00:59:60.9+01:00", INT64_C(1483228800000000), "2017-01-01T00:00:00Z"},
        {"1900-01-01T00:00:00Z", INT64_C(-2208988800000000), "1900-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200000000), "0000-01-01T00:00:00Z"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int64_t us;
        struct tw_error err;
        char again[TW_TIME_TEXT_BYTES];
        assert_true(tw_time_parse(tw_text_of(cases[at].text), NULL, &us, &err));
        assert_true(us == cases[at].us);
        tw_time_text(us, again);
        assert_string_equal(again, cases[at].again);
    }
    static const char *const wrong[] = {"", "1987", "1987-10-19", "1987-13-01T00:00:00Z",
        "1987-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "1987-10-19T24:00:01Z", "1987-10-19T24:30Z",
        "1987-10-19T12:60:00Z", "1987-10-19T12:00:61Z", "1987-10-19T12:00:60Z", "1987-10-19T12:00:00",
        "1987-10-19T12:00:00.Z", "1987-10-19T12:00:00+1:00", "1987-10-19T12:00:00+0000 XYZ",
        "1987-10-19T12:00:00Z+2", "1987-10-19T12:00:00EST+2", "1987-10-19T12:00:00+0000 UTC x", "\"", "\"\"",
        "Oct 19, 1987 14:30 p.m. UTC", "1987-10-19T12:00:00 \u2212", "1987-10-19T12:00:00+01:60",
        "1987-10-19T12Z", "10/09/1987 14:30 UTC", "5-6-1987 14:30 UTC", "ET, Oct 1987", "14:30 UTC",
        "Oct 19, 1987 14:30 Mars Time", "Oct 19, 1987 13:30 a.m. ET", "Oct 19 Nov 1987 14:30 UTC",
        "32.10.1987 14:30 UTC", "Oct 19, 1987 14:30 UTC EST", "+987-10-19T12:00:00Z"};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        int64_t us;
        struct tw_error err;
        if (tw_time_parse(tw_text_of(wrong[at]), NULL, &us, &err))
            fail_msg("%s is read", wrong[at]);
        assert_int_equal(err.code, TW_REFUSED);
    }
}

static void every_day_of_four_centuries_goes_there_and_back(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 146097; day++) {
        char text[TW_TIME_TEXT_BYTES];
        int64_t us, again;
        struct tw_error err;
        us = day * INT64_C(86400000000);
        size_t length = tw_time_text(us, text);
        assert_true(tw_time_parse((struct tw_text){text, length}, NULL, &again, &err));
        assert_true(again == us);
    }
}

static void one_moment_is_read_in_every_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {"1987-10-19T14:30:00Z", "1987-10-19T14:30Z",
        "1987-10-19 14:30:00 UTC", "1987-10-19T14:30:00.000+0000", "1987-10-19 14:30:00 +0000",
        "1987-10-19T14:30:00+00", "1987-10-19T14:30:00,0Z", "19871019T143000Z", "19871019T1430Z",
        " 1987-10-19T14:30:00Z ", "1987/10/19 14:30:00Z", "Mon, 19 Oct 1987 14:30:00 GMT",
        "19 Oct 1987 14:30 +0000", "Mon, 19 Oct 87 10:30:00 EDT", "Monday, 19-Oct-87 14:30:00 GMT",
        "Mon Oct 19 14:30:00 +0000 1987", "Oct 19, 1987 2:30 PM UTC", "October 19, 1987, 10:30 AM EDT",
        "19 October 1987 14:30:00 Z", "1987-10-19T15:30:00+01:00[Europe/Paris]",
        "1987-10-19 14:30:00 +0000 UTC", "1987-10-19 14:30:00.000 +0000 UTC m=+0.012",
        "1987-10-19 15:30:00 +0100 CET", "Mon Oct 19 1987 16:30:00 GMT+0200 (Central European Summer Time)",
        "1987-10-19T16:30:00 UTC+2", "1987-10-19T12:30:00GMT-02:00", "1987-10-19T09:30:00\u221205:00",
        "\"1987-10-19T14:30:00Z\"", "Oct. 19, 1987 10:30 a.m. EDT", "October 19, 1987, 2:30 p.m. UTC",
        "19 Oct 1987 2:30PM GMT", "October 19, 1987, 10:30 ET", "Oct. 19, 1987 at 10:30 a.m. ET",
        "10:30 ET, October 19, 1987", "Monday, October 19th, 1987 10:30 AM EDT",
        "Published: Oct 19, 1987 7:30 a.m. PT", "Updated Oct 19, 1987 | 10:30 AM Eastern Daylight Time",
        "Oct 19, 1987 - 9:30 AM CT", "14:30 GMT 19 October 1987", "19.10.1987, 14:30 UTC",
        "10/19/87 10:30 AM EDT", "10/19/1987 2:30:00 PM UTC", "19-Oct-87 14:30:00 GMT",
        "19/Oct/1987:14:30:00 +0000", "19871019143000Z", "19871019143000.0Z", "19871019153000,000+0100",
        "19871019-14:30:00Z", "19 Oct 1987 14h30 GMT", "Oct 19, 1987, 2:30:00\u202FPM UTC",
        "1987-10-19T15:30:00 01:00", "19. Oktober 1987 15:30 MEZ", "Mon Oct 19 10:30:00 EDT 1987",
        "Oct 19, 1987 \u00B7 8:30 a.m. MT"};
    for (size_t at = 0; at < sizeof spellings / sizeof spellings[0]; at++) {
        int64_t us = 0;
        struct tw_error err;
        if (!tw_time_parse(tw_text_of(spellings[at]), NULL, &us, &err) || us != INT64_C(561652200000000))
            fail_msg("%s: %lld", spellings[at], (long long)us);
    }
}

/* The clocks of the United States, as their newswires name them. */
static void american_clocks_are_changed_in_spring_and_autumn(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc;
    } cases[] = {
        {"January 15, 2024 08:40 ET", "2024-01-15T13:40:00Z"},
        {"March 10, 2024 01:59 ET", "2024-03-10T06:59:00Z"},
        {"March 10, 2024 03:00 ET", "2024-03-10T07:00:00Z"},
        {"November 3, 2024 01:00 ET", "2024-11-03T05:00:00Z"},
        {"November 3, 2024 02:00 ET", "2024-11-03T07:00:00Z"},
        {"April 5, 1987 8:00 a.m. CT", "1987-04-05T13:00:00Z"},
        {"April 4, 1987 8:00 a.m. CT", "1987-04-04T14:00:00Z"},
        {"October 25, 1987 8:00 a.m. MT", "1987-10-25T15:00:00Z"},
        {"April 27, 1986 8:00 a.m. Pacific Time", "1986-04-27T15:00:00Z"},
        {"July 4, 2024 noon-ish ET", NULL},
        {"July 4, 2024 8:00 AM Eastern Standard Time", "2024-07-04T13:00:00Z"},
        {"1987-10-18T24:00:00Z", "1987-10-19T00:00:00Z"},
        {"31 Dec 1987 24:00 GMT", "1988-01-01T00:00:00Z"},
        {"28 May 2024 13:40 BST", "2024-05-28T12:40:00Z"},
        {"May 28, 2024, 06:10 PM IST", "2024-05-28T12:40:00Z"},
        {"28/05/24 12:40 GMT", "2024-05-28T12:40:00Z"},
        {"24-05-28 12:40:00Z", "2024-05-28T12:40:00Z"},
        {"2024-05-28 12:40:00:500Z", "2024-05-28T12:40:00.500000Z"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int64_t us = 0;
        struct tw_error err;
        char text[TW_TIME_TEXT_BYTES];
        bool read = tw_time_parse(tw_text_of(cases[at].text), NULL, &us, &err);
        tw_time_text(us, text);
        if (read != (cases[at].utc != NULL) || (read && strcmp(text, cases[at].utc) != 0))
            fail_msg("%s: %s", cases[at].text, read ? text : err.what);
    }
}

static void a_time_without_an_offset_means_what_was_said(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *text, *utc;
    } cases[] = {
        {"UTC", "2017-05-01 14:04:36", "2017-05-01T14:04:36Z"},
        {"America/New_York", "2017-05-01 14:04:36", "2017-05-01T18:04:36Z"},
        {"America/New_York", "2017-12-01 14:04:36", "2017-12-01T19:04:36Z"},
        {"America/New_York", "2017-05-01", "2017-05-01T04:00:00Z"},
        {"America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30:00Z"}, /* twice: the first of them */
        {"America/New_York", "2024-03-10 02:30:00", "2024-03-10T07:30:00Z"}, /* left out: as before it */
        {"America/New_York", "2090-07-01 12:00:00", "2090-07-01T16:00:00Z"}, /* by the rule of the footer */
        {"America/New_York", "2090-01-01 12:00:00", "2090-01-01T17:00:00Z"},
        {"Europe/London", "1987-10-19 14:30:00", "1987-10-19T13:30:00Z"},
        {"Australia/Sydney", "2090-01-01 12:00:00", "2090-01-01T01:00:00Z"},
        {"Asia/Kolkata", "2024-01-01 00:00", "2023-12-31T18:30:00Z"},
        {"UTC", "Mon Oct 19 14:30:00 1987", "1987-10-19T14:30:00Z"},
        {"UTC", "2017-05-01T14:04:36+02:00", "2017-05-01T12:04:36Z"},
    };
    struct tw_arena arena;
    struct tw_error err;
    assert_true(tw_arena_begin(&arena, (size_t)16 << 20, &err));
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_time_zone zone;
        int64_t us = 0;
        char text[TW_TIME_TEXT_BYTES];
        assert_true(tw_time_zone_load(cases[at].zone, &arena, &zone, &err));
        const struct tw_time_clocks clocks = {&zone, NULL};
        assert_true(tw_time_parse(tw_text_of(cases[at].text), &clocks, &us, &err));
        tw_time_text(us, text);
        assert_string_equal(text, cases[at].utc);
    }
    struct tw_time_zone zone;
    assert_false(tw_time_zone_load("Mars/Olympus", &arena, &zone, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_false(tw_time_zone_load("../../../etc/passwd", &arena, &zone, &err));
    static const char *const nowhere[] = {"tzdata.zi", "localtime", "posixrules", "right/UTC", "Factory", ""};
    for (size_t at = 0; at < sizeof nowhere / sizeof nowhere[0]; at++) {
        assert_false(tw_time_zone_load(nowhere[at], &arena, &zone, &err));
        assert_non_null(strstr(err.what, "is not a time zone's name"));
    }
    tw_arena_end(&arena);
}

static void a_zones_name_says_what_its_clock_shows(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc; /* or what its refusal says */
    } cases[] = {
        {"2026-11-30 14:31 America/New_York", "2026-11-30T19:31:00Z"},
        {"2026-07-01T14:31:00.25 Europe/Berlin", "2026-07-01T12:31:00.250000Z"},
        {"2026-11-30T14:31:00-05:00[America/New_York]", "2026-11-30T19:31:00Z"},
        {"2026-11-30T14:31:00[America/New_York]", "2026-11-30T19:31:00Z"},
        {"2026-11-30T14:31:00[Asia/Tokyo] (Asia/Tokyo)", "2026-11-30T05:31:00Z"},
        {"2026-11-30 14:31:00 (America/Argentina/Buenos_Aires)", "2026-11-30T17:31:00Z"},
        {"2026-11-30T14:31:00+01:00 Europe/Berlin", "2026-11-30T13:31:00Z"},
        {"2026-11-30T14:31:00+09:00[Europe/Berlin]", "2026-11-30T05:31:00Z"}, /* the offset decides */
        {"2026-11-30 14:31 america/new_york", "2026-11-30T19:31:00Z"},
        {"2026-11-30 14:31 Etc/GMT+5", "2026-11-30T19:31:00Z"},
        {"Mon, 30 Nov 2026 14:31:00 Europe/London", "2026-11-30T14:31:00Z"},
        {"Mon Nov 30 14:31:00 Asia/Kolkata 2026", "2026-11-30T09:01:00Z"},
        {"Nov 30, 2026 2:31 PM America/Chicago", "2026-11-30T20:31:00Z"},
        {"November 30th, 2026 at 2:31 p.m. (America/Chicago)", "2026-11-30T20:31:00Z"},
        {"Europe/Zurich, 30.11.2026 14:31", "2026-11-30T13:31:00Z"},
        {"2026-11-30 14:31 Mars/Olympus", "no time zone of that name"},
        {"2026-11-30T14:31:00[Mars/Olympus]", "no time zone of that name"},
        {"2026-11-30 14:31 Europe/Berlin Europe/Berlin", "something stands"},
        {"2026-11-30T14:31:00[Europe/Berlin", "2026-11-30T13:31:00Z"},
        {"2026-11-30 14:31 Europe/", "no meaning"},
    };
    struct tw_arena arena;
    struct tw_error err;
    struct tw_time_zones zones;
    assert_true(tw_arena_begin(&arena, (size_t)8 << 20, &err));
    assert_true(tw_time_zones_load(&arena, &zones, &err));
    const struct tw_time_clocks clocks = {NULL, &zones};
    assert_in_range(arena.used, 1, 1 << 20);
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int64_t us = 0;
        char text[TW_TIME_TEXT_BYTES];
        bool read = tw_time_parse(tw_text_of(cases[at].text), &clocks, &us, &err);
        tw_time_text(us, text);
        if (read ? strcmp(text, cases[at].utc) != 0 : !strstr(err.what, cases[at].utc))
            fail_msg("%s: %s", cases[at].text, read ? text : err.what);
    }
    int64_t us;
    assert_false(tw_time_parse(tw_text_of(cases[0].text), NULL, &us, &err));
    assert_non_null(strstr(err.cure, "tzdata"));
    tw_arena_end(&arena);
}

static void a_date_is_read_in_the_languages_that_feeds_write(void **state)
{
    (void)state;
    static const char *const spellings[] = {"30 novembre 2026 à 14h31 UTC",
        "lundi 30 novembre 2026, 14 h 31 min UTC", "Lun. 30 nov. 2026 14:31 GMT",
        "Montag, 30. November 2026, 14.31 Uhr UTC", "Mo., 30.11.2026 14:31 UTC",
        "30 de noviembre de 2026, 14:31 h UTC", "lunes, 30 de noviembre de 2026 a las 2:31 p. m. UTC",
        "Lunedì 30 novembre 2026 alle ore 14.31 UTC", "segunda-feira, 30 de novembro de 2026 às 14h31 UTC",
        "maandag 30 november 2026 om 14.31 GMT", "mandag den 30. november 2026 kl. 14.31 UTC",
        "30 listopada 2026, godz. 14:31 UTC", "понедельник, 30 ноября 2026 г., 14:31 UTC",
        "2026年11月30日 14:31 UTC", "2026年11月30日14时31分 UTC", "2026年11月30日(月) 14時31分00秒 +0000",
        "2026年11月30日 星期一 下午2点31分 UTC", "2026年11月30日（月曜日）午後２時３１分 UTC",
        "2026년 11월 30일 14시 31분 UTC", "2026년 11월 30일 (월) 오후 2:31 UTC",
        "２０２６-１１-３０ １４：３１ UTC", "2026-W49-1T14:31:00Z", "2026W491T143100Z", "2026-334T14:31:00Z",
        "2026-11-30-14.31.00.000000Z", "30-NOV-26 02.31.00.000000 PM +00:00", "30.11.2026 14.31 UTC"};
    struct tw_error err;
    for (size_t at = 0; at < sizeof spellings / sizeof spellings[0]; at++) {
        int64_t us = 0;
        if (!tw_time_parse(tw_text_of(spellings[at]), NULL, &us, &err) || us != INT64_C(1796049060000000))
            fail_msg("%s: %lld", spellings[at], (long long)us);
    }
    static const struct {
        const char *text, *utc; /* NULL: refused */
    } cases[] = {
        {"1 mars 2026 8h UTC", "2026-03-01T08:00:00Z"},
        {"1er décembre 2026 00:05 UTC", "2026-12-01T00:05:00Z"},
        {"mar. 3 mars 2026 14:31 UTC", "2026-03-03T14:31:00Z"}, /* mardi */
        {"1º de março de 2026 14:31 UTC", "2026-03-01T14:31:00Z"},
        {"3. März 2026 14:31 UTC", "2026-03-03T14:31:00Z"},
        {"3. Ma\u0308rz 2026 14:31 UTC", "2026-03-03T14:31:00Z"},
        {"2 août 2026 14:31 UTC", "2026-08-02T14:31:00Z"},
        {"2026年1月5日 上午12:05 UTC", "2026-01-05T00:05:00Z"},
        {"2026年1月5日 下午2点 UTC", "2026-01-05T14:00:00Z"},
        {"2020-W53-7T00:00Z", "2021-01-03T00:00:00Z"},
        {"2026-W01-1T00:00Z", "2025-12-29T00:00:00Z"},
        {"1961-W01-1T00:00Z", "1961-01-02T00:00:00Z"},
        {"2024-366T00:00Z", "2024-12-31T00:00:00Z"},
        {"2026-W53-7T00:00Z", "2027-01-03T00:00:00Z"},
        {"2025-W53-1T00:00Z", NULL},
        {"2026-W49T14:31Z", NULL},
        {"2026-W49-8T14:31Z", NULL},
        {"2026-366T14:31Z", NULL},
        {"30 jui 2026 14:31 UTC", NULL},
        {"mar 3 avril mars 2026 14:31 UTC", NULL},
        {"令和8年11月30日 14:31 UTC", NULL},
        {"二〇二六年十一月三十日 14:31 UTC", NULL},
        {"2026年11月 14:31 UTC", NULL},
        {"30 novembre 2026 14:31 heure de Paris", NULL},
        {"30 Nov 2026 14:31 A", NULL},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int64_t us = 0;
        char text[TW_TIME_TEXT_BYTES];
        bool read = tw_time_parse(tw_text_of(cases[at].text), NULL, &us, &err);
        tw_time_text(us, text);
        if (read != (cases[at].utc != NULL) || (read && strcmp(text, cases[at].utc) != 0))
            fail_msg("%s: %s", cases[at].text, read ? text : err.what);
    }
    int64_t us;
    assert_false(tw_time_parse(tw_text_of("2026年11月30日 14:31"), NULL, &us, &err));
    assert_non_null(strstr(err.cure, "decode.time_zone"));
}

static void day_and_month_are_never_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc; /* NULL: refused, naming the cure */
    } cases[] = {
        {"11/30/2026 14:31 UTC", "2026-11-30T14:31:00Z"},
        {"30/11/2026 14:31 UTC", "2026-11-30T14:31:00Z"},
        {"30-11-2026 14:31:00 UTC", "2026-11-30T14:31:00Z"},
        {"30/11/2026 02:31 pm IST", "2026-11-30T09:01:00Z"},
        {"04/04/2026 14:31 UTC", "2026-04-04T14:31:00Z"},
        {"03.04.2026 14:31 UTC", "2026-04-03T14:31:00Z"},
        {"3/4/2026, 2:31:00 PM UTC", "2026-03-04T14:31:00Z"},
        {"3/4/2026 2:31 p.m. UTC", "2026-03-04T14:31:00Z"},
        {"03/04/2026 14:31 ET", "2026-03-04T19:31:00Z"},
        {"03/04/2026 14:31 PST", "2026-03-04T22:31:00Z"},
        {"03-04-2026 14:31 EST", "2026-03-04T19:31:00Z"},
        {"03/04/2026", NULL},
        {"03/04/2026 14:31 UTC", NULL},
        {"03/04/2026 2:31 pm UTC", NULL},
        {"03-04-2026 2:31 PM UTC", NULL},
        {"03/04/2026 02:31 PM IST", NULL},
        {"03/04/2026 2:31 PM BST", NULL},
        {"03/04/2026 2:31 PM Europe/London", NULL},
        {"03/04/26 14:31 +0100", NULL},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int64_t us = 0;
        struct tw_error err;
        char text[TW_TIME_TEXT_BYTES];
        bool read = tw_time_parse(tw_text_of(cases[at].text), NULL, &us, &err);
        tw_time_text(us, text);
        if (read != (cases[at].utc != NULL) || (read && strcmp(text, cases[at].utc) != 0))
            fail_msg("%s: %s", cases[at].text, read ? text : err.what);
        if (!read && (!strstr(err.what, "which the month?") || !strstr(err.cure, "YYYY-MM-DD")))
            fail_msg("%s: %s; %s", cases[at].text, err.what, err.cure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_exactly),
        cmocka_unit_test(one_moment_is_read_in_every_spelling),
        cmocka_unit_test(american_clocks_are_changed_in_spring_and_autumn),
        cmocka_unit_test(a_time_without_an_offset_means_what_was_said),
        cmocka_unit_test(a_zones_name_says_what_its_clock_shows),
        cmocka_unit_test(a_date_is_read_in_the_languages_that_feeds_write),
        cmocka_unit_test(day_and_month_are_never_guessed),
        cmocka_unit_test(every_day_of_four_centuries_goes_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
