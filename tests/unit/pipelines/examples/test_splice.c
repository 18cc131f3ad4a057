/* splice: whole words, in order, from both texts; the same draw gives the same text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "examples/splice.h"

static struct tw_text splice(struct tw_arena *arena, uint32_t copy, const char *beginning, const char *end)
{
    struct tw_text out;
    struct tw_error err;
    assert_true(tw_splice(5, copy, 9, tw_text_of(beginning), tw_text_of(end), arena, &out, &err));
    return out;
}

static void a_spliced_text_begins_as_one_and_ends_as_the_other(void **state)
{
    (void)state;
    static const char first[] = "a b c d e f g h i j", second[] = "1 2 3 4 5 6 7 8 9 0";
    struct tw_arena arena;
    struct tw_error err;
    bool differs = false;
    assert_true(tw_arena_begin(&arena, 1 << 20, &err));
    struct tw_text before = splice(&arena, 0, first, second);
    for (uint32_t copy = 0; copy < 50; copy++) {
        struct tw_text text = splice(&arena, copy, first, second);
        const char *digit = memchr(text.bytes, ' ', text.length);
        while (digit && digit[1] >= 'a')
            digit = memchr(digit + 1, ' ', text.length - (size_t)(digit + 1 - text.bytes));
        assert_non_null(digit);
        size_t left = (size_t)(digit - text.bytes), right = text.length - left - 1;
        assert_memory_equal(text.bytes, first, left);
        assert_memory_equal(digit + 1, second + strlen(second) - right, right);
        assert_in_range((left + 1) / 2, 3, 7);
        assert_in_range((right + 1) / 2, 3, 7);
        differs = differs || !tw_text_equal(before, text);
    }
    assert_true(differs);
    assert_true(tw_text_equal(before, splice(&arena, 0, first, second)));
    assert_int_equal(splice(&arena, 0, "one", second).length, 0);
    assert_int_equal(splice(&arena, 0, first, "").length, 0);
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_spliced_text_begins_as_one_and_ends_as_the_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
