/* locate: the mentions of names that a record gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/locate.h"
#include "test_arena.h"

/* "number:bytes" of each mention. */
static void expect(const char *text, const char *first, const char *second, const char *mentions)
{
    const struct tw_text names[] = {tw_text_of(first), tw_text_of(second)};
    const struct tw_mention *items;
    struct tw_place places[2];
    struct tw_error err;
    uint32_t count;
    char found[512] = "";
    size_t used = 0;
    assert_true(tw_locate_mentions(tw_text_of(text), names, 2, &arena, &items, &count, &err));
    tw_locate_names(tw_text_of(text), names, 2, places);
    for (uint32_t at = count; at-- > 0;) { /* a name's first mention is its place */
        const struct tw_mention *mention = &items[at];
        if (mention->begin == places[mention->entity].begin)
            places[mention->entity] = (struct tw_place){0, 0};
    }
    assert_true(places[0].end == 0 && places[1].end == 0);
    for (uint32_t at = 0; at < count; at++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%u:%.*s@%u", at ? " " : "",
            items[at].entity, (int)(items[at].end - items[at].begin), text + items[at].begin,
            items[at].begin);
    assert_string_equal(found, mentions);
}

static void a_name_is_found_wherever_it_stands(void **state)
{
    (void)state;
    expect("Velquin fell. Ordanelle rose. Velquin again", "Velquin", "Ordanelle",
        "0:Velquin@0 1:Ordanelle@14 0:Velquin@30");
    expect("Velquins fell, Velquin too, velquin not", "Velquin", "", "0:Velquin@15");
    expect("nobody", "Velquin", "Ordanelle", "");
}

static void a_shorter_name_takes_no_part_of_a_longer_one(void **state)
{
    (void)state;
    expect("HDFC Bank sues HDFC. HDFC Bank wins, HDFC loses", "HDFC", "HDFC Bank",
        "1:HDFC Bank@0 0:HDFC@15 1:HDFC Bank@21 0:HDFC@37");
}

static void names_that_nothing_else_is_left_for_share_a_place(void **state)
{
    (void)state;
    expect("HDFC Bank sues", "HDFC Bank", "HDFC", "0:HDFC Bank@0 1:HDFC@0");
}

static void no_name_takes_the_room_of_others(void **state)
{
    (void)state;
    enum { TIMES = 5000 };
    static char text[TIMES * 8 + 32];
    const struct tw_text names[] = {tw_text_of("Velquin"), tw_text_of("Ordanelle")};
    const struct tw_mention *items;
    struct tw_error err;
    uint32_t count;
    for (size_t time = 0; time < TIMES; time++)
        memcpy(text + time * 8, "Velquin ", 8);
    memcpy(text + (size_t)TIMES * 8, "Ordanelle Ordanelle", 20);
    assert_true(tw_locate_mentions(tw_text_of(text), names, 2, &arena, &items, &count, &err));
    assert_true(count <= 2 * 2 + TW_LOCATE_MENTIONS);
    assert_int_equal(items[count - 1].entity, 1);
    assert_int_equal(items[count - 2].entity, 1);
    assert_int_equal(items[0].entity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_wherever_it_stands),
        cmocka_unit_test(a_shorter_name_takes_no_part_of_a_longer_one),
        cmocka_unit_test(names_that_nothing_else_is_left_for_share_a_place),
        cmocka_unit_test(no_name_takes_the_room_of_others),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
