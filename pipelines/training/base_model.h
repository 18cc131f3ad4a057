/* base_model: what a run takes from the model it starts from. */
#ifndef TW_BASE_MODEL_H
#define TW_BASE_MODEL_H

#include <stdint.h>

#include "base/error.h"

struct tw_tokenizer;

/* The tokenizer of a model folder. TW_CONFIG when it has more tokens than the weights have rows; errors of
 * tokenizer.h, config_json.h. */
TW_MUST_USE bool tw_base_model_tokenizer(const char *folder, struct tw_tokenizer **out, struct tw_error *err);

/* The longest sequence that settings, tokenizer and weights allow. */
uint32_t tw_base_model_most_tokens(const struct tw_tokenizer *tokenizer, uint64_t wanted, size_t positions);

#endif
