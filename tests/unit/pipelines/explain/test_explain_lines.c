/* explain_lines: objects, lines for people and a page, in the order of the input; a company that the text
 * does not name refuses its line and no other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "explain/explain_lines.h"
#include "names/entities.h"
#include "random_model.h"
#include "read/decode.h"
#include "score/classifier.h"
#include "tiny_model.h"

static char folder[64];
static struct tw_classifier *model;
static struct tw_automaton *entities;
static struct tw_decode_options decode;
static struct tw_river river;

static int begin(void **unused)
{
    (void)unused;
    struct tw_error err;
    given_tiny_model(folder);
    decode = tw_decode_defaults();
    if (!tw_classifier_open(&(struct tw_classifier_options){.folder = folder}, &model, &err) ||
        !tw_entities_parse(
            "e", tw_text_of("{\"symbol\":\"OM\",\"names\":[\"Outboard Marine\"]}"), &entities, &err))
        return -1;
    river = (struct tw_river){
        .decode = &decode, .classifier = model, .entities = entities, .link_unlisted = true};
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    tw_classifier_free(model);
    tw_entities_free(entities);
    remove_folder(folder);
    return 0;
}

struct outcome {
    char *out;
    size_t length;
    char refused[2000];
    struct tw_task_counts counts;
};

static void note_refused(void *context, const struct tw_error *why)
{
    struct outcome *outcome = context;
    char line[1200];
    size_t used = strlen(outcome->refused);
    tw_error_line(why, line, sizeof line);
    snprintf(outcome->refused + used, sizeof outcome->refused - used, "%s\n", line);
}

/* Explains `text`, or the lines of a file in `input`. */
static void run(struct tw_explain_task task, const char *input, struct outcome *outcome)
{
    struct tw_error err;
    char path[128];
    *outcome = (struct outcome){0};
    FILE *out = open_memstream(&outcome->out, &outcome->length);
    assert_non_null(out);
    if (input)
        given_file(folder, "texts.txt", input, strlen(input));
    snprintf(path, sizeof path, "%s/texts.txt", folder);
    const struct tw_task_options options = {.river = &river,
        .path = path,
        .workers = 2,
        .out = out,
        .on_refused = note_refused,
        .on_refused_context = outcome};
    task.options = &options;
    task.model = folder;
    if (!tw_task_explain(&task, &outcome->counts, &err))
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(fclose(out), 0);
}

static void test_an_object_says_what_the_contract_says(void **unused)
{
    (void)unused;
    struct outcome outcome;
    const char *key;
    json_t *value;
    char keys[200] = "";
    double sum = 0.0;
    run((struct tw_explain_task){.text = "Marine \"profit\" fell", .form = TW_EXPLAIN_JSON}, NULL, &outcome);
    assert_true(outcome.length > 0 && outcome.out[outcome.length - 1] == '\n');
    json_t *root = json_loads(outcome.out, 0, NULL);
    assert_non_null(root);
    json_object_foreach(root, key, value)
        snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%s ", key);
    assert_string_equal(keys, "text label target base logit words ");
    assert_string_equal(json_string_value(json_object_get(root, "text")), "Marine \"profit\" fell");
    assert_string_equal(json_string_value(json_object_get(root, "target")), "document");
    const json_t *words = json_object_get(root, "words");
    assert_int_equal(json_array_size(words), 5);
    for (size_t at = 0; at < json_array_size(words); at++)
        sum += json_number_value(json_object_get(json_array_get(words, at), "weight"));
    const json_t *last = json_array_get(words, 4);
    assert_string_equal(json_string_value(json_object_get(last, "word")), "fell");
    assert_int_equal(json_integer_value(json_object_get(last, "begin")), 16);
    assert_int_equal(json_integer_value(json_object_get(last, "end")), 20);
    const double gain =
        json_number_value(json_object_get(root, "logit")) - json_number_value(json_object_get(root, "base"));
    assert_true(fabs(sum - gain) <= 0.02 * fabs(gain) + 3e-4);
    json_decref(root);
    free(outcome.out);
}

static void test_a_company_that_is_not_named_refuses_its_line_alone(void **unused)
{
    (void)unused;
    struct outcome outcome;
    run((struct tw_explain_task){.target = "om", .form = TW_EXPLAIN_JSON},
        "Outboard Marine fell\n$GM rose\nthe loss\n$OM rose\n", &outcome);
    assert_int_equal(outcome.counts.records, 4);
    assert_int_equal(outcome.counts.refused, 2);
    assert_non_null(strstr(outcome.refused,
        "texts.txt:2: the text does not name \"om\"; it names GM; cure: name an entity of the text, or "
        "--target document\n"));
    assert_non_null(strstr(outcome.refused, "texts.txt:3: the text does not name \"om\"; cure: "));
    assert_non_null(strstr(outcome.out, "\"target\":\"OM\",\"relevance\":1,\"source_weight\":1,\"base\":"));
    assert_non_null(strstr(outcome.out, "{\"line\":2,\"error\":\"the text does not name"));
    free(outcome.out);
}

static void test_a_record_names_its_companies_itself(void **unused)
{
    (void)unused;
    struct outcome outcome;
    run((struct tw_explain_task){.target = "General Motors", .form = TW_EXPLAIN_JSON},
        "{\"text\":\"General Motors fell\",\"entities\":[{\"name\":\"General Motors\"}]}\n", &outcome);
    assert_int_equal(outcome.counts.refused, 0);
    assert_non_null(strstr(outcome.out, "\"target\":\"General Motors\""));
    free(outcome.out);
}

static void test_lines_for_people_are_plain_unless_colour_is_wanted(void **unused)
{
    (void)unused;
    struct outcome outcome;
    run((struct tw_explain_task){.text = "profit fell"}, NULL, &outcome);
    assert_non_null(strstr(outcome.out, " for document: logit "));
    assert_non_null(strstr(outcome.out, "\nprofit fell\n   "));
    assert_null(strchr(outcome.out, '\x1b'));
    free(outcome.out);
    run((struct tw_explain_task){.text = "profit fell", .colour = true}, NULL, &outcome);
    assert_non_null(strstr(outcome.out, "\x1b[38;5;16;48;5;"));
    assert_non_null(strstr(outcome.out, "mfell\x1b[0m"));
    free(outcome.out);
}

static void test_a_text_sends_no_command_to_the_terminal(void **unused)
{
    (void)unused;
    struct outcome outcome;
    river.raw = true;
    run((struct tw_explain_task){.text = "profit\x1b[2J fell \xE2\x80\xAE up"}, NULL, &outcome);
    river.raw = false;
    assert_null(strchr(outcome.out, '\x1b'));
    assert_null(strstr(outcome.out, "\xE2\x80\xAE"));
    free(outcome.out);
}

static void test_a_page_is_whole_and_texts_are_harmless_in_it(void **unused)
{
    (void)unused;
    struct outcome outcome;
    river.raw = true;
    run((struct tw_explain_task){.form = TW_EXPLAIN_HTML},
        "<script>alert(1)</script> fell & \"rose\"\n\nthe loss\n", &outcome);
    river.raw = false;
    assert_int_equal(strncmp(outcome.out, "<!DOCTYPE html>\n", 16), 0);
    assert_string_equal(outcome.out + outcome.length - 8, "</html>\n");
    assert_null(strstr(outcome.out, "<script"));
    assert_non_null(strstr(outcome.out, "&lt;"));
    assert_non_null(strstr(outcome.out, "Line 2 cannot be used: the line holds no text"));
    size_t articles = 0;
    for (const char *at = outcome.out; (at = strstr(at, "<article>")); at++)
        articles++;
    assert_int_equal(articles, 3);
    free(outcome.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_object_says_what_the_contract_says),
        cmocka_unit_test(test_a_company_that_is_not_named_refuses_its_line_alone),
        cmocka_unit_test(test_a_record_names_its_companies_itself),
        cmocka_unit_test(test_lines_for_people_are_plain_unless_colour_is_wanted),
        cmocka_unit_test(test_a_text_sends_no_command_to_the_terminal),
        cmocka_unit_test(test_a_page_is_whole_and_texts_are_harmless_in_it),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
