/* table_rows: tables as people export them become records, in whatever pieces their bytes come; what is no
 * table stays lines; what is one and cannot be read right is told, never half read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "files/archive.h"
#include "files/table_rows.h"

enum { MOST_BYTES = 200, SHOWN_BYTES = 1000 };

/* "text" makes a table, "summary" beside others only. */
static bool is_ours(const void *self, const char *name, bool alone)
{
    (void)self;
    return strcasecmp(name, "text") == 0 || (!alone && strcasecmp(name, "summary") == 0);
}

static const struct tw_table_columns columns = {is_ours, NULL};

static void show(
    const struct tw_archive_line *line, enum tw_read read, const struct tw_error *err, char *shown)
{
    size_t used = strlen(shown);
    if (read == TW_READ_ITEM)
        snprintf(shown + used, SHOWN_BYTES - used, "%llu%.*s ", (unsigned long long)line->number,
            (int)line->text.length, line->text.bytes);
    else if (read != TW_READ_END)
        snprintf(shown + used, SHOWN_BYTES - used, "%llu(%s) ", (unsigned long long)line->number, err->what);
}

/* Records, each behind the number of its line; refusals in brackets. Not rows: "no table", or why not. */
static void read_table(const char *path, const char *text, size_t piece, char *shown)
{
    struct tw_table_rows *rows;
    struct tw_archive_line line;
    struct tw_error err;
    size_t length = strlen(text);
    shown[0] = '\0';
    if (!tw_table_rows_open(path, tw_text_of(text), &columns, MOST_BYTES, &rows, &err)) {
        snprintf(shown, SHOWN_BYTES, "%s", err.what);
        return;
    }
    if (!rows) {
        snprintf(shown, SHOWN_BYTES, "no table");
        return;
    }
    for (size_t at = 0; at < length;) {
        bool ended;
        size_t left = length - at < piece ? length - at : piece;
        char *copy = malloc(left); /* whoever reads beyond it is seen */
        assert_non_null(copy);
        memcpy(copy, text + at, left);
        at += tw_table_rows_take(rows, copy, left, &ended);
        if (ended)
            show(&line, tw_table_rows_get(rows, &line, &err), &err, shown);
        free(copy);
    }
    if (tw_table_rows_finish(rows))
        show(&line, tw_table_rows_get(rows, &line, &err), &err, shown);
    tw_table_rows_close(rows);
}

struct reading {
    const char *what, *text, *records;
};

static void assert_readings(const struct reading *cases, size_t count)
{
    char shown[SHOWN_BYTES];
    for (size_t at = 0; at < count; at++)
        for (size_t piece = strlen(cases[at].text); piece > 0; piece--) {
            read_table("news.txt", cases[at].text, piece, shown);
            if (strcmp(shown, cases[at].records) != 0)
                fail_msg("%s, by %zu: %s", cases[at].what, piece, shown);
        }
}

static void rows_are_records_by_their_header(void **state)
{
    (void)state;
    static const struct reading cases[] = {
        {"commas", "id,text\n1,up\n", "2{\"id\":\"1\",\"text\":\"up\"} "},
        {"tabs, a mark, and lines as Windows ends them", "\xEF\xBB\xBFTEXT\tlabel\r\nup, up\tgood\r\n",
            "2{\"TEXT\":\"up, up\",\"label\":\"good\"} "},
        {"semicolons, and no line's end at the end", "text;n\nup;1,5", "2{\"text\":\"up\",\"n\":\"1,5\"} "},
        {"bars", "n|text\n1|up\n", "2{\"n\":\"1\",\"text\":\"up\"} "},
        {"Excel's first line", "sep=;\r\ntext;n\r\nup;1\r\n", "3{\"text\":\"up\",\"n\":\"1\"} "},
        {"one column: a comma is none of its marks", "Text\nup, up\n\"a \"\"b\"\"\"\n",
            "2{\"Text\":\"up, up\"} 3{\"Text\":\"a \\\"b\\\"\"} "},
        {"an index without a name, and a cell without a value", ",text,n\n0,up,\n1,down,2\n",
            "2{\"text\":\"up\"} 3{\"text\":\"down\",\"n\":\"2\"} "},
        {"blanks behind commas, as in the header", "id, \"text\"\n1, \"a, b\"\n",
            "2{\"id\":\"1\",\"text\":\"a, b\"} "},
        {"blank lines and cells beyond the header in which nothing stands", "text,n\n\nup,1,,\n \n",
            "3{\"text\":\"up\",\"n\":\"1\"} "},
        {"another name for a text", "n,Summary\n1,up\n", "2{\"n\":\"1\",\"Summary\":\"up\"} "},
        {"a header alone", "id,text\n", ""},
    };
    assert_readings(cases, sizeof cases / sizeof cases[0]);
}

static void quotes_hold_separators_and_ends_of_lines(void **state)
{
    (void)state;
    static const struct reading cases[] = {
        {"a comma, two quotes, a line's end, and the line behind", "text,n\n\"a, \"\"b\"\"\nc\",1\nup,2\n",
            "2{\"text\":\"a, \\\"b\\\"\\u000ac\",\"n\":\"1\"} 4{\"text\":\"up\",\"n\":\"2\"} "},
        {"a cell of nothing but quotes", "text,n\n\"\"\"\",\"\"\n", "2{\"text\":\"\\\"\"} "},
        {"quotes within a cell that does not begin by one", "text\tn\nthe \"best\"\t1\n",
            "2{\"text\":\"the \\\"best\\\"\",\"n\":\"1\"} "},
        {"what stands behind a closing quote, as Python reads it", "text\tn\n\"Up,\" he says\t1\n",
            "2{\"text\":\"Up, he says\",\"n\":\"1\"} "},
        {"backslashes of a file that shows no quote behind one", "text,n\n\"C:\\\"\"\\n\",1\n",
            "2{\"text\":\"C:\\\\\\\"\\\\n\",\"n\":\"1\"} "},
        {"quotes behind backslashes, as Spark and MySQL write them",
            "text,n\n\"\\\"Up\\\", he \\\\ says \\\"so\\\"\",1\n\"\\x\",2\n",
            "2{\"text\":\"\\\"Up\\\", he \\\\ says \\\"so\\\"\",\"n\":\"1\"} 3{\"text\":\"\\\\x\",\"n\":\"2\"} "},
        {"a carriage return within a line", "text,n\na\rb,1\r\n", "2{\"text\":\"a\\u000db\",\"n\":\"1\"} "},
    };
    assert_readings(cases, sizeof cases / sizeof cases[0]);
}

/* Half a text would have a score, and nobody would be told. */
static void rows_that_do_not_fit_the_header_are_refused_by_their_line(void **state)
{
    (void)state;
    static const struct reading cases[] = {
        {"an unquoted comma", "text,n\nup, up,1\nup,2\n",
            "2(the row has 3 cells, the header 2) 3{\"text\":\"up\",\"n\":\"2\"} "},
        {"an unquoted line's end", "text,n\nup\nup,1\n",
            "2(the row has 1 cells, the header 2) 3{\"text\":\"up\",\"n\":\"1\"} "},
        {"something in the index alone", ",text\n5\n", "2(the row has 1 cells, the header 2) "},
        {"quotes that do not close", "text,n\nup,1\n\"up,2\nup,3\n",
            "2{\"text\":\"up\",\"n\":\"1\"} 3(quotes open in this row and do not close before the file's end) "},
    };
    assert_readings(cases, sizeof cases / sizeof cases[0]);
    char text[2 * MOST_BYTES + 32], shown[SHOWN_BYTES];
    snprintf(text, sizeof text, "text,n\n%0*d,1\nup,2\n", 2 * MOST_BYTES, 7);
    read_table("news.csv", text, 50, shown);
    assert_string_equal(shown, "2(as JSON the row has more than 200 bytes) 3{\"text\":\"up\",\"n\":\"2\"} ");
}

static void texts_are_no_table(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "Velquin falls, and so does the text\nup\n", "text", "text\n",
        "Summary\nup\n", "{\"text\":\"a\",\"n\":1}\n", "[\"text\",\"n\"]\n", "\"Up,\" he says of it\nup\n",
        "Velquin; Ordanelle | the others\n", "\n\ntext,n\n"};
    char shown[SHOWN_BYTES];
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        read_table("news.txt", texts[at], strlen(texts[at]) + 1, shown);
        assert_string_equal(shown, "no table");
    }
}

static void a_table_without_a_text_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text, *what;
    } cases[] = {
        {"news.csv", "good,Velquin rises\nbad,Velquin falls\n", "a table without a column of text"},
        {"NEWS.TSV", "words\tn\nup\t1\n", "a table without a column of text"},
        {"news.csv.gz", "words,n\nup,1\n", "a table without a column of text"},
        {"news.txt", "\"good\",\"Velquin rises\"\n", "a table without a column of text"},
        {"news.txt", "text,n,TEXT\nup,1,2\n", "two columns of its header are called \"TEXT\""},
    };
    char shown[SHOWN_BYTES];
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        read_table(cases[at].path, cases[at].text, 1000, shown);
        if (strncmp(shown, cases[at].what, strlen(cases[at].what)) != 0)
            fail_msg("%s: %s", cases[at].path, shown);
    }
}

/* The archive hands them out as it does records of JSON, with the file's name before a refusal. */
static void an_archive_gives_rows_when_it_is_asked_with_columns(void **state)
{
    (void)state;
    static const char text[] = "text,n\nup,1\nup\n\"a\nb\",2\n";
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_error err;
    assert_true(tw_archive_open_memory("a.csv", tw_text_of(text), MOST_BYTES, &archive, &err));
    tw_archive_ask_for_records(archive, &columns);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_true(tw_archive_gives_records(archive));
    assert_true(tw_text_equal(line.text, tw_text_of("{\"text\":\"up\",\"n\":\"1\"}")));
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_REFUSED);
    assert_string_equal(err.where, "a.csv:3");
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_int_equal(line.number, 4);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    tw_archive_close(archive);
    assert_true(tw_archive_open_memory("a.csv", tw_text_of("text,n\n\"up"), MOST_BYTES, &archive, &err));
    tw_archive_ask_for_records(archive, &columns);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_FAILED);
    assert_string_equal(err.where, "a.csv:2");
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    tw_archive_close(archive);
    assert_true(tw_archive_open_memory("a.csv", tw_text_of(text), MOST_BYTES, &archive, &err));
    tw_archive_ask_for_records(archive, NULL);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_true(tw_text_equal(line.text, tw_text_of("text,n")));
    tw_archive_close(archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_records_by_their_header),
        cmocka_unit_test(quotes_hold_separators_and_ends_of_lines),
        cmocka_unit_test(rows_that_do_not_fit_the_header_are_refused_by_their_line),
        cmocka_unit_test(texts_are_no_table),
        cmocka_unit_test(a_table_without_a_text_is_told),
        cmocka_unit_test(an_archive_gives_rows_when_it_is_asked_with_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
