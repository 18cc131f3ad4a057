/* generate: records that say what their labels say, the same ones each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "cases/expand.h"
#include "cases/generate.h"

static struct tw_arena arena;

static const char yaml[] =
    "version: 1\n"
    "companies: [\"{syllable}{syllable} Foods\", \"{syllable}{syllable}{syllable}\"]\n"
    "lists: {syllable: [Ba, Du, Ki, Lo, Me, Nu, Ra, So, Ti, Vo], drug: [eye drug, heart drug]}\n"
    "frames: [{form: \"{text}\"}, {form: \"UPDATE {digit}-{text}\"}, {form: \"{text.upper}\"}, "
    "{form: \"{company.ticker} {text}\"}]\n"
    "cases:\n"
    "- {event: fall, label: negative, forms: [\"{company}'s profit [fell|sank] to {money.low} from {money.high}\"]}\n"
    "- {event: rise, label: positive, forms: [\"{company}'s profit [rose|grew] to {money.high} from {money.low}\"]}\n"
    "- {event: two, entities: {company: positive, other: negative}, forms: [\"{company} beats {other}\"]}\n"
    "- {event: mend, label: neutral, forms: [\"a [|  ]{drug} , a 8% of a unit [|of] {company}\"]}\n";

static struct tw_templates *templates;

static int open_templates(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_problems problems;
    static const struct tw_text_file source = {"cases.yaml", {yaml, sizeof yaml - 1}};
    if (!tw_arena_begin(&arena, 64 << 20, &err))
        return -1;
    tw_problems_begin(&problems, &arena);
    return tw_templates_load(&source, &problems, &templates, &err) ? 0 : -1;
}

static int close_templates(void **state)
{
    (void)state;
    tw_templates_free(templates);
    tw_arena_end(&arena);
    return 0;
}

/* The lines, for free(). */
static char *generate(struct tw_generate_options options)
{
    char *bytes = NULL;
    size_t length = 0;
    struct tw_error err;
    options.templates = templates;
    options.out = open_memstream(&bytes, &length);
    assert_non_null(options.out);
    if (!tw_generate(&options, &err))
        fail_msg("%s", err.what);
    fclose(options.out);
    return bytes;
}

static const unsigned labelled = 1U << TW_GENERATE_MUST | 1U << TW_GENERATE_ENTITY;

/* Calls `check` for each record; returns how many. */
static size_t each_record(char *lines, void (*check)(const json_t *record))
{
    size_t count = 0;
    for (char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1) {
        json_t *record = json_loadb(line, (size_t)(end - line), 0, NULL);
        assert_non_null(record);
        check(record);
        json_decref(record);
        count++;
    }
    return count;
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    const struct tw_generate_options options = {.seed = 3, .count = 200, .kinds = labelled};
    struct tw_generate_options other = options;
    other.seed = 4;
    char *one = generate(options), *two = generate(options), *three = generate(other);
    assert_string_equal(one, two);
    assert_string_not_equal(one, three);
    free(one);
    free(two);
    free(three);
}

static void check_names(const json_t *record)
{
    size_t at;
    json_t *entity;
    const char *text = json_string_value(json_object_get(record, "text"));
    json_array_foreach(json_object_get(record, "entities"), at, entity)
    {
        if (!strstr(text, json_string_value(json_object_get(entity, "name"))))
            fail_msg("%s does not name %s", text, json_string_value(json_object_get(entity, "name")));
    }
    const bool two = strcmp(json_string_value(json_object_get(record, "kind")), "entity") == 0;
    assert_int_equal(json_array_size(json_object_get(record, "entities")), two ? 2 : 1);
    assert_int_equal(json_object_get(record, "label") == NULL, two);
}

static void every_company_with_a_label_stands_in_the_text(void **state)
{
    (void)state;
    char *lines = generate((struct tw_generate_options){.seed = 1, .count = 400, .kinds = labelled});
    assert_int_equal(each_record(lines, check_names), 400);
    free(lines);
}

/* The first amount after `word`, without its unit. */
static double amount_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    assert_non_null(at);
    at += strcspn(at, "0123456789");
    char plain[32];
    size_t used = 0;
    for (; used + 1 < sizeof plain && strchr("0123456789,.", *at) && *at; at++)
        if (*at != ',')
            plain[used++] = *at;
    plain[used] = '\0';
    return strtod(plain, NULL);
}

static void check_order(const json_t *record)
{
    const char *text = json_string_value(json_object_get(record, "text"));
    const char *label = json_string_value(json_object_get(record, "label"));
    if (strcspn(strstr(text, " to "), "0123456789") > 6) /* in words */
        return;
    const double to = amount_after(text, " to "), from = amount_after(text, " from ");
    if (strcmp(label, "negative") == 0 ? to >= from : to <= from)
        fail_msg("%s: %s", label, text);
}

static void a_pair_of_numbers_has_the_order_that_the_label_wants(void **state)
{
    (void)state;
    const char *names[] = {"fall", "rise"};
    const struct tw_setting_texts events = {names, 2};
    char *lines = generate((struct tw_generate_options){
        .seed = 1, .count = 500, .kinds = labelled, .events = &events, .plain = true});
    assert_int_equal(each_record(lines, check_order), 500);
    free(lines);
}

static void check_mended(const json_t *record)
{
    const char *text = json_string_value(json_object_get(record, "text"));
    assert_true(strncmp(text, "An eye drug, an 8% of a unit ", 29) == 0 ||
                strncmp(text, "A heart drug, an 8% of a unit ", 30) == 0);
    assert_null(strstr(text, "  "));
}

static void articles_and_blanks_are_mended(void **state)
{
    (void)state;
    const char *names[] = {"mend"};
    const struct tw_setting_texts events = {names, 1};
    char *lines = generate((struct tw_generate_options){
        .seed = 1, .count = 30, .kinds = labelled, .events = &events, .plain = true});
    assert_int_equal(each_record(lines, check_mended), 30);
    free(lines);
}

static void check_possessive(const json_t *record)
{
    assert_null(strstr(json_string_value(json_object_get(record, "text")), "Foods's"));
}

static void a_name_that_ends_with_s_takes_an_apostrophe(void **state)
{
    (void)state;
    const char *names[] = {"fall"};
    const struct tw_setting_texts events = {names, 1};
    char *lines = generate((struct tw_generate_options){
        .seed = 1, .count = 50, .kinds = labelled, .events = &events, .plain = true});
    assert_int_equal(each_record(lines, check_possessive), 50);
    assert_non_null(strstr(lines, "Foods' profit"));
    assert_non_null(strstr(lines, "'s profit")); /* of a company that is called otherwise */
    free(lines);
}

static void check_same(const json_t *record)
{
    const json_t *texts = json_object_get(record, "texts");
    const char *event = json_string_value(json_object_get(record, "event"));
    const char *first = json_string_value(json_array_get(texts, 0));
    for (size_t at = 1; at < json_array_size(texts); at++) {
        const char *text = json_string_value(json_array_get(texts, at));
        if (strcmp(event, "frame") == 0)
            assert_non_null(strstr(text, first));
        if (strcmp(event, "case") == 0)
            assert_int_equal(strcasecmp(text, first), 0);
        /* The words are the same: what follows the company. */
        if (strcmp(event, "name") == 0)
            assert_int_equal(strlen(strrchr(text, ' ')), strlen(strrchr(first, ' ')));
    }
    assert_true(json_array_size(texts) >= 3);
}

static void the_same_words_are_told_of_other_companies(void **state)
{
    (void)state;
    const char *names[] = {"fall", "rise"};
    const struct tw_setting_texts events = {names, 2};
    char *lines = generate((struct tw_generate_options){
        .seed = 1, .count = 60, .kinds = 1U << TW_GENERATE_SAME, .events = &events});
    assert_int_equal(each_record(lines, check_same), 60);
    free(lines);
}

static void more_than_there_are_is_an_error(void **state)
{
    (void)state;
    struct tw_error err;
    const char *names[] = {"mend"}, *unknown[] = {"mnd"};
    struct tw_setting_texts events = {names, 1};
    char *bytes = NULL;
    size_t length = 0;
    struct tw_generate_options options = {.templates = templates,
        .count = 1000000,
        .kinds = labelled,
        .events = &events,
        .plain = true,
        .out = open_memstream(&bytes, &length)};
    assert_false(tw_generate(&options, &err));
    assert_int_equal(err.code, TW_CONFIG);
    events.items = unknown;
    assert_false(tw_generate(&options, &err));
    assert_int_equal(err.code, TW_USAGE);
    assert_string_equal(err.cure, "did you mean \"mend\"?");
    fclose(options.out);
    free(bytes);
}

static void a_form_that_grows_without_end_is_told(void **state)
{
    (void)state;
    static const char deep[] =
        "version: 1\ncompanies: [A]\n"
        "lists: {a: [\"{b}{b}{b}{b}{b}{b}{b}{b}\"], b: [\"{c}{c}{c}{c}{c}{c}{c}{c}\"], "
        "c: [\"{d}{d}{d}{d}{d}{d}{d}{d}\"], d: [\"{e}{e}{e}{e}{e}{e}{e}{e}\"], e: [\"\"]}\n"
        "cases: [{event: x, label: neutral, forms: [\"{a}\"]}]\n";
    const struct tw_text_file source = {"deep.yaml", tw_text_of(deep)};
    struct tw_problems problems;
    struct tw_templates *set;
    struct tw_error err;
    struct tw_case_text text;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_templates_load(&source, &problems, &set, &err));
    const struct tw_case_draws draws = tw_case_draws(1, 1);
    assert_false(tw_case_expand(set, &set->groups[0].forms[0], NULL, &draws, &arena, &text, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.what, "the form of line 4"));
    tw_templates_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_bytes, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(
            every_company_with_a_label_stands_in_the_text, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(
            a_pair_of_numbers_has_the_order_that_the_label_wants, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(articles_and_blanks_are_mended, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(
            a_name_that_ends_with_s_takes_an_apostrophe, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(
            the_same_words_are_told_of_other_companies, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(more_than_there_are_is_an_error, open_templates, close_templates),
        cmocka_unit_test_setup_teardown(
            a_form_that_grows_without_end_is_told, open_templates, close_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
