#include "train/optimizer.h"

#include <math.h>

struct tw_adamw tw_adamw_defaults(void)
{
    return (struct tw_adamw){.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.01, .most_norm = 1.0};
}

/* The part of one parameter that lies in a range of the flat arrays. */
struct piece {
    size_t begin, end; /* empty when begin >= end */
    double rate;       /* the factor of its depth; 0: frozen */
    bool decays;
    uint64_t age;
};

static struct piece piece_of(
    const struct tw_state *state, const struct tw_parameter *parameter, size_t begin, size_t end)
{
    size_t first = parameter->offset, last = first + parameter->rows * parameter->columns;
    return (struct piece){
        .begin = first > begin ? first : begin,
        .end = last < end ? last : end,
        .rate = state->rates[parameter->depth],
        .decays = !parameter->vector,
        .age = state->ages[parameter->depth],
    };
}

/* The first parameter that ends after `begin`: they stand in the order of their offsets. */
static size_t first_parameter(const struct tw_state *state, size_t begin)
{
    const struct tw_parameter *parameters = state->model->parameters;
    size_t low = 0, high = state->model->parameter_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (parameters[middle].offset + parameters[middle].rows * parameters[middle].columns > begin)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Eight sums side by side: a chain of additions in double would wait for itself. */
static double squares_of(const float *values, size_t count)
{
    double sums[8] = {0.0};
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        for (size_t lane = 0; lane < 8; lane++)
            sums[lane] += (double)values[at + lane] * (double)values[at + lane];
    }
    for (; at < count; at++)
        sums[0] += (double)values[at] * (double)values[at];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double tw_gradient_squares(const struct tw_state *state, const float *gradients, size_t begin, size_t end)
{
    double sum = 0.0;
    for (size_t at = first_parameter(state, begin);
         at < state->model->parameter_count && state->model->parameters[at].offset < end; at++) {
        struct piece piece = piece_of(state, &state->model->parameters[at], begin, end);
        if (piece.rate > 0.0)
            sum += squares_of(gradients + piece.begin, piece.end - piece.begin);
    }
    return sum;
}

static struct tw_adamw_constants constants_of(
    const struct tw_adamw *adamw, const struct piece *piece, double factor)
{
    double t = (double)piece->age, rate = adamw->rate * piece->rate;
    return (struct tw_adamw_constants){
        .factor = (float)factor,
        .keep = (float)(1.0 - (piece->decays ? rate * adamw->decay : 0.0)),
        .beta1 = (float)adamw->beta1,
        .beta2 = (float)adamw->beta2,
        .step = (float)(rate / (1.0 - pow(adamw->beta1, t))),
        .correction = (float)(1.0 / sqrt(1.0 - pow(adamw->beta2, t))),
        .epsilon = (float)adamw->epsilon,
    };
}

void tw_adamw_update(struct tw_state *state, const struct tw_adamw *adamw,
    const struct tw_backward_kernels *kernels, const float *gradients, double factor, size_t begin,
    size_t end)
{
    for (size_t at = first_parameter(state, begin);
         at < state->model->parameter_count && state->model->parameters[at].offset < end; at++) {
        struct piece piece = piece_of(state, &state->model->parameters[at], begin, end);
        if (!(piece.rate > 0.0))
            continue;
        struct tw_adamw_constants constants = constants_of(adamw, &piece, factor);
        kernels->adamw(&constants, gradients + piece.begin, piece.end - piece.begin,
            state->values + piece.begin, state->first_moments + piece.begin,
            state->second_moments + piece.begin);
    }
}

void tw_adamw_begin(struct tw_state *state)
{
    state->updates++;
    for (size_t depth = 0; depth < state->depth_count; depth++)
        state->ages[depth] += state->rates[depth] > 0.0;
}

double tw_clip_factor(const struct tw_adamw *adamw, double norm)
{
    if (!(adamw->most_norm > 0.0))
        return 1.0;
    double factor = adamw->most_norm / (norm + 1e-6);
    return factor < 1.0 ? factor : 1.0;
}
