/* names: which weights a model of a family has, in which order, and how transformers calls them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/names.h"

static const struct tw_model_config shape = {.hidden = 8,
    .layers = 2,
    .heads = 2,
    .intermediate = 16,
    .vocabulary = 50,
    .max_positions = 20,
    .type_vocabulary = 2,
    .distance_buckets = 32,
    .projection = 12,
    .labels = 3};

static struct tw_model_config shape_of(enum tw_family family)
{
    struct tw_model_config config = shape;
    config.family = family;
    config.first_position = family == TW_MPNET ? 2 : 0;
    return config;
}

static const unsigned everything = TW_SECTION_BIT(TW_SECTIONS) - 1;

static void every_family_has_its_weights_in_forward_order(void **state)
{
    (void)state;
    /* Embeddings (BERT has types, MPNet a bias by distance), 16 a layer, heads 2 + 2 + 4 + 5, the
     * projection. */
    static const size_t counts[TW_FAMILIES] = {5 + 32 + 13 + 1, 4 + 32 + 13 + 1, 5 + 32 + 13 + 1};
    for (int family = 0; family < TW_FAMILIES; family++) {
        const struct tw_model_config config = shape_of((enum tw_family)family);
        struct tw_names names = tw_names_of(&config, everything);
        size_t count = 0, depth = 0;
        for (struct tw_named named; tw_names_next(&names, &named); count++) {
            assert_true(named.depth >= depth && named.rows > 0 && named.columns > 0 && named.rest[0]);
            assert_int_equal(named.of_layer, named.depth >= 1 && named.depth <= config.layers);
            depth = named.depth;
        }
        assert_int_equal(count, counts[family]);
        assert_int_equal(count, tw_names_count(&config, everything));
        assert_int_equal(depth, config.layers + 1);
    }
}

static void expect(enum tw_family family, size_t number, const char *prefix, const char *rest, size_t rows,
    size_t columns, bool vector)
{
    const struct tw_model_config config = shape_of(family);
    struct tw_names names = tw_names_of(&config, everything);
    struct tw_named named;
    for (size_t at = 0; at <= number; at++)
        assert_true(tw_names_next(&names, &named));
    assert_string_equal(named.prefix, prefix);
    assert_string_equal(named.rest, rest);
    assert_int_equal(named.rows, rows);
    assert_int_equal(named.columns, columns);
    assert_int_equal(named.vector, vector);
}

static void names_are_those_of_transformers(void **state)
{
    (void)state;
    expect(TW_BERT, 0, "bert.", "embeddings.word_embeddings.weight", 50, 8, false);
    expect(TW_BERT, 2, "bert.", "embeddings.token_type_embeddings.weight", 2, 8, false);
    expect(TW_BERT, 5 + 16 + 10, "bert.", "encoder.layer.1.intermediate.dense.weight", 16, 8, false);
    expect(TW_BERT, 5 + 32, "bert.", "pooler.dense.weight", 8, 8, false);
    expect(TW_BERT, 5 + 32 + 3, "", "classifier.bias", 1, 3, true);
    expect(TW_DISTILBERT, 4, "distilbert.", "transformer.layer.0.attention.q_lin.weight", 8, 8, false);
    expect(TW_DISTILBERT, 4 + 32, "", "pre_classifier.weight", 8, 8, false);
    expect(TW_MPNET, 1, "mpnet.", "embeddings.position_embeddings.weight", 22, 8, false);
    expect(TW_MPNET, 4, "mpnet.", "encoder.relative_attention_bias.weight", 32, 2, false);
    expect(TW_MPNET, 5 + 32 + 2, "", "classifier.out_proj.weight", 3, 8, false);
}

static void a_section_that_is_not_wanted_is_passed_over(void **state)
{
    (void)state;
    const struct tw_model_config config = shape_of(TW_BERT);
    struct tw_names names = tw_names_of(&config, TW_SECTION_BIT(TW_SECTION_ENTITY));
    struct tw_named named;
    assert_true(tw_names_next(&names, &named));
    assert_string_equal(named.rest, "entity_pooler.dense.weight");
    assert_int_equal(named.columns, 16);
    assert_int_equal(tw_names_count(&config, TW_SECTION_BIT(TW_SECTION_ENTITY)), 4);
    assert_int_equal(tw_names_count(&config, 0), 0);
}

static void a_role_is_found_by_itself(void **state)
{
    (void)state;
    struct tw_model_config config = shape_of(TW_MPNET);
    struct tw_named named;
    assert_true(tw_names_find(&config, TW_ROLE_CLASSIFIER_BIAS, &named));
    assert_string_equal(named.rest, "classifier.out_proj.bias");
    assert_false(tw_names_find(&config, TW_ROLE_TYPES, &named));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_has_its_weights_in_forward_order),
        cmocka_unit_test(names_are_those_of_transformers),
        cmocka_unit_test(a_section_that_is_not_wanted_is_passed_over),
        cmocka_unit_test(a_role_is_found_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
