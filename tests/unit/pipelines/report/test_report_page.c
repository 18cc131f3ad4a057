/* report_page: one page, whole, well-formed and harmless, whatever the data say. */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report_page.h"
#include "tasks/record.h"

#define HOSTILE "<script>alert(1)</script>\"'><img src=x onerror=y>&\x01\xFF]]>--><!--"

static struct tw_findings *findings;
static struct tw_report_facts facts;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    facts = (struct tw_report_facts){.model = "models/tuned",
        .model_sha256 = "0123abcd",
        .data = "-",
        .command = "tapewatch evaluate",
        .version = "0.1.0",
        .made_us = INT64_C(1700000000123456),
        .counts = {12345, 1}};
    return tw_findings_new(5, &findings, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_findings_free(findings);
    return 0;
}

static char *page(void)
{
    char *text;
    size_t length;
    struct tw_error err;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_true(tw_report_page_write(out, findings, &facts, &err));
    fclose(out);
    return text;
}

/* A text, and a headline about two companies, both read as sure as can be. */
static void add(const char *text, const char *source, int32_t label)
{
    const struct tw_message message = {.offset = (int64_t)findings->records + 1};
    const struct tw_score score = {0.96f, 0.03f, 0.01f, 0};
    struct tw_annotated_entity entities[] = {{tw_text_of(text), 2}, {tw_text_of("Ordanelle"), 0}};
    struct tw_reading readings[] = {{.score = score}, {.score = score}};
    struct tw_record record = {.document = {.message = &message,
                                   .id = tw_text_of(text),
                                   .text = tw_text_of(text),
                                   .source = tw_text_of(source),
                                   .token_count = 9,
                                   .score = score,
                                   .readings = readings,
                                   .reading_count = 2},
        .annotations = {.names_entities = true,
            .entities = entities,
            .entity_count = 2,
            .label = label,
            .agreement = 66}};
    tw_findings_add(findings, &record);
}

static void assert_says(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("the page does not say %s", words);
}

/* Every element is closed, in order; every attribute is quoted; no stray '<' or '&'. A walk, not a parser:
 * enough for a page that is written so that XML readers take it. */
static void assert_well_formed(const char *text)
{
    char open[64][32];
    size_t depth = 0;
    for (const char *at = strchr(text, '\n') + 1; *at;) { /* behind the doctype */
        if (*at == '&')
            assert_non_null(strchr("alqg#", at[1])); /* amp, lt, quot, gt, #39 */
        if (*at != '<') {
            at++;
            continue;
        }
        const char *name = at + 1 + (at[1] == '/');
        size_t length = strcspn(name, " />\n");
        assert_true(length > 0 && length < 32 && isalpha((unsigned char)*name));
        const char *close = name + length;
        for (bool quoted = false; quoted || *close != '>'; close++) {
            assert_true(*close && *close != '<');
            quoted = (*close == '"') != quoted;
        }
        if (at[1] == '/') {
            assert_true(depth > 0 && strlen(open[depth - 1]) == length);
            assert_memory_equal(open[depth - 1], name, length);
            depth--;
        } else if (close[-1] != '/') {
            assert_true(depth < 64);
            snprintf(open[depth++], 32, "%.*s", (int)length, name);
        }
        at = close + 1;
    }
    assert_int_equal(depth, 0);
}

static void hostile_text_stays_text(void **state)
{
    (void)state;
    for (int at = 0; at < 3; at++)
        add(HOSTILE, HOSTILE, at);
    facts.model = facts.data = facts.command = HOSTILE;
    json_t *history = json_pack(
        "[{s:s, s:f}, {s:i, s:s}, s]", "step", HOSTILE, "loss", 1.0, "step", 1, "loss", HOSTILE, "x");
    facts.history = history;
    char *text = page();
    assert_well_formed(text);
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<img"));
    assert_null(strstr(text, "<!--"));
    assert_null(strchr(text, '\x01'));
    assert_null(strchr(text, '\xFF'));
    assert_says(text,
        "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=y&gt;&amp;\xEF\xBF\xBD");
    free(text);
    json_decref(history);
}

static void nothing_is_loaded_from_elsewhere(void **state)
{
    (void)state;
    add("x", "wire", 0);
    char *text = page();
    static const char *const shunned[] = {"src=", "href=", "url(", "@import", "<script", "<link", "https:"};
    for (size_t at = 0; at < sizeof shunned / sizeof shunned[0]; at++)
        assert_null(strstr(text, shunned[at]));
    assert_says(text, "content=\"default-src 'none'; style-src 'unsafe-inline'\"");
    const char *name_space = strstr(text, "http:");
    assert_non_null(name_space);
    assert_null(strstr(name_space + 1, "http:"));
    free(text);
}

static void the_page_shows_the_numbers_of_the_measures(void **state)
{
    (void)state;
    for (int at = 0; at < 4; at++)
        add("Velquin beats Ordanelle", "Wire", at % 2 ? 0 : 1);
    char *text = page();
    assert_well_formed(text);
    assert_says(text, "<title>models/tuned on standard input</title>");
    assert_says(text, "12,345 read, 4 measured, 1 refused, 12,340 left out because they were learned from");
    assert_says(text, "2023-11-14T22:13:20Z by tapewatch 0.1.0");
    assert_says(text,
        "<div><dt>accuracy</dt><dd>0.500</dd></div>\n<div><dt>macro-F1</dt><dd>0.333</dd></div>\n"
        "<div><dt>calibration error</dt><dd>0.460</dd></div>");
    assert_says(
        text, "<tr><th scope=\"row\">neutral</th><td style=\"--s:1.000\">2<small>100.0%</small></td>");
    assert_says(
        text, "<th scope=\"row\" dir=\"auto\">Wire</th><td class=\"n\">4</td><td class=\"n\">0.500</td>");
    assert_says(text, "<th scope=\"row\" dir=\"auto\">66%</th>");
    assert_says(text,
        "4 headlines speak well of one entity and ill of another: no single label can be right. Every entity is right in "
        "0 of them.");
    assert_says(text,
        "<td class=\"label\" data-name=\"label\">neutral</td><td data-name=\"predicted\">negative</td>"
        "<td class=\"n most\" data-name=\"neg.\">0.960</td>");
    assert_says(text, "line 1, id <bdi>");
    assert_null(strstr(text, "<h2>Learning"));
    free(text);
}

static void curves_come_from_the_record_of_the_run(void **state)
{
    (void)state;
    add("x", "wire", 0);
    json_t *history = json_pack("[{s:i, s:f}, {s:i, s:f}, {s:i, s:f, s:f, s:f}]", "step", 10, "loss", 1.5,
        "step", 20, "loss", 0.5, "step", 20, "eval_loss", 0.75, "eval_f1", 0.5, "eval_entity_f1", 0.75);
    facts.history = history;
    char *text = page();
    assert_well_formed(text);
    assert_says(text, "<h2>Learning</h2>");
    assert_says(text, "<h3>Loss</h3>\n<svg class=\"chart\"");
    assert_says(text, ">training</text>");
    assert_says(text, ">held back</text>");
    assert_says(text, "<h3>Macro-F1, held back</h3>");
    assert_null(strstr(text, "Perplexity"));
    free(text);
    json_decref(history);
}

static void a_long_run_is_thinned_and_says_so(void **state)
{
    (void)state;
    add("x", "wire", 0);
    json_t *history = json_array();
    for (int at = 0; at < 5000; at++)
        json_array_append_new(history, json_pack("{s:i, s:f}", "step", at, "loss", 1.0 / (1 + at)));
    facts.history = history;
    char *text = page();
    assert_says(text, "Each point is the mean of 21 neighbours.");
    assert_true(strlen(text) < 40000);
    free(text);
    json_decref(history);
}

static void nothing_measured_is_a_page_too(void **state)
{
    (void)state;
    facts.model = NULL;
    char *text = page();
    assert_well_formed(text);
    assert_says(text, "<p>Nothing was measured.</p>");
    assert_says(text, "the constant model");
    assert_null(strstr(text, "nan"));
    free(text);
}

static void the_same_findings_give_the_same_page(void **state)
{
    (void)state;
    add("Velquin beats Ordanelle", "Wire", 2);
    char *first = page(), *second = page();
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void a_model_that_gives_no_numbers_breaks_no_page(void **state)
{
    (void)state;
    const struct tw_message message = {.offset = 1};
    struct tw_record record = {.document = {.message = &message,
                                   .text = tw_text_of("x"),
                                   .token_count = 3,
                                   .score = {NAN, NAN, NAN, 0}},
        .annotations = {.label = 2, .agreement = -1}};
    tw_findings_add(findings, &record);
    char *text = page();
    assert_well_formed(text);
    assert_null(strstr(text, "nan<"));
    assert_null(strstr(text, "\"nan"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hostile_text_stays_text, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_loaded_from_elsewhere, begin, end),
        cmocka_unit_test_setup_teardown(the_page_shows_the_numbers_of_the_measures, begin, end),
        cmocka_unit_test_setup_teardown(curves_come_from_the_record_of_the_run, begin, end),
        cmocka_unit_test_setup_teardown(a_long_run_is_thinned_and_says_so, begin, end),
        cmocka_unit_test_setup_teardown(nothing_measured_is_a_page_too, begin, end),
        cmocka_unit_test_setup_teardown(the_same_findings_give_the_same_page, begin, end),
        cmocka_unit_test_setup_teardown(a_model_that_gives_no_numbers_breaks_no_page, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
