/* templates: a file of forms, checked whole; the one that ships keeps its promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/file.h"
#include "cases/templates.h"
#include "files/yaml_tree.h"
#include "test_arena.h"

/* The set, or NULL and all that is wrong with it, rendered. */
static struct tw_templates *load(const char *yaml, const char **wrong)
{
    struct tw_text_file *source = tw_arena_take(&arena, sizeof *source);
    struct tw_problems problems;
    struct tw_templates *set;
    struct tw_error err;
    struct tw_text text;
    assert_non_null(source);
    *source = (struct tw_text_file){"cases.yaml", tw_text_of(yaml)};
    tw_problems_begin(&problems, &arena);
    bool loaded = tw_templates_load(source, &problems, &set, &err);
    assert_int_equal(loaded, problems.count == 0);
    if (!set)
        assert_int_equal(err.code, TW_CONFIG);
    assert_true(tw_problems_render(&problems, &arena, &text, &err));
    *wrong = text.bytes;
    return set;
}

#define HEAD "version: 1\ncompanies: [Acme]\n"

static void assert_refused(const char *yaml, const char *words)
{
    const char *wrong;
    assert_null(load(yaml, &wrong));
    if (!strstr(wrong, words))
        fail_msg("expected \"%s\" in: %s", words, wrong);
}

static void forms_lists_frames_and_labels_are_read(void **state)
{
    (void)state;
    const char *wrong;
    struct tw_templates *set =
        load(HEAD "lists: {verb: [falls, \"{noun}s\"], noun: [drop]}\n"
                  "frames: [{form: \"{text}!\", weight: 2.5}]\n"
                  "cases:\n"
                  "- {event: halt, label: bearish, forms: [\"{company} {verb}\"]}\n"
                  "- {event: two, entities: {other: positive}, forms: [\"{other}\"]}\n",
            &wrong);
    assert_string_equal(wrong, "");
    assert_int_equal(set->list_count, 2);
    assert_int_equal(set->lists[0].depth, 2);
    assert_true(set->frames[0].weight > 2.4 && set->frames[0].weight < 2.6);
    assert_int_equal(set->group_count, 2);
    assert_int_equal(set->groups[0].label, 0);
    assert_int_equal(set->groups[0].labels[TW_CASE_COMPANY], 0);
    assert_int_equal(set->groups[1].label, -1);
    assert_int_equal(set->groups[1].labels[TW_CASE_OTHER], 2);
    assert_int_equal(set->groups[1].labels[TW_CASE_COMPANY], -1);
    tw_templates_free(set);
}

static void each_mistake_is_named_by_line_and_column(void **state)
{
    (void)state;
    assert_refused("", "holds no templates");
    assert_refused(HEAD "cases: [{event: a, label: negative, forms: [\"{nobody} falls\"]}]\n",
        "cases.yaml:3:46: no list, number or company is called \"nobody\"");
    assert_refused(HEAD "cases: [{event: a, label: negative, forms: [\"{company} [a|b\"]}]\n",
        "cases.yaml:3:56: a bracket without its other half");
    assert_refused(
        HEAD "cases: [{event: a, label: negative, forms: [\"a]\"]}]\n", "cases.yaml:3:47: a bracket");
    assert_refused(HEAD "cases: [{event: a, label: negative, forms: [\"{money.last}\"]}]\n",
        "\".last\" cannot follow \"money\"");
    assert_refused(HEAD "cases: [{event: a, label: grim, forms: [\"x\"]}]\n", "\"grim\" is no label");
    assert_refused(HEAD "cases: [{event: a, forms: [\"x\"]}]\n", "the group teaches no label");
    assert_refused(
        HEAD "cases: [{event: a, entities: {boss: positive}, forms: [\"x\"]}]\n", "no company is called so");
    assert_refused(
        HEAD "cases: [{event: a, label: neutral, forms: [\"{text}\"]}]\n", "a form cannot hold {text}");
    assert_refused(HEAD "cases: [{event: a, label: neutral, forms: x}]\n", "\"forms\" is no list of forms");
    assert_refused(HEAD "frames: [{form: plain}]\ncases: [{event: a, label: neutral, forms: [x]}]\n",
        "a frame holds {text} once, not 0 times");
    assert_refused(HEAD
        "lists: {a: [\"{b}\"], b: [\"{a}\"]}\ncases: [{event: a, label: neutral, forms: [x]}]\n",
        "stands in itself");
    assert_refused(HEAD "lists: {a: [\"{company}\"]}\ncases: [{event: a, label: neutral, forms: [x]}]\n",
        "an item of a list cannot name the text or a company");
    assert_refused(HEAD "lists: {money: [x]}\ncases: [{event: a, label: neutral, forms: [x]}]\n",
        "\"money\" is a slot's name already");
}

static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    const char *wrong;
    assert_null(
        load(HEAD "cases:\n- {event: a, label: grim, forms: [\"{x}\"]}\n- {event: b, forms: [y]}\n", &wrong));
    assert_non_null(strstr(wrong, "\"grim\" is no label"));
    assert_non_null(strstr(wrong, "called \"x\""));
    assert_non_null(strstr(wrong, "teaches no label"));
}

/* How many texts a form has when each slot counts as one. */
static double count_phrasings(struct tw_text form)
{
    double all = 1;
    for (size_t at = 0; at < form.length; at++) {
        if (form.bytes[at] == '{')
            at = tw_case_closing(form, at);
        else if (form.bytes[at] == '[') {
            const size_t end = tw_case_closing(form, at);
            double sum = 0;
            size_t open = 0, begin = at + 1;
            for (size_t in = at + 1; in <= end; in++) {
                open += form.bytes[in] == '[';
                if ((form.bytes[in] == '|' && open == 0) || in == end) {
                    sum += count_phrasings((struct tw_text){form.bytes + begin, in - begin});
                    begin = in + 1;
                }
                open -= form.bytes[in] == ']' && in < end;
            }
            all *= sum;
            at = end;
        }
    }
    return all;
}

static struct tw_templates *load_shipped(void)
{
    const char *wrong;
    struct tw_text bytes;
    struct tw_error err;
    assert_true(tw_file_read(TW_SOURCE_DIR "/config/cases.yaml", TW_YAML_MOST_BYTES, &arena, &bytes, &err));
    char *yaml = tw_arena_take(&arena, bytes.length + 1);
    assert_non_null(yaml);
    memcpy(yaml, bytes.bytes, bytes.length);
    yaml[bytes.length] = '\0';
    struct tw_templates *set = load(yaml, &wrong);
    assert_string_equal(wrong, "");
    return set;
}

static void what_ships_has_every_event_type_with_forty_phrasings(void **state)
{
    (void)state;
    static const char *const events[] = {"bankruptcy", "default", "liquidity", "halt", "guidance_cut",
        "guidance_raise", "probe", "probe_closed", "litigation", "recall_accident", "cyber",
        "management_exit", "management_change", "dividend_cut", "dividend_raise", "rating_cut",
        "rating_raise", "earnings_miss", "earnings_beat", "takeover_offer", "takeover_failed", "dilution",
        "approval", "refusal", "contract_won", "contract_lost", "labour", "macro", "calendar", "routine",
        "arithmetic", "negation", "two_companies", "fall_that_is_good", "rise_that_is_bad", "hedge"};
    struct tw_templates *set = load_shipped();
    for (size_t event = 0; event < sizeof events / sizeof events[0]; event++) {
        double phrasings = 0;
        for (uint32_t group = 0; group < set->group_count; group++)
            for (uint32_t form = 0; form < set->groups[group].count; form++)
                if (tw_text_equal(set->groups[group].event, tw_text_of(events[event])))
                    phrasings += count_phrasings(set->groups[group].forms[form].text);
        if (phrasings < 40)
            fail_msg("%s has %.0f phrasings", events[event], phrasings);
    }
    tw_templates_free(set);
}

static void each_group_has_phrasings_to_learn_and_to_measure_with(void **state)
{
    (void)state;
    struct tw_templates *set = load_shipped();
    uint32_t forms = 0, held = 0;
    for (uint32_t group = 0; group < set->group_count; group++) {
        uint32_t held_of_group = 0;
        for (uint32_t form = 0; form < set->groups[group].count; form++)
            held_of_group += set->groups[group].forms[form].held;
        assert_true(held_of_group > 0 || set->groups[group].count < 4);
        assert_true(held_of_group < set->groups[group].count);
        forms += set->groups[group].count;
        held += held_of_group;
    }
    assert_true(held * 20 > forms && held * 5 < forms);
    tw_templates_free(set);
}

/* The form in this line of the file; NULL when none stands there. `event` is its group's. */
static const struct tw_case_form *form_in_line(
    const struct tw_templates *set, json_int_t line, struct tw_text *event)
{
    for (uint32_t group = 0; group < set->group_count; group++)
        for (uint32_t form = 0; form < set->groups[group].count; form++)
            if (set->groups[group].forms[form].line == line) {
                *event = set->groups[group].event;
                return &set->groups[group].forms[form];
            }
    return NULL;
}

/* Whoever adds a line to cases.yaml moves the forms below it, and whoever adds a form to a group may turn one
 * that was held into one that is learned: audit would then praise what a model remembers. */
static void the_audit_asks_only_what_is_not_learned(void **state)
{
    (void)state;
    struct tw_templates *set = load_shipped();
    FILE *cases = fopen(TW_SOURCE_DIR "/config/audit.jsonl", "r");
    char line[1 << 16];
    uint32_t count = 0;
    assert_non_null(cases);
    for (; fgets(line, sizeof line, cases); count++) {
        json_t *record = json_loads(line, 0, NULL);
        struct tw_text event = {"", 0};
        const struct tw_case_form *form =
            form_in_line(set, json_integer_value(json_object_get(record, "form")), &event);
        const char *id = json_string_value(json_object_get(record, "id"));
        if (!form || !form->held)
            fail_msg("audit.jsonl, case %s: its form is %s", id, form ? "learned" : "not in cases.yaml");
        if (!tw_text_equal(event, tw_text_of(json_string_value(json_object_get(record, "event")))) &&
            strcmp(json_string_value(json_object_get(record, "kind")), "same") != 0)
            fail_msg("audit.jsonl, case %s: its form is of another event", id);
        json_decref(record);
    }
    fclose(cases);
    assert_true(count > 500);
    tw_templates_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forms_lists_frames_and_labels_are_read, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(each_mistake_is_named_by_line_and_column, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(all_mistakes_are_told_at_once, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(
            what_ships_has_every_event_type_with_forty_phrasings, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(
            each_group_has_phrasings_to_learn_and_to_measure_with, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_audit_asks_only_what_is_not_learned, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
