/* safetensors: the tensors of a file that may lie.
 *   in    a path; the file's bytes are in memory until close, whatever becomes of the file
 *   out   a list of named tensors, sorted by name, each a view into the file's bytes
 *
 * The format (huggingface/safetensors README): 8 bytes little-endian header length N; N bytes of JSON
 * `{"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, "__metadata__": {string:
 * string}}`; then the data, offsets counted from its first byte.
 *
 * Every number is checked once, here; what is in `struct tw_tensor` can be trusted:
 *   - the header's length is within the file and at most 100 MB; the JSON is one object, no name twice
 *   - the dtype is known, the shape has at most 8 dimensions; their product times the size of the dtype does
 *     not overflow and equals end - begin
 *   - offsets lie within the data, do not overlap, leave no hole, and the last one ends with the file
 *
 * Errors: TW_IO/TW_PERMISSION (no file), TW_CONFIG with where = "<file name>: offset N" (a byte in the file).
 *
 *     struct tw_safetensors file;
 *     if (!tw_safetensors_open(path, &file, err)) return false;
 *     const struct tw_tensor *tensor = tw_safetensors_find(&file, "classifier.weight");
 *     ...
 *     tw_safetensors_close(&file);         // views die here; a zeroed struct is safe to close
 */
#ifndef TW_SAFETENSORS_H
#define TW_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/snapshot.h"
#include "base/text.h"

enum { TW_TENSOR_DIMENSIONS = 8 };

enum tw_dtype {
    TW_F64,
    TW_F32,
    TW_F16,
    TW_BF16,
    TW_I64,
    TW_I32,
    TW_I16,
    TW_I8,
    TW_U64,
    TW_U32,
    TW_U16,
    TW_U8,
    TW_BOOL,
    TW_F8_E4M3,
    TW_F8_E5M2,
    TW_DTYPES
};

struct tw_tensor {
    const char *name; /* NUL-terminated */
    enum tw_dtype dtype;
    size_t dimensions; /* 0: a scalar */
    size_t shape[TW_TENSOR_DIMENSIONS];
    size_t elements;
    const void *data;   /* into those bytes; old writers do not align it */
    size_t bytes;       /* elements * size of dtype */
    size_t file_offset; /* where data begins in the file, for messages */
};

struct tw_safetensors {
    struct tw_loaded_file file;
    struct tw_arena arena;
    const struct tw_tensor *tensors; /* sorted by name */
    size_t count;
};

/* Reads the file and checks it. On failure `out` is zeroed. */
TW_MUST_USE bool tw_safetensors_open(const char *path, struct tw_safetensors *out, struct tw_error *err);
/* The same for a file of a snapshot; `name` is its name there. */
TW_MUST_USE bool tw_safetensors_open_from(
    const struct tw_snapshot *files, const char *name, struct tw_safetensors *out, struct tw_error *err);
/* Gives the bytes back. */
void tw_safetensors_close(struct tw_safetensors *file);

/* The tensor of that name, or NULL. */
const struct tw_tensor *tw_safetensors_find(const struct tw_safetensors *file, const char *name);

/* Its values, which are TW_F32, TW_F16 or TW_BF16, as fp32, exactly: `elements` of them into `out`. */
void tw_tensor_widen(const struct tw_tensor *tensor, float *out);

/* "F32" and the like. */
const char *tw_dtype_name(enum tw_dtype dtype);
/* Bytes of one value. */
size_t tw_dtype_bytes(enum tw_dtype dtype);

/* "[3, 384]" into `text`; returns `text`. */
const char *tw_shape_text(const size_t *shape, size_t dimensions, char *text, size_t size);

#endif
