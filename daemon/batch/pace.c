#include "batch/pace.h"

enum {
    BYTES_A_TOKEN = 4, /* of JSON around English; what is wrong with it, the measured time makes good */
    TOKENS_A_RECORD = 4,
    BATCH_US = 1500000,
    FIRST_TOKEN_US = 2000, /* a BERT-base on one slow core */
};

static const double REMEMBERED = 0.8; /* of what was known, when a batch more is */

uint64_t tw_pace_guess(size_t bytes, uint32_t most)
{
    uint64_t tokens = bytes / BYTES_A_TOKEN + TOKENS_A_RECORD;
    return tokens < most ? tokens : most;
}

void tw_pace_learn(struct tw_pace *pace, uint64_t tokens, uint64_t worker_us, bool scored)
{
    if (pace->scored && !scored)
        return;
    if (scored && !pace->scored)
        *pace = (struct tw_pace){.scored = true};
    pace->us = pace->us * REMEMBERED + (double)worker_us;
    pace->tokens = pace->tokens * REMEMBERED + (double)tokens;
}

uint64_t tw_pace_most_tokens(const struct tw_pace *pace)
{
    double token_us = pace->tokens >= 1 ? pace->us / pace->tokens : FIRST_TOKEN_US;
    double most = token_us > 0 ? BATCH_US / token_us : 1e15;
    return most < 1 ? 1 : most > 1e15 ? (uint64_t)1e15 : (uint64_t)most;
}
