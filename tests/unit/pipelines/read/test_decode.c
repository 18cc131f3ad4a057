/* decode: a table of messages and what becomes of each, to the exact line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "read/decode.h"
#include "test_arena.h"

/* 1987-10-19T14:30:00Z, as the stamp of all records here. */
#define STAMP_US INT64_C(561652200000000)

static struct tw_message message_of(struct tw_text payload)
{
    return (struct tw_message){.offset = 7, .stamp_us = STAMP_US, .payload = payload, .has_value = true};
}

static struct tw_document decoded_bytes(struct tw_text payload)
{
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_message *message = tw_arena_array(&arena, 1, sizeof *message);
    assert_non_null(message);
    *message = message_of(payload);
    struct tw_document document;
    struct tw_error err;
    assert_true(tw_decode(&options, message, &arena, &document, &err));
    return document;
}

static struct tw_document decoded(const char *json)
{
    return decoded_bytes(tw_text_of(json));
}

static void assert_text(struct tw_text text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.length);
}

static void assert_refused(struct tw_document document, const char *line)
{
    char got[1200];
    assert_int_equal(document.fate, TW_FATE_DEAD_LETTER);
    assert_int_equal(document.refusal->code, TW_REFUSED);
    assert_false(document.moves_watermark);
    tw_error_line(document.refusal, got, sizeof got);
    assert_string_equal(got, line);
}

/* Oracle and Snowflake write names of columns in capitals, .NET begins them with one, PostgreSQL has none. */
static void fields_are_found_in_any_case(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "{\"ID\":17,\"TITLE\":\"H\",\"BODY\":\"B\",\"CREATED_AT\":\"1987-10-19T00:00:00Z\",\"LANG\":\"en\","
        "\"SOURCE\":\"r\",\"SYMBOLS\":\"OM\"}",
        "{\"Id\":17,\"Headline\":\"H\",\"Text\":\"B\",\"Timestamp\":\"1987-10-19T00:00:00Z\","
        "\"Language\":\"en\",\"Source\":\"r\",\"Tickers\":[\"OM\"]}",
        "{\"id\":17,\"headline\":\"H\",\"text\":\"B\",\"publishedat\":\"1987-10-19T00:00:00Z\","
        "\"lang\":\"en\",\"source\":\"r\",\"relatedtickers\":[\"OM\"]}",
        "{\"op_type\":\"I\",\"after\":{\"ID\":17,\"TITLE\":\"H\",\"BODY\":\"B\","
        "\"TS\":\"1987-10-19T00:00:00Z\",\"LANG\":\"en\",\"SOURCE\":\"r\",\"SYMBOLS\":\"OM\"}}"};
    for (size_t at = 0; at < sizeof messages / sizeof messages[0]; at++) {
        struct tw_document document = decoded(messages[at]);
        assert_int_equal(document.fate, TW_FATE_STORED);
        assert_text(document.id, "17");
        assert_text(document.title, "H");
        assert_text(document.body, "B");
        assert_text(document.source, "r");
        assert_text(document.language, "en");
        assert_int_equal(document.event_us, INT64_C(561600000000000));
        assert_int_equal(document.symbol_count, 1);
        assert_text(document.symbols[0], "OM");
    }
}

static void lists_of_symbols_are_parted_as_they_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *json, *first, *second; /* NULL: there is one */
    } cases[] = {
        {"[[\"VELQ\",0.9],[\"ODNL\",0.1]]", "VELQ", "ODNL"},
        {"\"VELQ\uFF0CODNL\"", "VELQ", "ODNL"},
        {"[\"VELQ\u3001ODNL\"]", "VELQ", "ODNL"},
        {"\"VELQ US\"", "VELQ US", NULL},
        {"\"VELQ US; ODNL LN\"", "VELQ US", "ODNL LN"},
        {"\"VELQ ODNL\"", "VELQ", "ODNL"},
        {"\"VELQ SE\"", "VELQ", "SE"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char json[120];
        snprintf(json, sizeof json, "{\"text\":\"T\",\"symbols\":%s}", cases[at].json);
        struct tw_document document = decoded(json);
        assert_int_equal(document.symbol_count, cases[at].second ? 2 : 1);
        assert_text(document.symbols[0], cases[at].first);
        if (cases[at].second)
            assert_text(document.symbols[1], cases[at].second);
    }
}

static void a_time_that_nobody_has_set_is_none(void **state)
{
    (void)state;
    struct tw_document document = decoded("{\"text\":\"T\",\"ts\":0,\"updated\":\"1987-10-19T00:00:00Z\"}");
    assert_int_equal(document.event_us, INT64_C(561600000000000));
    document = decoded("{\"text\":\"T\",\"ts\":0}");
    assert_int_equal(document.time_source, TW_TIME_KAFKA);
}

/* A text of which little is left was never read, and its score would say nothing. */
static void bytes_of_another_encoding_are_no_text(void **state)
{
    (void)state;
    /* windows-1251; GBK */
    static const char *const messages[] = {"{\"text\":\"\xC0\xEA\xF6\xE8\xE8 \xF3\xEF\xE0\xEB\xE8\"}",
        "{\"text\":\"\xD6\xD0\xB9\xFA\xD2\xF8\xD0\xD0\xB9\xC9\xBC\xDB\xCF\xC2\xB5\xF8\"}"};
    for (size_t at = 0; at < sizeof messages / sizeof messages[0]; at++) {
        struct tw_document document = decoded(messages[at]);
        assert_int_equal(document.fate, TW_FATE_DEAD_LETTER);
        assert_non_null(strstr(document.refusal->what, "the text is not in UTF-8"));
        assert_non_null(strstr(document.refusal->cure, "send UTF-8"));
    }
    /* A story with emoji cut in half is read. */
    struct tw_document document =
        decoded("{\"text\":\"\xF0\x9F\xF0\x9F\xF0\x9F\xF0\x9F Velquin profit falls after a fire\"}");
    assert_int_equal(document.fate, TW_FATE_STORED);
}

static void the_first_field_that_says_something_wins(void **state)
{
    (void)state;
    struct tw_document document =
        decoded("{\"id\":17,\"title\":null,\"headline\":\"H\",\"body\":\"B\",\"text\":\"T\",\"time\":1000,"
                "\"ts\":\"1987-10-19T00:00:00Z\",\"lang\":\"en\",\"source\":\"r\",\"extra\":[1,{}],"
                "\"symbols\":[\"OM\",\"IBM\"]}");
    assert_int_equal(document.fate, TW_FATE_STORED);
    assert_text(document.id, "17");
    assert_text(document.title, "H");
    assert_text(document.body, "B");
    assert_text(document.language, "en");
    assert_text(document.source, "r");
    assert_int_equal(document.event_us, INT64_C(561600000000000));
    assert_int_equal(document.time_source, TW_TIME_PAYLOAD);
    assert_true(document.moves_watermark);
    assert_int_equal(document.symbol_count, 2);
    assert_text(document.symbols[1], "IBM");
    document = decoded("{\"body\":\" \",\"text\":\"T\",\"content\":\"C\"}");
    assert_text(document.body, "T");
    document = decoded("{\"text\":\"T\",\"symbols\":\"OM, IBM\"}");
    assert_int_equal(document.symbol_count, 2);
    assert_text(document.symbols[0], "OM");
    assert_text(document.symbols[1], "IBM");
}

static void without_a_time_the_record_s_stamp_counts(void **state)
{
    (void)state;
    struct tw_document document = decoded("{\"text\":\"T\"}");
    assert_int_equal(document.event_us, STAMP_US);
    assert_int_equal(document.time_source, TW_TIME_KAFKA);
}

static void headers_are_the_fallback(void **state)
{
    (void)state;
    struct tw_header headers[] = {{tw_text_of("ts"), tw_text_of("561600000000")},
        {tw_text_of("source"), tw_text_of("wire\xFF")}, {tw_text_of("title"), tw_text_of("not this")},
        {tw_text_of("symbols"), tw_text_of("OM,IBM")}};
    struct tw_message message = message_of(tw_text_of("{\"headline\":\"this\"}"));
    message.headers = headers;
    message.header_count = 4;
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_document document;
    struct tw_error err;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.event_us, INT64_C(561600000000000));
    assert_int_equal(document.time_source, TW_TIME_HEADER);
    assert_text(document.source, "wire\xEF\xBF\xBD");
    assert_text(document.title, "this");
    assert_int_equal(document.symbol_count, 2);
    assert_int_equal(document.repairs, 1);
}

/* A name whose value shows nothing gives way to the next; where none has words, it is the text that was
 * sent. */
static void markup_without_words_hides_no_other_name(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "   ", "\u200B", "\u00A0\u3000", "<p></p>", "&nbsp;", "<br/>\n<!-- x -->"};
    for (size_t at = 0; at < sizeof empty / sizeof empty[0]; at++) {
        char json[200];
        snprintf(json, sizeof json, "{\"body\":\"%s\",\"content\":\"T\"}", empty[at]);
        assert_text(decoded(json).body, "T");
    }
    assert_text(decoded("{\"body\":\"<p></p>\",\"title\":\"T\"}").body, "<p></p>");
    assert_text(decoded("{\"body\":\"<p>x</p>\",\"content\":\"T\"}").body, "<p>x</p>");
    assert_text(decoded("{\"id\":\"<p></p>\",\"text\":\"T\"}").id, "<p></p>");
}

static void a_record_without_value_is_a_tick_or_a_tombstone(void **state)
{
    (void)state;
    struct tw_header headers[] = {{tw_text_of("tw-time"), tw_text_of("561600000000000")}};
    struct tw_message message = {.stamp_us = STAMP_US, .headers = headers, .header_count = 1};
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_document document;
    struct tw_error err;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.fate, TW_FATE_TICK);
    assert_int_equal(document.event_us, INT64_C(561600000000000));
    assert_true(document.moves_watermark);
    headers[0].value = tw_text_of("1987-10-19T00:00:00.5Z");
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.event_us, INT64_C(561600000500000));
    headers[0].value = tw_text_of("soon");
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.fate, TW_FATE_DEAD_LETTER);
    message.header_count = 0;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.fate, TW_FATE_TOMBSTONE);
    assert_false(document.moves_watermark);
}

#define CLOCK_CURE "; cure: check the sender's clock and decode.time_unit"

static struct tw_document stamped(const char *json, int64_t stamp_us, int64_t clock_us)
{
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_message message = message_of(tw_text_of(json));
    struct tw_document document;
    struct tw_error err;
    message.stamp_us = stamp_us;
    message.clock_us = clock_us;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    return document;
}

#define AT "{\"text\":\"x\",\"ts\":\"2026-01-01T"
#define NOON_US INT64_C(1767268800000000) /* 2026-01-01T12:00:00Z */
#define HOUR_US INT64_C(3600000000)

/* One sender whose clock runs ahead must not close the bars of all: its document is stored, that is all. */
static void a_time_too_far_ahead_of_its_stamp_moves_no_watermark(void **state)
{
    (void)state;
    assert_true(stamped(AT "12:00:00Z\"}", NOON_US, NOON_US).moves_watermark);
    assert_true(stamped(AT "12:01:00Z\"}", NOON_US, NOON_US).moves_watermark);
    struct tw_document document = stamped(AT "12:01:00.000001Z\"}", NOON_US, NOON_US);
    assert_int_equal(document.fate, TW_FATE_STORED);
    assert_false(document.moves_watermark);
    assert_false(stamped(AT "23:00:00Z\"}", NOON_US, NOON_US).moves_watermark);
    /* an archive read by its own time, and one without any clock to hold it against */
    assert_true(
        stamped(AT "12:00:00Z\"}", NOON_US + 10000 * HOUR_US, NOON_US + 10000 * HOUR_US).moves_watermark);
    assert_true(stamped("{\"text\":\"x\"}", NOON_US, 0).moves_watermark);
}

static void a_stamp_more_than_a_day_ahead_of_the_clock_moves_no_watermark(void **state)
{
    (void)state;
    assert_true(stamped("{\"text\":\"x\"}", NOON_US + 24 * HOUR_US, NOON_US).moves_watermark);
    struct tw_document document = stamped("{\"text\":\"x\"}", NOON_US + 24 * HOUR_US + 1000, NOON_US);
    assert_int_equal(document.fate, TW_FATE_STORED);
    assert_int_equal(document.time_source, TW_TIME_KAFKA);
    assert_false(document.moves_watermark);
    assert_false(stamped(AT "12:00:00Z\"}", NOON_US + 25 * HOUR_US, NOON_US).moves_watermark);
}

static void a_tick_too_far_ahead_moves_no_watermark_either(void **state)
{
    (void)state;
    struct tw_header header = {tw_text_of("tw-time"), tw_text_of("2026-01-01T12:01:00Z")};
    struct tw_message message = {
        .stamp_us = NOON_US, .clock_us = NOON_US, .headers = &header, .header_count = 1};
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_document document;
    struct tw_error err;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_true(document.moves_watermark);
    header.value = tw_text_of("2026-01-01T12:01:01Z");
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.fate, TW_FATE_TICK);
    assert_false(document.moves_watermark);
    header.value = tw_text_of("2026-01-03T12:00:00Z");
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.fate, TW_FATE_DEAD_LETTER);
    assert_false(document.moves_watermark);
}

/* A year that no table holds is told where times are read, so that it is a dead letter that moves nothing. */
static void a_year_of_five_digits_is_a_dead_letter(void **state)
{
    (void)state;
    struct tw_document document =
        stamped("{\"text\":\"x\"}", INT64_C(884541340800000000), INT64_C(884541340800000000));
    assert_refused(document, "the record's stamp: 884541340800000000 us lies after the year 9999" CLOCK_CURE);
    document = stamped("{\"text\":\"x\",\"ts\":\"9999-12-31T23:59:59Z\"}", INT64_C(253402300799000000), 0);
    assert_int_equal(document.fate, TW_FATE_STORED);
}

static void what_json_libraries_refuse_is_mended_and_counted(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
        uint32_t repairs;
    } cases[] = {
        {"{\"text\":\"a\\u0000b\"}",
            "a\xEF\xBF\xBD"
            "b",
            1},
        {"{\"text\":\"a\\\\u0000b\"}", "a\\u0000b", 0},
        {"{\"text\":\"\\ud83d\\ude00\"}", "\xF0\x9F\x98\x80", 0},
        {"{\"text\":\"\\ud83d!\"}", "\xEF\xBF\xBD!", 1},
        {"{\"text\":\"\\ude00\\ud83d\"}", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
        {"{\"text\":\"\\ud83d\\ud83d\\ude00\"}", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 1},
        {"{\"text\":\"caf\xE9\"}", "caf\xC3\xA9", 1},
        {"{\"text\":\"Nestl\xE9\x92s caf\xE9\x94\"}", "Nestl\xC3\xA9\xE2\x80\x99s caf\xEF\xBF\xBD", 3},
        {"{\"text\":\"caf\xC3\"}", "caf\xEF\xBF\xBD", 1},
        {"{\"text\":\"\xED\xA0\xBD\xED\xB3\x89!\"}", "\xF0\x9F\x93\x89!", 1},
        {"{\"text\":\"\xED\xA0\x80\"}", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3},
        {"{\"text\":\"\xF0\x9F\x98\"}", "\xEF\xBF\xBD", 1},
        {"\xEF\xBB\xBF{\"text\":\"b\"}", "b", 1},
        {"{\"text\":\"caf\xC3\xA9\"}", "caf\xC3\xA9", 0},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_document document = decoded(cases[at].json);
        assert_int_equal(document.fate, TW_FATE_STORED);
        assert_text(document.body, cases[at].text);
        assert_int_equal(document.repairs, cases[at].repairs);
    }
    struct tw_document document = decoded_bytes((struct tw_text){"{\"text\":\"a\0b\"}", 14});
    assert_text(document.body, "a\xEF\xBF\xBD"
                               "b");
}

#define JSON_CURE "; cure: send one JSON object a message"
#define TEXT_CURE "; cure: send a title or a body, or name their fields under decode"
#define TIME_CURE                                                                                            \
    "; cure: send RFC 3339 with an offset, as 1987-10-19T14:30:00Z, or a number in decode.time_unit"

static void what_cannot_be_used_is_refused_with_place_and_cure(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *line;
    } cases[] = {
        {"", "byte 0: the message is empty" JSON_CURE},
        {"news", "byte 4: not JSON: invalid token" JSON_CURE},
        {"{\"text\":\"x\"", "byte 11: not JSON: '}' expected" JSON_CURE},
        {"{\"text\":\"\xFF\",,}", "byte 13: not JSON: string or '}' expected" JSON_CURE},
        {"{\"text\":\"x\"} {}", "byte 14: not JSON: end of file expected" JSON_CURE},
        {"[1]", "the message is an array, not an object" JSON_CURE},
        {"\"text\"", "the message is text, not an object" JSON_CURE},
        {"null", "the message is null, not an object" JSON_CURE},
        {"{}", "no text: neither title nor body holds any" TEXT_CURE},
        {"{\"title\":\" \",\"text\":\"\\n\"}", "no text: neither title nor body holds any" TEXT_CURE},
        {"{\"text\":\"x\",\"ts\":\"yesterday\"}",
            "field ts: \"yesterday\" is not a time: it does not begin with YYYY-MM-DD or a month's name and a day" TIME_CURE},
        {"{\"text\":\"x\",\"ts\":\"heute fr\xC3\xBCh, ungefaehr um halb neun oder etwas spaeter\"}",
            "field ts: \"heute fr??h, ungefaehr um halb neun oder...\" is not a time: it does not begin with "
            "YYYY-MM-DD or a month's name and a day" TIME_CURE},
        {"{\"text\":\"x\",\"ts\":\"1987-10-19T14:30:00\"}",
            "field ts: \"1987-10-19T14:30:00\" is not a time: it has no offset (Z or +hh:mm); cure: say what it "
            "means by decode.time_zone, as UTC or America/New_York, or send an offset"},
        {"{\"text\":\"x\",\"ts\":\"9999-12-31T23:59:59Z\"}",
            "field ts: 9999-12-31T23:59:59Z is later than the record's stamp by more than "
            "time.max_ahead" CLOCK_CURE ", or raise time.max_ahead"},
        {"{\"text\":\"x\",\"ts\":\"1900-01-01T00:00:00Z\"}",
            "field ts: 1900-01-01T00:00:00Z lies before 1970-01-01" CLOCK_CURE},
        {"{\"text\":\"x\",\"ts\":9223372036854775807}",
            "field ts: 2262-04-11T23:47:16.854775Z is later than the record's stamp by more than time.max_ahead" CLOCK_CURE
            ", or raise time.max_ahead"},
        {"{\"records\":[{\"text\":\"x\"},{\"text\":\"y\"}]}",
            "no text: neither title nor body holds any, but field records holds several messages; cure: send each "
            "of them as a message of its own; of a file: jq -c '.records[]' FILE >OUT.jsonl"},
        {"{\"inner\":{\"text\":\"x\"}}",
            "no text: neither title nor body holds any, but field inner does; cure: set decode.root: inner"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_refused(decoded(cases[at].json), cases[at].line);
}

/* A field that nobody needs cannot take the text away; what was done to it is counted by field. */
static void an_optional_field_of_another_type_is_read_or_left_out(void **state)
{
    (void)state;
    struct tw_document document = decoded(
        "{\"id\":{\"$oid\":\"65a1\"},\"title\":5,\"text\":[\"one\",null,\"two\"],\"source\":{\"id\":null,"
        "\"name\":\"Halyard Wire\"},\"lang\":[\"en\"],\"ts\":\"\",\"time\":true,\"timestamp\":[561652200],"
        "\"symbols\":[\"VELQ\",null,{\"symbol\":\"ODNL\",\"name\":\"Ordanelle\"},9901,true]}");
    assert_int_equal(document.fate, TW_FATE_STORED);
    assert_text(document.id, "65a1");
    assert_text(document.title, "5");
    assert_text(document.body, "one\ntwo");
    assert_text(document.source, "Halyard Wire");
    assert_text(document.language, "en");
    assert_int_equal(document.event_us, STAMP_US);
    assert_int_equal(document.symbol_count, 3);
    assert_text(document.symbols[1], "ODNL");
    assert_text(document.symbols[2], "9901");
    assert_int_equal(document.repaired, 1 << TW_REPAIR_ID | 1 << TW_REPAIR_TITLE | 1 << TW_REPAIR_BODY |
                                            1 << TW_REPAIR_SOURCE | 1 << TW_REPAIR_LANGUAGE |
                                            1 << TW_REPAIR_TIME | 1 << TW_REPAIR_SYMBOLS);
    document = decoded("{\"text\":\"T\",\"source\":[1,2],\"lang\":false,\"symbols\":{\"a\":{}},\"id\":1.5}");
    assert_int_equal(document.fate, TW_FATE_STORED);
    assert_text(document.source, "");
    assert_text(document.language, "");
    assert_text(document.id, "1.5");
    assert_int_equal(document.symbol_count, 0);
}

static void symbols_in_one_text_are_parted(void **state)
{
    (void)state;
    struct tw_document document = decoded("{\"text\":\"T\",\"tickers\":\"VELQ US Equity;ODNL|OM IBM\"}");
    assert_int_equal(document.symbol_count, 4);
    assert_text(document.symbols[0], "VELQ US Equity");
    assert_text(document.symbols[1], "ODNL");
    assert_text(document.symbols[2], "OM");
    assert_text(document.symbols[3], "IBM");
    document = decoded("{\"text\":\"T\",\"symbols\":[\"OM, IBM\",\"VELQ US\",\";ODNL\",\",\"]}");
    assert_int_equal(document.symbol_count, 4);
    assert_text(document.symbols[0], "OM");
    assert_text(document.symbols[1], " IBM");
    assert_text(document.symbols[2], "VELQ US");
    assert_text(document.symbols[3], "ODNL");
}

static void the_time_is_taken_from_the_first_field_that_holds_one(void **state)
{
    (void)state;
    static const char *const same[] = {"561652200", "561652200000", "561652200000000", "561652200000000000",
        "561652200.0", "561652200000.0", "\"561652200000\"", "\"561652200.0\"",
        "{\"$date\":\"1987-10-19T14:30:00Z\"}", "{\"$date\":{\"$numberLong\":\"561652200000\"}}",
        "[\"1987-10-19T14:30:00Z\"]", "\"Mon, 19 Oct 1987 10:30 EDT\"",
        "\"half past two\",\"created_at\":\"Mon Oct 19 14:30:00 +0000 1987\"",
        "\"\",\"published_at\":\"1987-10-19T14:30:00Z\""};
    for (size_t at = 0; at < sizeof same / sizeof same[0]; at++) {
        char json[200];
        snprintf(json, sizeof json, "{\"text\":\"T\",\"ts\":%s}", same[at]);
        struct tw_document document = decoded(json);
        assert_int_equal(document.fate, TW_FATE_STORED);
        assert_true(document.event_us == STAMP_US);
        assert_int_equal(document.time_source, TW_TIME_PAYLOAD);
    }
}

static void a_unit_that_was_set_is_believed_and_doubted(void **state)
{
    (void)state;
    struct tw_decode_options options = tw_decode_defaults();
    options.time_unit = TW_UNIT_MILLISECONDS;
    struct tw_message message = message_of(tw_text_of("{\"text\":\"T\",\"ts\":561652200}"));
    struct tw_document document;
    struct tw_error err;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_int_equal(document.event_us, INT64_C(561652200000));
    assert_true(document.time_is_doubtful);
}

static void envelopes_are_opened_and_deletions_are_tombstones(void **state)
{
    (void)state;
    struct tw_document document = decoded("{\"schema\":{},\"payload\":{\"text\":\"T\",\"id\":1}}");
    assert_text(document.body, "T");
    document = decoded("{\"op\":\"c\",\"ts_ms\":1,\"before\":null,\"after\":{\"text\":\"T\"}}");
    assert_text(document.body, "T");
    document = decoded("{\"schema\":{},\"payload\":{\"op\":\"d\",\"ts_ms\":1,\"before\":{},\"after\":null}}");
    assert_int_equal(document.fate, TW_FATE_TOMBSTONE);
    document = decoded(
        "{\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"/wire\",\"time\":\"1987-10-19T00:00:00Z\","
        "\"data\":\"{\\\"text\\\":\\\"T\\\"}\"}");
    assert_text(document.body, "T");
    assert_text(document.id, "e");
    assert_text(document.source, "/wire");
    assert_int_equal(document.event_us, INT64_C(561600000000000));
    document = decoded("{\"text\":\"T\",\"schema\":1,\"payload\":2}");
    assert_text(document.body, "T");
}

static void a_root_and_a_set_envelope_are_held_to(void **state)
{
    (void)state;
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_message message =
        message_of(tw_text_of("{\"a\":{\"b\":{\"text\":\"T\"}},\"text\":\"outside\"}"));
    struct tw_document document;
    struct tw_error err;
    options.root = "a.b";
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_text(document.body, "T");
    options.root = "a.c";
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_refused(document,
        "field c: decode.root names it, and nothing where an object is expected; cure: check "
        "decode.envelope and decode.root against a message");
    options.root = NULL;
    message = message_of(tw_text_of("{\"schema\":{\"type\":\"string\"},\"payload\":\"Profit\"}"));
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_refused(document,
        "field payload: a Connect envelope, and text where an object is expected; cure: set "
        "decode.envelope: none and decode.body: [payload], or send an object");
    message = message_of(tw_text_of("{\"a\":{\"b\":{\"text\":\"T\"}},\"text\":\"outside\"}"));
    options.envelope = TW_ENVELOPE_DEBEZIUM;
    assert_true(tw_decode(&options, &message, &arena, &document, &err));
    assert_refused(document, "the message is no Debezium change event: it has no op and after; cure: check "
                             "decode.envelope against a message");
}

static void a_payload_over_the_limit_is_refused_unread(void **state)
{
    (void)state;
    size_t length = (size_t)100 << 20;
    char *giant = malloc(length);
    assert_non_null(giant);
    memset(giant, 'x', length);
    assert_refused(decoded_bytes((struct tw_text){giant, length}),
        "the message has 104857600 bytes, 4194304 are allowed; cure: send it in parts, or raise "
        "decode.most_bytes");
    free(giant);
}

static void nesting_without_end_is_refused(void **state)
{
    (void)state;
    char deep[10000];
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"a\":", 5);
    struct tw_document document = decoded_bytes((struct tw_text){deep, sizeof deep});
    assert_int_equal(document.fate, TW_FATE_DEAD_LETTER);
    assert_string_equal(document.refusal->what, "not JSON: maximum parsing depth reached");
}

static void a_full_arena_is_told_and_not_taken_for_a_refusal(void **state)
{
    (void)state;
    struct tw_arena small;
    struct tw_error err;
    assert_true(tw_arena_begin(&small, 4096, &err));
    static char json[8192];
    memset(json, 'x', sizeof json);
    memcpy(json, "{\"text\":\"", 9);
    memcpy(json + sizeof json - 2, "\"}", 2);
    struct tw_message message = message_of((struct tw_text){json, sizeof json});
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_document document;
    assert_false(tw_decode(&options, &message, &small, &document, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_end(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_field_that_says_something_wins),
        cmocka_unit_test(fields_are_found_in_any_case),
        cmocka_unit_test(bytes_of_another_encoding_are_no_text),
        cmocka_unit_test(lists_of_symbols_are_parted_as_they_are_written),
        cmocka_unit_test(a_time_that_nobody_has_set_is_none),
        cmocka_unit_test(without_a_time_the_record_s_stamp_counts),
        cmocka_unit_test(headers_are_the_fallback),
        cmocka_unit_test(markup_without_words_hides_no_other_name),
        cmocka_unit_test(a_record_without_value_is_a_tick_or_a_tombstone),
        cmocka_unit_test(a_time_too_far_ahead_of_its_stamp_moves_no_watermark),
        cmocka_unit_test(a_stamp_more_than_a_day_ahead_of_the_clock_moves_no_watermark),
        cmocka_unit_test(a_tick_too_far_ahead_moves_no_watermark_either),
        cmocka_unit_test(a_year_of_five_digits_is_a_dead_letter),
        cmocka_unit_test(what_json_libraries_refuse_is_mended_and_counted),
        cmocka_unit_test(what_cannot_be_used_is_refused_with_place_and_cure),
        cmocka_unit_test(an_optional_field_of_another_type_is_read_or_left_out),
        cmocka_unit_test(symbols_in_one_text_are_parted),
        cmocka_unit_test(the_time_is_taken_from_the_first_field_that_holds_one),
        cmocka_unit_test(a_unit_that_was_set_is_believed_and_doubted),
        cmocka_unit_test(envelopes_are_opened_and_deletions_are_tombstones),
        cmocka_unit_test(a_root_and_a_set_envelope_are_held_to),
        cmocka_unit_test(a_payload_over_the_limit_is_refused_unread),
        cmocka_unit_test(nesting_without_end_is_refused),
        cmocka_unit_test(a_full_arena_is_told_and_not_taken_for_a_refusal),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
