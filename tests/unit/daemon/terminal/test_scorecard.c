/* scorecard: findings as tables and as csv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tasks/record.h"
#include "terminal/scorecard.h"

static struct tw_findings *findings;

static void add(const char *source, const int32_t *labels, uint32_t count)
{
    const struct tw_message message = {.offset = 1};
    struct tw_annotated_entity entities[2];
    struct tw_record record = {.document = {.message = &message,
                                   .source = tw_text_of(source),
                                   .token_count = 5,
                                   .score = {0.75f, 0.25f, 0, 0}},
        .annotations = {
            .entities = entities, .entity_count = count, .label = count ? -1 : 0, .agreement = -1}};
    for (uint32_t at = 0; at < count; at++)
        entities[at] = (struct tw_annotated_entity){tw_text_of("x"), labels[at]};
    tw_findings_add(findings, &record);
}

static char *printed(enum tw_format format)
{
    char *text;
    size_t length;
    struct tw_error err;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_true(tw_scorecard_print(findings, format, out, &err));
    fclose(out);
    return text;
}

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    return tw_findings_new(0, &findings, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_findings_free(findings);
    return 0;
}

static void a_level_that_no_label_speaks_of_is_left_out(void **state)
{
    (void)state;
    add("wire", NULL, 0);
    char *text = printed(TW_FORMAT_TABLE);
    assert_string_equal(text, "texts: 1\n\n"
                              "         n precision recall     F1 as negative as neutral as positive\n"
                              "negative 1    1.0000 1.0000 1.0000           1          0           0\n"
                              "neutral  0                                   0          0           0\n"
                              "positive 0                                   0          0           0\n\n"
                              "                   n accuracy macro F1    ECE\n"
                              "all                1   1.0000   1.0000 0.2500\n"
                              "source wire        1   1.0000   1.0000 0.2500\n"
                              "length 1-16 tokens 1   1.0000   1.0000 0.2500\n");
    free(text);
}

static void conflicting_headlines_stand_apart(void **state)
{
    (void)state;
    add("", (const int32_t[]){0, 2}, 2);
    add("", (const int32_t[]){0, 1}, 2);
    char *text = printed(TW_FORMAT_TABLE);
    assert_non_null(strstr(text, "entities: 4\n"));
    assert_non_null(strstr(text, "\nin conflicting headlines 2   0.5000 "));
    assert_non_null(strstr(text, "\nin all others            2   0.5000 "));
    assert_non_null(strstr(text, "\nconflicting headlines: 1, every entity right in 0\n"));
    assert_null(strstr(text, "source"));
    free(text);
}

static void csv_names_the_slice_in_its_level_and_quotes_what_must_be(void **state)
{
    (void)state;
    add("wire, \"late\"", NULL, 0);
    char *text = printed(TW_FORMAT_CSV);
    static const char begins[] =
        "level,measure,value\r\ndocuments,n,1\r\ndocuments,accuracy,1\r\ndocuments,macro_f1,1\r\n"
        "documents,ece,0.25\r\ndocuments,negative.precision,1\r\n";
    assert_int_equal(strncmp(text, begins, sizeof begins - 1), 0);
    assert_non_null(strstr(text, "\r\nentities,accuracy,\r\n"));
    assert_non_null(strstr(text, "\r\ndocuments,neutral.recall,\r\n")); /* of none there is no share */
    assert_non_null(strstr(text, "\r\n\"documents[source=wire, \"\"late\"\"]\",ece,0.25\r\n"));
    assert_non_null(strstr(text, "\r\ndocuments[length=1-16],n,1\r\n"));
    assert_non_null(strstr(text, "\r\nentities[conflicting],n,0\r\n"));
    free(text);
}

static void nothing_measured_is_said(void **state)
{
    (void)state;
    char *text = printed(TW_FORMAT_TABLE);
    assert_string_equal(text, "nothing was measured\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_level_that_no_label_speaks_of_is_left_out, begin, end),
        cmocka_unit_test_setup_teardown(conflicting_headlines_stand_apart, begin, end),
        cmocka_unit_test_setup_teardown(csv_names_the_slice_in_its_level_and_quotes_what_must_be, begin, end),
        cmocka_unit_test_setup_teardown(nothing_measured_is_said, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
