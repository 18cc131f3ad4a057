#include "model/workspace.h"

#include "base/size.h"

static const size_t default_tokens = 1024;
/* Heads take their rows in rounds of so many. */
static const size_t head_rows = 64, masked_rows = 128;
/* Of one group of sequences that goes through all layers with 8-bit weights: its rows and the weights of one
 * map fit in the second cache. */
static const size_t int8_group_tokens = 256;
static const size_t most_tokens = (size_t)1 << 22;

/* Counts first, takes second: the same walk over all buffers runs twice, so the sum cannot go out of step. */
struct taker {
    struct tw_arena *arena; /* NULL: only count */
    size_t bytes;
    bool overflow;
};

/* `rows` times `width` elements of `size` bytes. */
static void *take_sized(struct taker *taker, size_t rows, size_t width, size_t size)
{
    size_t bytes;
    if (!tw_size_multiply(rows, width, &bytes) || !tw_size_multiply(bytes, size, &bytes) ||
        !tw_size_add(taker->bytes, bytes, &taker->bytes) || !tw_size_add(taker->bytes, 128, &taker->bytes)) {
        taker->overflow = true;
        return NULL;
    }
    if (!taker->arena)
        return NULL;
    return tw_arena_aligned(taker->arena, bytes);
}

static float *take(struct taker *taker, size_t rows, size_t width)
{
    return take_sized(taker, rows, width, sizeof(float));
}

static struct tw_int8_rows take_rows(struct taker *taker, size_t rows, size_t width)
{
    return (struct tw_int8_rows){.values = take_sized(taker, rows, tw_int8_stride(width), 1),
        .scales = take(taker, rows, 1),
        .zeros = take_sized(taker, rows, 1, sizeof(int32_t)),
        .width = width};
}

static void take_int8(
    struct taker *taker, const struct tw_model_config *config, size_t longest, struct tw_int8_workspace *out)
{
    size_t rows = tw_gemm_rows(out->max_tokens);
    out->state = take(taker, rows, config->hidden);
    out->queries = take(taker, rows, 3 * config->hidden);
    out->context = take(taker, rows, config->hidden);
    out->attended = take(taker, rows, config->hidden);
    out->raised = take(taker, rows > TW_INT8_BLOCK ? rows : TW_INT8_BLOCK, config->intermediate);
    out->lowered = take(taker, rows, config->hidden);
    out->narrow = take_rows(taker, rows, config->hidden);
    out->wide = take_rows(taker, rows, config->intermediate);
    out->attention_scratch =
        take(taker, 1, tw_int8_attention_floats(longest, config->hidden / config->heads));
}

static void take_layer(struct taker *taker, size_t rows, const struct tw_model_config *config, bool keep,
    struct tw_activations *out)
{
    out->query = take(taker, rows, config->hidden);
    out->key = take(taker, rows, config->hidden);
    out->value = take(taker, rows, config->hidden);
    out->context = take(taker, rows, config->hidden);
    out->attention_sum = take(taker, rows, config->hidden);
    out->attended = take(taker, rows, config->hidden);
    out->raised = take(taker, rows, config->intermediate);
    out->activated = keep ? take(taker, rows, config->intermediate) : out->raised;
    out->lowered = take(taker, rows, config->hidden);
    out->output = take(taker, rows, config->hidden);
}

static void take_all(
    struct taker *taker, const struct tw_model_config *config, bool keep, struct tw_workspace *out)
{
    size_t rows = tw_gemm_rows(out->max_tokens);
    out->embedded = take(taker, rows, config->hidden);
    for (size_t layer = 0; layer < config->layers; layer++) {
        struct tw_activations own = {0};
        if (keep || layer == 0)
            take_layer(taker, rows, config, keep, &own);
        if (out->layers)
            out->layers[layer] = keep || layer == 0 ? own : out->layers[0];
    }
    size_t width = config->hidden / config->heads;
    out->attention_scratch = take(taker, 1, tw_attention_scratch_floats(out->max_sequence, width));
    if (config->distance_buckets > 0)
        out->distance_bias = take(taker, config->heads, 2 * out->max_sequence - 1);
    size_t heads = tw_gemm_rows(out->max_head_rows);
    out->head_input = take(taker, heads, 2 * config->hidden);
    out->head_raised = take(taker, heads, config->hidden);
    out->head_pooled = take(taker, heads, config->hidden);
    out->head_logits = take(taker, heads, config->labels);
    if (out->int8.max_tokens > 0)
        take_int8(taker, config, out->max_sequence, &out->int8);
    size_t words = tw_gemm_rows(out->max_masked_rows);
    out->masked_input = take(taker, words, config->hidden);
    out->masked_raised = take(taker, words, config->hidden);
    out->masked_activated = take(taker, words, config->hidden);
    out->masked_normed = take(taker, words, config->hidden);
    out->masked_logits = take(taker, words, config->vocabulary);
}

bool tw_workspace_open(const struct tw_model *model, const struct tw_workspace_options *options,
    struct tw_workspace *out, struct tw_error *err)
{
    const struct tw_model_config *config = &model->config;
    *out = (struct tw_workspace){
        .max_tokens = options->max_tokens ? options->max_tokens : default_tokens,
        .max_sequence = options->max_sequence ? options->max_sequence : config->max_positions,
        .compute = options->compute,
    };
    if (out->max_sequence > config->max_positions)
        out->max_sequence = config->max_positions;
    if (out->max_tokens < out->max_sequence)
        out->max_tokens = out->max_sequence;
    if (out->max_tokens > most_tokens)
        return tw_fail(err, TW_CONFIG, "model.batch_tokens", NULL, "%zu tokens a micro-batch, more than %zu",
            out->max_tokens, most_tokens);
    out->max_head_rows = head_rows;
    out->max_masked_rows = model->has_masked_head ? masked_rows : 0;
    out->keeps_layers = options->keep_layers;
    if (model->int8)
        out->int8.max_tokens = out->max_sequence > int8_group_tokens ? out->max_sequence : int8_group_tokens;
    struct taker counter = {0};
    take_all(&counter, config, options->keep_layers, out);
    size_t limit;
    if (counter.overflow || !tw_size_add(counter.bytes, config->layers * sizeof *out->layers + 4096, &limit))
        return tw_fail(err, TW_INTERNAL, "workspace", "ask for fewer tokens", "too large for this machine");
    if (!tw_arena_begin(&out->arena, limit, err))
        return false;
    out->layers = tw_arena_array(&out->arena, config->layers, sizeof *out->layers);
    struct taker taker = {.arena = &out->arena};
    if (out->layers)
        take_all(&taker, config, options->keep_layers, out);
    if (!out->arena.full)
        return true;
    tw_arena_fail(&out->arena, err);
    tw_workspace_close(out);
    return false;
}

void tw_workspace_close(struct tw_workspace *workspace)
{
    tw_arena_end(&workspace->arena);
    *workspace = (struct tw_workspace){0};
}
