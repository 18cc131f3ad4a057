/* envelope: framing and compression come off a record's bytes, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zlib.h>
#include <zstd.h>

#include "read/envelope.h"
#include "test_arena.h"

static const char message[] = "{\"text\":\"Velquin profit falls\"}";
enum { MOST = 1 << 20 };

static struct tw_text gzipped(const char *bytes, size_t length)
{
    size_t room = length + 1024;
    char *to = tw_arena_take(&arena, room);
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)to;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t used = room - stream.avail_out;
    deflateEnd(&stream);
    return (struct tw_text){to, used};
}

static struct tw_text zstded(const char *bytes, size_t length)
{
    size_t room = ZSTD_compressBound(length);
    char *to = tw_arena_take(&arena, room);
    size_t used = ZSTD_compress(to, room, bytes, length, 3);
    assert_false(ZSTD_isError(used));
    return (struct tw_text){to, used};
}

static void assert_opens(struct tw_text bytes)
{
    struct tw_text out;
    struct tw_error err;
    assert_true(tw_envelope_open_bytes(bytes, MOST, &arena, &out, &err));
    assert_int_equal(out.length, sizeof message - 1);
    assert_memory_equal(out.bytes, message, out.length);
}

static void assert_refused(struct tw_text bytes, const char *line)
{
    struct tw_text out;
    struct tw_error err;
    char got[600];
    assert_false(tw_envelope_open_bytes(bytes, MOST, &arena, &out, &err));
    assert_int_equal(err.code, TW_REFUSED);
    tw_error_line(&err, got, sizeof got);
    assert_string_equal(got, line);
}

static void json_comes_out_of_whatever_it_was_put_in(void **state)
{
    (void)state;
    char framed[sizeof message + 5] = {0, 0, 0, 0, 7};
    memcpy(framed + 5, message, sizeof message - 1);
    assert_opens((struct tw_text){message, sizeof message - 1});
    assert_opens((struct tw_text){framed, sizeof message + 4});
    assert_opens(gzipped(message, sizeof message - 1));
    assert_opens(zstded(message, sizeof message - 1));
    assert_opens(gzipped(framed, sizeof message + 4));
    uLongf length = 256;
    Bytef *deflated = tw_arena_take(&arena, length);
    assert_int_equal(compress(deflated, &length, (const Bytef *)message, sizeof message - 1), Z_OK);
    assert_opens((struct tw_text){(char *)deflated, length});
    assert_refused((struct tw_text){"\x04\x22\x4D\x18 and so on", 14},
        "the value is packed by LZ4; cure: send it as it is, or by gzip or zstd; Kafka's own compression.type is always read");
}

static void framings_of_other_registries_come_off(void **state)
{
    (void)state;
    static const struct {
        unsigned char first;
        size_t bytes;
    } heads[] = {{0, 9}, {1, 17}, {3, 18}};
    for (size_t at = 0; at < sizeof heads / sizeof heads[0]; at++) {
        char framed[sizeof message + 18] = {(char)heads[at].first, 0, 1, 2};
        memcpy(framed + heads[at].bytes, message, sizeof message - 1);
        assert_opens((struct tw_text){framed, heads[at].bytes + sizeof message - 1});
    }
}

static void utf_16_becomes_utf_8(void **state)
{
    (void)state;
    char little[2 * sizeof message], big[2 * sizeof message];
    memcpy(little, "\xFF\xFE", 2);
    memcpy(big, "\xFE\xFF", 2);
    for (size_t at = 0; at < sizeof message - 1; at++) {
        memcpy(little + 2 + 2 * at, (char[]){message[at], 0}, 2);
        memcpy(big + 2 + 2 * at, (char[]){0, message[at]}, 2);
    }
    struct tw_text out;
    struct tw_error err;
    assert_true(tw_envelope_open_bytes((struct tw_text){little, sizeof little}, MOST, &arena, &out, &err));
    assert_memory_equal(out.bytes, "\xEF\xBB\xBF{", 4);
    assert_opens((struct tw_text){little + 2, sizeof little - 2});
    assert_opens((struct tw_text){big + 2, sizeof big - 2});
    static const char pair[] = "{\0\"\0\x3D\xD8\xC9\xDC\x3D\xD8";
    assert_true(tw_envelope_open_bytes((struct tw_text){pair, sizeof pair - 1}, MOST, &arena, &out, &err));
    assert_true(tw_text_equal(out, tw_text_of("{\"\U0001F4C9\uFFFD")));
}

/* Two packed pieces end to end; each is a whole stream of its own. */
static struct tw_text joined(struct tw_text first, struct tw_text second)
{
    char *bytes = tw_arena_take(&arena, first.length + second.length);
    assert_non_null(bytes);
    memcpy(bytes, first.bytes, first.length);
    memcpy(bytes + first.length, second.bytes, second.length);
    return (struct tw_text){bytes, first.length + second.length};
}

static void members_and_frames_one_after_another_are_one_value(void **state)
{
    (void)state;
    const size_t half = sizeof message / 2, rest = sizeof message - 1 - half;
    assert_opens(joined(gzipped(message, half), gzipped(message + half, rest)));
    assert_opens(joined(zstded(message, half), zstded(message + half, rest)));
    const struct tw_text garbage = {"rest", 4};
    assert_refused(joined(gzipped(message, sizeof message - 1), garbage),
        "begins as gzip does, and cannot be opened; cure: send JSON, as it is or compressed whole");
    assert_refused(joined(zstded(message, sizeof message - 1), garbage),
        "begins as zstd does, and cannot be opened; cure: send JSON, as it is or compressed whole");
}

static void avro_is_named_and_bombs_are_bounded(void **state)
{
    (void)state;
    assert_refused((struct tw_text){"\0\0\0\0\7\2\20Velquin", 14},
        "byte 0: begins with byte 0, the framing of a schema registry (schema id 7), and no JSON follows: Avro or "
        "Protobuf; cure: send JSON");
    char *zeros = calloc(1, (size_t)8 << 20);
    assert_non_null(zeros);
    assert_refused(gzipped(zeros, (size_t)8 << 20),
        "a value compressed by gzip opens to more than the 1048576 bytes allowed; cure: send it in parts, or raise "
        "decode.most_bytes");
    assert_refused(zstded(zeros, (size_t)8 << 20),
        "a value compressed by zstd opens to more than the 1048576 bytes allowed; cure: send it in parts, or raise "
        "decode.most_bytes");
    free(zeros);
    struct tw_text whole = gzipped(message, sizeof message - 1);
    assert_refused((struct tw_text){whole.bytes, whole.length - 9},
        "begins as gzip does, and cannot be opened; cure: send JSON, as it is or compressed whole");
    whole = zstded(message, sizeof message - 1);
    assert_refused((struct tw_text){whole.bytes, whole.length - 3},
        "begins as zstd does, and cannot be opened; cure: send JSON, as it is or compressed whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_comes_out_of_whatever_it_was_put_in),
        cmocka_unit_test(framings_of_other_registries_come_off),
        cmocka_unit_test(utf_16_becomes_utf_8),
        cmocka_unit_test(members_and_frames_one_after_another_are_one_value),
        cmocka_unit_test(avro_is_named_and_bombs_are_bounded),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
