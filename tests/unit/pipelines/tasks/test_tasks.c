/* tasks: lines in, lines out, in order, the same with any number of workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "examples/dataset.h"
#include "names/entities.h"
#include "random_model.h"
#include "read/decode.h"
#include "score/classify.h"
#include "tasks/findings.h"
#include "tasks/tasks.h"
#include "tiny_model.h"
#include "tokenizer/tokenizer.h"

static char folder[64];
static struct tw_classifier *model, *constant;
static struct tw_automaton *entities;
static struct tw_decode_options decode;
static struct tw_river river;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    given_tiny_model(folder);
    decode = tw_decode_defaults();
    return tw_classifier_open(&(struct tw_classifier_options){.folder = folder}, &model, &err) &&
                   tw_classifier_open(&(struct tw_classifier_options){.constant = true}, &constant, &err) &&
                   tw_entities_parse("e", tw_text_of("{\"symbol\":\"OM\",\"names\":[\"Outboard Marine\"]}"),
                       &entities, &err)
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    tw_classifier_free(model);
    tw_classifier_free(constant);
    tw_entities_free(entities);
    remove_folder(folder);
    return 0;
}

/* What came out, what was told of refused records. */
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

static char path[128];

static void given_input(const char *name, const char *bytes, size_t length)
{
    given_file(folder, name, bytes, length);
    snprintf(path, sizeof path, "%s/%s", folder, name);
}

static struct tw_task_options options_of(const struct tw_classifier *classifier, uint32_t workers)
{
    river = (struct tw_river){
        .decode = &decode, .entities = entities, .classifier = classifier, .link_unlisted = true};
    return (struct tw_task_options){.river = &river,
        .path = path,
        .workers = workers,
        .stamp_us = INT64_C(1700000000000000),
        .max_tokens = TW_TOKENS_UNLIMITED};
}

static struct outcome classified(struct tw_task_options options)
{
    struct outcome outcome = {0};
    struct tw_error err;
    options.out = open_memstream(&outcome.out, &outcome.length);
    options.on_refused = note_refused;
    options.on_refused_context = &outcome;
    if (!tw_task_classify(&options, &outcome.counts, &err))
        fail_msg("%s: %s", err.where, err.what);
    fclose(options.out);
    return outcome;
}

static void each_line_gets_its_object_in_order(void **state)
{
    (void)state;
    static const char lines[] =
        "{\"id\":\"a\\\"b\",\"text\":\"Outboard Marine &amp; $IBM\"}\n[]\n"
        "{\"text\":\"x\",\"entities\":[{\"name\":\"Outboard Marine\"},{\"name\":\"Nobody\"}]}\n";
    given_input("lines.jsonl", lines, sizeof lines - 1);
    struct outcome outcome = classified(options_of(constant, 1));
    assert_int_equal(outcome.counts.records, 3);
    assert_int_equal(outcome.counts.refused, 1);
    char expected[400];
    snprintf(expected, sizeof expected,
        "%s:2: the message is an array, not an object; cure: send one JSON object a message\n", path);
    assert_string_equal(outcome.refused, expected);
    assert_int_equal(strncmp(outcome.out, "{\"id\":\"a\\\"b\",\"label\":\"", 20), 0);
    assert_non_null(
        strstr(outcome.out, "\"truncated\":false,\"entities\":[{\"symbol\":\"IBM\",\"name\":\"IBM\","));
    assert_non_null(strstr(outcome.out, "{\"symbol\":\"OM\",\"name\":\"Outboard Marine\",\"sentiment\":"));
    assert_non_null(strstr(outcome.out,
        "\n{\"line\":2,\"error\":\"the message is an array, not an object; cure: send one JSON object a message\"}\n"
        "{\"id\":null,"));
    assert_non_null(strstr(outcome.out, "{\"symbol\":null,\"name\":\"Nobody\","));
    free(outcome.out);
}

static void with_the_text_stands_how_far_it_is_about_each_company(void **state)
{
    (void)state;
    static const char lines[] =
        "{\"title\":\"Outboard Marine fell\",\"text\":\"so did $IBM\",\"symbols\":[\"GM\"]}\n"
        "{\"text\":\"x\",\"entities\":[{\"name\":\"Nobody\"}]}\n";
    given_input("lines.jsonl", lines, sizeof lines - 1);
    struct tw_task_options options = options_of(constant, 1);
    struct outcome outcome = classified(options);
    assert_null(strstr(outcome.out, "relevance"));
    free(outcome.out);
    options.text = true;
    outcome = classified(options);
    assert_non_null(strstr(outcome.out,
        "\"relevance\":0.7333,\"place\":1,\"share\":0.3333,\"source_weight\":1,\"in_title\":true,\"mentions\":1,"
        "\"first\":0}"));
    assert_non_null(strstr(outcome.out,
        "\"relevance\":0.1333,\"place\":0,\"share\":0.3333,\"source_weight\":1,\"in_title\":false,\"mentions\":1,"
        "\"first\":null}"));
    assert_null(
        strstr(strstr(outcome.out, "Nobody"), "relevance")); /* a company that the record names itself */
    free(outcome.out);
}

static void plain_text_is_text_unless_it_is_json(void **state)
{
    (void)state;
    given_input("texts", "profit fell\n\n{\"text\":\"x\"}\nbroken \xFF utf-8\n", 41);
    struct outcome outcome = classified(options_of(constant, 1));
    assert_int_equal(outcome.counts.records, 4);
    assert_int_equal(outcome.counts.refused, 1);
    assert_non_null(
        strstr(outcome.out, "{\"line\":2,\"error\":\"the line holds no text; cure: one text a line\"}"));
    free(outcome.out);
    struct tw_task_options options = options_of(constant, 1);
    options.form = TW_INPUT_JSON;
    outcome = classified(options);
    assert_int_equal(outcome.counts.refused, 3);
    free(outcome.out);
    given_input("records", "\n{\"text\":\"x\"}\nno json\n", 22);
    outcome = classified(options_of(constant, 1));
    assert_int_equal(outcome.counts.refused, 2);
    free(outcome.out);
}

static void a_line_too_long_is_refused_in_its_place(void **state)
{
    (void)state;
    given_input("texts", "ok\nmuch too long\nlast\n", 22);
    struct tw_decode_options narrow = tw_decode_defaults();
    narrow.max_payload_bytes = 8;
    struct tw_task_options options = options_of(constant, 1);
    river.decode = &narrow;
    struct outcome outcome = classified(options);
    assert_int_equal(outcome.counts.records, 3);
    assert_int_equal(outcome.counts.refused, 1);
    assert_non_null(strstr(outcome.out, "\n{\"line\":2,\"error\":\""));
    char expected[400];
    snprintf(expected, sizeof expected,
        "%s:2: the line has 13 bytes, 8 are allowed; cure: split the record\n", path);
    assert_string_equal(outcome.refused, expected);
    free(outcome.out);
}

static void output_does_not_depend_on_the_number_of_workers(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    size_t room = (size_t)LINES * 160, used = 0;
    char *lines = malloc(room);
    assert_non_null(lines);
    for (uint32_t line = 0; line < LINES; line++)
        used += (size_t)snprintf(lines + used, room - used,
            line % 97 == 5 ? "broken %u\n"
                           : "{\"id\":%u,\"text\":\"the profit of $S%u fell to %u of the marine loss\"}\n",
            line, line % 1000, line * 7919);
    given_input("many.jsonl", lines, used);
    struct tw_task_options options = options_of(model, 1);
    options.logits = true;
    struct outcome one = classified(options);
    assert_int_equal(one.counts.records, LINES);
    options.workers = 4;
    struct outcome four = classified(options);
    assert_int_equal(one.length, four.length);
    assert_memory_equal(one.out, four.out, one.length);
    free(one.out);
    free(four.out);
    free(lines);
}

static void a_failure_in_a_worker_ends_the_run(void **state)
{
    (void)state;
    given_input("lines", "x\ny\n", 4);
    struct tw_classifier *only_tokenizer;
    struct tw_error err;
    assert_true(tw_classifier_open(
        &(struct tw_classifier_options){.folder = folder, .tokenizer_only = true}, &only_tokenizer, &err));
    for (uint32_t workers = 1; workers <= 4; workers += 3) {
        struct tw_task_options options = options_of(only_tokenizer, workers);
        struct tw_task_counts counts;
        options.out = stdout;
        assert_false(tw_task_classify(&options, &counts, &err));
        assert_string_equal(err.what, "only a tokenizer was opened");
    }
    struct tw_task_options options = options_of(constant, 4);
    struct tw_task_counts counts;
    options.path = "/nonexistent";
    assert_false(tw_task_classify(&options, &counts, &err));
    assert_int_equal(err.code, TW_IO);
    tw_classifier_free(only_tokenizer);
}

static void tokenize_writes_ids_as_they_are(void **state)
{
    (void)state;
    static const char lines[] =
        "{\"text\":\"profit &lt; loss\"}\n\n{\"text\":\"profit\",\"pair\":\"loss\"}\n";
    given_input("lines.jsonl", lines, sizeof lines - 1);
    struct tw_task_options options = options_of(model, 2);
    struct tw_task_counts counts;
    struct tw_error err;
    char *out;
    size_t length;
    options.out = open_memstream(&out, &length);
    assert_true(tw_task_tokenize(&options, &counts, &err));
    fclose(options.out);
    /* [CLS] profit & l ##t [UNK] loss [SEP]: ';' is not in the vocabulary */
    assert_string_equal(out,
        "[2,13,10,47,64,1,14,3]\n"
        "{\"line\":2,\"error\":\"byte 0: the message is empty; cure: send one JSON object a message\"}\n"
        "[2,13,3,14,3]\n");
    free(out);
    given_input("texts", "profit\n\nloss\n", 13);
    options.form = TW_INPUT_TEXT;
    options.out = open_memstream(&out, &length);
    assert_true(tw_task_tokenize(&options, &counts, &err));
    fclose(options.out);
    assert_string_equal(out, "[2,13,3]\n[2,3]\n[2,14,3]\n");
    free(out);
}

static void evaluate_counts_documents_and_entities(void **state)
{
    (void)state;
    static const char lines[] =
        "{\"text\":\"profit rose\",\"label\":\"bullish\"}\n"
        "{\"text\":\"x\",\"entities\":[{\"name\":\"A\",\"label\":\"negative\"},{\"name\":\"B\"}]}\n"
        "{\"text\":\"x\"}\n{\"text\":\"x\",\"label\":\"good\"}\n{\"text\":\"x\",\"label\":1}\n";
    given_input("lines.jsonl", lines, sizeof lines - 1);
    struct tw_task_options options = options_of(constant, 1);
    struct outcome outcome = {0};
    struct tw_findings *findings;
    struct tw_error err;
    options.out = open_memstream(&outcome.out, &outcome.length);
    options.on_refused = note_refused;
    options.on_refused_context = &outcome;
    assert_true(tw_findings_new(0, &findings, &err));
    assert_true(tw_task_evaluate(&options, findings, &outcome.counts, &err));
    assert_int_equal(outcome.counts.refused, 3);
    assert_int_equal(findings->records, 2);
    assert_int_equal(tw_measures_report(&findings->documents).n, 1);
    assert_int_equal(tw_measures_report(&findings->entities).n, 1);
    tw_findings_json(findings, options.out);
    fclose(options.out);
    tw_findings_free(findings);
    assert_int_equal(strncmp(outcome.out, "{\"documents\":{\"n\":1,\"accuracy\":", 31), 0);
    assert_non_null(strstr(outcome.out, ",\"entities\":{\"n\":1,"));
    assert_non_null(strstr(outcome.refused, ":3: the record carries no label; cure: "));
    assert_non_null(
        strstr(outcome.refused, ":4: field label: the label \"good\" is not one of ours; cure: "));
    free(outcome.out);
}

static void evaluate_measures_only_what_was_held_back_when_asked(void **state)
{
    (void)state;
    char lines[4096];
    size_t used = 0, held = 0;
    for (int at = 0; at < 40; at++) {
        char text[16];
        int length = snprintf(text, sizeof text, "text %d", at);
        held += tw_dataset_holds_back((struct tw_text){text, (size_t)length}, 0.25);
        used += (size_t)snprintf(
            lines + used, sizeof lines - used, "{\"text\":\"%s\",\"label\":\"neutral\"}\n", text);
    }
    assert_true(held > 0 && held < 40);
    given_input("lines.jsonl", lines, used);
    struct tw_task_options options = options_of(constant, 1);
    options.held_back = 0.25;
    struct tw_task_counts counts;
    struct tw_findings *findings;
    struct tw_error err;
    options.out = stdout;
    assert_true(tw_findings_new(0, &findings, &err));
    assert_true(tw_task_evaluate(&options, findings, &counts, &err));
    assert_int_equal(counts.records, 40);
    assert_int_equal(counts.refused, 0);
    assert_int_equal(tw_measures_report(&findings->documents).n, held);
    tw_findings_free(findings);
}

static void what_evaluate_finds_does_not_depend_on_the_number_of_workers(void **state)
{
    (void)state;
    static const char *const labels[] = {"negative", "neutral", "positive"};
    size_t room = 2000 * 160, used = 0;
    char *lines = malloc(room);
    assert_non_null(lines);
    for (int at = 0; at < 2000; at++)
        used += (size_t)snprintf(lines + used, room - used,
            "{\"text\":\"text %d of many\",\"source\":\"%c\",\"label\":\"%s\",\"agree\":%d}\n", at * 37,
            'a' + at % 5, labels[at % 3], 50 + at % 4 * 10);
    given_input("many.jsonl", lines, used);
    free(lines);
    char *said[2];
    for (uint32_t workers = 1; workers <= 4; workers += 3) {
        struct tw_task_options options = options_of(constant, workers);
        struct tw_task_counts counts;
        struct tw_findings *findings;
        struct tw_error err;
        size_t length;
        options.out = stdout;
        assert_true(tw_findings_new(50, &findings, &err));
        assert_true(tw_task_evaluate(&options, findings, &counts, &err));
        FILE *out = open_memstream(&said[workers / 4], &length);
        tw_findings_json(findings, out);
        for (uint32_t at = 0; at < findings->worst_documents.count; at++)
            fprintf(out, "%s\n", findings->worst_documents.items[at].text);
        fclose(out);
        assert_int_equal(findings->worst_documents.count, 50);
        tw_findings_free(findings);
    }
    assert_string_equal(said[0], said[1]);
    assert_non_null(strstr(said[0], "\"agreement\":[{\"value\":\"50\","));
    free(said[0]);
    free(said[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_gets_its_object_in_order),
        cmocka_unit_test(with_the_text_stands_how_far_it_is_about_each_company),
        cmocka_unit_test(plain_text_is_text_unless_it_is_json),
        cmocka_unit_test(a_line_too_long_is_refused_in_its_place),
        cmocka_unit_test(output_does_not_depend_on_the_number_of_workers),
        cmocka_unit_test(a_failure_in_a_worker_ends_the_run),
        cmocka_unit_test(tokenize_writes_ids_as_they_are),
        cmocka_unit_test(evaluate_counts_documents_and_entities),
        cmocka_unit_test(what_evaluate_finds_does_not_depend_on_the_number_of_workers),
        cmocka_unit_test(evaluate_measures_only_what_was_held_back_when_asked),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
