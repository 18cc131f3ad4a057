/* decode: a table of messages and what becomes of each, to the exact line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "read/decode.h"

/* 1987-10-19T14:30:00Z, as the stamp of all records here. */
#define STAMP_US INT64_C(561652200000000)

static struct tw_arena arena;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    return tw_arena_begin(&arena, (size_t)64 << 20, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

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

static void the_first_field_present_wins(void **state)
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

static void a_record_without_value_is_a_tick_only_when_it_says_so(void **state)
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
    assert_refused(document, "the record has no value; cure: send one JSON object a message");
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
        {"{\"text\":\"caf\xE9\"}", "caf\xEF\xBF\xBD", 1},
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
#define TYPE_CURE "; cure: mend the sender, or name another field under decode"
#define TEXT_CURE "; cure: send a title or a body, or name their fields under decode"
#define TIME_CURE                                                                                            \
    "; cure: send RFC 3339 with an offset, as 1987-10-19T14:30:00Z, or an integer in decode.time_unit"
#define CLOCK_CURE "; cure: check the sender's clock and decode.time_unit"

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
        {"{\"text\":\"\xFF\",}", "byte 13: not JSON: string or '}' expected" JSON_CURE},
        {"{\"text\":\"x\"} {}", "byte 14: not JSON: end of file expected" JSON_CURE},
        {"[1]", "the message is an array, not an object" JSON_CURE},
        {"\"text\"", "the message is text, not an object" JSON_CURE},
        {"null", "the message is null, not an object" JSON_CURE},
        {"{}", "no text: neither title nor body holds any" TEXT_CURE},
        {"{\"title\":\" \",\"text\":\"\\n\"}", "no text: neither title nor body holds any" TEXT_CURE},
        {"{\"title\":5}", "field title: an integer where text is expected" TYPE_CURE},
        {"{\"text\":[\"x\"]}", "field text: an array where text is expected" TYPE_CURE},
        {"{\"text\":\"x\",\"id\":1.5}",
            "field id: a number with a fraction where text is expected" TYPE_CURE},
        {"{\"text\":\"x\",\"symbols\":[1]}",
            "field symbols: an integer where text in the array is expected" TYPE_CURE},
        {"{\"text\":\"x\",\"ts\":1.5}",
            "field ts: a number with a fraction where RFC 3339 or an integer is expected; cure: send RFC 3339 "
            "with an offset, or an integer in decode.time_unit"},
        {"{\"text\":\"x\",\"ts\":\"yesterday\"}",
            "field ts: \"yesterday\" is not a time: it does not begin with YYYY-MM-DD" TIME_CURE},
        {"{\"text\":\"x\",\"ts\":\"heute fr\xC3\xBCh, ungefaehr um halb neun oder etwas spaeter\"}",
            "field ts: \"heute fr??h, ungefaehr um halb neun oder...\" is not a time: it does not begin with "
            "YYYY-MM-DD" TIME_CURE},
        {"{\"text\":\"x\",\"ts\":\"1987-10-19T14:30:00\"}",
            "field ts: \"1987-10-19T14:30:00\" is not a time: it has no offset (Z or +hh:mm)" TIME_CURE},
        {"{\"text\":\"x\",\"ts\":\"9999-12-31T23:59:59Z\"}",
            "field ts: 9999-12-31T23:59:59Z is later than the record's stamp by more than "
            "time.max_ahead" CLOCK_CURE ", or raise time.max_ahead"},
        {"{\"text\":\"x\",\"ts\":\"1900-01-01T00:00:00Z\"}",
            "field ts: 1900-01-01T00:00:00Z lies before 1970-01-01" CLOCK_CURE},
        {"{\"text\":\"x\",\"ts\":9223372036854775807}",
            "field ts: the number is beyond any time; cure: check decode.time_unit"},
        {"{\"text\":\"x\",\"n\":99999999999999999999}", "byte 36: not JSON: too big integer" JSON_CURE},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_refused(decoded(cases[at].json), cases[at].line);
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
        assert_true(tw_time_parse(tw_text_of(cases[at].text), &us, &err));
        assert_true(us == cases[at].us);
        tw_time_text(us, again);
        assert_string_equal(again, cases[at].again);
    }
    static const char *const wrong[] = {"", "1987", "1987-10-19", "1987-13-01T00:00:00Z",
        "1987-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "1987-10-19T24:00:00Z", "1987-10-19T12:60:00Z",
        "1987-10-19T12:00:61Z", "1987-10-19T12:00:60Z", "1987-10-19T12:00:00", "1987-10-19T12:00:00.Z",
        "1987-10-19T12:00:00+1:00", "1987-10-19T12:00:00+01:60", "1987-10-19T12:00:00Z ", "1987-10-19T12:00Z",
        "+987-10-19T12:00:00Z"};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        int64_t us;
        struct tw_error err;
        assert_false(tw_time_parse(tw_text_of(wrong[at]), &us, &err));
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
        assert_true(tw_time_parse((struct tw_text){text, length}, &again, &err));
        assert_true(again == us);
    }
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
        cmocka_unit_test(the_first_field_present_wins),
        cmocka_unit_test(without_a_time_the_record_s_stamp_counts),
        cmocka_unit_test(headers_are_the_fallback),
        cmocka_unit_test(a_record_without_value_is_a_tick_only_when_it_says_so),
        cmocka_unit_test(what_json_libraries_refuse_is_mended_and_counted),
        cmocka_unit_test(what_cannot_be_used_is_refused_with_place_and_cure),
        cmocka_unit_test(a_payload_over_the_limit_is_refused_unread),
        cmocka_unit_test(nesting_without_end_is_refused),
        cmocka_unit_test(times_are_read_exactly),
        cmocka_unit_test(every_day_of_four_centuries_goes_there_and_back),
        cmocka_unit_test(a_full_arena_is_told_and_not_taken_for_a_refusal),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
