/* json_records: the same records in whatever pieces the bytes come. Records are shown with '|'
 * behind each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "files/archive.h"
#include "files/json_records.h"

static void take_all(const char *text, size_t piece, char *out)
{
    struct tw_json_records records = {0};
    size_t length = strlen(text), used = 0;
    for (size_t at = 0; at < length;) {
        size_t left = length - at < piece ? length - at : piece, begin;
        bool ended;
        size_t taken = tw_json_records_take(&records, text + at, left, &begin, &ended);
        assert_true(taken <= left && begin <= taken);
        assert_true(taken > 0 || ended);
        memcpy(out + used, text + at + begin, taken - begin);
        used += taken - begin;
        if (ended)
            out[used++] = '|';
        at += taken;
    }
    out[used] = '\0';
}

static void records_are_the_same_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const struct {
        const char *text, *records;
    } cases[] = {
        {"[{\"a\":1},{\"b\":2}]", "{\"a\":1}|{\"b\":2}|"},
        {"[\n {\"a\":\"]}\\\"\"},\n\n {\"b\":[{},[]]}\n]\n", "{\"a\":\"]}\\\"\"}|{\"b\":[{},[]]}|"},
        {"{\n \"a\": 1\n}\n{\n \"b\": 2\n}", "{\n \"a\": 1\n}|{\n \"b\": 2\n}|"},
        {"[1, null ,\"x,y\",{}]", "1|null|\"x,y\"|{}|"},
        {"[{}][{}]", "{}|{}|"},
        {"[{}] ] x", "{}|]|x"},
        {"\xEF\xBB\xBF[{}]", "{}|"},
        {"[{\"a\":1}, {\"b\":", "{\"a\":1}|{\"b\":"},
    };
    char out[200];
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        for (size_t piece = strlen(cases[at].text); piece > 0; piece--) {
            if (piece < 3 && (unsigned char)cases[at].text[0] == 0xEF)
                continue; /* a window is larger than the mark */
            take_all(cases[at].text, piece, out);
            assert_string_equal(out, cases[at].records);
        }
}

static void a_file_of_lines_or_of_texts_is_not_taken_for_records(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool records;
    } cases[] = {
        {"[{\"a\":1}]", true},
        {" \n[\n{", true},
        {"[]", true},
        {"\xEF\xBB\xBF[ {", true},
        {"{\n  \"a\": 1", true},
        {"{ \r\n}", true},
        {"{\"a\":1}\n{\"b\":2}\n", false},
        {"{ \"a\":\n1}", false},
        {"[Reuters] Profit falls", false},
        {"[\"a\"]", true},
        {"{\nProfit falls", false},
        {"", false},
        {"[", false},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_int_equal(tw_json_records_begin(tw_text_of(cases[at].text)), cases[at].records);
}

static void an_archive_gives_records_by_number_when_it_is_asked(void **state)
{
    (void)state;
    static const char text[] = "[\n{\"a\":1},\n{\"b\":\"a long one\"},\n{\"c\":3}\n]\n";
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_error err;
    assert_true(tw_archive_open_memory("a.json", tw_text_of(text), 10, &archive, &err));
    tw_archive_ask_for_records(archive, NULL);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_true(tw_archive_gives_records(archive));
    assert_true(tw_text_equal(line.text, tw_text_of("{\"a\":1}")));
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_REFUSED);
    assert_string_equal(err.where, "a.json:2");
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_int_equal(line.number, 3);
    assert_true(tw_text_equal(line.text, tw_text_of("{\"c\":3}")));
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    tw_archive_close(archive);
    assert_true(tw_archive_open_memory("a.json", tw_text_of("[{\"a\":1},"), 10, &archive, &err));
    tw_archive_ask_for_records(archive, NULL);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_FAILED);
    assert_string_equal(err.what, "the file ends in the middle of its JSON; 1 whole records came before");
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    tw_archive_close(archive);
}

/* A table or plain text is told the way to records; a broken record, or what stands further down, is not. */
static void the_first_line_of_a_table_is_told_the_way_to_records(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *line;
        bool way;
    } cases[] = {{1, "text,label", true}, {1, "\xEF\xBB\xBF\"text\",\"label\"", true},
        {1, "Profit rises.\tpositive", true}, {1, " {\"text\": ", false}, {1, "[1]", false}, {1, "", false},
        {2, "text,label", false}};
    struct tw_error why;
    tw_fail(&why, TW_REFUSED, "byte 1", "send one", "not JSON");
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_error told = tw_json_records_refusal(cases[at].number, tw_text_of(cases[at].line), &why);
        assert_string_equal(told.what, "not JSON");
        assert_string_equal(told.cure, cases[at].way ? tw_json_records_cure : "send one");
    }
    tw_fail(&why, TW_REFUSED, NULL, "send one", "the message is text, not an object");
    struct tw_error told = tw_json_records_refusal(2, tw_text_of("\"Profit rises.\""), &why);
    assert_non_null(strstr(told.cure, "jq -c '.[] | {text: .}'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_the_same_in_pieces_of_any_size),
        cmocka_unit_test(a_file_of_lines_or_of_texts_is_not_taken_for_records),
        cmocka_unit_test(an_archive_gives_records_by_number_when_it_is_asked),
        cmocka_unit_test(the_first_line_of_a_table_is_told_the_way_to_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
