/* safetensors: a whole file opens; one that lies is refused with the byte at which it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/safetensors.h"
#include "random_model.h"

/* A file of this header and so many bytes of data into `folder`; declared < 0: the header's true length. */
static void given_weights(const char *folder, const char *header, long long declared, size_t data)
{
    size_t length = strlen(header);
    uint64_t prefix = declared < 0 ? length : (uint64_t)declared;
    char *bytes = calloc(1, sizeof prefix + length + data);
    assert_non_null(bytes);
    memcpy(bytes, &prefix, sizeof prefix);
    memcpy(bytes + sizeof prefix, header, length);
    for (size_t at = 0; at < data; at++)
        bytes[sizeof prefix + length + at] = (char)at;
    given_file(folder, "model.safetensors", bytes, sizeof prefix + length + data);
    free(bytes);
}

static bool open_in(const char *folder, struct tw_safetensors *file, char line[1200])
{
    char path[128];
    struct tw_error err;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    line[0] = '\0';
    bool done = tw_safetensors_open(path, file, &err);
    if (!done)
        tw_error_line(&err, line, 1200);
    assert_true(done || err.code == TW_CONFIG);
    return done;
}

static void a_whole_file_gives_its_tensors_by_name(void **state)
{
    (void)state;
    char folder[64], line[1200];
    given_folder(folder);
    given_weights(folder,
        "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
        "\"a\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]},"
        "\"scalar\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[32,40]},"
        "\"empty\":{\"dtype\":\"U8\",\"shape\":[0,7],\"data_offsets\":[32,32]}}   ",
        -1, 40);
    struct tw_safetensors file;
    bool done = open_in(folder, &file, line);
    assert_string_equal(line, "");
    assert_true(done);
    assert_int_equal(file.count, 4);
    const struct tw_tensor *tensor = tw_safetensors_find(&file, "b");
    assert_non_null(tensor);
    assert_int_equal(tensor->dtype, TW_F32);
    assert_int_equal(tensor->dimensions, 2);
    assert_int_equal(tensor->shape[1], 3);
    assert_int_equal(tensor->elements, 6);
    assert_int_equal(*(const char *)tensor->data, 8);
    assert_int_equal(tw_safetensors_find(&file, "scalar")->elements, 1);
    assert_int_equal(tw_safetensors_find(&file, "empty")->bytes, 0);
    assert_null(tw_safetensors_find(&file, "c"));
    char text[64];
    assert_string_equal(tw_shape_text(tensor->shape, tensor->dimensions, text, sizeof text), "[2, 3]");
    tw_safetensors_close(&file);
    remove_folder(folder);
}

#define TENSOR(name, dtype, shape, begin, end)                                                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static const struct {
    const char *header;
    long long declared;
    size_t data;
    const char *message;
} liars[] = {
    {"{}", 0x7FFFFFFFFFFFFFFF, 0,
        "offset 0: a header of 9223372036854775807 bytes, more than the 100 MB allowed"},
    {"{}", 1000, 4, "offset 0: a header of 1000 bytes in a file of 14"},
    {"[1]", -1, 0, "offset 8: the header is no object"},
    {"{\"a\":", -1, 0, "offset 13: the header is not valid JSON"},
    {"{" TENSOR("a", "F32", "[1]", "0", "4") "," TENSOR("a", "F32", "[1]", "4", "8") "}", -1, 8,
        "the header is not valid JSON (duplicate object key"},
    {"{\"a\":7}", -1, 0, "offset 9: tensor \"a\" is not an object"},
    {"{" TENSOR("a", "F33", "[1]", "0", "4") "}", -1, 4,
        "offset 9: tensor \"a\" has the unknown dtype \"F33\""},
    {"{" TENSOR("a", "F32", "[-1]", "0", "4") "}", -1, 4,
        "offset 9: tensor \"a\" has a shape that is no list of sizes"},
    {"{" TENSOR("a", "F32", "[1.5]", "0", "4") "}", -1, 4,
        "offset 9: tensor \"a\" has a shape that is no list of sizes"},
    {"{" TENSOR("a", "F32", "[4294967296,4294967296,4]", "0", "4") "}", -1, 4,
        "offset 9: tensor \"a\" has a shape too large for any file"},
    {"{" TENSOR("a", "F64", "[4611686018427387904]", "0", "4") "}", -1, 4,
        "offset 9: tensor \"a\" has a shape too large for any file"},
    {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", -1, 4,
        "offset 9: tensor \"a\" has more than 8 dimensions"},
    {"{" TENSOR("a", "F32", "[2]", "8", "0") "}", -1, 8, "offset 9: tensor \"a\" ends before it begins"},
    {"{" TENSOR("a", "F32", "[2]", "0", "8") "}", -1, 4, "offset 62: tensor \"a\" ends past the file"},
    {"{" TENSOR("a", "F32", "[1]", "9223372036854775800", "9223372036854775804") "}", -1, 4,
        "tensor \"a\" ends past the file"},
    {"{" TENSOR("a", "F16", "[2]", "0", "8") "}", -1, 8,
        "offset 62: tensor \"a\" has 8 bytes, but F16 [2] needs 4"},
    {"{" TENSOR("a", "F32", "[1]", "0", "4") "," TENSOR("b", "F32", "[1]", "0", "4") "}", -1, 4,
        "tensor \"b\" overlaps the tensor before it"},
    {"{" TENSOR("a", "F32", "[1]", "0", "4") "," TENSOR("b", "F32", "[1]", "8", "12") "}", -1, 12,
        "tensor \"b\" has a hole before it"},
    {"{" TENSOR("a", "F32", "[1]", "0", "4") "}", -1, 5, "offset 66: bytes that belong to no tensor"},
    {"{\"__metadata__\":{\"a\":1}}", -1, 0, "\"__metadata__\" holds something else than strings"},
    {"{\"__metadata__\":[]}", -1, 0, "\"__metadata__\" is not an object"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", -1, 4, "has no \"data_offsets\" of two sizes"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 4, "has no \"dtype\""},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", -1, 4, "has no \"shape\""},
};

static void a_file_that_lies_is_refused_where_it_does(void **state)
{
    (void)state;
    char folder[64], line[1200];
    given_folder(folder);
    for (size_t at = 0; at < sizeof liars / sizeof liars[0]; at++) {
        struct tw_safetensors file;
        given_weights(folder, liars[at].header, liars[at].declared, liars[at].data);
        if (open_in(folder, &file, line))
            fail_msg("case %zu was taken: %s", at, liars[at].header);
        if (strncmp(line, "model.safetensors: offset ", 26) != 0 || !strstr(line, liars[at].message) ||
            !strstr(line, "; cure: "))
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", at, liars[at].message, line);
    }
    remove_folder(folder);
}

static void a_file_of_less_than_eight_bytes_is_refused(void **state)
{
    (void)state;
    char folder[64], line[1200];
    struct tw_safetensors file;
    given_folder(folder);
    for (size_t length = 0; length < 8; length++) {
        given_file(folder, "model.safetensors", "\1\0\0\0\0\0\0\0", length);
        assert_false(open_in(folder, &file, line));
        assert_non_null(strstr(line, "model.safetensors: offset 0: the file is shorter than"));
    }
    remove_folder(folder);
}

/* JSON as deep as jansson's limit and beyond must neither crash nor be taken. */
static void a_header_of_a_thousand_brackets_is_refused(void **state)
{
    (void)state;
    char folder[64], line[1200];
    struct tw_safetensors file;
    char *header = calloc(1, 200001);
    assert_non_null(header);
    memset(header, '[', 200000);
    given_folder(folder);
    given_weights(folder, header, -1, 0);
    assert_false(open_in(folder, &file, line));
    assert_non_null(strstr(line, "not valid JSON"));
    free(header);
    remove_folder(folder);
}

/* Every file that is cut short is refused: the sizes must add up to the last byte. */
static void a_cut_file_is_refused_at_every_length(void **state)
{
    (void)state;
    char folder[64], line[1200], path[128];
    struct random_shape shape = tiny_bert;
    shape.vocabulary = 20;
    shape.layers = 1;
    given_folder(folder);
    given_random_model(folder, &shape);
    struct tw_safetensors file;
    assert_true(open_in(folder, &file, line));
    size_t length = file.file.length;
    tw_safetensors_close(&file);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    for (size_t cut = length - 1; cut > 0; cut -= cut > 4000 ? 1777 : cut > 97 ? 97 : 1) {
        assert_int_equal(truncate(path, (off_t)cut), 0);
        assert_false(open_in(folder, &file, line));
    }
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_gives_its_tensors_by_name),
        cmocka_unit_test(a_file_that_lies_is_refused_where_it_does),
        cmocka_unit_test(a_file_of_less_than_eight_bytes_is_refused),
        cmocka_unit_test(a_header_of_a_thousand_brackets_is_refused),
        cmocka_unit_test(a_cut_file_is_refused_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
