/* fields: each name's value, whatever the order, found in one pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "read/fields.h"

static const char *const time_names[] = {"ts", "time"};
static const char *const body_names[] = {"body", "text", "title"};
static const struct tw_name_list times = {time_names, 2}, bodies = {body_names, 3};

static void each_list_finds_its_names(void **state)
{
    (void)state;
    const struct tw_name_list *lists[] = {&times, &bodies};
    const json_t *values[2][TW_FIELD_NAMES_MOST];
    json_t *object = json_loads("{\"text\":\"fell\",\"tss\":1,\"time\":7,\"body\":null,\"\":0}", 0, NULL);
    memset(values, 0xAA, sizeof values);
    tw_fields_find(object, lists, 2, values);
    assert_null(values[0][0]);
    assert_int_equal(json_integer_value(values[0][1]), 7);
    assert_null(values[1][0]); /* null counts as absent */
    assert_string_equal(json_string_value(values[1][1]), "fell");
    assert_null(values[1][2]);
    json_decref(object);
}

static void a_name_may_serve_two_fields(void **state)
{
    (void)state;
    const struct tw_name_list *lists[] = {&bodies, &bodies};
    const json_t *values[2][TW_FIELD_NAMES_MOST];
    json_t *object = json_loads("{\"title\":\"fell\"}", 0, NULL);
    tw_fields_find(object, lists, 2, values);
    assert_ptr_equal(values[0][2], json_object_get(object, "title"));
    assert_ptr_equal(values[1][2], json_object_get(object, "title"));
    json_decref(object);
}

static void the_first_letters_of_members_are_told(void **state)
{
    (void)state;
    const struct tw_name_list *lists[] = {&times};
    const json_t *values[1][TW_FIELD_NAMES_MOST];
    json_t *object = json_loads("{\"_id\":1,\"Text\":\"fell\",\"- @stamp\":null}", 0, NULL);
    uint32_t letters = tw_fields_find(object, lists, 1, values);
    assert_int_equal(letters, tw_fields_letter("id") | tw_fields_letter("text") | tw_fields_letter("@stamp"));
    assert_int_equal(tw_fields_letter("__Uuid"), tw_fields_letter("uuid"));
    json_decref(object);
}

static void of_a_long_list_the_first_names_are_found(void **state)
{
    (void)state;
    const char *names[TW_FIELD_NAMES_MOST + 1];
    for (uint32_t at = 0; at < TW_FIELD_NAMES_MOST; at++)
        names[at] = "absent";
    names[TW_FIELD_NAMES_MOST] = "title";
    const struct tw_name_list list = {names, TW_FIELD_NAMES_MOST + 1};
    const struct tw_name_list *lists[] = {&list};
    const json_t *values[1][TW_FIELD_NAMES_MOST];
    json_t *object = json_loads("{\"title\":\"fell\"}", 0, NULL);
    tw_fields_find(object, lists, 1, values);
    for (uint32_t at = 0; at < TW_FIELD_NAMES_MOST; at++)
        assert_null(values[0][at]);
    json_decref(object);
}

static void a_name_in_another_case_counts_where_it_does_not_stand_itself(void **state)
{
    (void)state;
    const struct tw_name_list *lists[] = {&times, &bodies};
    const json_t *values[2][TW_FIELD_NAMES_MOST];
    json_t *object = json_loads(
        "{\"TS\":1,\"Ts\":2,\"Body\":\"this\",\"body\":\"rather\",\"TITLE\":\"fell\",\"TITLES\":0}", 0, NULL);
    tw_fields_find(object, lists, 2, values);
    assert_int_equal(json_integer_value(values[0][0]), 1);
    assert_null(values[0][1]);
    assert_string_equal(json_string_value(values[1][0]), "rather");
    assert_string_equal(json_string_value(values[1][2]), "fell");
    assert_string_equal(json_string_value(tw_fields_member(object, "body")), "rather");
    assert_string_equal(json_string_value(tw_fields_member(object, "title")), "fell");
    assert_null(tw_fields_member(object, "time"));
    assert_null(tw_fields_member(NULL, "time"));
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_list_finds_its_names),
        cmocka_unit_test(a_name_may_serve_two_fields),
        cmocka_unit_test(the_first_letters_of_members_are_told),
        cmocka_unit_test(of_a_long_list_the_first_names_are_found),
        cmocka_unit_test(a_name_in_another_case_counts_where_it_does_not_stand_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
