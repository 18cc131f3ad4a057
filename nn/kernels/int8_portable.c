/* The definition of every step with 8-bit weights: plain loops that follow int8.h. */
#include "kernels/int8.h"

#include <math.h>

#define LOG2_E 1.44269504088896341f

enum { CHAINS = 16 };

/* --- what rows are made of ------------------------------------------------------------------------------ */

/* 16 chains to one number. */
static float join(const float chains[CHAINS])
{
    float joined[CHAINS];
    for (size_t at = 0; at < CHAINS; at++)
        joined[at] = chains[at];
    for (size_t half = CHAINS / 2; half > 0; half /= 2) {
        for (size_t at = 0; at < half; at++)
            joined[at] += joined[at + half];
    }
    return joined[0];
}

static float sum_of(const float *values, size_t count)
{
    float chains[CHAINS] = {0.0f};
    for (size_t at = 0; at < count; at++)
        chains[at % CHAINS] += values[at];
    return join(chains);
}

static void norm_row(
    const float *row, const float *scale, const float *shift, float epsilon, size_t width, float *out)
{
    float chains[CHAINS] = {0.0f};
    float mean = sum_of(row, width) / (float)width;
    for (size_t at = 0; at < width; at++)
        chains[at % CHAINS] = fmaf(row[at] - mean, row[at] - mean, chains[at % CHAINS]);
    float inverse = 1.0f / sqrtf(join(chains) / (float)width + epsilon);
    for (size_t at = 0; at < width; at++)
        out[at] = fmaf((row[at] - mean) * inverse, scale[at], shift[at]);
}

static void quantise_row(const float *in, size_t row, const struct tw_int8_rows *out)
{
    float lowest = 0.0f, highest = 0.0f;
    for (size_t at = 0; at < out->width; at++) {
        lowest = in[at] < lowest ? in[at] : lowest;
        highest = in[at] > highest ? in[at] : highest;
    }
    float range = highest - lowest, inverse = range < 1e-30f ? 0.0f : 255.0f / range;
    float away = -lowest * inverse;
    int32_t zero = (int32_t)lrintf(away > 0.0f ? away : 0.0f);
    out->scales[row] = range < 1e-30f ? 0.0f : range / 255.0f;
    out->zeros[row] = zero;
    uint8_t *values = out->values + row * tw_int8_stride(out->width);
    for (size_t at = 0; at < out->width; at++) {
        float value = fmaf(in[at], inverse, (float)zero);
        values[at] = (uint8_t)lrintf(value > 0.0f ? value < 255.0f ? value : 255.0f : 0.0f);
    }
}

static void quantise(const float *in, size_t rows, size_t first, const struct tw_int8_rows *out)
{
    for (size_t row = 0; row < rows; row++)
        quantise_row(in + row * out->width, first + row, out);
}

static void embed_norm(const struct tw_int8_embedding *call)
{
    size_t width = call->width;
    for (size_t sequence = 0; sequence < call->sequences; sequence++) {
        for (size_t token = call->starts[sequence]; token < call->starts[sequence + 1]; token++) {
            float *row = call->out + (token - call->starts[0]) * width;
            const float *word = call->words + (size_t)call->ids[token] * width;
            const float *position = call->positions + (token - call->starts[sequence]) * width;
            const float *type =
                call->types ? call->types + (call->type_of ? call->type_of[token] : 0u) * width : NULL;
            for (size_t at = 0; at < width; at++)
                row[at] = (type ? word[at] + type[at] : word[at]) + position[at];
            norm_row(row, call->scale, call->shift, call->epsilon, width, row);
        }
    }
}

/* --- functions ------------------------------------------------------------------------------------------ */

static float grow(float x)
{
    x = x < -87.33654f ? -87.33654f : x;
    float n = floorf(fmaf(x, 1.44269504088896341f, 0.5f));
    x = fmaf(n, -0.693359375f, x);
    x = fmaf(n, 2.12194440e-4f, x);
    float y = 1.9875691500e-4f;
    y = fmaf(y, x, 1.3981999507e-3f);
    y = fmaf(y, x, 8.3334519073e-3f);
    y = fmaf(y, x, 4.1665795894e-2f);
    y = fmaf(y, x, 1.6666665459e-1f);
    y = fmaf(y, x, 5.0000001201e-1f);
    y = fmaf(y, x * x, x + 1.0f);
    return ldexpf(y, (int)n);
}

static float gelu_erf(float x)
{
    float held = x < -4.2f ? -4.2f : x > 4.2f ? 4.2f : x, s = held * held;
    float p = 5.82004098e-11f;
    p = fmaf(p, s, -5.50201307e-09f);
    p = fmaf(p, s, 2.30398172e-07f);
    p = fmaf(p, s, -5.69754502e-06f);
    p = fmaf(p, s, 9.4007235e-05f);
    p = fmaf(p, s, -0.00111131859f);
    p = fmaf(p, s, 0.00982294232f);
    p = fmaf(p, s, -0.0663530082f);
    p = fmaf(p, s, 0.398906171f);
    return x * fmaf(held, p, 0.5f);
}

static float gelu_tanh(float x)
{
    float twice = -2.0f * 0.79788456080286536f * fmaf(0.044715f, x * x * x, x);
    return x / (1.0f + grow(twice < 88.0f ? twice : 88.0f));
}

static float follow(enum tw_int8_after after, float y)
{
    if (after == TW_INT8_GELU_ERF)
        return gelu_erf(y);
    if (after == TW_INT8_GELU_TANH)
        return gelu_tanh(y);
    return after == TW_INT8_RELU && y < 0.0f ? 0.0f : y;
}

/* --- products ------------------------------------------------------------------------------------------- */

static int32_t weight_at(const struct tw_int8_weights *weights, size_t output, size_t input)
{
    size_t groups = (weights->in + TW_INT8_DEEP - 1) / TW_INT8_DEEP;
    size_t group = output / TW_INT8_PANEL * groups + input / TW_INT8_DEEP;
    return weights->panels[group * TW_INT8_PANEL * TW_INT8_DEEP + output % TW_INT8_PANEL * TW_INT8_DEEP +
                           input % TW_INT8_DEEP];
}

static void multiply_row(const struct tw_int8_product *call, size_t row, float *out)
{
    const struct tw_int8_weights *weights = call->weights;
    const uint8_t *values = call->in->values + row * tw_int8_stride(weights->in);
    for (size_t output = 0; output < weights->out; output++) {
        int32_t sum = 0;
        for (size_t input = 0; input < weights->in; input++)
            sum += ((int32_t)values[input] - call->in->zeros[row]) * weight_at(weights, output, input);
        float y = fmaf((float)sum * call->in->scales[row], weights->scales[output], weights->bias[output]);
        out[output] = call->after == TW_INT8_NORM ? y + call->residual[row * weights->out + output]
                                                  : follow(call->after, y);
    }
    if (call->after == TW_INT8_NORM)
        norm_row(out, call->scale, call->shift, call->epsilon, weights->out, out);
}

static void multiply(const struct tw_int8_product *call)
{
    for (size_t row = 0; row < call->rows; row++) {
        float *out = call->out ? call->out + row * call->weights->out : call->scratch;
        multiply_row(call, row, out);
        if (call->quantised)
            quantise_row(out, row, call->quantised);
    }
}

/* --- attention ------------------------------------------------------------------------------------------ */

/* Padded to what the vector tables need: four arrays of words by token, scores and weights of six queries. */
size_t tw_int8_attention_floats(size_t longest, size_t width)
{
    size_t padded = (longest + CHAINS - 1) / CHAINS * CHAINS, wide = (width + CHAINS - 1) / CHAINS * CHAINS;
    return padded * (2 * wide + CHAINS);
}

int32_t tw_int8_most_word(size_t width)
{
    int32_t most = TW_INT8_WORD;
    while ((size_t)most * (size_t)most * width > (size_t)1 << 30)
        most--;
    return most;
}

/* One head of one sequence. */
struct head {
    int16_t *query, *key, *value; /* words [tokens, width] */
    float factor, value_step;
    const float *bias; /* of the present query, or NULL */
    size_t tokens, width;
};

/* in [tokens, width], `stride` apart, as words; returns their step. */
static float words_of(const float *in, size_t stride, const struct head *head, int32_t most, int16_t *words)
{
    float top = 0.0f;
    for (size_t at = 0; at < head->tokens * head->width; at++)
        top = fmaxf(top, fabsf(in[at / head->width * stride + at % head->width]));
    float inverse = top < 1e-30f ? 0.0f : (float)most / top;
    for (size_t at = 0; at < head->tokens * head->width; at++) {
        float word = in[at / head->width * stride + at % head->width] * inverse;
        words[at] = (int16_t)(fabsf(word) <= 32767.0f ? lrintf(word) : 0);
    }
    return top < 1e-30f ? 0.0f : top / (float)most;
}

/* 8191 2^x for x <= 0. */
static int32_t weight_of(float x)
{
    x = x > -30.0f ? x : -30.0f;
    float whole = floorf(x), part = x - whole, y = 639.098877f;
    y = fmaf(y, part, 1851.71606f);
    y = fmaf(y, part, 5699.57275f);
    y = fmaf(y, part, 8190.3877f);
    return (int32_t)lrintf(ldexpf(y, (int)whole));
}

static float weighted(const struct head *head, const int32_t *weights, size_t at)
{
    float all = 0.0f;
    for (size_t first = 0; first < head->tokens; first += TW_INT8_KEYS) {
        int32_t sum = 0;
        for (size_t key = first; key < head->tokens && key < first + TW_INT8_KEYS; key++)
            sum += weights[key] * head->value[key * head->width + at];
        all += (float)sum;
    }
    return all;
}

static void attend_row(const struct head *head, size_t token, float *scores, float *context)
{
    const int16_t *query = head->query + token * head->width;
    int32_t *weights = (int32_t *)(void *)(scores + head->tokens), sum = 0;
    float top = -INFINITY;
    for (size_t other = 0; other < head->tokens; other++) {
        int32_t product = 0;
        for (size_t at = 0; at < head->width; at++)
            product += query[at] * head->key[other * head->width + at];
        scores[other] = (float)product * head->factor;
        if (head->bias)
            scores[other] = fmaf(head->bias[other], LOG2_E, scores[other]);
        top = scores[other] > top ? scores[other] : top;
    }
    for (size_t other = 0; other < head->tokens; other++) {
        weights[other] = weight_of(scores[other] - top);
        sum += weights[other];
    }
    for (size_t at = 0; at < head->width; at++)
        context[at] = weighted(head, weights, at) * (head->value_step / (float)sum);
}

static void attend(const struct tw_int8_attention *call, size_t corner, size_t first, size_t tokens,
    size_t number, float *context)
{
    const size_t width = call->width, words = tokens * width;
    const int32_t most = tw_int8_most_word(width);
    int16_t *room = (int16_t *)(void *)call->scratch;
    struct head head = {
        .query = room, .key = room + words, .value = room + 2 * words, .tokens = tokens, .width = width};
    float *scores = call->scratch + (3 * words + 1) / 2;
    const float query_step = words_of(call->query + corner, call->stride, &head, most, head.query),
                key_step = words_of(call->key + corner, call->stride, &head, most, head.key);
    head.value_step = words_of(call->value + corner, call->stride, &head, TW_INT8_VALUE, head.value);
    head.factor = query_step * key_step * (LOG2_E / sqrtf((float)width));
    for (size_t token = 0; token < tokens; token++) {
        head.bias = tw_distance_row(call->bias, number, token);
        attend_row(&head, token, scores, context + (first + token) * call->heads * width);
    }
}

static void attention(const struct tw_int8_attention *call)
{
    size_t hidden = call->heads * call->width;
    for (size_t sequence = 0; sequence < call->sequences; sequence++) {
        size_t first = call->starts[sequence] - call->starts[0];
        size_t tokens = call->starts[sequence + 1] - call->starts[sequence];
        for (size_t head = 0; head < call->heads; head++)
            attend(call, first * call->stride + head * call->width, first, tokens, head,
                call->context + head * call->width);
        if (call->quantised)
            quantise(call->context + first * hidden, tokens, first, call->quantised);
    }
}

/* --- packing -------------------------------------------------------------------------------------------- */

/* -sum as taken off by one step of words, see struct tw_int8_weights. */
static int32_t taken_of(int32_t sum)
{
    const int32_t low = -sum & ((1 << TW_INT8_TAKEN_BITS) - 1),
                  high = (-sum - low) / (1 << TW_INT8_TAKEN_BITS);
    return (int32_t)((uint32_t)low | (uint32_t)high << 16);
}

void tw_int8_pack(const int8_t *values, size_t first, size_t out, size_t in, int8_t *panels, int32_t *taken)
{
    size_t groups = (in + TW_INT8_DEEP - 1) / TW_INT8_DEEP;
    for (size_t row = 0; row < out; row++) {
        size_t output = first + row;
        int32_t sum = 0;
        int8_t *panel = panels + output / TW_INT8_PANEL * groups * TW_INT8_PANEL * TW_INT8_DEEP +
                        output % TW_INT8_PANEL * TW_INT8_DEEP;
        for (size_t input = 0; input < in; input++) {
            panel[input / TW_INT8_DEEP * TW_INT8_PANEL * TW_INT8_DEEP + input % TW_INT8_DEEP] =
                values[row * in + input];
            sum += values[row * in + input];
        }
        taken[output] = taken_of(sum);
    }
}

/* One product at a time. */
static uint64_t limit(size_t rounds)
{
    volatile int32_t kept;
    int32_t sum = 0;
    for (size_t round = 0; round < rounds; round++)
        sum += (int32_t)(round & 255u) * (int8_t)(round & 127u);
    kept = sum;
    (void)kept;
    return 2 * (uint64_t)rounds;
}

const struct tw_int8_kernels tw_int8_portable = {
    .name = "portable",
    .embed_norm = embed_norm,
    .quantise = quantise,
    .multiply = multiply,
    .attention = attention,
    .limit = limit,
};
