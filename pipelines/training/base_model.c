#include "training/base_model.h"

#include "base/arena.h"
#include "format/config_json.h"
#include "tokenizer/tokenizer.h"

static bool check_vocabulary(const struct tw_tokenizer *tokenizer, const char *folder, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_model_config config;
    if (!tw_arena_begin(&arena, (size_t)16 << 20, err))
        return false;
    bool fits = tw_config_read(folder, NULL, &arena, &config, err);
    size_t tokens = tw_tokenizer_vocabulary_size(tokenizer);
    if (fits && tokens > config.vocabulary)
        fits = tw_fail(err, TW_CONFIG, folder, "take tokenizer and weights from one checkpoint",
            "the tokenizer has %zu tokens, the weights have %zu", tokens, config.vocabulary);
    tw_arena_end(&arena);
    return fits;
}

bool tw_base_model_tokenizer(const char *folder, struct tw_tokenizer **out, struct tw_error *err)
{
    if (!tw_tokenizer_load(folder, out, err))
        return false;
    if (check_vocabulary(*out, folder, err))
        return true;
    tw_tokenizer_free(*out);
    *out = NULL;
    return false;
}

uint32_t tw_base_model_most_tokens(const struct tw_tokenizer *tokenizer, uint64_t wanted, size_t positions)
{
    uint64_t most = wanted;
    if (tw_tokenizer_model_max_length(tokenizer) < most)
        most = tw_tokenizer_model_max_length(tokenizer);
    return (uint32_t)(positions < most ? positions : most);
}
