/* behaviour, swaps: files of cases and of names, read whole and counted as their pages say. The constant
 * model scores a text by its words alone, so what must come out is known without knowing its scores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/ask.h"
#include "audit/behaviour.h"
#include "audit/swaps.h"
#include "read/decode.h"
#include "score/classify.h"
#include "score/score.h"

static struct tw_arena arena;
static struct tw_audit_rows rows;
static struct tw_decode_options decode;
static struct tw_river river;
static struct tw_classifier *constant;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    decode = tw_decode_defaults();
    if (!tw_arena_begin(&arena, 256 << 20, &err) ||
        !tw_classifier_open(&(struct tw_classifier_options){.constant = true}, &constant, &err))
        return -1;
    river = (struct tw_river){.decode = &decode, .classifier = constant};
    return 0;
}

static int end(void **state)
{
    (void)state;
    tw_classifier_free(constant);
    tw_arena_end(&arena);
    return 0;
}

static const struct tw_audit_row *row_of(const char *name)
{
    for (uint32_t at = 0; at < rows.count; at++)
        if (strcmp(rows.items[at].name, name) == 0)
            return &rows.items[at];
    fail_msg("no row %s", name);
    return NULL;
}

/* Audits these lines; false with err. */
static bool audit(const char *lines, struct tw_error *err)
{
    char path[] = "/tmp/tapewatch-cases-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, lines, strlen(lines)), (ssize_t)strlen(lines));
    close(descriptor);
    assert_true(tw_audit_rows_begin(&rows, &arena, err));
    bool audited = tw_audit_behaviour(&river, path, &arena, &rows, err);
    unlink(path);
    return audited;
}

/* What the constant model says of a text. */
static const char *label_of(const char *text)
{
    struct tw_error err;
    struct tw_audit_text asked = {.text = tw_text_of(text)};
    assert_true(tw_audit_ask(&river, &asked, 1, &err));
    return tw_class_name(tw_label_of(&asked.score));
}

static void kinds_and_events_are_counted(void **state)
{
    (void)state;
    struct tw_error err;
    char lines[2000];
    const char *said = label_of("Acme halts output");
    const char *other = strcmp(said, "negative") == 0 ? "positive" : "negative";
    snprintf(lines, sizeof lines,
        "{\"kind\":\"must\",\"event\":\"halt\",\"text\":\"Acme halts output\",\"label\":\"%s\"}\n"
        "{\"kind\":\"must\",\"event\":\"halt\",\"text\":\"Acme halts output\",\"label\":\"%s\"}\n\n"
        "{\"kind\":\"must\",\"event\":\"rise, fall\",\"text\":\"Acme halts output\",\"label\":\"%s\"}\n"
        "{\"kind\":\"same\",\"event\":\"name\",\"texts\":[\"One text\",\"One text\"]}\n",
        said, other, said);
    assert_true(audit(lines, &err));
    assert_int_equal(row_of("cases.must.share")->n, 3);
    assert_true(
        row_of("cases.must.halt.share")->value > 0.49 && row_of("cases.must.halt.share")->value < 0.51);
    assert_true(row_of("cases.must.rise_fall.share")->value > 0.99);
    assert_true(row_of("cases.same.name.share")->value > 0.99);
    for (uint32_t at = 0; at < rows.count; at++)
        assert_null(strstr(rows.items[at].name, "entity"));
}

static void a_broken_case_is_named_by_file_and_line(void **state)
{
    (void)state;
    static const char good[] =
        "{\"kind\":\"must\",\"event\":\"halt\",\"text\":\"Acme halts output\",\"label\":\"negative\"}\n";
    static const char *const broken[][2] = {
        {"{\"kind\":\"must\"", "the line is no JSON object"},
        {"{\"kind\":\"mst\",\"event\":\"a\",\"text\":\"b\"}", "the case's kind is not known"},
        {"{\"kind\":\"must\",\"text\":\"b\",\"label\":\"negative\"}", "the case names no event"},
        {"{\"kind\":\"must\",\"event\":\"a\",\"text\":\" \",\"label\":\"negative\"}",
            "the case holds no text"},
        {"{\"kind\":\"must\",\"event\":\"a\",\"text\":\"b\",\"label\":\"grim\"}",
            "the case carries no label of ours"},
        {"{\"kind\":\"same\",\"event\":\"a\",\"texts\":[\"b\"]}", "a case of kind same has 2 to 64 texts"},
        {"{\"kind\":\"entity\",\"event\":\"a\",\"text\":\"b\",\"entities\":[]}",
            "a case of kind entity has 1 to 8 entities"},
        {"{\"kind\":\"entity\",\"event\":\"a\",\"text\":\"b\",\"entities\":[{\"label\":\"neutral\"}]}",
            "an entity has no name"},
    };
    for (size_t at = 0; at < sizeof broken / sizeof broken[0]; at++) {
        struct tw_error err;
        char lines[1000];
        snprintf(lines, sizeof lines, "%s%s\n", good, broken[at][0]);
        assert_false(audit(lines, &err));
        assert_int_equal(err.code, TW_CONFIG);
        assert_string_equal(err.what, broken[at][1]);
        assert_non_null(strstr(err.where, ":2"));
    }
    struct tw_error err;
    assert_false(audit("", &err));
    assert_string_equal(err.what, "holds no cases");
}

static bool swap(const char *yaml, struct tw_error *err)
{
    const struct tw_text_file file = {"swaps.yaml", tw_text_of(yaml)};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_audit_rows_begin(&rows, &arena, err));
    return tw_audit_swaps(&river, &file, &problems, &arena, &rows, err);
}

static void names_that_are_the_same_move_nothing(void **state)
{
    (void)state;
    struct tw_error err;
    assert_true(swap("version: 1\nswaps:\n- {name: same, groups: {a: [Acme, Acme], b: [Acme]}, "
                     "forms: [\"{x} halts output\", \"{x} sues {x}\"]}\n",
        &err));
    assert_int_equal(row_of("swaps.same.largest_shift")->n, 6);
    assert_true(row_of("swaps.same.largest_shift")->value < 1e-9);
    assert_true(row_of("swaps.same.flips_per_1000")->value < 1e-9);
    assert_true(row_of("swaps.same.a.mean_shift")->high < 1e-9);
}

static void names_that_move_the_model_are_told(void **state)
{
    (void)state;
    struct tw_error err;
    assert_true(
        swap("version: 1\nswaps:\n- {name: other, groups: {a: [Acme, Boro, Calo, Dexa], b: [Emil, Fano]}, "
             "forms: [\"{x} halts output\", \"{x} wins\", \"{x} sells\", \"{x} buys\"]}\n",
            &err));
    assert_true(row_of("swaps.other.largest_shift")->value > 0.1);
    /* Groups count once each, so that their shifts are opposite. */
    const double sum = row_of("swaps.other.a.mean_shift")->value + row_of("swaps.other.b.mean_shift")->value;
    assert_true(sum < 1e-9 && sum > -1e-9);
}

static void a_broken_file_of_swaps_is_told_by_line_and_column(void **state)
{
    (void)state;
    struct tw_error err;
    assert_false(swap("version: 1\nswaps:\n- {name: n, groups: {a: [x], b: [y]}, forms: [no slot]}\n", &err));
    assert_string_equal(err.where, "swaps.yaml:3:47");
    assert_string_equal(err.what, "a form without {x}");
    assert_false(swap("version: 1\nswaps:\n- {name: n, groups: {a: [x]}, forms: [\"{x}\"]}\n", &err));
    assert_non_null(strstr(err.what, "is no map of 2 to 32 groups"));
    assert_false(swap("version: 1\nswaps: []\n", &err));
    assert_false(swap("", &err));
    assert_string_equal(err.what, "holds no swaps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_events_are_counted),
        cmocka_unit_test(a_broken_case_is_named_by_file_and_line),
        cmocka_unit_test(names_that_are_the_same_move_nothing),
        cmocka_unit_test(names_that_move_the_model_are_told),
        cmocka_unit_test(a_broken_file_of_swaps_is_told_by_line_and_column),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
