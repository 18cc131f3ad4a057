/* feeds: messages shaped as vendors, queues and exports shape them, and the document that must come of each.
 * A row is a shape, written anew and small; what it does not have is an empty text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "read/decode.h"
#include "test_arena.h"
#include "timestamps/time_zone.h"

#define STAMP_US INT64_C(1796083200000000) /* 2026-12-01T00:00:00Z */
#define MOMENT_US INT64_C(1796049060000000)
#define Z "\"2026-11-30T14:31:00Z\""
#define NAIVE "\"2026-11-30 14:31:00\""

static struct tw_document decoded(const char *json, const struct tw_decode_options *options)
{
    struct tw_message *message = tw_arena_array(&arena, 1, sizeof *message);
    struct tw_document document;
    struct tw_error err;
    assert_non_null(message);
    *message = (struct tw_message){
        .offset = 7, .stamp_us = STAMP_US, .payload = tw_text_of(json), .has_value = true};
    assert_true(tw_decode(options, message, &arena, &document, &err));
    return document;
}

static void check_text(const char *json, const char *what, struct tw_text text, const char *expected)
{
    if (!tw_text_equal(text, tw_text_of(expected)))
        fail_msg("%s\n%s is \"%.*s\", not \"%s\"", json, what, (int)text.length, text.bytes, expected);
}

static void every_shape_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *json, *id, *title, *body, *source, *language, *symbol; /* the first one */
        bool timed;                                                        /* at MOMENT_US */
    } cases[] = {
        /* answers and sockets of vendors */
        {"{\"kind\":\"Listing\",\"data\":{\"after\":null,\"children\":[{\"kind\":\"t3\",\"data\":{\"title\":"
         "\"T\",\"selftext\":\"B\",\"id\":\"7\",\"created_utc\":1796049060.0}}]}}",
            "7", "T", "B", "", "", "", true},
        {"{\"data\":{\"id\":\"7\",\"text\":\"Half of\\u2026\",\"note_tweet\":{\"text\":\"All of it\"},"
         "\"created_at\":" Z "}}",
            "7", "", "All of it", "", "", "", true},
        {"{\"id\":\"7\",\"text\":\"Half of\\u2026\",\"note_tweet\":{\"text\":\"All of it\"},\"lang\":\"en\","
         "\"author_id\":\"1\",\"created_at\":" Z "}",
            "7", "", "All of it", "", "en", "", true},
        {"{\"did\":\"d\",\"time_us\":1796049061000000,\"kind\":\"commit\",\"commit\":{\"operation\":"
         "\"create\",\"record\":{\"createdAt\":" Z ",\"langs\":[\"en\"],\"text\":\"B\"}}}",
            "", "", "B", "", "en", "", true},
        {"{\"id\":7,\"date\":\"2026-11-30T15:31:00\",\"date_unixtime\":\"1796049060\",\"text\":[\"Of \","
         "{\"type\":\"bold\",\"text\":\"Velquin\"},\"'s guidance\"]}",
            "7", "", "Of Velquin's guidance", "", "", "", true},
        {"{\"id\":7,\"text\":[\"One.\",{\"type\":\"image\",\"src\":\"x\"},\"Two.\"],\"ts\":" Z "}", "7", "",
            "One.\n\nTwo.", "", "", "", true},
        {"{\"update_id\":1,\"message\":{\"message_id\":5,\"chat\":{\"id\":-1,\"title\":\"Channel\"},\"date\":"
         "1796049060,\"caption\":\"B\"}}",
            "5", "", "B", "", "", "", true},
        {"{\"kind\":\"youtube#searchResult\",\"snippet\":{\"publishedAt\":" Z
         ",\"title\":\"T\",\"description\":\"B\"}}",
            "", "T", "B", "", "", "", true},
        {"{\"id\":\"7\",\"title\":\"T\",\"summary\":\"S\",\"content_html\":\"<p>H\",\"content_text\":\"B\","
         "\"date_published\":" Z "}",
            "7", "T", "B", "", "", "", true},
        {"{\"an\":\"DJ7\",\"publication_datetime\":1796049060000,\"modification_datetime\":1796049069000,"
         "\"title\":\"T\",\"body\":\"B\",\"language_code\":\"en\",\"source_name\":\"S\"}",
            "DJ7", "T", "B", "S", "en", "", true},
        {"{\"Headline\":\"T\",\"Body\":\"B\",\"SUID\":\"7\",\"TimeOfArrival\":" Z "}", "7", "T", "B", "", "",
            "", true},
        {"{\"RP_STORY_ID\":\"7\",\"TIMESTAMP_UTC\":\"2026-11-30 14:31:00.000\",\"HEADLINE\":\"T\"}", "7", "T",
            "", "", "", "", true},
        {"{\"id\":7,\"date\":\"2026-11-30T09:31:00\",\"date_gmt\":\"2026-11-30T14:31:00\",\"title\":"
         "{\"rendered\":\"T\"},\"content\":{\"rendered\":\"B\"}}",
            "7", "T", "B", "", "", "", true},
        {"{\"id\":\"7\",\"headline\":\"T\",\"body\":\"B\",\"subjects\":[\"N2:US\",\"R:VELQ.O\"],"
         "\"firstCreated\":" Z "}",
            "7", "T", "B", "", "", "VELQ.O", true},
        {"{\"uri\":\"7\",\"versioncreated\":" Z ",\"headlines\":[{\"value\":\"T\"}],\"bodies\":"
         "[{\"value\":\"B\"}]}",
            "7", "T", "B", "", "", "", true},
        {"{\"id\":\"7\",\"type\":\"news\",\"attributes\":{\"publishOn\":\"2026-11-30T09:31:00-05:00\","
         "\"title\":\"T\"}}",
            "7", "T", "", "", "", "", true},
        {"{\"headline\":\"T\",\"storyTime\":" Z "}", "", "T", "", "", "", "", true},
        {"{\"headline\":\"T\",\"firstPublishedTs\":1796049060}", "", "T", "", "", "", "", true},
        /* XML turned into JSON */
        {"{\"title\":{\"#text\":\"T\"},\"description\":{\"#cdata\":\"B\"},\"guid\":{\"#text\":\"7\"},"
         "\"pubDate\":\"Mon, 30 Nov 2026 14:31:00 GMT\"}",
            "7", "T", "B", "", "", "", true},
        {"{\"entry\":{\"id\":\"7\",\"title\":{\"$t\":\"T\"},\"published\":{\"$t\":" Z
         "},\"content\":{\"$t\":\"B\",\"type\":\"html\"}}}",
            "7", "T", "B", "", "", "", true},
        /* queues, logs and stores */
        {"{\"schema\":{\"type\":\"string\"},\"payload\":\"Velquin falls\"}", "", "", "Velquin falls", "", "",
            "", false},
        {"{\"requestId\":\"r\",\"timestamp\":1796049060000,\"records\":[{\"data\":"
         "\"eyJ0aXRsZSI6IlQiLCJpZCI6IjcifQ==\"}]}",
            "7", "T", "", "", "", "", false},
        {"{\"date\":1796049060.0,\"log\":\"B\",\"stream\":\"stdout\"}", "", "", "B", "", "", "", true},
        {"{\"insertId\":\"7\",\"jsonPayload\":{\"title\":\"T\"},\"timestamp\":" Z "}", "", "T", "", "", "",
            "", true},
        {"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"7\",\"timestamp\":1796049060000,"
         "\"message\":\"B\"}]}",
            "7", "", "B", "", "", "", true},
        {"{\"took\":1,\"hits\":{\"total\":{\"value\":1},\"hits\":[{\"_id\":\"7\",\"_source\":{\"title\":\"T\","
         "\"published\":" Z "}}]}}",
            "7", "T", "", "", "", "", true},
        {"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"1796049060000000000\","
         "\"body\":{\"stringValue\":\"B\"}}]}]}]}",
            "", "", "B", "", "", "", true},
    };
    const struct tw_decode_options options = tw_decode_defaults();
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *json = cases[at].json;
        struct tw_document document = decoded(json, &options);
        if (document.fate != TW_FATE_STORED)
            fail_msg("%s\n%s", json, document.refusal ? document.refusal->what : "deleted");
        check_text(json, "id", document.id, cases[at].id);
        check_text(json, "title", document.title, cases[at].title);
        check_text(json, "body", document.body, cases[at].body);
        check_text(json, "source", document.source, cases[at].source);
        check_text(json, "language", document.language, cases[at].language);
        check_text(json, "symbol", document.symbol_count ? document.symbols[0] : (struct tw_text){"", 0},
            cases[at].symbol);
        if (cases[at].timed && document.event_us != MOMENT_US)
            fail_msg("%s\ntime is %lld", json, (long long)document.event_us);
    }
}

/* Days, clocks, counters and sequence numbers are no times of 1970; what a set unit says is believed. */
static void a_small_number_is_no_time(void **state)
{
    (void)state;
    static const char *const numbers[] = {
        "1", "100000", "\"100000\"", "20787", "32000", "52260000", "315532799", "100000.5", "1e5"};
    struct tw_decode_options options = tw_decode_defaults();
    char json[128];
    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++) {
        snprintf(json, sizeof json, "{\"text\":\"T\",\"ts\":%s}", numbers[at]);
        struct tw_document document = decoded(json, &options);
        if (document.fate != TW_FATE_DEAD_LETTER)
            fail_msg("%s is stored", json);
        assert_non_null(strstr(document.refusal->what, "before 1980"));
        assert_non_null(strstr(document.refusal->cure, "decode.time_unit"));
        snprintf(json, sizeof json, "{\"text\":\"T\",\"pubDate\":%s}", numbers[at]);
        document = decoded(json, &options);
        assert_int_equal(document.time_source, TW_TIME_KAFKA);
        assert_true(document.repaired >> TW_REPAIR_TIME & 1);
        assert_non_null(strstr(document.time_unread, "decode.time_unit"));
    }
    struct tw_document old = decoded("{\"text\":\"T\",\"ts\":561652200}", &options);
    assert_true(old.fate == TW_FATE_STORED && old.event_us == INT64_C(561652200000000));
    assert_true(old.time_is_doubtful);
    options.time_unit = TW_UNIT_SECONDS;
    old = decoded("{\"text\":\"T\",\"ts\":100000}", &options);
    assert_true(old.fate == TW_FATE_STORED && old.event_us == INT64_C(100000000000));
    assert_true(old.time_is_doubtful);
}

/* Under a name of the configuration it is a dead letter, under a feed's the stamp stands: both say the cure,
 * and the cure makes both right. */
static void a_time_without_zone_says_its_cure_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const chief[] = {"ts", "time", "timestamp", "published_at", "publishedAt",
        "created_at"},
                             *const feeds[] = {"pubDate", "publishedDate", "time_published", "date",
                                 "createdAt", "crawled_at", "firstPublishedOn"};
    static const struct tw_time_zone new_york = {.offset_before = -5 * 3600};
    struct tw_decode_options options = tw_decode_defaults(), zoned = options;
    zoned.time_zone_name = "America/New_York";
    zoned.clocks.naive = &new_york;
    char json[160];
    for (size_t at = 0; at < sizeof chief / sizeof chief[0]; at++) {
        snprintf(json, sizeof json, "{\"text\":\"T\",\"%s\":\"2026-11-30 09:31:00\"}", chief[at]);
        struct tw_document document = decoded(json, &options);
        assert_int_equal(document.fate, TW_FATE_DEAD_LETTER);
        assert_non_null(strstr(document.refusal->cure, "decode.time_zone"));
        document = decoded(json, &zoned);
        assert_true(document.fate == TW_FATE_STORED && document.event_us == MOMENT_US);
    }
    for (size_t at = 0; at < sizeof feeds / sizeof feeds[0]; at++) {
        snprintf(json, sizeof json, "{\"text\":\"T\",\"%s\":\"2026-11-30 09:31:00\"}", feeds[at]);
        struct tw_document document = decoded(json, &options);
        assert_true(document.fate == TW_FATE_STORED && document.event_us == STAMP_US);
        assert_true(document.repaired >> TW_REPAIR_TIME & 1);
        if (!document.time_unread)
            fail_msg("nothing is said of %s", json);
        bool known = strcmp(feeds[at], "crawled_at") != 0;
        assert_non_null(
            strstr(document.time_unread, known ? "decode.time_zone" : "decode.time: [crawled_at]"));
        document = decoded(json, &zoned);
        assert_true(document.event_us == (known ? MOMENT_US : STAMP_US));
        assert_true(!known || !document.time_unread);
    }
}

static void a_time_that_cannot_be_believed_is_told(void **state)
{
    (void)state;
    const struct tw_decode_options options = tw_decode_defaults();
    struct tw_document document = decoded("{\"text\":\"T\",\"pubDate\":\"2036-11-30T14:31:00Z\"}", &options);
    assert_true(document.fate == TW_FATE_STORED && document.event_us == STAMP_US);
    assert_true(document.repaired >> TW_REPAIR_TIME & 1);
    assert_non_null(strstr(document.time_unread, "time.max_ahead"));
    document = decoded("{\"text\":\"T\",\"pubDate\":" NAIVE ",\"updated\":" Z "}", &options);
    assert_true(document.event_us == MOMENT_US);
    assert_null(document.time_unread);
    static const char *const silent[] = {"{\"text\":\"T\"}", "{\"text\":\"T\",\"pubDate\":\"\"}",
        "{\"text\":\"T\",\"pubDate\":0}", "{\"text\":\"T\",\"publication_id\":1796049060}",
        "{\"text\":\"T\",\"publisher_since\":\"2020\"}"};
    for (size_t at = 0; at < sizeof silent / sizeof silent[0]; at++)
        if (decoded(silent[at], &options).time_unread || decoded(silent[at], &options).event_us != STAMP_US)
            fail_msg("%s", silent[at]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_is_read),
        cmocka_unit_test(a_small_number_is_no_time),
        cmocka_unit_test(a_time_without_zone_says_its_cure_wherever_it_stands),
        cmocka_unit_test(a_time_that_cannot_be_believed_is_told),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
