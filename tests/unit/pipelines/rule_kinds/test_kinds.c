/* kinds: what each row must hold, so that a new kind is one file and one row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rule_kinds/kinds.h"

static void every_kind_has_its_name_its_functions_and_the_common_keys_first(void **state)
{
    (void)state;
    static const struct tw_yaml_key common[] = {TW_RULE_COMMON_ROWS("")};
    assert_non_null(tw_rule_kinds[0]);
    for (size_t at = 0; tw_rule_kinds[at]; at++) {
        const struct tw_rule_kind *kind = tw_rule_kinds[at];
        assert_string_equal(kind->name, tw_rule_kind_names[at]);
        assert_true(kind->prose && kind->read && kind->write && kind->run);
        assert_true(kind->key_count >= TW_RULE_COMMON_KEYS);
        for (size_t key = 0; key < TW_RULE_COMMON_KEYS; key++) {
            assert_string_equal(kind->keys[key].name, common[key].name);
            assert_int_equal(kind->keys[key].type, common[key].type);
        }
    }
}

/* The canonical text can write numbers, choices and lists of texts; a message and the reference name each key
 * once. */
static void own_keys_are_of_types_that_can_be_written_back_and_are_named_once(void **state)
{
    (void)state;
    for (size_t at = 0; tw_rule_kinds[at]; at++) {
        const struct tw_rule_kind *kind = tw_rule_kinds[at];
        for (size_t key = 0; key < kind->key_count; key++) {
            if (key >= TW_RULE_COMMON_KEYS)
                assert_true(kind->keys[key].type != TW_YAML_TEXT && kind->keys[key].type != TW_YAML_NODE);
            for (size_t before = 0; before < key; before++)
                assert_string_not_equal(kind->keys[before].name, kind->keys[key].name);
        }
    }
}

static void a_kind_is_found_by_its_whole_name(void **state)
{
    (void)state;
    for (size_t at = 0; tw_rule_kinds[at]; at++)
        assert_ptr_equal(tw_kinds_find(tw_text_of(tw_rule_kinds[at]->name)), tw_rule_kinds[at]);
    assert_null(tw_kinds_find(tw_text_of("thresholds")));
    assert_null(tw_kinds_find(tw_text_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_name_its_functions_and_the_common_keys_first),
        cmocka_unit_test(own_keys_are_of_types_that_can_be_written_back_and_are_named_once),
        cmocka_unit_test(a_kind_is_found_by_its_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
