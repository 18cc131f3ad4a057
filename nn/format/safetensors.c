#include "format/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static const size_t header_most_bytes = 100u * 1000u * 1000u;
static const size_t length_bytes = 8;
static const char *const cure_copy = "copy the file again";
static const char *const cure_write = "write the file again with a safetensors library";

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
    [TW_F64] = {"F64", 8},
    [TW_F32] = {"F32", 4},
    [TW_F16] = {"F16", 2},
    [TW_BF16] = {"BF16", 2},
    [TW_I64] = {"I64", 8},
    [TW_I32] = {"I32", 4},
    [TW_I16] = {"I16", 2},
    [TW_I8] = {"I8", 1},
    [TW_U64] = {"U64", 8},
    [TW_U32] = {"U32", 4},
    [TW_U16] = {"U16", 2},
    [TW_U8] = {"U8", 1},
    [TW_BOOL] = {"BOOL", 1},
    [TW_F8_E4M3] = {"F8_E4M3", 1},
    [TW_F8_E5M2] = {"F8_E5M2", 1},
};
_Static_assert(sizeof dtypes / sizeof dtypes[0] == TW_DTYPES, "one row a dtype");

const char *tw_dtype_name(enum tw_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t tw_dtype_bytes(enum tw_dtype dtype)
{
    return dtypes[dtype].bytes;
}

const char *tw_shape_text(const size_t *shape, size_t dimensions, char *text, size_t size)
{
    size_t at = 0;
    for (size_t axis = 0; axis < dimensions && at < size; axis++) {
        int wrote = snprintf(text + at, size - at, "%s%zu", axis ? ", " : "[", shape[axis]);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    if (at < size)
        snprintf(text + at, size - at, "%s", dimensions ? "]" : "[]");
    return text;
}

/* What the reading functions share: the header's bytes, to name offsets in messages. */
struct reader {
    const char *header;
    size_t header_length;
    size_t data_start;  /* of the data in the file */
    size_t data_length; /* of the data */
};

static bool fail_at(size_t offset, const char *cure, struct tw_error *err, const char *what, const char *name)
{
    char where[64];
    snprintf(where, sizeof where, "offset %zu", offset);
    return name ? tw_fail(err, TW_CONFIG, where, cure, "tensor \"%.200s\" %s", name, what)
                : tw_fail(err, TW_CONFIG, where, cure, "%s", what);
}

/* Where the tensor's name stands in the file. A name that needed escapes is not found as it is: then the
 * header's beginning is the best that can be said. */
static size_t offset_of_name(const struct reader *reader, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = reader->header; at && length > 0;) {
        size_t left = reader->header_length - (size_t)(at - reader->header);
        const char *hit = memmem(at, left, name, length);
        if (!hit)
            break;
        size_t place = (size_t)(hit - reader->header);
        if (place > 0 && hit[-1] == '"' && place + length < reader->header_length && hit[length] == '"')
            return length_bytes + place - 1;
        at = hit + 1;
    }
    return length_bytes;
}

static bool fail_tensor(const struct reader *reader, const char *name, struct tw_error *err, const char *what)
{
    return fail_at(offset_of_name(reader, name), cure_write, err, what, name);
}

static bool read_dtype(
    const struct reader *reader, json_t *entry, struct tw_tensor *tensor, struct tw_error *err)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    if (!text)
        return fail_tensor(reader, tensor->name, err, "has no \"dtype\"");
    for (size_t row = 0; row < TW_DTYPES; row++) {
        if (strcmp(text, dtypes[row].name) == 0) {
            tensor->dtype = (enum tw_dtype)row;
            return true;
        }
    }
    char what[96];
    snprintf(what, sizeof what, "has the unknown dtype \"%.40s\"", text);
    return fail_tensor(reader, tensor->name, err, what);
}

static bool read_size(json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static bool read_shape(
    const struct reader *reader, json_t *entry, struct tw_tensor *tensor, struct tw_error *err)
{
    json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape))
        return fail_tensor(reader, tensor->name, err, "has no \"shape\"");
    if (json_array_size(shape) > TW_TENSOR_DIMENSIONS)
        return fail_tensor(reader, tensor->name, err, "has more than 8 dimensions");
    tensor->dimensions = json_array_size(shape);
    tensor->elements = 1;
    for (size_t axis = 0; axis < tensor->dimensions; axis++) {
        if (!read_size(json_array_get(shape, axis), &tensor->shape[axis]))
            return fail_tensor(reader, tensor->name, err, "has a shape that is no list of sizes");
        if (!tw_size_multiply(tensor->elements, tensor->shape[axis], &tensor->elements))
            return fail_tensor(reader, tensor->name, err, "has a shape too large for any file");
    }
    if (!tw_size_multiply(tensor->elements, tw_dtype_bytes(tensor->dtype), &tensor->bytes))
        return fail_tensor(reader, tensor->name, err, "has a shape too large for any file");
    return true;
}

static bool read_offsets(
    const struct reader *reader, json_t *entry, struct tw_tensor *tensor, struct tw_error *err)
{
    json_t *offsets = json_object_get(entry, "data_offsets");
    size_t begin, end;
    if (json_array_size(offsets) != 2 || !read_size(json_array_get(offsets, 0), &begin) ||
        !read_size(json_array_get(offsets, 1), &end))
        return fail_tensor(reader, tensor->name, err, "has no \"data_offsets\" of two sizes");
    if (begin > end)
        return fail_tensor(reader, tensor->name, err, "ends before it begins");
    if (!tw_range_within(begin, end, reader->data_length)) {
        size_t offset;
        if (!tw_size_add(reader->data_start, begin, &offset))
            offset = SIZE_MAX;
        return fail_at(offset, cure_copy, err, "ends past the file", tensor->name);
    }
    if (end - begin != tensor->bytes) {
        char what[160], shape[120];
        snprintf(what, sizeof what, "has %zu bytes, but %s %.80s needs %zu", end - begin,
            tw_dtype_name(tensor->dtype),
            tw_shape_text(tensor->shape, tensor->dimensions, shape, sizeof shape), tensor->bytes);
        return fail_at(reader->data_start + begin, cure_write, err, what, tensor->name);
    }
    tensor->file_offset = reader->data_start + begin;
    return true;
}

static bool check_metadata(json_t *metadata, struct tw_error *err)
{
    if (!json_is_object(metadata))
        return fail_at(length_bytes, cure_write, err, "\"__metadata__\" is not an object", NULL);
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return fail_at(
                length_bytes, cure_write, err, "\"__metadata__\" holds something else than strings", NULL);
    }
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct tw_tensor *a = left, *b = right;
    if (a->file_offset != b->file_offset)
        return a->file_offset < b->file_offset ? -1 : 1;
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct tw_tensor *)left)->name, ((const struct tw_tensor *)right)->name);
}

/* The tensors, in order of their place, must tile the data: the format allows neither holes nor overlaps. */
static bool check_tiling(
    const struct reader *reader, const struct tw_tensor *tensors, size_t count, struct tw_error *err)
{
    size_t expected = reader->data_start;
    for (size_t at = 0; at < count; at++) {
        const struct tw_tensor *tensor = &tensors[at];
        if (tensor->file_offset < expected)
            return fail_at(
                tensor->file_offset, cure_write, err, "overlaps the tensor before it", tensor->name);
        if (tensor->file_offset > expected)
            return fail_at(expected, cure_write, err, "has a hole before it", tensor->name);
        expected += tensor->bytes;
    }
    if (expected != reader->data_start + reader->data_length)
        return fail_at(expected, cure_copy, err, "bytes that belong to no tensor", NULL);
    return true;
}

static bool read_entry(const struct reader *reader, const char *name, json_t *entry, const char *bytes,
    struct tw_arena *arena, struct tw_tensor *tensor, struct tw_error *err)
{
    tensor->name = tw_arena_copy(arena, tw_text_of(name)).bytes;
    if (!tensor->name)
        return tw_arena_fail(arena, err);
    if (!json_is_object(entry))
        return fail_tensor(reader, name, err, "is not an object");
    if (!read_dtype(reader, entry, tensor, err) || !read_shape(reader, entry, tensor, err) ||
        !read_offsets(reader, entry, tensor, err))
        return false;
    tensor->data = bytes + tensor->file_offset;
    return true;
}

static bool read_tensors(
    const struct reader *reader, json_t *root, struct tw_safetensors *out, struct tw_error *err)
{
    /* Names are no longer than the header, an entry's struct is bounded by its count. */
    size_t entries = json_object_size(root), limit;
    if (!tw_size_multiply(entries, sizeof(struct tw_tensor) + 32, &limit) ||
        !tw_size_add(limit, reader->header_length + 4096, &limit))
        return fail_at(0, cure_write, err, "too many tensors", NULL);
    if (!tw_arena_begin(&out->arena, limit, err))
        return false;
    struct tw_tensor *tensors = tw_arena_array(&out->arena, entries, sizeof *tensors);
    if (!tensors)
        return tw_arena_fail(&out->arena, err);
    out->tensors = tensors;
    const char *name;
    json_t *entry;
    json_object_foreach(root, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) {
            if (!check_metadata(entry, err))
                return false;
            continue;
        }
        if (!read_entry(reader, name, entry, out->file.bytes, &out->arena, &tensors[out->count], err))
            return false;
        out->count++;
    }
    qsort(tensors, out->count, sizeof *tensors, by_place);
    if (!check_tiling(reader, tensors, out->count, err))
        return false;
    qsort(tensors, out->count, sizeof *tensors, by_name);
    return true;
}

static bool read_header(struct tw_safetensors *out, struct tw_error *err)
{
    static const char pointer[] = "version https://git-lfs";
    if (out->file.length >= sizeof pointer - 1 && memcmp(out->file.bytes, pointer, sizeof pointer - 1) == 0)
        return fail_at(0, "run git lfs pull in the folder", err, "a Git LFS pointer, not the weights", NULL);
    if (out->file.length < length_bytes)
        return fail_at(
            0, cure_copy, err, "the file is shorter than the 8 bytes of its header's length", NULL);
    uint64_t declared = 0;
    for (size_t at = 0; at < length_bytes; at++)
        declared |= (uint64_t)(unsigned char)out->file.bytes[at] << (8 * at);
    char what[160];
    if (declared > header_most_bytes) {
        snprintf(what, sizeof what, "a header of %" PRIu64 " bytes, more than the 100 MB allowed", declared);
        return fail_at(0, cure_write, err, what, NULL);
    }
    if (declared > out->file.length - length_bytes) {
        snprintf(
            what, sizeof what, "a header of %" PRIu64 " bytes in a file of %zu", declared, out->file.length);
        return fail_at(0, cure_copy, err, what, NULL);
    }
    struct reader reader = {
        .header = out->file.bytes + length_bytes,
        .header_length = (size_t)declared,
        .data_start = length_bytes + (size_t)declared,
        .data_length = out->file.length - length_bytes - (size_t)declared,
    };
    json_error_t fault;
    json_t *root = json_loadb(reader.header, reader.header_length, JSON_REJECT_DUPLICATES, &fault);
    if (!root) {
        size_t place = fault.position > 0 ? (size_t)fault.position : 0;
        snprintf(what, sizeof what, "the header is not valid JSON (%.100s)", fault.text);
        return fail_at(length_bytes + place, cure_copy, err, what, NULL);
    }
    bool done = json_is_object(root) ? read_tensors(&reader, root, out, err)
                                     : fail_at(length_bytes, cure_copy, err, "the header is no object", NULL);
    json_decref(root);
    return done;
}

/* Checks what was read. */
static bool open_loaded(struct tw_safetensors *out, const char *name, struct tw_error *err)
{
    if (read_header(out, err))
        return true;
    tw_error_in(err, name);
    tw_safetensors_close(out);
    return false;
}

bool tw_safetensors_open(const char *path, struct tw_safetensors *out, struct tw_error *err)
{
    const char *slash = strrchr(path, '/');
    *out = (struct tw_safetensors){0};
    return tw_file_load(path, &out->file, err) && open_loaded(out, slash ? slash + 1 : path, err);
}

bool tw_safetensors_open_from(
    const struct tw_snapshot *files, const char *name, struct tw_safetensors *out, struct tw_error *err)
{
    *out = (struct tw_safetensors){0};
    return tw_snapshot_load(files, name, &out->file, err) && open_loaded(out, name, err);
}

void tw_safetensors_close(struct tw_safetensors *file)
{
    tw_arena_end(&file->arena);
    tw_file_unload(&file->file);
    *file = (struct tw_safetensors){0};
}

const struct tw_tensor *tw_safetensors_find(const struct tw_safetensors *file, const char *name)
{
    if (file->count == 0)
        return NULL;
    struct tw_tensor wanted = {.name = name};
    return bsearch(&wanted, file->tensors, file->count, sizeof wanted, by_name);
}

/* --- values --------------------------------------------------------------------------------------------- */

static float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 0x1Fu,
             mantissa = half & 0x3FFu;
    if (exponent == 0) {
        /* Zero and subnormals: mantissa x 2^-24, exact in fp32. */
        float value = (float)mantissa * 0x1p-24f;
        return sign ? -value : value;
    }
    uint32_t bits = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112u) << 23) | mantissa << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float float_of_bfloat(uint16_t brain)
{
    uint32_t bits = (uint32_t)brain << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void tw_tensor_widen(const struct tw_tensor *tensor, float *out)
{
    if (tensor->dtype == TW_F32) {
        memcpy(out, tensor->data, tensor->bytes);
        return;
    }
    float (*widen)(uint16_t) = tensor->dtype == TW_F16 ? float_of_half : float_of_bfloat;
    for (size_t at = 0; at < tensor->elements; at++) {
        uint16_t bits;
        memcpy(&bits, (const char *)tensor->data + at * sizeof bits, sizeof bits);
        out[at] = widen(bits);
    }
}
