/* augment: the same record told differently, the same way for the same (seed, epoch, record). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "examples/augment.h"
#include "test_arena.h"

static const struct tw_text swap_names[] = {{"Gamma Holdings", 14}, {"Om", 2}};

static struct tw_augment augment_of(unsigned kinds)
{
    return (struct tw_augment){
        .kinds = kinds, .text_rate = 1, .token_rate = 0.5, .seed = 7, .names = swap_names, .name_count = 2};
}

/* "Acme fell 5%, Beta rose to 1,200.50 from 1,100 in 1987" with both entities. */
static struct tw_example example_of(struct tw_dataset_entity entities[2])
{
    entities[0] = (struct tw_dataset_entity){.name = {"Acme", 4}, .place = {0, 4}, .label = 0};
    entities[1] = (struct tw_dataset_entity){.name = {"Beta", 4}, .place = {14, 18}, .label = 2};
    return (struct tw_example){.text = tw_text_of("Acme fell 5%, Beta rose to 1,200.50 from 1,100 in 1987"),
        .entities = entities,
        .entity_count = 2,
        .label = -1};
}

static void swapped_entities_stand_where_their_places_say(void **state)
{
    (void)state;
    struct tw_augment augment = augment_of(TW_AUGMENT_ENTITY_SWAP);
    struct tw_dataset_entity entities[2];
    struct tw_example example = example_of(entities), out, again;
    struct tw_error err;
    bool differs = false;
    for (uint32_t epoch = 0; epoch < 8; epoch++) {
        assert_true(tw_augment_text(&augment, epoch, 3, &example, &arena, &out, &err));
        assert_true(tw_augment_text(&augment, epoch, 3, &example, &arena, &again, &err));
        assert_true(tw_text_equal(out.text, again.text));
        for (uint32_t entity = 0; entity < 2; entity++) {
            const struct tw_dataset_entity *swapped = &out.entities[entity];
            struct tw_text at = {
                out.text.bytes + swapped->place.begin, swapped->place.end - swapped->place.begin};
            assert_true(tw_text_equal(at, swap_names[0]) || tw_text_equal(at, swap_names[1]));
            assert_int_equal(swapped->label, entities[entity].label);
        }
        struct tw_text tail = tw_text_of(" rose to 1,200.50 from 1,100 in 1987");
        assert_memory_equal(out.text.bytes + out.entities[1].place.end, tail.bytes, tail.length);
        differs = differs || out.entities[0].name.bytes != out.entities[1].name.bytes;
    }
    assert_true(differs);
}

static void numbers_move_by_one_factor_and_years_stay(void **state)
{
    (void)state;
    struct tw_augment augment = augment_of(TW_AUGMENT_NUMBER_JITTER);
    struct tw_dataset_entity entities[2];
    struct tw_example example = example_of(entities), out;
    struct tw_error err;
    bool up = false, down = false;
    for (uint32_t epoch = 0; epoch < 16; epoch++) {
        int small;
        double to_thousands, to_rest, from_thousands, from_rest;
        char text[200];
        assert_true(tw_augment_text(&augment, epoch, 3, &example, &arena, &out, &err));
        snprintf(text, sizeof text, "%.*s", (int)out.text.length, out.text.bytes);
        assert_non_null(strstr(text, " in 1987"));
        const char *to = strstr(text, "to "), *from = strstr(text, "from ");
        assert_int_equal(sscanf(text, "Acme fell %d%%", &small), 1);
        /* Below 1,000 there is no comma. */
        double target =
            strchr(to, ',') && strchr(to, ',') < from
                ? (sscanf(to, "to %lf,%lf", &to_thousands, &to_rest), to_thousands * 1000 + to_rest)
                : (sscanf(to, "to %lf", &to_rest), to_rest);
        double origin = strchr(from, ',') ? (sscanf(from, "from %lf,%lf", &from_thousands, &from_rest),
                                                from_thousands * 1000 + from_rest)
                                          : (sscanf(from, "from %lf", &from_rest), from_rest);
        double factor = target / 1200.5;
        assert_true(factor > 0.799 && factor < 1.251);
        assert_true(origin / 1100 - factor < 0.001 && factor - origin / 1100 < 0.001);
        up = up || factor > 1;
        down = down || factor < 1;
    }
    assert_true(up && down);
}

static struct tw_templates *load_templates(void)
{
    static const char yaml[] = "version: 1\ncompanies: [\"Zeta{digit} Foods\"]\n"
                               "frames: [{form: \"UPDATE {digit}-{text}\"}, {form: \"{text.upper} #news\"}, "
                               "{form: \"{company.ticker} {text}\"}]\n"
                               "cases: [{event: x, label: neutral, forms: [x]}]\n";
    static const struct tw_text_file source = {"t.yaml", {yaml, sizeof yaml - 1}};
    struct tw_problems problems;
    struct tw_templates *templates;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_templates_load(&source, &problems, &templates, &err));
    return templates;
}

static void frames_move_the_places_of_entities_along(void **state)
{
    (void)state;
    struct tw_templates *templates = load_templates();
    struct tw_augment augment = augment_of(TW_AUGMENT_FRAMES);
    struct tw_dataset_entity entities[2];
    struct tw_example example = example_of(entities), out;
    struct tw_error err;
    bool prefixed = false, raised = false;
    augment.templates = templates;
    for (uint32_t epoch = 0; epoch < 16; epoch++) {
        assert_true(tw_augment_text(&augment, epoch, 3, &example, &arena, &out, &err));
        for (uint32_t entity = 0; entity < 2; entity++) {
            struct tw_place was = entities[entity].place, is = out.entities[entity].place;
            assert_int_equal(is.end - is.begin, was.end - was.begin);
            assert_int_equal(strncasecmp(out.text.bytes + is.begin, example.text.bytes + was.begin, 4), 0);
        }
        prefixed = prefixed || memcmp(out.text.bytes, "UPDATE ", 7) == 0;
        raised = raised || memcmp(out.text.bytes, "ACME FELL", 9) == 0;
        assert_true(memcmp(out.text.bytes, "$", 1) != 0);
    }
    assert_true(prefixed && raised);
    tw_templates_free(templates);
}

static void every_other_name_is_one_of_the_templates(void **state)
{
    (void)state;
    struct tw_templates *templates = load_templates();
    struct tw_augment augment = augment_of(TW_AUGMENT_ENTITY_SWAP);
    struct tw_dataset_entity entities[2];
    struct tw_example example = example_of(entities), out;
    struct tw_error err;
    int invented = 0;
    augment.templates = templates;
    for (uint32_t epoch = 0; epoch < 200; epoch++) {
        assert_true(tw_augment_text(&augment, epoch, 3, &example, &arena, &out, &err));
        for (uint32_t entity = 0; entity < 2; entity++)
            invented += memcmp(out.text.bytes + out.entities[entity].place.begin, "Zeta", 4) == 0;
    }
    assert_true(invented > 140 && invented < 260);
    tw_templates_free(templates);
}

static void an_entity_keeps_a_token_and_special_ones_stay(void **state)
{
    (void)state;
    struct tw_augment augment = augment_of(TW_AUGMENT_TOKEN_DROPOUT);
    const struct tw_token_range kept[] = {{3, 5}};
    uint32_t masked = 0;
    augment.token_rate = 0.9;
    for (uint32_t epoch = 0; epoch < 100; epoch++) {
        int32_t ids[] = {101, 5, 6, 7, 8, 9, 102};
        tw_augment_tokens(&augment, epoch, 1, 103, kept, 1, ids, 7);
        assert_int_equal(ids[0], 101);
        assert_int_equal(ids[6], 102);
        assert_true(ids[3] == 7 || ids[4] == 8);
        for (int token = 1; token < 6; token++)
            masked += ids[token] == 103;
    }
    assert_in_range(masked, 300, 450);
}

static void what_is_not_switched_on_changes_nothing(void **state)
{
    (void)state;
    struct tw_augment augment = augment_of(0);
    struct tw_dataset_entity entities[2];
    struct tw_example example = example_of(entities), out;
    struct tw_error err;
    int32_t ids[] = {101, 5, 102};
    assert_true(tw_augment_text(&augment, 0, 0, &example, &arena, &out, &err));
    assert_ptr_equal(out.text.bytes, example.text.bytes);
    tw_augment_tokens(&augment, 0, 0, 103, NULL, 0, ids, 3);
    assert_int_equal(ids[1], 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swapped_entities_stand_where_their_places_say),
        cmocka_unit_test(numbers_move_by_one_factor_and_years_stay),
        cmocka_unit_test(frames_move_the_places_of_entities_along),
        cmocka_unit_test(every_other_name_is_one_of_the_templates),
        cmocka_unit_test(an_entity_keeps_a_token_and_special_ones_stay),
        cmocka_unit_test(what_is_not_switched_on_changes_nothing),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
