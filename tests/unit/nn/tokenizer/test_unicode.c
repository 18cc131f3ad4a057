/* unicode: bytes to code points and back, also of text that lies. What each code point means is compared with
 * the peer in test_tokenizer_peer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tokenizer/unicode.h"

#include <cmocka.h>

static void every_code_point_comes_back_from_its_bytes(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        if (code_point >= 0xD800 && code_point <= 0xDFFF)
            continue;
        uint8_t bytes[4];
        uint32_t size = tw_unicode_encode(code_point, bytes), back = 0;
        assert_int_equal(tw_unicode_decode(bytes, size, &back), size);
        assert_int_equal(back, code_point);
        for (uint32_t shorter = 1; shorter < size; shorter++) {
            assert_int_equal(tw_unicode_decode(bytes, shorter, &back), shorter);
            assert_int_equal(back, TW_UNICODE_REPLACEMENT);
        }
    }
}

/* The Unicode standard, tables 3-8 to 3-11, and what stands around the edges. */
static void what_is_not_utf8_is_taken_by_maximal_subparts(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[4];
        uint32_t taken;
    } cases[] = {
        {{0x80, 'a', 'a', 'a'}, 1},
        {{0xBF, 0x80, 'a', 'a'}, 1},
        {{0xC0, 0xAF, 'a', 'a'}, 1}, /* overlong */
        {{0xC1, 0x80, 'a', 'a'}, 1},
        {{0xC2, 'a', 'a', 'a'}, 1},
        {{0xE0, 0x80, 0xAF, 'a'}, 1}, /* overlong */
        {{0xE0, 0xA0, 'a', 'a'}, 2},
        {{0xED, 0xA0, 0x80, 'a'}, 1}, /* a surrogate */
        {{0xED, 0x9F, 'a', 'a'}, 2},
        {{0xE1, 0x80, 0xE2, 0xF0}, 2},
        {{0xF0, 0x80, 0x80, 0xAF}, 1}, /* overlong */
        {{0xF0, 0x91, 0x92, 'a'}, 3},
        {{0xF1, 0xBF, 'a', 'a'}, 2},
        {{0xF4, 0x90, 0x80, 0x80}, 1}, /* beyond 10FFFF */
        {{0xF5, 0x80, 0x80, 0x80}, 1},
        {{0xFF, 0xFF, 'a', 'a'}, 1},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        uint32_t code_point = 0;
        assert_int_equal(tw_unicode_decode(cases[at].bytes, 4, &code_point), cases[at].taken);
        assert_int_equal(code_point, TW_UNICODE_REPLACEMENT);
    }
}

static void lower_case_and_decompositions_are_whole(void **state)
{
    (void)state;
    uint32_t parts[4];
    assert_int_equal(tw_unicode_lower('A', parts), 1);
    assert_int_equal(parts[0], 'a');
    assert_int_equal(tw_unicode_lower(0x130, parts), 2);
    assert_int_equal(parts[0], 'i');
    assert_int_equal(parts[1], 0x307);
    assert_int_equal(tw_unicode_lower(0x3A3, parts), 1); /* a sigma is a sigma, also at a word's end */
    assert_int_equal(parts[0], 0x3C3);
    assert_int_equal(tw_unicode_decompose('e', parts), 1);
    assert_int_equal(tw_unicode_decompose(0x1F82, parts), 4); /* through all steps at once */
    assert_int_equal(parts[0], 0x3B1);
    assert_int_equal(parts[3], 0x345);
    assert_int_equal(tw_unicode_decompose(0xAC00, parts), 2);
    assert_int_equal(tw_unicode_decompose(0xD7A3, parts), 3);
    assert_int_equal(parts[2], 0x11C2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_comes_back_from_its_bytes),
        cmocka_unit_test(what_is_not_utf8_is_taken_by_maximal_subparts),
        cmocka_unit_test(lower_case_and_decompositions_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
