/* json_text: what senders write and JSON does not know, put right; and what stays refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "read/json_text.h"
#include "test_arena.h"

static void values_that_json_does_not_know_are_put_right(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        uint32_t repairs;
    } cases[] = {
        {"{\"a\":NaN,\"b\":[-Infinity,Infinity,1]}", "{\"a\":null,\"b\":[null,null,1]}", 3},
        {"{\"a\":None,\"b\":undefined,\"c\":True}", "{\"a\":null,\"b\":null,\"c\":true}", 3},
        {"{\"id\":99999999999999999999}", "{\"id\":\"99999999999999999999\"}", 1},
        {"{\"id\":007}", "{\"id\":\"007\"}", 1},
        {"{\"a\":1e999,\"b\":.5,\"c\":+1,\"d\":0x1F,\"e\":1.}",
            "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null}", 5},
        {"{\"a\":\"can\\'t \\x41 \\q\"}", "{\"a\":\"can't A q\"}", 3},
        {"{a: 1, b_2 : {null:true}}", "{\"a\": 1, \"b_2\" : {\"null\":true}}", 3},
        {"{\"a\":ISODate(\"2026-11-30T14:31:05Z\"),\"b\":NumberLong(5),\"c\":ObjectId('6f')}",
            "{\"a\":\"2026-11-30T14:31:05Z\",\"b\":5,\"c\":\"6f\"}", 3},
        {"{'a': Decimal('1.20'), 'b': datetime.datetime(2026, 11, 30, tzinfo=tz(utc)), 'c': f(')')}",
            "{\"a\": \"1.20\", \"b\": null, \"c\": \")\"}", 6},
        {"{\"a\": 1, // one\n \"b\": \"// two\"} // end", "{\"a\": 1,  \"b\": \"// two\"}", 2},
        {"{\"a\":\"one\ntwo\tthree\"}", "{\"a\":\"one two three\"}", 2},
        {"{\"a\":\"NaN \\\"NaN\\\" [{\",\"b\":NaN}", "{\"a\":\"NaN \\\"NaN\\\" [{\",\"b\":null}", 1},
        {"{'a': 'x', 'b': None, 'c': True, 'd': [False, 'y']}",
            "{\"a\":\"x\",\"b\":null,\"c\":true,\"d\":[false,\"y\"]}", 9},
        {"{'a': \"it's\", 'b': 'it\\'s', 'c': 'say \"no\"', 'd': 'caf\\xe9\\n\\u20ac\\\\'}",
            "{\"a\":\"it's\",\"b\":\"it's\",\"c\":\"say \\\"no\\\"\",\"d\":\"caf\u00e9\\n\u20ac\\\\\"}", 11},
        {"{\"a\":-1.5e3,\"b\":true,\"c\":null,\"d\":0}", "{\"a\":-1.5e3,\"b\":true,\"c\":null,\"d\":0}", 0},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_json_repairs repairs = {0};
        struct tw_error err;
        json_t *value = NULL;
        assert_true(tw_json_read(tw_text_of(cases[at].from), &arena, &value, &repairs, &err));
        json_t *wanted = json_loads(cases[at].to, 0, NULL);
        assert_non_null(wanted);
        assert_true(json_equal(value, wanted));
        assert_int_equal(repairs.values, cases[at].repairs);
        json_decref(value);
        json_decref(wanted);
    }
}

static void nesting_ends_at_a_depth(void **state)
{
    (void)state;
    enum { LEVELS = 100000 };
    char *deep = malloc(2 * LEVELS + 64);
    assert_non_null(deep);
    static const char head[] = "{\"text\":\"T\",\"a\":";
    size_t length = sizeof head - 1;
    memcpy(deep, head, length);
    memset(deep + length, '[', LEVELS);
    memset(deep + length + LEVELS, ']', LEVELS);
    length += 2 * LEVELS;
    deep[length++] = '}';
    struct tw_json_repairs repairs = {0};
    struct tw_error err;
    json_t *value = NULL;
    assert_true(tw_json_read((struct tw_text){deep, length}, &arena, &value, &repairs, &err));
    assert_string_equal(json_string_value(json_object_get(value, "text")), "T");
    assert_int_equal(repairs.values, 1);
    json_decref(value);
    free(deep);
}

static void what_is_cut_off_stays_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *json, *line;
    } cases[] = {
        {"{\"a\":NaN,\"b\":\"x", "byte 8: not JSON: invalid token; cure: send one JSON object a message"},
        {"{\"a\":1", "byte 6: not JSON: '}' expected; cure: send one JSON object a message"},
        {"", "byte 0: the message is empty; cure: send one JSON object a message"},
        {"{'a': 'it's'}",
            "byte 2: not JSON: single quotes stand around texts, as Python shows its values; cure: "
            "write it by json.dumps or JSON.stringify, not by str() or print"},
        {"b'{\"a\":1}'",
            "byte 1: not JSON: single quotes stand around texts, as Python shows its values; cure: "
            "write it by json.dumps or JSON.stringify, not by str() or print"},
        {"{'a': ('x', 1)}",
            "byte 2: not JSON: single quotes stand around texts, as Python shows its values; cure: "
            "write it by json.dumps or JSON.stringify, not by str() or print"},
        {"{'a': 'x", "byte 2: not JSON: single quotes stand around texts, as Python shows its values; cure: "
                     "write it by json.dumps or JSON.stringify, not by str() or print"},
        {"{text 1}", "byte 5: not JSON: string or '}' expected; cure: send one JSON object a message"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_json_repairs repairs = {0};
        struct tw_error err;
        json_t *value = NULL;
        char line[600];
        assert_false(tw_json_read(tw_text_of(cases[at].json), &arena, &value, &repairs, &err));
        assert_int_equal(err.code, TW_REFUSED);
        tw_error_line(&err, line, sizeof line);
        assert_string_equal(line, cases[at].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_that_json_does_not_know_are_put_right),
        cmocka_unit_test(nesting_ends_at_a_depth),
        cmocka_unit_test(what_is_cut_off_stays_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
