#include "run/run_standing.h"

#include "base/clock.h"

#include <math.h>

static double seconds_here(const struct tw_run_standing *standing)
{
    return (double)(tw_now_us() - standing->began_us) / 1e6;
}

void tw_run_standing_begin(struct tw_run_standing *standing)
{
    standing->began_us = tw_now_us();
    standing->began_step = standing->progress.step;
    standing->tokens_here = 0;
}

void tw_run_standing_count(struct tw_run_standing *standing, const struct tw_step_result *result)
{
    standing->loss_sum += result->loss;
    standing->loss_steps++;
    standing->validation_loss_sum += result->loss;
    standing->validation_loss_steps++;
    standing->tokens += result->tokens;
    standing->tokens_here += result->tokens;
}

double tw_run_standing_epoch(const struct tw_run_standing *standing)
{
    return (double)standing->progress.step / (double)standing->plan->epoch_steps;
}

double tw_run_standing_train_loss(const struct tw_run_standing *standing)
{
    return standing->validation_loss_steps
               ? standing->validation_loss_sum / (double)standing->validation_loss_steps
               : 0;
}

struct tw_run_progress tw_run_standing_progress(
    const struct tw_run_standing *standing, double rate, double gradient_norm)
{
    uint64_t step = standing->progress.step, steps = step - standing->began_step;
    double seconds = seconds_here(standing);
    return (struct tw_run_progress){.step = step,
        .most_steps = standing->plan->most_steps,
        .epoch = tw_run_standing_epoch(standing),
        .loss = standing->loss_sum / (double)standing->loss_steps,
        .rate = rate,
        .gradient_norm = gradient_norm,
        .tokens_per_s = (double)standing->tokens_here / fmax(seconds, 1e-9),
        .seconds = seconds,
        .seconds_left = seconds / (double)steps * (double)(standing->plan->most_steps - step)};
}

json_t *tw_run_standing_row(const struct tw_run_standing *standing)
{
    return json_pack("{s:f, s:f}", "epoch", tw_run_standing_epoch(standing), "loss",
        standing->loss_sum / (double)standing->loss_steps);
}

json_t *tw_run_standing_row_rest(const struct tw_run_standing *standing, double rate, double gradient_norm)
{
    return json_pack("{s:f, s:f, s:I, s:I, s:f}", "grad_norm", gradient_norm, "learning_rate", rate, "step",
        (json_int_t)standing->progress.step, "tokens", (json_int_t)standing->tokens, "seconds",
        standing->seconds_before + seconds_here(standing));
}

struct tw_run_log_facts tw_run_standing_facts(
    const struct tw_run_standing *standing, const struct tw_run_settings *settings)
{
    const struct tw_run_plan *plan = standing->plan;
    return (struct tw_run_log_facts){.epoch = tw_run_standing_epoch(standing),
        .step = standing->progress.step,
        .most_steps = plan->most_steps,
        .epochs = (plan->most_steps + plan->epoch_steps - 1) / plan->epoch_steps,
        .batch = plan->step_items,
        .eval_steps = settings->eval_steps ? settings->eval_steps : plan->epoch_steps,
        .log_steps = settings->log_steps,
        .best_metric = standing->progress.best_metric,
        .best_step = standing->progress.best_step,
        .tokens = standing->tokens};
}

/* The names are those of the checkpoints that people have: "evaluations" and "trial" are validations. */
json_t *tw_run_standing_json(const struct tw_run_standing *standing)
{
    return json_pack("{s:I, s:b, s:I, s:f, s:f, s:I, s:f, s:I}", "worse_evaluations",
        (json_int_t)standing->worse_validations, "ended_early", standing->ended_early, "tokens",
        (json_int_t)standing->tokens, "seconds", standing->seconds_before + seconds_here(standing),
        "loss_sum", standing->loss_sum, "loss_steps", (json_int_t)standing->loss_steps, "trial_loss_sum",
        standing->validation_loss_sum, "trial_loss_steps", (json_int_t)standing->validation_loss_steps);
}

static uint64_t count_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

void tw_run_standing_restore(struct tw_run_standing *standing, const json_t *object)
{
    standing->worse_validations = count_of(object, "worse_evaluations");
    standing->ended_early = json_is_true(json_object_get(object, "ended_early"));
    standing->tokens = count_of(object, "tokens");
    standing->seconds_before = json_real_value(json_object_get(object, "seconds"));
    standing->loss_sum = json_real_value(json_object_get(object, "loss_sum"));
    standing->loss_steps = count_of(object, "loss_steps");
    standing->validation_loss_sum = json_real_value(json_object_get(object, "trial_loss_sum"));
    standing->validation_loss_steps = count_of(object, "trial_loss_steps");
}
