/* write: a model folder's files, as transformers reads them.
 *   in    values in fp32 with their names and shapes; a config
 *   out   one file, synced, at exactly the path given (checkpoint.h puts whole folders in place)
 *
 * safetensors: the header is what safetensors.h describes, with {"format": "pt"} as metadata, which
 * transformers asks for, padded to a multiple of 8. F16 and BF16 are rounded to nearest, ties to even; a
 * value that F16 cannot hold is refused. config.json: the shape under the family's own keys, labels both
 * ways, dropout, and our own facts under "tapewatch".
 *
 * Errors: TW_OUTPUT when the file cannot be made, TW_IO when writing fails (a full disk), TW_CONFIG for a
 * value or a JSON text that cannot be written. A file that failed is removed. */
#ifndef TW_WRITE_H
#define TW_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "format/safetensors.h"
#include "format/shape.h"

struct tw_tensor_values {
    const char *prefix, *name; /* prefix may be NULL; together the tensor's name */
    const float *values;
    size_t rows, columns; /* rows 0: a vector of `columns` */
};

/* All tensors as `dtype`: TW_F32, TW_F16 or TW_BF16. */
TW_MUST_USE bool tw_safetensors_write(const char *path, enum tw_dtype dtype,
    const struct tw_tensor_values *tensors, size_t count, struct tw_error *err);

/* One tensor of a file whose tensors differ in type. */
struct tw_stored_tensor {
    const char *name, *suffix; /* suffix may be NULL; together the tensor's name */
    enum tw_dtype dtype;
    const void *data;
    size_t rows, columns; /* rows 0: a vector of `columns` */
};

/* All tensors in this order, as they are. */
TW_MUST_USE bool tw_safetensors_store(
    const char *path, const struct tw_stored_tensor *tensors, size_t count, struct tw_error *err);

struct tw_config_facts {
    /* "ForSequenceClassification", "ForMaskedLM" or "Model": the family's name is put before */
    const char *architecture;
    const char *name;    /* "_name_or_path", or NULL */
    enum tw_dtype dtype; /* of the weights beside it */
    float hidden_dropout, attention_dropout;
    const char
        *own_json; /* an object, or NULL: its members under "tapewatch", beside the temperature of texts */
};

/* Writes config.json, whole or not at all, as transformers and config_json.h read it. */
TW_MUST_USE bool tw_config_write(const char *path, const struct tw_model_config *config,
    const struct tw_config_facts *facts, struct tw_error *err);

/* Writes `config`, the text of a model's config.json, with these members under "tapewatch" added or replaced:
 * `own_json`, an object. All else stays as it was. */
TW_MUST_USE bool tw_config_amend(
    const char *path, struct tw_text config, const char *own_json, struct tw_error *err);

/* Bytes into a new file, synced. */
TW_MUST_USE bool tw_bytes_write(const char *path, struct tw_text bytes, struct tw_error *err);

#endif
